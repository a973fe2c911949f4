/*
 * Printing the lines of a generation run, in the form of fmwork's infer/vllm
 * driver. What reads them is record_form.h.
 */
#ifndef FM_RECORD_GEN_H
#define FM_RECORD_GEN_H

#include <stdint.h>

struct fm_buf;
struct fm_rep;

/* What a generation run was made with. */
struct fm_gen_point {
	const char *model;
	int64_t input, output; /* tokens of one sequence */
	int64_t batch;         /* sequences */
	int64_t tp;            /* devices that share the model */
};

/* A point measured; times in seconds, as fmwork rounds them. */
struct fm_gen_res {
	int64_t t0_ns;   /* start of the first repetition */
	int64_t t1_ns;   /* end of the last */
	double med_s;    /* median of the kept ones */
	double mad_part; /* median absolute deviation / median */
};

/* FMWORK REP, with itl = dt / output and tokens per second. */
void fm_record_put_gen_rep(
    struct fm_buf *b, const struct fm_rep *r, const struct fm_gen_point *p);

/* The block of labels, a blank line, and FMWORK RES. */
void fm_record_put_gen_res(
    struct fm_buf *b, const struct fm_gen_point *p, const struct fm_gen_res *r);

/*
 * The block and FMWORK GEN, of a point and of the one with a single output
 * token: ttft is the median of that, gen the rest, and fmwork divides it by
 * all output tokens.
 */
void fm_record_put_gen(struct fm_buf *b, const struct fm_gen_point *p,
    const struct fm_gen_res *first, const struct fm_gen_res *all);

#endif
