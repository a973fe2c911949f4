/*
 * The roofline of one operation.
 *
 *	t = max(FLOP / (peak * efficiency), bytes / (bandwidth * efficiency))
 *	    + launch + transfers + collectives
 *
 * FLOP of a product of [r, in] by [in, out] are 2 r in out. Bytes are those
 * of its weights, once, and of activations read and written; attention reads
 * the cache and writes what is new. A causal prompt of p tokens looks at
 * (p + 1) / 2 of them on average, a window at no more than its width.
 */
#include "step.h"

#include <math.h>
#include <string.h>

/* Work that an operation is. */
struct work {
	double flop;
	double weights;        /* bytes read */
	double read, written;  /* activations, bytes */
	double cache;          /* bytes read and written */
	double elements;       /* for rates per element */
	double reduce, gather; /* bytes to sum up or collect over devices */
};

/* Of kinds that do the same to every element. */
static const struct {
	double flop, read, written; /* per element of the input */
} each[FM_LAYER_KINDS] = {
	[FM_LAYER_LAYERNORM] = { 7, 1, 1 },
	[FM_LAYER_RMSNORM] = { 5, 1, 1 },
	[FM_LAYER_SILU] = { 2, 1, 1 },
	[FM_LAYER_NEWGELU] = { 2, 1, 1 },
	[FM_LAYER_SOFTMAX] = { 5, 1, 1 },
	[FM_LAYER_ACT] = { 2, 1, 1 },
	[FM_LAYER_ADD] = { 1, 2, 1 },
	[FM_LAYER_MUL] = { 1, 2, 1 },
	[FM_LAYER_ROPE] = { 3, 1, 1 },
};

static const double softmax_flop = 5; /* per score */

/* Four bits are a way to store weights: the rest stays in sixteen. */
double
step_weight_bytes(enum dtype t)
{
	return dtype_bytes(t);
}

double
step_value_bytes(enum dtype t)
{
	return t == DT_INT4 ? 2 : dtype_bytes(t);
}

static double
numel(const struct op *op)
{
	double n = 1;
	int i;

	for (i = 0; i < op->rank; i++)
		n *= (double)op->shape[i];
	return n;
}

/* --- attention ----------------------------------------------------------- */

static double
capped(double n, int64_t window)
{
	return window && n > (double)window ? (double)window : n;
}

bool
step_grows(const struct step *s)
{
	int i;

	for (i = 0; i < s->layer->rank; i++)
		if (s->layer->shape[i] == FM_DIM_LENGTH)
			return true;
	return s->layer->kind == FM_LAYER_MATMUL ||
	       s->layer->kind == FM_LAYER_SDPA;
}

/* Of tokens so far, those that the cache still has for a new one. */
static int64_t
kept(const struct step *s, const struct pass *p)
{
	return p->tokens == 1 && s->window && p->length > s->window ? s->window
								    : p->length;
}

static void
set_shape(const struct step *s, const struct pass *p, struct op *op)
{
	op_shape(op, s->layer, p->batch, p->tokens, kept(s, p));
}

/* Tokens that a new one looks at, on average. */
static double
looked_at(const struct step *s, const struct pass *p)
{
	double n = (double)p->length, t = (double)p->tokens;
	double w = capped(n, s->window);

	if (!s->layer->causal || p->tokens == 1)
		return w;
	/* Token i of t looks at min(n - t + i, w). */
	if (n - t + 1 >= w)
		return w;
	t = w - (n - t); /* so many are still below the window */
	return (t * (n - (double)p->tokens + (t + 1) / 2) +
		   ((double)p->tokens - t) * w) /
	       (double)p->tokens;
}

/* Elements of keys (or of values) that are read. */
static double
cached(const struct step *s, const struct pass *p)
{
	return (double)p->batch * (double)s->kv_heads *
	       (double)s->layer->head_dim * (double)kept(s, p);
}

static double
fresh(const struct step *s, const struct pass *p)
{
	return (double)p->batch * (double)s->kv_heads *
	       (double)s->layer->head_dim * (double)p->tokens;
}

static void
sdpa(const struct step *s, const struct pass *p, struct work *w)
{
	const struct fm_layer *l = s->layer;
	double a = step_value_bytes(p->dtype);
	double rows = (double)p->batch * (double)l->heads * (double)p->tokens;
	double scores = rows * looked_at(s, p), d = (double)l->head_dim;

	w->flop = scores * (4 * d + softmax_flop);
	w->read = w->written = a * rows * d;
	w->cache = a * 2 * (cached(s, p) + fresh(s, p));
	w->elements = rows * d;
}

/* Taken apart, attention computes all scores and stores them. */
static void
matmul(const struct step *s, const struct pass *p, const struct op *op,
    struct work *w)
{
	const struct fm_layer *l = s->layer;
	double a = step_value_bytes(p->dtype), in = numel(op);
	double last = (double)op->shape[op->rank - 1];
	double out = (double)fm_layer_dim(l->out, &op->at);

	w->flop = 2 * in * out;
	w->read = a * in;
	w->written = a * in / last * out;
	w->elements = in;
	if (l->part != FM_PART_NONE)
		w->cache = a * (cached(s, p) + fresh(s, p));
	else
		w->read += a * last * out;
}

/* --- products with weights ----------------------------------------------- */

/*
 * Of `experts` that each of `rows` tokens visits `active` of, at random, so
 * many are visited by at least one.
 */
static double
visited(const struct fm_layer *l, double rows)
{
	double e = (double)l->experts;

	return e * (1 - pow(1 - (double)l->active / e, rows));
}

static void
linear(const struct step *s, const struct pass *p, const struct op *op,
    struct work *w)
{
	const struct fm_layer *l = s->layer;
	double a = step_value_bytes(p->dtype);
	double in = (double)l->in, out = (double)l->out;
	double rows = l->last_row ? (double)p->batch : numel(op) / in;
	double times = l->experts ? (double)l->active : 1;
	double copies = l->experts ? visited(l, rows) : 1;

	w->flop = 2 * rows * in * out * times;
	w->weights = step_weight_bytes(p->dtype) * copies *
		     (in * out + (l->bias ? out : 0));
	w->read = a * rows * in * times;
	w->written = a * rows * out * times;
	w->elements = rows * in;
	/* A device adds up what its experts found before it sends it. */
	if (l->shard == FM_SHARD_ROW)
		w->reduce = w->written / times;
	else if (l->shard == FM_SHARD_GATHER)
		w->gather = w->written;
}

static void
conv2d(const struct step *s, const struct pass *p, const struct op *op,
    struct work *w)
{
	const struct fm_layer *l = s->layer;
	double a = step_value_bytes(p->dtype), out = (double)op->shape[0];
	double k = (double)l->in;
	int i;

	for (i = 0; i < 2; i++) {
		out *= (double)fm_layer_extent(l, op->shape[2 + i], i);
		k *= (double)l->kernel[i];
	}
	out *= (double)l->out;
	w->flop = 2 * out * k;
	w->weights = step_weight_bytes(p->dtype) * k * (double)l->out;
	w->read = a * numel(op);
	w->written = a * out;
	w->elements = numel(op);
}

static void
embedding(const struct step *s, const struct pass *p, const struct op *op,
    struct work *w)
{
	double rows = numel(op), out = (double)s->layer->out;

	w->weights = step_weight_bytes(p->dtype) * rows * out;
	w->written = step_value_bytes(p->dtype) * rows * out;
	w->elements = rows;
	if (s->layer->shard == FM_SHARD_GATHER)
		w->gather = w->written;
}

static void
elementwise(const struct step *s, const struct pass *p, const struct op *op,
    struct work *w)
{
	const struct fm_layer *l = s->layer;
	double a = step_value_bytes(p->dtype), n = numel(op);

	n *= l->experts ? (double)l->active : 1;
	w->flop = each[l->kind].flop * n;
	w->read = a * each[l->kind].read * n;
	w->written = a * each[l->kind].written * n;
	w->elements = n;
}

/* Sines and cosines of every position. */
static void
rotary(const struct step *s, const struct pass *p, struct work *w)
{
	double n = 2 * (double)p->tokens * (double)s->layer->out;

	w->flop = 2 * n;
	w->written = step_value_bytes(p->dtype) * n;
	w->elements = n;
}

static struct work
work_of(const struct step *s, const struct pass *p, const struct op *op)
{
	struct work w = { 0 };

	switch (s->layer->kind) {
	case FM_LAYER_LINEAR:
		linear(s, p, op, &w);
		break;
	case FM_LAYER_CONV2D:
		conv2d(s, p, op, &w);
		break;
	case FM_LAYER_EMBEDDING:
		embedding(s, p, op, &w);
		break;
	case FM_LAYER_SDPA:
		sdpa(s, p, &w);
		break;
	case FM_LAYER_MATMUL:
		matmul(s, p, op, &w);
		break;
	case FM_LAYER_ROTARY:
		rotary(s, p, &w);
		break;
	default:
		elementwise(s, p, op, &w);
	}
	return w;
}

/* --- time ---------------------------------------------------------------- */

/* A rate that the device's file states, else NAN. */
static double
own_rate(const struct step *s)
{
	switch (s->layer->kind) {
	case FM_LAYER_RMSNORM:
		return s->device->rmsnorm_ns;
	case FM_LAYER_SILU:
		return s->device->silu_ns;
	case FM_LAYER_SOFTMAX:
		return s->device->softmax_ns;
	default:
		return (double)NAN;
	}
}

double
step_link_ns(const struct device *d, double bytes)
{
	return d->link_us * 1e3 + bytes / (d->link_gbs * d->eff_link);
}

/* Rings and switches move the same bytes, in n - 1 hops or in one. */
static double
collective_ns(const struct step *s, int64_t tp, double bytes)
{
	const struct device *d = s->device;
	double n = (double)tp;

	return (d->link_ring > 0 ? n - 1 : 1) * d->link_us * 1e3 +
	       (n - 1) / n * bytes / (d->link_gbs * d->eff_link);
}

static void
share(const struct step *s, const struct pass *p, const struct work *w,
    struct cost *c)
{
	double n = (double)p->tp;

	if (p->tp == 1)
		return;
	if (w->reduce > 0) {
		c->part_ns[PART_LINK] = 2 * collective_ns(s, p->tp, w->reduce);
		c->link_bytes = 2 * (n - 1) * w->reduce;
	} else if (w->gather > 0) {
		c->part_ns[PART_LINK] = collective_ns(s, p->tp, w->gather);
		c->link_bytes = (n - 1) * w->gather;
	}
	c->pj[ENERGY_LINK] = c->link_bytes * 8 * s->device->link_pj;
}

/* From where the input is to the host, and from there to the device. */
static void
fetch(
    const struct step *s, const struct pass *p, double elements, struct cost *c)
{
	double bytes = elements * step_value_bytes(p->dtype);
	const struct device *a = s->from, *b = s->device;

	if (s->each && s->layer->experts)
		bytes *= (double)s->layer->active;
	if (!a)
		return;
	if (isfinite(a->d2h_gbs)) {
		c->part_ns[PART_D2H] =
		    bytes / a->d2h_gbs + a->transfer_us * 1e3;
		c->pj[ENERGY_D2H] = bytes * 8 * a->d2h_pj;
		c->d2h_bytes = bytes;
	}
	if (isfinite(b->h2d_gbs)) {
		c->part_ns[PART_H2D] =
		    bytes / b->h2d_gbs + b->transfer_us * 1e3;
		c->pj[ENERGY_H2D] = bytes * 8 * b->h2d_pj;
		c->h2d_bytes = bytes;
	}
}

/* Replicated operations are done by every one of the devices. */
static double
divisor(const struct step *s, const struct pass *p)
{
	return s->layer->shard == FM_SHARD_NONE ? 1 : (double)p->tp;
}

/* Fewer key and value heads than devices: some hold the same ones. */
static double
cache_divisor(const struct step *s, const struct pass *p)
{
	double by = divisor(s, p), heads = (double)s->kv_heads;

	return heads > 0 && by > heads ? heads : by;
}

void
step_cost(const struct step *s, const struct pass *p, struct op *op)
{
	const struct device *d = s->device;
	struct cost *c = &op->c;
	struct work w;
	double by = divisor(s, p), all = (double)p->tp / by;
	double cache_by = cache_divisor(s, p);
	double rate = own_rate(s), memory_ns;
	double bw = d->mem_gbs * d->eff_memory;
	double peak = device_peak(d, p->dtype) * 1e3 * d->eff_compute;

	op->layer = s->layer;
	op->device = d;
	set_shape(s, p, op);
	w = work_of(s, p, op);
	c->flop = w.flop * all;
	c->mem_bytes = (w.weights + w.read + w.written) * all +
		       w.cache * (double)p->tp / cache_by;
	c->part_ns[PART_COMPUTE] =
	    isnan(rate) ? w.flop / by / peak : w.elements / by * rate;
	c->part_ns[PART_MEM] = (w.weights + w.read + w.written) / by / bw;
	c->part_ns[PART_KV] = w.cache / cache_by / bw;
	c->part_ns[PART_LAUNCH] = d->launch_us * 1e3;
	c->pj[ENERGY_COMPUTE] = c->flop / 1e12 * d->pj_per_tflop;
	c->pj[ENERGY_MEM] = c->mem_bytes * 8 * d->mem_pj;
	share(s, p, &w, c);
	fetch(s, p, numel(op), c);
	memory_ns = c->part_ns[PART_MEM] + c->part_ns[PART_KV];
	c->ns = fmax(c->part_ns[PART_COMPUTE], memory_ns) +
		c->part_ns[PART_LAUNCH] + c->part_ns[PART_LINK] +
		c->part_ns[PART_H2D] + c->part_ns[PART_D2H];
	op->bound = cost_bind(c);
}

double
step_flop(const struct step *s, const struct pass *p)
{
	struct op op = { .layer = s->layer };

	set_shape(s, p, &op);
	return work_of(s, p, &op).flop;
}

/* --- memory -------------------------------------------------------------- */

double
step_weights(const struct step *s, const struct pass *p)
{
	if (s->layer->tied)
		return 0;
	return fm_layer_params(s->layer) * step_weight_bytes(p->dtype) /
	       divisor(s, p);
}

double
step_cache(const struct step *s, const struct pass *p)
{
	const struct fm_layer *l = s->layer;
	double n = capped((double)p->length, s->window);
	double one = (double)p->batch * (double)s->kv_heads *
		     (double)l->head_dim * n * step_value_bytes(p->dtype) /
		     cache_divisor(s, p);

	if (!l->causal || l->kind == FM_LAYER_SOFTMAX)
		return 0;
	return l->kind == FM_LAYER_SDPA ? 2 * one : one;
}

double
step_values(const struct step *s, const struct pass *p)
{
	struct op op = { .layer = s->layer };
	struct work w;

	set_shape(s, p, &op);
	w = work_of(s, p, &op);
	return (w.read + w.written) / divisor(s, p);
}
