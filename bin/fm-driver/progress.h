/*
 * How far a run is: one line on the terminal that is written over and over,
 * and lines of JSON for programs (--progress_fd). One for all lanes.
 *
 * The time left is that of the points to come by a + b x work, fitted to the
 * points that are done; work is input x output x batch.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "sweep.h"

struct conf;

/* Sums over points. */
struct progress_sums {
	double n, w, ww, t, wt; /* t: seconds */
};

struct progress {
	pthread_mutex_t lock;
	int fd;       /* of programs, -1 = none */
	bool tty;     /* a person looks */
	bool wanted;  /* anybody does */
	bool shown;   /* a line stands there */
	bool planned; /* a unit has begun: there will be an end */
	size_t done, failed, skipped, total;
	size_t later;     /* of units that are not looked into, about */
	double work_left; /* of the points that are not done */
	struct progress_sums sums;
	int64_t begun_ns, drawn_ns;
	struct fm_buf name; /* what runs: model and sizes */
	struct fm_buf last; /* the last result, for people */
};

/* Checks --progress_fd; 0, or a usage error. */
int progress_check(const struct conf *c, struct fm_err *err);

void progress_init(struct progress *p, const struct conf *c);
/* Says that it is over, and removes the line. */
void progress_release(struct progress *p);

/* Points that units will have, as far as their options tell; each unit says
 * better when its turn comes. */
void progress_later(struct progress *p, size_t n);
/* The points of a unit that begins, of which progress_later() has said
 * `later`. */
void progress_plan(
    struct progress *p, const struct fm_point *v, size_t n, size_t later);

/* A point of `model` on `platform` begins. */
void progress_begin(struct progress *p, const char *model, const char *platform,
    const struct fm_point *at);
/* It goes on: draws the line anew when that was some time ago. */
void progress_tick(struct progress *p, size_t reps);

/* How a point ended: FM_OK with the median, FM_SKIPPED, or what went wrong. */
struct progress_end {
	enum fm_code code;
	double latency_s; /* of FM_OK */
	int64_t ns;       /* that it took */
};
void progress_end(struct progress *p, const struct fm_point *at,
    const struct progress_end *e);

/* A point that an earlier log has: it does not count. */
void progress_known(struct progress *p, const struct fm_point *at);

/* Makes room for other text on the terminal. */
void progress_hide(struct progress *p);

#endif
