/*
 * A metric over days: a dot for each run, a line where its level is, a mark
 * where the level has changed and stayed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "plot.h"
#include "steps.h"
#include "view.h"

struct run {
	double time, value;
};

static int
by_time(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return (x->time > y->time) - (x->time < y->time);
}

static size_t
collect(const struct view *v, size_t group, size_t time, size_t metric,
    struct run *run)
{
	const struct groups *g = &v->groups;
	size_t i, n = 0;

	for (i = g->from[group]; i < g->from[group + 1]; i++) {
		run[n].time = recs_num(v->r, time, g->rows[i]);
		run[n].value = recs_num(v->r, metric, g->rows[i]);
		n += !isnan(run[n].time) && run[n].value > 0;
	}
	qsort(run, n, sizeof *run, by_time);
	return n;
}

struct bounds {
	double from, to, lo, hi; /* of all that is shown */
	size_t steps;            /* found */
};

/* " (+6.1 % 2026-12-24)", behind a name. */
static void
put_step(struct fm_buf *name, double time, double change)
{
	time_t at = (time_t)time;
	char day[20] = "";
	struct tm tm;

	if (gmtime_r(&at, &tm))
		(void)strftime(day, sizeof day, "%Y-%m-%d", &tm);
	fm_buf_printf(name, " (%+.1f %% %s)", expm1(change) * 100, day);
}

/* Levels are sought on logarithms: a step is a ratio. */
static void
put_point(struct plot *pl, const struct run *run, size_t n, bool relative,
    struct bounds *b, struct fm_buf *name)
{
	double *x = fm_calloc(n, sizeof *x),
	       *level = fm_calloc(n, sizeof *level);
	double unit;
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = log(run[i].value);
	b->steps += steps_find(x, n, level);
	unit = relative ? exp(level[0]) / 100 : 1;
	for (i = 0; i < n; i++) {
		bool step = i && level[i] != level[i - 1];
		double v[5];

		if (step && relative)
			put_step(name, run[i].time, level[i] - level[i - 1]);
		v[0] = run[i].time;
		v[1] = run[i].value / unit;
		v[2] = exp(level[i]) / unit;
		v[3] = step ? exp(level[i]) / unit : (double)NAN;
		v[4] =
		    step ? expm1(level[i] - level[i - 1]) * 100 : (double)NAN;
		plot_numbers(pl, v, 5);
		b->from = fmin(b->from, v[0]);
		b->to = fmax(b->to, v[0]);
		b->lo = fmin(b->lo, v[1]);
		b->hi = fmax(b->hi, v[1]);
	}
	plot_end_series(pl);
	free(x);
	free(level);
}

static void
name_point(struct fm_buf *b, const struct view *v, size_t group)
{
	size_t row = groups_first(&v->groups, group), i;

	fm_buf_clear(b);
	for (i = 0; i < v->n_by; i++) {
		cell c = recs_at(v->r, v->by[i], row);
		const char *name = v->r->cols[v->by[i]].name;

		if (recs_is_same(v->r, v->by[i]) || c == CELL_NULL)
			continue;
		fm_buf_puts(b, b->len ? ", " : "");
		if (cell_is_text(c))
			fm_buf_puts(b, texts_get(&v->r->texts, c));
		else if (cell_is_num(c))
			fm_buf_printf(b, "%s %.10g", name, cell_to_num(c));
		else
			fm_buf_printf(
			    b, "%s%s", c == CELL_TRUE ? "" : "not ", name);
	}
	if (!b->len)
		fm_buf_puts(b, "all");
}

/* Small steps must be seen: the axis need not begin at zero here. */
static void
put_ranges(struct plot *pl, const struct bounds *b)
{
	double days = (b->to - b->from) / 86400;
	double t = days > 0 ? (b->to - b->from) * 0.03 : 43200;
	double v = b->hi - b->lo > b->hi * 1e-6 ? b->hi - b->lo : b->hi * 0.1;

	fm_buf_printf(&pl->vars,
	    "set xrange [%.0f:%.0f]\nset yrange [%.10g:%.10g]\n"
	    "set format x '%s'\n",
	    b->from - t, b->to + t, b->lo - v * 0.1, b->hi + v * 0.2,
	    days < 2     ? "%H:%M"
	    : days < 300 ? "%d %b"
			 : "%b %Y");
}

/* Several points are shown against their first level, else their own steps
 * would vanish beside the distance between them. */
static void
put_all(struct plot *pl, struct view *v, size_t time, size_t metric)
{
	const struct field *f = field_find(v->r->cols[metric].name);
	const char *name = f && f->head ? f->head : v->r->cols[metric].name;
	struct bounds bounds = { (double)INFINITY, 0, (double)INFINITY, 0, 0 };
	struct fm_strs names = FM_STRS_INIT;
	struct fm_buf b = FM_BUF_INIT;
	struct run *run = fm_calloc(v->r->n, sizeof *run);
	bool relative = v->groups.n > 1;
	size_t g, n;

	for (g = 0; g < v->groups.n; g++) {
		n = collect(v, g, time, metric, run);
		if (n == 0)
			continue;
		name_point(&b, v, g);
		put_point(pl, run, n, relative, &bounds, &b);
		fm_strs_add(&names, b.s);
	}
	plot_series(pl, &names, false);
	if (names.n)
		put_ranges(pl, &bounds);
	fm_buf_clear(&b);
	fm_buf_printf(&b, "%s over time: %zu step%s", name, bounds.steps,
	    bounds.steps == 1 ? "" : "s");
	plot_set(pl, "TITLE", pl->conf->title ? pl->conf->title : b.s);
	fm_buf_clear(&b);
	fm_buf_printf(&b, "%s / %s", name,
	    relative ? "% of its first level"
	    : f      ? f->unit
		     : "");
	plot_set(pl, "YLABEL", b.s);
	fm_strs_release(&names);
	fm_buf_release(&b);
	free(run);
}

int
plot_history(struct plot *pl, struct fm_err *err)
{
	const char *name = pl->conf->y ? pl->conf->y : "latency";
	struct recs r = { 0 };
	struct view v;
	struct fm_buf b = FM_BUF_INIT;
	size_t time, metric, i;
	int rc = recs_where(&r, pl->conf->where, err);

	r.in.strict = pl->conf->strict;
	view_want(&v, &r, NULL, NULL, NULL);
	time = recs_want(&r, "time");
	metric = recs_want(&r, name);
	/* A point stays itself when its software changes: the key does not,
	 * nor does what a person calls the week. */
	for (i = v.n_by; i > 0; i--) {
		const char *by = r.cols[v.by[i - 1]].name;

		if (strcmp(by, "key") == 0 || strcmp(by, "metadata_id") == 0)
			v.by[i - 1] = v.by[--v.n_by];
	}
	if (rc == 0)
		rc = recs_read(&r, &pl->conf->files, err);
	if (rc == 0) {
		view_group(&v);
		put_all(pl, &v, time, metric);
		about_put(&b, &v.about, &r);
		plot_about(pl, b.s);
		pl->template = "history";
		pl->bad = r.in.bad > 0;
	}
	fm_buf_release(&b);
	view_release(&v);
	recs_release(&r);
	return rc;
}
