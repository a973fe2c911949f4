/*
 * Time, in integer nanoseconds. Durations are differences of the monotonic
 * clock. Stamps are UNIX epoch time: one reading of the wall clock at start
 * plus the monotonic clock, so that they can be dated and never step back.
 */
#ifndef FM_CLOCK_H
#define FM_CLOCK_H

#include <stdint.h>
#include <time.h>

struct fm_clock {
	int64_t offset_ns; /* epoch minus monotonic, fixed at start */
};

/* The monotonic clock: the only call that may stand beside a device call. */
static inline int64_t
fm_clock_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Pairs the two clocks; the tightest of a few readings. */
void fm_clock_start(struct fm_clock *c);

/* Monotonic to epoch. */
static inline int64_t
fm_clock_epoch_ns(const struct fm_clock *c, int64_t now_ns)
{
	return now_ns + c->offset_ns;
}

/*
 * What a reading costs (median over `n` back-to-back readings) and the
 * smallest step seen, in nanoseconds; takes about n * 50 ns.
 */
void fm_clock_measure(int n, int64_t *cost_ns, int64_t *resolution_ns);

/* Sleeps `ns` (or not at all when negative), through interruptions. */
void fm_clock_sleep_ns(int64_t ns);

#endif
