/*
 * Running gnuplot as a child, with its script on a pipe.
 */
#ifndef GNUPLOT_H
#define GNUPLOT_H

#include "buf.h"
#include "err.h"

/* Runs the script to its end. What gnuplot complains of is the error. */
int gnuplot_run(const struct fm_buf *script, struct fm_err *err);

#endif
