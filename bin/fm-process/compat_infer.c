/*
 * infer/vllm/process, two of its versions, for the log of a driver. Only GEN
 * lines become records; a log without one becomes a failure.
 */
#define _GNU_SOURCE /* memmem */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "compat.h"
#include "py.h"

/* What holds for the whole file. */
struct infer {
	struct fm_strs opts;
	/* As far as the file has been read: */
	bool continuous;       /* a line said so */
	struct fm_text warmup; /* seconds, s = NULL: none */
	struct fm_text setup;  /* last one */
	/* Of the whole file: */
	struct fm_text max_len;            /* --engine:max_model_len@ */
	struct fm_buf model;               /* --model_name */
	struct fm_text in, out, batch, tp; /* ARG texts */
	size_t records;
	char *error; /* code, or NULL */
	struct fm_buf error_msg;
};

static struct fm_text
after(struct fm_text t, size_t n)
{
	t = py_strip(t);
	if (t.n <= n)
		return (struct fm_text){ t.s, 0 };
	return (struct fm_text){ t.s + n, t.n - n };
}

static bool
is(struct fm_text t, const char *word)
{
	return t.n == strlen(word) && memcmp(t.s, word, t.n) == 0;
}

/* The largest of "1,8,128"; s = NULL when one is no number. */
static struct fm_text
largest(struct fm_text t)
{
	struct fm_text best = { NULL, 0 }, one;
	int64_t v, most = INT64_MIN;
	const char *end, *p, *q;

	if (t.s == NULL)
		return best;
	end = t.s + t.n;
	for (p = t.s; p <= end; p = q + 1) {
		q = memchr(p, ',', (size_t)(end - p));
		q = q ? q : end;
		one = (struct fm_text){ p, (size_t)(q - p) };
		if (!py_int64(one, &v))
			return (struct fm_text){ NULL, 0 };
		if (v > most) {
			most = v;
			best = one;
		}
	}
	return best;
}

/* The digits after the first --engine:max_model_len@ that has some. */
static void
infer_max_len(struct infer *f, struct fm_text arg)
{
	static const char name[] = "--engine:max_model_len@";
	const char *end = arg.s + arg.n, *p = arg.s, *q;

	while (f->max_len.s == NULL && p < end &&
	       (p = memmem(p, (size_t)(end - p), name, sizeof name - 1))) {
		p += sizeof name - 1;
		while (p < end && isspace((unsigned char)*p))
			p++;
		for (q = p; q < end && isdigit((unsigned char)*q);)
			q++;
		if (q > p)
			f->max_len = (struct fm_text){ p, (size_t)(q - p) };
	}
}

/* White space in a name counts as one blank. */
static void
infer_model(struct infer *f, struct fm_text v)
{
	size_t i;

	fm_buf_clear(&f->model);
	for (i = 0; i < v.n; i++)
		if (!isspace((unsigned char)v.s[i]))
			fm_buf_putc(&f->model, v.s[i]);
		else if (!isspace((unsigned char)v.s[i - 1]))
			fm_buf_putc(&f->model, ' ');
}

/* Options whose value is no number, or no list of them, say nothing. */
static void
infer_arg(struct infer *f, struct fm_text arg)
{
	const struct {
		const char *name;
		struct fm_text *to;
	} numbers[] = { { "--input_sizes", &f->in },
		{ "--batch_sizes", &f->batch }, { "--tp_size", &f->tp } };
	struct fm_text key = py_strip(arg), v;
	size_t i, n = 0;

	fm_strs_add_take(&f->opts, fm_strndup(arg.s, arg.n));
	infer_max_len(f, arg);
	while (n < key.n && !isspace((unsigned char)key.s[n]))
		n++;
	v = py_strip((struct fm_text){ key.s + n, key.n - n });
	key.n = n;
	if (v.n == 0)
		return;
	for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (is(key, numbers[i].name) && compat_is_int(v))
			*numbers[i].to = v;
	if (is(key, "--output_sizes") && largest(v).s)
		f->out = largest(v);
	if (is(key, "--model_name"))
		infer_model(f, v);
}

/* "… warmup model) took 20.61 seconds" */
static void
infer_warmup(struct infer *f, struct fm_text t)
{
	static const char mark[] =
	    "init engine (profile, create kv cache, warmup model) took";
	static const char took[] = "took ", seconds[] = " seconds";
	const char *end = t.s + t.n, *p, *q;

	if (f->warmup.s || !py_has(t, mark) ||
	    (p = memmem(t.s, t.n, took, sizeof took - 1)) == NULL)
		return;
	p += sizeof took - 1;
	q = memmem(p, (size_t)(end - p), seconds, sizeof seconds - 1);
	f->warmup = (struct fm_text){ p, (size_t)((q ? q : end) - p) };
}

/* What the lines before a GEN line say of it. */
static void
infer_state(struct infer *f, struct fm_text t)
{
	infer_warmup(f, t);
	t = py_strip(t);
	if (py_begins(t, "FMWORK SETUP"))
		f->setup = py_last(t);
	if (py_begins(t, "FMWORK EXP") && py_has(t, "VLLM_SPYRE_USE_CB") &&
	    memcmp(t.s + t.n - 2, "=1", 2) == 0)
		f->continuous = true;
}

/* At 4fab875 the variable may have any value that begins with 1. */
static void
infer_state_4fab875(struct infer *f, struct fm_text t)
{
	t = py_strip(t);
	if (py_begins(t, "FMWORK SETUP"))
		f->setup = py_last(t);
	if (py_begins(t, "FMWORK EXP VLLM_SPYRE_USE_CB=1") ||
	    (py_begins(t, "FMWORK ARG") &&
		py_has(t, "--env VLLM_SPYRE_USE_CB=1")))
		f->continuous = true;
}

static void
infer_scan(struct compat *c, struct infer *f)
{
	struct errors_found found;
	struct py_lines lines;
	struct fm_text t;

	memset(f, 0, sizeof *f);
	fm_buf_init(&f->error_msg);
	fm_buf_init(&f->model);
	errors_found_init(&found);
	py_lines_init(&lines, c->text.s, c->text.len);
	while (py_lines_next(&lines, &t)) {
		errors_look(c->errors, &found, true, t.s, t.n);
		if (py_begins(t, "FMWORK EXP")) {
			struct fm_text v = after(t, 11);

			fm_strs_add_take(
			    &f->opts, fm_strdupf("--env %.*s", (int)v.n, v.s));
		} else if (py_begins(t, "FMWORK ARG")) {
			infer_arg(f, after(t, 11));
		}
	}
	if (found.best != SIZE_MAX) {
		f->error = fm_strdup(c->errors->v[found.best].code);
		errors_message(c->errors, &found, &f->error_msg);
	}
	errors_found_release(&found);
}

static void
infer_release(struct infer *f)
{
	fm_strs_release(&f->opts);
	fm_buf_release(&f->error_msg);
	fm_buf_release(&f->model);
	free(f->error);
}

/* --- pieces of a record -------------------------------------------------- */

static void
put_opt_float(struct emit *e, const char *key, struct fm_text t)
{
	if (compat_is_float(t))
		compat_float(e, key, t);
	else
		compat_null(e, key);
}

static void
put_opt_int(struct emit *e, const char *key, struct fm_text t)
{
	if (compat_is_int(t))
		compat_int(e, key, t);
	else
		compat_null(e, key);
}

static void
put_warmup(struct emit *e, const struct infer *f)
{
	double v;

	emit_key(e, "warmup");
	if (f->warmup.s && py_float(f->warmup, &v))
		py_emit_float(e, py_round(v, 3));
	else
		emit_null(e);
}

/* The given name; the version is what the logged one has behind it. */
static void
put_model(struct compat *c, struct emit *e, struct fm_text logged)
{
	const char *m = c->conf->model;
	size_t n = m ? strlen(m) : 0;

	if (m == NULL) {
		compat_text(e, "model", logged);
		compat_null(e, "model_version");
		return;
	}
	compat_str(e, "model", m);
	if (logged.n > n + 1 && memcmp(logged.s, m, n) == 0 &&
	    logged.s[n] == '/')
		compat_text(e, "model_version",
		    (struct fm_text){ logged.s + n + 1, logged.n - n - 1 });
	else
		compat_null(e, "model_version");
}

static void
put_precision(struct compat *c, struct emit *e, struct fm_text logged)
{
	const char *p = c->conf->precision ? c->conf->precision : "fp16";

	compat_str(e, "precision", compat_says_fp8(logged) ? "fp8" : p);
}

static void
put_context(struct emit *e, const struct infer *f, struct fm_text in,
    struct fm_text out)
{
	int64_t a, b;

	emit_key(e, "context_length");
	if (compat_is_int(f->max_len))
		(void)py_int(e->b, f->max_len);
	else if (in.s && out.s && py_int64(in, &a) && py_int64(out, &b))
		emit_int(e, a + b);
	else
		emit_null(e);
}

static void
put_status(struct emit *e, const struct infer *f, bool results)
{
	char word[64];

	compat_str(e, "mode", "direct");
	compat_str(e, "batch_mode", f->continuous ? "continuous" : "static");
	emit_key(e, "range_ratio");
	emit_raw(e, "0.0", 3);
	if (results && f->error == NULL) {
		compat_str(e, "status", "OK");
		compat_null(e, "error_msg");
	} else if (f->error) {
		(void)snprintf(word, sizeof word, "%s_%s",
		    results ? "PART" : "ERR", f->error);
		compat_str(e, "status", word);
		compat_str(e, "error_msg", f->error_msg.s);
	} else {
		compat_str(e, "status", "ERR_UNKNOWN");
		compat_str(e, "error_msg",
		    "UNKNOWN | \"No success data and no identifiable error\"");
	}
	emit_key(e, "notes");
	emit_raw(e, "[]", 2);
}

/* --- 54613bc ------------------------------------------------------------- */

enum {
	START = 2,
	MODEL = 4,
	INPUT = 5,
	OUTPUT = 6,
	BATCH = 7,
	TP = 8,
	TTFT = 13,
	ITL = 14,
	THP = 15
};

static bool
is_gen(struct fm_text t)
{
	int i;

	for (i = INPUT; i <= TP; i++)
		if (!compat_is_int(py_part(t, i)))
			return false;
	for (i = TTFT; i <= THP; i++)
		if (!compat_is_float(py_part(t, i)))
			return false;
	return true;
}

static void
put_gen(struct compat *c, const struct infer *f, struct fm_text t)
{
	struct emit *e = out_begin(c->out);

	emit_open(e, '{');
	compat_text(e, "timestamp", py_part(t, START));
	compat_id(c, e);
	compat_str(e, "engine", "fmwork/infer/vllm");
	put_model(c, e, py_part(t, MODEL));
	put_precision(c, e, py_part(t, MODEL));
	compat_int(e, "input", py_part(t, INPUT));
	compat_int(e, "output", py_part(t, OUTPUT));
	compat_int(e, "batch", py_part(t, BATCH));
	compat_int(e, "tp", py_part(t, TP));
	put_context(e, f, py_part(t, INPUT), py_part(t, OUTPUT));
	compat_strs(e, "opts", &f->opts);
	put_warmup(e, f);
	put_opt_float(e, "setup", f->setup);
	compat_float(e, "ttft", py_part(t, TTFT));
	compat_float(e, "itl", py_part(t, ITL));
	compat_float(e, "thp", py_part(t, THP));
	put_status(e, f, true);
	compat_end(c, e);
}

static void
put_failure(struct compat *c, const struct infer *f)
{
	struct emit *e = out_begin(c->out);
	struct fm_text model = { f->model.len ? f->model.s : NULL,
		f->model.len };

	emit_open(e, '{');
	compat_null(e, "timestamp");
	compat_id(c, e);
	compat_str(e, "engine", "fmwork/infer/vllm");
	put_model(c, e, model);
	put_precision(c, e, model);
	put_opt_int(e, "input", f->in);
	put_opt_int(e, "output", f->out);
	put_opt_int(e, "batch", f->batch);
	put_opt_int(e, "tp", f->tp);
	put_context(e, f, f->in, f->out);
	compat_strs(e, "opts", &f->opts);
	compat_null(e, "warmup");
	put_opt_float(e, "setup", f->setup);
	compat_null(e, "ttft");
	compat_null(e, "itl");
	compat_null(e, "thp");
	put_status(e, f, false);
	compat_end(c, e);
}

/* Calls `put` for every GEN line, with what `state` made of those before it;
 * returns how many there were. */
static size_t
each_gen(struct compat *c, struct infer *f,
    void (*state)(struct infer *f, struct fm_text t),
    void (*put)(struct compat *c, const struct infer *f, struct fm_text t))
{
	struct py_lines lines;
	struct fm_text t;
	size_t n = 0;

	py_lines_init(&lines, c->text.s, c->text.len);
	while (!compat_stops(c) && py_lines_next(&lines, &t)) {
		compat_sys(c, t);
		state(f, t);
		if (!py_begins(t, "FMWORK GEN"))
			continue;
		t = py_strip(t);
		if (is_gen(t)) {
			put(c, f, t);
			n++;
		} else {
			compat_fault(c, lines.line,
			    "cannot read this GEN line as infer/vllm's");
		}
	}
	return n;
}

void
compat_infer(struct compat *c)
{
	struct infer f;

	py_drop_invalid(&c->text);
	infer_scan(c, &f);
	if (each_gen(c, &f, infer_state, put_gen) == 0 && !compat_stops(c))
		put_failure(c, &f);
	infer_release(&f);
}

/* --- 4fab875 ------------------------------------------------------------- */

/* The last part of a name with two slashes or more is its version. */
void
compat_model_4fab875(struct compat *c, struct emit *e, struct fm_text name)
{
	const char *last = NULL;
	size_t i, slashes = 0;

	if (c->conf->model)
		name =
		    (struct fm_text){ c->conf->model, strlen(c->conf->model) };
	for (i = 0; i < name.n; i++)
		if (name.s[i] == '/') {
			last = name.s + i;
			slashes++;
		}
	compat_text(e, "model", name);
	if (slashes >= 2)
		compat_text(e, "model_version",
		    (struct fm_text){
			last + 1, (size_t)(name.s + name.n - last) - 1 });
	else
		compat_null(e, "model_version");
}

static void
put_gen_4fab875(struct compat *c, const struct infer *f, struct fm_text t)
{
	struct emit *e = out_begin(c->out);

	emit_open(e, '{');
	compat_text(e, "timestamp", py_part(t, START));
	compat_id(c, e);
	compat_str(e, "engine", "fmwork/infer/vllm");
	compat_model_4fab875(c, e, py_part(t, MODEL));
	compat_str(e, "mode", "direct");
	compat_str(e, "batch_mode", f->continuous ? "continuous" : "static");
	compat_str(e, "precision", c->conf->precision);
	compat_int(e, "input", py_part(t, INPUT));
	compat_int(e, "output", py_part(t, OUTPUT));
	compat_int(e, "batch", py_part(t, BATCH));
	compat_int(e, "tp", py_part(t, TP));
	compat_strs(e, "opts", &f->opts);
	compat_null(e, "warmup");
	put_opt_float(e, "setup", f->setup);
	compat_float(e, "ttft", py_part(t, TTFT));
	compat_float(e, "itl", py_part(t, ITL));
	compat_float(e, "thp", py_part(t, THP));
	compat_end(c, e);
}

void
compat_infer_4fab875(struct compat *c)
{
	struct infer f;

	infer_scan(c, &f);
	(void)each_gen(c, &f, infer_state_4fab875, put_gen_4fab875);
	infer_release(&f);
}
