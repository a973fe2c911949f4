/*
 * Models that a backend loads by itself: what is asked of it, and what it
 * tells about the model when it has opened it.
 */
#ifndef TOLD_H
#define TOLD_H

#include <jansson.h>

#include "err.h"
#include "model/model.h"

struct conf;

/* Adds to the open request what the backend needs to load the model, which
 * is in `path`; the prompt is read from its file. */
int told_request(json_t *open, const struct conf *c, const char *path,
    const char *platform, struct fm_err *err);

/* Is it a file of PyTorch's: TorchScript (.pt), an exported program (.pt2)? */
bool told_is_file(const char *path);

/*
 * Sizes that the backend has found out by itself: {dimension: size}, a new
 * reference. A prompt has as many tokens as it has: another --input_sizes is
 * an error.
 */
int told_dims(const json_t *told, const struct conf *c, json_t **dims,
    struct fm_err *err);

/*
 * Fills `m` from the "model" of a SYS line (fm-backend-torch(7)). Its content
 * hash is that of the file `path`, or of the files in it where it is a folder
 * here. Released with fm_model_release() in either case.
 */
int told_model(struct fm_model *m, const json_t *told, const struct conf *c,
    const char *path, struct fm_err *err);

#endif
