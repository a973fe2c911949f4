/*
 * Which open dimension of a model follows what: the batch size, the input
 * size, or --dim.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "sweep.h"

struct conf;
struct fm_model;

/* The sizes of the sweep, after the model has had its say. */
struct shape {
	bool open_batch, open_input;  /* some dimension follows it */
	int64_t set_batch, set_input; /* sizes set for one that would, or 0 */
	struct fm_sweep sizes;
	struct fm_point *points; /* in fmwork's order */
	size_t n_points;
	json_t *extra; /* {name: size} set by --dim or --inputs */
};

/*
 * Checks sizes and --dim against the model: every open dimension has a size,
 * no size is asked for that the model cannot follow, none exceeds its
 * positions. `m` NULL: no model, everything goes. `given`: sizes implied by
 * --inputs, or NULL.
 */
int shape_init(struct shape *s, const struct conf *c, const struct fm_model *m,
    const json_t *given, struct fm_err *err);
void shape_release(struct shape *s);

/* The run request's "dims" of a point. New reference. */
json_t *shape_dims(
    const struct shape *s, const struct fm_model *m, const struct fm_point *at);

/* The open request's "inputs". New reference. */
json_t *shape_inputs(const struct fm_model *m);

#endif
