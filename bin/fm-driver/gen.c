/*
 * Generation: points remembered for GEN, and their text.
 */
#include "gen.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conf.h"
#include "record.h"
#include "session.h"
#include "stat.h"

void
gen_init(struct gen *g)
{
	memset(g, 0, sizeof *g);
	(void)pthread_mutex_init(&g->lock, NULL);
}

void
gen_release(struct gen *g)
{
	(void)pthread_mutex_destroy(&g->lock);
	free(g->v);
	memset(g, 0, sizeof *g);
}

static struct fm_gen_point
point(const struct session *s, const struct fm_point *at)
{
	struct fm_gen_point p = { s->name, at->input, at->output, at->batch,
		s->c->tp_size };

	return p;
}

void
gen_put_rep(struct fm_buf *b, const struct session *s, const struct fm_rep *r,
    const struct fm_point *at)
{
	struct fm_gen_point p = point(s, at);

	fm_record_put_gen_rep(b, r, &p);
}

/* Median, and median absolute deviation as a part of it. */
static void
describe(struct fm_gen_res *res, const int64_t *dt_ns, size_t n)
{
	int64_t *v = fm_calloc(n, sizeof *v);
	double med_ns;
	size_t i;

	memcpy(v, dt_ns, n * sizeof *v);
	med_ns = fm_stat_median_ns(v, n);
	res->med_s = fm_stat_median_s(v, n);
	for (i = 0; i < n; i++)
		v[i] = llabs(v[i] - (int64_t)med_ns);
	res->mad_part = med_ns > 0 ? fm_stat_median_ns(v, n) / med_ns : 0;
	free(v);
}

/* A size that is run twice: the later one counts, as in fmwork. */
static bool
find(struct gen *g, const struct fm_point *at, struct gen_first *first)
{
	bool found = false;
	size_t i;

	(void)pthread_mutex_lock(&g->lock);
	for (i = g->n; i > 0 && !found; i--) {
		found = g->v[i - 1].input == at->input &&
			g->v[i - 1].batch == at->batch;
		*first = g->v[i - 1];
	}
	(void)pthread_mutex_unlock(&g->lock);
	return found;
}

static void
keep(struct gen *g, const struct fm_point *at, const struct fm_gen_res *res)
{
	(void)pthread_mutex_lock(&g->lock);
	FM_GROW(g->v, g->cap, g->n + 1);
	g->v[g->n++] = (struct gen_first){ at->input, at->batch, *res };
	(void)pthread_mutex_unlock(&g->lock);
}

void
gen_know(struct gen *g, const struct fm_point *at, struct fm_gen_res *res,
    const int64_t *dt_ns, size_t n)
{
	describe(res, dt_ns, n);
	keep(g, at, res);
}

void
gen_put_res(struct gen *g, struct fm_buf *b, const struct session *s,
    const struct fm_point *at, struct fm_gen_res *res, const int64_t *dt_ns,
    size_t n)
{
	struct fm_gen_point p = point(s, at);
	struct gen_first first;

	describe(res, dt_ns, n);
	fm_record_put_gen_res(b, &p, res);
	if (at->output == 1)
		keep(g, at, res);
	else if (find(g, at, &first))
		fm_record_put_gen(b, &p, &first.res, res);
}
