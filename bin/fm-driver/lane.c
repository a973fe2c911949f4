/*
 * Lanes. The first one is the calling thread, and its session opens before
 * the others start: what is wrong with a unit shows once, and the build is
 * made once.
 */
#include "lane.h"

#include <stdlib.h>

#include "alloc.h"
#include "conf.h"
#include "journal.h"
#include "measure.h"
#include "place.h"
#include "policy.h"
#include "prog.h"
#include "progress.h"
#include "session.h"
#include "text.h"

/* --- the queue --- */

bool
queue_next(struct queue *q, size_t *i)
{
	bool any;

	(void)pthread_mutex_lock(&q->lock);
	any = !q->closed && q->next < q->n;
	if (any)
		*i = q->next++;
	(void)pthread_mutex_unlock(&q->lock);
	return any;
}

bool
queue_leave(struct queue *q)
{
	bool others;

	(void)pthread_mutex_lock(&q->lock);
	others = q->lanes > 1;
	q->lanes -= others;
	(void)pthread_mutex_unlock(&q->lock);
	return others;
}

static void
queue_join(struct queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->lanes++;
	(void)pthread_mutex_unlock(&q->lock);
}

static void
queue_close(struct queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->closed = true;
	(void)pthread_mutex_unlock(&q->lock);
}

/* --- lanes --- */

struct lane {
	const struct conf *c;
	struct errand e;
	struct text *t;
	struct text own; /* of every lane but the first */
	struct queue *q;
	struct policy *policy; /* of all lanes */
	struct session s;
	struct fm_err err;
	pthread_t thread;
	bool started;
	int rc; /* as lanes_measure() has it */
};

static int
open_lane(struct lane *l)
{
	if (session_start(&l->s, l->c, l->t, &l->e, &l->err) != 0 ||
	    session_import(&l->s, &l->err) != 0)
		return -1;
	/* All were left out, or are other shards'. */
	if (l->s.shape.n_points == 0)
		return 0;
	return session_open(&l->s, &l->err);
}

static void
measure_lane(struct lane *l)
{
	queue_join(l->q);
	l->rc = measure_all(&l->s, l->q, l->policy, &l->err);
	if (l->rc < 0)
		queue_close(l->q);
}

/* A lane that cannot be opened is a row; the others do its work. */
static void *
run_lane(void *arg)
{
	struct lane *l = arg;
	struct fm_err ignored = FM_ERR_INIT;

	l->rc = open_lane(l);
	if (l->rc == 0) {
		fm_buf_clear(&l->own.b);
		measure_lane(l);
	} else if (l->err.code != FM_STOPPED) {
		fm_buf_clear(&l->own.b);
		text_failure(&l->own, &l->err);
		(void)text_point(&l->own, &ignored);
		l->rc = fm_prog_fail("fm-driver", &l->err);
	}
	session_end(&l->s);
	return NULL;
}

static void
start_others(struct lane *lanes, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++) {
		struct lane *l = &lanes[i];

		l->c = lanes[0].c;
		l->q = lanes[0].q;
		l->policy = lanes[0].policy;
		l->t = &l->own;
		text_init(&l->own, lanes[0].e.journal);
		l->own.held = true;
		l->started = pthread_create(&l->thread, NULL, run_lane, l) == 0;
		if (!l->started)
			fm_prog_say("fm-driver",
			    "lane %zu could not be started", i + 1);
	}
}

/* The worst of all lanes. */
static int
join_others(struct lane *lanes, size_t n)
{
	int rc = lanes[0].rc;
	size_t i;

	for (i = 1; i < n; i++) {
		struct lane *l = &lanes[i];

		if (l->started)
			(void)pthread_join(l->thread, NULL);
		text_release(&l->own);
		if (rc >= 0 && l->rc < 0) {
			lanes[0].err = l->err;
			rc = -1;
		} else if (rc >= 0 && l->rc > rc) {
			rc = l->rc;
		}
	}
	return rc;
}

int
lanes_measure(const struct conf *c, const struct errand *e,
    const struct places *p, struct text *t, struct fm_err *err)
{
	struct lane *lanes = fm_calloc(p->n, sizeof *lanes);
	struct queue q = { PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, false };
	struct policy policy;
	bool several = p->n > 1;
	size_t i;
	int rc;

	for (i = 0; i < p->n; i++) {
		lanes[i].e = *e;
		lanes[i].e.place = &p->v[i];
	}
	lanes[0].c = c;
	lanes[0].t = t;
	lanes[0].q = &q;
	lanes[0].policy = &policy;
	policy_init(&policy, c);
	lanes[0].rc = rc = open_lane(&lanes[0]);
	q.n = lanes[0].s.shape.n_points;
	progress_plan(e->progress, lanes[0].s.shape.points, rc == 0 ? q.n : 0,
	    conf_points(c));
	if (rc == 0 && several)
		text_defer(t);
	if (rc == 0 && q.n) {
		t->held = several;
		if (several)
			start_others(lanes, p->n);
		measure_lane(&lanes[0]);
		session_end(&lanes[0].s);
		rc = join_others(lanes, p->n);
		t->held = false;
		fm_buf_clear(&e->journal->deferred);
		if (rc == fm_code_status(FM_DIED) &&
		    !journal_has_any(e->journal))
			fm_prog_say("fm-driver",
			    "nothing could be measured: the backend has gone");
	} else {
		session_end(&lanes[0].s);
	}
	if (rc < 0)
		*err = lanes[0].err;
	(void)pthread_mutex_destroy(&q.lock);
	policy_release(&policy);
	free(lanes);
	return rc;
}
