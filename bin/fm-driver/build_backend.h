/*
 * Stages that a backend does: ONNX Runtime rewrites a graph, a vendor's
 * compiler makes of it what its device runs. And what of the backend goes
 * into the key, so that a build for one is no build for another.
 */
#ifndef BUILD_BACKEND_H
#define BUILD_BACKEND_H

#include <jansson.h>
#include <stdio.h>

#include "build.h"
#include "build_stage.h"
#include "err.h"

/* Does the backend make a build of its own? */
bool build_backend_can(const struct build_for *f);

/*
 * Completes the stages `optimize` and `build` of a sequence with what they
 * depend on: versions, and for `build` the backend's name and options.
 */
int build_backend_inputs(json_t *sequence, const struct conf *c,
    const struct build_for *f, struct fm_err *err);

int build_backend_optimize(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err);
int build_backend_build(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err);

#endif
