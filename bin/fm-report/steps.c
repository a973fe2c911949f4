/*
 * Finding steps by dynamic programming over the place of the last one.
 */
#include "steps.h"

#include <math.h>
#include <stdlib.h>

#include "alloc.h"
#include "compare.h"

/* 0.6745 is the upper quartile of the normal distribution. */
static double
noise(const double *v, size_t n)
{
	double *d = fm_calloc(n, sizeof *d), s;
	size_t i;

	for (i = 0; i + 1 < n; i++)
		d[i] = fabs(v[i + 1] - v[i]);
	s = fm_compare_median(d, n - 1) / (0.6745 * sqrt(2));
	free(d);
	return s;
}

struct sums {
	double *one, *two; /* of the first i values, and of their squares */
};

/* Sum of squares around the mean of v[from .. to). */
static double
spread(const struct sums *s, size_t from, size_t to)
{
	double sum = s->one[to] - s->one[from];

	return s->two[to] - s->two[from] - sum * sum / (double)(to - from);
}

static size_t
fill(const struct sums *s, const size_t *last, size_t n, double *level)
{
	size_t to, i, steps = 0;

	for (to = n; to > 0; to = last[to]) {
		size_t from = last[to];
		double mean = (s->one[to] - s->one[from]) / (double)(to - from);

		for (i = from; i < to; i++)
			level[i] = mean;
		steps += from > 0;
	}
	return steps;
}

size_t
steps_find(const double *v, size_t n, double *level)
{
	struct sums s;
	double *best, penalty, sd, origin;
	size_t *last, i, j, found;

	if (n < 4) {
		for (i = 0; i < n; i++)
			level[i] = fm_compare_mean(v, n);
		return 0;
	}
	s.one = fm_calloc(n + 1, sizeof *s.one);
	s.two = fm_calloc(n + 1, sizeof *s.two);
	best = fm_calloc(n + 1, sizeof *best);
	last = fm_calloc(n + 1, sizeof *last);
	/* Small numbers keep their digits in the squares. */
	origin = v[0];
	for (i = 0; i < n; i++) {
		s.one[i + 1] = s.one[i] + (v[i] - origin);
		s.two[i + 1] = s.two[i] + (v[i] - origin) * (v[i] - origin);
	}
	sd = noise(v, n);
	penalty = 5 * sd * sd * log((double)n) + 1e-12 * s.two[n];
	best[1] = (double)INFINITY;
	for (j = 2; j <= n; j++) {
		best[j] = spread(&s, 0, j);
		for (i = 2; i + 2 <= j; i++) {
			double c = best[i] + spread(&s, i, j) + penalty;

			if (c < best[j]) {
				best[j] = c;
				last[j] = i;
			}
		}
	}
	found = fill(&s, last, n, level);
	for (i = 0; i < n; i++)
		level[i] += origin;
	free(s.one);
	free(s.two);
	free(best);
	free(last);
	return found;
}
