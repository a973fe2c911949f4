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
		if (rc == 0 && !fm_json_str(o, "command", NULL))
			rc =
			    from_not(f, what, "a result has no 'command'", err);
	json_array_foreach (all, i, o)
		if (rc == 0)
			put_command(f, o);
	json_decref(doc);
	return rc;
}

/* --- google benchmark ----------------------------------------------------- */

static const char gbench[] = "google benchmark's JSON";

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

/* Libraries before 1.5 have no run_name. */
static const char *
run_name(const json_t *o)
{
	return fm_json_str(o, "run_name", fm_json_str(o, "name", NULL));
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
	} else if (fm_json_bool(o, "skipped", false)) {
		p->code = FM_SKIPPED;
		p->error = fm_json_str(o, "skip_message", "no message");
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

/* Fits of a complexity ("BigO", "RMS") stand beside the cases. */
static bool
says_anything(const struct from_point *p)
{
	return p->dt.n || p->code != FM_OK || isfinite(p->given.mean) ||
	       isfinite(p->given.median);
}

static void
put_case(struct from *f, const json_t *doc, const json_t *rows)
{
	const json_t *o = json_array_get(rows, 0);
	int64_t threads = fm_json_int(o, "threads", 1);
	int64_t loops = fm_json_int(o, "iterations", 0);
	struct from_point p;
	char *name;
	size_t i;

	from_point_init(&p);
	context_facts(&p, json_object_get(doc, "context"));
	name = case_name(&p, run_name(o));
	p.model = name;
	if (threads > 1)
		fm_strs_add_take(
		    &p.opts, fm_strdupf("--threads %lld", (long long)threads));
	for (i = 0; i < json_array_size(rows); i++)
		take_row(&p, json_array_get(rows, i));
	p.part = p.dt.n > 0;
	if (p.dt.n && loops > 1)
		fm_strs_add_take(&p.notes,
		    fm_strdupf("a repetition is the mean of %lld calls",
			(long long)loops));
	if (says_anything(&p))
		from_point_put(f, &p);
	from_point_release(&p);
	free(name);
}

/* Lists of the rows of each case, in the order of their first ones. */
static json_t *
by_case(const struct from *f, json_t *all, struct fm_err *err)
{
	json_t *cases = json_object(), *o;
	size_t i;

	json_array_foreach (all, i, o) {
		char *key;

		if (!run_name(o)) {
			json_decref(cases);
			(void)from_not(f, gbench, "a row has no 'name'", err);
			return NULL;
		}
		key = fm_strdupf("%lld %s",
		    (long long)fm_json_int(o, "threads", 1), run_name(o));
		if (!json_object_get(cases, key))
			json_object_set_new(cases, key, json_array());
		json_array_append(json_object_get(cases, key), o);
		free(key);
	}
	return cases;
}

int
from_gbench(struct from *f, struct fm_err *err)
{
	json_t *doc = from_json(f, gbench, err), *all, *cases = NULL, *rows;
	const char *key;

	all = json_object_get(doc, "benchmarks");
	if (doc && !json_is_array(all))
		(void)from_not(f, gbench, "there is no list 'benchmarks'", err);
	else if (doc)
		cases = by_case(f, all, err);
	json_object_foreach (cases, key, rows)
		put_case(f, doc, rows);
	json_decref(doc);
	json_decref(cases);
	return cases ? 0 : -1;
}
