/*
 * fm-report table.
 */
#ifndef TABLE_H
#define TABLE_H

#include "conf.h"
#include "err.h"

/* Exit status 0 or 1, or -1 with err. */
int table_run(const struct conf *c, struct fm_err *err);

#endif
