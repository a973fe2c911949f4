/*
 * The stage `export` of a build: what the torch backend has made of a model
 * that it found becomes part of the build.
 */
#ifndef BUILD_EXPORT_H
#define BUILD_EXPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "model/model.h"

struct build_for;
struct conf;
struct fm_err;
struct stage_work;

/* All that decides what such a build is, the export being its first stage:
 * what its key is made from. New reference, or NULL. */
json_t *build_export_config(const struct conf *c, const struct build_for *f,
    bool native, fm_model_hasher *hash, void *arg, struct fm_err *err);

/* Puts model and inputs into the build; fails when the export has failed. */
int build_export(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err);

#endif
