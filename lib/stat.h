/*
 * Statistics of samples. Each function names its definition; nothing here
 * knows where samples come from. Samples are nanoseconds.
 */
#ifndef FM_STAT_H
#define FM_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How many of `n` leading repetitions fmwork's rule drops: max(n / 5, 1),
 * except that a single repetition is kept.
 */
size_t fm_stat_fmwork_drop(size_t n);

/*
 * The median of `n` >= 1 samples: the middle one, or the mean of the two
 * middle ones. Reorders `v`. In nanoseconds; exact below 2^53.
 */
double fm_stat_median_ns(int64_t *v, size_t n);

/*
 * The same in seconds, rounded where fmwork rounds: each sample is divided by
 * 1e9 before the two middle ones are averaged. RES lines are made from it.
 */
double fm_stat_median_s(int64_t *v, size_t n);

/* Ascending, in place; `tmp` has room for `n` more. */
void fm_stat_sort(int64_t *v, int64_t *tmp, size_t n);

/*
 * Which leading repetitions are warm-up.
 *
 * FM_STAT_MSER: MSER-5 (White 1997) over medians z of batches of five: drops
 * the first d batches, d <= b/2, where sum (z - mean)^2 / (b - d)^2 over the
 * rest is smallest. Below 20 samples it is fmwork's rule.
 */
enum fm_stat_rule {
	FM_STAT_FMWORK,
	FM_STAT_MSER,
	FM_STAT_PERCENT,
	FM_STAT_NONE
};

/* A thousand hours and a bit: what a sample may be. */
#define FM_STAT_MAX_NS INT64_C(4000000000000000)

enum {
	FM_STAT_QUANTILES = 7
};
/* In thousandths: 250, 500, 750, 900, 950, 990, 999. */
extern const int fm_stat_quantile[FM_STAT_QUANTILES];

struct fm_stat_conf {
	enum fm_stat_rule rule;
	int64_t percent; /* FM_STAT_PERCENT: 0 to 99 */
	bool full;       /* else only up to `max` */
	bool type7;      /* quantiles by interpolation, not nearest rank */
};

struct fm_stat {
	size_t n;         /* all samples */
	size_t dropped;   /* leading ones; all that follows is of the rest */
	int64_t first;    /* ns, of all samples */
	int64_t min, max; /* ns */
	double mean, sd;  /* ns; sd has n - 1 below it, and is NaN for one */
	int64_t median2;  /* ns / 2: the median is exact */
	int64_t mad4;     /* ns / 4: median of |x - median|, not scaled */

	/* With `full`. */
	bool has_quantile[FM_STAT_QUANTILES]; /* an interval for it exists */
	double quantile[FM_STAT_QUANTILES];   /* ns */
	double rho1, ess;     /* see fm_stat_ess(); NaN when unknown */
	bool has_ci;          /* below 6 effective samples there is none */
	int64_t ci_lo, ci_hi; /* ns, 95 % for the median */
	bool has_drift;       /* below 20 samples there is none */
	double drift, drift_lo, drift_hi; /* percent of the median, first to
					   * last kept repetition */
	int steady;                       /* 1, 0, or -1 for unknown */
	size_t low_severe, low_mild, high_mild, high_severe;
};

/* Memory that one call after the other uses; {0} at the start. */
struct fm_stat_work {
	int64_t *v, *tmp;
	uint64_t *bits;
	size_t cap; /* samples */
};
void fm_stat_work_release(struct fm_stat_work *w);

/*
 * Describes `n` >= 1 samples in the order they were taken, each less than
 * FM_STAT_MAX_NS from 0.
 *
 * Quantile p: nearest rank, the ceil(p k)-th smallest of k; or type 7
 * (Hyndman, Fan 1996): linear between the ranks around 1 + p (k - 1). There is
 * one when a two-sided 95 % interval for it is finite: max(p, 1 - p)^k <=
 * 0.025.
 *
 * Interval of the median: ranks r and k + 1 - r, with r the largest for which
 * P(Binomial(m, 1/2) < r) <= 0.025 and m = k samples; with dependent samples
 * m = floor(ess) and the ranks are those of the same quantiles,
 * r = floor((k + 1) r_m / (m + 1)).
 *
 * Drift: slope of Theil and Sen over the medians of at most 8 batches, times
 * k - 1; its interval from the ranks N/2 -+ 1.96 sd / 2 of the slopes, with
 * Kendall's sd^2 = b (b - 1) (2 b + 5) / 18, widened by what of the dependence
 * outlives batching. Not steady: the interval excludes 0 and the drift is over
 * 1 %; or MSER wanted to drop all it may.
 *
 * Outliers: Tukey's fences, 1.5 and 3 times the distance of the quartiles
 * (type 7) beyond them. Counted, never removed.
 */
void fm_stat_describe(struct fm_stat *s, const int64_t *v, size_t n,
    const struct fm_stat_conf *c, struct fm_stat_work *w);

/*
 * Effective sample size of `n` samples in order, for their median `median2`
 * (ns / 2): of the signs s of x - median, rho_k = sum s_i s_{i+k} / sum s_i^2;
 * n / (-1 + 2 sum of rho_{2j} + rho_{2j+1}), the sum stopped before the first
 * pair that is not positive (Geyer 1992) or at 4096, and never above n. `*rho1`
 * gets rho_1. `bits` has room for n / 32 + 4 words.
 */
double fm_stat_ess(
    const int64_t *v, size_t n, int64_t median2, uint64_t *bits, double *rho1);

#endif
