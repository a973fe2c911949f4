/*
 * Two snapshots as the object of an OBS line, and the judgement of such an
 * object.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "json.h"
#include "noise.h"
#include "strs.h"

/* What is not known has no key. */
static void
set_count(json_t *o, const char *key, int64_t a, int64_t b)
{
	if (a >= 0 && b >= a)
		json_object_set_new(o, key, json_integer(b - a));
}

static void
set_ms(json_t *o, const char *key, int64_t us)
{
	if (us >= 0)
		json_object_set_new(o, key, json_real((double)us / 1e3));
}

static int64_t
between(int64_t a, int64_t b)
{
	return a >= 0 && b >= a ? b - a : -1;
}

/* Times of CPUs are counted in ticks: of less than this they tell no share. */
static const int64_t least_us = 100000;

/* Of the time that all our CPUs had. */
static void
set_percent(
    json_t *o, const char *key, int64_t us, int64_t wall_us, size_t cpus)
{
	double part = (double)us / ((double)wall_us * (double)cpus);

	if (us < 0 || wall_us < least_us || cpus == 0)
		return;
	part = part < 1 ? part : 1;
	json_object_set_new(o, key, json_real(round(part * 1e4) / 100));
}

static void
set_times(json_t *o, const struct fm_noise *a, const struct fm_noise *b)
{
	int64_t wall_us = (b->first.at_ns - a->last.at_ns) / 1000;
	int64_t own_us = between(a->last.own_us, b->first.own_us);
	int64_t busy_us = between(a->busy_us, b->busy_us);
	int64_t steal_us = between(a->steal_us, b->steal_us);
	int64_t others_us = -1;
	size_t n = fm_cpus_count(&b->mask);

	if (busy_us >= 0 && own_us >= 0)
		others_us = busy_us > own_us ? busy_us - own_us : 0;
	set_ms(o, "wall_ms", wall_us);
	set_ms(o, "own_ms", own_us);
	set_ms(o, "others_ms", others_us);
	set_percent(o, "others_percent", others_us, wall_us, n);
	set_ms(o, "steal_ms", steal_us);
	set_percent(o, "steal_percent", steal_us, wall_us, n);
}

static void
set_counts(
    json_t *o, const struct fm_noise_self *a, const struct fm_noise_self *b)
{
	set_count(o, "switches_voluntary", a->voluntary, b->voluntary);
	set_count(o, "switches_involuntary", a->involuntary, b->involuntary);
	set_count(o, "faults_minor", a->minor, b->minor);
	set_count(o, "faults_major", a->major, b->major);
}

/* Those of threads that were there at the end. */
static void
set_migrations(json_t *o, const struct fm_noise *a, const struct fm_noise *b)
{
	int64_t sum = 0;
	size_t i, k = 0;

	for (i = 0; i < b->n_threads; i++) {
		while (
		    k < a->n_threads && a->threads[k].tid < b->threads[i].tid)
			k++;
		sum += b->threads[i].migrations;
		if (k < a->n_threads && a->threads[k].tid == b->threads[i].tid)
			sum -= a->threads[k].migrations;
	}
	if (b->n_threads && a->n_threads && sum >= 0)
		json_object_set_new(o, "migrations", json_integer(sum));
}

static int
by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
set_frequency(json_t *o, const struct fm_noise *a, const struct fm_noise *b)
{
	int64_t *mhz = fm_calloc(a->n_cpus + b->n_cpus + 1, sizeof *mhz);
	size_t i, n = 0;

	for (i = 0; i < a->n_cpus; i++)
		if (a->cpus[i].khz > 0)
			mhz[n++] = (a->cpus[i].khz + 500) / 1000;
	for (i = 0; i < b->n_cpus; i++)
		if (b->cpus[i].khz > 0)
			mhz[n++] = (b->cpus[i].khz + 500) / 1000;
	qsort(mhz, n, sizeof *mhz, by_value);
	if (n)
		json_object_set_new(o, "freq_mhz",
		    json_pack("{s:I, s:I, s:I}", "min", (json_int_t)mhz[0],
			"median", (json_int_t)mhz[n / 2], "max",
			(json_int_t)mhz[n - 1]));
	free(mhz);
}

static void
set_governor(json_t *o, const struct fm_noise *b)
{
	struct fm_strs words = FM_STRS_INIT;
	struct fm_buf text = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < b->n_cpus; i++)
		if (*b->cpus[i].governor &&
		    fm_strs_find(&words, b->cpus[i].governor) < 0)
			fm_strs_add(&words, b->cpus[i].governor);
	for (i = 0; i < words.n; i++)
		fm_buf_printf(&text, "%s%s", i ? "," : "", words.v[i]);
	if (words.n)
		fm_json_set_str(o, "governor", text.s);
	fm_buf_release(&text);
	fm_strs_release(&words);
}

/* Cores count for themselves; a package says the same for each CPU of it. */
static void
set_throttling(json_t *o, const struct fm_noise *a, const struct fm_noise *b)
{
	int64_t cores = -1, package = -1, d;
	size_t i;

	for (i = 0; i < a->n_cpus && a->n_cpus == b->n_cpus; i++) {
		const struct fm_noise_cpu *x = &a->cpus[i], *y = &b->cpus[i];

		d = between(x->throttled_core, y->throttled_core);
		if (d >= 0)
			cores = cores < 0 ? d : cores + d;
		d = between(x->throttled_package, y->throttled_package);
		package = d > package ? d : package;
	}
	set_count(o, "throttled_core", 0, cores);
	set_count(o, "throttled_package", 0, package);
}

json_t *
fm_noise_between(const struct fm_noise *a, const struct fm_noise *b)
{
	json_t *o = json_object();

	set_times(o, a, b);
	set_counts(o, &a->last, &b->first);
	set_migrations(o, a, b);
	set_frequency(o, a, b);
	set_governor(o, b);
	set_throttling(o, a, b);
	set_ms(o, "quota_ms", between(a->quota_us, b->quota_us));
	set_ms(o, "cpu_wait_ms", between(a->cpu_wait_us, b->cpu_wait_us));
	set_ms(
	    o, "memory_wait_ms", between(a->memory_wait_us, b->memory_wait_us));
	set_count(o, "load1", 0, b->load1);
	set_count(o, "runnable", 0, b->runnable);
	return o;
}

/* --- judging --- */

/* What is above its limit disturbs. */
static const struct rule {
	const char *key;
	double limit;
	const char *before, *after;
} rules[] = {
	{ "others_percent", 5, "others use ", " % of the CPUs" },
	{ "steal_percent", 5, "the hypervisor takes ", " % of the CPUs' time" },
	{ "throttled_core", 0, "cores were throttled, times: ", "" },
	{ "throttled_package", 0, "the package was throttled, times: ", "" },
	{ "quota_ms", 0, "a CPU quota held us back for ", " ms" },
	{ "device_others", 0, "other processes on the device: ", "" },
	{ "device_busy_percent", 5, "the device is busy, percent: ", "" },
};

static void
say(struct fm_buf *why, const char *before, double v, const char *after)
{
	fm_buf_printf(
	    why, "%s%s%.12g%s", why->len ? "; " : "", before, v, after);
}

static bool
device_throttled(const json_t *obs, struct fm_buf *why)
{
	const json_t *reasons = json_object_get(obs, "device_throttled");
	const char *word = json_string_value(json_array_get(reasons, 0));

	if (word)
		fm_buf_printf(why, "%sthe device is throttled: %s",
		    why->len ? "; " : "", word);
	return word != NULL;
}

bool
fm_noise_quiet(const json_t *obs, struct fm_buf *why)
{
	bool quiet = true;
	size_t i;

	for (i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct rule *r = &rules[i];
		double v = fm_json_num(obs, r->key, 0);

		if (v <= r->limit)
			continue;
		say(why, r->before, v, r->after);
		quiet = false;
	}
	return !device_throttled(obs, why) && quiet;
}
