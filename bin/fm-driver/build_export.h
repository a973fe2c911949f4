/*
 * The stage `export` of a build: what the torch backend has made of a model
 * that it found becomes part of the build.
 */
#ifndef BUILD_EXPORT_H
#define BUILD_EXPORT_H

#include <jansson.h>
#include <stdio.h>

struct fm_err;
struct stage_work;

/* Moves model and inputs into the build; fails when the export has failed. */
int build_export(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err);

#endif
