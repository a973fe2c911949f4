/*
 * Tests and estimates of comparisons against scipy and statsmodels
 * (compare.py), and verdicts on made-up grids.
 */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "compare-ref.h"
#include "fill.h"
#include "judge.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool
near(double got, double want, double relative)
{
	if (fabs(got - want) <= relative * fabs(want) + 1e-15)
		return true;
	printf("# got %.17g, wanted %.17g\n", got, want);
	return false;
}

static void
test_t(void)
{
	size_t i, bad = 0;

	for (i = 0; i < COUNT(t_cdf); i++)
		bad += !near(fm_compare_t_cdf(t_cdf[i].t, t_cdf[i].df),
		    t_cdf[i].p, 1e-10);
	is_int((intmax_t)bad, 0, "t distribution");
	for (i = bad = 0; i < COUNT(t_quantile); i++)
		bad += !near(
		    fm_compare_t_quantile(t_quantile[i].p, t_quantile[i].df),
		    t_quantile[i].t, 1e-9);
	is_int((intmax_t)bad, 0, "t quantiles");
	ok(near(fm_compare_t_quantile(0.975, (double)INFINITY),
	       1.959963984540054, 1e-12),
	    "infinite degrees of freedom are the normal distribution");
}

static void
test_two_samples(void)
{
	const size_t nx = COUNT(ref_x), ny = COUNT(ref_y);
	struct fm_compare c = fm_compare_welch(ref_x, nx, ref_y, ny);
	struct fm_variance s = { 0, 0 };
	double half = fm_compare_half(&c, 0.95);

	ok(near(fm_compare_p(&c, 0), ref_welch[0], 1e-10), "Welch: p");
	ok(near(c.df, ref_welch[1], 1e-12), "Welch: degrees of freedom");
	ok(near(c.diff - half, ref_welch[2], 1e-9) &&
		near(c.diff + half, ref_welch[3], 1e-9),
	    "Welch: interval");
	ok(fm_compare_p(&c, fabs(c.diff) * 2) >= 1, "a margin takes it away");
	fm_variance_add(&s, ref_x, nx);
	fm_variance_add(&s, ref_y, ny);
	c = fm_compare_known(ref_x, nx, ref_y, ny, s);
	half = fm_compare_half(&c, 0.95);
	ok(near(fm_compare_p(&c, 0), ref_pooled[0], 1e-10) &&
		near(c.df, ref_pooled[1], 1e-12),
	    "pooled: p and degrees of freedom");
	ok(near(c.diff - half, ref_pooled[2], 1e-9) &&
		near(c.diff + half, ref_pooled[3], 1e-9),
	    "pooled: interval");
	ok(near(fm_compare_shift(ref_x, nx, ref_y, ny), ref_shift[0], 1e-12),
	    "Hodges and Lehmann");
}

static void
test_corrections(void)
{
	double p[COUNT(ref_p) + 1];
	size_t i, bad;

	memcpy(p, ref_p, sizeof ref_p);
	p[COUNT(ref_p)] = (double)NAN;
	fm_compare_holm(p, COUNT(p));
	for (i = bad = 0; i < COUNT(ref_p); i++)
		bad += !near(p[i], ref_holm[i], 1e-12);
	is_int((intmax_t)bad, 0, "Holm");
	ok(isnan(p[i]), "Holm: NAN stays and does not count");
	memcpy(p, ref_p, sizeof ref_p);
	fm_compare_bh(p, COUNT(p));
	for (i = bad = 0; i < COUNT(ref_p); i++)
		bad += !near(p[i], ref_bh[i], 1e-12);
	is_int((intmax_t)bad, 0, "Benjamini and Hochberg");
}

static void
test_prior(void)
{
	struct fm_variance v[COUNT(ref_df) + 1] = { { 0, 0 } }, prior, s;
	size_t i;

	for (i = 0; i < COUNT(ref_df); i++) {
		v[i].df = ref_df[i];
		v[i].var = ref_s2[i];
	}
	prior = fm_variance_prior(v, COUNT(v));
	ok(near(prior.var, ref_prior[0], 1e-8) &&
		near(prior.df, ref_prior[1], 1e-8),
	    "prior of the variances");
	s = fm_variance_moderate(v[0], prior);
	ok(near(s.df, v[0].df + prior.df, 1e-12) &&
		near(s.var, (v[0].var * v[0].df + prior.var * prior.df) / s.df,
		    1e-12),
	    "moderated variance");
	for (i = 0; i < COUNT(ref_df); i++)
		v[i].var = 1e-4 * (1 + 0.001 * (double)i);
	prior = fm_variance_prior(v, COUNT(ref_df));
	ok(isinf(prior.df) && near(prior.var, 1.0055e-4, 1e-3),
	    "variances that hardly differ are pooled");
	prior = fm_variance_prior(v, 2);
	ok(prior.df <= 0, "two points have nothing in common");
	is_int(fm_compare_runs(0.01, 0.03, 0.05, 0.8), 4,
	    "runs for 3 % at 1 % noise");
	is_int(fm_compare_runs(0.01, 0, 0.05, 0.8), 1000,
	    "runs for nothing: the limit");
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Against sorting: all sizes, many and few different values, any order. */
static void
test_median(void)
{
	double v[200], w[200];
	size_t n, i, round, bad = 0;
	uint64_t k = 0;

	for (n = 1; n <= 200; n++)
		for (round = 0; round < 6; round++) {
			for (i = 0; i < n; i++) {
				uint64_t r = fm_fill_word(3, k++);

				v[i] = round == 0   ? (double)i
				       : round == 1 ? -(double)i
				       : round == 2 ? (double)(r % 3)
				       : round == 3
					   ? (double)(i < n / 2 ? i : n - i)
					   : (double)(r >> 20);
			}
			memcpy(w, v, sizeof w);
			qsort(w, n, sizeof *w, ascending);
			bad += fm_compare_median(v, n) !=
			       (w[(n - 1) / 2] + w[n / 2]) / 2;
		}
	is_int((intmax_t)bad, 0, "median by selection");
}

/* --- verdicts --- */

static const double base5[] = { 0, 0.004, -0.003, 0.006, -0.005 };

static struct fm_judge_point
point(const double *next, size_t n)
{
	struct fm_judge_point p;

	memset(&p, 0, sizeof p);
	p.base = base5;
	p.n_base = COUNT(base5);
	p.next = next;
	p.n_next = n;
	p.within = (double)NAN;
	return p;
}

static const struct fm_judge_conf times = { 0.05, (double)NAN, 1 };

static void
judged(struct fm_judge_point p, enum fm_verdict verdict, int status,
    const char *name)
{
	fm_judge(&p, 1, &times);
	is_str(fm_verdict_word(p.verdict), fm_verdict_word(verdict), name);
	is_int(fm_judge_status(&p, 1, &times), status, "and its exit status");
}

static void
test_verdicts(void)
{
	static const double same[] = { 0.001, -0.002, 0.004, -0.004, 0.003 };
	static const double slow[] = { 0.1, 0.104, 0.097, 0.106, 0.095 };
	static const double wild[] = { 0.1, -0.1, 0.2, -0.15, 0.05 };
	static const double fast[] = { -0.1, -0.104, -0.097, -0.1, -0.105 };
	static const double one[] = { 0.1 };
	struct fm_judge_point p;
	struct fm_judge_conf rates = times;

	judged(point(same, 5), FM_VERDICT_OK, 0, "no difference");
	judged(point(slow, 5), FM_VERDICT_REGRESSED, 1, "slower");
	judged(point(fast, 5), FM_VERDICT_FASTER, 0, "faster");
	judged(point(wild, 5), FM_VERDICT_INCONCLUSIVE, 5, "too noisy");
	judged(point(NULL, 0), FM_VERDICT_MISSING, 6, "missing");
	p = point(NULL, 0);
	p.next_failed = true;
	judged(p, FM_VERDICT_FAILED, 1, "failed");
	p.n_base = 0;
	p.base_failed = true;
	judged(p, FM_VERDICT_FAILED, 5, "failed on both sides");
	p = point(same, 5);
	p.n_base = 0;
	judged(p, FM_VERDICT_NEW, 5, "new");

	p = point(slow, 5);
	rates.worse = -1;
	fm_judge(&p, 1, &rates);
	is_str(
	    fm_verdict_word(p.verdict), "faster", "more of a rate is better");
	is_int(fm_judge_status(&p, 1, &rates), 0, "and no regression");

	p = point(one, 1);
	p.n_base = 1;
	judged(p, FM_VERDICT_INCONCLUSIVE, 5, "one run a side");
	p.within = 0.02;
	judged(p, FM_VERDICT_SUSPECT, 5, "one run a side, far apart");
	p.within = 0.2;
	judged(p, FM_VERDICT_INCONCLUSIVE, 5, "one run a side, wide intervals");
	fm_judge(&p, 1, &times);
	is_int(p.need, 3, "runs that are still needed");
	p.history.var = 1e-4;
	p.history.df = 20;
	judged(p, FM_VERDICT_REGRESSED, 1, "a noise floor from the history");
	p.history.var = 0.01;
	judged(p, FM_VERDICT_INCONCLUSIVE, 5, "a high one");

	p = point(one, 1);
	p.n_base = 1;
	p.exact = true;
	judged(p, FM_VERDICT_REGRESSED, 1, "simulated: no noise");
	p.next = base5;
	judged(p, FM_VERDICT_OK, 0, "simulated: the same");
}

int
main(void)
{
	test_t();
	test_two_samples();
	test_median();
	test_corrections();
	test_prior();
	test_verdicts();
	return done();
}
