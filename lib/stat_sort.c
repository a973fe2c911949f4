/*
 * Sorting of samples. A log holds a point for every few kilobytes, and its
 * samples are sorted whole, so a hundred of them must take a fraction of a
 * microsecond.
 *
 * The idea for up to PART samples: the rank of a sample is the number of
 * smaller ones. That takes n * n comparisons, but eight of them, of 32-bit
 * differences from the first sample, are one instruction, and none of them
 * is a branch. Equal samples share a rank and leave gaps behind it, which the
 * next pass fills:
 *
 *	 samples 7 3 9 3   ranks 2 0 3 0   by rank 3 . 7 9   filled 3 3 7 9
 *
 * More, and those that are too far apart, are halved and merged.
 */
#include "stat.h"

#include <string.h>

#include "simd.h"

enum {
	PART = 128, /* whose ranks are counted: whole groups of 32 */
	FEW = 11    /* not ranked */
};

static inline void
order(int64_t *v, int i, int j)
{
	int64_t a = v[i], b = v[j];

	v[i] = a < b ? a : b;
	v[j] = a < b ? b : a;
}

/* Batcher's network for eight: no branch that depends on the data. */
static void
sort_eight(int64_t *v)
{
	static const unsigned char pairs[][2] = { { 0, 1 }, { 2, 3 }, { 4, 5 },
		{ 6, 7 }, { 0, 2 }, { 1, 3 }, { 4, 6 }, { 5, 7 }, { 1, 2 },
		{ 5, 6 }, { 0, 4 }, { 1, 5 }, { 2, 6 }, { 3, 7 }, { 2, 4 },
		{ 3, 5 }, { 1, 2 }, { 3, 4 }, { 5, 6 } };
	size_t i;

#pragma GCC unroll 19
	for (i = 0; i < sizeof pairs / sizeof *pairs; i++)
		order(v, pairs[i][0], pairs[i][1]);
}

/* Fewer than eight are filled up; more go in one by one. */
static void
sort_few(int64_t *v, size_t n)
{
	int64_t pad[8], x;
	size_t i, j;

	if (n < 8) {
		for (i = 0; i < 8; i++)
			pad[i] = i < n ? v[i] : INT64_MAX;
		sort_eight(pad);
		memcpy(v, pad, n * sizeof *v);
		return;
	}
	sort_eight(v);
	for (i = 8; i < n; i++) {
		x = v[i];
		for (j = i; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

/* --- ranks --------------------------------------------------------------- */

/*
 * rank[i] = how many of key[0 .. n) are below key[i], for whole groups. The
 * counts are variables, not an array, which compilers would keep in memory.
 */
#define COUNT_BELOW(name, lanes)                                               \
	static void name(const int32_t *key, int32_t *rank, size_t n)          \
	{                                                                      \
		const size_t size = sizeof(lanes) / sizeof *key;               \
		size_t i, j;                                                   \
                                                                               \
		for (i = 0; i < n; i += 4 * size) {                            \
			lanes a, b, c, d;                                      \
			lanes ra = { 0 }, rb = ra, rc = ra, rd = ra;           \
                                                                               \
			memcpy(&a, key + i, sizeof a);                         \
			memcpy(&b, key + i + size, sizeof b);                  \
			memcpy(&c, key + i + 2 * size, sizeof c);              \
			memcpy(&d, key + i + 3 * size, sizeof d);              \
			for (j = 0; j < n; j++) {                              \
				ra -= key[j] < a;                              \
				rb -= key[j] < b;                              \
				rc -= key[j] < c;                              \
				rd -= key[j] < d;                              \
			}                                                      \
			memcpy(rank + i, &ra, sizeof ra);                      \
			memcpy(rank + i + size, &rb, sizeof rb);               \
			memcpy(rank + i + 2 * size, &rc, sizeof rc);           \
			memcpy(rank + i + 3 * size, &rd, sizeof rd);           \
		}                                                              \
	}

typedef int32_t four __attribute__((vector_size(16)));
COUNT_BELOW(count_below, four)

typedef int32_t eight __attribute__((vector_size(32)));
FM_SIMD_WIDE
COUNT_BELOW(count_below_wide, eight)

    /* Differences from the first; false when one does not fit. */
    static bool make_keys(const int64_t *v, int32_t *key, size_t n)
{
	int64_t lost = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		int64_t d = v[i] - v[0];

		key[i] = (int32_t)d;
		lost |= d ^ key[i];
	}
	return lost == 0;
}

/* Sorts v[0 .. n), at most PART, into `to`, which may be v; false when they
 * are too far apart. */
static bool
sort_by_rank(const int64_t *v, int64_t *to, size_t n)
{
	int32_t key[PART] = { 0 }, rank[PART], by_rank[PART];
	int32_t last = INT32_MIN;
	int64_t base = v[0];
	size_t i;

	if (!make_keys(v, key, n))
		return false;
	if (fm_simd_wide())
		count_below_wide(key, rank, n);
	else
		count_below(key, rank, n);
	for (i = 0; i < n; i++)
		by_rank[i] = INT32_MIN;
	for (i = 0; i < n; i++)
		by_rank[rank[i]] = key[i];
	for (i = 0; i < n; i++) {
		last = by_rank[i] > last ? by_rank[i] : last;
		to[i] = base + last;
	}
	return true;
}

/* --- more than a part ---------------------------------------------------- */

/*
 * Merges from both ends at once: two chains of dependent steps instead of one,
 * and no branch that depends on the data. Both parts have `half` elements, so
 * neither end can run out before the loop does.
 */
static void
merge(const int64_t *from, int64_t *to, size_t half)
{
	const int64_t *a = from, *b = from + half;
	const int64_t *c = b - 1, *d = b + half - 1;
	size_t i, last = 2 * half - 1;

	for (i = 0; i < half; i++) {
		bool right = *b<*a, left = *c> * d;

		to[i] = right ? *b : *a;
		b += right;
		a += !right;
		to[last - i] = left ? *c : *d;
		c -= left;
		d -= !left;
	}
}

/*
 * Sorts v[0 .. n) into `to`, which is v itself or tmp. Parts are halved, not
 * doubled, so that the two of a merge are always equal; an odd element goes
 * in at the end.
 */
static void
sort_into(int64_t *v, int64_t *tmp, size_t n, bool to_tmp)
{
	int64_t *to = to_tmp ? tmp : v, x;
	size_t half = n / 2, j;

	if (n <= FEW) {
		sort_few(v, n);
		if (to_tmp)
			memcpy(tmp, v, n * sizeof *v);
		return;
	}
	if (n <= PART && sort_by_rank(v, to, n))
		return;
	x = v[n - 1];
	sort_into(v, tmp, half, !to_tmp);
	sort_into(v + half, tmp + half, half, !to_tmp);
	merge(to_tmp ? v : tmp, to, half);
	if (n % 2 == 0)
		return;
	for (j = n - 1; j > 0 && to[j - 1] > x; j--)
		to[j] = to[j - 1];
	to[j] = x;
}

void
fm_stat_sort(int64_t *v, int64_t *tmp, size_t n)
{
	sort_into(v, tmp, n, false);
}
