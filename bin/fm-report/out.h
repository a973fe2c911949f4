/*
 * The way out: everything at once, to stdout or to a file that exists only
 * when it is complete.
 */
#ifndef OUT_H
#define OUT_H

#include "buf.h"
#include "err.h"

int out_write(const char *path, const struct fm_buf *b, struct fm_err *err);

#endif
