/*
 * Rows and their print. Those of UPMEM have its columns; where that tool
 * calls a total an average or micro- millijoules, the heading says what is
 * there.
 */
#include "tables.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "mapping.h"
#include "num.h"

void
tables_release(struct tables *t)
{
	free(t->v);
	memset(t, 0, sizeof *t);
}

static bool
same(const struct row *r, const struct op *op)
{
	return r->gen == op->gen && r->device == op->device &&
	       r->layer->kind == op->layer->kind &&
	       r->layer->in == op->layer->in &&
	       r->layer->out == op->layer->out &&
	       strcmp(r->layer->context, op->layer->context) == 0;
}

void
tables_see(struct tables *t, const struct op *op)
{
	struct row *r;
	size_t i;

	for (i = 0; i < t->n && !same(&t->v[i], op);)
		i++;
	if (i == t->n) {
		FM_GROW(t->v, t->cap, t->n + 1);
		r = &t->v[t->n++];
		memset(r, 0, sizeof *r);
		r->layer = op->layer;
		r->gen = op->gen;
		r->device = op->device;
		r->rank = op->rank;
		r->w_rank = op->w_rank;
		memcpy(r->shape, op->shape, sizeof r->shape);
		memcpy(r->weights, op->weights, sizeof r->weights);
	}
	r = &t->v[i];
	r->times++;
	cost_add(&r->c, &op->c, 1);
}

/* --- ours ---------------------------------------------------------------- */

static const char *
bound_word(const struct cost *c)
{
	static const char *const words[BOUNDS] = { "compute", "memory",
		"transfer", "link" };
	int i, best = 0;

	for (i = 1; i < BOUNDS; i++)
		if (c->bound_ns[i] > c->bound_ns[best])
			best = i;
	return words[best];
}

void
tables_summary(
    struct fm_buf *b, const struct tables *t, enum dtype type, int64_t devices)
{
	size_t i;

	fm_buf_puts(b,
	    "FMWORK SAY phase layer kind device times ms bound flop/byte mfu "
	    "mbu\n");
	for (i = 0; i < t->n; i++) {
		const struct row *r = &t->v[i];
		const struct cost *c = &r->c;
		double peak = device_peak(r->device, type) * 1e3;
		double n = (double)devices;

		fm_buf_printf(b,
		    "FMWORK SAY %s %s %s %s %lld %.6f %s %.3f %.4f %.4f\n",
		    r->gen ? "gen" : "sum", r->layer->context,
		    fm_layer_word(r->layer->kind), r->device->name,
		    (long long)r->times, c->ns / 1e6, bound_word(c),
		    c->mem_bytes > 0 ? c->flop / c->mem_bytes : 0,
		    c->ns > 0 ? c->flop / c->ns / peak / n : 0,
		    c->ns > 0 ? c->mem_bytes / c->ns / r->device->mem_gbs / n
			      : 0);
	}
}

/* --- UPMEM's ------------------------------------------------------------- */

static void
put_dims(struct fm_buf *b, const int64_t *v, int rank)
{
	int i;

	fm_buf_putc(b, '(');
	for (i = 0; i < rank; i++)
		fm_buf_printf(b, "%s%lld", i ? ", " : "", (long long)v[i]);
	fm_buf_putc(b, ')');
}

static double
passes(const struct result *r)
{
	return (double)(r->sum.passes + r->gen.passes);
}

void
tables_layers(struct fm_buf *b, const struct tables *t, const struct result *r)
{
	size_t i;

	fm_buf_puts(b,
	    "FMWORK SAY id,context,class,(in x out),times executed,ms per "
	    "pass\n");
	for (i = 0; i < t->n; i++) {
		const struct row *row = &t->v[i];

		if (mapping_function(row->layer->kind))
			continue;
		fm_buf_printf(b, "FMWORK SAY %zu,%s,%s,(%lld x %lld),%lld,", i,
		    row->layer->context, fm_layer_word(row->layer->kind),
		    (long long)row->layer->in, (long long)row->layer->out,
		    (long long)row->times);
		fm_num_put_repr(b, row->c.ns / passes(r) / 1e6);
		fm_buf_putc(b, '\n');
	}
}

void
tables_functions(struct fm_buf *b, const struct tables *t)
{
	size_t i;

	fm_buf_puts(b,
	    "FMWORK SAY name,context,(input),(weights),times executed,total "
	    "ms\n");
	for (i = 0; i < t->n; i++) {
		const struct row *row = &t->v[i];
		const char *name = mapping_function(row->layer->kind);

		if (!name)
			continue;
		fm_buf_printf(
		    b, "FMWORK SAY %s,%s,", name, row->layer->context);
		put_dims(b, row->shape, row->rank);
		fm_buf_putc(b, ',');
		put_dims(b, row->weights, row->w_rank);
		fm_buf_printf(b, ",%lld,", (long long)row->times);
		fm_num_put_repr(b, row->c.ns / 1e6);
		fm_buf_putc(b, '\n');
	}
}

static void
log_row(struct fm_buf *b, const struct row *r, double passes_of)
{
	const char *name = mapping_function(r->layer->kind);
	int i;

	fm_buf_printf(b, "FMWORK SAY %s:%s ",
	    name ? name : fm_layer_word(r->layer->kind), r->layer->context);
	put_dims(b, r->shape, r->rank);
	fm_buf_putc(b, ' ');
	fm_num_put_repr(b, r->c.ns / 1e6 / passes_of);
	for (i = PART_H2D; i <= PART_KV; i++) {
		fm_buf_putc(b, i ? ':' : ' ');
		fm_num_put_repr(b, r->c.part_ns[i] / 1e6 / passes_of);
	}
	for (i = ENERGY_H2D; i <= ENERGY_MEM; i++) {
		fm_buf_putc(b, i ? ':' : ' ');
		fm_num_put_repr(b, r->c.pj[i] / 1e9 / passes_of);
	}
	fm_buf_putc(b, '\n');
}

void
tables_log(struct fm_buf *b, const struct tables *t, const struct result *r)
{
	static const struct {
		const char *title;
		bool sum, gen;
	} parts[] = { { "Generation", false, true },
		{ "Summarization", true, false },
		{ "All (SUM and GEN)", true, true } };
	size_t k, i;

	for (k = 0; k < sizeof parts / sizeof *parts; k++) {
		double n = (parts[k].sum ? (double)r->sum.passes : 0) +
			   (parts[k].gen ? (double)r->gen.passes : 0);

		if (n <= 0)
			continue;
		fm_buf_printf(b,
		    "FMWORK SAY ##### %s Execution summary #####\n"
		    "FMWORK SAY name:context (input) ms/pass "
		    "host_to_device:device_to_host:compute:mem:kv ms/pass "
		    "host_to_device:device_to_host:compute:mem mJ/pass\n",
		    parts[k].title);
		for (i = 0; i < t->n; i++)
			if (t->v[i].gen ? parts[k].gen : parts[k].sum)
				log_row(b, &t->v[i], n);
	}
}
