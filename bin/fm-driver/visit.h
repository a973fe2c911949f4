/*
 * One point on its way through a backend: its request, the answer in pieces,
 * and as many attempts as its policy allows. What is printed of it stands in
 * the log's buffer afterwards; RES or ERR is the caller's.
 */
#ifndef VISIT_H
#define VISIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "quiet.h"
#include "sweep.h"

struct policy;
struct progress;
struct session;
struct until;

/* The repetitions of one point. */
struct reps {
	int64_t *dt_ns; /* in order */
	size_t n, cap;
	int64_t t0_ns, t1_ns; /* start of the first, end of the last */
	struct fm_buf after;  /* lines that follow RES */
};

/* A point on its way. */
struct visit {
	struct session *s;
	struct policy *po;
	struct progress *pr;
	const struct fm_point *at;
	json_t *q;           /* the request */
	json_t *obs;         /* what was observed */
	json_t *retried;     /* why attempts failed, or NULL */
	struct until *until; /* NULL: the repetitions are one piece */
	struct reps r;
	struct quiet quiet; /* what was found before it */
	int64_t begun_ns;   /* of the last attempt, with its backend ready */
	int attempts;
	bool fresh; /* its backend was opened for this point */
	bool hold;  /* lines wait: they may be forgotten */
	bool asked; /* a backend was told of its sizes */
};

/*
 * Runs the point until it is measured, or has failed for good. 0; or -1 with
 * the last attempt's error, or FM_STOPPED.
 */
int visit_run(struct visit *v, const json_t *dims, struct fm_err *err);
void visit_release(struct visit *v);

#endif
