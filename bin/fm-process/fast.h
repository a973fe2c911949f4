/*
 * The fast lane for REP lines of embed/tf, which are nearly all of a log: a
 * line that looks like the one before it, but for its digits, is checked and
 * read sixteen bytes at a time. Everything else takes the slow way.
 */
#ifndef FAST_H
#define FAST_H

#include <stdbool.h>

#include "point.h"

enum {
	FAST_TAIL = 96 /* longest part of a line behind its number */
};

struct fast {
	size_t len;        /* of the tail, with its '\n'; 0 = no line yet */
	size_t t0, t1, dt; /* where they begin in the tail */
	int64_t reps;      /* planned, the same in all lines of the form */
	size_t dt_int;     /* digits before the point of dt */
	unsigned char same[FAST_TAIL], add[FAST_TAIL];
};

/* Learns the form of a line (without its end) that the slow way has read. */
void fast_learn(struct fast *f, const char *line, size_t n);

/* Is the line at `s` a first repetition in this form? */
bool fast_first(const struct fast *f, const char *s, const char *end);

/*
 * Reads lines as long as each goes on with point `p` in this form; returns
 * where the first other one begins, and adds their number to `*lines`.
 */
const char *fast_reps(const struct fast *f, struct point *p, const char *s,
    const char *end, int64_t *lines);

#endif
