/*
 * Lanes: places where points of one unit of the plan are measured side by
 * side. A lane is a thread with a session, and so a backend, of its own; it
 * owns its devices while it measures.
 */
#ifndef LANE_H
#define LANE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct conf;
struct errand;
struct gen;
struct places;
struct text;

/* The points of a unit, of which each is taken once. */
struct queue {
	pthread_mutex_t lock;
	size_t next, n;
	size_t lanes;    /* that are open, and take points */
	bool closed;     /* no more are to be taken */
	struct gen *gen; /* of all lanes; NULL: nothing is generated */
};
bool queue_next(struct queue *q, size_t *i);

/* A lane has lost what it measures with: may it leave the rest to others? */
bool queue_leave(struct queue *q);

/*
 * Measures a unit on all places. 0, an exit status when something failed, -1
 * with err.
 */
int lanes_measure(const struct conf *c, const struct errand *e,
    const struct places *p, struct text *t, struct fm_err *err);

#endif
