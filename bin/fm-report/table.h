/*
 * fm-report table.
 */
#ifndef TABLE_H
#define TABLE_H

#include "conf.h"
#include "err.h"
#include "view.h"

/* Asks for the columns that the options name. Before reading. */
void table_want(const struct conf *c, struct recs *r);

/* The rows of the view, grouped already, as --columns and --sort say. */
void table_grid(const struct conf *c, struct view *v, enum grid_format format,
    struct grid *g);

/* Exit status 0 or 1, or -1 with err. */
int table_run(const struct conf *c, struct fm_err *err);

#endif
