/*
 * Tables in two directions.
 */
#include "cross.h"

#include <math.h>
#include <stdlib.h>

#include "alloc.h"
#include "num.h"

/* One direction: the values of its fields that occur, in order. */
struct axis {
	const struct recs *r;
	size_t *cols;
	size_t n_cols;
	struct groups g;
	size_t *order; /* groups in order */
	size_t *place; /* of each group */
};

static void
axis_init(struct axis *a, struct recs *r, const char *list)
{
	struct fm_strs names = FM_STRS_INIT;
	size_t i, j;

	a->r = r;
	if (list)
		fm_strs_split(&names, list, ", ");
	a->n_cols = names.n;
	a->cols = fm_calloc(names.n, sizeof *a->cols);
	for (i = 0; i < names.n; i++)
		a->cols[i] = recs_want(r, names.v[i]);
	fm_strs_release(&names);
	groups_make(&a->g, r, a->cols, a->n_cols);
	a->order = fm_calloc(a->g.n, sizeof *a->order);
	a->place = fm_calloc(a->g.n, sizeof *a->place);
	/* Values of an axis are few: insertion keeps it simple. */
	for (i = 0; i < a->g.n; i++) {
		size_t row = groups_first(&a->g, i);

		for (j = i; j > 0; j--) {
			size_t before = groups_first(&a->g, a->order[j - 1]);
			size_t k = 0;
			int d = 0;

			for (; d == 0 && k < a->n_cols; k++)
				d = recs_compare(r,
				    recs_at(r, a->cols[k], before),
				    recs_at(r, a->cols[k], row));
			if (d <= 0)
				break;
			a->order[j] = a->order[j - 1];
		}
		a->order[j] = i;
	}
	for (i = 0; i < a->g.n; i++)
		a->place[a->order[i]] = i;
}

static void
axis_release(struct axis *a)
{
	free(a->cols);
	free(a->order);
	free(a->place);
	groups_release(&a->g);
}

static void
put_value(struct fm_buf *b, const struct recs *r, size_t col, size_t row)
{
	cell c = recs_at(r, col, row);
	double v = cell_to_num(c);

	if (cell_is_text(c))
		fm_buf_puts(b, texts_get(&r->texts, c));
	else if (c == CELL_TRUE || c == CELL_FALSE)
		fm_buf_puts(b, c == CELL_TRUE ? "true" : "false");
	else if (v == floor(v) && fabs(v) < 1e15)
		fm_num_put_int(b, (int64_t)v);
	else if (c != CELL_NULL)
		fm_num_put_repr(b, v);
	else
		fm_buf_putc(b, '-');
}

/* "batch 4", "input 128, batch 4" */
static void
put_place(struct fm_buf *b, const struct axis *a, size_t place)
{
	size_t i;

	for (i = 0; i < a->n_cols; i++) {
		fm_buf_printf(
		    b, "%s%s ", i ? ", " : "", a->r->cols[a->cols[i]].name);
		put_value(
		    b, a->r, a->cols[i], groups_first(&a->g, a->order[place]));
	}
}

/* The group of the view at this place of each axis, + 1; 0 = none. */
struct cube {
	struct axis by, rows, cols;
	size_t *at;
};

static size_t *
cube_at(const struct cube *q, size_t t, size_t i, size_t j)
{
	return &q->at[(t * q->rows.g.n + i) * q->cols.g.n + j];
}

static void
cube_fill(struct cube *q, const struct view *v)
{
	size_t g;

	q->at =
	    fm_calloc(q->by.g.n * q->rows.g.n * q->cols.g.n + 1, sizeof *q->at);
	for (g = 0; g < v->groups.n; g++) {
		size_t row = groups_first(&v->groups, g);

		*cube_at(q, q->by.place[q->by.g.of[row]],
		    q->rows.place[q->rows.g.of[row]],
		    q->cols.place[q->cols.g.of[row]]) = g + 1;
	}
}

static void
add_axis(const struct axis *a, struct grid *g)
{
	size_t i;

	for (i = 0; i < a->n_cols; i++)
		grid_add_col(g, a->r->cols[a->cols[i]].name, "",
		    !recs_text(a->r, a->cols[i], 0));
}

static void
add_cols(
    const struct cube *q, const char *metric, const char *unit, struct grid *g)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	add_axis(&q->rows, g);
	for (i = 0; i < q->cols.g.n; i++) {
		fm_buf_clear(&b);
		put_place(&b, &q->cols, i);
		grid_add_col(g, b.len ? b.s : metric, unit, true);
	}
	fm_buf_release(&b);
}

/* The cells that tell the place on an axis: behind them. */
static struct grid_cell *
set_place(const struct axis *a, size_t place, struct grid_cell *c)
{
	size_t row = groups_first(&a->g, a->order[place]), i;
	struct fm_buf b = FM_BUF_INIT;

	for (i = 0; i < a->n_cols; i++, c++) {
		cell x = recs_at(a->r, a->cols[i], row);

		fm_buf_clear(&b);
		put_value(&b, a->r, a->cols[i], row);
		if (cell_is_num(x))
			grid_set_num(c, cell_to_num(x), 0);
		else
			grid_set_text(c, b.s);
		grid_set_shown(c, b.s);
	}
	fm_buf_release(&b);
	return c;
}

/* Sets the values of a row: is any of them simulated? */
static bool
set_values(const struct cube *q, const struct view *v, size_t t, size_t i,
    const char *metric, struct grid_cell *c)
{
	bool simulated = false;
	size_t j;

	for (j = 0; j < q->cols.g.n; j++) {
		size_t at = *cube_at(q, t, i, j);

		if (!at)
			continue;
		view_set(v, c + j, metric, at - 1);
		simulated = simulated || view_simulated(v, at - 1);
	}
	return simulated;
}

static void
add_rows(const struct cube *q, const struct view *v, size_t t,
    const char *metric, struct grid *g)
{
	size_t i;

	for (i = 0; i < q->rows.g.n; i++)
		(void)set_values(q, v, t, i, metric,
		    set_place(&q->rows, i, grid_add_row(g)));
}

static char *
title(const struct cube *q, const struct view *v, const char *metric, size_t t)
{
	const struct field *f = field_find(metric);
	struct fm_buf b = FM_BUF_INIT;

	fm_buf_puts(&b, f && f->head ? f->head : metric);
	if (f && *f->unit)
		fm_buf_printf(&b, " in %s", f->unit);
	fm_buf_puts(&b, ": ");
	if (q->by.n_cols) {
		put_place(&b, &q->by, t);
		fm_buf_puts(&b, ", ");
	}
	about_put(&b, &v->about, v->r);
	return fm_buf_detach(&b);
}

static bool
has(const struct axis *a, size_t col)
{
	size_t i;

	for (i = 0; i < a->n_cols; i++)
		if (a->cols[i] == col)
			return true;
	return false;
}

/* A table for each value of --by, under a title. */
static void
put_tables(const struct conf *c, const struct cube *q, const struct view *v,
    const char *metric, struct fm_buf *b)
{
	size_t t;

	if (v->r->n == 0)
		fm_buf_puts(b, "no records\n");
	for (t = 0; t < q->by.g.n; t++) {
		struct grid g = { 0 };

		add_cols(q, metric, "", &g);
		add_rows(q, v, t, metric, &g);
		g.title = title(q, v, metric, t);
		fm_buf_puts(b, t ? "\n" : "");
		grid_put(b, &g, (enum grid_format)c->format,
		    !c->output && grid_colour(stdout));
		grid_release(&g);
	}
}

/*
 * Programs want one table, and have no title: the fields of --by stand in
 * front, what is simulated behind.
 */
static void
put_one(const struct conf *c, const struct cube *q, const struct view *v,
    const char *metric, struct fm_buf *b)
{
	const struct field *f = field_find(metric);
	bool told = about_simulated(&v->about, v->r) &&
		    !has(&q->by, v->about.simulated) &&
		    !has(&q->rows, v->about.simulated);
	struct grid g = { 0 };
	size_t t, i;

	add_axis(&q->by, &g);
	add_cols(q, metric, f ? f->unit : "", &g);
	if (told)
		grid_add_col(&g, "simulated", "", false);
	for (t = 0; t < q->by.g.n; t++)
		for (i = 0; i < q->rows.g.n; i++) {
			struct grid_cell *cells = grid_add_row(&g);
			struct grid_cell *at = set_place(&q->by, t, cells);

			at = set_place(&q->rows, i, at);
			if (set_values(q, v, t, i, metric, at))
				grid_set_text(at + q->cols.g.n, "simulated");
			else if (told)
				grid_set_text(at + q->cols.g.n, "");
		}
	grid_put(b, &g, (enum grid_format)c->format, false);
	grid_release(&g);
}

void
cross_put(const struct conf *c, struct view *v, struct fm_buf *b)
{
	const char *metric = c->columns ? c->columns : "latency";
	struct grid scratch = { 0 };
	struct cube q;

	axis_init(&q.by, v->r, c->by);
	axis_init(&q.rows, v->r, c->rows);
	axis_init(&q.cols, v->r, c->cols);
	cube_fill(&q, v);
	/* Sets the decimals of the metric. */
	view_add_col(v, &scratch, metric);
	grid_release(&scratch);
	if (grid_for_people((enum grid_format)c->format))
		put_tables(c, &q, v, metric, b);
	else
		put_one(c, &q, v, metric, b);
	free(q.at);
	axis_release(&q.by);
	axis_release(&q.rows);
	axis_release(&q.cols);
}
