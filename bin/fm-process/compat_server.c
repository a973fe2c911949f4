/*
 * infer/vllm/process, two of its versions, for the folder of a server and its
 * client.
 */
#define _GNU_SOURCE /* memmem, memrchr */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "compat.h"
#include "folder.h"
#include "py.h"

/* What the script gathers before it prints. */
struct server {
	const struct folder *f;
	const struct client *c;
	struct fm_text model, in, out, batch, tp, context, prompts, ratio;
	struct fm_text done; /* successful requests, for the notes */
	bool data;           /* there are results to look at */
	bool many;           /* one of many clients */
	bool continuous;
	struct errors_found found;
	/* Of the serving summary, NULL = not read. */
	struct fm_text requests, total_in, total_out, ttft, itl, thp, req_thp;
	char *bad; /* Python's complaint about a number, or NULL */
};

static struct fm_text
first_of(struct fm_text a, struct fm_text b)
{
	return a.s ? a : b;
}

/* As the regular expression "name\s+([set]+)", without the white space for a
 * name with '='; no set is \S. */
static struct fm_text
word_after(const struct fm_buf *cmd, const char *name, const char *set)
{
	size_t n = strlen(name);
	bool inside = name[n - 1] == '=';
	const char *p = cmd->s, *end = cmd->s + cmd->len, *q;

	while (p < end && (p = memmem(p, (size_t)(end - p), name, n))) {
		p += n;
		for (q = p; q < end && !inside && isspace((unsigned char)*q);)
			q++;
		if (q == p && !inside)
			continue;
		for (p = q; q < end && *q && !isspace((unsigned char)*q) &&
			    (set == NULL || strchr(set, *q));)
			q++;
		if (q > p)
			return (struct fm_text){ p, (size_t)(q - p) };
	}
	return (struct fm_text){ NULL, 0 };
}

static struct fm_text
digits_after(const struct fm_buf *cmd, const char *name)
{
	return word_after(cmd, name, "0123456789");
}

/* One line of the summary; false when its number is none. */
static bool
summary_line(struct server *s, struct fm_text t)
{
	const struct {
		const char *label;
		struct fm_text *to;
		bool whole;
	} want[] = { { "Successful requests", &s->requests, true },
		{ "Total input tokens", &s->total_in, true },
		{ "Total generated tokens", &s->total_out, true },
		{ "Benchmark duration", NULL, false },
		{ "Request throughput (req/s)", &s->req_thp, false },
		{ "Output token throughput (tok/s)", &s->thp, false },
		{ "Median TTFT (ms)", &s->ttft, false },
		{ "Median ITL (ms)", &s->itl, false },
		{ "client_time_start:", NULL, false },
		{ "client_time_end:", NULL, false } };
	struct fm_text v = py_last(t);
	const char *colon;
	size_t k = 0;

	while (k < sizeof want / sizeof *want && !py_begins(t, want[k].label))
		k++;
	if (k == sizeof want / sizeof *want)
		return true;
	if (py_begins(t, "client_") && (colon = memrchr(v.s, ':', v.n))) {
		v.n -= (size_t)(colon + 1 - v.s);
		v.s = colon + 1;
	}
	if (want[k].whole ? compat_is_int(v) : compat_is_float(v)) {
		if (want[k].to)
			*want[k].to = v;
		return true;
	}
	s->bad = fm_strdupf(want[k].whole
				? "invalid literal for int() with base 10: "
				  "'%.*s'"
				: "could not convert string to float: '%.*s'",
	    (int)v.n, v.s);
	return false;
}

/* Up to the first wrong number; the requests of the notes are read apart. */
static void
read_summary(struct server *s)
{
	struct py_lines lines;
	struct fm_text t;

	py_lines_init(&lines, s->c->log.s, s->c->log.len);
	while (py_lines_next(&lines, &t) && summary_line(s, t))
		;
	py_lines_init(&lines, s->c->log.s, s->c->log.len);
	while (py_lines_next(&lines, &t))
		if (py_begins(t, "Successful requests:")) {
			if (compat_is_int(py_last(t)))
				s->done = py_last(t);
			return;
		}
}

/* What the server's log says: known errors, and one variable. */
static void
read_log(struct compat *k, struct server *s)
{
	struct py_lines lines;
	struct fm_text t;

	py_lines_init(&lines, s->f->server_log.s, s->f->server_log.len);
	while (py_lines_next(&lines, &t)) {
		errors_look(k->errors, &s->found, true, t.s, t.n);
		t = py_strip(t);
		if (py_begins(t, "FMWORK EXP") &&
		    py_has(t, "VLLM_SPYRE_USE_CB") &&
		    memcmp(t.s + t.n - 2, "=1", 2) == 0)
			s->continuous = true;
	}
}

static void
gather(struct compat *k, struct server *s, const struct folder *f,
    const struct client *c)
{
	const struct fm_buf *server = &f->server_cmd, *client;

	memset(s, 0, sizeof *s);
	s->f = f;
	s->c = c;
	s->many = strcmp(c->name, "client.log") != 0;
	client = &c->cmd;
	errors_found_init(&s->found);
	s->model = first_of(f->model, word_after(server, "--model", NULL));
	s->in = first_of(digits_after(client, "--random-input-len"),
	    digits_after(server, "VLLM_SPYRE_WARMUP_PROMPT_LENS="));
	s->out = first_of(digits_after(client, "--random-output-len"),
	    digits_after(server, "VLLM_SPYRE_WARMUP_NEW_TOKENS="));
	s->batch =
	    first_of(digits_after(server, "VLLM_SPYRE_WARMUP_BATCH_SIZES="),
		digits_after(server, "--max-num-seqs"));
	s->tp = digits_after(server, "--tensor-parallel-size");
	s->context = digits_after(server, "--max-model-len");
	s->prompts = digits_after(client, "--num-prompts");
	s->ratio = word_after(client, "--random-range-ratio", "0123456789.");
	s->data = c->has_log && (s->many || f->has_metrics);
	read_log(k, s);
	if (s->data)
		read_summary(s);
}

static void
release(struct server *s)
{
	errors_found_release(&s->found);
	free(s->bad);
}

/* --- pieces -------------------------------------------------------------- */

static void
opt_int(struct emit *e, const char *key, struct fm_text t)
{
	if (compat_is_int(t))
		compat_int(e, key, t);
	else
		compat_null(e, key);
}

/* round(float(t) / by, digits) */
static void
opt_round(
    struct emit *e, const char *key, struct fm_text t, double by, int digits)
{
	double v;

	emit_key(e, key);
	if (t.s && py_float(t, &v))
		py_emit_float(e, py_round(v / by, digits));
	else
		emit_null(e);
}

/* A size that no option names, or as 0, is the mean of what was sent. */
static bool
size_of(const struct server *s, struct fm_text option, struct fm_text total,
    int64_t *v)
{
	bool known = option.s && py_int64(option, v);
	int64_t a, b;

	if ((known && *v) || s->bad || !total.s || !s->requests.s ||
	    !py_int64(total, &a) || !py_int64(s->requests, &b) || a == 0 ||
	    b <= 0)
		return known;
	*v = a / b;
	return true;
}

static void
put_int(struct emit *e, const char *key, bool known, int64_t v)
{
	emit_key(e, key);
	if (known)
		emit_int(e, v);
	else
		emit_null(e);
}

static void
put_opts(struct emit *e, const struct server *s)
{
	struct fm_strs opts = FM_STRS_INIT;
	char who[40];

	folder_opts(&opts, &s->f->server_cmd, "server");
	folder_opts(&opts, &s->c->cmd, folder_client_word(s->c, who));
	compat_strs(e, "opts", &opts);
	fm_strs_release(&opts);
}

static void
put_version(struct compat *k, struct emit *e, const struct server *s)
{
	const char *m = k->conf->model;
	size_t n = m ? strlen(m) : 0;

	if (m)
		compat_str(e, "model", m);
	else
		compat_text(e, "model", s->model);
	if (m && s->model.n > n + 1 && memcmp(s->model.s, m, n) == 0 &&
	    s->model.s[n] == '/')
		compat_text(e, "model_version",
		    (struct fm_text){ s->model.s + n + 1, s->model.n - n - 1 });
	else
		compat_null(e, "model_version");
}

/* PART_ and ERR_ words with their message. */
static void
put_status(struct compat *k, struct emit *e, const struct server *s)
{
	struct fm_buf word = FM_BUF_INIT, msg = FM_BUF_INIT;
	int64_t done, asked;

	fm_buf_puts(&word, s->data ? "PART_" : "ERR_");
	if (s->found.best != SIZE_MAX) {
		fm_buf_puts(&word, k->errors->v[s->found.best].code);
		errors_message(k->errors, &s->found, &msg);
	} else if (s->bad) {
		fm_buf_puts(&word, "METRICS_ERROR");
		fm_buf_printf(&msg,
		    "METRICS_ERROR | \"Failed to process metrics: %s\"",
		    s->bad);
	} else if (!s->data) {
		fm_buf_puts(&word, "UNKNOWN");
		fm_buf_puts(&msg, "UNKNOWN | \"No success data and no "
				  "identifiable error\"");
	} else if (s->done.s && s->prompts.s && py_int64(s->done, &done) &&
		   py_int64(s->prompts, &asked) && done < asked) {
		fm_buf_puts(&word, "UNK");
		fm_buf_puts(&msg, "UNK | \"Partial execution detected but no "
				  "known error pattern found\"");
	} else {
		fm_buf_clear(&word);
		fm_buf_puts(&word, "OK");
	}
	compat_str(e, "status", word.s);
	compat_str(e, "error_msg", msg.len ? msg.s : NULL);
	fm_buf_release(&word);
	fm_buf_release(&msg);
}

static void
put_notes(struct emit *e, const struct server *s)
{
	struct fm_strs notes = FM_STRS_INIT;
	struct fm_buf b = FM_BUF_INIT;
	char who[40];

	if (s->many)
		fm_strs_add(&notes, folder_client_word(s->c, who));
	if (s->done.s && (s->prompts.s || s->many)) {
		fm_buf_puts(&b, "successful_requests:");
		(void)py_int(&b, s->done);
		fm_strs_add(&notes, b.s);
	}
	if (s->done.s && s->prompts.s && !s->many) {
		fm_buf_clear(&b);
		fm_buf_puts(&b, "num-prompts:");
		(void)py_int(&b, s->prompts);
		fm_strs_add(&notes, b.s);
	}
	compat_strs(e, "notes", &notes);
	fm_buf_release(&b);
	fm_strs_release(&notes);
}

/* --- 54613bc ------------------------------------------------------------- */

static void
put_precision(struct compat *k, struct emit *e, const struct server *s)
{
	const char *p = k->conf->precision ? k->conf->precision : "fp16";

	compat_str(e, "precision", compat_says_fp8(s->model) ? "fp8" : p);
}

static void
put_warmup(struct emit *e, const struct server *s)
{
	if (s->many)
		opt_round(e, "warmup", s->f->warmup, 1, 3);
	else
		compat_null(e, "warmup");
}

/* Later versions know of many clients, and have three keys more for each. */
static void
put_infer(struct compat *k, const struct server *s)
{
	struct emit *e = out_begin(k->out);
	int64_t in = 0, out = 0;
	bool has_in = size_of(s, s->in, s->total_in, &in);
	bool has_out = size_of(s, s->out, s->total_out, &out);

	emit_open(e, '{');
	compat_text(e, "timestamp", s->f->time_start);
	compat_id(k, e);
	compat_str(e, "engine", "fmwork/infer/vllm");
	put_version(k, e, s);
	put_precision(k, e, s);
	put_int(e, "input", has_in, in);
	put_int(e, "output", has_out, out);
	if (s->many)
		opt_int(e, "num_prompts", s->prompts);
	opt_int(e, "batch", s->batch);
	opt_int(e, "tp", s->tp);
	if (s->context.s)
		opt_int(e, "context_length", s->context);
	else
		put_int(e, "context_length", has_in && has_out, in + out);
	if (s->many) {
		compat_text(e, "server_id", s->f->time_start);
		compat_str(e, "client_mode", "multi");
	}
	put_opts(e, s);
	put_warmup(e, s);
	compat_null(e, "setup");
	opt_round(e, "ttft", s->ttft, 1000, 3);
	opt_round(e, "itl", s->itl, 1, 1);
	opt_round(e, "thp", s->thp, 1, 1);
	opt_round(e, "req_thp", s->req_thp, 1, 3);
	compat_str(e, "mode", "server");
	compat_str(e, "batch_mode", s->continuous ? "continuous" : "static");
	if (compat_is_float(s->ratio))
		compat_float(e, "range_ratio", s->ratio);
	else
		compat_float(e, "range_ratio", (struct fm_text){ "0.0", 3 });
	put_status(k, e, s);
	put_notes(e, s);
	compat_null(e, "prom_metrics");
	compat_end(k, e);
}

/* --- 4fab875 ------------------------------------------------------------- */

/* What that version reads: s = NULL where it would stop. */
struct old {
	struct fm_strs opts;
	struct fm_text in, out, batch, tp, itl, count, sum;
	bool continuous;
};

/* "[server] --max-num-seqs 16" */
static void
old_opt(struct old *o, const char *opt)
{
	const struct {
		const char *name;
		struct fm_text *to;
	} want[] = { { "[server] --tensor-parallel-size ", &o->tp },
		{ "[server] --max-num-seqs ", &o->batch },
		{ "[client] --random-input-len ", &o->in },
		{ "[client] --random-output-len ", &o->out } };
	size_t i, n;

	for (i = 0; i < sizeof want / sizeof *want; i++) {
		n = strlen(want[i].name);
		if (strncmp(opt, want[i].name, n) == 0)
			*want[i].to =
			    (struct fm_text){ opt + n, strlen(opt + n) };
	}
	if (strstr(opt, "--env VLLM_SPYRE_USE_CB=1"))
		o->continuous = true;
}

/* The last word of the last line that begins so. */
static struct fm_text
last_line(const struct fm_buf *b, const char *label)
{
	struct fm_text t, v = { NULL, 0 };
	struct py_lines lines;

	py_lines_init(&lines, b->s, b->len);
	while (py_lines_next(&lines, &t))
		if (py_begins(t, label))
			v = py_last(t);
	return v;
}

static void
old_gather(struct old *o, const struct server *s)
{
	const char *dot;
	size_t i;

	memset(o, 0, sizeof *o);
	folder_opts(&o->opts, &s->f->server_cmd, "server");
	folder_opts(&o->opts, &s->c->cmd, "client");
	for (i = 0; i < o->opts.n; i++)
		old_opt(o, o->opts.v[i]);
	o->itl = last_line(&s->c->log, "Mean TPOT (ms)");
	o->sum =
	    last_line(&s->f->metrics, "vllm:request_prefill_time_seconds_sum");
	o->count = last_line(
	    &s->f->metrics, "vllm:request_prefill_time_seconds_count");
	if (o->count.s && (dot = memchr(o->count.s, '.', o->count.n)))
		o->count.n = (size_t)(dot - o->count.s);
}

static void
put_old(struct compat *k, const struct server *s, const struct old *o,
    double ttft, double itl, double thp)
{
	struct emit *e = out_begin(k->out);

	emit_open(e, '{');
	compat_text(e, "timestamp", s->f->time_start);
	compat_id(k, e);
	compat_str(e, "engine", "fmwork/infer/vllm");
	compat_model_4fab875(k, e, s->f->model);
	compat_str(e, "mode", "server");
	compat_str(e, "batch_mode", o->continuous ? "continuous" : "static");
	compat_str(e, "precision", k->conf->precision);
	compat_int(e, "input", o->in);
	compat_int(e, "output", o->out);
	compat_int(e, "batch", o->batch);
	compat_int(e, "tp", o->tp);
	compat_strs(e, "opts", &o->opts);
	compat_null(e, "warmup");
	compat_null(e, "setup");
	emit_key(e, "ttft");
	py_emit_float(e, py_round(ttft, 3));
	emit_key(e, "itl");
	py_emit_float(e, py_round(itl, 3));
	emit_key(e, "thp");
	py_emit_float(e, py_round(thp, 1));
	compat_end(k, e);
}

static void
put_4fab875(struct compat *k, const struct server *s)
{
	double itl, sum, count, batch, out;
	struct old o;

	if (!s->c->has_log || !s->c->cmd.len || !s->f->has_metrics ||
	    !s->f->has_runner || !s->f->has_server_cmd) {
		compat_fault(k, 0, "this script needs all five files");
		return;
	}
	old_gather(&o, s);
	if (!compat_is_int(o.in) || !compat_is_int(o.out) ||
	    !compat_is_int(o.batch) || !compat_is_int(o.tp))
		compat_fault(k, 0, "the commands lack sizes");
	else if (!s->f->model.s || !s->f->time_start.s)
		compat_fault(k, 0, "runner.log lacks the model or the time");
	else if (!compat_is_float(o.itl) || !compat_is_float(o.sum) ||
		 !compat_is_int(o.count) || !py_float(o.itl, &itl) ||
		 !py_float(o.sum, &sum) || !py_float(o.count, &count) ||
		 !py_float(o.batch, &batch) || !py_float(o.out, &out) ||
		 count == 0 || itl == 0 || out == 0)
		compat_fault(k, 0, "the summary or the counters lack numbers");
	else
		put_old(k, s, &o, sum / count + itl / 1000, itl,
		    batch * (out - 1) / (out * (itl / 1000)));
	fm_strs_release(&o.opts);
}

/* --- both ---------------------------------------------------------------- */

static void
put_client(
    struct compat *k, const struct folder *f, const struct client *c, bool old)
{
	struct server s;

	gather(k, &s, f, c);
	if (old)
		put_4fab875(k, &s);
	else
		put_infer(k, &s);
	release(&s);
}

/* The two versions look at client.log alone. */
void
compat_server(
    struct compat *k, const struct folder *f, enum compat_script which)
{
	struct client c;
	size_t i;

	if (which == COMPAT_AUTO) {
		for (i = 0; i < f->n_clients; i++)
			put_client(k, f, &f->clients[i], false);
		return;
	}
	folder_client_read(&c, f->path, "client.log");
	put_client(k, f, &c, which == COMPAT_INFER_4FAB875);
	folder_client_release(&c);
}
