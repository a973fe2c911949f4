/*
 * infer/vllm/process, two of its versions, for the folder of a server and its
 * client; and log2csv.sh.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "compat.h"
#include "folder.h"
#include "prog.h"
#include "py.h"

/* What the script gathers before it prints. */
struct server {
	const struct folder *f;
	const struct client *c;
	struct fm_text model, in, out, batch, tp, context, prompts, ratio;
	bool data; /* there are results to look at */
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

/* Reads the summary line by line and stops at the first wrong number. */
static void
read_summary(struct server *s)
{
	const struct {
		const char *label;
		struct fm_text *to;
		bool whole;
	} want[] = { { "Successful requests", &s->requests, true },
		{ "Total input tokens", &s->total_in, true },
		{ "Total generated tokens", &s->total_out, true },
		{ "Benchmark duration (s)", NULL, false },
		{ "Request throughput (req/s)", &s->req_thp, false },
		{ "Output token throughput (tok/s)", &s->thp, false },
		{ "Median TTFT (ms)", &s->ttft, false },
		{ "Median ITL (ms)", &s->itl, false } };
	size_t i, k;

	for (i = 0; i < s->c->n && s->bad == NULL; i++) {
		const struct metric *m = &s->c->metrics[i];
		struct fm_text v = py_last(m->value);

		for (k = 0; k < sizeof want / sizeof *want; k++) {
			if (m->label.n != strlen(want[k].label) ||
			    memcmp(m->label.s, want[k].label, m->label.n) != 0)
				continue;
			if (want[k].whole ? compat_is_int(v)
					  : compat_is_float(v)) {
				if (want[k].to)
					*want[k].to = v;
				continue;
			}
			s->bad = fm_strdupf(
			    want[k].whole
				? "invalid literal for int() with base 10: "
				  "'%.*s'"
				: "could not convert string to float: '%.*s'",
			    (int)v.n, v.s);
		}
	}
}

static void
gather(struct compat *k, struct server *s, const struct folder *f)
{
	struct py_lines lines;
	struct fm_text t;

	memset(s, 0, sizeof *s);
	s->f = f;
	s->c = &f->clients[0];
	errors_found_init(&s->found);
	s->model = first_of(f->model, folder_option(&f->server_cmd, "--model"));
	s->in = first_of(folder_option(&s->c->cmd, "--random-input-len"),
	    folder_option(&f->server_cmd, "VLLM_SPYRE_WARMUP_PROMPT_LENS="));
	s->out = first_of(folder_option(&s->c->cmd, "--random-output-len"),
	    folder_option(&f->server_cmd, "VLLM_SPYRE_WARMUP_NEW_TOKENS="));
	s->batch = first_of(
	    folder_option(&f->server_cmd, "VLLM_SPYRE_WARMUP_BATCH_SIZES="),
	    folder_option(&f->server_cmd, "--max-num-seqs"));
	s->tp = folder_option(&f->server_cmd, "--tensor-parallel-size");
	s->context = folder_option(&f->server_cmd, "--max-model-len");
	s->prompts = folder_option(&s->c->cmd, "--num-prompts");
	s->ratio = folder_option(&s->c->cmd, "--random-range-ratio");
	s->data = s->c->has_log && f->has_metrics;
	py_lines_init(&lines, f->server_log.s, f->server_log.len);
	while (py_lines_next(&lines, &t))
		errors_look(k->errors, &s->found, true, t.s, t.n);
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

/* A size that no option names is the mean of what was sent. */
static bool
size_of(struct fm_text option, struct fm_text total, struct fm_text requests,
    int64_t *v)
{
	int64_t a, b;

	if (option.s)
		return py_int64(option, v);
	if (!total.s || !requests.s || !py_int64(total, &a) ||
	    !py_int64(requests, &b) || b == 0)
		return false;
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

	folder_opts(&opts, &s->f->server_cmd, "server");
	folder_opts(&opts, &s->c->cmd, "client");
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
	if (s->bad) {
		fm_buf_puts(&word, "METRICS_ERROR");
		fm_buf_printf(&msg,
		    "METRICS_ERROR | \"Failed to process metrics: %s\"",
		    s->bad);
	} else if (s->found.best != SIZE_MAX) {
		fm_buf_puts(&word, k->errors->v[s->found.best].code);
		errors_message(k->errors, &s->found, &msg);
	} else if (!s->data) {
		fm_buf_puts(&word, "UNKNOWN");
		fm_buf_puts(&msg, "UNKNOWN | \"No success data and no "
				  "identifiable error\"");
	} else if (s->requests.s && s->prompts.s &&
		   py_int64(s->requests, &done) &&
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

	if (s->data) {
		fm_strs_add_take(
		    &notes, fm_strdupf("successful_requests:%.*s",
				s->requests.s ? (int)s->requests.n : 4,
				s->requests.s ? s->requests.s : "None"));
		fm_strs_add_take(
		    &notes, fm_strdupf("num-prompts:%.*s",
				s->prompts.s ? (int)s->prompts.n : 4,
				s->prompts.s ? s->prompts.s : "None"));
	}
	compat_strs(e, "notes", &notes);
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
put_infer(struct compat *k, const struct server *s)
{
	struct emit *e = out_begin(k->out);
	int64_t in = 0, out = 0;
	bool has_in = size_of(s->in, s->total_in, s->requests, &in);
	bool has_out = size_of(s->out, s->total_out, s->requests, &out);

	emit_open(e, '{');
	compat_text(e, "timestamp", s->f->time_start);
	compat_str(e, "metadata_id", k->conf->metadata_id);
	compat_str(e, "engine", "fmwork/infer/vllm");
	put_version(k, e, s);
	put_precision(k, e, s);
	put_int(e, "input", has_in, in);
	put_int(e, "output", has_out, out);
	opt_int(e, "batch", s->batch);
	opt_int(e, "tp", s->tp);
	if (s->context.s)
		opt_int(e, "context_length", s->context);
	else
		put_int(e, "context_length", has_in && has_out, in + out);
	put_opts(e, s);
	compat_null(e, "warmup");
	compat_null(e, "setup");
	opt_round(e, "ttft", s->ttft, 1000, 3);
	opt_round(e, "itl", s->itl, 1, 1);
	opt_round(e, "thp", s->thp, 1, 1);
	opt_round(e, "req_thp", s->req_thp, 1, 3);
	compat_str(e, "mode", "server");
	compat_str(e, "batch_mode", s->f->continuous ? "continuous" : "static");
	if (compat_is_float(s->ratio))
		compat_float(e, "range_ratio", s->ratio);
	else
		compat_float(e, "range_ratio", (struct fm_text){ "0.0", 3 });
	put_status(k, e, s);
	put_notes(e, s);
	compat_null(e, "prom_metrics");
	emit_close(e, '}');
	out_end(k->out);
}

/* --- 4fab875 ------------------------------------------------------------- */

static void
put_4fab875(struct compat *k, const struct server *s)
{
	struct emit *e;
	struct fm_text tpot = folder_metric(s->c, "Mean TPOT (ms)");
	double itl, sum, count, batch, out;

	if (!s->c->has_log || !s->c->cmd.len || !s->f->has_metrics ||
	    !s->f->has_runner || !s->f->has_server_cmd) {
		compat_fault(k, 0, "this script needs all five files");
		return;
	}
	if (!tpot.s || !py_float(tpot, &itl) ||
	    !folder_counter(
		s->f, "vllm:request_prefill_time_seconds_sum", &sum) ||
	    !folder_counter(
		s->f, "vllm:request_prefill_time_seconds_count", &count) ||
	    !s->batch.s || !py_float(s->batch, &batch) || !s->out.s ||
	    !py_float(s->out, &out) || count == 0) {
		compat_fault(k, 0, "the summary or the counters lack numbers");
		return;
	}
	e = out_begin(k->out);
	emit_open(e, '{');
	compat_text(e, "timestamp", s->f->time_start);
	compat_str(e, "metadata_id", k->conf->metadata_id);
	compat_str(e, "engine", "fmwork/infer/vllm");
	compat_text(e, "model", s->model);
	compat_null(e, "model_version");
	compat_str(e, "mode", "server");
	compat_str(e, "batch_mode", s->f->continuous ? "continuous" : "static");
	compat_null(e, "precision");
	opt_int(e, "input", s->in);
	opt_int(e, "output", s->out);
	opt_int(e, "batch", s->batch);
	opt_int(e, "tp", s->tp);
	put_opts(e, s);
	compat_null(e, "warmup");
	compat_null(e, "setup");
	emit_key(e, "ttft");
	py_emit_float(e, py_round(sum / count + itl / 1000, 3));
	emit_key(e, "itl");
	py_emit_float(e, py_round(itl, 3));
	emit_key(e, "thp");
	py_emit_float(e, py_round(batch * (out - 1) / (out * (itl / 1000)), 1));
	emit_close(e, '}');
	out_end(k->out);
}

void
compat_server(struct compat *k, const struct folder *f, bool old)
{
	struct server s;

	gather(k, &s, f);
	if (old)
		put_4fab875(k, &s);
	else
		put_infer(k, &s);
	release(&s);
}

/* --- log2csv.sh ---------------------------------------------------------- */

/* What follows "path OK" in direct mode: the first GEN line's numbers. */
static void
csv_direct(struct compat *k, struct fm_buf *row, struct errors_found *found)
{
	struct py_lines lines;
	struct fm_text t, gen = { NULL, 0 };

	py_lines_init(&lines, k->text.s, k->text.len);
	while (py_lines_next(&lines, &t)) {
		errors_look(k->errors, found, true, t.s, t.n);
		if (gen.s == NULL && py_begins(t, "FMWORK GEN"))
			gen = py_strip(t);
	}
	if (gen.s) {
		struct fm_text ttft = py_part(gen, 13);
		struct fm_text itl = py_part(gen, 14);

		fm_buf_printf(row, " OK - - %.*s %.*s", (int)ttft.n,
		    ttft.s ? ttft.s : "", (int)itl.n, itl.s ? itl.s : "");
		found->best = SIZE_MAX;
	}
}

static void
put_metric(struct fm_buf *row, const struct client *c, const char *label)
{
	struct fm_text v = folder_metric(c, label);

	if (v.s)
		v = py_last(v);
	fm_buf_printf(row, " %.*s", (int)v.n, v.s ? v.s : "");
}

static void
csv_server(struct compat *k, struct fm_buf *row, const char *path,
    struct errors_found *found, struct fm_err *err)
{
	struct folder f;
	struct py_lines lines;
	struct fm_text t;
	double sum, count;

	if (folder_read(&f, path, err) != 0)
		return;
	if (f.clients[0].has_log && f.has_metrics) {
		fm_buf_puts(row, " OK");
		put_metric(row, &f.clients[0], "Benchmark duration (s)");
		if (folder_counter(
			&f, "vllm:request_prefill_time_seconds_sum", &sum) &&
		    folder_counter(&f,
			"vllm:request_prefill_time_seconds_count", &count) &&
		    count > 0)
			fm_buf_printf(row, " %.3f", sum / count);
		else
			fm_buf_puts(row, " -");
		put_metric(row, &f.clients[0], "Median TTFT (ms)");
		put_metric(row, &f.clients[0], "Median ITL (ms)");
	} else {
		py_lines_init(&lines, f.server_log.s, f.server_log.len);
		while (py_lines_next(&lines, &t))
			errors_look(k->errors, found, true, t.s, t.n);
	}
	folder_release(&f);
}

void
compat_log2csv(struct compat *k, const char *path, struct fm_err *err)
{
	struct errors_found found;
	struct fm_buf row = FM_BUF_INIT;
	size_t i, before;
	char *log;

	errors_found_init(&found);
	fm_buf_puts(&row, path);
	before = row.len;
	if (folder_kind_of(path) == FOLDER_SERVER) {
		csv_server(k, &row, path, &found, err);
	} else {
		log = fm_io_join(path, folder_kind_of(path) == FOLDER_OLD
					   ? "exp.log"
					   : "driver.log");
		fm_buf_clear(&k->text);
		if (fm_io_read_file(log, &k->text, err) == 0)
			csv_direct(k, &row, &found);
		free(log);
	}
	if (row.len == before) {
		fm_buf_putc(&row, ' ');
		fm_buf_puts(&row, found.best == SIZE_MAX
				      ? "..."
				      : k->errors->v[found.best].code);
	}
	for (i = 0; i < row.len; i++)
		if (row.s[i] == '/' || row.s[i] == ' ')
			row.s[i] = ',';
	fm_buf_putc(&row, '\n');
	fm_buf_put(out_text(k->out), row.s, row.len);
	out_end(k->out);
	fm_buf_release(&row);
	errors_found_release(&found);
}
