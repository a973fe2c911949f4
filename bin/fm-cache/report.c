/*
 * fm-cache report. Rows are JSON objects of text, column: value; columns are
 * those of MLAgility, then our own, then one for each device and statistic
 * that occurs. "-" is what is not known. Nothing that is wrong with one build
 * keeps the others out of the table.
 */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "buf.h"
#include "conf.h"
#include "csv.h"
#include "entry.h"
#include "err.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "prog.h"

static const char *const columns[] = { "model_name", "author", "model_class",
	"params", "hash", "license", "task", "groq_chips_used",
	"groq_estimated_latency", "nvidia_latency", "x86_latency",
	"onnx_exported", "onnx_optimized", "onnx_converted", "build_name",
	"build_status", "error" };

/* --- a row ---------------------------------------------------------------- */

static void
put(json_t *row, const char *column, const char *text)
{
	if (text && *text)
		fm_json_set_str(row, column, text);
}

static void
put_number(json_t *row, const char *column, const json_t *v)
{
	struct fm_buf b = FM_BUF_INIT;

	if (json_is_integer(v))
		fm_num_put_int(&b, json_integer_value(v));
	else if (json_is_real(v))
		fm_num_put_repr(&b, json_real_value(v));
	put(row, column, b.s);
	fm_buf_release(&b);
}

static void
put_ms(json_t *row, const char *column, double seconds)
{
	struct fm_buf b = FM_BUF_INIT;

	if (!(fabs(seconds) < 1e9))
		return; /* nor would this */
	/* To the nanosecond: more digits would be no measurement's. */
	fm_num_put_scaled(&b, llround(seconds * 1e9), 6);
	while (b.s[b.len - 1] == '0')
		b.s[--b.len] = '\0';
	if (b.s[b.len - 1] == '.')
		b.s[--b.len] = '\0';
	put(row, column, b.s);
	fm_buf_release(&b);
}

/* Did a stage of one of these names do its work? */
static const char *
done(const json_t *state, const char *ours, const char *theirs)
{
	const json_t *stages = json_object_get(state, "stages"), *s;
	const json_t *info = json_object_get(
	    json_object_get(json_object_get(state, "theirs"), "state"), "info");
	size_t i;

	if (info)
		return fm_json_bool(info, theirs, false) ? "True" : "False";
	for (i = 0; i < json_array_size(stages); i++) {
		s = json_array_get(stages, i);
		if (strcmp(fm_json_str(s, "name", ""), ours) == 0 &&
		    strcmp(fm_json_str(s, "status", ""), "ok") == 0)
			return "True";
	}
	return "False";
}

static void
put_state(json_t *row, const json_t *state)
{
	const json_t *model = json_object_get(state, "model");
	const json_t *theirs = json_object_get(state, "theirs");
	const json_t *labels = json_object_get(theirs, "labels");
	const json_t *info =
	    json_object_get(json_object_get(theirs, "state"), "info");

	put(row, "model_name", fm_json_str(model, "name", NULL));
	put(row, "author", fm_json_str(labels, "author", NULL));
	put(row, "task", fm_json_str(labels, "task", NULL));
	put(row, "model_class", fm_json_str(model, "class", NULL));
	put_number(row, "params", json_object_get(model, "parameters"));
	put(row, "hash", fm_json_str(model, "hash", NULL));
	put_number(row, "groq_chips_used",
	    json_object_get(
		json_object_get(theirs, "state"), "num_chips_used"));
	if (fm_json_bool(info, "assembler_success", false))
		put_ms(row, "groq_estimated_latency",
		    fm_json_num(info, "estimated_latency", 0));
	put(row, "onnx_exported", done(state, "import", "base_onnx_exported"));
	put(row, "onnx_optimized",
	    done(state, "optimize", "opt_onnx_exported"));
	put(row, "onnx_converted",
	    done(state, "convert", "converted_onnx_exported"));
	put(row, "build_status", fm_json_str(state, "build_status", NULL));
	put(row, "error", fm_json_str(state, "error", NULL));
}

/* Which of MLAgility's columns a device's mean belongs to. */
static const char *
latency_column(const json_t *result)
{
	static const char *const words[][2] = {
		{ "cpu", "x86_latency" },
		{ "x86", "x86_latency" },
		{ "cuda", "nvidia_latency" },
		{ "nvidia", "nvidia_latency" },
		{ "trt", "nvidia_latency" },
	};
	const char *p = fm_json_str(result, "platform", "");
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i][0], p) == 0)
			return words[i][1];
	return NULL;
}

/* One measured point: a later one of the same device takes its place. */
static void
put_result(json_t *row, const json_t *r)
{
	static const char *const stats[] = { "mean", "median", "min", "max",
		"sd" };
	const json_t *st = json_object_get(r, "stats");
	const char *device =
	    fm_json_str(r, "device", fm_json_str(r, "platform", "?"));
	const char *old = latency_column(r);
	struct fm_buf b = FM_BUF_INIT;
	char *column;
	size_t i;

	if (!json_is_object(st))
		return;
	if (old && json_is_number(json_object_get(st, "mean")))
		put_ms(row, old, fm_json_num(st, "mean", 0));
	fm_buf_puts(&b, fm_json_str(r, "runtime", "-"));
	column = fm_strdupf("%s runtime", device);
	put(row, column, b.s);
	free(column);
	fm_buf_clear(&b);
	fm_buf_printf(&b, "%lld x %lld", (long long)fm_json_int(r, "input", 0),
	    (long long)fm_json_int(r, "batch", 0));
	column = fm_strdupf("%s input x batch", device);
	put(row, column, json_object_get(r, "batch") ? b.s : NULL);
	free(column);
	for (i = 0; i < sizeof stats / sizeof *stats; i++) {
		column = fm_strdupf("%s %s_ms", device, stats[i]);
		if (json_is_number(json_object_get(st, stats[i])))
			put_ms(row, column, fm_json_num(st, stats[i], 0));
		free(column);
	}
	fm_buf_release(&b);
}

static json_t *
make_row(struct fm_cache *c, const struct entry *e)
{
	struct fm_err bad = FM_ERR_INIT;
	json_t *row = json_object(), *state = entry_state(c, e, &bad);
	json_t *results = entry_results(c, e);
	size_t i;

	put(row, "model_name", e->name);
	if (state)
		put_state(row, state);
	else {
		put(row, "build_status", "unreadable");
		put(row, "error", bad.text);
	}
	put(row, "build_name", e->name);
	for (i = 0; i < json_array_size(results); i++)
		put_result(row, json_array_get(results, i));
	json_decref(results);
	json_decref(state);
	return row;
}

/* --- the table ------------------------------------------------------------ */

/* Rows of builds with one name in several caches become one. The first cache
 * has the say; what it does not know comes from the later ones. */
static void
add_row(json_t *rows, json_t *row)
{
	const char *name = fm_json_str(row, "build_name", "?"), *column;
	json_t *have = json_object_get(rows, name), *v;

	if (!have) {
		json_object_set_new(rows, name, row);
		return;
	}
	json_object_foreach (row, column, v) {
		json_t *old = json_object_get(have, column);

		if (!old)
			json_object_set(have, column, v);
		else if (!json_equal(old, v))
			fm_prog_say("fm-cache",
			    "build '%s' has several values of '%s': '%s' is "
			    "kept, '%s' is not",
			    name, column, json_string_value(old),
			    json_string_value(v));
	}
	json_decref(row);
}

static int
add_cache(
    json_t *rows, const struct conf *conf, const char *dir, struct fm_err *err)
{
	struct conf of_one = *conf;
	struct fm_cache c = FM_CACHE_INIT;
	struct entries e = { 0 };
	size_t i;
	int rc;

	memset(&of_one.dirs, 0, sizeof of_one.dirs);
	if (dir)
		fm_strs_add(&of_one.dirs, dir);
	rc = entry_open(&c, &of_one, FM_CACHE_READ, err);
	if (rc == 0)
		rc = entries_all(&e, &c, err);
	if (rc == 0 && e.n == 0)
		fm_prog_say("fm-cache", "no builds in '%s'", c.dir);
	for (i = 0; rc == 0 && i < e.n; i++)
		add_row(rows, make_row(&c, &e.v[i]));
	entries_release(&e);
	fm_cache_release(&c);
	fm_strs_release(&of_one.dirs);
	return rc;
}

/* Ours, then those of devices, sorted. */
static void
all_columns(json_t *rows, struct fm_strs *out)
{
	struct fm_strs more = FM_STRS_INIT;
	json_t *seen = json_object(), *row, *v;
	const char *name, *column;
	size_t i;

	for (i = 0; i < sizeof columns / sizeof *columns; i++) {
		fm_strs_add(out, columns[i]);
		json_object_set_new(seen, columns[i], json_true());
	}
	json_object_foreach (rows, name, row)
		json_object_foreach (row, column, v)
			if (!json_object_get(seen, column)) {
				json_object_set_new(seen, column, json_true());
				fm_strs_add(&more, column);
			}
	fm_strs_sort(&more);
	for (i = 0; i < more.n; i++)
		fm_strs_add(out, more.v[i]);
	fm_strs_release(&more);
	json_decref(seen);
}

static void
put_table(struct fm_buf *b, json_t *rows)
{
	struct fm_strs cols = FM_STRS_INIT;
	const char *name;
	json_t *row;
	size_t i;

	all_columns(rows, &cols);
	for (i = 0; i < cols.n; i++)
		fm_csv_put(b, cols.v[i]);
	fm_csv_end(b);
	json_object_foreach (rows, name, row) {
		for (i = 0; i < cols.n; i++)
			fm_csv_put(
			    b, fm_json_str(row, cols.v[i],
				   strcmp(cols.v[i], "error") == 0 ? "" : "-"));
		fm_csv_end(b);
	}
	fm_strs_release(&cols);
}

static char *
file_of_today(const char *dir)
{
	time_t now = time(NULL);
	struct tm tm;
	char day[32];

	(void)localtime_r(&now, &tm);
	(void)strftime(day, sizeof day, "%Y-%m-%d.csv", &tm);
	return fm_io_join(dir, day);
}

int
report_write(const struct conf *conf, struct fm_err *err)
{
	json_t *rows = json_object();
	struct fm_buf b = FM_BUF_INIT;
	char *path = file_of_today(conf->report_dir);
	struct fm_out o;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < conf->dirs.n; i++)
		rc = add_cache(rows, conf, conf->dirs.v[i], err);
	if (conf->dirs.n == 0)
		rc = add_cache(rows, conf, NULL, err);
	if (rc == 0 && conf->report_dir)
		rc = fm_io_mkdirs(conf->report_dir, err);
	if (rc == 0)
		rc = fm_out_open(&o, path, err);
	if (rc == 0) {
		put_table(&b, rows);
		(void)fwrite(b.s, 1, b.len, o.f);
		rc = fm_out_close(&o, err);
	}
	if (rc == 0)
		(void)puts(path);
	free(path);
	fm_buf_release(&b);
	json_decref(rows);
	return rc;
}
