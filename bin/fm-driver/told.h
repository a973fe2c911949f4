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

/* Adds to the open request what the backend needs to load the model. */
void told_request(json_t *open, const struct conf *c, const char *platform);

/*
 * Fills `m` from the "model" of a SYS line (fm-backend-torch(7)). Its content
 * hash is that of the files of c->model_path where that is a folder here.
 * Released with fm_model_release() in either case.
 */
int told_model(struct fm_model *m, const json_t *told, const struct conf *c,
    struct fm_err *err);

#endif
