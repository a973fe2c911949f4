/*
 * trtexec: the list that --exportTimes writes, with every query, or what it
 * printed. A query's latency is the way to the device, the computation and
 * the way back.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "from.h"
#include "from_text.h"
#include "json.h"

static const char what[] = "trtexec's --exportTimes or log";

static int
read_times(struct from *f, struct fm_err *err)
{
	json_t *all = from_json(f, what, err), *o;
	struct from_point p;
	size_t i;

	if (!all)
		return -1;
	from_point_init(&p);
	json_array_foreach (all, i, o)
		from_sample(&p, fm_json_num(o, "latencyMs", (double)NAN), 1e6);
	if (p.dt.n)
		from_point_put(f, &p);
	else
		(void)from_not(f, what, "no query has a 'latencyMs'", err);
	from_point_release(&p);
	json_decref(all);
	return err->code == FM_OK ? 0 : -1;
}

/* --- the log -------------------------------------------------------------- */

/* Texts of the log that a point refers to. */
struct log {
	struct from_point p;
	char *model, *precision, *error;
	bool done, failed;
	double qps;
};

static char *
rest(struct fm_text line, const char *s)
{
	return fm_strndup(s, (size_t)(line.s + line.n - s));
}

/* "--shapes=ids:8x128,mask:8x128": sequences, and their length. */
static void
take_shapes(struct from_point *p, const char *spec)
{
	const char *s = strchr(spec, ':');
	char *end;

	if (!s)
		return;
	p->batch = strtoll(s + 1, &end, 10);
	if (*end != 'x')
		return;
	p->input = strtoll(end + 1, &end, 10);
	if (*end == 'x')
		p->input = 0;
}

/* "# trtexec --onnx=m.onnx --fp16": what the tool was asked for. */
static void
take_command(struct log *l, struct fm_text line, const char *s)
{
	char *text = rest(line, s);
	struct fm_strs words = FM_STRS_INIT;
	size_t i;

	fm_strs_split(&words, text, " ");
	for (i = 1; i < words.n; i++) {
		char *w = words.v[i], *eq = strchr(w, '=');

		if (strncmp(w, "--shapes=", 9) == 0)
			take_shapes(&l->p, eq + 1);
		if (strncmp(w, "--batch=", 8) == 0)
			l->p.batch = strtoll(eq + 1, NULL, 10);
		if (!l->model && (strncmp(w, "--onnx=", 7) == 0 ||
				     strncmp(w, "--loadEngine=", 13) == 0))
			l->model = fm_strdup(eq + 1);
		if (eq)
			*eq = ' ';
		fm_strs_add(&l->p.opts, w);
	}
	fm_strs_release(&words);
	free(text);
}

static void
take_fact(struct log *l, struct fm_text line)
{
	static const struct {
		const char *words, *key;
	} facts[] = {
		{ "Selected Device: ", "device" },
		{ "TensorRT version: ", "runtime" },
		{ "] Precision: ", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof facts / sizeof *facts; i++) {
		const char *s = from_after(line, facts[i].words);
		char *text = s ? rest(line, s) : NULL;

		if (!s)
			continue;
		if (!facts[i].key && !l->precision) {
			l->precision = text;
			continue;
		}
		if (facts[i].key)
			fm_json_set_str(l->p.sys, facts[i].key, text);
		free(text);
	}
}

static void
take_summary(struct log *l, struct fm_text line)
{
	static const struct {
		const char *words;
		int at;
	} parts[] = { { "percentile(90%) =", 3 }, { "percentile(95%) =", 4 },
		{ "percentile(99%) =", 5 } };
	struct rec_given *g = &l->p.given;
	double n;
	size_t i;

	if (from_after(line, "] Throughput: "))
		l->qps = from_number(line, "] Throughput: ");
	n = from_number(line, "] Timing trace has ");
	if (isfinite(n) && n < 1e15)
		g->n = (int64_t)n;
	if (!from_after(line, "] Latency: "))
		return;
	g->min = from_number(line, "min =") * 1e6;
	g->max = from_number(line, "max =") * 1e6;
	g->mean = from_number(line, "mean =") * 1e6;
	g->median = from_number(line, "median =") * 1e6;
	for (i = 0; i < sizeof parts / sizeof *parts; i++)
		g->quantile[parts[i].at] =
		    from_number(line, parts[i].words) * 1e6;
	l->done = true;
}

static void
take_line(struct log *l, struct fm_text line)
{
	const char *s = from_after(line, "&&&& RUNNING ");

	if (s && (s = from_after(line, " # ")))
		take_command(l, line, s);
	s = from_after(line, "[E] ");
	if (s && s < line.s + line.n) {
		free(l->error);
		l->error = rest(line, s);
	}
	if (from_after(line, "&&&& FAILED "))
		l->failed = true;
	take_fact(l, line);
	take_summary(l, line);
}

static int
read_log(struct from *f, struct fm_err *err)
{
	struct log l = { .qps = (double)NAN };
	struct fm_text line;
	const char *at = NULL;

	from_point_init(&l.p);
	while (from_line(f->b, &at, &line))
		take_line(&l, line);
	l.p.model = l.model;
	l.p.precision = l.precision;
	/* A query is a whole batch. */
	l.p.thp = l.qps * (l.p.batch ? (double)l.p.batch : 1);
	l.p.part = l.done;
	if (l.failed) {
		l.p.code = FM_INTERNAL;
		l.p.error = l.error ? l.error : "trtexec says that it failed";
	}
	if (l.done || l.failed)
		from_point_put(f, &l.p);
	else
		(void)from_not(
		    f, what, "it has no line with 'Latency: min ='", err);
	from_point_release(&l.p);
	free(l.model);
	free(l.precision);
	free(l.error);
	return l.done || l.failed ? 0 : -1;
}

int
from_trtexec(struct from *f, struct fm_err *err)
{
	const char *s = f->b->s + strspn(f->b->s, " \t\r\n");

	/* A log's lines begin with a date in brackets. */
	if (*s == '[' && strchr("{] \r\n", s[1 + strspn(s + 1, " \t\r\n")]))
		return read_times(f, err);
	return read_log(f, err);
}
