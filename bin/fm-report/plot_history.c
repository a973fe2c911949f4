/*
 * A metric over days: a dot for each run, a line where its level is, a mark
 * where the level has changed and stayed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* Levels are sought on logarithms: a step is a ratio. */
static void
put_point(struct plot *pl, const struct run *run, size_t n, size_t *steps)
{
	double *x = fm_calloc(n, sizeof *x),
	       *level = fm_calloc(n, sizeof *level);
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = log(run[i].value);
	*steps += steps_find(x, n, level);
	for (i = 0; i < n; i++) {
		bool step = i && level[i] != level[i - 1];
		double v[5];

		v[0] = run[i].time;
		v[1] = run[i].value;
		v[2] = exp(level[i]);
		v[3] = step ? exp(level[i]) : (double)NAN;
		v[4] = step ? (exp(level[i] - level[i - 1]) - 1) * 100
			    : (double)NAN;
		plot_numbers(pl, v, 5);
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

static void
put_all(struct plot *pl, struct view *v, size_t time, size_t metric)
{
	struct fm_strs names = FM_STRS_INIT;
	struct fm_buf b = FM_BUF_INIT;
	double *all = fm_calloc(v->r->n, sizeof *all);
	struct run *run = fm_calloc(v->r->n, sizeof *run);
	size_t g, n, steps = 0, m = 0, i;

	for (g = 0; g < v->groups.n; g++) {
		n = collect(v, g, time, metric, run);
		if (n == 0)
			continue;
		name_point(&b, v, g);
		fm_strs_add(&names, b.s);
		put_point(pl, run, n, &steps);
		for (i = 0; i < n; i++)
			all[m++] = run[i].value;
	}
	plot_series(pl, &names, false);
	plot_axis(pl, 'y', all, m);
	fm_buf_clear(&b);
	fm_buf_printf(&b, "%s over time: %zu step%s", v->r->cols[metric].name,
	    steps, steps == 1 ? "" : "s");
	plot_set(pl, "TITLE", pl->conf->title ? pl->conf->title : b.s);
	fm_strs_release(&names);
	fm_buf_release(&b);
	free(all);
	free(run);
}

int
plot_history(struct plot *pl, struct fm_err *err)
{
	const char *name = pl->conf->y ? pl->conf->y : "latency";
	const struct field *f = field_find(name);
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
		plot_set(pl, "ABOUT", b.s);
		fm_buf_clear(&b);
		fm_buf_printf(&b, "%s / %s", f && f->head ? f->head : name,
		    f ? f->unit : "");
		plot_set(pl, "YLABEL", b.s);
		pl->template = "history";
		pl->bad = r.in.bad > 0;
	}
	fm_buf_release(&b);
	view_release(&v);
	recs_release(&r);
	return rc;
}
