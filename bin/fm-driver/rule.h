/*
 * Conditions that users write about a point: 'latency > 50ms && batch >= 8'.
 * The grammar is lib/expr's; numbers may have a unit: us, ms and s make
 * milliseconds, as every latency of fm is printed in, and % a hundredth. A %
 * that stands before a value is lib/expr's remainder.
 */
#ifndef RULE_H
#define RULE_H

#include <stdbool.h>

#include "err.h"
#include "expr.h"

/*
 * Reads a rule over `names` (NULL at the end). What is wrong with it is a
 * usage error that begins with `option`; `e` is released by the caller.
 */
int rule_parse(struct fm_expr *e, const char *text, const char *option,
    const char *const names[], struct fm_err *err);

/* Does it speak of this name? */
bool rule_names(const struct fm_expr *e, const char *name);

/* A number; NAN is null: it is neither above nor below anything. */
void rule_set(struct fm_expr_value *v, double num);

#endif
