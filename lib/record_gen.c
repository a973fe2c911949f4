/*
 * The lines and blocks of a generation run. One list of labels makes both
 * blocks; a line is what fmwork prints from the same numbers.
 */
#include "record_gen.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "num.h"
#include "record.h"

static void
put_stamp(struct fm_buf *b, int64_t ns)
{
	fm_num_put_scaled(b, ns, 9);
}

void
fm_record_put_gen_rep(
    struct fm_buf *b, const struct fm_rep *r, const struct fm_gen_point *p)
{
	double dt_s = (double)r->dt_ns / 1e9, out = (double)p->output;

	fm_buf_printf(
	    b, "FMWORK REP %lld %lld ", (long long)r->rep, (long long)r->reps);
	put_stamp(b, r->t0_ns);
	fm_buf_putc(b, ' ');
	put_stamp(b, r->t1_ns);
	fm_buf_printf(b, " %s %lld %lld %lld %lld ", p->model,
	    (long long)p->input, (long long)p->output, (long long)p->batch,
	    (long long)p->tp);
	put_stamp(b, r->dt_ns);
	fm_buf_printf(b, " %.3f %.1f\n", 1000 * dt_s / out,
	    dt_s > 0 ? (double)p->batch * out / dt_s : 0);
}

/* --- blocks -------------------------------------------------------------- */

static void
put_label(struct fm_buf *b, int width, const char *label)
{
	fm_buf_printf(b, "%-*s = ", width, label);
}

static void
put_int(struct fm_buf *b, int width, const char *label, int64_t v)
{
	put_label(b, width, label);
	fm_buf_printf(b, "%lld\n", (long long)v);
}

static void
put_real(struct fm_buf *b, int width, const char *label, int decimals, double v)
{
	put_label(b, width, label);
	fm_buf_printf(b, "%.*f\n", decimals, v);
}

/* What both blocks begin with. */
static void
put_point(struct fm_buf *b, int width, const struct fm_gen_point *p,
    int64_t t0_ns, int64_t t1_ns)
{
	fm_buf_putc(b, '\n');
	put_label(b, width, "Timestamp start");
	put_stamp(b, t0_ns);
	fm_buf_putc(b, '\n');
	put_label(b, width, "Timestamp end");
	put_stamp(b, t1_ns);
	fm_buf_putc(b, '\n');
	put_label(b, width, "Model name");
	fm_buf_printf(b, "%s\n", p->model);
	put_int(b, width, "Input size", p->input);
	put_int(b, width, "Output size", p->output);
	put_int(b, width, "Batch size", p->batch);
	put_int(b, width, "Batch size multiplier", 1);
	put_int(b, width, "Tensor parallel size", p->tp);
}

static void
put_head(struct fm_buf *b, const char *tag, const struct fm_gen_point *p,
    int64_t t0_ns, int64_t t1_ns)
{
	fm_buf_printf(b, "\nFMWORK %s ", tag);
	put_stamp(b, t0_ns);
	fm_buf_putc(b, ' ');
	put_stamp(b, t1_ns);
	fm_buf_printf(b, " %s %lld %lld %lld %lld", p->model,
	    (long long)p->input, (long long)p->output, (long long)p->batch,
	    (long long)p->tp);
}

void
fm_record_put_gen_res(
    struct fm_buf *b, const struct fm_gen_point *p, const struct fm_gen_res *r)
{
	enum {
		W = 29
	};
	double out = (double)p->output;
	double itl = 1000 * r->med_s / out;
	double thp = r->med_s > 0 ? (double)p->batch * out / r->med_s : 0;

	put_point(b, W, p, r->t0_ns, r->t1_ns);
	put_real(b, W, "Relative med. abs. dev.", 3, r->mad_part);
	put_real(b, W, "RES: Inference time (s)", 3, r->med_s);
	put_real(b, W, "RES: Inter-token latency (ms)", 3, itl);
	put_real(b, W, "RES: Throughput (tok/s)", 1, thp);
	put_head(b, "RES", p, r->t0_ns, r->t1_ns);
	fm_buf_printf(
	    b, " %.3f %.3f %.3f %.1f\n", r->mad_part, r->med_s, itl, thp);
}

void
fm_record_put_gen(struct fm_buf *b, const struct fm_gen_point *p,
    const struct fm_gen_res *first, const struct fm_gen_res *all)
{
	enum {
		W = 38
	};
	double out = (double)p->output;
	double gen = all->med_s - first->med_s;
	double itl = 1000 * gen / out;
	double thp = gen < 0 || gen > 0 ? (double)p->batch * out / gen : 0;

	put_point(b, W, p, all->t0_ns, all->t1_ns);
	put_real(b, W, "Relative med. abs. dev. TTFT", 3, first->mad_part);
	put_real(b, W, "Relative med. abs. dev. INF", 3, all->mad_part);
	put_real(b, W, "GEN: [ INF  ] Inference time (s)", 3, all->med_s);
	put_real(b, W, "GEN: [ GEN  ] Generation time (s)", 3, gen);
	put_real(
	    b, W, "GEN: [ TTFT ] Time to first token (s)", 3, first->med_s);
	put_real(b, W, "GEN: [ ITL  ] Inter-token latency (ms)", 3, itl);
	put_real(b, W, "GEN: [ THP  ] Throughput (tok/s)", 1, thp);
	put_head(b, "GEN", p, all->t0_ns, all->t1_ns);
	fm_buf_printf(b, " %.3f %.3f %.3f %.3f %.3f %.3f %.1f\n",
	    first->mad_part, all->mad_part, all->med_s, gen, first->med_s, itl,
	    thp);
}
