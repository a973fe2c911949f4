/*
 * Grouping by a hash over the cells that must agree.
 */
#include "group.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "compare.h"

static uint64_t
hash(const struct recs *r, const size_t *cols, size_t n, size_t row)
{
	uint64_t h = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		h ^= recs_at(r, cols[i], row);
		h *= UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

static bool
agree(const struct recs *r, const size_t *cols, size_t n, size_t a, size_t b)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (recs_at(r, cols[i], a) != recs_at(r, cols[i], b))
			return false;
	return true;
}

struct table {
	size_t *slots; /* first row of a group + 1, 0 = free */
	size_t n;      /* a power of two */
};

/* The slot of the row's group, or a free one. */
static size_t
find(const struct table *t, const struct recs *r, const size_t *cols,
    size_t n_cols, size_t row)
{
	size_t at = hash(r, cols, n_cols, row) & (t->n - 1);

	while (t->slots[at] && !agree(r, cols, n_cols, t->slots[at] - 1, row))
		at = (at + 1) & (t->n - 1);
	return at;
}

static void
grow(struct table *t, const struct recs *r, const size_t *cols, size_t n_cols)
{
	struct table old = *t;
	size_t i;

	t->n = old.n ? old.n * 2 : 256;
	t->slots = fm_calloc(t->n, sizeof *t->slots);
	for (i = 0; i < old.n; i++)
		if (old.slots[i])
			t->slots[find(t, r, cols, n_cols, old.slots[i] - 1)] =
			    old.slots[i];
	free(old.slots);
}

/* Counting sort of the rows by their group. */
static void
collect(struct groups *g, size_t n_rows)
{
	size_t i, *at;

	g->from = fm_calloc(g->n + 1, sizeof *g->from);
	g->rows = fm_calloc(n_rows, sizeof *g->rows);
	for (i = 0; i < n_rows; i++)
		g->from[g->of[i] + 1]++;
	for (i = 0; i < g->n; i++)
		g->from[i + 1] += g->from[i];
	at = fm_calloc(g->n + 1, sizeof *at);
	memcpy(at, g->from, (g->n + 1) * sizeof *at);
	for (i = 0; i < n_rows; i++)
		g->rows[at[g->of[i]]++] = i;
	free(at);
}

void
groups_make(
    struct groups *g, const struct recs *r, const size_t *cols, size_t n_cols)
{
	struct table t = { NULL, 0 };
	size_t i, at;

	memset(g, 0, sizeof *g);
	g->of = fm_calloc(r->n, sizeof *g->of);
	for (i = 0; i < r->n; i++) {
		if ((g->n + 1) * 2 > t.n)
			grow(&t, r, cols, n_cols);
		at = find(&t, r, cols, n_cols, i);
		if (!t.slots[at]) {
			t.slots[at] = i + 1;
			g->of[i] = g->n++;
		} else {
			g->of[i] = g->of[t.slots[at] - 1];
		}
	}
	free(t.slots);
	collect(g, r->n);
}

void
groups_release(struct groups *g)
{
	free(g->of);
	free(g->from);
	free(g->rows);
	memset(g, 0, sizeof *g);
}

bool
groups_agree(
    const struct groups *g, size_t group, const struct recs *r, size_t col)
{
	cell c = recs_at(r, col, groups_first(g, group));
	size_t i;

	if (!r->cols[col].v)
		return true;
	for (i = g->from[group]; i < g->from[group + 1]; i++)
		if (recs_at(r, col, g->rows[i]) != c)
			return false;
	return true;
}

double
groups_median(const struct groups *g, size_t group, const struct recs *r,
    size_t col, size_t *n)
{
	double *v = fm_calloc(groups_size(g, group), sizeof *v), m;
	size_t i;

	*n = 0;
	for (i = g->from[group]; i < g->from[group + 1]; i++) {
		v[*n] = recs_num(r, col, g->rows[i]);
		*n += isnan(v[*n]) ? 0 : 1;
	}
	m = *n ? fm_compare_median(v, *n) : (double)NAN;
	free(v);
	return m;
}

size_t
groups_distinguish(const struct recs *r, size_t *cols, size_t n, size_t but)
{
	size_t i, m = 0, classes = 1;

	for (i = 0; i < n; i++) {
		struct groups g;

		if (recs_is_same(r, cols[i]) || cols[i] == but)
			continue;
		cols[m] = cols[i];
		groups_make(&g, r, cols, m + 1);
		if (g.n > classes) {
			classes = g.n;
			m++;
		}
		groups_release(&g);
	}
	return m;
}
