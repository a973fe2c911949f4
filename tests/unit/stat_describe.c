/*
 * Descriptions of samples against what numpy and scipy say of the same ones
 * (stat-ref.h), and the coverage of the median's interval by simulation.
 */
#include <math.h>
#include <stdlib.h>

#include "../tap.h"
#include "fill.h"
#include "stat.h"

enum {
	LONGEST = 4000
};

static const struct ref {
	int kind, n;
	double mean, sd, median, mad, nearest[7], linear[7], rho1, ess;
	int lo, hi;
	double drift;
	int outliers[4];
} refs[] = {
#include "stat-ref.h"
};

static const size_t ranks[] = { RANKS };

/* Without wide vectors: other machines sort like this one. */
#define FM_SIMD_NARROW
#define fm_stat_sort narrow_sort
void narrow_sort(int64_t *v, int64_t *tmp, size_t n);
#include "../../lib/stat_sort.c"
#undef fm_stat_sort

/* As in stat-ref.py. */
static void
samples(int64_t *v, const struct ref *r)
{
	uint64_t key = (uint64_t)(r->kind * 1000 + r->n);
	int64_t walk = 0, k;

	for (k = 0; k < r->n; k++) {
		int64_t x = (int64_t)(fm_fill_word(key, (uint64_t)k) % 100000);
		int64_t add[5];

		walk = (walk * 7 + x) / 8;
		add[0] = add[4] = x;
		add[1] = walk;
		add[2] = x + 1000 * k;
		add[3] = x % 3;
		v[k] = 1000000 + add[r->kind];
		if (r->kind == 4 && x % 17 == 0)
			v[k] *= x % 2 ? 2 : 3;
	}
}

static bool
close_to(double a, double b)
{
	return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * (1 + fabs(b));
}

static void
test_ref(const struct ref *r, struct fm_stat_work *w)
{
	struct fm_stat_conf c = { FM_STAT_NONE, 0, true, false };
	int64_t v[LONGEST];
	struct fm_stat s, t;
	int i, bad = 0;

	samples(v, r);
	fm_stat_describe(&s, v, (size_t)r->n, &c, w);
	c.type7 = true;
	fm_stat_describe(&t, v, (size_t)r->n, &c, w);
	bad += !close_to(s.mean, r->mean);
	bad += !close_to(s.sd, r->sd) << 1;
	bad += !close_to((double)s.median2 / 2, r->median) << 2;
	bad += !close_to((double)s.mad4 / 4, r->mad) << 3;
	for (i = 0; i < 7; i++)
		if (s.has_quantile[i]) {
			bad |= !close_to(s.quantile[i], r->nearest[i]) << 4;
			bad |= !close_to(t.quantile[i], r->linear[i]) << 5;
		}
	bad += !close_to(s.rho1, r->rho1) << 6;
	bad += !close_to(s.ess, r->ess) << 7;
	bad += (s.has_ci != (r->lo > 0)) << 8;
	if (s.has_ci)
		bad += (s.ci_lo != r->lo || s.ci_hi != r->hi) << 9;
	bad += (s.has_drift != !isnan(r->drift)) << 10;
	if (s.has_drift)
		bad += (fabs(s.drift - r->drift) > 1e-4) << 11;
	bad += (s.low_severe != (size_t)r->outliers[0] ||
		   s.low_mild != (size_t)r->outliers[1] ||
		   s.high_mild != (size_t)r->outliers[2] ||
		   s.high_severe != (size_t)r->outliers[3])
	       << 12;
	if (bad)
		printf("# kind %d n %d\n", r->kind, r->n);
	is_int(bad, 0, "as numpy and scipy");
}

/* Which n a quantile needs, from its definition. */
static void
test_needs(struct fm_stat_work *w)
{
	static const struct fm_stat_conf c = { FM_STAT_NONE, 0, true, false };
	static int64_t v[LONGEST];
	struct fm_stat s;
	size_t n, bad = 0;
	int i;

	for (n = 1; n < LONGEST; n += n < 400 ? 1 : 41) {
		fm_stat_describe(&s, v, n, &c, w);
		for (i = 0; i < FM_STAT_QUANTILES; i++) {
			double p = fm_stat_quantile[i] / 1000.0;

			p = p > 0.5 ? p : 1 - p;
			bad +=
			    s.has_quantile[i] != (pow(p, (double)n) <= 0.025);
		}
	}
	is_int((intmax_t)bad, 0, "quantiles that n supports");
}

/* Independent samples 1 .. n: the interval's ends are their own ranks. */
static void
test_ranks(struct fm_stat_work *w)
{
	static const struct fm_stat_conf c = { FM_STAT_NONE, 0, true, false };
	int64_t v[400];
	struct fm_stat s;
	size_t n, i, bad = 0, tried = 0;

	for (n = 1; n < 400; n++) {
		/* Low, high, low …: every sample disagrees with the last. */
		for (i = 0; i < n; i++)
			v[i] = (int64_t)(i % 2 ? n - i / 2 : i / 2 + 1);
		fm_stat_describe(&s, v, n, &c, w);
		if (s.ess < (double)n)
			continue;
		tried++;
		bad += s.has_ci != (ranks[n] > 0);
		if (s.has_ci)
			bad += s.ci_lo != (int64_t)ranks[n];
	}
	is_int((intmax_t)bad, 0, "exact ranks");
	ok(tried > 350, "of nearly all sizes");
}

static double
normal(uint64_t key, uint64_t *k)
{
	double a = ((double)(fm_fill_word(key, (*k)++) >> 11) + 1) * 0x1p-53;
	double b = (double)(fm_fill_word(key, (*k)++) >> 11) * 0x1p-53;

	return sqrt(-2 * log(a)) * cos(6.283185307179586 * b);
}

/*
 * AR(1) with median 1e6: how often the interval holds it, in thousandths.
 * With correlated noise of any strength up to 0.6 it must stay near 95 %.
 */
static void
test_coverage(double rho, struct fm_stat_work *w)
{
	static const struct fm_stat_conf c = { FM_STAT_NONE, 0, true, false };
	enum {
		N = 80,
		TRIALS = 4000
	};
	uint64_t k = 0;
	int64_t v[N];
	struct fm_stat s;
	int trial, i, hit = 0;

	for (trial = 0; trial < TRIALS; trial++) {
		double x = normal(5, &k);

		for (i = 0; i < N; i++) {
			v[i] = 1000000 + (int64_t)lround(30000 * x);
			x = rho * x + sqrt(1 - rho * rho) * normal(5, &k);
		}
		fm_stat_describe(&s, v, N, &c, w);
		hit += s.has_ci && s.ci_lo <= 1000000 && s.ci_hi >= 1000000;
	}
	printf("# lag-1 correlation %.1f: coverage %.1f %%\n", rho,
	    100.0 * hit / TRIALS);
	ok(hit * 1000 / TRIALS >= 930 && hit * 1000 / TRIALS <= 980,
	    "the interval covers the median as it says");
}

/* How often the interval of the drift misses a drift of 4 %, and how often
 * noise alone is called not steady. */
static void
test_drift_coverage(double rho, struct fm_stat_work *w)
{
	static const struct fm_stat_conf c = { FM_STAT_NONE, 0, true, false };
	enum {
		N = 80,
		TRIALS = 1500
	};
	uint64_t k = 1000000;
	int64_t v[N], u[N];
	struct fm_stat s;
	int trial, i, miss = 0, alarm = 0;

	for (trial = 0; trial < TRIALS; trial++) {
		double x = normal(5, &k);

		for (i = 0; i < N; i++) {
			u[i] = 1000000 + (int64_t)lround(30000 * x);
			v[i] = u[i] + 40000 * (int64_t)i / (N - 1);
			x = rho * x + sqrt(1 - rho * rho) * normal(5, &k);
		}
		fm_stat_describe(&s, v, N, &c, w);
		miss += s.drift_lo > 4 / 1.02 || s.drift_hi < 4 / 1.02;
		fm_stat_describe(&s, u, N, &c, w);
		alarm += s.steady == 0;
	}
	printf("# lag-1 correlation %.1f: drift missed %.1f %%, false alarms "
	       "%.1f %%\n",
	    rho, 100.0 * miss / TRIALS, 100.0 * alarm / TRIALS);
	ok(miss * 100 / TRIALS < 9, "the interval holds the drift");
	ok(alarm * 100 / TRIALS < 9, "noise is rarely called a drift");
}

/* A warm-up that fades, and a step: what MSER drops, and whether it says so. */
static void
test_mser(struct fm_stat_work *w)
{
	static const struct fm_stat_conf c = { FM_STAT_MSER, 0, true, false };
	int64_t v[100];
	struct fm_stat s;
	int i;

	for (i = 0; i < 100; i++)
		v[i] = 1000000 +
		       (int64_t)(fm_fill_word(9, (uint64_t)i) % 60000) +
		       (i < 20 ? (20 - i) * 50000 : 0);
	fm_stat_describe(&s, v, 100, &c, w);
	printf("# mser drops %zu\n", s.dropped);
	ok(s.dropped >= 15 && s.dropped <= 35, "mser drops the warm-up");
	for (i = 0; i < 100; i++)
		v[i] = 1000000 +
		       (int64_t)(fm_fill_word(9, (uint64_t)i) % 60000) +
		       (100 - i) * 20000;
	fm_stat_describe(&s, v, 100, &c, w);
	is_int((intmax_t)s.dropped, 50, "at most half");
	is_int(s.steady, 0, "and then it is not steady");
	fm_stat_describe(&s, v, 10, &c, w);
	is_int((intmax_t)s.dropped, 2, "fmwork's rule for few");
}

static void
test_drift(struct fm_stat_work *w)
{
	static const struct fm_stat_conf c = { FM_STAT_NONE, 0, true, false };
	int64_t v[80];
	struct fm_stat s;
	int i;

	for (i = 0; i < 80; i++)
		v[i] = 1000000 +
		       (int64_t)(fm_fill_word(3, (uint64_t)i) % 20000) +
		       i * 1000;
	fm_stat_describe(&s, v, 80, &c, w);
	ok(s.drift > 6.5 && s.drift < 8.5, "a drift of 7.5 %");
	ok(s.drift_lo <= s.drift && s.drift <= s.drift_hi, "in its interval");
	is_int(s.steady, 0, "is not steady");
	for (i = 0; i < 80; i++)
		v[i] -= i * 1000;
	fm_stat_describe(&s, v, 80, &c, w);
	is_int(s.steady, 1, "noise is steady");
}

typedef void sort_fn(int64_t *v, int64_t *tmp, size_t n);

/* Few values, many, and far apart. */
static void
test_sort(sort_fn *sort, const char *what)
{
	static const uint64_t mods[] = { 7, 1u << 30, UINT64_C(1) << 51 };
	int64_t v[300], tmp[300];
	size_t n, i, m, bad = 0;
	uint64_t k = 0;

	for (n = 0; n <= 300; n++)
		for (m = 0; m < 3; m++) {
			uint64_t sum = 0;

			for (i = 0; i < n; i++) {
				v[i] =
				    (int64_t)(fm_fill_word(4, k++) % mods[m]) -
				    3;
				sum += (uint64_t)v[i] * (uint64_t)v[i];
			}
			sort(v, tmp, n);
			for (i = 0; i < n; i++) {
				sum -= (uint64_t)v[i] * (uint64_t)v[i];
				bad += i > 0 && v[i - 1] > v[i];
			}
			bad += sum != 0;
		}
	is_int((intmax_t)bad, 0, what);
}

int
main(void)
{
	struct fm_stat_work w = { NULL, NULL, NULL, 0 };
	size_t i;

	test_sort(fm_stat_sort, "sorted, and nothing lost");
	test_sort(narrow_sort, "so do narrow vectors");
	for (i = 0; i < sizeof refs / sizeof *refs; i++)
		test_ref(&refs[i], &w);
	test_needs(&w);
	test_ranks(&w);
	test_coverage(0, &w);
	test_coverage(0.2, &w);
	test_coverage(0.4, &w);
	test_coverage(0.6, &w);
	test_drift_coverage(0, &w);
	test_drift_coverage(0.6, &w);
	test_mser(&w);
	test_drift(&w);
	fm_stat_work_release(&w);
	return done();
}
