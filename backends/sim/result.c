/*
 * Sums of costs, and shapes.
 */
#include "result.h"

double
total_ns(const struct result *r)
{
	return r->sum.c.ns + r->gen.c.ns + r->in_ns + r->out_ns;
}

void
cost_add(struct cost *a, const struct cost *b, double times)
{
	int i;

	a->ns += b->ns * times;
	for (i = 0; i < PARTS; i++)
		a->part_ns[i] += b->part_ns[i] * times;
	for (i = 0; i < ENERGIES; i++)
		a->pj[i] += b->pj[i] * times;
	for (i = 0; i < BOUNDS; i++)
		a->bound_ns[i] += b->bound_ns[i] * times;
	a->h2d_bytes += b->h2d_bytes * times;
	a->d2h_bytes += b->d2h_bytes * times;
	a->flop += b->flop * times;
	a->mem_bytes += b->mem_bytes * times;
	a->link_bytes += b->link_bytes * times;
}

enum bound
cost_bind(struct cost *c)
{
	const double parts[BOUNDS] = {
		[BOUND_COMPUTE] = c->part_ns[PART_COMPUTE],
		[BOUND_MEMORY] = c->part_ns[PART_MEM] + c->part_ns[PART_KV],
		[BOUND_TRANSFER] = c->part_ns[PART_H2D] + c->part_ns[PART_D2H],
		[BOUND_LINK] = c->part_ns[PART_LINK],
	};
	int i, b = BOUND_MEMORY;

	for (i = 0; i < BOUNDS; i++)
		if (parts[i] > parts[b])
			b = i;
	c->bound_ns[b] = c->ns;
	return (enum bound)b;
}

void
op_shape(struct op *op, const struct fm_layer *l, int64_t batch, int64_t tokens,
    int64_t length)
{
	int i;

	op->at = (struct fm_layer_point){ batch, tokens, length };
	op->rank = l->rank;
	for (i = 0; i < l->rank; i++)
		op->shape[i] = fm_layer_dim(l->shape[i], &op->at);
}
