/*
 * From lines to records. One table says what each tag does.
 */
#include "parse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "num.h"
#include "prog.h"
#include "qaic.h"
#include "summary.h"

enum {
	FAULTS_SAID = 50, /* bad lines that are named; all are counted */
	SHOWN = 60        /* bytes of a bad line in the message */
};

void
parse_init(struct parse *ps, const struct conf *c, json_t *own, struct out *o,
    struct errors *errors)
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
	fm_buf_init(&ps->fail);
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
	fm_buf_release(&ps->fail);
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
	size_t i;

	for (i = 0; i < SHOWN && i < n; i++)
		shown[i] = s[i] >= ' ' && s[i] < 0x7f ? s[i] : '?';
	shown[i] = '\0';
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
		qaic_put(out_begin(ps->out), p, skip, &ps->work, ps->own);
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

/* --require_quiet waited in vain, or something began while it measured. */
static void
note_unquiet(struct rec *r)
{
	json_t *obs = r->obs.n ? json_loadb(r->obs.s, r->obs.n, 0, NULL) : NULL;

	if (!fm_json_bool(obs, "quiet", true))
		fm_strs_add_take(&r->notes,
		    fm_strdupf("the machine was not quiet: %s",
			fm_json_str(obs, "quiet_reason", "no reason given")));
	json_decref(obs);
}

void
parse_flush(struct parse *ps)
{
	if (!ps->pending)
		return;
	ps->rec.obs = (struct fm_text){ ps->obs.s, ps->obs.len };
	ps->rec.sim = (struct fm_text){ ps->sim.s, ps->sim.len };
	note_unquiet(&ps->rec);
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
	r.dialect = ps->x.dialect;
	if (ps->running)
		summary_sizes(&r, &ps->banner, &ps->text);
	set_status(ps, &r, "ERR");
	parse_put(ps, &r, NULL);
}

void
parse_close_points(struct parse *ps)
{
	size_t i;

	parse_flush(ps);
	for (i = 0; i < POINTS; i++)
		if (ps->points.p[i].open && ps->points.p[i].dt.n)
			put_unsummed(ps, &ps->points.p[i]);
	ps->points.cur = NULL;
}

/* All of an experiment has been read. */
static void
end_experiment(struct parse *ps)
{
	bool any =
	    ps->x.begun || ps->x.opts.n > 0 || ps->x.announced || ps->sure;

	parse_close_points(ps);
	if (any &&
	    (ps->records == 0 || (ps->running && ps->found.best != SIZE_MAX)))
		put_failure(ps);
	exper_clear(&ps->x);
	errors_found_clear(&ps->found);
	memset(&ps->banner, 0, sizeof ps->banner);
	fm_buf_clear(&ps->key);
	ps->n_firsts = ps->records = 0;
	ps->running = ps->sure = false;
}

void
parse_begin_experiment(struct parse *ps)
{
	if (ps->x.begun || ps->x.settled)
		end_experiment(ps);
}

void
parse_announce(struct parse *ps)
{
	if (ps->x.begun || ps->x.announced)
		end_experiment(ps);
	ps->x.announced = true;
}

struct point *
parse_open_point(struct parse *ps, enum fm_dialect dialect)
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

/* How many points are open; `*one` is one of them. */
static size_t
count_open(struct parse *ps, struct point **one)
{
	size_t i, n = 0;

	for (i = 0; i < POINTS; i++)
		if (ps->points.p[i].open) {
			*one = &ps->points.p[i];
			n++;
		}
	return n;
}

/* Does the point go on with what lines in the fast lane say? */
static bool
goes_on(const struct point *p, const struct fast *f)
{
	return p->dialect == f->dialect && p->last > 0 && p->reps == f->reps &&
	       (!f->has_sizes || sizes_equal(&p->sizes, &f->sizes));
}

/*
 * REP lines that begin a point or go on with it, while no other is open; or,
 * without statistics, any.
 */
static const char *
hurry(struct parse *ps, const char *p, const char *end)
{
	struct point *cur = NULL;
	int64_t line = ps->line;
	size_t n;

	if (ps->conf->no_stats) {
		p = fast_skip(p, end, &ps->line);
		ps->x.begun = ps->x.begun || ps->line > line;
		return p;
	}
	n = count_open(ps, &cur);
	if (ps->fast.tail.len == 0 || n > 1)
		return p;
	if (n == 0 || ps->pending) {
		if (!fast_first(&ps->fast, p, end))
			return p;
		parse_flush(ps);
		if (count_open(ps, &cur) > 0)
			return p;
		ps->x.begun = true;
		ps->x.dialect = ps->fast.dialect;
		cur = parse_open_point(ps, ps->fast.dialect);
	} else if (cur != ps->points.cur || !goes_on(cur, &ps->fast)) {
		return p;
	}
	return fast_reps(&ps->fast, cur, p, end, &ps->line);
}

void
parse_block(struct parse *ps, const char *p, size_t n, bool cut)
{
	const char *start = p, *end = p + n, *q;

	for (; p < end && !ps->stop; p = q + 1) {
		if (*p == 'F' && !ps->slow)
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
		parse_fault(
		    ps, "the line is too long, its rest is lost", start, n);
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
