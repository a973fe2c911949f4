/*
 * Summaries of points: read, made, compared.
 */
#include "summary.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "alloc.h"
#include "num.h"

static bool
is_embed(enum fm_dialect d)
{
	return d == FM_DIALECT_EMBED || d == FM_DIALECT_EMBED0;
}

static const struct fm_text one = { "1", 1 };

/* Embeddings have one output and one device; their latency is in the place
 * of the time between tokens. */
static void
fill(struct rec *r, const struct fm_line *l)
{
	r->dialect = fm_form_dialect(l->form);
	r->timestamp = l->f[FM_F_T0].n ? l->f[FM_F_T0] : l->f[FM_F_NOW];
	r->time_end = l->f[FM_F_T1];
	r->model = l->f[FM_F_MODEL];
	r->model_class = l->f[FM_F_CLASS];
	r->input = l->f[FM_F_INPUT];
	r->output = is_embed(r->dialect) ? one : l->f[FM_F_OUTPUT];
	r->batch = l->f[FM_F_BATCH];
	r->tp = is_embed(r->dialect) ? one : l->f[FM_F_TP];
	r->ttft = l->f[FM_F_TTFT];
	r->itl = is_embed(r->dialect) ? l->f[FM_F_MED] : l->f[FM_F_ITL];
	r->thp = l->f[FM_F_THP];
}

/* A copy of the line, and `l` made to point into it. */
static void
keep_line(struct fm_line *l, const char *line, size_t n, struct fm_buf *keep)
{
	const char *to = keep->s + keep->len;
	int i;

	fm_buf_put(keep, line, n);
	for (i = 0; i < FM_FIELDS; i++)
		if (l->f[i].s)
			l->f[i].s = to + (l->f[i].s - line);
}

void
summary_of_line(struct rec *r, const char *line, size_t n, struct fm_line *l,
    struct fm_buf *keep)
{
	/* Room for what a GEN line and corrections add: texts do not move. */
	fm_buf_clear(keep);
	(void)fm_buf_reserve(keep, 2 * n + 8192);
	keep_line(l, line, n, keep);
	fill(r, l);
}

void
summary_add_gen(struct rec *r, const char *line, size_t n, struct fm_line *l,
    struct fm_buf *keep)
{
	/* One without numbers says nothing that RES did not. */
	if (keep->cap - keep->len <= n || *l->f[FM_F_ITL].s == 'n')
		return;
	keep_line(l, line, n, keep);
	r->ttft = l->f[FM_F_TTFT];
	r->itl = l->f[FM_F_ITL];
	r->thp = l->f[FM_F_THP];
}

/* --- from samples -------------------------------------------------------- */

/* The record's own statistics mostly are by the same rule. */
struct summary
summary_median(
    struct point *p, const struct fm_stat_conf *c, struct fm_stat_work *w)
{
	static const struct fm_stat_conf fmwork = { FM_STAT_FMWORK, 0, false,
		false };
	const struct fm_stat *st;
	struct fm_stat own;

	if (c->rule == FM_STAT_FMWORK) {
		st = point_describe(p, c, w);
	} else {
		fm_stat_describe(&own, p->dt.v, p->dt.n, &fmwork, w);
		st = &own;
	}
	return (struct summary){ (double)st->median2 / 2e9,
		(double)st->mad4 / 2 / (double)st->median2 };
}

static struct fm_text
say(struct fm_buf *keep, int decimals, double v)
{
	size_t at = keep->len;

	fm_buf_printf(keep, "%.*f", decimals, v);
	return (struct fm_text){ keep->s + at, keep->len - at };
}

static struct fm_text
say_int(struct fm_buf *keep, int64_t v)
{
	size_t at = keep->len;

	if (v > 0)
		fm_num_put_int(keep, v);
	return (struct fm_text){ keep->s + at, keep->len - at };
}

void
summary_sizes(struct rec *r, const struct sizes *z, struct fm_buf *keep)
{
	r->input = say_int(keep, z->input);
	r->output = say_int(keep, z->output);
	r->batch = say_int(keep, z->batch);
	r->tp = say_int(keep, z->tp);
}

/* Time for a token, or for a batch of embeddings, and throughput. */
static void
from_median(
    struct rec *r, double med, double out, double batch, struct fm_buf *keep)
{
	if (out > 0)
		r->itl = say(keep, 3, 1000 * med / out);
	if (out * batch > 0 && med > 0)
		r->thp = say(keep, 1, batch * out / med);
}

void
summary_of_samples(struct rec *r, struct point *p, struct fm_buf *keep,
    const struct fm_stat_conf *c, struct fm_stat_work *w)
{
	double out = is_embed(p->dialect) ? 1 : (double)p->sizes.output;

	fm_buf_clear(keep);
	(void)fm_buf_reserve(keep, 1024);
	r->dialect = p->dialect;
	r->timestamp = (struct fm_text){ p->t0.s, p->t0.len };
	r->time_end = (struct fm_text){ p->t1.s, p->t1.len };
	r->model = (struct fm_text){ p->model.s, p->model.len };
	summary_sizes(r, &p->sizes, keep);
	from_median(r, summary_median(p, c, w).median_s, out,
	    (double)p->sizes.batch, keep);
}

/* --- agreement ----------------------------------------------------------- */

static void note(struct rec *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
note(struct rec *r, const char *fmt, ...)
{
	struct fm_buf b = FM_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fm_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	fm_strs_add(&r->notes, b.s);
	fm_buf_release(&b);
}

/* Does `v`, known but for a part `blur` of it, round to the printed text?
 * Half a unit of its last digit, and a little for the way the double was
 * made. */
static bool
rounds_to(double v, double blur, struct fm_text t)
{
	static const double units[] = { 1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6 };
	const char *dot = memchr(t.s, '.', t.n);
	size_t decimals = dot ? (size_t)(t.s + t.n - dot) - 1 : 0;
	int64_t printed;

	if (decimals > 6 ||
	    !fm_num_get_scaled(t.s, t.n, (int)decimals, &printed))
		return false;
	return fabs(v - (double)printed * units[decimals]) <=
	       units[decimals] * 0.501 + fabs(v) * (blur + 1e-9);
}

static void
check_blurred(
    struct rec *r, const char *name, double v, double blur, struct fm_text t)
{
	if (t.n && !rounds_to(v, blur, t) && *t.s != 'n')
		note(r, "%s %.*s contradicts the REP lines, which give %.6g",
		    name, (int)t.n, t.s, v);
}

static void
check_value(struct rec *r, const char *name, double v, struct fm_text t)
{
	check_blurred(r, name, v, 0, t);
}

/* Only if the run is known that it is of. */
static void
check_known(struct rec *r, const char *name, double v, struct summary of,
    struct fm_text t)
{
	if (of.median_s > 0)
		check_value(r, name, v, t);
}

static double
number(struct fm_text t)
{
	int64_t n;
	double v;

	if (t.n && fm_num_get_int(t.s, t.n, &n))
		return (double)n;
	return t.n && fm_num_get_double(t.s, t.n, &v) ? v : (double)NAN;
}

static bool
is_none(struct fm_text t)
{
	return t.n > 0 && !isfinite(number(t));
}

void
summary_fill(struct rec *r, struct point *p, struct fm_buf *keep,
    const struct fm_stat_conf *c, struct fm_stat_work *w)
{
	bool samples = p && p->dt.n > 0;

	if (samples && r->timestamp.n == 0) {
		r->timestamp = (struct fm_text){ p->t0.s, p->t0.len };
		r->time_end = (struct fm_text){ p->t1.s, p->t1.len };
	}
	if (samples && r->itl.n > 0 && *r->itl.s == 'n') {
		from_median(r, summary_median(p, c, w).median_s,
		    number(r->output), number(r->batch), keep);
		note(r,
		    "the RES line has no numbers: computed from the REP lines");
	} else if (is_none(r->itl) || is_none(r->thp)) {
		note(r, "the RES line lacks numbers");
	}
}

bool
summary_complete(const struct point *p)
{
	return p->dt.n > 0 && !p->disorder &&
	       (p->reps == 0 || p->dt.n == (size_t)p->reps);
}

/* Old forms of vision print milliseconds and no stamps, while their driver
 * made the summary of nanoseconds. */
static double
blur_of(const struct point *p, double median_s)
{
	return p->dialect == FM_DIALECT_VISION0 ? 0.0005 / median_s : 0;
}

void
summary_check(struct rec *r, const struct fm_line *l, struct point *p,
    const struct exper *x, const struct fm_stat_conf *c, struct fm_stat_work *w)
{
	struct summary sum;
	double med, batch, out, blur;

	if (p == NULL || p->dt.n == 0)
		return;
	if (p->disorder)
		note(r, "repetitions are missing or twice in the log");
	else if (p->reps && p->dt.n != (size_t)p->reps)
		note(r, "%zu of %" PRId64 " repetitions", p->dt.n, p->reps);
	/* Samples are not all there, or not of this line alone. */
	if (!summary_complete(p) || p->dialect == FM_DIALECT_VISION)
		return;
	sum = summary_median(p, c, w);
	blur = blur_of(p, sum.median_s);
	med = sum.median_s / (double)(x->multiplier * x->times);
	batch = number(r->batch);
	out = number(r->output);
	if (l->f[FM_F_MED].n && is_embed(r->dialect))
		check_value(r, "latency", 1000 * med, l->f[FM_F_MED]);
	else
		check_blurred(r, "median", med, blur, l->f[FM_F_MED]);
	check_value(r, "deviation", sum.rel_mad, l->f[FM_F_MAD]);
	check_value(r, "inference time", med, l->f[FM_F_INF]);
	check_blurred(
	    r, "time per token", 1000 * med / out, blur, l->f[FM_F_ITL]);
	check_blurred(r, "throughput", batch * out / med, blur, l->f[FM_F_THP]);
}

/*
 * One driver multiplied the batch and divided the time by the same number, so
 * that its throughput is too high by that number.
 */
void
summary_correct(struct rec *r, const struct exper *x, struct fm_buf *keep)
{
	double batch, thp;

	if (x->times == 1 || r->dialect != FM_DIALECT_CLASSIC)
		return;
	batch = number(r->batch);
	thp = number(r->thp);
	if (!isfinite(batch) || !isfinite(thp))
		return;
	note(r,
	    "throughput %.*s and batch %.*s corrected for batch_size_times "
	    "%" PRId64,
	    (int)r->thp.n, r->thp.s, (int)r->batch.n, r->batch.s, x->times);
	r->thp = say(keep, 1, thp / (double)x->times);
	r->batch = say_int(keep, (int64_t)batch / x->times);
}

/*
 * fmwork takes the run for one token off the whole run; rocm's driver counts
 * the tokens after the first one, all others count all.
 */
void
summary_check_gen(struct rec *r, const struct fm_line *l, const struct exper *x,
    struct summary first, struct summary whole)
{
	double scale = (double)(x->multiplier * x->times);
	double out = number(l->f[FM_F_OUTPUT]), gen;

	if (number(l->f[FM_F_GEN]) <= 0)
		note(r, "the generation time is not positive: the run for one "
			"token took longer");
	if (fm_form_dialect(l->form) != FM_DIALECT_VISION) {
		check_known(
		    r, "deviation", whole.rel_mad, whole, l->f[FM_F_MAD]);
		check_known(r, "deviation of the first token", first.rel_mad,
		    first, l->f[FM_F_MAD_TTFT]);
	}
	check_known(r, "inference time", whole.median_s / scale, whole,
	    l->f[FM_F_INF].n ? l->f[FM_F_INF] : l->f[FM_F_MED]);
	check_known(r, "time to first token", first.median_s / scale, first,
	    l->f[FM_F_TTFT]);
	gen = (whole.median_s - first.median_s) / scale;
	if (whole.median_s <= 0 || first.median_s <= 0 || gen <= 0)
		return;
	if (fm_form_dialect(l->form) == FM_DIALECT_ROCM)
		out -= 1;
	check_value(r, "generation time", gen, l->f[FM_F_GEN]);
	check_value(r, "time per token", 1000 * gen / out, l->f[FM_F_ITL]);
	check_value(r, "throughput", number(l->f[FM_F_BATCH]) * out / gen,
	    l->f[FM_F_THP]);
}
