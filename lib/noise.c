/*
 * Snapshots: what /proc, /sys and getrusage() tell at one moment. A file that
 * is missing or reads otherwise than expected is a number that is not known.
 */
#include "noise.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "err.h"
#include "io.h"
#include "num.h"

/* One buffer for all the files of a snapshot. */
struct look {
	const char *root;
	struct fm_buf path, text;
};

__attribute__((format(printf, 2, 3))) static const char *
file(struct look *l, const char *fmt, ...)
{
	struct fm_err err = FM_ERR_INIT;
	va_list ap;

	fm_buf_clear(&l->path);
	fm_buf_clear(&l->text);
	fm_buf_puts(&l->path, l->root);
	va_start(ap, fmt);
	fm_buf_vprintf(&l->path, fmt, ap);
	va_end(ap);
	if (fm_io_read_file(l->path.s, &l->text, &err) != 0)
		fm_buf_clear(&l->text);
	return l->text.s;
}

/* The number at `s`, after blanks; `*s` goes behind it. -1: none. */
static int64_t
number(const char **s)
{
	const char *at = *s + strspn(*s, " \t:");
	size_t n = strspn(at, "0123456789");
	int64_t v;

	*s = at + n;
	return fm_num_get_int(at, n, &v) ? v : -1;
}

/* The number after `key`, at the beginning of a line or after a blank. */
static int64_t
number_of(const char *text, const char *key)
{
	size_t n = strlen(key);
	const char *at;

	for (at = text; (at = strstr(at, key)); at += n) {
		if (at > text && at[-1] != '\n' && at[-1] != ' ')
			continue;
		if (!strchr(" \t:=", at[n]) && key[n - 1] != '=')
			continue;
		at += n;
		return number(&at);
	}
	return -1;
}

/* --- the process --- */

static void
take_self(struct fm_noise_self *s)
{
	struct rusage u;

	s->at_ns = fm_clock_now_ns();
	if (getrusage(RUSAGE_SELF, &u) != 0) {
		s->own_us = s->voluntary = s->involuntary = -1;
		s->minor = s->major = -1;
		return;
	}
	s->own_us = (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
		    u.ru_utime.tv_usec + u.ru_stime.tv_usec;
	s->voluntary = u.ru_nvcsw;
	s->involuntary = u.ru_nivcsw;
	s->minor = u.ru_minflt;
	s->major = u.ru_majflt;
}

static void
take_mask(struct fm_noise *n, struct look *l)
{
	static const char key[] = "Cpus_allowed_list:";
	const char *at = strstr(file(l, "/proc/self/status"), key);
	struct fm_err err = FM_ERR_INIT;

	memset(&n->mask, 0, sizeof n->mask);
	if (!at)
		return;
	at += sizeof key - 1;
	at += strspn(at, " \t");
	if (fm_cpus_parse(&n->mask, at, strcspn(at, "\n"), &err) != 0)
		memset(&n->mask, 0, sizeof n->mask);
}

static int
by_tid(const void *a, const void *b)
{
	const struct fm_noise_thread *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

/* A thread that ends meanwhile takes its count along: each is kept apart. */
static void
take_threads(struct fm_noise *n, struct look *l)
{
	struct dirent *e;
	DIR *dir;

	n->n_threads = 0;
	fm_buf_clear(&l->path);
	fm_buf_printf(&l->path, "%s/proc/self/task", l->root);
	dir = opendir(l->path.s);
	while (dir && (e = readdir(dir))) {
		struct fm_noise_thread t;

		if (!fm_num_get_int(e->d_name, strlen(e->d_name), &t.tid))
			continue;
		t.migrations =
		    number_of(file(l, "/proc/self/task/%s/sched", e->d_name),
			"se.nr_migrations");
		if (t.migrations < 0)
			continue;
		FM_GROW(n->threads, n->cap_threads, n->n_threads + 1);
		n->threads[n->n_threads++] = t;
	}
	if (dir)
		(void)closedir(dir);
	if (n->n_threads)
		qsort(n->threads, n->n_threads, sizeof *n->threads, by_tid);
}

/* --- its CPUs --- */

/* user nice system idle iowait irq softirq steal; idle ones do not count */
static void
add_times(struct fm_noise *n, const char *fields, int64_t tick_us)
{
	static const bool busy[] = { true, true, true, false, false, true,
		true };
	int64_t v;
	size_t i;

	for (i = 0; i < sizeof busy / sizeof *busy; i++) {
		v = number(&fields);
		n->busy_us += busy[i] && v > 0 ? v * tick_us : 0;
	}
	v = number(&fields);
	n->steal_us += v > 0 ? v * tick_us : 0;
}

static void
take_times(struct fm_noise *n, struct look *l)
{
	const char *at = file(l, "/proc/stat");
	long hz = sysconf(_SC_CLK_TCK);
	int64_t cpu, tick_us = hz > 0 ? 1000000 / hz : 10000;
	bool any = false;

	n->busy_us = n->steal_us = 0;
	for (; strncmp(at, "cpu", 3) == 0; at += *at == '\n') {
		at += 3;
		cpu = *at == ' ' ? -1 : number(&at);
		if (cpu >= 0 && fm_cpus_has(&n->mask, (size_t)cpu)) {
			add_times(n, at, tick_us);
			any = true;
		}
		at += strcspn(at, "\n");
	}
	if (!any)
		n->busy_us = n->steal_us = -1;
}

static void
take_cpu(struct fm_noise_cpu *c, struct look *l, size_t cpu)
{
	static const char dir[] = "/sys/devices/system/cpu/cpu";
	const char *s;
	size_t len;

	s = file(l, "%s%zu/cpufreq/scaling_cur_freq", dir, cpu);
	c->khz = number(&s);
	s = file(l, "%s%zu/thermal_throttle/core_throttle_count", dir, cpu);
	c->throttled_core = number(&s);
	s = file(l, "%s%zu/thermal_throttle/package_throttle_count", dir, cpu);
	c->throttled_package = number(&s);
	s = file(l, "%s%zu/cpufreq/scaling_governor", dir, cpu);
	len = strcspn(s, "\n");
	if (len >= sizeof c->governor)
		len = sizeof c->governor - 1;
	memcpy(c->governor, s, len);
	c->governor[len] = '\0';
}

static void
take_cpus(struct fm_noise *n, struct look *l)
{
	size_t i, k = 0;

	free(n->cpus);
	n->n_cpus = fm_cpus_count(&n->mask);
	n->cpus = fm_calloc(n->n_cpus, sizeof *n->cpus);
	for (i = 0; k < n->n_cpus; i++)
		if (fm_cpus_has(&n->mask, i))
			take_cpu(&n->cpus[k++], l, i);
}

/* --- the machine --- */

/* The group's own file; only the unified hierarchy has one place for it. */
static void
take_quota(struct fm_noise *n, struct look *l)
{
	const char *s = file(l, "/proc/self/cgroup"), *at;
	char *path;

	at = strncmp(s, "0::", 3) == 0 ? s : strstr(s, "\n0::");
	n->quota_us = -1;
	if (!at)
		return;
	at += strspn(at, "\n0:");
	path = fm_strndup(at, strcspn(at, "\n"));
	n->quota_us = number_of(
	    file(l, "/sys/fs/cgroup%s/cpu.stat", path), "throttled_usec");
	free(path);
}

/* "0.10 0.36 1.63 1/96 23043" */
static void
take_load(struct fm_noise *n, struct look *l)
{
	const char *s = file(l, "/proc/loadavg");
	const char *slash = strchr(s, '/');

	if (!fm_num_get_scaled(s, strcspn(s, " "), 2, &n->load1))
		n->load1 = -1;
	while (slash && slash > s && slash[-1] != ' ')
		slash--;
	n->runnable = slash ? number(&slash) : -1;
}

void
fm_noise_take(struct fm_noise *n, const char *root)
{
	struct look l = { root, FM_BUF_INIT, FM_BUF_INIT };

	take_self(&n->first);
	take_mask(n, &l);
	take_times(n, &l);
	take_threads(n, &l);
	take_cpus(n, &l);
	take_quota(n, &l);
	take_load(n, &l);
	n->cpu_wait_us = number_of(file(&l, "/proc/pressure/cpu"), "total=");
	n->memory_wait_us =
	    number_of(file(&l, "/proc/pressure/memory"), "total=");
	fm_buf_release(&l.path);
	fm_buf_release(&l.text);
	take_self(&n->last);
}

void
fm_noise_release(struct fm_noise *n)
{
	free(n->cpus);
	free(n->threads);
	memset(n, 0, sizeof *n);
}
