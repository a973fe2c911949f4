/*
 * Clocks: pairing wall and monotonic time, and measuring the clock itself.
 */
#include "clock.h"

#include <errno.h>
#include <stdlib.h>

#include "alloc.h"

static int64_t
wall_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void
fm_clock_start(struct fm_clock *c)
{
	int64_t best = INT64_MAX;
	int i;

	/* A wall reading between two monotonic ones is off by at most half
	 * their distance; the closest of eight pairs is well under 1 us. */
	for (i = 0; i < 8; i++) {
		int64_t a = fm_clock_now_ns();
		int64_t w = wall_ns();
		int64_t b = fm_clock_now_ns();

		if (b - a < best) {
			best = b - a;
			c->offset_ns = w - (a + (b - a) / 2);
		}
	}
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void
fm_clock_measure(int n, int64_t *cost_ns, int64_t *resolution_ns)
{
	int64_t *d = fm_calloc((size_t)n, sizeof *d), last, now;
	int i;

	*resolution_ns = INT64_MAX;
	last = fm_clock_now_ns();
	for (i = 0; i < n; i++) {
		now = fm_clock_now_ns();
		d[i] = now - last;
		last = now;
		if (d[i] > 0 && d[i] < *resolution_ns)
			*resolution_ns = d[i];
	}
	qsort(d, (size_t)n, sizeof *d, compare);
	*cost_ns = d[n / 2];
	free(d);
}

void
fm_clock_sleep_ns(int64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000),
		(long)(ns % 1000000000) };

	if (ns <= 0)
		return;
	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}
