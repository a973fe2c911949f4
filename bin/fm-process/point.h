/*
 * The samples of one point (one combination of sizes), gathered from its REP,
 * TOK and GAP lines until the line comes that sums it up. Several are open at
 * a time when several drivers write to one log.
 */
#ifndef POINT_H
#define POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "record_form.h"
#include "stat.h"

/* Nanoseconds, in order of arrival. */
struct samples {
	int64_t *v;
	size_t n, cap;
};

void samples_release(struct samples *s);
/* What is no duration (FM_STAT_MAX_NS) is left out. */
void samples_add(struct samples *s, int64_t ns);

struct sizes {
	int64_t input, output, batch, tp; /* 0 = not known */
};

/* A REP or DT line. */
struct rep {
	enum fm_dialect dialect;
	int64_t rep, reps;    /* 0 = the dialect does not number them */
	int64_t t0_ns, t1_ns; /* 0 = it has no stamps */
	int64_t dt_ns;
	bool has_sizes;
	struct sizes sizes;
	struct fm_text t0, t1, model;
};

/* False: the line is whole, but its duration is none. */
bool rep_of_line(struct rep *r, const struct fm_line *l);

/* INPUT, OUTPUT, BATCH and TP of a line; false when it has none. */
bool sizes_of_line(struct sizes *z, const struct fm_line *l);
bool sizes_equal(const struct sizes *a, const struct sizes *b);

struct point {
	bool open;
	bool disorder; /* repetitions are missing or twice there */
	enum fm_dialect dialect;
	struct sizes sizes;
	struct samples dt;
	int64_t last, reps; /* numbers in the REP line read last */
	int64_t last_t1_ns;
	int64_t pause_ns;               /* before the last repetition */
	struct fm_buf t0, t1;           /* first and last stamp */
	struct fm_buf key;              /* of the KEY line, "" = none */
	struct fm_buf model;            /* from the REP lines, "" = none */
	struct samples ttft, gen, gaps; /* from TOK and GAP */
	struct fm_stat stat;            /* of dt, once `described` */
	bool described;
	int64_t tokens; /* of all requests */
};

void point_init(struct point *p);
void point_release(struct point *p);
/* Empties it and keeps its memory. */
void point_clear(struct point *p);

enum {
	POINTS = 16 /* drivers that may write to one log at a time */
};

struct points {
	struct point p[POINTS];
	struct point *cur; /* got the last sample; NULL = none */
};

void points_init(struct points *ps);
void points_release(struct points *ps);

/* The open point that a repetition goes on with, or NULL: a new one. */
struct point *points_for_rep(struct points *ps, const struct rep *r);
/* The open point that a summary line is about, or NULL. */
struct point *points_for_summary(struct points *ps, const struct fm_line *l);
/* A point that is not open, or else the one that waits longest. */
struct point *points_spare(struct points *ps);

/* What `c` says to say of its samples; there is at least one. */
const struct fm_stat *point_describe(
    struct point *p, const struct fm_stat_conf *c, struct fm_stat_work *w);

void point_add(struct point *p, const struct rep *r);

#endif
