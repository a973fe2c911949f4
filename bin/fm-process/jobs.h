/*
 * -j: several inputs at a time, their records in the order of the inputs.
 */
#ifndef JOBS_H
#define JOBS_H

#include "conf.h"
#include "out.h"

/* Reads the i-th path of the conf into `out`; returns the exit status. */
typedef int jobs_read(const struct conf *c, size_t i, struct out *out);

/* Runs `read` for every path on c->jobs threads; returns the worst status. */
int jobs_run(const struct conf *c, json_t *own, struct out *out,
    jobs_read *read, struct fm_err *err);

#endif
