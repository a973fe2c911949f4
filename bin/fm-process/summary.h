/*
 * What RES and GEN lines say of a point, made into a record; the same made
 * from the samples where the line is missing; and whether the two agree.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "rec.h"

/* fmwork's summary of samples; not known: zeros. */
struct summary {
	double median_s; /* seconds */
	double rel_mad;  /* median distance from it, as a share of it */
};

/*
 * Fills `r` from a RES or GEN line that was taken apart into `l`. The texts of
 * both point into `keep` then, which gets a copy of the line; it must not grow
 * while `r` is used.
 */
void summary_of_line(struct rec *r, const char *line, size_t n,
    struct fm_line *l, struct fm_buf *keep);

/* Adds what a GEN line knows to the record of its RES line. */
void summary_add_gen(struct rec *r, const char *line, size_t n,
    struct fm_line *l, struct fm_buf *keep);

/* Only the sizes, as far as they are known. */
void summary_sizes(struct rec *r, const struct sizes *z, struct fm_buf *keep);

/* Fills `r` from samples by fmwork's rule. */
void summary_of_samples(struct rec *r, struct point *p, struct fm_buf *keep,
    const struct fm_stat_conf *c, struct fm_stat_work *w);

/* Times that the line lacks (embed/tf v1.0.0) are those of the repetitions;
 * numbers that it lacks (nan: one repetition, and that one dropped) are made
 * from the samples. */
void summary_fill(struct rec *r, struct point *p, struct fm_buf *keep,
    const struct fm_stat_conf *c, struct fm_stat_work *w);

/* Notes where the samples contradict the line. */
void summary_check(struct rec *r, const struct fm_line *l, struct point *p,
    const struct exper *x, const struct fm_stat_conf *c,
    struct fm_stat_work *w);
/* The same for a GEN line, with the run for one token and the whole one. */
void summary_check_gen(struct rec *r, const struct fm_line *l,
    const struct exper *x, struct summary first, struct summary whole);

/* Are all repetitions of the point there, in their order? */
bool summary_complete(const struct point *p);

/* Puts right what a driver is known to print wrong, and notes it. */
void summary_correct(struct rec *r, const struct exper *x, struct fm_buf *keep);

/* fmwork's median of samples. */
struct summary summary_median(
    struct point *p, const struct fm_stat_conf *c, struct fm_stat_work *w);

#endif
