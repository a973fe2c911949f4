/*
 * The inputs of a model in a backend: as a request declares them, shaped for
 * the sizes now asked for, filled before each repetition or read from files.
 * Knows nothing of requests besides their "inputs", and no device.
 */
#ifndef FM_FEED_H
#define FM_FEED_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "fill.h"
#include "tensor.h"

struct fm_err;

struct fm_feed_input {
	const char *name;    /* lives as long as the feed */
	enum fm_type type;   /* as declared */
	const json_t *shape; /* as declared: numbers and names */
	struct fm_tensor t;  /* host memory; moves only when it is shaped */
	struct fm_fill fill;
};

struct fm_feed {
	json_t *ports; /* the declaration */
	size_t n;
	struct fm_feed_input *inputs;
};

#define FM_FEED_INIT                                                           \
	{                                                                      \
		NULL, 0, NULL                                                  \
	}

/*
 * Takes the declaration, a list of {"name", "type", "shape": [number or name
 * of an open dimension …], "fill"}; NULL is an empty list. On failure there
 * is nothing to release.
 */
int fm_feed_open(struct fm_feed *f, json_t *ports, struct fm_err *err);
void fm_feed_release(struct fm_feed *f);

/*
 * Shapes every input, with `dims` = {"batch": 1, …} for open dimensions, and
 * gives those whose values never change their values. `fills` may replace
 * declared fills by input name, or be NULL.
 */
int fm_feed_shape(struct fm_feed *f, const json_t *dims, const json_t *fills,
    struct fm_err *err);

/* New values for a repetition, for the inputs whose values change. */
void fm_feed_fill(struct fm_feed *f, uint64_t seed, int64_t rep);

/*
 * Reads every input from a .npy file instead: `files` is a list of {"name",
 * "file"}. Each must be there, be declared, and have the declared type and
 * shape; what open dimensions turned out to be is set in `dims`.
 */
int fm_feed_load(
    struct fm_feed *f, const json_t *files, json_t *dims, struct fm_err *err);

#endif
