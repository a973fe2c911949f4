/*
 * Sets of processors: text, what /sys tells of them, pinning. Memory is bound,
 * not preferred: a page that came from another node would make a time wrong
 * without a word, a lack of memory is a row.
 */
#define _GNU_SOURCE /* sched_setaffinity, syscall */
#include "cpus.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buf.h"
#include "err.h"
#include "io.h"
#include "num.h"

enum {
	BIND = 2 /* MPOL_BIND of set_mempolicy(2) */
};

void
fm_cpus_add(struct fm_cpus *c, size_t cpu)
{
	if (cpu < FM_CPUS_MAX)
		c->bits[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

bool
fm_cpus_has(const struct fm_cpus *c, size_t cpu)
{
	return cpu < FM_CPUS_MAX && (c->bits[cpu / 64] >> cpu % 64 & 1) != 0;
}

size_t
fm_cpus_count(const struct fm_cpus *c)
{
	size_t i, n = 0;

	for (i = 0; i < FM_CPUS_MAX; i++)
		n += fm_cpus_has(c, i);
	return n;
}

bool
fm_cpus_same(const struct fm_cpus *a, const struct fm_cpus *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* "7" or "4-7" at s[0 .. n) */
static bool
add_range(struct fm_cpus *c, const char *s, size_t n)
{
	const char *dash = memchr(s, '-', n);
	size_t len = dash ? (size_t)(dash - s) : n;
	int64_t a, b;

	if (!fm_num_get_int(s, len, &a))
		return false;
	b = a;
	if (dash && !fm_num_get_int(dash + 1, n - len - 1, &b))
		return false;
	if (a < 0 || b < a || b >= FM_CPUS_MAX)
		return false;
	for (; a <= b; a++)
		fm_cpus_add(c, (size_t)a);
	return true;
}

int
fm_cpus_parse(struct fm_cpus *c, const char *s, size_t n, struct fm_err *err)
{
	const char *at = s, *end = s + n, *comma;

	memset(c, 0, sizeof *c);
	do {
		comma = memchr(at, ',', (size_t)(end - at));
		if (!add_range(c, at, (size_t)((comma ? comma : end) - at)))
			return fm_err_set(err, FM_USAGE,
			    "'%.*s' must be a list of CPU numbers below %d, "
			    "such as 0-3,8",
			    (int)n, s, FM_CPUS_MAX);
		at = comma ? comma + 1 : end;
	} while (comma);
	return 0;
}

void
fm_cpus_put(struct fm_buf *b, const struct fm_cpus *c)
{
	const char *comma = "";
	size_t i, first;

	for (i = 0; i < FM_CPUS_MAX; i++) {
		if (!fm_cpus_has(c, i))
			continue;
		for (first = i; fm_cpus_has(c, i + 1);)
			i++;
		fm_buf_printf(b, "%s%zu", comma, first);
		if (i > first)
			fm_buf_printf(b, "-%zu", i);
		comma = ",";
	}
}

/* --- what the system tells --- */

/* The set in a file of one line; false, and empty, when it cannot be read. */
static bool
read_set(struct fm_cpus *c, const char *path)
{
	struct fm_buf b = FM_BUF_INIT;
	struct fm_err err = FM_ERR_INIT;
	bool good;

	memset(c, 0, sizeof *c);
	good = fm_io_is_file(path) && fm_io_read_file(path, &b, &err) == 0 &&
	       fm_cpus_parse(c, b.s, strcspn(b.s, "\n"), &err) == 0;
	if (!good)
		memset(c, 0, sizeof *c);
	fm_buf_release(&b);
	return good;
}

void
fm_cpus_mine(struct fm_cpus *c)
{
	memset(c, 0, sizeof *c);
	if (sched_getaffinity(0, sizeof *c, (cpu_set_t *)(void *)c) != 0)
		memset(c, 0, sizeof *c);
}

void
fm_cpus_online(struct fm_cpus *c)
{
	(void)read_set(c, "/sys/devices/system/cpu/online");
}

size_t
fm_cpus_cores(const struct fm_cpus *c)
{
	static const char form[] =
	    "/sys/devices/system/cpu/cpu%zu/topology/thread_siblings_list";
	struct fm_cpus seen = { { 0 } }, core;
	struct fm_buf path = FM_BUF_INIT;
	size_t i, k, n = 0;

	for (i = 0; i < FM_CPUS_MAX; i++) {
		if (!fm_cpus_has(c, i) || fm_cpus_has(&seen, i))
			continue;
		n++;
		fm_buf_clear(&path);
		fm_buf_printf(&path, form, i);
		(void)read_set(&core, path.s);
		for (k = 0; k < FM_CPUS_MAX / 64; k++)
			seen.bits[k] |= core.bits[k];
	}
	fm_buf_release(&path);
	return n;
}

void
fm_cpus_nodes(struct fm_cpus *nodes, const struct fm_cpus *c)
{
	struct fm_cpus online, there;
	struct fm_buf path = FM_BUF_INIT;
	size_t i, k;

	memset(nodes, 0, sizeof *nodes);
	(void)read_set(&online, "/sys/devices/system/node/online");
	for (i = 0; i < FM_CPUS_MAX; i++) {
		if (!fm_cpus_has(&online, i))
			continue;
		fm_buf_clear(&path);
		fm_buf_printf(
		    &path, "/sys/devices/system/node/node%zu/cpulist", i);
		(void)read_set(&there, path.s);
		for (k = 0; k < FM_CPUS_MAX / 64; k++)
			if (there.bits[k] & c->bits[k])
				fm_cpus_add(nodes, i);
	}
	fm_buf_release(&path);
}

/* --- pinning --- */

static int
refuse(const struct fm_cpus *want, const char *why, const struct fm_cpus *have,
    struct fm_err *err)
{
	struct fm_buf a = FM_BUF_INIT, b = FM_BUF_INIT;

	fm_cpus_put(&a, want);
	fm_cpus_put(&b, have);
	(void)fm_err_set(err, FM_USAGE, "cpus '%s': %s %s", a.s, why, b.s);
	fm_buf_release(&a);
	fm_buf_release(&b);
	return -1;
}

static bool
within(const struct fm_cpus *a, const struct fm_cpus *b)
{
	size_t i;

	for (i = 0; i < FM_CPUS_MAX / 64; i++)
		if (a->bits[i] & ~b->bits[i])
			return false;
	return true;
}

/* Where there is one node all memory is near; a container may forbid it. */
static bool
bind_memory(const struct fm_cpus *c)
{
	struct fm_cpus online, nodes;

	(void)read_set(&online, "/sys/devices/system/node/online");
	fm_cpus_nodes(&nodes, c);
	if (fm_cpus_count(&online) < 2 || fm_cpus_count(&nodes) == 0)
		return false;
	/* The kernel reads one bit less than it is told. */
	return syscall(
		   SYS_set_mempolicy, BIND, nodes.bits, FM_CPUS_MAX + 1UL) == 0;
}

int
fm_cpus_pin(const struct fm_cpus *c, bool *bound, struct fm_err *err)
{
	static const char only_there[] = "on this machine are only CPUs";
	static const char only_ours[] = "this process may use only CPUs";
	struct fm_cpus before, now, online;

	*bound = false;
	fm_cpus_mine(&before);
	fm_cpus_online(&online);
	if (fm_cpus_count(&online) && !within(c, &online))
		return refuse(c, only_there, &online, err);
	if (sched_setaffinity(0, sizeof *c, (const cpu_set_t *)(const void *)c))
		return refuse(c, only_ours, &before, err);
	fm_cpus_mine(&now);
	if (fm_cpus_same(&now, c)) {
		*bound = bind_memory(c);
		return 0;
	}
	(void)sched_setaffinity(
	    0, sizeof before, (const cpu_set_t *)(const void *)&before);
	return refuse(c, only_ours, &before, err);
}
