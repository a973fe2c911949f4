/*
 * The verdict on a grid of points that were measured twice: what is slower,
 * by how much, and how sure that is. The unit is the run, not the repetition:
 * repetitions of one run share its memory layout, its clock and its
 * neighbours, so that their number says little about the next run.
 *
 * Values are natural logarithms, so that a difference is a ratio.
 */
#ifndef FM_JUDGE_H
#define FM_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "compare.h"

enum fm_verdict {
	FM_VERDICT_OK,           /* not slower than the threshold */
	FM_VERDICT_FASTER,       /* and that is no chance */
	FM_VERDICT_REGRESSED,    /* slower, and that is no chance */
	FM_VERDICT_SUSPECT,      /* differs, but not beyond doubt */
	FM_VERDICT_INCONCLUSIVE, /* the interval holds both */
	FM_VERDICT_MISSING,      /* only the base has the point */
	FM_VERDICT_NEW,          /* only the new side has it */
	FM_VERDICT_FAILED,       /* the new side could not measure it */
	FM_VERDICTS
};
const char *fm_verdict_word(enum fm_verdict v);

struct fm_judge_conf {
	double alpha;     /* 0.05 */
	double threshold; /* as a ratio - 1; NAN: 0 for the verdict of a point
			   * and 0.03 for the gate */
	int worse;        /* 1: more is worse (times), -1: less is (rates) */
};

#define FM_JUDGE_GATE 0.03

struct fm_judge_point {
	/* Given. One value for each run. */
	const double *base, *next;
	size_t n_base, n_next;
	bool base_failed, next_failed; /* tried, and nothing measured */
	struct fm_variance history;    /* between runs of this very point */
	double within; /* half width of a 95 % interval of the difference from
			* inside the runs; NAN = not known */
	bool exact;    /* simulated: there is no noise */

	/* Found. */
	enum fm_verdict verdict;
	double shift;   /* Hodges-Lehmann, logarithm of the ratio */
	double lo, hi;  /* 1 - alpha interval of the difference; NAN = none */
	double sd;      /* between runs, after moderation; NAN = not known */
	double p, p_bh; /* difference beyond the threshold of the table */
	double p_holm;  /* slower beyond the threshold of the gate */
	bool undecided; /* can be slower than the gate's threshold */
	int need;       /* runs a side that are still missing, 0 = enough */
};

/*
 * Judges every point. The variance between runs is each point's own,
 * moderated by what all points have in common (fm_variance_prior()); with
 * fewer than three points that know theirs it is Welch's test. A point is
 * REGRESSED or FASTER when Benjamini and Hochberg's p is below alpha, SUSPECT
 * when only its own is; OK when the interval ends below the gate's threshold
 * (3 % when that is 0). With one run a side and nothing known of the noise it
 * is at best SUSPECT, judged by the intervals inside the runs.
 */
void fm_judge(
    struct fm_judge_point *p, size_t n, const struct fm_judge_conf *c);

/*
 * The exit status: 1 when a point that the base measured failed, or is slower
 * than the gate's threshold by Holm's p; 6 when one is missing; 5 when one is
 * undecided, or there is nothing to compare; else 0.
 */
int fm_judge_status(
    const struct fm_judge_point *p, size_t n, const struct fm_judge_conf *c);

#endif
