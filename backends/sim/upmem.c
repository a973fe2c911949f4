/*
 * UPMEM's report. Numbers are printed as Python prints them.
 */
#include "upmem.h"

#include "num.h"

/* A run, in the report's units. */
struct report {
	struct fm_buf *b;
	double passes, tokens, batch; /* tokens: those after the first */
};

static void
num(struct fm_buf *b, const char *before, double v, const char *after)
{
	fm_buf_puts(b, before);
	fm_num_put_repr(b, v);
	fm_buf_puts(b, after);
}

static void
line(struct fm_buf *b, const char *s)
{
	fm_buf_printf(b, "FMWORK SAY %s\n", s);
}

static void
head(const struct report *t, enum dtype dtype, const struct point *p,
    double sum_s, double gen_s)
{
	struct fm_buf *b = t->b;
	double total_s = sum_s + gen_s;

	line(b, "##### UPMEM PROFILER OUTPUT #####");
	num(b, "FMWORK SAY Total time (SUM + GEN): ", total_s, " s");
	fm_buf_printf(b, ", with data type: DataType.%s, batch size: %lld\n",
	    dtype_word(dtype), (long long)p->batch);
	fm_buf_printf(
	    b, "FMWORK SAY Generated tokens: %.0f in ", t->tokens * t->batch);
	fm_num_put_repr(b, gen_s);
	num(b,
	    " s, with tokens/s: ", gen_s > 0 ? t->tokens * t->batch / gen_s : 0,
	    "\n");
	num(b, "FMWORK SAY Summarization step took: ", sum_s,
	    " s, weight in the execution: ");
	num(b, "SUM: ", sum_s / total_s, "%, ");
	num(b, "GEN: ", gen_s / total_s, "%\n");
}

/* One quantity, and the same per token in the generation phase. */
static void
amount(const struct report *t, bool gen, double v, const char *unit, double per)
{
	num(t->b, "", v, " ");
	fm_buf_puts(t->b, unit);
	if (gen) {
		fm_buf_printf(t->b, ", %s/token: ", unit);
		fm_num_put_repr(t->b, v / per / t->batch);
	}
	fm_buf_putc(t->b, '\n');
}

static void
energy(const struct report *t, const struct phase *ph, bool gen)
{
	static const struct {
		const char *word;
		int at;
	} all[] = { { "host_to_device", ENERGY_H2D },
		{ "device_to_host", ENERGY_D2H }, { "main_mem", ENERGY_MEM },
		{ "compute", ENERGY_COMPUTE } };
	double mj = 0;
	size_t i;

	for (i = 0; i < sizeof all / sizeof *all; i++) {
		double own = ph->c.pj[all[i].at] / 1e9;

		mj += own;
		if (own <= 0)
			continue;
		fm_buf_printf(t->b, "FMWORK SAY Energy in %s: ", all[i].word);
		amount(t, gen, own, "mJ", t->tokens);
	}
	fm_buf_puts(t->b, "FMWORK SAY Energy: ");
	amount(t, gen, mj, "mJ", t->tokens);
	num(t->b, "FMWORK SAY Power: ",
	    ph->c.ns > 0 ? mj / 1e3 / (ph->c.ns / 1e9) : 0, " W\n");
}

static void
summary(const struct report *t, const struct phase *ph, bool gen)
{
	line(t->b, gen ? "GENERATION summary" : "SUMMARIZATION summary");
	if (ph->c.h2d_bytes > 0) {
		fm_buf_puts(
		    t->b, "FMWORK SAY Transferred data in host_to_device: ");
		amount(t, gen, ph->c.h2d_bytes / 1e6, "MB", t->passes);
	}
	if (ph->c.d2h_bytes > 0) {
		fm_buf_puts(
		    t->b, "FMWORK SAY Transferred data in device_to_host: ");
		amount(t, gen, ph->c.d2h_bytes / 1e6, "MB", t->passes);
	}
	energy(t, ph, gen);
}

static void
breakdown(const struct report *t, const struct phase *ph, bool gen)
{
	static const char *const words[] = { "host_to_device", "device_to_host",
		"compute", "mem_transfer", "kv_load" };
	int i;

	line(t->b, gen ? "GENERATION phase" : "SUMMARIZATION phase");
	for (i = PART_H2D; i <= PART_KV; i++) {
		fm_buf_printf(
		    t->b, "FMWORK SAY %s%s ", words[i], gen ? ":" : "");
		fm_num_put_repr(t->b, ph->c.part_ns[i] / 1e6);
		num(t->b, gen ? " ms, " : " (ms) ",
		    ph->c.ns > 0 ? ph->c.part_ns[i] / ph->c.ns : 0, "\n");
	}
}

void
upmem_report(struct fm_buf *b, enum dtype dtype, const struct point *p,
    const struct result *r)
{
	struct report t = { b, (double)r->gen.passes + 1, (double)r->gen.passes,
		(double)p->batch };

	head(&t, dtype, p, r->sum.c.ns / 1e9, r->gen.c.ns / 1e9);
	summary(&t, &r->sum, false);
	if (r->gen.passes)
		summary(&t, &r->gen, true);
	line(b, "Execution time breakdown (ms / %)");
	breakdown(&t, &r->sum, false);
	if (r->gen.passes)
		breakdown(&t, &r->gen, true);
	line(b, "##### END UPMEM PROFILER OUTPUT #####");
}
