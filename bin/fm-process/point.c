/*
 * Samples of points, and which line belongs to which of them.
 */
#include "point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "num.h"

void
samples_release(struct samples *s)
{
	free(s->v);
	memset(s, 0, sizeof *s);
}

static bool
is_duration(int64_t ns)
{
	return ns > -FM_STAT_MAX_NS && ns < FM_STAT_MAX_NS;
}

void
samples_add(struct samples *s, int64_t ns)
{
	if (!is_duration(ns))
		return;
	FM_GROW(s->v, s->cap, s->n + 1);
	s->v[s->n++] = ns;
}

/* --- one line ------------------------------------------------------------ */

static int64_t
whole(struct fm_text t)
{
	int64_t v;

	return t.n && fm_num_get_int(t.s, t.n, &v) ? v : 0;
}

bool
sizes_of_line(struct sizes *z, const struct fm_line *l)
{
	z->input = whole(l->f[FM_F_INPUT]);
	z->output = whole(l->f[FM_F_OUTPUT]);
	z->batch = whole(l->f[FM_F_BATCH]);
	z->tp = whole(l->f[FM_F_TP]);
	return z->batch > 0;
}

/* Drivers of generation time the whole request; vision's own times name it
 * differently. */
static bool
duration(struct rep *r, const struct fm_line *l)
{
	struct fm_text t = l->f[FM_F_DT].n ? l->f[FM_F_DT] : l->f[FM_F_INF];

	return fm_num_get_scaled(t.s, t.n, 9, &r->dt_ns);
}

bool
rep_of_line(struct rep *r, const struct fm_line *l)
{
	memset(r, 0, sizeof *r);
	r->dialect = fm_form_dialect(l->form);
	r->rep = whole(l->f[FM_F_REP]);
	r->reps = whole(l->f[FM_F_REPS]);
	r->has_sizes = sizes_of_line(&r->sizes, l);
	r->t0 = l->f[FM_F_T0];
	r->t1 = l->f[FM_F_T1];
	r->model = l->f[FM_F_MODEL];
	if (!duration(r, l) || !is_duration(r->dt_ns))
		return false;
	/* The stamps have nanoseconds where old lines print milliseconds. */
	if (r->t0.n && fm_num_get_scaled(r->t0.s, r->t0.n, 9, &r->t0_ns) &&
	    fm_num_get_scaled(r->t1.s, r->t1.n, 9, &r->t1_ns) &&
	    l->f[FM_F_ITL].n && is_duration(r->t1_ns - r->t0_ns))
		r->dt_ns = r->t1_ns - r->t0_ns;
	return true;
}

/* --- one point ----------------------------------------------------------- */

void
point_init(struct point *p)
{
	memset(p, 0, sizeof *p);
	fm_buf_init(&p->t0);
	fm_buf_init(&p->t1);
	fm_buf_init(&p->key);
	fm_buf_init(&p->model);
}

void
point_release(struct point *p)
{
	samples_release(&p->dt);
	samples_release(&p->ttft);
	samples_release(&p->gen);
	samples_release(&p->gaps);
	fm_buf_release(&p->t0);
	fm_buf_release(&p->t1);
	fm_buf_release(&p->key);
	fm_buf_release(&p->model);
}

void
point_clear(struct point *p)
{
	p->open = p->disorder = p->described = false;
	p->dialect = FM_DIALECT_NONE;
	memset(&p->sizes, 0, sizeof p->sizes);
	p->dt.n = p->ttft.n = p->gen.n = p->gaps.n = 0;
	p->last = p->reps = p->last_t1_ns = p->pause_ns = p->tokens = 0;
	fm_buf_clear(&p->t0);
	fm_buf_clear(&p->t1);
	fm_buf_clear(&p->key);
	fm_buf_clear(&p->model);
}

static void
set(struct fm_buf *b, struct fm_text t)
{
	fm_buf_clear(b);
	if (t.n)
		fm_buf_put(b, t.s, t.n);
}

void
point_add(struct point *p, const struct rep *r)
{
	if (p->dt.n == 0) {
		set(&p->t0, r->t0);
		set(&p->model, r->model);
		p->disorder = r->rep > 1;
		if (r->has_sizes)
			p->sizes = r->sizes;
	} else if (r->rep != p->last + 1 && r->rep) {
		p->disorder = true;
	}
	p->pause_ns = r->t0_ns - p->last_t1_ns;
	set(&p->t1, r->t1);
	samples_add(&p->dt, r->dt_ns);
	p->last = r->rep;
	p->reps = r->reps;
	p->last_t1_ns = r->t1_ns;
}

const struct fm_stat *
point_describe(
    struct point *p, const struct fm_stat_conf *c, struct fm_stat_work *w)
{
	if (!p->described)
		fm_stat_describe(&p->stat, p->dt.v, p->dt.n, c, w);
	p->described = true;
	return &p->stat;
}

/* --- all that are open --------------------------------------------------- */

void
points_init(struct points *ps)
{
	size_t i;

	for (i = 0; i < POINTS; i++)
		point_init(&ps->p[i]);
	ps->cur = NULL;
}

void
points_release(struct points *ps)
{
	size_t i;

	for (i = 0; i < POINTS; i++)
		point_release(&ps->p[i]);
}

bool
sizes_equal(const struct sizes *a, const struct sizes *b)
{
	return a->input == b->input && a->output == b->output &&
	       a->batch == b->batch && a->tp == b->tp;
}

/* Could it have been measured right after what the point has? */
static bool
follows(const struct point *p, const struct rep *r)
{
	if (!p->open || p->dt.n == 0 || p->dialect != r->dialect ||
	    (r->has_sizes && !sizes_equal(&p->sizes, &r->sizes)))
		return false;
	return r->rep == 0 || (r->rep == p->last + 1 && r->reps == p->reps &&
				  r->t0_ns >= p->last_t1_ns);
}

/*
 * How badly a repetition fits behind the last one of a point: how far its
 * pause is from the one before. The first two say nothing of that; then of
 * those that wait the one that ended first goes on first, unless it waits so
 * long that it has died.
 */
static double
misfit(const struct point *p, const struct rep *r)
{
	double pause = (double)(r->t0_ns - p->last_t1_ns);

	if (p->dt.n > 2)
		return fabs(pause - (double)p->pause_ns);
	return pause / 10 <= (double)p->dt.v[0] ? -pause : pause;
}

struct point *
points_for_rep(struct points *ps, const struct rep *r)
{
	struct point *best = NULL;
	double least = 0, m;
	size_t i;

	for (i = 0; i < POINTS; i++) {
		if (!follows(&ps->p[i], r))
			continue;
		m = misfit(&ps->p[i], r);
		if (!best || m < least) {
			best = &ps->p[i];
			least = m;
		}
	}
	/* A lost line, or one that came twice, must not open a new point. */
	if (!best && r->rep > 1 && ps->cur && ps->cur->open &&
	    ps->cur->dialect == r->dialect &&
	    (!r->has_sizes || sizes_equal(&ps->cur->sizes, &r->sizes)))
		best = ps->cur;
	return best;
}

struct point *
points_for_summary(struct points *ps, const struct fm_line *l)
{
	struct fm_text t0 = l->f[FM_F_T0];
	struct point *cur = ps->cur && ps->cur->open ? ps->cur : NULL;
	struct sizes z;
	size_t i;

	for (i = 0; t0.n && i < POINTS; i++) {
		struct point *p = &ps->p[i];

		if (p->open && p->t0.len == t0.n &&
		    memcmp(p->t0.s, t0.s, t0.n) == 0)
			return p;
	}
	/* Its first repetition may be what was lost. */
	if (cur && t0.n && cur->t0.len && !cur->disorder)
		return NULL;
	if (cur && sizes_of_line(&z, l) && cur->sizes.input &&
	    (cur->sizes.input != z.input ||
		(z.output && cur->sizes.output != z.output)))
		return NULL;
	return cur;
}

struct point *
points_spare(struct points *ps)
{
	struct point *oldest = &ps->p[0];
	size_t i;

	for (i = 0; i < POINTS; i++) {
		if (!ps->p[i].open)
			return &ps->p[i];
		if (ps->p[i].last_t1_ns < oldest->last_t1_ns)
			oldest = &ps->p[i];
	}
	return oldest;
}
