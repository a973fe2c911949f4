/*
 * From lines to records. One table says what each tag does.
 */
#include "parse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "prog.h"
#include "qaic.h"
#include "summary.h"

enum {
	FAULTS_SAID = 50, /* bad lines that are named; all are counted */
	SHOWN = 60,       /* bytes of a bad line in the message */
	SHORTEST_REP = 11 /* "FMWORK REP " */
};

void
parse_init(struct parse *ps, const struct conf *c, const json_t *own,
    struct out *o, struct errors *errors)
{
	memset(ps, 0, sizeof *ps);
	ps->conf = c;
	ps->out = o;
	ps->errors = errors;
	ps->own = own;
	errors_found_init(&ps->found);
	exper_init(&ps->x);
	points_init(&ps->points);
	fm_buf_init(&ps->key);
	fm_buf_init(&ps->text);
	fm_buf_init(&ps->status);
	fm_buf_init(&ps->message);
	fm_buf_init(&ps->obs);
	fm_buf_init(&ps->sim);
}

void
parse_release(struct parse *ps)
{
	exper_release(&ps->x);
	points_release(&ps->points);
	rec_release(&ps->rec);
	fm_buf_release(&ps->key);
	fm_buf_release(&ps->text);
	fm_buf_release(&ps->status);
	fm_buf_release(&ps->message);
	fm_buf_release(&ps->obs);
	fm_buf_release(&ps->sim);
	fm_stat_work_release(&ps->work);
	errors_found_release(&ps->found);
	dedup_release(&ps->dedup);
	free(ps->firsts);
}

void
parse_fault(struct parse *ps, const char *why, const char *s, size_t n)
{
	char shown[SHOWN + 1];
	size_t i, k = n < SHOWN ? n : SHOWN;

	for (i = 0; i < k; i++)
		shown[i] = s[i] >= ' ' && s[i] < 0x7f ? s[i] : '?';
	shown[k] = '\0';
	ps->faults++;
	ps->stop = ps->conf->strict;
	if (ps->faults <= FAULTS_SAID)
		fm_prog_say(conf_cmd.name, "%s:%" PRId64 ": %s: '%s%s'",
		    ps->file, ps->line, why, shown, n > SHOWN ? "..." : "");
	if (ps->faults == FAULTS_SAID + 1)
		fm_prog_say(conf_cmd.name,
		    "more lines that cannot be read are only counted");
}

/* --- records ------------------------------------------------------------- */

/* Two records are one when all that says which point they are is equal. */
static bool
seen(struct parse *ps, const struct rec *r, const struct point *p)
{
	const struct fm_text what[] = { r->timestamp, r->time_end, r->model,
		r->input, r->output, r->batch, r->tp, r->itl, r->error };
	struct fm_buf b = FM_BUF_INIT;
	bool before;
	size_t i;

	fm_buf_puts(&b, exper_run_id(&ps->x, r->timestamp));
	for (i = 0; i < sizeof what / sizeof *what; i++) {
		fm_buf_putc(&b, '\n');
		fm_buf_put(&b, what[i].s ? what[i].s : "", what[i].n);
	}
	fm_buf_puts(&b, p ? p->key.s : "");
	before = dedup_seen(&ps->dedup, b.s, b.len);
	fm_buf_release(&b);
	return before;
}

static void
put_qaic(struct parse *ps, struct point *p)
{
	size_t skip = 1;

	if (p == NULL || p->dt.n == 0)
		return;
	if (ps->conf->drop_given)
		skip = point_describe(p, &ps->conf->stat, &ps->work)->dropped;
	if (ps->conf->format == FORMAT_QAIC)
		qaic_print(out_text(ps->out), p, skip, &ps->work);
	else
		qaic_put(out_begin(ps->out), p, skip, &ps->work);
	out_end(ps->out);
}

void
parse_put(struct parse *ps, const struct rec *r, struct point *p)
{
	ps->records++;
	if (ps->conf->dedup && seen(ps, r, p))
		return;
	if (ps->conf->schema == SCHEMA_QAIC) {
		put_qaic(ps, p);
		return;
	}
	rec_put(out_begin(ps->out), r, &ps->x, p, ps->conf, &ps->work, ps->own);
	out_end(ps->out);
}

/* What was found in the log decides; its text stays in ps->message. */
static void
set_status(struct parse *ps, struct rec *r, const char *kind)
{
	static const char unknown[] =
	    "UNKNOWN | \"no results and no known error\"";
	bool known = ps->found.best != SIZE_MAX;

	fm_buf_clear(&ps->status);
	fm_buf_printf(&ps->status, "%s_%s", kind,
	    known ? ps->errors->v[ps->found.best].code : "UNKNOWN");
	fm_buf_clear(&ps->message);
	if (known)
		errors_message(ps->errors, &ps->found, &ps->message);
	else
		fm_buf_puts(&ps->message, unknown);
	r->status = ps->status.s;
	r->error = (struct fm_text){ ps->message.s, ps->message.len };
}

/* Nothing more can come for the record in hand. */
static void
flush(struct parse *ps)
{
	if (!ps->pending)
		return;
	ps->rec.obs = (struct fm_text){ ps->obs.s, ps->obs.len };
	ps->rec.sim = (struct fm_text){ ps->sim.s, ps->sim.len };
	if (ps->found.best != SIZE_MAX)
		set_status(ps, &ps->rec, "PART");
	parse_put(ps, &ps->rec, ps->of);
	if (ps->of)
		point_clear(ps->of);
	rec_clear(&ps->rec);
	fm_buf_clear(&ps->obs);
	fm_buf_clear(&ps->sim);
	ps->of = NULL;
	ps->pending = false;
}

/* A point without its summary: the log was cut, or its dialect has none. */
static void
put_unsummed(struct parse *ps, struct point *p)
{
	static const char torn[] = "TORN | \"the log has no RES line for it\"";
	struct rec r;

	ps->running = false;
	memset(&r, 0, sizeof r);
	summary_of_samples(&r, p, &ps->text, &ps->conf->stat, &ps->work);
	if (p->dialect != FM_DIALECT_CEREBRAS &&
	    p->dialect != FM_DIALECT_CEREBRAS0) {
		r.status = "PART_TORN";
		r.error = (struct fm_text){ torn, sizeof torn - 1 };
	}
	if (ps->found.best != SIZE_MAX)
		set_status(ps, &r, "PART");
	parse_put(ps, &r, p);
	point_clear(p);
}

/* An experiment, or a point of it, that came to nothing. */
static void
put_failure(struct parse *ps)
{
	struct rec r;

	memset(&r, 0, sizeof r);
	fm_buf_clear(&ps->text);
	(void)fm_buf_reserve(&ps->text, 256);
	r.dialect = FM_DIALECT_FM;
	if (ps->running)
		summary_sizes(&r, &ps->banner, &ps->text);
	set_status(ps, &r, "ERR");
	parse_put(ps, &r, NULL);
}

static void
close_points(struct parse *ps)
{
	size_t i;

	flush(ps);
	for (i = 0; i < POINTS; i++)
		if (ps->points.p[i].open && ps->points.p[i].dt.n)
			put_unsummed(ps, &ps->points.p[i]);
	ps->points.cur = NULL;
}

/* All of an experiment has been read. */
static void
end_experiment(struct parse *ps)
{
	bool any = ps->x.begun || ps->x.opts.n > 0;

	close_points(ps);
	if (any &&
	    (ps->records == 0 || (ps->running && ps->found.best != SIZE_MAX)))
		put_failure(ps);
	exper_clear(&ps->x);
	errors_found_clear(&ps->found);
	memset(&ps->banner, 0, sizeof ps->banner);
	fm_buf_clear(&ps->key);
	ps->n_firsts = ps->records = 0;
	ps->running = false;
}

/* ARG, EXP and ENV lines come first: after anything else they belong to the
 * next experiment. */
static void
begin_experiment(struct parse *ps)
{
	if (ps->x.begun)
		end_experiment(ps);
}

static struct point *
open_point(struct parse *ps, enum fm_dialect dialect)
{
	struct point *p = points_spare(&ps->points);

	if (p->open)
		put_unsummed(ps, p);
	p->open = true;
	p->dialect = dialect;
	p->sizes = ps->banner;
	fm_buf_put(&p->key, ps->key.s, ps->key.len);
	fm_buf_clear(&ps->key);
	return ps->points.cur = p;
}

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

	if (ps->sizes.output != 1 || ps->of == NULL || ps->of->dt.n == 0 ||
	    ps->rec.dialect == FM_DIALECT_EMBED ||
	    ps->rec.dialect == FM_DIALECT_EMBED0)
		return;
	f = first_token(ps, &ps->sizes);
	if (f == NULL) {
		FM_GROW(ps->firsts, ps->cap_firsts, ps->n_firsts + 1);
		f = &ps->firsts[ps->n_firsts++];
		f->sizes = ps->sizes;
	}
	f->median_s = summary_median_s(ps->of, &ps->conf->stat, &ps->work);
}

/* --- what each tag does -------------------------------------------------- */

static void
on_arg(struct parse *ps, const char *s, size_t n)
{
	begin_experiment(ps);
	exper_arg(&ps->x, s, n);
}

static void
on_exp(struct parse *ps, const char *s, size_t n)
{
	begin_experiment(ps);
	exper_env(&ps->x, s, n);
}

static void
on_env(struct parse *ps, const char *s, size_t n)
{
	(void)s;
	(void)n;
	begin_experiment(ps);
}

static void
on_sys(struct parse *ps, const char *s, size_t n)
{
	close_points(ps);
	ps->x.begun = true;
	if (!exper_sys(&ps->x, s, n))
		parse_fault(ps, "SYS is not followed by an object", s, n);
}

static void
on_key(struct parse *ps, const char *s, size_t n)
{
	flush(ps);
	ps->x.begun = true;
	fm_buf_clear(&ps->key);
	fm_buf_put(&ps->key, s, n);
}

static void
on_rep(struct parse *ps, const char *line, size_t n)
{
	struct fm_line l;
	struct rep r;
	struct point *p;

	flush(ps);
	ps->x.begun = true;
	if (!fm_line_get(&l, line, n)) {
		parse_fault(ps, "cannot read this line", line, n);
		return;
	}
	if (!rep_of_line(&r, &l))
		return; /* whole, but of a time that is not a number */
	p = points_for_rep(&ps->points, &r);
	if (p == NULL)
		p = open_point(ps, r.dialect);
	ps->points.cur = p;
	point_add(p, &r);
	if (r.dialect == FM_DIALECT_EMBED)
		fast_learn(&ps->fast, line, n);
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

	flush(ps);
	ps->x.begun = true;
	if (!fm_line_get(&l, line, n)) {
		parse_fault(ps, "cannot read this line", line, n);
		return;
	}
	ps->of = points_for_summary(&ps->points, &l);
	summary_of_line(&ps->rec, line, n, &l, &ps->text);
	summary_check(&ps->rec, &l, ps->of, &ps->x, &ps->conf->stat, &ps->work);
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
	struct fm_line l;
	struct sizes z;

	ps->x.begun = true;
	if (!fm_line_get(&l, line, n)) {
		parse_fault(ps, "cannot read this line", line, n);
		return;
	}
	(void)sizes_of_line(&z, &l);
	if (ps->pending && memcmp(&z, &ps->sizes, sizeof z) == 0) {
		summary_add_gen(&ps->rec, line, n, &l, &ps->text);
	} else {
		flush(ps);
		ps->of = points_for_summary(&ps->points, &l);
		summary_of_line(&ps->rec, line, n, &l, &ps->text);
		ps->sizes = z;
		ps->pending = true;
		ps->running = false;
	}
	f = first_token(ps, &z);
	summary_check_gen(&ps->rec, &l, &ps->x, f ? f->median_s : 0);
}

static void
on_tok(struct parse *ps, const char *line, size_t n)
{
	struct point *p = ps->points.cur;
	struct fm_line l;
	int64_t ttft, gen, tokens;

	if (!fm_line_get(&l, line, n) ||
	    fm_form_dialect(l.form) != FM_DIALECT_FM || p == NULL || !p->open)
		return;
	if (fm_num_get_scaled(l.f[FM_F_TTFT].s, l.f[FM_F_TTFT].n, 9, &ttft))
		samples_add(&p->ttft, ttft);
	if (fm_num_get_scaled(l.f[FM_F_GEN].s, l.f[FM_F_GEN].n, 9, &gen))
		samples_add(&p->gen, gen);
	if (fm_num_get_int(l.f[FM_F_TOKENS].s, l.f[FM_F_TOKENS].n, &tokens))
		p->tokens += tokens;
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

/* A failure is a row. */
static void
on_err(struct parse *ps, const char *line, size_t n)
{
	struct point *p = ps->points.cur;
	struct fm_buf msg = FM_BUF_INIT;
	struct fm_err_line e;
	struct rec r;
	char status[32], size[3][24];
	int64_t v[3];
	int i;

	flush(ps);
	ps->x.begun = true;
	ps->running = false;
	if (!fm_record_get_err(line, n, &e)) {
		parse_fault(ps, "cannot read this line", line, n);
		return;
	}
	memset(&r, 0, sizeof r);
	v[0] = e.input;
	v[1] = e.output;
	v[2] = e.batch;
	for (i = 0; i < 3; i++)
		(void)snprintf(size[i], sizeof size[i], "%" PRId64, v[i]);
	if (e.batch || e.input) {
		r.input = (struct fm_text){ size[0], strlen(size[0]) };
		r.output = (struct fm_text){ size[1], strlen(size[1]) };
		r.batch = (struct fm_text){ size[2], strlen(size[2]) };
		r.tp = (struct fm_text){ "1", 1 };
	}
	(void)snprintf(status, sizeof status, "ERR_%s", fm_code_word(e.code));
	fm_buf_printf(&msg, "%s | \"%.*s\"", fm_code_word(e.code),
	    (int)e.text_len, e.text);
	r.dialect = FM_DIALECT_FM;
	r.status = status;
	r.error = (struct fm_text){ msg.s, msg.len };
	if (p && p->open) {
		r.timestamp = (struct fm_text){ p->t0.s, p->t0.len };
		r.time_end = (struct fm_text){ p->t1.s, p->t1.len };
	} else {
		p = open_point(ps, FM_DIALECT_FM); /* takes the key */
	}
	parse_put(ps, &r, p);
	point_clear(p);
	ps->points.cur = NULL;
	fm_buf_release(&msg);
}

/* Tags that get their whole line, and tags that get what follows the tag. */
typedef void on_line(struct parse *ps, const char *s, size_t n);

static on_line *const whole[FM_TAGS] = {
	[FM_TAG_REP] = on_rep,
	[FM_TAG_RES] = on_res,
	[FM_TAG_GEN] = on_gen,
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
};

void
parse_line(struct parse *ps, const char *s, size_t n)
{
	const char *body;
	enum fm_tag tag = fm_record_tag(s, n, &body);

	if (tag == FM_TAG_NONE) {
		if (n)
			parse_noise(ps, s, n);
	} else if (whole[tag]) {
		whole[tag](ps, s, n);
	} else if (rest[tag]) {
		rest[tag](ps, body, (size_t)(s + n - body));
	}
}

/* --- blocks -------------------------------------------------------------- */

/* A progress bar writes "\r" and goes on in the same line. */
static void
split_line(struct parse *ps, const char *p, const char *end)
{
	const char *q;

	for (; p < end && !ps->stop; p = q + 1) {
		q = memchr(p, '\r', (size_t)(end - p));
		q = q ? q : end;
		parse_line(ps, p, (size_t)(q - p));
	}
}

/* Only their ends are of interest. */
static const char *
skip_reps(struct parse *ps, const char *p, const char *end)
{
	static const char rep[] = "FMWORK REP ";
	const char *q;

	while ((size_t)(end - p) > SHORTEST_REP &&
	       memcmp(p, rep, sizeof rep - 1) == 0) {
		q = memchr(
		    p + SHORTEST_REP, '\n', (size_t)(end - p) - SHORTEST_REP);
		if (q == NULL)
			break;
		ps->line++;
		p = q + 1;
	}
	return p;
}

/*
 * REP lines that go on with the current point, while no other is open; or,
 * without statistics, any.
 */
static const char *
hurry(struct parse *ps, const char *p, const char *end)
{
	struct point *cur = ps->points.cur;
	size_t i;

	if (ps->conf->no_stats)
		return skip_reps(ps, p, end);
	if (ps->fast.len == 0 || cur == NULL || !cur->open || ps->pending)
		return p;
	for (i = 0; i < POINTS; i++)
		if (&ps->points.p[i] != cur && ps->points.p[i].open)
			return p;
	return fast_reps(&ps->fast, cur, p, end, &ps->line);
}

void
parse_block(struct parse *ps, const char *p, size_t n, bool cut)
{
	const char *end = p + n, *q;

	for (; p < end && !ps->stop; p = q + 1) {
		if (*p == 'F')
			p = hurry(ps, p, end);
		if (p == end)
			break;
		q = memchr(p, '\n', (size_t)(end - p));
		ps->line++;
		split_line(ps, p, q ? q : end);
		if (q == NULL)
			break;
	}
	if (cut)
		parse_fault(ps, "the line is too long, its rest is lost", p, 0);
}

void
parse_begin(struct parse *ps, const char *file)
{
	ps->file = file;
	ps->line = 0;
}

void
parse_end(struct parse *ps)
{
	end_experiment(ps);
}

void
parse_look(struct parse *ps, const char *p, size_t n)
{
	const char *end = p + n, *q;

	for (; p < end; p = q + 1) {
		q = memchr(p, '\n', (size_t)(end - p));
		q = q ? q : end;
		if ((size_t)(q - p) < 7 || memcmp(p, "FMWORK ", 7) != 0)
			errors_look(
			    ps->errors, &ps->found, false, p, (size_t)(q - p));
	}
}
