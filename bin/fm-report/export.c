/*
 * The exports. Each has a function that writes what was grouped; the frame
 * around them reads and writes out.
 */
#include "export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "diff.h"
#include "json.h"
#include "out.h"
#include "quote.h"
#include "view.h"

struct points {
	struct recs r;
	struct view v;
	size_t throughput, itl, time, n, error;
};

typedef void put_fn(struct fm_buf *b, const struct points *p);

/* What is shown of a value: nothing of false, null and "". */
static cell
shown(struct recs *r, cell c)
{
	struct fm_buf b = FM_BUF_INIT;

	if (c == CELL_FALSE)
		return CELL_NULL;
	if (!cell_is_text(c))
		return c;
	quote_plain(&b, texts_get(&r->texts, c));
	c = b.len ? texts_add(&r->texts, b.s, b.len) : CELL_NULL;
	fm_buf_release(&b);
	return c;
}

/* Points as the fields of their identity tell them apart, and nothing that is
 * not shown: two lines of an export must never have the same name. A textfile
 * collector drops a file in which two have. */
static int export(const struct conf *c, put_fn *put, struct fm_err *err)
{
	struct points p;
	struct fm_buf b = FM_BUF_INIT, by = FM_BUF_INIT;
	size_t i;
	int rc;

	memset(&p, 0, sizeof p);
	p.r.in.strict = c->strict;
	rc = recs_where(&p.r, c->where, err);
	for (i = 0; field_identity[i]; i++)
		fm_buf_printf(&by, "%s%s", i ? "," : "", field_identity[i]);
	view_want(&p.v, &p.r, by.s, NULL, NULL);
	p.throughput = recs_want(&p.r, "throughput");
	p.itl = recs_want(&p.r, "itl");
	p.time = recs_want(&p.r, "time");
	p.n = recs_want(&p.r, "n");
	p.error = recs_want(&p.r, "error");
	if (rc == 0)
		rc = recs_read(&p.r, &c->files, err);
	if (rc == 0) {
		for (i = 0; i < p.v.n_identity; i++)
			recs_map(&p.r, p.v.identity[i], shown);
		view_group(&p.v);
		put(&b, &p);
		rc = out_write(c->output, &b, err);
	}
	if (rc == 0 && p.r.in.bad)
		rc = 1;
	fm_buf_release(&b);
	fm_buf_release(&by);
	view_release(&p.v);
	recs_release(&p.r);
	return rc;
}

static bool
good(const struct points *p, size_t group)
{
	enum grid_mood mood;
	char *s = view_status(&p->v, group, &mood);

	free(s);
	return mood == GRID_PLAIN;
}

/* A cell of the identity as text; false: there is none. */
static bool
identity(struct fm_buf *b, const struct points *p, size_t i, size_t row)
{
	size_t col = p->v.identity[i];
	cell c = recs_at(&p->r, col, row);

	fm_buf_clear(b);
	if (cell_is_text(c))
		fm_buf_puts(b, texts_get(&p->r.texts, c));
	else if (cell_is_num(c))
		fm_buf_printf(b, "%.15g", cell_to_num(c));
	else if (c == CELL_TRUE)
		fm_buf_puts(b, "true");
	return b->len > 0;
}

/* --- Prometheus --- */

static void
put_labels(struct fm_buf *b, const struct points *p, size_t row)
{
	struct fm_buf value = FM_BUF_INIT;
	size_t i;
	bool any = false;

	fm_buf_putc(b, '{');
	for (i = 0; i < p->v.n_identity; i++) {
		const char *name = p->r.cols[p->v.identity[i]].name;

		if (!identity(&value, p, i, row))
			continue;
		fm_buf_printf(b, "%s%s=\"", any ? "," : "",
		    strcmp(name, "what") == 0 ? "options" : name);
		quote_prom(b, value.s);
		fm_buf_putc(b, '"');
		any = true;
	}
	fm_buf_puts(b, "} ");
	fm_buf_release(&value);
}

struct metric {
	const char *name, *help;
	double scale;
	double (*value)(const struct points *p, size_t group);
};

static double
latency(const struct points *p, size_t group)
{
	return view_metric(&p->v, p->v.latency, group);
}

static double
lower(const struct points *p, size_t group)
{
	double lo, hi;

	return view_interval(&p->v, p->v.latency, group, &lo, &hi)
		   ? lo
		   : (double)NAN;
}

static double
upper(const struct points *p, size_t group)
{
	double lo, hi;

	return view_interval(&p->v, p->v.latency, group, &lo, &hi)
		   ? hi
		   : (double)NAN;
}

static double
throughput(const struct points *p, size_t group)
{
	return view_metric(&p->v, p->throughput, group);
}

static double
ttft(const struct points *p, size_t group)
{
	return view_metric(&p->v, p->v.ttft, group);
}

static double
is_good(const struct points *p, size_t group)
{
	return good(p, group);
}

static double
last_time(const struct points *p, size_t group)
{
	const struct groups *g = &p->v.groups;
	double last = (double)NAN;
	size_t i;

	for (i = g->from[group]; i < g->from[group + 1]; i++)
		last = fmax(last, recs_num(&p->r, p->time, g->rows[i]));
	return last;
}

static const struct metric metrics[] = {
	{ "fm_latency_seconds", "Median time of a batch.", 1e-3, latency },
	{ "fm_latency_lower_seconds", "Lower end of its 95 % interval.", 1e-3,
	    lower },
	{ "fm_latency_upper_seconds", "Upper end of its 95 % interval.", 1e-3,
	    upper },
	{ "fm_throughput_per_second",
	    "Sequences, or tokens when output is over 1, a second.", 1,
	    throughput },
	{ "fm_first_token_seconds", "Time to the first token.", 1e-3, ttft },
	{ "fm_point_ok", "1 when the point could be measured.", 1, is_good },
	{ "fm_measured_timestamp_seconds", "When it was measured last.", 1,
	    last_time },
};

static void
put_prom(struct fm_buf *b, const struct points *p)
{
	size_t i, g;

	for (i = 0; i < sizeof metrics / sizeof *metrics; i++) {
		const struct metric *m = &metrics[i];
		bool begun = false;

		for (g = 0; g < p->v.groups.n; g++) {
			double v = m->value(p, g) * m->scale;

			if (isnan(v))
				continue;
			if (!begun)
				fm_buf_printf(b,
				    "# HELP %s %s\n# TYPE %s gauge\n", m->name,
				    m->help, m->name);
			begun = true;
			fm_buf_puts(b, m->name);
			put_labels(b, p, groups_first(&p->v.groups, g));
			fm_buf_printf(b, "%.15g\n", v);
		}
	}
}

int
export_prom(const struct conf *c, struct fm_err *err)
{
	return export(c, put_prom, err);
}

/* --- Go's benchmarks --- */

/* Benchmark/model=…/input=128/batch=1: benchstat makes columns of them. */
static void
put_bench_name(struct fm_buf *b, const struct points *p, size_t row)
{
	struct fm_buf value = FM_BUF_INIT;
	size_t i;

	fm_buf_puts(b, "BenchmarkInference");
	for (i = 0; i < p->v.n_identity; i++) {
		const char *name = p->r.cols[p->v.identity[i]].name;

		if (!identity(&value, p, i, row))
			continue;
		fm_buf_printf(
		    b, "/%s=", strcmp(name, "what") == 0 ? "options" : name);
		quote_word(b, value.s);
	}
	fm_buf_release(&value);
}

static void
put_benchstat(struct fm_buf *b, const struct points *p)
{
	size_t i;

	for (i = 0; i < p->r.n; i++) {
		double ms = recs_num(&p->r, p->v.latency, i);
		double n = recs_num(&p->r, p->n, i);
		double thp = recs_num(&p->r, p->throughput, i);
		double out = recs_num(&p->r, p->v.output, i);

		if (!(ms > 0))
			continue;
		put_bench_name(b, p, i);
		fm_buf_printf(b, " %.0f %.15g ns/op", n > 0 ? n : 1, ms * 1e6);
		if (thp > 0)
			fm_buf_printf(
			    b, " %.15g %s/s", thp, out > 1 ? "tok" : "seq");
		fm_buf_putc(b, '\n');
	}
}

int
export_benchstat(const struct conf *c, struct fm_err *err)
{
	return export(c, put_benchstat, err);
}

/* --- names for people --- */

static void
put_name(struct fm_buf *b, const struct points *p, size_t group)
{
	size_t row = groups_first(&p->v.groups, group), i;
	struct fm_buf value = FM_BUF_INIT;

	fm_buf_clear(b);
	for (i = 0; i < p->v.n_identity; i++) {
		size_t col = p->v.identity[i];
		const char *name = p->r.cols[col].name;

		if (!identity(&value, p, i, row) ||
		    (recs_is_same(&p->r, col) && strcmp(name, "model") != 0 &&
			strcmp(name, "input") != 0 &&
			strcmp(name, "batch") != 0 &&
			strcmp(name, "simulated") != 0))
			continue;
		fm_buf_puts(b, b->len ? ", " : "");
		if (strcmp(name, "simulated") == 0)
			fm_buf_puts(b, name);
		else if (recs_text(&p->r, col, row))
			fm_buf_puts(b, value.s);
		else
			fm_buf_printf(b, "%s %s", name, value.s);
	}
	fm_buf_release(&value);
}

/* --- JUnit --- */

static void
put_case(struct fm_buf *b, const char *class, const char *name, double seconds,
    const char *problem, const char *text)
{
	fm_buf_puts(b, "    <testcase classname=\"");
	quote_html(b, class);
	fm_buf_puts(b, "\" name=\"");
	quote_html(b, name);
	fm_buf_putc(b, '"');
	if (!isnan(seconds))
		fm_buf_printf(b, " time=\"%.9f\"", seconds);
	if (!problem) {
		fm_buf_puts(b, "/>\n");
		return;
	}
	fm_buf_puts(b, ">\n      <failure message=\"");
	quote_html(b, problem);
	fm_buf_puts(b, "\">");
	quote_html(b, text ? text : "");
	fm_buf_puts(b, "</failure>\n    </testcase>\n");
}

static void
put_suite(struct fm_buf *b, const char *name, size_t n, size_t failures,
    const struct fm_buf *cases)
{
	fm_buf_printf(b,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
	    "  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\" "
	    "errors=\"0\">\n",
	    name, n, failures);
	fm_buf_put(b, cases->s, cases->len);
	fm_buf_puts(b, "  </testsuite>\n</testsuites>\n");
}

static void
put_junit(struct fm_buf *b, const struct points *p)
{
	struct fm_buf cases = FM_BUF_INIT, name = FM_BUF_INIT;
	size_t g, bad = 0;

	for (g = 0; g < p->v.groups.n; g++) {
		size_t row = groups_first(&p->v.groups, g);
		enum grid_mood mood;
		char *status = view_status(&p->v, g, &mood);

		put_name(&name, p, g);
		put_case(&cases, "fm.measure", name.s, latency(p, g) / 1000,
		    mood == GRID_PLAIN ? NULL : status,
		    recs_text(&p->r, p->error, row));
		bad += mood != GRID_PLAIN;
		free(status);
	}
	put_suite(b, "fm", p->v.groups.n, bad, &cases);
	fm_buf_release(&cases);
	fm_buf_release(&name);
}

static void
put_verdicts(struct fm_buf *b, const struct diff *d)
{
	struct fm_buf cases = FM_BUF_INIT, name = FM_BUF_INIT;
	char *text;
	size_t i, bad = 0;

	for (i = 0; i < d->n; i++) {
		const struct fm_judge_point *p = &d->points[i];
		enum fm_verdict v = p->verdict;
		bool fails = v == FM_VERDICT_MISSING ||
			     v == FM_VERDICT_FAILED ||
			     p->p_holm < d->conf.alpha;

		diff_name(&name, d, i);
		text = isnan(p->shift)
			   ? fm_strdup("")
			   : fm_strdupf("ratio %.3f (%.3f to %.3f)",
				 exp(p->shift), exp(p->lo), exp(p->hi));
		put_case(&cases, "fm.diff", name.s, (double)NAN,
		    fails ? fm_verdict_word(v) : NULL, text);
		bad += fails;
		free(text);
	}
	put_suite(b, "fm diff", d->n, bad, &cases);
	fm_buf_release(&cases);
	fm_buf_release(&name);
}

int
export_junit(const struct conf *c, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	struct diff d;
	int rc;

	if (!c->base)
		return export(c, put_junit, err);
	if (c->files.n != 1)
		return fm_err_set(err, FM_USAGE,
		    "junit --base wants one file of new records, got %zu",
		    c->files.n);
	rc = diff_init(&d, c, err);
	if (rc == 0) {
		put_verdicts(&b, &d);
		rc = out_write(c->output, &b, err);
	}
	if (rc == 0)
		rc = diff_status(&d);
	fm_buf_release(&b);
	diff_release(&d);
	return rc;
}

/* --- github-action-benchmark --- */

static void
put_github(struct fm_buf *b, const struct points *p)
{
	struct fm_buf name = FM_BUF_INIT;
	size_t g;
	bool any = false;

	fm_buf_putc(b, '[');
	for (g = 0; g < p->v.groups.n; g++) {
		double ms = latency(p, g), lo = lower(p, g), hi = upper(p, g);

		if (isnan(ms))
			continue;
		put_name(&name, p, g);
		fm_buf_puts(
		    b, any ? ",\n    {\"name\": " : "\n    {\"name\": ");
		fm_json_put_str(b, name.s, name.len, false);
		fm_buf_printf(b, ", \"unit\": \"ms\", \"value\": %.15g", ms);
		if (!isnan(lo))
			fm_buf_printf(b, ", \"range\": \"%.6g..%.6g\"", lo, hi);
		fm_buf_putc(b, '}');
		any = true;
	}
	fm_buf_puts(b, any ? "\n]\n" : "]\n");
	fm_buf_release(&name);
}

int
export_github(const struct conf *c, struct fm_err *err)
{
	return export(c, put_github, err);
}
