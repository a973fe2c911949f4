/*
 * The state of reading a log: one experiment and its open points. Lines go
 * in, records come out; memory is bound by the largest point.
 */
#ifndef PARSE_H
#define PARSE_H

#include "conf.h"
#include "dedup.h"
#include "errors.h"
#include "fast.h"
#include "out.h"
#include "rec.h"
#include "summary.h"

/* What the run for one token was, for the GEN lines that build on it. */
struct first_token {
	struct sizes sizes;
	struct summary median;
};

struct parse {
	const struct conf *conf;
	struct out *out;
	struct errors *errors;
	const char *file;
	int64_t line;   /* number of the line in hand, from 1 */
	int64_t faults; /* bad lines, in all files */
	bool slow;      /* no fast lane: for tests of it */
	bool stop;      /* a fault and --strict */

	struct exper x;
	struct errors_found found; /* why the experiment may have failed */
	bool sure;           /* the log is of one, even if it does not say so */
	bool ruled;          /* the noise read last was a line of dashes */
	bool running;        /* a point has begun that has no result yet */
	size_t records;      /* of this experiment */
	struct sizes banner; /* of the RUN line read last */
	struct fm_buf key;   /* of the KEY line read last */
	int64_t first_ns;    /* of a DT line for one token, 0 = none */
	struct points points;
	struct fast fast;
	struct first_token *firsts;
	size_t n_firsts, cap_firsts;

	bool pending; /* a record that GEN, OBS or SIM may complete */
	struct rec rec;
	struct point *of;   /* its samples, or NULL */
	struct sizes sizes; /* its sizes */
	struct fm_buf text; /* what the texts of rec point into */
	struct fm_buf obs, sim;
	struct fm_buf fail;            /* of the next ERR line */
	struct fm_buf status, message; /* of a record that failed */

	json_t *own; /* members of --metadata, or NULL */
	struct dedup dedup;
	struct fm_stat_work work;
};

void parse_init(struct parse *ps, const struct conf *c, json_t *own,
    struct out *o, struct errors *errors);
void parse_release(struct parse *ps);

/* A file begins: lines count from 1 again. */
void parse_begin(struct parse *ps, const char *file);
/* Whole lines, as input_next() gives them; the last may lack its end. */
void parse_block(struct parse *ps, const char *p, size_t n, bool cut);
/* Only looks for known errors; what follows with parse_begin() will have
 * them. */
void parse_look(struct parse *ps, const char *p, size_t n);
/* It is over: what is still open becomes records. */
void parse_end(struct parse *ps);

/* Says what is wrong with a line, and counts it. */
void parse_fault(struct parse *ps, const char *why, const char *s, size_t n);

/* Writes one record. */
void parse_put(struct parse *ps, const struct rec *r, struct point *p);

/* Nothing more can come for the record in hand. */
void parse_flush(struct parse *ps);

/* A new point of the sizes of the banner and the key read last. */
struct point *parse_open_point(struct parse *ps, enum fm_dialect dialect);
/* All that is open becomes records. */
void parse_close_points(struct parse *ps);
/* ARG, EXP and ENV lines come first: after anything else they belong to the
 * next experiment. */
void parse_begin_experiment(struct parse *ps);
/* A driver's first banner: what began before it is another experiment. */
void parse_announce(struct parse *ps);

/* A line that is no FMWORK line. */
void parse_noise(struct parse *ps, const char *s, size_t n);
/* One line without its end. */
void parse_line(struct parse *ps, const char *s, size_t n);

#endif
