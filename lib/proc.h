/*
 * Child processes: started with an argument array, in a session and process
 * group of their own, with pipes on stdin, stdout and stderr, and never left
 * behind.
 */
#ifndef FM_PROC_H
#define FM_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct fm_proc {
	pid_t pid; /* also the process group; 0 = none */
	int in;    /* its stdin: write here; -1 = closed */
	int out;   /* its stdout: read here */
	int errfd; /* its stderr: read here */
	int ended; /* descriptor that is readable when it has ended; -1 =
		    * there is no such thing here */
	bool done; /* it has ended: `status` is wait()'s, -1 = lost */
	int status;
	int64_t peak_bytes; /* most memory of one that has ended; -1 = not
			     * known */
};

#define FM_PROC_INIT                                                           \
	{                                                                      \
		0, -1, -1, -1, -1, false, 0, -1                                \
	}

/*
 * Starts argv[0] (searched in PATH when it has no slash). The child dies of
 * SIGKILL when the calling thread does (Linux), has no terminal to ask
 * anything on, ignores and blocks no signal, and inherits no descriptors but
 * its three. A program that is not there is FM_NODEVICE here, not a child
 * that ends.
 */
int fm_proc_start(struct fm_proc *p, char *const argv[], struct fm_err *err);

/* The same for a child that ends by itself at the end of its stdin: threads
 * may come and go without it. */
int fm_proc_start_loose(
    struct fm_proc *p, char *const argv[], struct fm_err *err);

/*
 * Waits up to `ns` (-1 = for ever) for its end: 1 ended, 0 not yet. Reads
 * nothing: a child may be waiting for its output to be read. Once the child
 * has ended, what it left behind in its group is killed.
 */
int fm_proc_wait(struct fm_proc *p, int64_t ns);

/*
 * Ends it: closes its stdin, waits `grace_ns`; SIGTERM to the group, waits
 * `term_ns`; SIGKILL to the group. Always leaves no process of the group.
 */
void fm_proc_end(struct fm_proc *p, int64_t grace_ns, int64_t term_ns);

/* Closes its stdin: whoever reads from it is told that we are gone. */
void fm_proc_hang_up(struct fm_proc *p);

/* "exit status 3", "killed by SIGSEGV (signal 11)"; returns `b`. */
const char *fm_proc_status_text(const struct fm_proc *p, char *b, size_t n);

/*
 * The most memory it has had resident, in bytes, ended or not; -1 = not
 * known. Of one that has ended it may be what it was forked with.
 */
int64_t fm_proc_peak_bytes(const struct fm_proc *p);

/* Closes what is open; the process must have ended. */
void fm_proc_release(struct fm_proc *p);

#endif
