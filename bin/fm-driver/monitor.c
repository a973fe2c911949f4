/*
 * A thread draws, so that stages need not know that they are watched. It
 * writes to stderr, and only while a stage runs.
 */
#include "monitor.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"

enum {
	FRAME_MS = 120
};

struct monitor {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	char *name; /* of the stage that runs, or NULL */
	bool drawing;
};

static bool
is_set(const char *variable)
{
	const char *v = getenv(variable);

	return v && *v;
}

struct monitor *
monitor_start(bool wanted, const char *build)
{
	const char *term = getenv("TERM");
	struct monitor *m;

	if (!wanted || is_set("NO_COLOR") || !isatty(STDERR_FILENO) || !term ||
	    strcmp(term, "dumb") == 0)
		return NULL;
	m = fm_calloc(1, sizeof *m);
	(void)pthread_mutex_init(&m->lock, NULL);
	(void)pthread_cond_init(&m->wake, NULL);
	(void)fprintf(stderr, "building '%s'\n", build);
	return m;
}

/* Frames until the stage has ended. */
static void *
draw(void *arg)
{
	static const char frames[] = "-\\|/";
	struct monitor *m = arg;
	struct timespec until;
	size_t i;

	(void)pthread_mutex_lock(&m->lock);
	for (i = 0; m->drawing; i = (i + 1) % (sizeof frames - 1)) {
		(void)fprintf(stderr, "\r  %c %s ", frames[i], m->name);
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += FRAME_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_nsec -= 1000000000L;
			until.tv_sec++;
		}
		(void)pthread_cond_timedwait(&m->wake, &m->lock, &until);
	}
	(void)pthread_mutex_unlock(&m->lock);
	return NULL;
}

void
monitor_stage(struct monitor *m, const char *name)
{
	if (!m)
		return;
	m->name = fm_strdup(name);
	m->drawing = true;
	if (pthread_create(&m->thread, NULL, draw, m) != 0)
		m->drawing = false;
}

void
monitor_stage_end(struct monitor *m, bool good, int64_t ns)
{
	bool drawing;

	if (!m || !m->name)
		return;
	(void)pthread_mutex_lock(&m->lock);
	drawing = m->drawing;
	m->drawing = false;
	(void)pthread_cond_signal(&m->wake);
	(void)pthread_mutex_unlock(&m->lock);
	if (drawing)
		(void)pthread_join(m->thread, NULL);
	(void)fprintf(stderr, "\r  %s %s (%.2f s)\n",
	    good ? "\033[32m\xe2\x9c\x93\033[0m"
		 : "\033[31m\xe2\x9c\x97\033[0m",
	    m->name, (double)ns / 1e9);
	free(m->name);
	m->name = NULL;
}

void
monitor_end(struct monitor *m)
{
	if (!m)
		return;
	(void)pthread_cond_destroy(&m->wake);
	(void)pthread_mutex_destroy(&m->lock);
	free(m->name);
	free(m);
}
