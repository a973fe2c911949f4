/*
 * llama-bench -o json, jsonl or csv: one row for each test, of a prompt, of
 * tokens that are generated, or of both. Only the JSON forms have every
 * repetition.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "csv.h"
#include "from.h"
#include "json.h"
#include "num.h"

static const char what[] = "llama-bench's output as json, jsonl or csv";

/* Keys that are not settings of the test. */
static bool
is_result(const char *key)
{
	static const char *const keys[] = { "build_commit", "build_number",
		"cpu_info", "gpu_info", "backends", "model_filename",
		"model_type", "model_size", "model_n_params", "n_prompt",
		"n_gen", "test_time", "avg_ns", "stddev_ns", "avg_ts",
		"stddev_ts", "samples_ns", "samples_ts" };
	size_t i;

	for (i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static void
take_settings(struct from_point *p, json_t *o)
{
	struct fm_buf b = FM_BUF_INIT;
	const char *key;
	json_t *v;

	json_object_foreach (o, key, v) {
		if (is_result(key) || json_is_object(v) || json_is_array(v))
			continue;
		fm_buf_clear(&b);
		if (json_is_string(v))
			fm_buf_puts(&b, json_string_value(v));
		else
			fm_json_put(&b, v);
		from_opt(p, key, b.s);
	}
	fm_buf_release(&b);
}

/* "qwen2 7B Q4_K - Medium", "llama 7B mostly Q4_0": what follows the size. */
static const char *
precision(const char *type)
{
	static const char mostly[] = "mostly ";
	const char *s = strchr(type, ' ');

	s = s ? strchr(s + 1, ' ') : NULL;
	if (!s)
		return NULL;
	s++;
	return strncmp(s, mostly, sizeof mostly - 1) == 0
		   ? s + sizeof mostly - 1
		   : s;
}

static void
take_facts(struct from_point *p, const json_t *o)
{
	const char *gpu = fm_json_str(o, "gpu_info", "");
	const char *commit = fm_json_str(o, "build_commit", NULL);
	const char *backends = fm_json_str(o, "backends", NULL);
	const char *cpu = fm_json_str(o, "cpu_info", NULL);
	char *version = commit ? fm_strdupf("llama.cpp %s", commit) : NULL;

	fm_json_set_str(p->sys, "device", *gpu ? gpu : cpu);
	fm_json_set_str(p->sys, "backend", backends);
	fm_json_set_str(p->sys, "runtime", version);
	fm_json_set_str(p->sys, "cpu", cpu);
	free(version);
}

static void
put_test(struct from *f, json_t *o)
{
	const json_t *times = json_object_get(o, "samples_ns");
	struct from_point p;
	size_t i;

	from_point_init(&p);
	take_facts(&p, o);
	take_settings(&p, o);
	p.model = fm_json_str(o, "model_filename", NULL);
	p.precision = precision(fm_json_str(o, "model_type", ""));
	p.input = fm_json_int(o, "n_prompt", 0);
	p.output = fm_json_int(o, "n_gen", 0);
	p.batch = 1;
	p.begun_ns = from_time(fm_json_str(o, "test_time", NULL));
	for (i = 0; i < json_array_size(times); i++)
		from_sample(&p, json_number_value(json_array_get(times, i)), 1);
	p.given.mean = fm_json_num(o, "avg_ns", (double)NAN);
	p.given.sd = fm_json_num(o, "stddev_ns", (double)NAN);
	from_point_put(f, &p);
	from_point_release(&p);
}

static bool
is_test(const json_t *o)
{
	return json_object_get(o, "avg_ns") || json_object_get(o, "samples_ns");
}

static int
put_tests(struct from *f, const json_t *all, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < json_array_size(all); i++)
		if (!is_test(json_array_get(all, i)))
			return from_not(f, what, "a test has no 'avg_ns'", err);
	for (i = 0; i < json_array_size(all); i++)
		put_test(f, json_array_get(all, i));
	return 0;
}

/* --- the three forms ------------------------------------------------------ */

/* One object a line; a line that is none costs that line. */
static json_t *
read_lines(const struct from *f)
{
	const char *s = f->b->s, *end = s + f->b->len;
	json_t *all = json_array(), *v;
	struct fm_err bad = FM_ERR_INIT;

	for (f->ps->line = 1; s < end; f->ps->line++) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((nl ? nl : end) - s);

		v = n ? fm_json_parse(s, n, "line", &bad) : NULL;
		if (v && is_test(v))
			json_array_append(all, v);
		else if (n)
			parse_fault(f->ps, "not a test of llama-bench", s, n);
		json_decref(v);
		fm_err_clear(&bad);
		s += n + 1;
	}
	return all;
}

struct rows {
	json_t *names, *rows, *row;
	size_t column;
};

/* A commit like 12345e7 is no number, and settings keep their digits. */
static bool
is_number(const char *name)
{
	return strcmp(name, "n_prompt") == 0 || strcmp(name, "n_gen") == 0 ||
	       strcmp(name, "avg_ns") == 0 || strcmp(name, "stddev_ns") == 0;
}

/* A field of the head, or of a row that has a head. */
static void
take_field(void *arg, const char *s)
{
	struct rows *t = arg;
	const char *name =
	    json_string_value(json_array_get(t->names, t->column));
	int64_t whole;
	double real;

	if (!t->row) {
		json_array_append_new(t->names, json_string(s));
		return;
	}
	t->column++;
	if (!name)
		return;
	json_object_set_new(t->row, name,
	    !is_number(name)                         ? json_string(s)
	    : fm_num_get_int(s, strlen(s), &whole)   ? json_integer(whole)
	    : fm_num_get_double(s, strlen(s), &real) ? json_real(real)
						     : json_string(s));
}

static void
end_row(void *arg)
{
	struct rows *t = arg;

	if (t->column)
		json_array_append(t->rows, t->row);
	json_decref(t->row);
	t->row = json_object();
	t->column = 0;
}

static json_t *
read_table(const struct from *f, struct fm_err *err)
{
	struct rows t = { json_array(), json_array(), NULL, 0 };
	int rc = fm_csv_get(f->b->s, f->b->len, take_field, end_row, &t);

	if (rc != 0 || json_array_size(t.rows) == 0) {
		(void)from_not(f, what, "no table", err);
		json_decref(t.rows);
		t.rows = NULL;
	}
	json_decref(t.names);
	json_decref(t.row);
	return t.rows;
}

int
from_llama_bench(struct from *f, struct fm_err *err)
{
	char first = f->b->s[strspn(f->b->s, " \t\r\n")];
	json_t *all;
	int rc = -1;

	if (first == '|')
		return from_not(f, what,
		    "a table for people has neither times nor settings", err);
	all = first == '['   ? from_json(f, what, err)
	      : first == '{' ? read_lines(f)
			     : read_table(f, err);
	if (all)
		rc = put_tests(f, all, err);
	json_decref(all);
	return rc;
}
