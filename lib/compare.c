/*
 * Tests, corrections and estimates for comparisons.
 */
#include "compare.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* --- distributions --- */

/*
 * The continued fraction of the incomplete beta function (DLMF 8.17.22),
 * evaluated from the front (Lentz); converges fast for x < (a+1)/(a+b+2).
 */
static double
beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), f;
	int m;

	d = 1 / d;
	f = d;
	for (m = 1; m < 10000; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x /
			     ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 / (1 + even * d);
		c = 1 + even / c;
		f *= d * c;
		d = 1 / (1 + odd * d);
		c = 1 + odd / c;
		step = d * c;
		f *= step;
		if (fabs(step - 1) < 1e-15)
			break;
	}
	return f;
}

/* I_x(a, b) */
static double
beta_inc(double a, double b, double x)
{
	double front;

	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(
	    lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

enum {
	NORMAL_DF = 1000000 /* from here on lgamma loses more than t differs */
};

double
fm_compare_t_cdf(double t, double df)
{
	double tail;

	if (isnan(t))
		return t;
	if (df > NORMAL_DF)
		return erfc(-t / sqrt(2)) / 2;
	if (isinf(t))
		return t > 0;
	tail = beta_inc(df / 2, 0.5, df / (df + t * t)) / 2;
	return t > 0 ? 1 - tail : tail;
}

/* Bisection on the lower tail, where the distribution function is exact. */
double
fm_compare_t_quantile(double p, double df)
{
	double lo = -1, hi = 0, mid = 0;
	int i;

	if (p > 0.5)
		return -fm_compare_t_quantile(1 - p, df);
	while (fm_compare_t_cdf(lo, df) > p && lo > -1e300)
		lo *= 2;
	for (i = 0; i < 200; i++) {
		mid = (lo + hi) / 2;
		if (mid <= lo || mid >= hi)
			break;
		if (fm_compare_t_cdf(mid, df) < p)
			lo = mid;
		else
			hi = mid;
	}
	return mid;
}

/* --- estimates --- */

double
fm_compare_mean(const double *v, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

double
fm_compare_var(const double *v, size_t n)
{
	double mean = fm_compare_mean(v, n), sum = 0;
	size_t i;

	if (n < 2)
		return 0;
	for (i = 0; i < n; i++)
		sum += (v[i] - mean) * (v[i] - mean);
	return sum / (double)(n - 1);
}

static void
swap(double *a, double *b)
{
	double t = *a;

	*a = *b;
	*b = t;
}

/*
 * Puts the k-th smallest into v[k], nothing greater before it and nothing
 * smaller behind it (Hoare's selection; the pivot is the median of three).
 */
static void
select_kth(double *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n - 1;

	while (lo < hi) {
		size_t i = lo, j = hi, mid = lo + (hi - lo) / 2;
		double pivot;

		if (v[mid] < v[lo])
			swap(&v[mid], &v[lo]);
		if (v[hi] < v[lo])
			swap(&v[hi], &v[lo]);
		if (v[hi] < v[mid])
			swap(&v[hi], &v[mid]);
		pivot = v[mid];
		while (i <= j) {
			while (v[i] < pivot)
				i++;
			while (pivot < v[j])
				j--;
			if (i <= j) {
				swap(&v[i++], &v[j]);
				if (j-- == 0)
					break;
			}
		}
		if (j != SIZE_MAX && k <= j)
			hi = j;
		else if (k >= i)
			lo = i;
		else
			return;
	}
}

double
fm_compare_median(double *v, size_t n)
{
	size_t i, half = n / 2;
	double below;

	select_kth(v, n, half);
	if (n % 2)
		return v[half];
	below = v[0];
	for (i = 1; i < half; i++)
		below = v[i] > below ? v[i] : below;
	return (below + v[half]) / 2;
}

double
fm_compare_shift(const double *x, size_t nx, const double *y, size_t ny)
{
	double *d = fm_calloc(nx * ny, sizeof *d), shift;
	size_t i, j, n = 0;

	for (i = 0; i < nx; i++)
		for (j = 0; j < ny; j++)
			d[n++] = y[j] - x[i];
	shift = fm_compare_median(d, n);
	free(d);
	return shift;
}

/* --- variances --- */

void
fm_variance_add(struct fm_variance *s, const double *v, size_t n)
{
	double df = n < 2 ? 0 : (double)(n - 1);

	if (df > 0)
		s->var =
		    (s->var * s->df + fm_compare_var(v, n) * df) / (s->df + df);
	s->df += df;
}

/*
 * psi and its derivative for x > 0: recurrence up to 8, then the asymptotic
 * series (DLMF 5.11.2 and its derivative).
 */
static double
digamma(double x)
{
	double r = 0, y;

	while (x < 8) {
		r -= 1 / x;
		x += 1;
	}
	y = 1 / (x * x);
	return r + log(x) - 0.5 / x -
	       y * (1.0 / 12 -
		       y * (1.0 / 120 -
			       y * (1.0 / 252 - y * (1.0 / 240 - y / 132))));
}

static double
trigamma(double x)
{
	double r = 0, y;

	while (x < 8) {
		r += 1 / (x * x);
		x += 1;
	}
	y = 1 / (x * x);
	return r + 1 / x + y / 2 +
	       y / x *
		   (1.0 / 6 -
		       y * (1.0 / 30 -
			       y * (1.0 / 42 - y * (1.0 / 30 - y * 5 / 66))));
}

/* The x with trigamma(x) = v: it falls, so bisection on log x finds it. */
static double
trigamma_inverse(double v)
{
	double lo = -20, hi = 20;
	int i;

	for (i = 0; i < 100; i++) {
		double mid = (lo + hi) / 2;

		if (trigamma(exp(mid)) > v)
			lo = mid;
		else
			hi = mid;
	}
	return exp((lo + hi) / 2);
}

/*
 * With s^2 ~ s0^2 F(d, d0): e = log s^2 - digamma(d/2) + log(d/2) has mean
 * log s0^2 - digamma(d0/2) + log(d0/2) and variance trigamma(d/2) +
 * trigamma(d0/2). Both are solved for s0^2 and d0.
 */
struct fm_variance
fm_variance_prior(const struct fm_variance *v, size_t n)
{
	struct fm_variance prior = { 0, 0 }, pooled = { 0, 0 };
	double *e = fm_calloc(n, sizeof *e), expected = 0, more;
	size_t i, m = 0;

	for (i = 0; i < n; i++) {
		double h = v[i].df / 2;

		if (v[i].df <= 0 || v[i].var <= 0)
			continue;
		e[m++] = log(v[i].var) - digamma(h) + log(h);
		expected += trigamma(h);
		pooled.var += v[i].var * v[i].df;
		pooled.df += v[i].df;
	}
	if (m >= 3) {
		more = fm_compare_var(e, m) - expected / (double)m;
		if (more <= 0) {
			prior.df = (double)INFINITY;
			prior.var = pooled.var / pooled.df;
		} else {
			double h = trigamma_inverse(more);

			prior.df = 2 * h;
			prior.var =
			    exp(fm_compare_mean(e, m) + digamma(h) - log(h));
		}
	}
	free(e);
	return prior;
}

struct fm_variance
fm_variance_moderate(struct fm_variance v, struct fm_variance prior)
{
	struct fm_variance s = { 0, v.df + prior.df };

	if (isinf(prior.df))
		s.var = prior.var;
	else if (s.df > 0)
		s.var = (v.var * v.df + prior.var * prior.df) / s.df;
	return s;
}

/* --- differences --- */

struct fm_compare
fm_compare_welch(const double *x, size_t nx, const double *y, size_t ny)
{
	double a = fm_compare_var(x, nx) / (double)nx;
	double b = fm_compare_var(y, ny) / (double)ny;
	struct fm_compare c;

	c.diff = fm_compare_mean(y, ny) - fm_compare_mean(x, nx);
	c.se = sqrt(a + b);
	c.df = c.se > 0
		   ? (a + b) * (a + b) /
			 (a * a / (double)(nx - 1) + b * b / (double)(ny - 1))
		   : (double)(nx + ny - 2);
	return c;
}

struct fm_compare
fm_compare_known(const double *x, size_t nx, const double *y, size_t ny,
    struct fm_variance s)
{
	struct fm_compare c;

	c.diff = fm_compare_mean(y, ny) - fm_compare_mean(x, nx);
	c.df = s.df;
	c.se = s.df > 0 ? sqrt(s.var * (1 / (double)nx + 1 / (double)ny))
			: (double)NAN;
	return c;
}

double
fm_compare_p(const struct fm_compare *c, double margin)
{
	double over = fabs(c->diff) - margin, p;

	if (isnan(c->se))
		return c->se;
	if (c->se <= 0)
		return over > 0 ? 0 : 1;
	p = 2 * fm_compare_t_cdf(-over / c->se, c->df);
	return p < 1 ? p : 1;
}

double
fm_compare_half(const struct fm_compare *c, double confidence)
{
	if (isnan(c->se) || c->se <= 0)
		return c->se;
	return -fm_compare_t_quantile((1 - confidence) / 2, c->df) * c->se;
}

int
fm_compare_runs(double sd, double delta, double alpha, double power)
{
	int n;

	for (n = 2; n < 1000; n++) {
		double df = 2 * (n - 1);
		double t = -fm_compare_t_quantile(alpha / 2, df) +
			   fm_compare_t_quantile(power, df);

		if (t * sd * sqrt(2.0 / n) <= delta)
			break;
	}
	return n;
}

/* --- many at once --- */

/* Positions of the p values that are numbers, by value; *m of them. */
struct place {
	double p;
	size_t at;
};

static int
by_p(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static struct place *
places(const double *p, size_t n, size_t *m)
{
	struct place *v = fm_calloc(n, sizeof *v);
	size_t i;

	*m = 0;
	for (i = 0; i < n; i++)
		if (!isnan(p[i])) {
			v[*m].p = p[i];
			v[(*m)++].at = i;
		}
	qsort(v, *m, sizeof *v, by_p);
	return v;
}

void
fm_compare_holm(double *p, size_t n)
{
	size_t m, i;
	struct place *v = places(p, n, &m);
	double worst = 0;

	for (i = 0; i < m; i++) {
		double q = v[i].p * (double)(m - i);

		worst = q > worst ? q : worst;
		p[v[i].at] = worst < 1 ? worst : 1;
	}
	free(v);
}

void
fm_compare_bh(double *p, size_t n)
{
	size_t m, i;
	struct place *v = places(p, n, &m);
	double best = 1;

	for (i = m; i > 0; i--) {
		double q = v[i - 1].p * (double)m / (double)i;

		best = q < best ? q : best;
		p[v[i - 1].at] = best;
	}
	free(v);
}
