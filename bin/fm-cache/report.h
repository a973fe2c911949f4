/*
 * The table of all builds: a row each, MLAgility's columns first.
 */
#ifndef REPORT_H
#define REPORT_H

struct conf;
struct fm_err;

/* Writes YYYY-MM-DD.csv and prints its name: an exit status, or -1. */
int report_write(const struct conf *c, struct fm_err *err);

#endif
