/*
 * log2csv.sh: a line for each folder, its blanks and slashes made commas.
 */
#define _GNU_SOURCE /* memmem */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "compat.h"
#include "folder.h"
#include "py.h"

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
