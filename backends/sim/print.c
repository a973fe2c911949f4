/*
 * Printing what was simulated: the SIM line, the log of operations, and the
 * table of kinds.
 */
#include "print.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "num.h"
#include "record.h"

static const char *const part_words[PARTS] = { "host_to_device",
	"device_to_host", "compute", "mem_transfer", "kv_load", "link",
	"launch" };
static const char *const energy_words[ENERGIES] = { "host_to_device",
	"device_to_host", "compute", "main_mem", "link", "idle" };
static const char *const bound_words[BOUNDS] = { "compute", "memory",
	"transfer", "link" };

/* --- the SIM line -------------------------------------------------------- */

static void
set_real(json_t *o, const char *key, double v)
{
	json_object_set_new(o, key, json_real(v));
}

static json_t *
parts(const struct phase *p)
{
	json_t *o = json_object(), *ms = json_object(), *mj = json_object();
	int i;

	for (i = 0; i < PARTS; i++)
		if (p->c.part_ns[i] > 0)
			set_real(ms, part_words[i], p->c.part_ns[i] / 1e6);
	for (i = 0; i < ENERGIES; i++)
		if (p->c.pj[i] > 0)
			set_real(mj, energy_words[i], p->c.pj[i] / 1e9);
	json_object_set_new(o, "ms", ms);
	json_object_set_new(o, "mj", mj);
	set_real(o, "host_to_device_mb", p->c.h2d_bytes / 1e6);
	set_real(o, "device_to_host_mb", p->c.d2h_bytes / 1e6);
	return o;
}

static json_t *
bounds(const struct phase *p)
{
	json_t *o = json_object();
	int i;

	for (i = 0; i < BOUNDS; i++)
		if (p->c.bound_ns[i] > 0)
			set_real(o, bound_words[i], p->c.bound_ns[i] / p->c.ns);
	return o;
}

static double
energy_mj(const struct phase *p)
{
	double pj = 0;
	int i;

	for (i = 0; i < ENERGIES; i++)
		pj += p->c.pj[i];
	return pj / 1e9;
}

static double
quotient(double a, double b)
{
	return b > 0 ? a / b : 0;
}

static void
put_phases(json_t *o, const struct point *p, const struct result *r)
{
	double tokens = (double)r->gen.passes * (double)p->batch;
	double sum = energy_mj(&r->sum), gen = energy_mj(&r->gen);

	set_real(o, "sum_ms", r->sum.c.ns / 1e6);
	set_real(o, "gen_ms", r->gen.c.ns / 1e6);
	fm_json_set_int(o, "tokens", r->gen.passes * p->batch);
	set_real(o, "tokens_per_s", quotient(tokens, r->gen.c.ns / 1e9));
	set_real(o, "sum_mj", sum);
	set_real(o, "gen_mj", gen);
	set_real(o, "mj_per_token", quotient(gen, tokens));
	/* mJ / ns = MW */
	set_real(o, "sum_w", quotient(sum * 1e6, r->sum.c.ns));
	set_real(o, "gen_w", quotient(gen * 1e6, r->gen.c.ns));
}

/* What the compatible model knows nothing of. */
static void
put_extent(json_t *o, const struct sim *s, const struct result *r)
{
	if (s->compat)
		return;
	set_real(o, "need_gb", r->need_bytes / 1e9);
	if (r->have_bytes > 0)
		set_real(o, "have_gb", r->have_bytes / 1e9);
	fm_json_set_int(o, "tp", s->ours.tp);
	fm_json_set_int(o, "pp", s->ours.pp);
	json_object_set_new(o, "over_tdp", json_boolean(r->over_tdp));
	if (s->estimate)
		json_object_set_new(o, "estimate",
		    json_pack("{s:f, s:f, s:f, s:f, s:f}", "input_s",
			r->in_ns / 1e9, "compute_s",
			(r->sum.c.ns + r->gen.c.ns) / 1e9, "output_s",
			r->out_ns / 1e9, "latency_s", total_ns(r) / 1e9,
			"throughput_per_s", 1e9 / total_ns(r)));
}

void
print_sim(struct fm_buf *b, const struct sim *s, const struct point *p,
    const struct result *r)
{
	json_t *o = json_object();
	struct fm_buf line = FM_BUF_INIT;

	fm_json_set_str(o, "device", s->device ? s->device->name : NULL);
	fm_json_set_str(o, "mapping", s->mapping.name);
	fm_json_set_str(o, "dtype", dtype_word(s->dtype));
	fm_json_set_str(o, "compat", s->compat ? "upmem" : NULL);
	put_phases(o, p, r);
	json_object_set_new(o, "parts",
	    json_pack(
		"{s:o, s:o}", "sum", parts(&r->sum), "gen", parts(&r->gen)));
	json_object_set_new(o, "bound",
	    json_pack(
		"{s:o, s:o}", "sum", bounds(&r->sum), "gen", bounds(&r->gen)));
	json_object_set_new(
	    o, "fits", r->have_bytes > 0 ? json_true() : json_null());
	put_extent(o, s, r);
	fm_buf_printf(&line, "FMWORK SIM %lld %lld %lld ", (long long)p->input,
	    (long long)p->output, (long long)p->batch);
	fm_json_put(&line, o);
	fm_buf_put(b, line.s, line.len);
	fm_buf_putc(b, '\n');
	fm_buf_release(&line);
	json_decref(o);
}

/* --- the profile --------------------------------------------------------- */

void
print_row(struct fm_buf *b, const struct op *op, int64_t id)
{
	json_t *row = fm_layer_row(op->layer, &op->at);

	fm_json_set_int(row, "id", id);
	fm_json_set_str(row, "phase", op->gen ? "decode" : "prefill");
	fm_json_set_int(row, "pass", op->pass);
	set_real(row, "start_ms", op->start_ns / 1e6);
	set_real(row, "ms", op->c.ns / 1e6);
	json_object_set_new(row, "simulated", json_true());
	fm_buf_puts(b, "FMWORK PROF ");
	fm_json_put(b, row);
	fm_buf_putc(b, '\n');
	json_decref(row);
}

/* --- the log ------------------------------------------------------------- */

static void
put_shape(struct fm_buf *b, const int64_t *v, int rank)
{
	int i;

	fm_buf_putc(b, '\t');
	for (i = 0; i < rank; i++)
		fm_buf_printf(b, "%s%lld", i ? "x" : "", (long long)v[i]);
	if (rank == 0)
		fm_buf_putc(b, '-');
}

void
print_log_head(struct fm_buf *b)
{
	int i;

	fm_buf_puts(b,
	    "FMWORK SAY start_ns\tphase\tpass\tlayer\tkind\tdevice\tinput\t"
	    "weights\tns\tbound\tflop\tmem_bytes\th2d_bytes\td2h_bytes");
	for (i = 0; i < PARTS; i++)
		fm_buf_printf(b, "\t%s_ns", part_words[i]);
	for (i = 0; i < ENERGIES; i++)
		fm_buf_printf(b, "\t%s_pj", energy_words[i]);
	fm_buf_putc(b, '\n');
}

static void
put_number(struct fm_buf *b, double v)
{
	fm_buf_putc(b, '\t');
	fm_num_put_repr(b, v);
}

void
print_log_op(struct fm_buf *b, const struct op *op)
{
	int i;

	fm_buf_puts(b, "FMWORK SAY ");
	fm_num_put_repr(b, op->start_ns);
	fm_buf_printf(b, "\t%s\t%lld\t%s\t%s\t%s", op->gen ? "gen" : "sum",
	    (long long)op->pass, op->layer->name,
	    fm_layer_word(op->layer->kind), op->device->name);
	put_shape(b, op->shape, op->rank);
	put_shape(b, op->weights, op->w_rank);
	put_number(b, op->c.ns);
	fm_buf_printf(b, "\t%s", bound_words[op->bound]);
	put_number(b, op->c.flop);
	put_number(b, op->c.mem_bytes);
	put_number(b, op->c.h2d_bytes);
	put_number(b, op->c.d2h_bytes);
	for (i = 0; i < PARTS; i++)
		put_number(b, op->c.part_ns[i]);
	for (i = 0; i < ENERGIES; i++)
		put_number(b, op->c.pj[i]);
	fm_buf_putc(b, '\n');
}

void
print_trace(struct fm_buf *b, const struct op *op)
{
	int i;

	fm_buf_printf(b, "FMWORK SAY %s pass %lld %s on %s: %.3f us, %s bound:",
	    op->gen ? "gen" : "sum", (long long)op->pass, op->layer->name,
	    op->device->name, op->c.ns / 1e3, bound_words[op->bound]);
	for (i = 0; i < PARTS; i++)
		if (op->c.part_ns[i] > 0)
			fm_buf_printf(b, " %s %.3f us", part_words[i],
			    op->c.part_ns[i] / 1e3);
	fm_buf_putc(b, '\n');
}
