/*
 * Statistics against slow, obvious forms of themselves and against figures
 * computed elsewhere.
 */
#include "stat.h"

#include <stdlib.h>

#include "../tap.h"
#include "fill.h"

static int
ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
test_drop(void)
{
	static const size_t want[][2] = { { 0, 0 }, { 1, 0 }, { 2, 1 },
		{ 9, 1 }, { 10, 2 }, { 14, 2 }, { 15, 3 }, { 100, 20 } };
	size_t i;

	for (i = 0; i < sizeof want / sizeof *want; i++)
		is_int((intmax_t)fm_stat_fmwork_drop(want[i][0]),
		    (intmax_t)want[i][1], "fmwork's rule");
}

/* Every size, few and many distinct values, in every order. */
static void
test_median(void)
{
	int64_t v[128], w[128];
	size_t n, i, bad = 0, k = 0;

	for (n = 1; n <= 128; n++) {
		uint64_t mod, round;

		for (round = 0; round < 30; round++) {
			double want;

			mod = round % 3 == 0   ? 3
			      : round % 3 == 1 ? 50
					       : 1u << 30;
			for (i = 0; i < n; i++)
				w[i] = v[i] =
				    (int64_t)(fm_fill_word(7, k++) % mod);
			qsort(w, n, sizeof *w, ascending);
			if (round % 5 == 1)
				for (i = 0; i < n; i++)
					v[i] = w[i];
			if (round % 5 == 2)
				for (i = 0; i < n; i++)
					v[i] = w[n - 1 - i];
			want = ((double)w[(n - 1) / 2] + (double)w[n / 2]) / 2;
			bad += fm_stat_median_ns(v, n) != want;
		}
	}
	is_int((intmax_t)bad, 0, "medians equal those of sorted samples");
}

static void
test_median_s(void)
{
	int64_t a[] = { 3, 1 }, b[] = { 300000001, 100000000, 700000000 };

	ok(fm_stat_median_s(a, 2) == (1 / 1e9 + 3 / 1e9) / 2, "even");
	ok(fm_stat_median_s(b, 3) == 300000001 / 1e9, "odd");
}

int
main(void)
{
	test_drop();
	test_median();
	test_median_s();
	return done();
}
