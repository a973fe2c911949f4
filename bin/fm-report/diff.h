/*
 * fm-report diff: two sets of records, point by point.
 */
#ifndef DIFF_H
#define DIFF_H

#include "about.h"
#include "conf.h"
#include "err.h"
#include "group.h"
#include "judge.h"
#include "recs.h"

/* Where the rows of a side begin and end. */
enum diff_side {
	DIFF_BASE,
	DIFF_NEXT,
	DIFF_HISTORY,
	DIFF_SIDES
};

struct diff {
	struct recs r;
	size_t end[DIFF_SIDES];    /* rows [end[s - 1], end[s]) are side s */
	const struct field *field; /* of the metric, or NULL */
	size_t metric, run, status, host, lo, hi;
	struct about about;
	size_t *match; /* columns that define a point */
	size_t n_match;
	size_t *shown; /* those of them that tell points apart, the sizes, and
			* what is simulated */
	size_t n_shown;
	struct groups groups;
	struct fm_judge_conf conf;
	struct fm_judge_point *points; /* one for each group that base or next
					* has; `group` of each beside it */
	size_t *group;
	size_t n;
	/* Geometric mean of the ratios of all points that both measured, as a
	 * logarithm, and its interval between runs; NAN = none. */
	double mean, mean_lo, mean_hi;
	size_t n_both;
};

/*
 * Reads both sides and the history, matches and judges. The sides are --base
 * and the files, or without it the first and the second file.
 */
int diff_init(struct diff *d, const struct conf *c, struct fm_err *err);
void diff_release(struct diff *d);
int diff_status(const struct diff *d);

/* Sets b to what tells the point from the others: "input 128, batch 4". */
void diff_name(struct fm_buf *b, const struct diff *d, size_t i);

/* The points as a table, with the summary as its last line. */
struct grid;
void diff_grid(const struct diff *d, struct grid *g, bool people);
/* "3 ok, 1 regressed; geometric mean …; status 1: …". The caller frees. */
char *diff_summary(const struct diff *d);

int diff_run(const struct conf *c, struct fm_err *err);

#endif
