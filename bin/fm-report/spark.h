/*
 * Pictures of repetitions in characters, without gnuplot.
 */
#ifndef SPARK_H
#define SPARK_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "samples.h"

/*
 * Equal bins; their width is Freedman and Diaconis' (1981), 2 IQR / n^(1/3),
 * but there are 5 to 60 of them. They end 6 quartile distances above the upper
 * quartile: a few stragglers do not squeeze all others into one bin.
 */
struct spark_hist {
	double from, width; /* ns */
	size_t *count;
	size_t n;
	size_t beyond; /* values above the last bin */
};
/* `v` in order. */
void spark_bins(struct spark_hist *h, const int64_t *v, size_t n);
void spark_hist_release(struct spark_hist *h);

/* For each point a line of bars over the order of repetitions; a bar is the
 * slowest of the repetitions that fall on it. */
void spark_reps(struct fm_buf *b, const struct samples *s);
/* For each point its histogram, lying. */
void spark_hists(struct fm_buf *b, const struct samples *s);

#endif
