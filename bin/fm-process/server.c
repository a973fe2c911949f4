/*
 * What server, client and runner of one folder say, put together.
 */
#include "server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "py.h"

static struct fm_text
first_of(struct fm_text a, struct fm_text b)
{
	return a.s ? a : b;
}

/* The variable under its old or its new name; of several shapes ("64,128")
 * the first, as fmwork takes it. */
static struct fm_text
spyre_option(const struct fm_buf *cmd, const char *what)
{
	static const char *const names[] = { "VLLM_SPYRE_WARMUP_",
		"SENDNN_INFERENCE_WARMUP_" };
	struct fm_text t = { NULL, 0 };
	const char *comma;
	char word[80];
	size_t i;

	for (i = 0; t.s == NULL && i < 2; i++) {
		(void)snprintf(word, sizeof word, "%s%s=", names[i], what);
		t = folder_option(cmd, word);
	}
	if (t.s && (comma = memchr(t.s, ',', t.n)))
		t.n = (size_t)(comma - t.s);
	return t;
}

/* A number as text, or nothing: what is no number is noted. */
static struct fm_text
number(struct rec *r, const char *what, struct fm_text t)
{
	struct fm_text none = { NULL, 0 };
	double v;

	if (t.s == NULL)
		return none;
	t = py_last(t);
	if (fm_num_get_double(t.s, t.n, &v))
		return t;
	fm_strs_add_take(&r->notes,
	    fm_strdupf("%s is no number: '%.*s'", what, (int)t.n, t.s));
	r->status = "PART_METRICS_ERROR";
	return none;
}

static struct fm_text
metric(struct rec *r, const struct client *c, const char *label)
{
	return number(r, label, folder_metric(c, label));
}

/* Milliseconds to seconds, by the decimal point alone. */
static struct fm_text
seconds(struct fm_text ms, struct fm_buf *keep)
{
	size_t at = keep->len;
	int64_t v;

	if (ms.s == NULL || !fm_num_get_scaled(ms.s, ms.n, 6, &v))
		return (struct fm_text){ NULL, 0 };
	fm_num_put_scaled(keep, v, 9);
	while (keep->len > at + 2 && keep->s[keep->len - 1] == '0' &&
	       keep->s[keep->len - 2] != '.')
		keep->s[--keep->len] = '\0';
	return (struct fm_text){ keep->s + at, keep->len - at };
}

/* What no option names: the mean of what was sent. */
static struct fm_text
mean_size(struct fm_text total, struct fm_text requests, struct fm_buf *keep)
{
	size_t at = keep->len;
	int64_t a, b;

	if (!total.s || !requests.s || !py_int64(total, &a) ||
	    !py_int64(requests, &b) || b <= 0)
		return (struct fm_text){ NULL, 0 };
	fm_num_put_int(keep, a / b);
	return (struct fm_text){ keep->s + at, keep->len - at };
}

/* "P99 TTFT (ms)" becomes the key "P99_TTFT_(ms)". */
static json_t *
all_metrics(const struct client *c)
{
	json_t *o = json_object();
	struct fm_buf key = FM_BUF_INIT;
	double v;
	int64_t n;
	size_t i, k;

	for (i = 0; i < c->n; i++) {
		struct fm_text t = c->metrics[i].value;

		if (!fm_num_get_double(t.s, t.n, &v) ||
		    memchr(c->metrics[i].label.s, '=', c->metrics[i].label.n))
			continue;
		fm_buf_clear(&key);
		fm_buf_put(&key, c->metrics[i].label.s, c->metrics[i].label.n);
		for (k = 0; k < key.len; k++)
			if (key.s[k] == ' ')
				key.s[k] = '_';
		(void)json_object_set_new(o, key.s,
		    fm_num_get_int(t.s, t.n, &n) ? json_integer(n)
						 : json_real(v));
	}
	fm_buf_release(&key);
	return o;
}

static void
set(json_t *o, const char *key, struct fm_text t)
{
	int64_t n;
	double v;

	(void)json_object_set_new(o, key,
	    t.s == NULL                       ? json_null()
	    : fm_num_get_int(t.s, t.n, &n)    ? json_integer(n)
	    : fm_num_get_double(t.s, t.n, &v) ? json_real(v)
					      : json_null());
}

static void
set_text(json_t *o, const char *key, struct fm_text t)
{
	(void)json_object_set_new(
	    o, key, t.s ? json_stringn(t.s, t.n) : json_null());
}

static json_t *
serving(struct rec *r, const struct folder *f, const struct client *c)
{
	json_t *o = json_object();
	double sum, count;

	(void)json_object_set_new(o, "mode", json_string("server"));
	(void)json_object_set_new(o, "batch_mode",
	    json_string(f->continuous ? "continuous" : "static"));
	(void)json_object_set_new(o, "client_mode",
	    json_string(f->n_clients > 1 ? "multi" : "single"));
	(void)json_object_set_new(o, "client", json_string(c->name));
	set_text(o, "server_id", f->time_start);
	set_text(o, "client_start", c->start);
	set_text(o, "client_end", c->end);
	set(o, "num_prompts", folder_option(&c->cmd, "--num-prompts"));
	set(o, "successful", metric(r, c, "Successful requests"));
	set(o, "range_ratio", folder_option(&c->cmd, "--random-range-ratio"));
	set(o, "context_length",
	    folder_option(&f->server_cmd, "--max-model-len"));
	set(o, "req_thp", metric(r, c, "Request throughput (req/s)"));
	/* Prefill alone, as the server counted it. */
	(void)json_object_set_new(o, "raw_ttft",
	    folder_counter(f, "vllm:request_prefill_time_seconds_sum", &sum) &&
		    folder_counter(
			f, "vllm:request_prefill_time_seconds_count", &count) &&
		    count > 0
		? json_real(sum / count)
		: json_null());
	(void)json_object_set_new(o, "metrics", all_metrics(c));
	return o;
}

static void
fill_sizes(struct rec *r, const struct folder *f, const struct client *c,
    struct fm_buf *keep)
{
	struct fm_text done = folder_metric(c, "Successful requests");

	r->input = first_of(folder_option(&c->cmd, "--random-input-len"),
	    spyre_option(&f->server_cmd, "PROMPT_LENS"));
	if (r->input.s == NULL)
		r->input = mean_size(
		    folder_metric(c, "Total input tokens"), done, keep);
	r->output = first_of(folder_option(&c->cmd, "--random-output-len"),
	    spyre_option(&f->server_cmd, "NEW_TOKENS"));
	if (r->output.s == NULL)
		r->output = mean_size(
		    folder_metric(c, "Total generated tokens"), done, keep);
	r->batch = first_of(spyre_option(&f->server_cmd, "BATCH_SIZES"),
	    first_of(folder_option(&c->cmd, "--max-concurrency"),
		folder_option(&f->server_cmd, "--max-num-seqs")));
	r->tp = folder_option(&f->server_cmd, "--tensor-parallel-size");
	r->input = number(r, "input size", r->input);
	r->output = number(r, "output size", r->output);
	r->batch = number(r, "batch size", r->batch);
	r->tp = number(r, "tensor parallel size", r->tp);
}

static void
look(struct parse *ps, struct errors_found *found, const struct fm_buf *log)
{
	struct py_lines lines;
	struct fm_text t;

	py_lines_init(&lines, log->s, log->len);
	while (py_lines_next(&lines, &t))
		errors_look(ps->errors, found, false, t.s, t.n);
}

/* A folder has results when its client printed a summary. */
static void
fill_status(struct parse *ps, struct rec *r, const struct folder *f,
    const struct client *c, struct fm_buf *word, struct fm_buf *msg)
{
	struct fm_text done = folder_metric(c, "Successful requests");
	struct fm_text asked = folder_option(&c->cmd, "--num-prompts");
	struct errors_found found;
	int64_t a, b;

	errors_found_init(&found);
	look(ps, &found, &f->server_log);
	look(ps, &found, &c->log);
	if (found.best != SIZE_MAX) {
		fm_buf_printf(word, "%s_%s", done.s ? "PART" : "ERR",
		    ps->errors->v[found.best].code);
		errors_message(ps->errors, &found, msg);
	} else if (done.s == NULL) {
		fm_buf_puts(word, "ERR_UNKNOWN");
		fm_buf_puts(msg, "UNKNOWN | \"no results and no known error\"");
	} else if (asked.s && py_int64(asked, &b) && py_int64(done, &a) &&
		   a < b) {
		fm_buf_puts(word, "PART_UNK");
		fm_buf_printf(msg,
		    "UNK | \"%" PRId64 " of %" PRId64
		    " requests, and no known error\"",
		    a, b);
	} else if (r->status == NULL) {
		fm_buf_puts(word, "OK");
	} else {
		fm_buf_printf(msg, "METRICS_ERROR | \"%s\"", r->notes.v[0]);
	}
	if (word->len)
		r->status = word->s;
	r->error = (struct fm_text){ msg->s, msg->len };
	errors_found_release(&found);
}

static void
client_record(struct parse *ps, const struct folder *f, const struct client *c)
{
	struct fm_buf keep = FM_BUF_INIT, word = FM_BUF_INIT;
	struct fm_buf msg = FM_BUF_INIT;
	struct exper *x = &ps->x;
	struct rec r;
	char who[40];

	exper_clear(x);
	memset(&r, 0, sizeof r);
	(void)fm_buf_reserve(&keep, 256);
	folder_opts(&x->opts, &f->server_cmd, "server");
	folder_opts(&x->opts, &c->cmd, folder_client_word(c, who));
	if (f->warmup.s)
		exper_set(&x->warmup, f->warmup.s, f->warmup.n);
	r.dialect = FM_DIALECT_INFER;
	r.timestamp = first_of(f->time_start, c->start);
	r.time_end = first_of(c->end, f->time_end);
	r.model = first_of(
	    f->model, first_of(folder_option(&f->server_cmd, "--model"),
			  folder_option(&c->cmd, "--model")));
	fill_sizes(&r, f, c, &keep);
	r.ttft = seconds(metric(&r, c, "Median TTFT (ms)"), &keep);
	r.itl = metric(&r, c, "Median ITL (ms)");
	r.thp = metric(&r, c, "Output token throughput (tok/s)");
	r.serving = serving(&r, f, c);
	fill_status(ps, &r, f, c, &word, &msg);
	parse_put(ps, &r, NULL);
	json_decref(r.serving);
	rec_release(&r);
	fm_buf_release(&keep);
	fm_buf_release(&word);
	fm_buf_release(&msg);
	exper_clear(x);
}

void
server_records(struct parse *ps, const struct folder *f)
{
	size_t i;

	for (i = 0; i < f->n_clients; i++)
		client_record(ps, f, &f->clients[i]);
}
