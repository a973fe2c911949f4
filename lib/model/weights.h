/*
 * The tensors of a checkpoint: where each lies in its .safetensors file, and
 * what it is. Reads headers only. Also the other way round: tensors that are
 * asked for come into being, and are written with random values.
 */
#ifndef FM_WEIGHTS_H
#define FM_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "strs.h"
#include "tensor.h"

struct fm_err;

struct fm_weight {
	char *name;
	char dtype[12];    /* as the file spells it: "F32" */
	enum fm_type type; /* FM_TYPE_NONE: not one of ours */
	int rank;
	int64_t dims[FM_DIMS_MAX];
	size_t file;     /* index into files */
	uint64_t offset; /* bytes, from the start of the file */
	uint64_t bytes;
};

struct fm_weights {
	char *dir;            /* folder the files really lie in */
	struct fm_strs files; /* their names in it */
	struct fm_weight *v;  /* sorted by name; when made up: in order */
	size_t n, cap;
	bool made_up;   /* fm_weights_add() is allowed */
	uint64_t begin; /* bytes: where the data of a made-up file begins */
	uint64_t next;  /* bytes: where its next tensor begins */
};

/*
 * Reads the headers of model.safetensors, or of the files that
 * model.safetensors.index.json names. Symbolic links are followed to the
 * files themselves; files that then lie in different folders are linked into
 * `work`. 1 if there are none, else 0 or -1.
 */
int fm_weights_open(struct fm_weights *w, const char *folder, const char *work,
    struct fm_err *err);

/* An empty set of random weights for `dir`/`file`, of at most `max` tensors
 * with names of at most 100 bytes. */
void fm_weights_make_up(
    struct fm_weights *w, const char *dir, const char *file, size_t max);
void fm_weights_release(struct fm_weights *w);

/* The folder in which a file really lies, links followed; NULL with errno. */
char *fm_weights_folder_of(const char *path);

/* By name, or NULL. */
const struct fm_weight *fm_weights_find(
    const struct fm_weights *w, const char *name);
/* Adds a float tensor to a made-up set; valid until the next one. */
const struct fm_weight *fm_weights_add(
    struct fm_weights *w, const char *name, int rank, const int64_t *dims);

/*
 * Writes the made-up set. Tensors named *LayerNorm.weight and the like (one
 * dimension, ".weight") are ones, ".bias" zeros, everything else is uniform
 * with the given standard deviation.
 */
int fm_weights_write(
    struct fm_weights *w, uint64_t seed, double std, struct fm_err *err);

#endif
