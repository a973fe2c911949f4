/*
 * Everything a record says about the samples of a point. Definitions stand in
 * stat.h; here is why they are computed as they are: a log holds a point for
 * every few kilobytes, so a point of 100 samples may cost a few microseconds.
 */
#include "stat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "simd.h"

enum {
	BATCH = 5, /* of MSER-5 */
	DRIFT_BATCHES = 8,
	SLOPES = DRIFT_BATCHES * (DRIFT_BATCHES - 1) / 2,
	LANE_ROWS = 16, /* samples of a batch that are sorted in a lane */
	LAGS = 4096     /* of the autocorrelation: it must end */
};

const int fm_stat_quantile[FM_STAT_QUANTILES] = { 250, 500, 750, 900, 950, 990,
	999 };

/* From how many samples on a quantile has a finite interval. */
static const size_t quantile_needs[FM_STAT_QUANTILES] = { 13, 6, 13, 36, 72,
	368, 3688 };

void
fm_stat_work_release(struct fm_stat_work *w)
{
	free(w->v);
	free(w->tmp);
	free(w->bits);
	memset(w, 0, sizeof *w);
}

static void
reserve(struct fm_stat_work *w, size_t n)
{
	if (n <= w->cap)
		return;
	w->cap = n < 512 ? 512 : n * 2;
	w->v = fm_realloc(w->v, w->cap, sizeof *w->v);
	w->tmp = fm_realloc(w->tmp, 2 * w->cap, sizeof *w->tmp);
	w->bits = fm_realloc(w->bits, w->cap / 32 + 4, sizeof *w->bits);
}

/* --- what sorted samples tell -------------------------------------------- */

/*
 * The k-th smallest (from 0) of |2 x - m2| over sorted samples: the distances
 * left and right of the median are two sorted lists. Bisects how many are
 * taken from the left one.
 */
static int64_t
distance(const int64_t *x, size_t n, int64_t m2, size_t mid, size_t k)
{
	size_t nl = mid, nr = n - mid; /* x[mid - 1 ..0] and x[mid ..] */
	size_t lo = k + 1 > nr ? k + 1 - nr : 0, hi = k + 1 < nl ? k + 1 : nl;
	int64_t left, right;

	while (lo < hi) {
		size_t i = (lo + hi) / 2, j = k + 1 - i;

		if (j > 0 && m2 - 2 * x[nl - 1 - i] < 2 * x[mid + j - 1] - m2)
			lo = i + 1;
		else
			hi = i;
	}
	left = lo > 0 ? m2 - 2 * x[nl - lo] : INT64_MIN;
	right = k + 1 - lo > 0 ? 2 * x[mid + k - lo] - m2 : INT64_MIN;
	return left > right ? left : right;
}

static int64_t
mad4(const int64_t *x, size_t n, int64_t m2)
{
	size_t mid = n / 2;
	int64_t a = distance(x, n, m2, mid, (n - 1) / 2);

	return a + (n % 2 ? a : distance(x, n, m2, mid, n / 2));
}

/* Hyndman and Fan's type 7; p in thousandths. */
static double
type7(const int64_t *x, size_t n, int p)
{
	double h = (double)(n - 1) * p / 1000;
	size_t i = (size_t)h;

	if (i + 1 >= n)
		return (double)x[n - 1];
	return (double)x[i] + (h - (double)i) * (double)(x[i + 1] - x[i]);
}

static double
nearest(const int64_t *x, size_t n, int p)
{
	size_t rank = (n * (size_t)p + 999) / 1000;

	return (double)x[rank ? rank - 1 : 0];
}

static void
quantiles(struct fm_stat *s, const int64_t *x, size_t n, bool interpolate)
{
	int i;

	for (i = 0; i < FM_STAT_QUANTILES; i++) {
		int p = fm_stat_quantile[i];

		s->has_quantile[i] = n >= quantile_needs[i];
		if (s->has_quantile[i])
			s->quantile[i] =
			    interpolate ? type7(x, n, p) : nearest(x, n, p);
	}
}

/*
 * The rank for 95 %. The normal approximation with the half sample kept apart
 * and 0.47 taken off the size equals the exact rank for every size up to 5000
 * and all that were tried up to 300,000 (tests/unit/stat.c has the exact
 * computation).
 */
static size_t
median_rank(size_t m)
{
	double r;

	if (m < 6)
		return 0;
	r = (double)m / 2 + 0.5 -
	    1.959963984540054 / 2 * sqrt((double)m - 0.47);
	return (size_t)r;
}

static void
interval(struct fm_stat *s, const int64_t *x, size_t n)
{
	size_t m = (size_t)s->ess, r = median_rank(m);

	if (m < n)
		r = (n + 1) * r / (m + 1);
	s->has_ci = r > 0;
	if (r > 0) {
		s->ci_lo = x[r - 1];
		s->ci_hi = x[n - r];
	}
}

static void
outliers(struct fm_stat *s, const int64_t *x, size_t n)
{
	double q1 = type7(x, n, 250), q3 = type7(x, n, 750), w = q3 - q1;
	size_t i;

	for (i = 0; i < n && (double)x[i] < q1 - 1.5 * w; i++)
		*((double)x[i] < q1 - 3 * w ? &s->low_severe : &s->low_mild) +=
		    1;
	for (i = n; i > 0 && (double)x[i - 1] > q3 + 1.5 * w; i--)
		*((double)x[i - 1] > q3 + 3 * w ? &s->high_severe
						: &s->high_mild) += 1;
}

/* --- what their order tells ---------------------------------------------- */

/* Word `i` of `a` shifted down by `k` bits. */
FM_SIMD_BODY uint64_t
shifted(const uint64_t *a, size_t words, size_t i, size_t k)
{
	size_t w = i + k / 64, bit = k % 64;
	uint64_t lo = w < words ? a[w] >> bit : 0;

	if (bit && w + 1 < words)
		lo |= a[w + 1] << (64 - bit);
	return lo;
}

/* sum of s_i s_{i+k}, the signs held as two sets of bits */
FM_SIMD_BODY int64_t
lagged(const uint64_t *pos, const uint64_t *neg, size_t words, size_t k)
{
	int64_t same = 0, other = 0;
	size_t i;

	for (i = 0; i + k / 64 < words; i++) {
		uint64_t p = shifted(pos, words, i, k);
		uint64_t q = shifted(neg, words, i, k);

		same += __builtin_popcountll((pos[i] & p) | (neg[i] & q));
		other += __builtin_popcountll((pos[i] & q) | (neg[i] & p));
	}
	return same - other;
}

FM_SIMD_BODY double
ess(const int64_t *v, size_t n, int64_t median2, uint64_t *bits, double *rho1)
{
	size_t words = (n + 63) / 64, i, k;
	uint64_t *pos = bits, *neg = bits + words;
	int64_t c0, pair;
	double sum = 0;

	for (i = 0; i < words; i++) {
		uint64_t p = 0, q = 0;

		for (k = i * 64; k < n && k < i * 64 + 64; k++) {
			p |= (uint64_t)(2 * v[k] > median2) << k % 64;
			q |= (uint64_t)(2 * v[k] < median2) << k % 64;
		}
		pos[i] = p;
		neg[i] = q;
	}
	c0 = lagged(pos, neg, words, 0);
	*rho1 =
	    c0 ? (double)lagged(pos, neg, words, 1) / (double)c0 : (double)NAN;
	for (k = 0; k + 1 < n && k < LAGS && c0; k += 2) {
		pair =
		    lagged(pos, neg, words, k) + lagged(pos, neg, words, k + 1);
		if (pair <= 0)
			break;
		sum += (double)pair / (double)c0;
	}
	sum = 2 * sum - 1;
	return sum > 1 ? (double)n / sum : (double)n;
}

/* It can count bits in one instruction. */
FM_SIMD_WIDE static double
ess_wide(
    const int64_t *v, size_t n, int64_t median2, uint64_t *bits, double *rho1)
{
	return ess(v, n, median2, bits, rho1);
}

double
fm_stat_ess(
    const int64_t *v, size_t n, int64_t median2, uint64_t *bits, double *rho1)
{
	return fm_simd_wide() ? ess_wide(v, n, median2, bits, rho1)
			      : ess(v, n, median2, bits, rho1);
}

/* `tmp` has room for 2 n. */
static double
batch_median(const int64_t *v, size_t n, int64_t *tmp)
{
	size_t lo = (n - 1) / 2, hi = n / 2;

	memcpy(tmp, v, n * sizeof *v);
	if (n > 64)
		return fm_stat_median_ns(tmp, n);
	fm_stat_sort(tmp, tmp + n, n);
	return ((double)tmp[lo] + (double)tmp[hi]) / 2;
}

/* What MSER-5 drops; `*limit` when it would have liked more. */
static size_t
mser(const int64_t *v, size_t n, int64_t *tmp, bool *limit)
{
	size_t b = n / BATCH, j, best = 0;
	double sum = 0, sq = 0, least = (double)INFINITY;

	*limit = false;
	if (b < 4)
		return fm_stat_fmwork_drop(n);
	/* From the last batch back, so that every sum is made once; values
	 * are taken from the last one to keep the squares small. */
	for (j = b; j-- > 0;) {
		double z =
		    batch_median(v + j * BATCH, BATCH, tmp) - (double)v[n - 1];
		double k = (double)(b - j);

		sum += z;
		sq += z * z;
		if (j <= b / 2 && (sq - sum * sum / k) / (k * k) <= least) {
			least = (sq - sum * sum / k) / (k * k);
			best = j;
		}
	}
	*limit = best == b / 2;
	return best * BATCH;
}

static size_t
drop(const int64_t *v, size_t n, const struct fm_stat_conf *c, int64_t *tmp,
    bool *limit)
{
	*limit = false;
	switch (c->rule) {
	case FM_STAT_FMWORK:
		return fm_stat_fmwork_drop(n);
	case FM_STAT_MSER:
		return mser(v, n, tmp, limit);
	case FM_STAT_PERCENT:
		return n * (size_t)c->percent / 100;
	case FM_STAT_NONE:
		break;
	}
	return 0;
}

typedef int32_t lanes __attribute__((vector_size(DRIFT_BATCHES * 4)));

/*
 * Odd and even neighbours change places in turn, in all batches at once: as
 * often as there are rows, which sorts each lane.
 */
FM_SIMD_BODY void
sort_lanes(int32_t (*key)[DRIFT_BATCHES], size_t rows)
{
	size_t round, i;

	for (round = 0; round < rows; round++)
		for (i = round % 2; i + 1 < rows; i += 2) {
			lanes a, b, swap;

			memcpy(&a, key[i], sizeof a);
			memcpy(&b, key[i + 1], sizeof b);
			swap = (a ^ b) & (a > b);
			a ^= swap;
			b ^= swap;
			memcpy(key[i], &a, sizeof a);
			memcpy(key[i + 1], &b, sizeof b);
		}
}

static void
sort_lanes_base(int32_t (*key)[DRIFT_BATCHES], size_t rows)
{
	sort_lanes(key, rows);
}

FM_SIMD_WIDE static void
sort_lanes_wide(int32_t (*key)[DRIFT_BATCHES], size_t rows)
{
	sort_lanes(key, rows);
}

/*
 * Medians of batches of at most LANE_ROWS samples, a lane for each batch, in
 * differences from the first sample; false when they are too far apart.
 * Shorter lanes are filled up with what sorts behind all.
 */
static bool
medians(double *z, const int64_t *v, size_t n, size_t b)
{
	int32_t key[LANE_ROWS][DRIFT_BATCHES];
	size_t rows = (n + b - 1) / b, i, k;
	int64_t lost = 0;

	if (rows > LANE_ROWS)
		return false;
	for (k = 0; k < rows; k++)
		for (i = 0; i < DRIFT_BATCHES; i++)
			key[k][i] = INT32_MAX;
	for (i = 0; i < b; i++) {
		const int64_t *from = v + i * n / b, *to = v + (i + 1) * n / b;

		for (k = 0; from + k < to; k++) {
			key[k][i] = (int32_t)(from[k] - v[0]);
			lost |= (from[k] - v[0]) ^ key[k][i];
		}
	}
	if (lost)
		return false;
	if (fm_simd_wide())
		sort_lanes_wide(key, rows);
	else
		sort_lanes_base(key, rows);
	for (i = 0; i < b; i++) {
		size_t lo, hi;

		k = (i + 1) * n / b - i * n / b;
		lo = (k - 1) / 2;
		hi = k / 2;
		z[i] = ((double)(v[0] + key[lo][i]) +
			   (double)(v[0] + key[hi][i])) /
		       2;
	}
	return true;
}

/*
 * Slopes are kept as integers, in 1 / scale ns for each repetition, so that
 * the one sort serves for all.
 */
static size_t
slopes(int64_t *slope, const int64_t *v, size_t n, size_t b, double scale,
    int64_t *tmp)
{
	double z[DRIFT_BATCHES], at[DRIFT_BATCHES];
	bool done = medians(z, v, n, b);
	size_t i, j, k = 0;

	for (i = 0; i < b; i++) {
		size_t from = i * n / b, to = (i + 1) * n / b;

		if (!done)
			z[i] = batch_median(v + from, to - from, tmp);
		at[i] = 0.5 * (double)(from + to - 1);
	}
	for (i = 0; i < b; i++)
		for (j = i + 1; j < b; j++)
			slope[k++] =
			    (int64_t)((z[j] - z[i]) * scale / (at[j] - at[i]));
	return k;
}

static void
drift(struct fm_stat *s, const int64_t *v, size_t n, int64_t *tmp)
{
	int64_t slope[SLOPES];
	size_t b = n / 4 < DRIFT_BATCHES ? n / 4 : DRIFT_BATCHES, k, lo, mid;
	double scale, unit, half, tau;

	if (n < 20 || s->median2 <= 0)
		return;
	/* Of samples that are minutes apart, whole nanoseconds must do. */
	unit = s->max - s->min < INT64_C(1) << 40 ? 65536 : 1;
	k = slopes(slope, v, n, b, unit, tmp);
	mid = (k - 1) / 2;
	fm_stat_sort(slope, tmp, k);
	/* Batching leaves about the share of the dependence that spans more
	 * than a batch. */
	tau = (double)b / s->ess;
	half = 1.959963984540054 / 2 *
	       sqrt((double)(b * (b - 1) * (2 * b + 5)) / 18 *
		    (tau > 1 ? tau : 1));
	lo = half < (double)k / 2 ? (size_t)((double)k / 2 - half) : 0;
	scale = (double)(n - 1) * 200 / unit / (double)s->median2;
	s->has_drift = true;
	s->drift = (double)(slope[mid] + slope[k - 1 - mid]) / 2 * scale;
	s->drift_lo = (double)slope[lo] * scale;
	s->drift_hi = (double)slope[k - 1 - lo] * scale;
	s->steady =
	    !(fabs(s->drift) > 1 && (s->drift_lo > 0 || s->drift_hi < 0));
}

/* --- all of it ----------------------------------------------------------- */

/*
 * Sums of differences from the median: two integers for the mean, unless one
 * is enough, so that no bit is lost; and squares in four lanes, which both
 * keeps the rounding small and lets them run at once.
 */
static double
mean_beyond(const int64_t *v, size_t n, int64_t pivot, int64_t range)
{
	int64_t part = 1 << 20, high = 0, low = 0;
	size_t i;

	if (range < (INT64_C(1) << 53) / (int64_t)n) {
		for (i = 0; i < n; i++)
			low += v[i] - pivot;
		return (double)low / (double)n;
	}
	for (i = 0; i < n; i++) {
		high += (v[i] - pivot) / part;
		low += (v[i] - pivot) % part;
	}
	return ((double)high * (double)part + (double)low) / (double)n;
}

static inline double
square(int64_t v, int64_t pivot, double mean)
{
	double d = (double)(v - pivot) - mean;

	return d * d;
}

static void
moments(struct fm_stat *s, const int64_t *v, size_t n)
{
	int64_t pivot = s->median2 / 2;
	double mean = mean_beyond(v, n, pivot, s->max - s->min);
	double sq[4] = { 0, 0, 0, 0 };
	size_t i;

	for (i = 0; i + 4 <= n; i += 4) {
		sq[0] += square(v[i], pivot, mean);
		sq[1] += square(v[i + 1], pivot, mean);
		sq[2] += square(v[i + 2], pivot, mean);
		sq[3] += square(v[i + 3], pivot, mean);
	}
	for (; i < n; i++)
		sq[i % 4] += square(v[i], pivot, mean);
	s->mean = (double)pivot + mean;
	s->sd =
	    n > 1 ? sqrt(((sq[0] + sq[1]) + (sq[2] + sq[3])) / (double)(n - 1))
		  : (double)NAN;
}

void
fm_stat_describe(struct fm_stat *s, const int64_t *v, size_t n,
    const struct fm_stat_conf *c, struct fm_stat_work *w)
{
	bool limit;
	size_t k;

	memset(s, 0, sizeof *s);
	reserve(w, n);
	s->n = n;
	s->first = v[0];
	s->dropped = drop(v, n, c, w->tmp, &limit);
	v += s->dropped;
	k = n - s->dropped;
	memcpy(w->v, v, k * sizeof *v);
	fm_stat_sort(w->v, w->tmp, k);
	s->min = w->v[0];
	s->max = w->v[k - 1];
	s->median2 = w->v[(k - 1) / 2] + w->v[k / 2];
	s->mad4 = mad4(w->v, k, s->median2);
	moments(s, v, k);
	if (!c->full)
		return;
	s->steady = -1;
	quantiles(s, w->v, k, c->type7);
	outliers(s, w->v, k);
	s->ess = fm_stat_ess(v, k, s->median2, w->bits, &s->rho1);
	interval(s, w->v, k);
	drift(s, v, k, w->tmp);
	if (limit)
		s->steady = 0;
}
