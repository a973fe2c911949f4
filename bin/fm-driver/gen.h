/*
 * Points of a generation run (--output_sizes): REP, RES and GEN as fmwork's
 * infer driver prints them, and its rule for GEN.
 */
#ifndef GEN_H
#define GEN_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "record_gen.h"
#include "sweep.h"

struct fm_buf;
struct fm_rep;
struct session;

/* A point with one output token: what GEN of longer ones subtracts. */
struct gen_first {
	int64_t input, batch;
	struct fm_gen_res res;
};

/* Of all lanes. */
struct gen {
	pthread_mutex_t lock;
	struct gen_first *v;
	size_t n, cap;
};

void gen_init(struct gen *g);
void gen_release(struct gen *g);

/* The point with one output token was measured before, in these times. `res`
 * has its begin and end. */
void gen_know(struct gen *g, const struct fm_point *at, struct fm_gen_res *res,
    const int64_t *dt_ns, size_t n);

void gen_put_rep(struct fm_buf *b, const struct session *s,
    const struct fm_rep *r, const struct fm_point *at);

/*
 * RES of a point, and GEN when the point with one output token of the same
 * input and batch came before. `dt_ns` are the kept repetitions.
 */
void gen_put_res(struct gen *g, struct fm_buf *b, const struct session *s,
    const struct fm_point *at, struct fm_gen_res *res, const int64_t *dt_ns,
    size_t n);

#endif
