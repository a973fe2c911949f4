/*
 * log2csv.sh: a line for each folder, its blanks and slashes made commas.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "compat.h"
#include "folder.h"
#include "py.h"

/* A blank and the text; the shell leaves out what is empty. */
static void
put_word(struct fm_buf *row, struct fm_text t)
{
	if (t.n == 0)
		return;
	fm_buf_putc(row, ' ');
	fm_buf_put(row, t.s, t.n);
}

/* Words of all GEN lines, one after the other; of the first one if it is of
 * infer/vllm. */
static size_t
put_gen(struct fm_buf *row, struct fm_text t, size_t words)
{
	const char *end = t.s + t.n, *p = t.s, *q;

	for (; p < end; p = q) {
		while (p < end && strchr(" \t", *p))
			p++;
		for (q = p; q < end && !strchr(" \t", *q);)
			q++;
		if (q > p)
			words++;
		if (q > p && (words == 14 || words == 15))
			put_word(row, (struct fm_text){ p, (size_t)(q - p) });
	}
	return words;
}

static void
csv_direct(struct compat *k, struct fm_buf *row, struct errors_found *found)
{
	struct py_lines lines;
	struct fm_text t;
	size_t words = 0;

	py_lines_init(&lines, k->text.s, k->text.len);
	while (py_lines_next(&lines, &t)) {
		errors_look(k->errors, found, true, t.s, t.n);
		if (!py_has(t, "FMWORK GEN"))
			continue;
		if (words == 0)
			fm_buf_puts(row, " OK - -");
		words = put_gen(row, t, words);
	}
}

/* The counter of the first engine, and how many there are. */
static size_t
counter(const struct fm_buf *metrics, const char *name, double *v)
{
	struct py_lines lines;
	struct fm_text t;
	size_t n = 0;

	py_lines_init(&lines, metrics->s, metrics->len);
	while (py_lines_next(&lines, &t))
		if (py_has(t, name) && n++ == 0 &&
		    (!py_part(t, 1).s || !py_float(py_part(t, 1), v)))
			return 0;
	return n;
}

/* With several engines the script's division ends with their first line. */
static void
put_prefill(struct fm_buf *row, const struct fm_buf *metrics)
{
	double sum, count;
	size_t n =
	    counter(metrics, "vllm:request_prefill_time_seconds_sum", &sum);

	if (n == 0 ||
	    counter(metrics, "vllm:request_prefill_time_seconds_count",
		&count) == 0 ||
	    count <= 0)
		fm_buf_puts(row, " -");
	else
		fm_buf_printf(row, " %.3f", n > 1 ? sum : sum / count);
}

static void
put_metric(struct fm_buf *row, const struct client *c, const char *label)
{
	struct fm_text v = folder_metric(c, label);

	put_word(row, v.s ? py_last(v) : v);
}

static void
csv_server(struct compat *k, struct fm_buf *row, const char *path,
    struct errors_found *found, struct fm_err *err)
{
	struct folder f;
	struct client c;
	struct py_lines lines;
	struct fm_text t;

	if (folder_read(&f, path, err) != 0)
		return;
	folder_client_read(&c, path, "client.log");
	if (c.has_log && f.has_metrics) {
		fm_buf_puts(row, " OK");
		put_metric(row, &c, "Benchmark duration (s)");
		put_prefill(row, &f.metrics);
		put_metric(row, &c, "Median TTFT (ms)");
		put_metric(row, &c, "Median ITL (ms)");
	} else {
		py_lines_init(&lines, f.server_log.s, f.server_log.len);
		while (py_lines_next(&lines, &t))
			errors_look(k->errors, found, true, t.s, t.n);
	}
	folder_client_release(&c);
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
