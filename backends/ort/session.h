/*
 * Settings of a session: what the options of the backend mean to ONNX
 * Runtime, and what came of them.
 */
#ifndef FM_ORT_SESSION_H
#define FM_ORT_SESSION_H

#include <jansson.h>
#include <stdbool.h>

#include "api.h"

struct fm_backend;
struct fm_err;

/*
 * Session options from the backend's checked options. `folder` is where
 * external weights lie, or NULL. `*accelerator` tells whether a provider
 * besides the CPU's was asked for; `*provider` is the name of the first. The
 * caller releases `*out`, also after a failure.
 */
int ort_session_options(const struct ort_api *api, const json_t *options,
    const char *folder, struct ort_options **out, char **provider,
    bool *accelerator, struct fm_err *err);

/* Names of the library's execution providers. New reference, or NULL. */
json_t *ort_session_providers(const struct ort_api *api, struct fm_err *err);

/* 0 (verbose) to 4 (fatal) */
int ort_session_severity(const json_t *options);

/* Sets the number of threads, unless it is given, where we may not use all
 * CPUs. */
void ort_session_keep_to_cpus(json_t *options);

/* What the processor calls itself; the caller frees. */
char *ort_session_cpu(void);

/* The answer to `version`: the library's, as far as what it makes of a graph
 * depends on it. */
int ort_session_version(struct fm_backend *b, struct fm_err *err);

/* How many threads this process has now. */
int ort_session_threads(void);

#endif
