/*
 * Rows that agree in some columns, put together.
 */
#ifndef GROUP_H
#define GROUP_H

#include "recs.h"

struct groups {
	size_t n;
	size_t *of;   /* of each row: its group, by first appearance */
	size_t *from; /* rows[from[g] .. from[g + 1]) are the group's */
	size_t *rows;
};

void groups_make(
    struct groups *g, const struct recs *r, const size_t *cols, size_t n_cols);
void groups_release(struct groups *g);

static inline size_t
groups_first(const struct groups *g, size_t group)
{
	return g->rows[g->from[group]];
}

static inline size_t
groups_size(const struct groups *g, size_t group)
{
	return g->from[group + 1] - g->from[group];
}

/*
 * Of `n` columns those that tell rows apart which the ones before do not:
 * where the platform says it all, device and backend need not. Not the column
 * `but`, which is shown in its own way. In place; how many are left.
 */
size_t groups_distinguish(
    const struct recs *r, size_t *cols, size_t n, size_t but);

/* Have all rows of the group one value there? */
bool groups_agree(
    const struct groups *g, size_t group, const struct recs *r, size_t col);

/* Median of the numbers there, NAN when there is none; *n of them. */
double groups_median(const struct groups *g, size_t group, const struct recs *r,
    size_t col, size_t *n);

#endif
