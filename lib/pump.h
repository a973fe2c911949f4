/*
 * A child process and its three pipes, served by one poll(): what it says on
 * stdout comes out in lines, what it says on stderr never blocks it and its
 * last lines are kept, what is sent to it goes when it takes it. Knows
 * nothing of what the lines mean.
 *
 * SIGPIPE must be ignored in a program that uses this.
 */
#ifndef FM_PUMP_H
#define FM_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "proc.h"
#include "strs.h"

enum {
	FM_PUMP_TAIL_LINES = 20,
	FM_PUMP_TAIL_BYTES = 500 /* kept of one of them */
};

struct fm_pump {
	struct fm_proc proc;
	int wake_fd;         /* readable: stop waiting; -1 = none */
	int stderr_fd;       /* copy of its stderr goes here; -1 = none */
	struct fm_buf in;    /* to be sent; append, then turn */
	struct fm_buf out;   /* its stdout; what is before `at` was read */
	size_t at, seen;     /* no line end in out.s[at .. at + seen) */
	struct fm_buf errs;  /* the unfinished line of its stderr, cut */
	struct fm_strs tail; /* its last lines */
	char *last_err;      /* the last one of its stderr, or NULL */
	bool deaf;           /* it has closed its stdin */
	bool out_eof, err_eof;
};

enum fm_pumped {
	FM_PUMP_MOVED,  /* something came, went or ended */
	FM_PUMP_WAITED, /* nothing did */
	FM_PUMP_WOKEN   /* wake_fd is readable */
};

/* Starts argv[0], as fm_proc_start() does. */
int fm_pump_start(struct fm_pump *p, char *const argv[], int wake_fd,
    int stderr_fd, struct fm_err *err);

/* As fm_proc_start_loose() does. */
int fm_pump_start_loose(struct fm_pump *p, char *const argv[], int wake_fd,
    int stderr_fd, struct fm_err *err);

/* Waits until anything moves, at most `ns` (-1 = for ever), and moves it.
 * `wake`: looks at wake_fd. */
enum fm_pumped fm_pump_turn(struct fm_pump *p, int64_t ns, bool wake);

/* Sends what the pipe takes now. */
void fm_pump_give(struct fm_pump *p);

/* The next whole line of its stdout, without its end, valid until the next
 * turn; NULL while there is none. A last line without its end is never one. */
char *fm_pump_line(struct fm_pump *p, size_t *len);

/* Bytes of stdout that are not read and not a line yet. */
size_t fm_pump_rest(const struct fm_pump *p, const char **s);

/* Keeps a line in the tail, cut, and with nothing in it that a terminal
 * would obey; false for a blank one. */
bool fm_pump_keep(struct fm_pump *p, const char *s, size_t n);

/* The last line that was kept, or NULL. Of a process that has ended the last
 * one of its stderr, if any: which of two pipes is read last is chance, and
 * stray lines of stdout are banners more often than reasons. */
const char *fm_pump_last(const struct fm_pump *p);

/* Drops its stdout and keeps its stderr until it has ended: true, or until
 * `ns` are over: false. */
bool fm_pump_to_end(struct fm_pump *p, int64_t ns);

/* As fm_proc_end(), listening to it meanwhile; then releases everything. */
void fm_pump_end(struct fm_pump *p, int64_t grace_ns, int64_t term_ns);

#endif
