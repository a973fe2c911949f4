/*
 * Loading the model that came of a build.
 */
#ifndef BUILD_LOAD_H
#define BUILD_LOAD_H

#include <jansson.h>

#include "err.h"
#include "model/model.h"

struct conf;

/* The model of a build that is complete, with its hash. `stale`: as the state
 * has it, whatever is asked for now. */
int build_load(struct fm_model *m, const char *dir, const json_t *state,
    bool stale, const struct conf *c, struct fm_err *err);

#endif
