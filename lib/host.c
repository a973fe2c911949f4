/*
 * Host facts for the SYS line: uname, /proc and /sys.
 */
#include "host.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "cpus.h"
#include "err.h"
#include "io.h"
#include "json.h"
#include "num.h"

static void
add(json_t *sys, const char *key, json_t *v)
{
	if (json_object_get(sys, key))
		json_decref(v);
	else
		json_object_set_new(sys, key, v);
}

/* The first line of a file of one line, as a string; null if unreadable. */
static json_t *
line_of(const char *path)
{
	struct fm_buf b = FM_BUF_INIT;
	struct fm_err err = FM_ERR_INIT;
	json_t *v = NULL;

	if (fm_io_is_file(path) && fm_io_read_file(path, &b, &err) == 0)
		v = json_stringn(b.s, strcspn(b.s, "\n"));
	fm_buf_release(&b);
	return v ? v : json_null();
}

/* The value of "key : value" or "KEY=value" in a text, or NULL. */
static json_t *
field(const char *text, const char *key, const char *seps)
{
	size_t n = strlen(key);
	const char *at;

	for (at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, key, n) != 0)
			continue;
		if (!strchr(seps, at[n]))
			continue;
		at += n;
		at += strspn(at, seps);
		n = strcspn(at, "\"\n");
		return json_stringn(at, n);
	}
	return NULL;
}

static json_t *
field_of(const char *path, const char *const *keys, const char *seps)
{
	struct fm_buf b = FM_BUF_INIT;
	struct fm_err err = FM_ERR_INIT;
	json_t *v = NULL;

	if (fm_io_read_file(path, &b, &err) == 0)
		for (; *keys && !v; keys++)
			v = field(b.s, *keys, seps);
	fm_buf_release(&b);
	return v ? v : json_null();
}

static json_t *
load1(void)
{
	json_t *line = line_of("/proc/loadavg"), *v = json_null();
	const char *s = json_string_value(line);
	int64_t hundredths;

	if (s && fm_num_get_scaled(s, strcspn(s, " "), 2, &hundredths))
		v = json_integer(hundredths);
	json_decref(line);
	return v;
}

static json_t *
set_of(const struct fm_cpus *c)
{
	struct fm_buf b = FM_BUF_INIT;
	json_t *v;

	fm_cpus_put(&b, c);
	v = b.len ? json_string(b.s) : json_null();
	fm_buf_release(&b);
	return v;
}

static void
add_cpus(json_t *sys)
{
	struct fm_cpus cpus, nodes;
	size_t n;

	fm_cpus_mine(&cpus);
	fm_cpus_nodes(&nodes, &cpus);
	n = fm_cpus_count(&cpus);
	add(sys, "cores", n ? json_integer((json_int_t)n) : json_null());
	add(sys, "cpus", set_of(&cpus));
	add(sys, "numa_nodes", set_of(&nodes));
}

void
fm_host_facts(json_t *sys)
{
	static const char *const cpu_keys[] = { "model name", "Model",
		"CPU part", NULL };
	static const char *const os_keys[] = { "PRETTY_NAME", NULL };
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	struct utsname u;

	if (uname(&u) == 0) {
		add(sys, "host", json_string(u.nodename));
		add(sys, "machine", json_string(u.machine));
		add(sys, "kernel", json_string(u.release));
	}
	add(sys, "os", field_of("/etc/os-release", os_keys, "=\""));
	add(sys, "cpu", field_of("/proc/cpuinfo", cpu_keys, " \t:"));
	add_cpus(sys);
	add(sys, "memory_bytes", json_integer((json_int_t)pages * page));
	add(sys, "governor",
	    line_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
	add(sys, "smt", line_of("/sys/devices/system/cpu/smt/control"));
	add(sys, "boost", line_of("/sys/devices/system/cpu/cpufreq/boost"));
	add(sys, "load1", load1());
}
