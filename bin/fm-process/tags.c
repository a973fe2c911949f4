/*
 * What each tag of the log does. The tables at the end are the contents.
 */
#define _GNU_SOURCE /* memmem */
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "parse.h"
#include "summary.h"

/* --- first tokens -------------------------------------------------------- */

static struct first_token *
first_token(struct parse *ps, const struct sizes *z)
{
	size_t i;

	for (i = 0; i < ps->n_firsts; i++) {
		struct first_token *f = &ps->firsts[i];

		if (f->sizes.input == z->input && f->sizes.batch == z->batch &&
		    f->sizes.tp == z->tp)
			return f;
	}
	return NULL;
}

static void
keep_first_token(struct parse *ps)
{
	struct first_token *f;

	if (ps->sizes.output != 1 || !ps->of || !summary_complete(ps->of) ||
	    ps->rec.dialect == FM_DIALECT_EMBED ||
	    ps->rec.dialect == FM_DIALECT_EMBED0)
		return;
	f = first_token(ps, &ps->sizes);
	if (f == NULL) {
		FM_GROW(ps->firsts, ps->cap_firsts, ps->n_firsts + 1);
		f = &ps->firsts[ps->n_firsts++];
		f->sizes = ps->sizes;
	}
	f->median = summary_median(ps->of, &ps->conf->stat, &ps->work);
}

/* --- what each tag does -------------------------------------------------- */

static void
on_arg(struct parse *ps, const char *s, size_t n)
{
	parse_begin_experiment(ps);
	exper_arg(&ps->x, s, n);
}

static void
on_exp(struct parse *ps, const char *s, size_t n)
{
	parse_begin_experiment(ps);
	exper_env(&ps->x, s, n);
}

static void
on_env(struct parse *ps, const char *s, size_t n)
{
	(void)s;
	(void)n;
	parse_begin_experiment(ps);
}

static void
on_sys(struct parse *ps, const char *s, size_t n)
{
	parse_close_points(ps);
	ps->x.begun = true;
	if (!exper_sys(&ps->x, s, n))
		parse_fault(ps, "SYS is not followed by an object", s, n);
}

static void
on_key(struct parse *ps, const char *s, size_t n)
{
	parse_flush(ps);
	ps->x.begun = true;
	fm_buf_clear(&ps->key);
	fm_buf_put(&ps->key, s, n);
}

/*
 * A line that is cut may have another one behind it: whoever wrote it died or
 * wrote in pieces. That one is good.
 */
static bool
get(struct parse *ps, struct fm_line *l, const char *line, size_t n)
{
	static const char begin[] = "FMWORK ";
	const char *next;

	ps->x.begun = true;
	if (fm_line_get(l, line, n)) {
		ps->x.dialect = fm_form_dialect(l->form);
		return true;
	}
	parse_fault(ps, "cannot read this line", line, n);
	next = memmem(line + 1, n - 1, begin, sizeof begin - 1);
	if (next)
		parse_line(ps, next, n - (size_t)(next - line));
	return false;
}

static void
add_tokens(struct point *p, const struct fm_line *l)
{
	struct fm_text n =
	    l->f[FM_F_TOKENS].n ? l->f[FM_F_TOKENS] : l->f[FM_F_OUT_REAL];
	int64_t v;

	if (fm_num_get_scaled(l->f[FM_F_TTFT].s, l->f[FM_F_TTFT].n, 9, &v))
		samples_add(&p->ttft, v);
	if (fm_num_get_scaled(l->f[FM_F_GEN].s, l->f[FM_F_GEN].n, 9, &v))
		samples_add(&p->gen, v);
	if (fm_num_get_int(n.s, n.n, &v) && v < INT32_MAX)
		p->tokens += v;
}

static struct point *
add_rep(struct parse *ps, const struct rep *r)
{
	struct point *p = points_for_rep(&ps->points, r);

	if (p == NULL)
		p = parse_open_point(ps, r->dialect);
	ps->points.cur = p;
	point_add(p, r);
	return p;
}

static void
on_rep(struct parse *ps, const char *line, size_t n)
{
	struct fm_line l;
	struct rep r;
	struct point *p;

	ps->x.begun = true;
	if (ps->conf->no_stats)
		return;
	parse_flush(ps);
	if (!get(ps, &l, line, n))
		return;
	if (!rep_of_line(&r, &l)) {
		parse_fault(ps, "this repetition has no time", line, n);
		return;
	}
	p = add_rep(ps, &r);
	if (l.f[FM_F_TTFT].n)
		add_tokens(p, &l);
	fast_learn(&ps->fast, line, n, &l, &r);
}

/* Two lines a repetition: of the run for one token, then of the whole. */
static void
on_dt(struct parse *ps, const char *line, size_t n)
{
	struct fm_line l;
	struct rep r;
	struct point *p;

	parse_flush(ps);
	if (!get(ps, &l, line, n) || !rep_of_line(&r, &l))
		return;
	if (r.sizes.output == 1 && ps->banner.output != 1) {
		ps->first_ns = r.dt_ns;
		return;
	}
	p = add_rep(ps, &r);
	if (ps->first_ns)
		samples_add(&p->ttft, ps->first_ns);
	ps->first_ns = 0;
}

static void
on_setup(struct parse *ps, const char *line, size_t n)
{
	struct fm_line l;

	ps->x.begun = true;
	if (fm_line_get(&l, line, n))
		exper_set(
		    &ps->x.setup, l.f[FM_F_SECONDS].s, l.f[FM_F_SECONDS].n);
	else
		parse_fault(ps, "cannot read this line", line, n);
}

static void
on_res(struct parse *ps, const char *line, size_t n)
{
	struct fm_line l;

	parse_flush(ps);
	if (!get(ps, &l, line, n))
		return;
	ps->of = points_for_summary(&ps->points, &l);
	summary_of_line(&ps->rec, line, n, &l, &ps->text);
	summary_check(&ps->rec, &l, ps->of, &ps->x, &ps->conf->stat, &ps->work);
	summary_fill(&ps->rec, ps->of, &ps->text, &ps->conf->stat, &ps->work);
	summary_correct(&ps->rec, &ps->x, &ps->text);
	(void)sizes_of_line(&ps->sizes, &l);
	ps->sizes.batch /= ps->x.times;
	ps->pending = true;
	ps->running = false;
	keep_first_token(ps);
}

/* GEN follows the RES of the same point; vision's has no RES before it. */
static void
on_gen(struct parse *ps, const char *line, size_t n)
{
	const struct first_token *f;
	struct summary none = { 0, 0 }, whole = none;
	struct fm_line l;
	struct sizes z;

	if (!get(ps, &l, line, n))
		return;
	(void)sizes_of_line(&z, &l);
	if (ps->pending && memcmp(&z, &ps->sizes, sizeof z) == 0) {
		summary_add_gen(&ps->rec, line, n, &l, &ps->text);
	} else {
		parse_flush(ps);
		ps->of = points_for_summary(&ps->points, &l);
		summary_of_line(&ps->rec, line, n, &l, &ps->text);
		ps->sizes = z;
		ps->pending = true;
		ps->running = false;
	}
	f = first_token(ps, &z);
	if (ps->of && summary_complete(ps->of))
		whole = summary_median(ps->of, &ps->conf->stat, &ps->work);
	summary_check_gen(&ps->rec, &l, &ps->x, f ? f->median : none, whole);
}

static void
on_tok(struct parse *ps, const char *line, size_t n)
{
	struct point *p = ps->points.cur;
	struct fm_line l;

	if (fm_line_get(&l, line, n) &&
	    fm_form_dialect(l.form) == FM_DIALECT_FM && p && p->open)
		add_tokens(p, &l);
}

/* GAP <rep> <us> <us> ... */
static void
on_gap(struct parse *ps, const char *s, size_t n)
{
	struct point *p = ps->points.cur;
	const char *end = s + n, *q;
	int64_t us;

	if (p == NULL || !p->open || (s = memchr(s, ' ', n)) == NULL)
		return;
	for (s++; s < end; s = q + 1) {
		q = memchr(s, ' ', (size_t)(end - s));
		q = q ? q : end;
		if (fm_num_get_scaled(s, (size_t)(q - s), 3, &us))
			samples_add(&p->gaps, us);
	}
}

/* <in> <out> <batch> <json>, of the point whose RES line came before */
static void
attach(struct parse *ps, struct fm_buf *to, const char *s, size_t n)
{
	const char *json = memchr(s, '{', n);

	if (!ps->pending || json == NULL) {
		parse_fault(ps, "this line belongs to no RES line", s, n);
		return;
	}
	fm_buf_clear(to);
	fm_buf_put(to, json, n - (size_t)(json - s));
}

static void
on_obs(struct parse *ps, const char *s, size_t n)
{
	attach(ps, &ps->obs, s, n);
}

static void
on_sim(struct parse *ps, const char *s, size_t n)
{
	attach(ps, &ps->sim, s, n);
}

/* What is known of the failure that the next line is about. */
static void
on_fail(struct parse *ps, const char *s, size_t n)
{
	const char *json = memchr(s, '{', n);

	ps->x.begun = true;
	if (json == NULL) {
		parse_fault(ps, "FAIL is not followed by an object", s, n);
		return;
	}
	fm_buf_clear(&ps->fail);
	fm_buf_put(&ps->fail, json, n - (size_t)(json - s));
}

/* The point it is about, with what it measured before it failed. */
static struct point *
point_of_failure(struct parse *ps, struct rec *r)
{
	struct point *p = ps->points.cur;

	if (p && p->open) {
		r->timestamp = (struct fm_text){ p->t0.s, p->t0.len };
		r->time_end = (struct fm_text){ p->t1.s, p->t1.len };
		return p;
	}
	return parse_open_point(ps, FM_DIALECT_FM); /* takes the key */
}

/* A failure is a row. */
static void
on_err(struct parse *ps, const char *line, size_t n)
{
	struct fm_err_line e;
	struct sizes z;
	struct point *p;
	struct rec r;

	parse_flush(ps);
	ps->x.begun = true;
	ps->running = false;
	if (!fm_record_get_err(line, n, &e)) {
		parse_fault(ps, "cannot read this line", line, n);
		return;
	}
	memset(&r, 0, sizeof r);
	r.dialect = FM_DIALECT_FM;
	fm_buf_clear(&ps->text);
	(void)fm_buf_reserve(&ps->text, 256);
	z = (struct sizes){ e.input, e.output, e.batch, e.batch ? 1 : 0 };
	summary_sizes(&r, &z, &ps->text);
	fm_buf_clear(&ps->status);
	fm_buf_printf(&ps->status, "ERR_%s", fm_code_word(e.code));
	r.status = ps->status.s;
	fm_buf_clear(&ps->message);
	fm_buf_printf(&ps->message, "%s | \"", fm_code_word(e.code));
	fm_buf_put(&ps->message, e.text, e.text_len);
	fm_buf_putc(&ps->message, '"');
	r.error = (struct fm_text){ ps->message.s, ps->message.len };
	r.fail = (struct fm_text){ ps->fail.s, ps->fail.len };
	p = point_of_failure(ps, &r);
	parse_put(ps, &r, p);
	fm_buf_clear(&ps->fail);
	point_clear(p);
	ps->points.cur = NULL;
}

/*
 * The driver was killed here, and the next one measures again what had no
 * result: what was begun is no record, nor is an experiment that had none.
 */
static void
on_resume(struct parse *ps)
{
	size_t i;

	parse_flush(ps);
	for (i = 0; i < POINTS; i++)
		point_clear(&ps->points.p[i]);
	ps->points.cur = NULL;
	ps->running = false;
	fm_buf_clear(&ps->key);
	if (ps->records)
		return;
	exper_clear(&ps->x);
	errors_found_clear(&ps->found);
}

/* Tags that get their whole line, and tags that get what follows the tag. */
typedef void on_line(struct parse *ps, const char *s, size_t n);

static on_line *const whole[FM_TAGS] = {
	[FM_TAG_REP] = on_rep,
	[FM_TAG_RES] = on_res,
	[FM_TAG_GEN] = on_gen,
	[FM_TAG_DT] = on_dt,
	[FM_TAG_SETUP] = on_setup,
	[FM_TAG_TOK] = on_tok,
	[FM_TAG_ERR] = on_err,
};

static on_line *const rest[FM_TAGS] = {
	[FM_TAG_ARG] = on_arg,
	[FM_TAG_EXP] = on_exp,
	[FM_TAG_ENV] = on_env,
	[FM_TAG_SYS] = on_sys,
	[FM_TAG_KEY] = on_key,
	[FM_TAG_GAP] = on_gap,
	[FM_TAG_OBS] = on_obs,
	[FM_TAG_SIM] = on_sim,
	[FM_TAG_FAIL] = on_fail,
};

void
parse_line(struct parse *ps, const char *s, size_t n)
{
	const char *body;
	enum fm_tag tag;

	/* Whoever copied a log may have left some; fmwork strips them, too. */
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	tag = fm_record_tag(s, n, &body);
	if (fm_record_is_resume(s, n)) {
		on_resume(ps);
	} else if (tag == FM_TAG_NONE) {
		if (n)
			parse_noise(ps, s, n);
	} else if (whole[tag]) {
		whole[tag](ps, s, n);
	} else if (rest[tag]) {
		rest[tag](ps, body, (size_t)(s + n - body));
	}
}
