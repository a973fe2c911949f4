/*
 * Comparing measurements: tests, corrections for many of them, estimates.
 * Each function names its definition and its source; nothing here knows what
 * the numbers are. Whoever compares times passes their logarithms.
 */
#ifndef FM_COMPARE_H
#define FM_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Student's t: P(T <= t), and the t below which a share p of it lies.
 * Through the regularised incomplete beta function, by its continued fraction
 * (DLMF 8.17.22). df > 0; INFINITY is the normal distribution.
 */
double fm_compare_t_cdf(double t, double df);
double fm_compare_t_quantile(double p, double df);

/* Of n >= 1 values. The variance has n - 1 below it and is 0 for one. */
double fm_compare_mean(const double *v, size_t n);
double fm_compare_var(const double *v, size_t n);
/* The middle one, or the mean of the two middle ones. Reorders v. */
double fm_compare_median(double *v, size_t n);

/*
 * Hodges and Lehmann (1963): the median of all differences y - x. nx and ny
 * are at least 1.
 */
double fm_compare_shift(const double *x, size_t nx, const double *y, size_t ny);

/* A difference of two means with what is known of its error. */
struct fm_compare {
	double diff; /* mean of y - mean of x */
	double se;   /* its standard error; NAN = not known, 0 = exact */
	double df;   /* degrees of freedom of se; may be INFINITY */
};

/* Welch (1947), with Satterthwaite's degrees of freedom. nx, ny >= 2. */
struct fm_compare fm_compare_welch(
    const double *x, size_t nx, const double *y, size_t ny);

/* A variance estimated from `df` degrees of freedom; df = 0: unknown. */
struct fm_variance {
	double var;
	double df;
};

/* Variance within groups, put together: sum of squares over sum of df. */
void fm_variance_add(struct fm_variance *s, const double *v, size_t n);

/*
 * What the variances of many points have in common: the scaled inverse
 * chi-square prior of Smyth (2004, Stat. Appl. Genet. Mol. Biol. 3:3), by his
 * moments of log variances. df = INFINITY when they differ no more than
 * chance makes them: then it is their pooled variance. df = 0 when fewer
 * than three points know their variance: nothing is in common. Zero
 * variances are left out.
 */
struct fm_variance fm_variance_prior(const struct fm_variance *v, size_t n);

/* The point's variance moderated by the prior, with the sum of the df. */
struct fm_variance fm_variance_moderate(
    struct fm_variance v, struct fm_variance prior);

/* The difference of two means whose observations have this variance. */
struct fm_compare fm_compare_known(const double *x, size_t nx, const double *y,
    size_t ny, struct fm_variance s);

/*
 * Two-sided p value of "the true difference is at most `margin` away from
 * 0", tested on the side on which diff lies: 2 P(T > (|diff| - margin)/se),
 * at most 1. NAN when se is.
 */
double fm_compare_p(const struct fm_compare *c, double margin);

/* Half the width of the interval of this confidence, 0.95 say. */
double fm_compare_half(const struct fm_compare *c, double confidence);

/*
 * Runs a side with which a difference of `delta` is found at `alpha`
 * (two-sided) with probability `power`, when one run has this standard
 * deviation: n = 2 ((z_a + z_b) sd / delta)^2, with t in place of z. At least
 * 2, at most 1000.
 */
int fm_compare_runs(double sd, double delta, double alpha, double power);

/*
 * Corrections of n p values, in place; each keeps its position. NAN stays
 * and is not counted.
 *
 * Holm (1979): the chance of one false finding or more stays below alpha.
 * Benjamini and Hochberg (1995): false ones are at most a share q of what is
 * found, on average.
 */
void fm_compare_holm(double *p, size_t n);
void fm_compare_bh(double *p, size_t n);

#endif
