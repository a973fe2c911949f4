/*
 * onnxruntime_perf_test: the file it appends its runs to, what it printed, or
 * the profile of its session, in which every run is an event.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "from.h"
#include "from_text.h"
#include "json.h"
#include "num.h"

static const char what[] =
    "onnxruntime_perf_test's result file, text or profile";

/* --- the profile ---------------------------------------------------------- */

static int
read_profile(struct from *f, struct fm_err *err)
{
	json_t *all = from_json(f, what, err), *o;
	struct from_point p;
	size_t i;

	if (!all)
		return -1;
	from_point_init(&p);
	json_array_foreach (all, i, o)
		if (strcmp(fm_json_str(o, "name", ""), "model_run") == 0)
			from_sample(
			    &p, fm_json_num(o, "dur", (double)NAN), 1e3);
	if (p.dt.n)
		from_point_put(f, &p);
	else
		(void)from_not(f, what, "no event is a 'model_run'", err);
	from_point_release(&p);
	json_decref(all);
	return err->code == FM_OK ? 0 : -1;
}

/* --- text, and the rows of the result file -------------------------------- */

struct text {
	struct from *f;
	struct from_point p;
	char *model;
	int64_t next; /* number of the run that a row goes on with */
	bool any;
};

static void
end_point(struct text *t)
{
	if (t->any)
		from_point_put(t->f, &t->p);
	/* The next one in the file is of another process. */
	if (t->any)
		fm_hash_of(t->f->run, sizeof t->f->run, t->f->run);
	from_point_release(&t->p);
	from_point_init(&t->p);
	free(t->model);
	t->model = NULL;
	t->any = false;
}

/* MODEL,SECONDS,BYTES,PERCENT,RUN; runs are numbered from 0. */
static bool
take_row(struct text *t, struct fm_text line)
{
	char *copy = fm_strndup(line.s, line.n);
	struct fm_strs c = FM_STRS_INIT;
	double seconds;
	int64_t run;
	bool is_row;

	fm_strs_split(&c, copy, ",");
	is_row = c.n == 5 &&
		 fm_num_get_double(c.v[1], strlen(c.v[1]), &seconds) &&
		 fm_num_get_int(c.v[4], strlen(c.v[4]), &run);
	if (is_row) {
		if (t->any && (run != t->next || !t->model ||
				  strcmp(t->model, c.v[0]) != 0))
			end_point(t);
		if (!t->model)
			t->model = fm_strdup(c.v[0]);
		t->p.model = t->model;
		from_sample(&t->p, seconds, 1e9);
		t->next = run + 1;
		t->any = true;
	}
	fm_strs_release(&c);
	free(copy);
	return is_row;
}

/* Does the line begin with these words? Then their number. */
static bool
fact(struct fm_text line, const char *words, double *v)
{
	size_t n = strlen(words);

	if (line.n < n || memcmp(line.s, words, n) != 0)
		return false;
	*v = from_number(line, words);
	return true;
}

static void
take_text(struct text *t, struct fm_text line)
{
	static const char *const parts[FM_STAT_QUANTILES] = { NULL,
		"P50 Latency:", NULL, "P90 Latency:", "P95 Latency:",
		"P99 Latency:", "P999 Latency:" };
	struct rec_given *g = &t->p.given;
	double v;
	int i;

	if (fact(line, "Session creation time cost:", &v))
		t->p.setup = v;
	if (fact(line, "Average inference time cost:", &v) ||
	    fact(line, "Average inference time cost total:", &v))
		g->mean = v * 1e6;
	if (fact(line, "Number of inferences per second:", &v))
		t->p.thp = v;
	if (fact(line, "Total inference requests:", &v) && isfinite(v) &&
	    v < 1e15)
		g->n = (int64_t)v;
	if (fact(line, "Min Latency:", &v))
		g->min = v * 1e9;
	if (fact(line, "Max Latency:", &v))
		g->max = v * 1e9;
	for (i = 0; i < FM_STAT_QUANTILES; i++)
		if (parts[i] && fact(line, parts[i], &v))
			g->quantile[i] = v * 1e9;
	t->any = t->any || isfinite(g->mean);
}

static int
read_text(struct from *f, struct fm_err *err)
{
	struct text t = { .f = f };
	struct fm_text line;
	const char *at = NULL;
	bool any;

	from_point_init(&t.p);
	while (from_line(f->b, &at, &line))
		if (!take_row(&t, line))
			take_text(&t, line);
	any = t.any;
	end_point(&t);
	from_point_release(&t.p);
	return any ? 0
		   : from_not(f, what,
			 "it has no 'Average inference time cost:'", err);
}

int
from_ort_perf(struct from *f, struct fm_err *err)
{
	return f->b->s[strspn(f->b->s, " \t\r\n")] == '[' ? read_profile(f, err)
							  : read_text(f, err);
}
