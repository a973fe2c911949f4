/*
 * The original's arithmetic, operation by operation and pass by pass.
 *
 * It counts 2 * elements * in for every product (the second factor should be
 * what comes out), multiplies attention by the batch instead of the length,
 * keeps the KV cache in two bytes whatever the type, reads no activations,
 * and prices what stands before the first mapped layer on an imaginary host.
 * All of that is wanted here; model.c is the corrected one.
 */
#include "compat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* "Operations" it charges for an element of these functions. */
static const double FUNCTION_OPS = 1500;

/* A run. */
struct run {
	const struct compat *c;
	struct result *r;
	const struct device *now; /* where the data is */
	int64_t *visits;          /* of each key with 'm', since the last end */
	bool *ends, *ends_experts; /* of each layer: what its name ends */
	bool gen;
	int64_t passes, pass;
	int64_t sum_size; /* what it takes for the length of the cache */
	int64_t batch, tokens, length;
	double tracked; /* elements of the input of the last module */
	double clock_ns;
};

/* --- quantities ---------------------------------------------------------- */

static double
numel(const int64_t *shape, int rank)
{
	double n = 1;
	int i;

	for (i = 0; i < rank; i++)
		n *= (double)shape[i];
	return n;
}

/* Of the last four dimensions: the others are forgotten. */
static double
numel4(const struct op *op)
{
	int skip = op->rank > 4 ? op->rank - 4 : 0;

	return numel(op->shape + skip, op->rank - skip);
}

static double
rate(double own, double def)
{
	return isnan(own) ? def : own;
}

static double
tflops(const struct run *r, const struct device *d)
{
	bool int4 = r->c->dtype == DT_INT4 && !isnan(d->tflops_int4);

	return int4 ? d->tflops_int4 : d->tflops;
}

/* --- pieces -------------------------------------------------------------- */

static void
to_host(const struct run *r, struct cost *c, const struct device *d,
    double elements)
{
	double bytes = elements * dtype_bytes(r->c->dtype);
	double ns = bytes / d->d2h_gbs;

	c->part_ns[PART_D2H] += ns;
	c->pj[ENERGY_D2H] += bytes * 8 * d->d2h_pj;
	c->d2h_bytes += bytes;
	c->ns += ns;
}

static void
to_device(const struct run *r, struct cost *c, const struct device *d,
    double elements)
{
	double bytes = elements * dtype_bytes(r->c->dtype);
	double ns = bytes / d->h2d_gbs;

	c->part_ns[PART_H2D] += ns;
	c->pj[ENERGY_H2D] += bytes * 8 * d->h2d_pj;
	c->h2d_bytes += bytes;
	c->ns += ns;
}

/* Returns the time of the product, which the caller may hide. */
static double
compute(const struct run *r, struct cost *c, double tflop)
{
	double ns = tflop / tflops(r, r->now) * 1e9;

	c->part_ns[PART_COMPUTE] += ns;
	c->pj[ENERGY_COMPUTE] += tflop * r->now->pj_per_tflop;
	c->flop += tflop * 1e12;
	return ns;
}

static double
memory(const struct run *r, struct cost *c, double bytes, enum part part)
{
	double ns = bytes / r->now->mem_gbs;

	c->part_ns[part] += ns;
	c->pj[ENERGY_MEM] += bytes * 8 * r->now->mem_pj;
	c->mem_bytes += bytes;
	return ns;
}

/* A function of so many elements, with a rate of the device's. */
static void
function(const struct run *r, struct cost *c, double n, double ns_each)
{
	double ns = n * ns_each, tflop = n * FUNCTION_OPS / 1e12;

	c->part_ns[PART_COMPUTE] += ns;
	c->pj[ENERGY_COMPUTE] += tflop * r->now->pj_per_tflop;
	c->flop += tflop * 1e12;
	c->ns += ns;
}

/* --- kinds --------------------------------------------------------------- */

static void
module(const struct run *r, struct op *op, double tflop, double w0, double w1)
{
	double elements = w0 * w1 * dtype_bytes(r->c->dtype);
	double t = compute(r, &op->c, tflop);

	op->w_rank = 2;
	op->weights[0] = (int64_t)w0;
	op->weights[1] = (int64_t)w1;
	op->c.ns += fmax(t, memory(r, &op->c, elements, PART_MEM));
}

static void
conv2d(const struct run *r, struct op *op)
{
	const struct fm_layer *l = op->layer;
	double h = (double)l->kernel[0], w = (double)l->kernel[1];
	double width = (double)(op->shape[3] + 2 * l->padding[1]);
	double across = ceil((width - 1) / (double)l->stride[1]);
	double down = ceil((width - 1) / (double)l->stride[0]);
	double bc = (double)op->shape[0] * (double)op->shape[1];

	module(r, op, 2 * bc * h * w * across * down / 1e12, h, w);
}

static double
length_of(const struct run *r)
{
	int64_t window = r->c->window;

	return (double)(window && r->gen ? window : r->length);
}

static void
sdpa(const struct run *r, struct op *op)
{
	const struct fm_layer *l = op->layer;
	bool fewer = r->c->kv_heads && r->gen;
	double b = (double)r->batch, d = (double)l->head_dim;
	double h = (double)(fewer ? r->c->kv_heads : l->heads);
	double tflop = 2 * (b * h * (double)r->tokens * d) * b / 1e12;
	double cache = r->gen ? 2 * b * h * length_of(r) * d : 0;
	int k;

	for (k = 0; k < 2; k++) {
		double load = r->gen ? memory(r, &op->c, cache, PART_KV) : 0;

		op->c.ns += fmax(load, compute(r, &op->c, tflop));
	}
	op->w_rank = 4;
	op->weights[0] = r->batch;
	op->weights[1] = l->heads;
	op->weights[2] = r->tokens;
	op->weights[3] = l->head_dim;
}

/* The cache is read in the product whose result is called attn_weights. */
static void
matmul(const struct run *r, struct op *op)
{
	const struct fm_layer_point at = { r->batch, r->tokens, r->length };
	const struct fm_layer *l = op->layer;
	double out0 = (double)op->shape[0];

	op->c.ns +=
	    compute(r, &op->c, 2 * numel(op->shape, op->rank) * out0 / 1e12);
	op->w_rank = op->rank;
	memcpy(op->weights, op->shape, sizeof op->weights);
	op->weights[op->rank - 1] = fm_layer_dim(l->out, &at);
	if (r->gen && l->part == FM_PART_SCORES)
		op->c.ns += memory(r, &op->c,
		    2 * (double)r->batch * (double)l->heads *
			(double)r->sum_size * 2 * (double)l->head_dim,
		    PART_KV);
}

static void
price(const struct run *r, struct op *op)
{
	const struct fm_layer *l = op->layer;
	const struct device *d = r->now;
	double n4 = numel4(op), n = numel(op->shape, op->rank);

	switch (l->kind) {
	case FM_LAYER_LINEAR:
		module(r, op, 2 * n * (double)l->in / 1e12, (double)l->in,
		    (double)l->out);
		break;
	case FM_LAYER_CONV2D:
		conv2d(r, op);
		break;
	case FM_LAYER_LAYERNORM:
		module(r, op, n4 * FUNCTION_OPS / 1e12, 1, 1);
		break;
	case FM_LAYER_RMSNORM:
		function(r, &op->c, n, rate(d->rmsnorm_ns, 1.1));
		break;
	case FM_LAYER_SILU:
		function(r, &op->c, n, rate(d->silu_ns, 0.6));
		break;
	case FM_LAYER_SOFTMAX:
		function(r, &op->c, n, rate(d->softmax_ns, 0.4));
		break;
	case FM_LAYER_MATMUL:
		matmul(r, op);
		break;
	case FM_LAYER_SDPA:
		sdpa(r, op);
		break;
	default:
		module(r, op, 2 * n / 1e12, 1, 1);
	}
}

/* --- the run ------------------------------------------------------------- */

static bool
is(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* The input goes to the layer's device, by way of the host. */
static void
move(struct run *r, const struct spot *s, struct op *op)
{
	bool go;

	if (!s->device)
		return;
	go = s->device != r->now || s->t;
	if (!go && s->m)
		go = r->visits[s->key]++ == 0;
	if (!go)
		return;
	if (r->now != r->c->host)
		to_host(r, &op->c, r->now, numel4(op));
	r->now = s->device;
	if (r->now != r->c->host)
		to_device(r, &op->c, r->now, numel4(op));
}

/* Have all keys with 'm' been visited as often as a token visits experts? */
static bool
experts_done(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->c->mapping->n_keys; i++)
		if (r->visits[i] && r->visits[i] != r->c->experts_per_token)
			return false;
	return true;
}

static void
end_experts(struct run *r, struct op *op)
{
	double rows = (double)op->shape[0], cols = (double)op->layer->out;

	if (op->rank > 2)
		rows = (double)op->shape[op->rank - 2];
	if (!experts_done(r))
		return;
	memset(r->visits, 0, r->c->mapping->n_keys * sizeof *r->visits);
	to_host(r, &op->c, r->now,
	    (double)(r->c->experts_per_token - 1) * rows * cols);
}

static void
run_op(struct run *r, size_t i, int64_t expert)
{
	const struct fm_layer *l = &r->c->layers->v[i];
	struct op op = { .layer = l, .expert = expert, .gen = r->gen };

	if (!mapping_tracked(l->kind))
		return;
	op.pass = r->pass;
	op.start_ns = r->clock_ns;
	op_shape(&op, l, r->batch, r->tokens, r->length);
	move(r, &r->c->mapping->v[i], &op);
	op.device = r->now;
	price(r, &op);
	if (r->ends_experts[i])
		end_experts(r, &op);
	op.bound = cost_bind(&op.c);
	if (!mapping_function(l->kind))
		r->tracked = numel4(&op);
	cost_add(r->gen ? &r->r->gen.c : &r->r->sum.c, &op.c, 1);
	r->clock_ns += op.c.ns;
	if (r->c->seen)
		r->c->seen(r->c->arg, &op);
	if (r->ends[i]) {
		r->sum_size = r->gen ? r->sum_size + 1 : r->tokens;
		r->gen = true;
		r->passes++;
	}
}

/* The experts run one after the other, each with all tokens. */
static size_t
run_experts(struct run *r, size_t i)
{
	const struct fm_layers *all = r->c->layers;
	size_t end = i, k;
	int64_t e;

	while (end < all->n && all->v[end].experts)
		end++;
	for (e = 0; e < all->v[i].active; e++)
		for (k = i; k < end; k++)
			run_op(r, k, e);
	return end;
}

static void
run_pass(struct run *r)
{
	size_t i = 0;

	while (i < r->c->layers->n)
		if (r->c->layers->v[i].experts) {
			i = run_experts(r, i);
		} else {
			run_op(r, i, 0);
			i++;
		}
}

void
compat_run(const struct compat *c, const struct point *p, struct result *r)
{
	struct run run = { .c = c, .r = r, .now = c->host };
	struct cost end;

	size_t i, n = c->layers->n;

	memset(r, 0, sizeof *r);
	memset(&end, 0, sizeof end);
	run.ends = fm_calloc(n, sizeof *run.ends);
	run.ends_experts = fm_calloc(n, sizeof *run.ends_experts);
	for (i = 0; i < n; i++) {
		run.ends[i] = is(c->last, c->layers->v[i].context);
		run.ends_experts[i] = is(c->moe_end, c->layers->v[i].context);
	}
	run.visits = fm_calloc(c->mapping->n_keys + 1, sizeof *run.visits);
	run.batch = p->batch;
	for (run.pass = 1; run.pass <= p->output; run.pass++) {
		run.tokens = run.pass == 1 ? p->input : 1;
		run.length = p->input + run.pass - 1;
		run_pass(&run);
		if (run.pass == 1)
			r->first_ns = r->sum.c.ns;
	}
	if (run.now != c->host)
		to_host(&run, &end, run.now,
		    run.tracked * (double)(run.passes ? run.passes : 1));
	(void)cost_bind(&end);
	cost_add(run.gen ? &r->gen.c : &r->sum.c, &end, 1);
	r->sum.passes = 1;
	r->gen.passes = run.passes ? run.passes - 1 : 0;
	free(run.visits);
	free(run.ends);
	free(run.ends_experts);
}
