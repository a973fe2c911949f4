/*
 * One value of a record in eight bytes: a number, or (in the payload of a
 * NaN, which JSON has not) null, true, false or the number of a text. Two
 * values of the same store are equal when their cells are.
 */
#ifndef CELL_H
#define CELL_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t cell;

#define CELL_TAG UINT64_C(0x7ff9000000000000)
#define CELL_NULL (CELL_TAG | 1)
#define CELL_FALSE (CELL_TAG | 2)
#define CELL_TRUE (CELL_TAG | 3)
#define CELL_TEXT (UINT64_C(0x7ffa000000000000))
#define CELL_MASK (UINT64_C(0xffff000000000000))

static inline cell
cell_num(double v)
{
	cell c;

	if (!isfinite(v))
		return CELL_NULL;
	v += 0.0; /* -0 and 0 are one */
	memcpy(&c, &v, sizeof c);
	return c;
}

static inline bool
cell_is_text(cell c)
{
	return (c & CELL_MASK) == CELL_TEXT;
}

static inline bool
cell_is_num(cell c)
{
	return !cell_is_text(c) && (c & CELL_MASK) != CELL_TAG;
}

/* NAN for what is no number. */
static inline double
cell_to_num(cell c)
{
	double v;

	if (!cell_is_num(c))
		return (double)NAN;
	memcpy(&v, &c, sizeof v);
	return v;
}

static inline cell
cell_of_bool(bool b)
{
	return b ? CELL_TRUE : CELL_FALSE;
}

/* Each text once, numbered. */
struct texts {
	char **v;
	size_t n, cap;
	uint32_t *slots; /* hash table: number + 1, 0 = free */
	size_t n_slots;
};

void texts_release(struct texts *t);
cell texts_add(struct texts *t, const char *s, size_t n);

static inline const char *
texts_get(const struct texts *t, cell c)
{
	return t->v[c & 0xffffffff];
}

#endif
