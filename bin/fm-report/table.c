/*
 * Tables of points: which records become a row, what is shown of it, in which
 * order. Tables in two directions are in cross.c.
 */
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "compare.h"
#include "cross.h"
#include "out.h"
#include "prog.h"
#include "view.h"

/* --- columns --- */

/* Does any row know this? */
static bool
known(const struct recs *r, size_t col)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (recs_at(r, col, i) != CELL_NULL)
			return true;
		if (!r->cols[col].v)
			break;
	}
	return false;
}

/* Is this shown even if it is the same everywhere? */
static bool
always(const char *name, bool for_people)
{
	return strcmp(name, "input") == 0 || strcmp(name, "batch") == 0 ||
	       (!for_people &&
		   (strcmp(name, "model") == 0 || strcmp(name, "output") == 0));
}

/* What is shown when nobody says so. */
static void
choose(struct view *v, const struct recs *r, enum grid_format format,
    struct fm_strs *list)
{
	size_t i, j, n, *by = fm_calloc(v->n_by, sizeof *by);
	bool repeated = v->groups.n < r->n, people = grid_for_people(format);

	memcpy(by, v->by, v->n_by * sizeof *by);
	n = people ? groups_distinguish(r, by, v->n_by, v->about.simulated)
		   : v->n_by;
	for (i = 0; i < v->n_by; i++) {
		const char *name = r->cols[v->by[i]].name;
		bool tells = false;

		for (j = 0; j < n; j++)
			tells = tells ||
				(by[j] == v->by[i] && !recs_is_same(r, by[j]));
		if ((tells && strcmp(name, "key") != 0) || always(name, people))
			fm_strs_add(list, name);
	}
	free(by);
	fm_strs_split(list,
	    people ? "latency interval throughput" : "latency lo hi throughput",
	    " ");
	if (known(r, v->ttft))
		fm_strs_split(list, "ttft itl", " ");
	if (repeated)
		fm_strs_add(list, "runs");
	fm_strs_add(list, "status");
}

/* --- rows in order --- */

struct key {
	size_t col;
	bool down;
};

struct order {
	size_t group;
	const struct order_ctx *x;
};

struct order_ctx {
	const struct view *v;
	const struct key *keys;
	size_t n_keys;
};

static cell
group_cell(const struct view *v, size_t col, size_t group)
{
	size_t n;

	if (groups_agree(&v->groups, group, v->r, col))
		return recs_at(v->r, col, groups_first(&v->groups, group));
	return cell_num(groups_median(&v->groups, group, v->r, col, &n));
}

static int
by_keys(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	const struct order_ctx *o = x->x;
	size_t i;

	for (i = 0; i < o->n_keys; i++) {
		size_t col = o->keys[i].col;
		int c = recs_compare(o->v->r, group_cell(o->v, col, x->group),
		    group_cell(o->v, col, y->group));

		if (c)
			return o->keys[i].down ? -c : c;
	}
	return (x->group > y->group) - (x->group < y->group);
}

static struct order *
sorted(const struct view *v, const struct order_ctx *x)
{
	struct order *o = fm_calloc(v->groups.n, sizeof *o);
	size_t i;

	for (i = 0; i < v->groups.n; i++) {
		o[i].group = i;
		o[i].x = x;
	}
	qsort(o, v->groups.n, sizeof *o, by_keys);
	return o;
}

/* --sort, else what the rows are grouped by. */
static struct key *
sort_keys(const struct conf *c, const struct view *v, size_t *n)
{
	struct fm_strs list = FM_STRS_INIT;
	struct key *keys;
	size_t i;

	if (c->sort)
		fm_strs_split(&list, c->sort, ", ");
	*n = c->sort ? list.n : v->n_by;
	keys = fm_calloc(*n, sizeof *keys);
	for (i = 0; i < *n; i++) {
		const char *s = c->sort ? list.v[i] : NULL;

		keys[i].down = s && *s == '-';
		keys[i].col = s ? recs_want(v->r, s + keys[i].down) : v->by[i];
	}
	fm_strs_release(&list);
	return keys;
}

/* --- putting it together --- */

static void
fill(struct view *v, const struct fm_strs *show, const struct order *o,
    struct grid *g)
{
	size_t i, j;

	for (j = 0; j < show->n; j++)
		view_add_col(v, g, show->v[j]);
	for (i = 0; i < v->groups.n; i++) {
		struct grid_cell *cells = grid_add_row(g);

		for (j = 0; j < show->n; j++)
			view_set(v, &cells[j], show->v[j], o[i].group);
	}
}

static void
want_list(struct recs *r, const char *list, bool sorts)
{
	struct fm_strs names = FM_STRS_INIT;
	size_t i;

	if (list)
		fm_strs_split(&names, list, ", ");
	for (i = 0; i < names.n; i++)
		(void)recs_want(r, names.v[i] + (sorts && *names.v[i] == '-'));
	fm_strs_release(&names);
}

void
table_want(const struct conf *c, struct recs *r)
{
	want_list(r, c->columns, false);
	want_list(r, c->sort, true);
	want_list(r, c->rows, false);
	want_list(r, c->cols, false);
	want_list(r, c->by, false);
}

void
table_grid(const struct conf *c, struct view *v, enum grid_format format,
    struct grid *g)
{
	struct fm_strs show = FM_STRS_INIT;
	struct order_ctx x = { v, NULL, 0 };
	struct key *keys = sort_keys(c, v, &x.n_keys);
	struct order *o;
	struct fm_buf title = FM_BUF_INIT;

	x.keys = keys;
	o = sorted(v, &x);
	if (c->columns)
		fm_strs_split(&show, c->columns, ", ");
	else
		choose(v, v->r, format, &show);
	if (about_simulated(&v->about, v->r) &&
	    fm_strs_find(&show, "simulated") < 0)
		fm_strs_add(&show, "simulated");
	fill(v, &show, o, g);
	about_put(&title, &v->about, v->r);
	g->title = fm_buf_detach(&title);
	fm_strs_release(&show);
	free(keys);
	free(o);
}

static void
plain(const struct conf *c, struct view *v, struct fm_buf *b)
{
	struct grid g = { 0 };

	table_grid(c, v, (enum grid_format)c->format, &g);
	grid_put(b, &g, (enum grid_format)c->format,
	    !c->output && grid_colour(stdout));
	grid_release(&g);
}

int
table_run(const struct conf *c, struct fm_err *err)
{
	struct recs r = { 0 };
	struct view v;
	struct fm_buf b = FM_BUF_INIT;
	int rc = recs_where(&r, c->where, err);

	if (rc == 0 && (c->rows || c->cols) && c->columns &&
	    strpbrk(c->columns, ", "))
		rc = fm_err_set(err, FM_USAGE,
		    "--columns names one field with --rows or --cols, got '%s'",
		    c->columns);
	r.in.strict = c->strict;
	table_want(c, &r);
	view_want(&v, &r, c->by, c->rows, c->cols);
	if (rc == 0)
		rc = recs_read(&r, &c->files, err);
	if (rc == 0) {
		view_group(&v);
		view_warn(&v);
		if (c->rows || c->cols)
			cross_put(c, &v, &b);
		else
			plain(c, &v, &b);
		rc = out_write(c->output, &b, err);
	}
	if (rc == 0 && r.in.bad)
		rc = 1;
	fm_buf_release(&b);
	view_release(&v);
	recs_release(&r);
	return rc;
}
