/*
 * Records in memory, by columns: only the fields that were asked for, eight
 * bytes each, and one for all rows while it is the same in all of them.
 */
#ifndef RECS_H
#define RECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cell.h"
#include "err.h"
#include "expr.h"
#include "field.h"
#include "input.h"

struct column {
	char *name;
	const struct field *field; /* NULL: the path `name` */
	size_t slot[4];            /* in input.pick */
	cell same;                 /* of all rows, while v is NULL */
	cell *v;
	/* The text last seen, and what it was made to. */
	char *seen;
	size_t seen_n, seen_cap;
	cell seen_cell;
};

struct recs {
	struct input in;
	struct texts texts;
	struct column *cols;
	size_t n_cols, cap_cols;
	size_t n, cap; /* rows */
	cell *row;     /* the one being read, n_cols cells */
	struct fm_expr where;
	size_t *where_col; /* column of each of its names */
};

void recs_release(struct recs *r);

/* The column of a field; adds it. Before reading only. */
size_t recs_want(struct recs *r, const char *name);

/* The rows that are wanted; text NULL: all. */
int recs_where(struct recs *r, const char *text, struct fm_err *err);

/* Reads and keeps rows; may be called more than once. */
int recs_read(struct recs *r, const struct fm_strs *files, struct fm_err *err);

/* Replaces each value of a column by what `f` makes of it. */
void recs_map(struct recs *r, size_t col, cell (*f)(struct recs *r, cell c));

static inline cell
recs_at(const struct recs *r, size_t col, size_t row)
{
	const struct column *c = &r->cols[col];

	return c->v ? c->v[row] : c->same;
}

static inline double
recs_num(const struct recs *r, size_t col, size_t row)
{
	return cell_to_num(recs_at(r, col, row));
}

/* NULL when it is no text. */
static inline const char *
recs_text(const struct recs *r, size_t col, size_t row)
{
	cell c = recs_at(r, col, row);

	return cell_is_text(c) ? texts_get(&r->texts, c) : NULL;
}

/* Order of values: numbers, then texts, then what is not there. */
int recs_compare(const struct recs *r, cell a, cell b);

/* Has it one value in all rows? */
bool recs_is_same(const struct recs *r, size_t col);

#endif
