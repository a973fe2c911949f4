/*
 * Plots of points against their sizes: latency, throughput, one against the
 * other, the grid as a heat map, the phases of a generation.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "plot.h"
#include "view.h"

/* --- what all of them do --- */

struct points {
	struct recs r;
	struct view v;
	size_t x;      /* column */
	size_t metric; /* column */
	size_t input, batch, itl;
	size_t *series; /* columns whose values name a series */
	size_t n_series;
	struct groups lines; /* rows by series */
};

/* Numbers that differ in the column, up to a few. */
static bool
varies(const struct recs *r, size_t col)
{
	return !recs_is_same(r, col);
}

/*
 * The field along the axis: the one given, else the batch, else the input
 * when that is what varies.
 */
static size_t
choose_x(struct points *p, const char *given)
{
	if (given)
		return recs_want(&p->r, given);
	return !varies(&p->r, p->batch) && varies(&p->r, p->input) ? p->input
								   : p->batch;
}

static void
choose_series(struct points *p, const char *given, size_t also_not)
{
	struct fm_strs names = FM_STRS_INIT;
	size_t i;

	p->series = fm_calloc(p->v.n_identity + 20, sizeof *p->series);
	if (given)
		fm_strs_split(&names, given, ", ");
	for (i = 0; i < names.n && i < 20; i++)
		p->series[p->n_series++] = recs_want(&p->r, names.v[i]);
	for (i = 0; !given && i < p->v.n_identity; i++)
		if (p->v.identity[i] != p->x && p->v.identity[i] != also_not)
			p->series[p->n_series++] = p->v.identity[i];
	if (!given)
		p->n_series = groups_distinguish(
		    &p->r, p->series, p->n_series, p->v.about.simulated);
	p->series[p->n_series++] = p->v.about.simulated;
	fm_strs_release(&names);
}

static int
read_points(
    struct points *p, struct plot *pl, const char *metric, struct fm_err *err)
{
	const struct conf *c = pl->conf;
	struct fm_strs more = FM_STRS_INIT;
	size_t i;
	int rc;

	memset(p, 0, sizeof *p);
	p->r.in.strict = c->strict;
	p->r.in.quiet = c->quiet > 0;
	rc = recs_where(&p->r, c->where, err);
	view_want(&p->v, &p->r, NULL, NULL, NULL);
	p->metric = recs_want(&p->r, metric);
	p->input = recs_want(&p->r, "input");
	p->batch = recs_want(&p->r, "batch");
	p->itl = recs_want(&p->r, "itl");
	if (c->x)
		(void)recs_want(&p->r, c->x);
	if (c->series)
		fm_strs_split(&more, c->series, ", ");
	for (i = 0; i < more.n; i++)
		(void)recs_want(&p->r, more.v[i]);
	fm_strs_release(&more);
	if (rc == 0)
		rc = recs_read(&p->r, &c->files, err);
	pl->bad = p->r.in.bad > 0;
	return rc;
}

static void
release_points(struct points *p)
{
	groups_release(&p->lines);
	view_release(&p->v);
	recs_release(&p->r);
	free(p->series);
}

/* Groups: a point for each value of x and each series. */
static void
group_points(struct points *p, size_t second)
{
	size_t *by = fm_calloc(p->n_series + 2, sizeof *by), i;

	for (i = 0; i < p->n_series; i++)
		by[i] = p->series[i];
	by[p->n_series] = p->x;
	by[p->n_series + 1] = second;
	free(p->v.by);
	p->v.by = by;
	p->v.n_by = p->n_series + 2;
	view_group(&p->v);
	groups_make(&p->lines, &p->r, p->series, p->n_series);
}

static void
put_cell(struct fm_buf *b, const struct recs *r, size_t col, size_t row)
{
	cell c = recs_at(r, col, row);

	if (cell_is_text(c))
		fm_buf_puts(b, texts_get(&r->texts, c));
	else if (c == CELL_TRUE || c == CELL_FALSE)
		fm_buf_printf(
		    b, "%s%s", c == CELL_TRUE ? "" : "not ", r->cols[col].name);
	else if (c == CELL_NULL)
		fm_buf_printf(b, "no %s", r->cols[col].name);
	else
		fm_buf_printf(b, "%s %.10g", r->cols[col].name, cell_to_num(c));
}

/* The last column of a series is `simulated`. */
static void
series_name(struct fm_buf *b, const struct points *p, size_t line)
{
	size_t row = groups_first(&p->lines, line), i;

	for (i = 0; i + 1 < p->n_series; i++) {
		fm_buf_puts(b, i ? ", " : "");
		put_cell(b, &p->r, p->series[i], row);
	}
	if (recs_at(&p->r, p->v.about.simulated, row) == CELL_TRUE)
		fm_buf_puts(b, b->len ? ", simulated" : "simulated");
}

/* Series in the order of their values. */
struct line {
	size_t group;
	const struct points *p;
};

static int
by_series(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	const struct points *p = x->p;
	size_t i;

	for (i = 0; i < p->n_series; i++) {
		int c = recs_compare(&p->r,
		    recs_at(
			&p->r, p->series[i], groups_first(&p->lines, x->group)),
		    recs_at(&p->r, p->series[i],
			groups_first(&p->lines, y->group)));

		if (c)
			return c;
	}
	return 0;
}

static struct line *
sorted_lines(const struct points *p)
{
	struct line *l = fm_calloc(p->lines.n, sizeof *l);
	size_t i;

	for (i = 0; i < p->lines.n; i++)
		l[i] = (struct line){ i, p };
	qsort(l, p->lines.n, sizeof *l, by_series);
	return l;
}

struct dot {
	double v[6]; /* x y lo hi … */
};

static int
by_x(const void *a, const void *b)
{
	const struct dot *x = a, *y = b;

	if (x->v[0] != y->v[0])
		return x->v[0] < y->v[0] ? -1 : 1;
	return (x->v[1] > y->v[1]) - (x->v[1] < y->v[1]);
}

/* Values of a point: how a kind makes a dot of it; false: it has none. */
typedef bool make_dot(const struct points *p, size_t group, struct dot *d);

/* The dots of a line, which rows of it begin. A series without a dot is none:
 * gnuplot would not count it. */
static bool
put_line(struct plot *pl, const struct points *p, size_t line, make_dot *make,
    size_t n_values)
{
	const struct groups *lines = &p->lines;
	struct dot *d = fm_calloc(groups_size(lines, line), sizeof *d);
	size_t n = 0, i;

	for (i = lines->from[line]; i < lines->from[line + 1]; i++) {
		size_t row = lines->rows[i], g = p->v.groups.of[row];

		if (groups_first(&p->v.groups, g) == row)
			n += make(p, g, &d[n]);
	}
	qsort(d, n, sizeof *d, by_x);
	for (i = 0; i < n; i++)
		plot_numbers(pl, d[i].v, n_values);
	if (n)
		plot_end_series(pl);
	free(d);
	return n > 0;
}

enum {
	DENSE = 1000 /* more points are lines without marks */
};

static void
put_lines(
    struct plot *pl, const struct points *p, make_dot *make, size_t n_values)
{
	struct line *l = sorted_lines(p);
	struct fm_strs names = FM_STRS_INIT;
	struct fm_buf name = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < p->lines.n; i++) {
		if (!put_line(pl, p, l[i].group, make, n_values))
			continue;
		fm_buf_clear(&name);
		series_name(&name, p, l[i].group);
		fm_strs_add(&names, name.s);
	}
	if (p->v.groups.n > DENSE)
		pl->hover = false;
	fm_buf_printf(&pl->vars, "DENSE = %d\n", p->v.groups.n > DENSE);
	plot_series(
	    pl, &names, p->n_series == 2 && !recs_text(&p->r, p->series[0], 0));
	fm_buf_release(&name);
	fm_strs_release(&names);
	free(l);
}

static const char *
label(struct fm_buf *b, const struct recs *r, size_t col, size_t output)
{
	const char *name = r->cols[col].name;
	const struct field *f = field_find(name);

	fm_buf_clear(b);
	if (strcmp(name, "batch") == 0)
		fm_buf_puts(b, "batch size / sequences");
	else if (strcmp(name, "input") == 0)
		fm_buf_puts(b, "input size / tokens");
	else if (f && strcmp(f->unit, "/s") == 0)
		fm_buf_printf(b, "%s / %s per second", f->head ? f->head : name,
		    recs_num(r, output, 0) > 1 ? "tokens" : "sequences");
	else if (f && *f->unit)
		fm_buf_printf(b, "%s / %s", f->head ? f->head : name, f->unit);
	else
		fm_buf_puts(b, f && f->head ? f->head : name);
	return b->s;
}

static void
put_titles(struct plot *pl, const struct points *p, const char *what)
{
	struct fm_buf b = FM_BUF_INIT;

	plot_set(pl, "TITLE", pl->conf->title ? pl->conf->title : what);
	about_put(&b, &p->v.about, &p->r);
	plot_about(pl, b.s);
	plot_set(pl, "XLABEL", label(&b, &p->r, p->x, p->v.output));
	plot_set(pl, "YLABEL", label(&b, &p->r, p->metric, p->v.output));
	fm_buf_release(&b);
}

static void
put_axis(struct plot *pl, const struct points *p, char axis, size_t col)
{
	double *v = fm_calloc(p->v.groups.n, sizeof *v);
	size_t g;

	for (g = 0; g < p->v.groups.n; g++)
		v[g] = view_metric(&p->v, col, g);
	plot_axis(pl, axis, v, p->v.groups.n);
	free(v);
}

/* --- metric against size --- */

static bool
metric_dot(const struct points *p, size_t group, struct dot *d)
{
	d->v[0] = view_metric(&p->v, p->x, group);
	d->v[1] = view_metric(&p->v, p->metric, group);
	if (!view_interval(&p->v, p->metric, group, &d->v[2], &d->v[3]))
		d->v[2] = d->v[3] = d->v[1];
	return !isnan(d->v[0]) && !isnan(d->v[1]);
}

static int
against_size(struct plot *pl, const char *metric, struct fm_err *err)
{
	struct points p;
	struct fm_buf what = FM_BUF_INIT;
	int rc = read_points(&p, pl, metric, err);

	if (rc == 0) {
		p.x = choose_x(&p, pl->conf->x);
		choose_series(&p, pl->conf->series, p.x);
		group_points(&p, p.x);
		fm_buf_printf(&what, "%s by %s", p.r.cols[p.metric].name,
		    p.r.cols[p.x].name);
		put_titles(pl, &p, what.s);
		put_axis(pl, &p, 'x', p.x);
		put_axis(pl, &p, 'y', p.metric);
		put_lines(pl, &p, metric_dot, 4);
		pl->template = "lines";
	}
	fm_buf_release(&what);
	release_points(&p);
	return rc;
}

int
plot_latency(struct plot *pl, struct fm_err *err)
{
	return against_size(pl, pl->conf->y ? pl->conf->y : "latency", err);
}

int
plot_throughput(struct plot *pl, struct fm_err *err)
{
	return against_size(pl, pl->conf->y ? pl->conf->y : "throughput", err);
}

/* --- throughput against latency --- */

static bool
pareto_dot(const struct points *p, size_t group, struct dot *d)
{
	d->v[0] = view_metric(&p->v, p->x, group);
	d->v[1] = view_metric(&p->v, p->metric, group);
	d->v[2] = view_metric(&p->v, p->batch, group);
	return !isnan(d->v[0]) && !isnan(d->v[1]);
}

/*
 * The front: points that no other one beats in both. Its dots, in the order
 * of x, are a series of their own, the last one.
 */
static void
put_front(struct plot *pl, const struct points *p)
{
	struct dot *d = fm_calloc(p->v.groups.n, sizeof *d);
	double best = (double)-INFINITY;
	size_t g, n = 0, i;

	for (g = 0; g < p->v.groups.n; g++)
		n += pareto_dot(p, g, &d[n]);
	qsort(d, n, sizeof *d, by_x);
	for (i = 0; i < n; i++) {
		/* Of equal latencies the last has the best throughput. */
		if (i + 1 < n && d[i + 1].v[0] == d[i].v[0])
			continue;
		if (d[i].v[1] > best) {
			best = d[i].v[1];
			plot_numbers(pl, d[i].v, 3);
		}
	}
	plot_end_series(pl);
	free(d);
}

int
plot_pareto(struct plot *pl, struct fm_err *err)
{
	struct points p;
	int rc = read_points(&p, pl, "throughput", err);

	if (rc == 0) {
		p.x = p.v.latency;
		choose_series(&p, pl->conf->series, p.batch);
		/* A point is a batch size of a series, not a latency. */
		p.x = p.batch;
		group_points(&p, p.batch);
		p.x = p.v.latency;
		put_titles(pl, &p, "throughput against latency, by batch size");
		put_axis(pl, &p, 'y', p.metric);
		put_axis(pl, &p, 'x', p.x);
		put_lines(pl, &p, pareto_dot, 3);
		put_front(pl, &p);
		pl->template = "pareto";
	}
	release_points(&p);
	return rc;
}

/* --- heat map --- */

static size_t
find_value(const double *v, size_t n, double x)
{
	size_t i;

	for (i = 0; i < n && v[i] != x; i++)
		continue;
	return i;
}

/* The values of a column that occur, in order; the caller frees. */
static double *
values_of(const struct points *p, size_t col, size_t *n)
{
	double *v = fm_calloc(p->v.groups.n, sizeof *v);
	size_t g;

	for (g = 0; g < p->v.groups.n; g++)
		v[g] = view_metric(&p->v, col, g);
	*n = plot_distinct(v, p->v.groups.n);
	return v;
}

static void
put_category_tics(struct plot *pl, char axis, const double *v, size_t n)
{
	size_t i, step = n / 16 + 1;

	fm_buf_printf(&pl->vars, "set %ctics (", axis);
	for (i = 0; i < n; i += step)
		fm_buf_printf(
		    &pl->vars, "%s'%.10g' %zu", i ? ", " : "", v[i], i);
	fm_buf_puts(&pl->vars, ")\n");
	fm_buf_printf(
	    &pl->vars, "set %crange [-0.5:%zu.5]\n", axis, n ? n - 1 : 0);
}

static void
put_heat(struct plot *pl, const struct points *p)
{
	size_t nx, ny, failed = 0, g;
	double *x = values_of(p, p->batch, &nx),
	       *y = values_of(p, p->input, &ny);
	double lo = (double)INFINITY, hi = (double)-INFINITY;

	for (g = 0; g < p->v.groups.n; g++) {
		double v[3];
		enum grid_mood mood;
		char *status = view_status(&p->v, g, &mood);

		v[0] =
		    (double)find_value(x, nx, view_metric(&p->v, p->batch, g));
		v[1] =
		    (double)find_value(y, ny, view_metric(&p->v, p->input, g));
		v[2] = view_metric(&p->v, p->metric, g);
		/* Without a size, where there are some, it has no place. */
		if ((nx && v[0] >= (double)nx) || (ny && v[1] >= (double)ny)) {
			free(status);
			continue;
		}
		if (isnan(v[2])) {
			fm_buf_puts(&pl->vars, "set label ");
			plot_text(pl, status);
			fm_buf_printf(&pl->vars,
			    " at %g,%g center front textcolor rgb '#b00000'\n",
			    v[0], v[1]);
			failed++;
		} else {
			lo = fmin(lo, v[2]);
			hi = fmax(hi, v[2]);
			plot_numbers(pl, v, 3);
		}
		free(status);
	}
	put_category_tics(pl, 'x', x, nx);
	put_category_tics(pl, 'y', y, ny);
	fm_buf_printf(&pl->vars, "CELLS = %zu; FAILED = %zu\n",
	    nx > ny ? nx : ny, failed);
	if (lo > 0 && hi / lo > 4) {
		fm_buf_puts(&pl->vars, "set logscale cb\n");
		plot_log_tics(pl, "cb", lo, hi);
	}
	fm_buf_printf(&pl->vars, "LOW = %g; HIGH = %g; N = %d\n",
	    isinf(lo) ? 0 : lo,
	    isinf(hi) ? 1
	    : hi > lo ? hi
		      : lo * 1.01,
	    !isinf(lo));
	free(x);
	free(y);
}

int
plot_heatmap(struct plot *pl, struct fm_err *err)
{
	struct points p;
	struct fm_buf what = FM_BUF_INIT;
	const char *metric = pl->conf->y ? pl->conf->y : "latency";
	int rc = read_points(&p, pl, metric, err);

	if (rc == 0) {
		p.x = p.batch;
		group_points(&p, p.input);
		p.v.chosen = true;
		view_warn(&p.v);
		fm_buf_printf(&what, "%s by input and batch size", metric);
		view_put_merged(&what, &p.v, ", median over ");
		put_titles(pl, &p, what.s);
		plot_set(
		    pl, "CBLABEL", label(&what, &p.r, p.metric, p.v.output));
		plot_set(pl, "YLABEL", label(&what, &p.r, p.input, p.v.output));
		put_heat(pl, &p);
		pl->template = "heatmap";
	}
	fm_buf_release(&what);
	release_points(&p);
	return rc;
}

/* --- phases --- */

/* First token, and all that follow, in milliseconds. */
static bool
phase_dot(const struct points *p, size_t group, struct dot *d)
{
	double per_token = view_metric(&p->v, p->itl, group);
	double tokens = view_metric(&p->v, p->v.output, group);

	d->v[0] = view_metric(&p->v, p->x, group);
	d->v[1] = view_metric(&p->v, p->v.ttft, group);
	/* fmwork's itl is the decode time over all tokens of the output. */
	d->v[2] = per_token * tokens;
	return !isnan(d->v[1]) && !isnan(d->v[2]);
}

int
plot_phases(struct plot *pl, struct fm_err *err)
{
	struct points p;
	struct fm_buf name = FM_BUF_INIT;
	double most = 0;
	size_t g, n = 0;
	int rc = read_points(&p, pl, "latency", err);

	if (rc == 0) {
		p.x = choose_x(&p, pl->conf->x);
		choose_series(&p, NULL, p.x);
		group_points(&p, p.x);
		put_titles(pl, &p, "first token and decode");
		fm_buf_puts(&pl->vars, "set ytics ('' -1)\n");
		for (g = 0; g < p.v.groups.n; g++) {
			struct dot d;

			if (!phase_dot(&p, g, &d))
				continue;
			fm_buf_clear(&name);
			series_name(&name, &p,
			    p.lines.of[groups_first(&p.v.groups, g)]);
			fm_buf_puts(&name, name.len ? ", " : "");
			put_cell(
			    &name, &p.r, p.x, groups_first(&p.v.groups, g));
			fm_buf_puts(&pl->vars, "set ytics add (");
			plot_tic_text(pl, name.s);
			fm_buf_printf(&pl->vars, " %zu)\n", n);
			d.v[0] = (double)n++;
			most = fmax(most, d.v[1] + d.v[2]);
			plot_numbers(pl, d.v, 3);
		}
		fm_buf_printf(&pl->vars, "N = %zu\nMOST = %e\n", n, most);
		pl->rows = (int)n;
		pl->template = "phases";
	}
	fm_buf_release(&name);
	release_points(&p);
	return rc;
}
