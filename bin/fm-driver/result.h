/*
 * What a measured point leaves with its build: a record of its own in the
 * cache, apart from the log.
 */
#ifndef RESULT_H
#define RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "sweep.h"

struct session;

/* The repetitions in order, warm-up and all. */
void result_point(struct session *s, const struct fm_point *at,
    const int64_t *dt_ns, size_t n);
void result_failed(
    struct session *s, const struct fm_point *at, const struct fm_err *why);

#endif
