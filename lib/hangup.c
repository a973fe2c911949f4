/*
 * Hang-up of a backend's stdin. A thread of its own, because the main one may
 * be inside a vendor's library for hours.
 */
#define _GNU_SOURCE /* POLLRDHUP: half of a socket closed */
#include "hangup.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"

static void *
watch(void *arg)
{
	struct fm_hangup *h = arg;
	struct pollfd p = { .fd = h->fd, .events = POLLRDHUP };
	int n;

	do
		n = poll(&p, 1, -1);
	while (n < 0 && errno == EINTR);
	if (n < 0 || p.revents & POLLNVAL)
		return NULL;
	fm_clock_sleep_ns(INT64_C(1000000000));
	atomic_store(&h->gone, true);
	fm_clock_sleep_ns(INT64_C(9000000000));
	if (getpgrp() == getpid())
		(void)kill(0, SIGKILL);
	(void)kill(getpid(), SIGKILL);
	return NULL;
}

int
fm_hangup_watch(struct fm_hangup *h, int fd, struct fm_err *err)
{
	sigset_t all, old;

	h->fd = fd;
	atomic_init(&h->gone, false);
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	errno = pthread_create(&h->thread, NULL, watch, h);
	h->on = errno == 0;
	if (!h->on)
		(void)fm_err_sys(err, FM_INTERNAL, "cannot start a thread");
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return h->on ? 0 : -1;
}

void
fm_hangup_stop(struct fm_hangup *h)
{
	if (!h->on)
		return;
	(void)pthread_cancel(h->thread);
	(void)pthread_join(h->thread, NULL);
	h->on = false;
}
