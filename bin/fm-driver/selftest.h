/*
 * --selftest: measures the harness itself, on the null device: what the clock
 * and a repetition cost, and whether slow-downs of 0, 2 and 5 % are called
 * what they are.
 */
#ifndef SELFTEST_H
#define SELFTEST_H

#include "err.h"

/* Prints the table on stdout. 0: this machine can tell 2 %; 1: it cannot;
 * -1 with err. Takes some seconds. */
int selftest_run(int wake_fd, struct fm_err *err);

#endif
