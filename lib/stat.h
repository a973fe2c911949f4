/*
 * Statistics of samples. Each function names its definition; nothing here
 * knows where samples come from. Samples are nanoseconds.
 */
#ifndef FM_STAT_H
#define FM_STAT_H

#include <stddef.h>
#include <stdint.h>

/*
 * How many of `n` leading repetitions fmwork's rule drops: max(n / 5, 1),
 * except that a single repetition is kept.
 */
size_t fm_stat_fmwork_drop(size_t n);

/*
 * The median of `n` >= 1 samples: the middle one, or the mean of the two
 * middle ones. Reorders `v`. In nanoseconds; exact below 2^53.
 */
double fm_stat_median_ns(int64_t *v, size_t n);

/*
 * The same in seconds, rounded where fmwork rounds: each sample is divided by
 * 1e9 before the two middle ones are averaged. RES lines are made from it.
 */
double fm_stat_median_s(int64_t *v, size_t n);

#endif
