/*
 * fm-driver --analyze_only: what models are, without running them.
 */
#ifndef ANALYZE_H
#define ANALYZE_H

#include "err.h"

struct conf;

/* Prints a table, or JSON, of the models of the command line: an exit status,
 * or -1 with err when none could be looked at. */
int analyze_run(const struct conf *c, struct fm_err *err);

#endif
