/*
 * Sorting of samples. A log holds a point for every few kilobytes, and its
 * samples are sorted whole, so a hundred of them must take a fraction of a
 * microsecond.
 *
 * The idea for up to PART samples: the rank of a sample is the number of
 * smaller ones. That takes n * n comparisons, but eight of them, of 32-bit
 * differences from the first sample, are one instruction (four, of samples
 * that are too far apart for that), and none of them is a branch. Equal
 * samples share a rank and leave gaps behind it, which another pass fills:
 *
 *	 samples 7 3 9 3   ranks 2 0 3 0   by rank 3 . 7 9   filled 3 3 7 9
 *
 * More are halved until they are few enough, and merged.
 */
#include "stat.h"

#include <string.h>

#include "simd.h"

enum {
	PART = 128, /* whose ranks are counted: whole groups of 32 */
	FEW = 8     /* not ranked */
};

typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef int32_t i32x8 __attribute__((vector_size(32)));
typedef int64_t i64x2 __attribute__((vector_size(16)));
typedef int64_t i64x4 __attribute__((vector_size(32)));
typedef int32_t i32x2 __attribute__((vector_size(8)));

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

/* Fewer are filled up. */
static void
sort_few(int64_t *v, size_t n)
{
	int64_t pad[FEW];
	size_t i;

	for (i = 0; i < FEW; i++)
		pad[i] = i < n ? v[i] : INT64_MAX;
	sort_eight(pad);
	memcpy(v, pad, n * sizeof *v);
}

/* --- ranks --------------------------------------------------------------- */

/*
 * rank[i] = how many of key[0 .. n) are below key[i], for groups of four
 * vectors. The counts are variables, not an array, which compilers would keep
 * in memory.
 */
#define COUNT_BELOW(key, rank, n, lanes, ranks)                                \
	do {                                                                   \
		const size_t size = sizeof(lanes) / sizeof *(key);             \
		size_t i, j;                                                   \
                                                                               \
		for (i = 0; i < (n); i += 4 * size) {                          \
			lanes a, b, c, d;                                      \
			lanes na = { 0 }, nb = na, nc = na, nd = na;           \
			ranks r;                                               \
                                                                               \
			memcpy(&a, (key) + i, sizeof a);                       \
			memcpy(&b, (key) + i + size, sizeof b);                \
			memcpy(&c, (key) + i + 2 * size, sizeof c);            \
			memcpy(&d, (key) + i + 3 * size, sizeof d);            \
			for (j = 0; j < (n); j++) {                            \
				na -= (key)[j] < a;                            \
				nb -= (key)[j] < b;                            \
				nc -= (key)[j] < c;                            \
				nd -= (key)[j] < d;                            \
			}                                                      \
			r = __builtin_convertvector(na, ranks);                \
			memcpy((rank) + i, &r, sizeof r);                      \
			r = __builtin_convertvector(nb, ranks);                \
			memcpy((rank) + i + size, &r, sizeof r);               \
			r = __builtin_convertvector(nc, ranks);                \
			memcpy((rank) + i + 2 * size, &r, sizeof r);           \
			r = __builtin_convertvector(nd, ranks);                \
			memcpy((rank) + i + 3 * size, &r, sizeof r);           \
		}                                                              \
	} while (0)

static void
count_near(const int32_t *key, int32_t *rank, size_t n)
{
	COUNT_BELOW(key, rank, n, i32x4, i32x4);
}

static void
count_far(const int64_t *key, int32_t *rank, size_t n)
{
	COUNT_BELOW(key, rank, n, i64x2, i32x2);
}

FM_SIMD_WIDE static void
count_near_wide(const int32_t *key, int32_t *rank, size_t n)
{
	COUNT_BELOW(key, rank, n, i32x8, i32x8);
}

FM_SIMD_WIDE static void
count_far_wide(const int64_t *key, int32_t *rank, size_t n)
{
	COUNT_BELOW(key, rank, n, i64x4, i32x4);
}

/* Differences from the first; false when one is too large. */
static bool
make_keys(const int64_t *v, int32_t *key, size_t n)
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

static void
find_ranks(const int64_t *v, int32_t *rank, size_t n)
{
	int32_t near[PART];
	int64_t far[PART];

	memset(near + n, 0, (PART - n) * sizeof *near);
	if (make_keys(v, near, n)) {
		if (fm_simd_wide())
			count_near_wide(near, rank, n);
		else
			count_near(near, rank, n);
		return;
	}
	memcpy(far, v, n * sizeof *v);
	memset(far + n, 0, (PART - n) * sizeof *far);
	if (fm_simd_wide())
		count_far_wide(far, rank, n);
	else
		count_far(far, rank, n);
}

/* Sorts v[0 .. n), at most PART, into `to`, which may be v. */
static void
sort_by_rank(const int64_t *v, int64_t *to, size_t n)
{
	int32_t rank[PART];
	int64_t by_rank[PART];
	size_t i, sum = 0;

	find_ranks(v, rank, n);
	for (i = 0; i < n; i++) {
		by_rank[rank[i]] = v[i];
		sum += (size_t)rank[i];
	}
	if (sum != n * (n - 1) / 2) { /* some are equal */
		for (i = 0; i < n; i++)
			by_rank[i] = INT64_MIN;
		for (i = 0; i < n; i++)
			by_rank[rank[i]] = v[i];
		for (i = 1; i < n; i++)
			if (by_rank[i] < by_rank[i - 1])
				by_rank[i] = by_rank[i - 1];
	}
	memcpy(to, by_rank, n * sizeof *to);
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
	if (n <= PART) {
		sort_by_rank(v, to, n);
		return;
	}
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
