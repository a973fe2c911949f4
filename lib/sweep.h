/*
 * Sizes of a sweep as users write them, and the points they make.
 *
 * A list is "1,8,128-1024*2": whole numbers from 1 up and ranges, a-b in steps
 * of 1, a-b+s in steps of s, a-b*f each f times the one before; b belongs to
 * the range when a step falls on it. Order and duplicates are kept.
 */
#ifndef FM_SWEEP_H
#define FM_SWEEP_H

#include <stddef.h>
#include <stdint.h>

struct fm_buf;
struct fm_err;

struct fm_point {
	int64_t input;  /* tokens of each sequence */
	int64_t output; /* tokens to generate */
	int64_t batch;  /* sequences */
};

/* Three lists of sizes; the owner frees each array. */
struct fm_sweep {
	int64_t *inputs, *outputs, *batches;
	size_t n_inputs, n_outputs, n_batches;
};

enum fm_sweep_order {
	FM_SWEEP_EMBED, /* batch outside, then output, input inside */
	FM_SWEEP_INFER  /* input outside, then output, batch inside */
};

/*
 * Reads a list into a new array that the caller frees. `what` is the option,
 * for messages. At most a million sizes, each below 2^31.
 */
int fm_sweep_sizes(const char *text, const char *what, int64_t **v, size_t *n,
    struct fm_err *err);

/*
 * All combinations, in a new array that the caller frees; without outputs,
 * output is 1. At most ten million points.
 */
int fm_sweep_points(const struct fm_sweep *s, enum fm_sweep_order order,
    struct fm_point **points, size_t *n, struct fm_err *err);

/* Appends "[1, 8]", as Python prints a list. */
void fm_sweep_put_list(struct fm_buf *b, const int64_t *v, size_t n);

#endif
