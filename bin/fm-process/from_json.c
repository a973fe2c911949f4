/*
 * hyperfine --export-json, and google benchmark with
 * --benchmark_format=json: lists of what was called and how long it took.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "from.h"
#include "json.h"

/* --- hyperfine: seconds --------------------------------------------------- */

static void
count_failures(struct from_point *p, const json_t *codes, struct fm_buf *why)
{
	size_t i, n = json_array_size(codes), bad = 0;

	for (i = 0; i < n; i++) {
		const json_t *v = json_array_get(codes, i);

		bad += !json_is_integer(v) || json_integer_value(v) != 0;
	}
	if (bad == 0)
		return;
	fm_buf_printf(
	    why, "%zu of %zu runs ended with another status than 0", bad, n);
	p->code = FM_DIED;
	p->part = true;
	p->error = why->s;
}

static void
given_seconds(struct rec_given *g, const json_t *o)
{
	g->mean = fm_json_num(o, "mean", (double)NAN) * 1e9;
	g->sd = fm_json_num(o, "stddev", (double)NAN) * 1e9;
	g->median = fm_json_num(o, "median", (double)NAN) * 1e9;
	g->min = fm_json_num(o, "min", (double)NAN) * 1e9;
	g->max = fm_json_num(o, "max", (double)NAN) * 1e9;
}

static void
put_command(struct from *f, json_t *o)
{
	const json_t *times = json_object_get(o, "times");
	struct fm_buf why = FM_BUF_INIT;
	struct from_point p;
	const char *key;
	json_t *v;
	size_t i;

	from_point_init(&p);
	p.model = fm_json_str(o, "command", NULL);
	json_object_foreach (json_object_get(o, "parameters"), key, v) {
		const char *s = json_string_value(v);

		if (s && !from_size(&p, key, s))
			from_opt(&p, key, s);
	}
	for (i = 0; i < json_array_size(times); i++)
		from_sample(
		    &p, json_number_value(json_array_get(times, i)), 1e9);
	given_seconds(&p.given, o);
	count_failures(&p, json_object_get(o, "exit_codes"), &why);
	from_point_put(f, &p);
	from_point_release(&p);
	fm_buf_release(&why);
}

int
from_hyperfine(struct from *f, struct fm_err *err)
{
	static const char what[] = "what hyperfine --export-json writes";
	json_t *doc = from_json(f, what, err), *all, *o;
	size_t i;
	int rc = doc ? 0 : -1;

	all = json_object_get(doc, "results");
	if (doc && !json_is_array(all))
		rc = from_not(f, what, "there is no list 'results'", err);
	json_array_foreach (all, i, o)
		if (rc == 0)
			put_command(f, o);
	json_decref(doc);
	return rc;
}

/* --- google benchmark ----------------------------------------------------- */

static double
unit_ns(const json_t *o)
{
	static const struct {
		const char *word;
		double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
	const char *word = fm_json_str(o, "time_unit", "ns");
	size_t i;

	for (i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].word, word) == 0)
			return units[i].ns;
	return (double)NAN;
}

static bool
same_case(const json_t *a, const json_t *b)
{
	return strcmp(fm_json_str(a, "run_name", ""),
		   fm_json_str(b, "run_name", "")) == 0 &&
	       fm_json_int(a, "threads", 1) == fm_json_int(b, "threads", 1);
}

/* "BM_sum/input:128/batch:8": sizes are sizes, the rest is the name. */
static char *
case_name(struct from_point *p, const char *name)
{
	struct fm_buf b = FM_BUF_INIT;
	struct fm_strs parts = FM_STRS_INIT;
	size_t i;

	fm_strs_split(&parts, name, "/");
	for (i = 0; i < parts.n; i++) {
		char *part = parts.v[i], *colon = strchr(part, ':');

		if (i > 0 && colon) {
			*colon = '\0';
			if (from_size(p, part, colon + 1))
				continue;
			*colon = ':';
		}
		fm_buf_printf(&b, "%s%s", b.len ? "/" : "", part);
	}
	fm_strs_release(&parts);
	return fm_buf_detach(&b);
}

/* One row of a case: a repetition, or what was made of them. */
static void
take_row(struct from_point *p, const json_t *o)
{
	const char *kind = fm_json_str(o, "aggregate_name", "");
	double v = fm_json_num(o, "real_time", (double)NAN), unit = unit_ns(o);
	struct rec_given *g = &p->given;

	if (fm_json_bool(o, "error_occurred", false)) {
		p->code = FM_INTERNAL;
		p->error = fm_json_str(o, "error_message", "no message");
	} else if (!*kind) {
		from_sample(p, v, unit);
	} else if (strcmp(kind, "mean") == 0) {
		g->mean = v * unit;
		g->n = fm_json_int(o, "repetitions", 0);
	} else if (strcmp(kind, "median") == 0) {
		g->median = v * unit;
	} else if (strcmp(kind, "stddev") == 0) {
		g->sd = v * unit;
	}
}

static void
context_facts(struct from_point *p, const json_t *context)
{
	int64_t cpus = fm_json_int(context, "num_cpus", 0);

	fm_json_set_str(
	    p->sys, "host", fm_json_str(context, "host_name", NULL));
	if (cpus)
		fm_json_set_int(p->sys, "cores", cpus);
	p->begun_ns = from_time(fm_json_str(context, "date", NULL));
	if (fm_json_bool(context, "cpu_scaling_enabled", false))
		fm_strs_add(&p->notes, "the processor's clock was not fixed");
	if (strcmp(fm_json_str(context, "library_build_type", ""), "debug") ==
	    0)
		fm_strs_add(
		    &p->notes, "the benchmark library was built for debugging");
}

/* The case that row `at` begins, with all its rows. */
static void
put_case(struct from *f, const json_t *doc, const json_t *all, size_t at)
{
	const json_t *o = json_array_get(all, at);
	int64_t threads = fm_json_int(o, "threads", 1);
	int64_t loops = fm_json_int(o, "iterations", 0);
	struct from_point p;
	char *name;
	size_t i;

	from_point_init(&p);
	context_facts(&p, json_object_get(doc, "context"));
	name = case_name(&p, fm_json_str(o, "run_name", "?"));
	p.model = name;
	if (threads > 1)
		fm_strs_add_take(
		    &p.opts, fm_strdupf("--threads %lld", (long long)threads));
	for (i = at; i < json_array_size(all); i++)
		if (same_case(o, json_array_get(all, i)))
			take_row(&p, json_array_get(all, i));
	p.part = p.dt.n > 0;
	if (p.dt.n && loops > 1)
		fm_strs_add_take(&p.notes,
		    fm_strdupf("a repetition is the mean of %lld calls",
			(long long)loops));
	from_point_put(f, &p);
	from_point_release(&p);
	free(name);
}

int
from_gbench(struct from *f, struct fm_err *err)
{
	static const char what[] = "google benchmark's JSON";
	json_t *doc = from_json(f, what, err), *all, *o;
	size_t i, k;
	int rc = doc ? 0 : -1;

	all = json_object_get(doc, "benchmarks");
	if (doc && !json_is_array(all))
		rc = from_not(f, what, "there is no list 'benchmarks'", err);
	json_array_foreach (all, i, o) {
		for (k = 0; k < i; k++)
			if (same_case(json_array_get(all, k), o))
				break;
		if (rc == 0 && k == i)
			put_case(f, doc, all, i);
	}
	json_decref(doc);
	return rc;
}
