/*
 * Medians of samples by selection. Knows numbers, and nothing of where they
 * come from.
 */
#include "stat.h"

#include <assert.h>

size_t
fm_stat_fmwork_drop(size_t n)
{
	if (n <= 1)
		return 0;
	return n / 5 ? n / 5 : 1;
}

static inline void
order(int64_t *a, int64_t *b)
{
	int64_t lo = *a < *b ? *a : *b, hi = *a < *b ? *b : *a;

	*a = lo;
	*b = hi;
}

/*
 * Hoare's selection: afterwards v[k] is the k-th smallest, nothing left of it
 * is larger and nothing right of it smaller. The pivot is the middle of three,
 * which sorted input (a warming or a throttled device) makes the best case.
 */
static void
select_kth(int64_t *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n - 1;

	while (hi > lo) {
		size_t i = lo, j = hi, mid = lo + (hi - lo) / 2;
		int64_t pivot;

		order(&v[lo], &v[mid]);
		order(&v[mid], &v[hi]);
		order(&v[lo], &v[mid]);
		pivot = v[mid];
		for (;;) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			order(&v[i++], &v[j--]);
		}
		if (k <= j)
			hi = j;
		else
			lo = j + 1;
	}
}

/* The two middle samples, the same one twice when n is odd. */
static void
middles(int64_t *v, size_t n, int64_t *a, int64_t *b)
{
	size_t k = n / 2, i;

	assert(n > 0);
	select_kth(v, n, k);
	*a = *b = v[k];
	if (n % 2)
		return;
	*a = v[0];
	for (i = 1; i < k; i++)
		if (v[i] > *a)
			*a = v[i];
}

double
fm_stat_median_ns(int64_t *v, size_t n)
{
	int64_t a, b;

	middles(v, n, &a, &b);
	return ((double)a + (double)b) / 2;
}

double
fm_stat_median_s(int64_t *v, size_t n)
{
	int64_t a, b;

	middles(v, n, &a, &b);
	if (n % 2)
		return (double)a / 1e9;
	return ((double)a / 1e9 + (double)b / 1e9) / 2;
}
