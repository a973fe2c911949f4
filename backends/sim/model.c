/*
 * Passes over the layers. Layers that are alike are counted, not repeated,
 * and so are passes: the cost of an operation is linear in the length between
 * the points where another bound takes over, so that a sum over a thousand
 * tokens takes a handful of evaluations.
 */
#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "step.h"

/* --- the plan ------------------------------------------------------------ */

static bool
same_layer(const struct fm_layer *a, const struct fm_layer *b)
{
	return a->kind == b->kind && a->rank == b->rank && a->in == b->in &&
	       a->out == b->out && a->heads == b->heads &&
	       a->kv_heads == b->kv_heads && a->head_dim == b->head_dim &&
	       a->window == b->window && a->causal == b->causal &&
	       a->tied == b->tied && a->bias == b->bias &&
	       a->last_row == b->last_row && a->experts == b->experts &&
	       a->active == b->active && a->part == b->part &&
	       a->shard == b->shard &&
	       memcmp(a->shape, b->shape, sizeof a->shape) == 0 &&
	       memcmp(a->kernel, b->kernel, sizeof a->kernel) == 0 &&
	       memcmp(a->stride, b->stride, sizeof a->stride) == 0 &&
	       memcmp(a->padding, b->padding, sizeof a->padding) == 0 &&
	       memcmp(a->extent, b->extent, sizeof a->extent) == 0;
}

static size_t
find_step(struct model *m, const struct step *s)
{
	size_t i;

	for (i = 0; i < m->n_steps; i++) {
		const struct step *o = &m->steps[i];

		if (o->device == s->device && o->from == s->from &&
		    o->each == s->each && same_layer(o->layer, s->layer))
			return i;
	}
	FM_GROW(m->steps, m->cap, m->n_steps + 1);
	m->steps[m->n_steps] = *s;
	return m->n_steps++;
}

const struct device *
model_first(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->layers->n; i++)
		if (m->mapping->v[i].device)
			return m->mapping->v[i].device;
	return NULL;
}

/* 'm' asks for one transfer where experts share their input. */
static bool
goes_by_host(const struct model *m, size_t i, const struct device *now)
{
	const struct spot *s = &m->mapping->v[i];

	return s->device && (s->device != now || s->t || s->m);
}

static int
check_heads(const struct model *m, const struct step *s, struct fm_err *err)
{
	int64_t heads = s->layer->heads;

	if (!s->kv_heads || s->layer->shard != FM_SHARD_COLUMN)
		return 0;
	if (heads % s->kv_heads)
		return fm_err_set(err, FM_USAGE,
		    "num_key_value_heads: %lld attention heads cannot share "
		    "%lld",
		    (long long)heads, (long long)s->kv_heads);
	if (heads % m->tp)
		return fm_err_set(err, FM_USAGE,
		    "--tp_size: %lld heads cannot be shared by %lld devices",
		    (long long)heads, (long long)m->tp);
	return 0;
}

static int
check_links(const struct model *m, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < m->n_steps && (m->tp > 1 || m->pp > 1); i++)
		if (isnan(m->steps[i].device->link_gbs))
			return fm_err_set(err, FM_USAGE,
			    "device '%s' has no link_GBs: what several of "
			    "them take to exchange data is not known",
			    m->steps[i].device->name);
	for (i = 0; i < m->n_steps; i++)
		if (check_heads(m, &m->steps[i], err) != 0)
			return -1;
	return 0;
}

int
model_plan(struct model *m, struct fm_err *err)
{
	const struct device *now = model_first(m);
	size_t i;

	m->of = fm_calloc(m->layers->n, sizeof *m->of);
	if (!now)
		return fm_err_set(err, FM_USAGE,
		    "mapping '%s': no layer has a device%s%s%s",
		    m->mapping->name,
		    m->mapping->unused.n ? ": none answers to '" : "",
		    m->mapping->unused.n ? m->mapping->unused.v[0] : "",
		    m->mapping->unused.n ? "'" : "");
	for (i = 0; i < m->layers->n; i++) {
		const struct fm_layer *l = &m->layers->v[i];
		struct step s = { .layer = l, .device = now };

		if (m->mapping->v[i].device)
			s.device = m->mapping->v[i].device;
		if (goes_by_host(m, i, now))
			s.from = now;
		s.each = m->mapping->v[i].t;
		s.heads = l->heads;
		s.kv_heads =
		    l->heads && m->kv_heads ? m->kv_heads : l->kv_heads;
		s.window = l->heads && m->window ? m->window : l->window;
		now = s.device;
		m->of[i] = find_step(m, &s);
		m->steps[m->of[i]].count++;
	}
	return check_links(m, err);
}

void
model_release(struct model *m)
{
	free(m->steps);
	free(m->of);
	m->steps = NULL;
	m->of = NULL;
	m->n_steps = m->cap = 0;
}

/* --- memory -------------------------------------------------------------- */

static struct pass
first_pass(const struct model *m, const struct point *p)
{
	struct pass pass = { m->dtype, m->tp, p->batch, p->input, p->input };

	return pass;
}

/* The largest need of any device, of what it has. */
static double
need_of(const struct model *m, const struct device *d, const struct point *p)
{
	struct pass first = first_pass(m, p), last = first;
	double kept = 0, values = 0;
	size_t i;

	last.length = p->input + p->output - 1;
	for (i = 0; i < m->n_steps; i++) {
		const struct step *s = &m->steps[i];

		if (s->device != d)
			continue;
		kept += (double)s->count *
			(step_weights(s, &first) + step_cache(s, &last));
		values = fmax(values, step_values(s, &first));
	}
	return kept / (double)m->pp + values;
}

static int
check_fit(const struct model *m, const struct point *p, struct result *r,
    struct fm_err *err)
{
	size_t i;

	for (i = 0; i < m->n_steps; i++) {
		const struct device *d = m->steps[i].device;
		double have = d->capacity_gb * 1e9, need;

		if (i && d == m->steps[i - 1].device)
			continue;
		need = need_of(m, d, p);
		if (need > r->need_bytes) {
			r->need_bytes = need;
			r->have_bytes = isnan(have) ? 0 : have;
		}
		if (need > have)
			return fm_err_set(err, FM_OOM,
			    "%s: %.2f GB of weights, cache and activations "
			    "are needed%s, the device has %.2f GB",
			    d->name, need / 1e9,
			    m->tp * m->pp > 1 ? " on every one" : "",
			    have / 1e9);
	}
	return 0;
}

/* --- time ---------------------------------------------------------------- */

static void
cost_at(const struct step *s, struct pass *p, int64_t length, struct op *op)
{
	memset(op, 0, sizeof *op);
	p->length = length;
	step_cost(s, p, op);
}

/* Does it compute longer than it reads? A transfer may take longer still. */
static bool
computes(const struct cost *c)
{
	return c->part_ns[PART_COMPUTE] >
	       c->part_ns[PART_MEM] + c->part_ns[PART_KV];
}

/*
 * The sum over lengths lo .. hi. Where the bound is the same at both ends it
 * is so in between (of two lines one is above the other on one side only),
 * and the mean of the ends is the mean of all, if the longer of computing and
 * reading is the same one, too.
 */
static void
sum_between(const struct step *s, struct pass *p, int64_t lo, int64_t hi,
    const struct op *a, const struct op *b, struct cost *sum)
{
	struct op left, right;
	double n = (double)(hi - lo + 1) / 2 * (double)s->count;
	int64_t mid = lo + (hi - lo) / 2;

	if ((a->bound == b->bound && computes(&a->c) == computes(&b->c)) ||
	    hi - lo <= 1) {
		cost_add(sum, &a->c, n);
		cost_add(sum, &b->c, n);
		return;
	}
	cost_at(s, p, mid, &left);
	cost_at(s, p, mid + 1, &right);
	sum_between(s, p, lo, mid, a, &left, sum);
	sum_between(s, p, mid + 1, hi, &right, b, sum);
}

static void
sum_lengths(const struct step *s, struct pass *p, int64_t lo, int64_t hi,
    struct cost *sum)
{
	struct op a, b;
	int64_t full = s->window && s->window > lo ? s->window : lo;

	if (!step_grows(s) || (s->window && s->window <= lo)) {
		cost_at(s, p, lo, &a);
		cost_add(sum, &a.c, (double)(hi - lo + 1) * (double)s->count);
		return;
	}
	if (s->window && full < hi) {
		cost_at(s, p, full, &a);
		cost_add(sum, &a.c, (double)(hi - full) * (double)s->count);
		hi = full;
	}
	cost_at(s, p, lo, &a);
	cost_at(s, p, hi, &b);
	sum_between(s, p, lo, hi, &a, &b, sum);
}

/* A group hands its result to the next; the first one waits for no one. */
static void
pipeline(
    const struct model *m, const struct pass *p, double passes, struct cost *c)
{
	double parts = (double)m->parts, pp = (double)m->pp;
	double bytes = (double)p->batch * (double)p->tokens *
		       (double)m->layers->hidden * step_value_bytes(p->dtype);
	const struct device *d = m->steps[0].device;
	double hops = pp - 1 + parts - 1, ns, stages = (parts + pp - 1) / pp;
	struct cost one = *c;
	int i;

	if (m->pp == 1)
		return;
	memset(c, 0, sizeof *c);
	cost_add(c, &one, parts);
	ns = hops * step_link_ns(d, bytes) * passes;
	c->ns = one.ns * stages + ns;
	for (i = 0; i < BOUNDS; i++)
		c->bound_ns[i] = one.bound_ns[i] * stages;
	c->part_ns[PART_LINK] += ns;
	c->bound_ns[BOUND_LINK] += ns;
	c->link_bytes += (pp - 1) * parts * bytes * passes;
	c->pj[ENERGY_LINK] +=
	    (pp - 1) * parts * bytes * passes * 8 * d->link_pj;
}

/* All devices idle all the time, whoever works. */
static bool
idle(const struct model *m, struct cost *c)
{
	double idle_w = 0, tdp_w = 0, pj = 0;
	size_t i, k;

	for (i = 0; i < m->n_steps; i++) {
		const struct device *d = m->steps[i].device;

		for (k = 0; k < i && m->steps[k].device != d;)
			k++;
		if (k < i)
			continue;
		idle_w += d->idle_w;
		tdp_w += d->tdp_w;
	}
	idle_w *= (double)(m->tp * m->pp);
	tdp_w *= (double)(m->tp * m->pp);
	c->pj[ENERGY_IDLE] = idle_w * c->ns * 1e3;
	for (i = 0; i < ENERGIES; i++)
		pj += c->pj[i];
	return pj > tdp_w * c->ns * 1e3;
}

int
model_run(const struct model *m, const struct point *p, struct result *r,
    struct fm_err *err)
{
	struct pass pass = first_pass(m, p);
	int64_t more = p->output - 1;
	size_t i;

	memset(r, 0, sizeof *r);
	if (check_fit(m, p, r, err) != 0)
		return -1;
	pass.batch = (p->batch + m->parts - 1) / m->parts;
	for (i = 0; i < m->n_steps; i++)
		sum_lengths(&m->steps[i], &pass, p->input, p->input, &r->sum.c);
	pipeline(m, &pass, 1, &r->sum.c);
	pass.tokens = 1;
	for (i = 0; i < m->n_steps && more > 0; i++)
		sum_lengths(&m->steps[i], &pass, p->input + 1, p->input + more,
		    &r->gen.c);
	pipeline(m, &pass, (double)more, &r->gen.c);
	r->sum.passes = 1;
	r->gen.passes = more > 0 ? more : 0;
	r->first_ns = r->sum.c.ns;
	r->over_tdp = idle(m, &r->sum.c);
	r->over_tdp = idle(m, &r->gen.c) || r->over_tdp;
	return 0;
}

void
model_walk(
    const struct model *m, const struct point *p, op_seen *seen, void *arg)
{
	struct pass pass = first_pass(m, p);
	double clock_ns = 0;
	int64_t k;
	size_t i;

	pass.batch = (p->batch + m->parts - 1) / m->parts;
	for (k = 1; k <= p->output; k++) {
		pass.tokens = k == 1 ? p->input : 1;
		for (i = 0; i < m->layers->n; i++) {
			struct op op;

			cost_at(
			    &m->steps[m->of[i]], &pass, p->input + k - 1, &op);
			op.layer = &m->layers->v[i];
			op.gen = k > 1;
			op.pass = k;
			op.start_ns = clock_ns;
			clock_ns += op.c.ns;
			seen(arg, &op);
		}
	}
}
