/*
 * What is told of a simulated point: the SIM line, and tables for people.
 */
#ifndef PRINT_H
#define PRINT_H

#include "buf.h"
#include "result.h"
#include "sim.h"

/* FMWORK SIM … */
void print_sim(struct fm_buf *b, const struct sim *s, const struct point *p,
    const struct result *r);

/* FMWORK PROF …: the operation as row `id` of a profile. */
void print_row(struct fm_buf *b, const struct op *op, int64_t id);

/* The time-ordered log, one line an operation. */
void print_log_head(struct fm_buf *b);
void print_log_op(struct fm_buf *b, const struct op *op);
/* The same for reading: what every operation was spent on. */
void print_trace(struct fm_buf *b, const struct op *op);

#endif
