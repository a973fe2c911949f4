/*
 * Threads that take one input after the other. Each input is written to a
 * temporary file, which waits there until those before it are out.
 */
#include "jobs.h"

#include <pthread.h>
#include <stdlib.h>

#include "alloc.h"
#include "err.h"

struct job {
	struct out part;
	struct fm_err err;
	int status;
	bool done;
};

struct jobs {
	const struct conf *conf;
	json_t *own;
	jobs_read *read;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t ended;
	size_t next;
	struct job *job;
};

static void *
work(void *arg)
{
	struct jobs *s = arg;
	size_t i;

	for (;;) {
		(void)pthread_mutex_lock(&s->lock);
		i = s->next++;
		(void)pthread_mutex_unlock(&s->lock);
		if (i >= s->conf->paths.n)
			return NULL;
		if (out_open_part(
			&s->job[i].part, s->conf, s->own, &s->job[i].err) == 0)
			s->job[i].status = s->read(s->conf, i, &s->job[i].part);
		(void)pthread_mutex_lock(&s->lock);
		s->job[i].done = true;
		(void)pthread_cond_broadcast(&s->ended);
		(void)pthread_mutex_unlock(&s->lock);
	}
}

static int
collect(struct jobs *s, struct out *out, struct fm_err *err)
{
	int status = 0;
	size_t i;

	for (i = 0; i < s->conf->paths.n; i++) {
		struct job *j = &s->job[i];

		(void)pthread_mutex_lock(&s->lock);
		while (!j->done)
			(void)pthread_cond_wait(&s->ended, &s->lock);
		(void)pthread_mutex_unlock(&s->lock);
		if (j->err.code != FM_OK)
			(void)fm_err_set(err, j->err.code, "%s", j->err.text);
		else
			(void)out_join(out, &j->part, err);
		status = j->status > status ? j->status : status;
	}
	return status;
}

int
jobs_run(const struct conf *c, json_t *own, struct out *out, jobs_read *read,
    struct fm_err *err)
{
	struct jobs s = { c, own, read, PTHREAD_MUTEX_INITIALIZER,
		PTHREAD_COND_INITIALIZER, 0, NULL };
	size_t n = (size_t)c->jobs, i, started = 0;
	pthread_t *t;
	int status;

	if (n > c->paths.n)
		n = c->paths.n;
	t = fm_calloc(n, sizeof *t);
	s.job = fm_calloc(c->paths.n, sizeof *s.job);
	while (started < n && pthread_create(&t[started], NULL, work, &s) == 0)
		started++;
	if (started == 0)
		(void)work(&s);
	status = collect(&s, out, err);
	for (i = 0; i < started; i++)
		(void)pthread_join(t[i], NULL);
	free(t);
	free(s.job);
	return status;
}
