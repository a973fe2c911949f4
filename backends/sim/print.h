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

/* Tables gather operations as they are seen. */
struct tables;
struct tables *tables_new(void);
void tables_free(struct tables *t);
void tables_see(struct tables *t, const struct op *op);

/* The time-ordered log, one line an operation. */
void print_log_head(struct fm_buf *b);
void print_log_op(struct fm_buf *b, const struct op *op);
/* One line for each phase and kind of operation. */
void print_summary(struct fm_buf *b, const struct tables *t,
    const struct result *r, const struct sim *s);

#endif
