/*
 * Tables in two directions: one metric, a row for each value of some fields,
 * a column for each value of others, a table for each value of the rest.
 */
#ifndef CROSS_H
#define CROSS_H

#include "buf.h"
#include "conf.h"
#include "view.h"

/* `v` is grouped by all of --by, --rows and --cols. */
void cross_put(const struct conf *c, struct view *v, struct fm_buf *b);

#endif
