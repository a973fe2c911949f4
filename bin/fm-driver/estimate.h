/*
 * How long points will take, from a log of earlier ones.
 */
#ifndef ESTIMATE_H
#define ESTIMATE_H

#include "err.h"

struct policy;

/*
 * Has `p` learn from the points of this model on this platform that a log
 * holds; a log that is not there teaches nothing.
 */
int estimate_learn(struct policy *p, const char *log, const char *model,
    const char *platform, struct fm_err *err);

#endif
