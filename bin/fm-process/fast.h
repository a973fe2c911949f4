/*
 * The fast lane for REP lines, which are nearly all of a log: a line that
 * looks like the one before it, but for its digits, is checked and read 32
 * bytes at a time. Everything else takes the slow way.
 */
#ifndef FAST_H
#define FAST_H

#include <stdbool.h>

#include "point.h"

enum {
	FAST_MAX = 256 /* longest part of a line that is compared */
};

/* Bytes that are all known, but for digits. */
struct form {
	size_t len; /* with the '\n'; 0 = no line yet */
	unsigned char same[FAST_MAX], add[FAST_MAX];
};

/* REP lines with stamps: embed/tf, infer/vllm, classic, nelson. */
struct fast {
	enum fm_dialect dialect;
	struct form tail; /* what follows the number */
	size_t width;     /* the number is padded to so many */
	int64_t reps;     /* planned, the same in all lines of the form */
	bool has_sizes;   /* and they are the same, too */
	bool has_model;   /* a first line tells more than repetitions */
	struct sizes sizes;
	bool by_stamps;       /* the time is t1 - t0 */
	size_t t0, t1, dt;    /* where they begin in the tail */
	size_t n0, n1, whole; /* bytes of t0 and t1; of dt before its point */
};

/* Learns the form of a line (without its end) that the slow way has read. */
void fast_learn(struct fast *f, const char *line, size_t n,
    const struct fm_line *l, const struct rep *r);

/* Is the line at `s` a first repetition in this form? */
bool fast_first(const struct fast *f, const char *s, const char *end);

/*
 * Reads lines as long as each goes on with point `p` in this form; returns
 * where the first other one begins, and adds their number to `*lines`.
 */
const char *fast_reps(const struct fast *f, struct point *p, const char *s,
    const char *end, int64_t *lines);

/* The same for REP lines of any kind that nobody reads. */
const char *fast_skip(const char *s, const char *end, int64_t *lines);

#endif
