/*
 * The points of a unit: each is run by the backend as its policy says, its
 * repetitions are handed on as they come, and RES or ERR closes it.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include "err.h"

struct policy;
struct queue;
struct session;

/*
 * Runs the points that the queue gives in a session that is open. 0: all
 * measured; an exit status: some failed, and each has its ERR line; -1: broken
 * off.
 */
int measure_all(
    struct session *s, struct queue *q, struct policy *po, struct fm_err *err);

#endif
