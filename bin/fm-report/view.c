/*
 * Points, and how they are shown.
 */
#include "view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "compare.h"
#include "prog.h"

/* --- which records make a point --- */

static void
add_by(struct view *v, size_t col)
{
	size_t i;

	for (i = 0; i < v->n_by; i++)
		if (v->by[i] == col)
			return;
	v->by = fm_realloc(v->by, v->n_by + 1, sizeof *v->by);
	v->by[v->n_by++] = col;
}

static void
add_list(struct view *v, const char *list)
{
	struct fm_strs names = FM_STRS_INIT;
	size_t i;

	if (list)
		fm_strs_split(&names, list, ", ");
	for (i = 0; i < names.n; i++)
		add_by(v, recs_want(v->r, names.v[i]));
	fm_strs_release(&names);
}

void
view_want(struct view *v, struct recs *r, const char *by, const char *rows,
    const char *cols)
{
	size_t i;

	memset(v, 0, sizeof *v);
	v->r = r;
	about_want(&v->about, r);
	for (i = 0; field_identity[i]; i++)
		v->n_identity++;
	v->identity = fm_calloc(v->n_identity, sizeof *v->identity);
	for (i = 0; i < v->n_identity; i++)
		v->identity[i] = recs_want(r, field_identity[i]);
	v->latency = recs_want(r, "latency");
	v->lo = recs_want(r, "lo");
	v->hi = recs_want(r, "hi");
	v->status = recs_want(r, "status");
	v->ttft = recs_want(r, "ttft");
	v->output = recs_want(r, "output");
	(void)recs_want(r, "throughput");
	(void)recs_want(r, "itl");
	v->chosen = by || rows || cols;
	add_list(v, by);
	add_list(v, rows);
	add_list(v, cols);
	if (v->chosen)
		return;
	for (i = 0; i < v->n_identity; i++)
		add_by(v, v->identity[i]);
	add_by(v, recs_want(r, "key"));
}

void
view_group(struct view *v)
{
	groups_make(&v->groups, v->r, v->by, v->n_by);
	v->decimals = fm_calloc(v->r->n_cols, sizeof *v->decimals);
}

void
view_release(struct view *v)
{
	groups_release(&v->groups);
	free(v->by);
	free(v->identity);
	free(v->decimals);
}

static bool
hides(const struct view *v, size_t col)
{
	size_t g;

	for (g = 0; g < v->groups.n; g++)
		if (!groups_agree(&v->groups, g, v->r, col))
			return true;
	return false;
}

void
view_put_merged(struct fm_buf *b, const struct view *v, const char *before)
{
	size_t i;

	for (i = 0; i < v->n_identity && v->chosen; i++)
		if (hides(v, v->identity[i])) {
			fm_buf_printf(
			    b, "%s%s", before, v->r->cols[v->identity[i]].name);
			before = ", ";
		}
}

void
view_warn(const struct view *v)
{
	struct fm_buf b = FM_BUF_INIT;

	view_put_merged(&b, v, "");
	if (b.len)
		fm_prog_say("fm-report",
		    "rows merge records that differ in %s: their medians are "
		    "shown; add the field to --by, or choose with --where",
		    b.s);
	fm_buf_release(&b);
}

/* --- what is said of a point --- */

double
view_metric(const struct view *v, size_t col, size_t group)
{
	size_t n;

	return groups_median(&v->groups, group, v->r, col, &n);
}

/* Student's interval of the mean of logarithms, as factors around 1. */
static bool
between_runs(
    const struct view *v, size_t col, size_t group, double *lo, double *hi)
{
	const struct groups *g = &v->groups;
	double *x = fm_calloc(groups_size(g, group), sizeof *x), half, mean;
	size_t i, n = 0;

	for (i = g->from[group]; i < g->from[group + 1]; i++) {
		double m = recs_num(v->r, col, g->rows[i]);

		if (m > 0)
			x[n++] = log(m);
	}
	if (n > 1) {
		half = -fm_compare_t_quantile(0.025, (double)(n - 1)) *
		       sqrt(fm_compare_var(x, n) / (double)n);
		mean = fm_compare_mean(x, n);
		*lo = exp(mean - half);
		*hi = exp(mean + half);
	}
	free(x);
	return n > 1;
}

bool
view_interval(
    const struct view *v, size_t col, size_t group, double *lo, double *hi)
{
	size_t row = groups_first(&v->groups, group);

	if (groups_size(&v->groups, group) > 1)
		return between_runs(v, col, group, lo, hi);
	if (col != v->latency)
		return false;
	*lo = recs_num(v->r, v->lo, row);
	*hi = recs_num(v->r, v->hi, row);
	return !isnan(*lo) && !isnan(*hi);
}

char *
view_status(const struct view *v, size_t group, enum grid_mood *mood)
{
	const struct groups *g = &v->groups;
	size_t i, good = 0, n = groups_size(g, group);
	const char *s = NULL;

	for (i = g->from[group]; i < g->from[group + 1]; i++) {
		s = recs_text(v->r, v->status, g->rows[i]);
		/* Records of fmwork's own script have no status. */
		good += !s || strcmp(s, "OK") == 0;
	}
	*mood = good == n ? GRID_PLAIN : good ? GRID_UNSURE : GRID_BAD;
	if (good == n)
		return fm_strdup("OK");
	if (groups_agree(g, group, v->r, v->status))
		return fm_strdup(s);
	return fm_strdupf("%zu of %zu OK", good, n);
}

bool
view_simulated(const struct view *v, size_t group)
{
	const struct groups *g = &v->groups;
	size_t i;

	for (i = g->from[group]; i < g->from[group + 1]; i++)
		if (recs_at(v->r, v->about.simulated, g->rows[i]) == CELL_TRUE)
			return true;
	return false;
}

/* --- cells --- */

/* So that the smallest of the column has three digits. Intervals get those of
 * the latency: they may need some where the latency needs none. */
static int
decimals(const struct view *v, size_t col)
{
	double *x = fm_calloc(v->groups.n, sizeof *x), lo, hi;
	bool whole = true;
	size_t i;
	int d;

	for (i = 0; i < v->groups.n; i++) {
		x[i] = view_metric(v, col, i);
		if (col == v->latency && view_interval(v, col, i, &lo, &hi))
			whole = whole && lo == floor(lo) && hi == floor(hi);
	}
	d = grid_decimals(x, v->groups.n, whole);
	free(x);
	return d;
}

/* The ends of the interval are those of the point, not of a record. */
static bool
is_bound(const char *name)
{
	return strcmp(name, "lo") == 0 || strcmp(name, "hi") == 0;
}

/* Are the values of this column numbers, as far as they are known? */
static bool
numeric(const struct recs *r, size_t col)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		cell c = recs_at(r, col, i);

		if (c != CELL_NULL)
			return cell_is_num(c);
		if (!r->cols[col].v)
			break;
	}
	return true;
}

void
view_add_col(struct view *v, struct grid *g, const char *name)
{
	const struct field *f = field_find(name);
	size_t col;
	bool right;

	v->decimals[v->latency] = decimals(v, v->latency);
	if (strcmp(name, "interval") == 0) {
		grid_add_col(g, "95% interval", "ms", true);
		return;
	}
	if (strcmp(name, "runs") == 0) {
		grid_add_col(g, "runs", "", true);
		return;
	}
	col = recs_want(v->r, name);
	right = numeric(v->r, col);
	if (right)
		v->decimals[col] =
		    is_bound(name) ? v->decimals[v->latency] : decimals(v, col);
	grid_add_col(g, f && f->head ? f->head : name, f ? f->unit : "", right);
}

static void
set_interval(
    const struct view *v, struct grid_cell *c, const char *name, size_t group)
{
	int d = v->decimals[v->latency];
	double lo, hi;
	char *s;

	if (!view_interval(v, v->latency, group, &lo, &hi))
		return;
	if (strcmp(name, "interval") != 0) {
		grid_set_num(c, *name == 'l' ? lo : hi, d);
		return;
	}
	s = fm_strdupf("%.*f..%.*f", d, lo, d, hi);
	grid_set_text(c, s);
	free(s);
}

void
view_set(
    const struct view *v, struct grid_cell *c, const char *name, size_t group)
{
	size_t col, row = groups_first(&v->groups, group);
	const char *s;
	char *status;
	cell x;

	if (strcmp(name, "interval") == 0 || is_bound(name)) {
		set_interval(v, c, name, group);
	} else if (strcmp(name, "runs") == 0) {
		grid_set_num(c, (double)groups_size(&v->groups, group), 0);
	} else if (strcmp(name, "status") == 0) {
		status = view_status(v, group, &c->mood);
		grid_set_text(c, status);
		free(status);
	} else if (strcmp(name, "simulated") == 0) {
		grid_set_text(c, view_simulated(v, group) ? "simulated" : "");
	} else {
		col = recs_want(v->r, name);
		x = recs_at(v->r, col, row);
		s = recs_text(v->r, col, row);
		if (numeric(v->r, col))
			grid_set_num(
			    c, view_metric(v, col, group), v->decimals[col]);
		else if (!groups_agree(&v->groups, group, v->r, col))
			grid_set_text(c, "*");
		else if (x == CELL_TRUE || x == CELL_FALSE)
			grid_set_text(c, x == CELL_TRUE ? "true" : "false");
		else if (s)
			grid_set_text(c, s);
	}
}
