/*
 * Lanes. The first one that can be opened is the calling thread, and its
 * session opens before the others start: what is wrong with a unit shows once,
 * and the build is made once.
 */
#include "lane.h"

#include <stdlib.h>

#include "alloc.h"
#include "conf.h"
#include "gen.h"
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
	int rc = session_start(&l->s, l->c, l->t, &l->e, &l->err);

	if (rc == 0)
		rc = session_import(&l->s, &l->err);
	/* The first lane has told of the model. */
	if (l->t == &l->own)
		fm_buf_clear(&l->own.b);
	/* All were left out, or are other shards'. */
	if (rc != 0 || l->s.shape.n_points == 0)
		return rc;
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
		text_failure(&l->own, &l->err);
		(void)text_point(&l->own, &ignored);
		l->rc = fm_prog_fail("fm-driver", &l->err);
	}
	session_end(&l->s);
	return NULL;
}

/* Is it the place that failed? Another one may do better. */
static bool
is_place(const struct fm_err *err)
{
	return err->code == FM_NODEVICE || err->code == FM_BUSY ||
	       err->code == FM_DIED || err->code == FM_TIMEOUT;
}

/* Opens the first lane that can be; those before it are rows. Its number. */
static size_t
open_first(struct lane *lanes, size_t n)
{
	size_t i;

	for (i = 0;; i++) {
		struct lane *l = &lanes[i];

		l->rc = open_lane(l);
		if (l->rc == 0 || i + 1 == n || !is_place(&l->err))
			return i;
		text_failure(l->t, &l->err);
		l->rc = fm_prog_fail("fm-driver", &l->err);
		session_end(&l->s);
	}
}

static void
start_others(struct lane *lanes, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++) {
		struct lane *l = &lanes[i];

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
	struct gen gen;
	struct queue q = { PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, false,
		c->n_output ? &gen : NULL };
	struct policy policy;
	struct lane *first;
	bool several;
	size_t i, n;
	int rc;

	for (i = 0; i < p->n; i++) {
		struct lane *l = &lanes[i];

		l->e = *e;
		l->e.place = &p->v[i];
		l->c = c;
		l->t = t;
		l->q = &q;
		l->policy = &policy;
	}
	gen_init(&gen);
	policy_init(&policy, c);
	first = lanes + open_first(lanes, p->n);
	n = p->n - (size_t)(first - lanes);
	several = n > 1;
	rc = first->rc;
	q.n = first->s.shape.n_points;
	progress_plan(e->progress, first->s.shape.points, rc == 0 ? q.n : 0,
	    conf_points(c));
	if (rc == 0 && several)
		text_defer(t);
	if (rc == 0 && q.n) {
		t->held = several;
		if (several)
			start_others(first, n);
		measure_lane(first);
		session_end(&first->s);
		rc = join_others(first, n);
		t->held = false;
		fm_buf_clear(&e->journal->deferred);
		if (rc == fm_code_status(FM_DIED) &&
		    !journal_has_any(e->journal))
			fm_prog_say("fm-driver",
			    "nothing could be measured: the backend has gone");
	} else {
		session_end(&first->s);
	}
	for (i = 0; &lanes[i] < first && rc >= 0; i++)
		rc = rc > lanes[i].rc ? rc : lanes[i].rc;
	if (rc < 0)
		*err = first->err;
	(void)pthread_mutex_destroy(&q.lock);
	policy_release(&policy);
	gen_release(&gen);
	free(lanes);
	return rc;
}
