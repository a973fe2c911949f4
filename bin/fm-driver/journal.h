/*
 * Where the log goes: stdout, or the file of --log, which is appended to and
 * on the disk after every point. A file that holds points already tells which
 * of them need not be measured again.
 *
 * Several lanes may write; each writes whole points.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "strs.h"

struct how;

enum journal_state {
	JOURNAL_NEW, /* not measured, or not wholly */
	JOURNAL_DONE,
	JOURNAL_FAILED,
	JOURNAL_OOM,    /* failed: it ran out of memory */
	JOURNAL_SKIPPED /* left out on purpose */
};

/* The repetitions that count of a point with one output token, which later
 * ones want (gen.h); of any other point none. */
struct journal_times {
	int64_t t0_ns, t1_ns;
	const int64_t *dt_ns; /* the journal's */
	size_t n;
};

struct journal {
	int fd;
	bool file;              /* --log: kept safe on the disk */
	bool cut;               /* its last line has no end */
	bool resumes;           /* a mark goes before what is written first */
	bool measured;          /* a point has a result, of today or before */
	pthread_mutex_t lock;   /* of everything below, and of writing */
	const void *writer;     /* who wrote last; only compared */
	struct fm_buf deferred; /* goes in front of what is written next */
	const char *run_id;     /* what --run_id says, or NULL */
	struct fm_strs run_ids; /* of run 1, 2, …; "" = none yet */
	struct journal_mark *marks;
	size_t n_marks, cap_marks; /* sorted after opening */
	int64_t *dt_ns;            /* of points with one output token */
	size_t n_dt, cap_dt;
};

/*
 * Opens the log of `h`, waiting for another process that writes it as --lock
 * says (`wake_fd` readable: FM_STOPPED); with --resume reads what is there.
 */
int journal_open(
    struct journal *j, const struct how *h, int wake_fd, struct fm_err *err);
void journal_close(struct journal *j);

/* The same without a file or a lock: the log goes to `fd`. */
void journal_init(struct journal *j, int fd);

/* What the log says of a point of a run (from 1): of one that it holds several
 * times once each time, because a size that is given twice is run twice. */
enum journal_state journal_find(struct journal *j, const char *key, int64_t run,
    struct journal_times *times);

/* A point was measured, or found so; and whether any was. */
void journal_has(struct journal *j);
bool journal_has_any(struct journal *j);

/* The run_id of a run: what it has in the log, or a new one. */
const char *journal_run_id(struct journal *j, int64_t run);

/* Writes whole lines; `sync`: they are on the disk when it returns. */
int journal_write(
    struct journal *j, const void *s, size_t n, bool sync, struct fm_err *err);

#endif
