/*
 * The watchdog of a backend: a thread that sees when the other end of stdin
 * has gone, whatever the main thread is stuck in, and ends everything ten
 * seconds later. Reads nothing, so requests that wait in the pipe are safe.
 */
#ifndef FM_HANGUP_H
#define FM_HANGUP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct fm_err;

struct fm_hangup {
	int fd;
	atomic_bool gone; /* for a second at least */
	pthread_t thread;
	bool on;
};

/*
 * Starts watching `fd`, a pipe or a socket; a file or a terminal never hangs
 * up. `h` must stay until fm_hangup_stop().
 *
 * One second after the hang-up `gone` is set: main loops look at it between
 * repetitions. The second lets a script that pipes in a few requests and
 * closes have its answers. After ten seconds the process group is killed when
 * this process leads it (fm-driver, ssh and srun see to that), else this
 * process alone: a shell's other jobs are not ours.
 */
int fm_hangup_watch(struct fm_hangup *h, int fd, struct fm_err *err);
void fm_hangup_stop(struct fm_hangup *h);

/* Costs one load. */
static inline bool
fm_hangup_seen(struct fm_hangup *h)
{
	return atomic_load_explicit(&h->gone, memory_order_relaxed);
}

#endif
