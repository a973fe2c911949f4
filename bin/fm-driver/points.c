/*
 * The points of a unit, arranged. A point's place depends on the options
 * alone, never on what other processes do, so that shards fit together.
 */
#include "points.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "expr.h"
#include "session.h"
#include "shape.h"

/* --- --exclude --- */

struct asked {
	const struct fm_expr *e;
	const struct conf *c;
	const struct errand *errand;
	const struct fm_point *at;
};

static const char *const names[] = { "input", "output", "batch", "model",
	"platform", "precision" };

static void
get(void *arg, size_t slot, struct fm_expr_value *v)
{
	const struct asked *a = arg;
	const char *name = a->e->names.v[slot];
	const char *text = NULL;
	int64_t n = 0;

	if (strcmp(name, "input") == 0)
		n = a->at->input;
	else if (strcmp(name, "output") == 0)
		n = a->at->output;
	else if (strcmp(name, "batch") == 0)
		n = a->at->batch;
	else if (strcmp(name, "model") == 0)
		text = a->c->model_name ? a->c->model_name : "";
	else if (strcmp(name, "platform") == 0)
		text = a->errand->platform;
	else
		text = conf_precision(a->c);
	v->type = text ? FM_EXPR_STR : FM_EXPR_NUM;
	v->str = text;
	v->num = (double)n;
}

static int
check_names(const struct fm_expr *e, const char *text, struct fm_err *err)
{
	size_t i, k;

	for (i = 0; i < e->names.n; i++) {
		for (k = 0; k < sizeof names / sizeof *names; k++)
			if (strcmp(e->names.v[i], names[k]) == 0)
				break;
		if (k == sizeof names / sizeof *names)
			return fm_err_set(err, FM_USAGE,
			    "--exclude '%s': '%s' is not one of input, output, "
			    "batch, model, platform and precision",
			    text, e->names.v[i]);
	}
	return 0;
}

static int
exclude(struct shape *s, const char *text, const struct conf *c,
    const struct errand *errand, struct fm_err *err)
{
	struct fm_expr e = FM_EXPR_INIT;
	size_t i, kept = 0;
	int rc = fm_expr_parse(&e, text, err);

	if (rc != 0)
		(void)fm_err_wrap(err, "--exclude");
	else
		rc = check_names(&e, text, err);
	for (i = 0; i < s->n_points && rc == 0; i++) {
		struct asked a = { &e, c, errand, &s->points[i] };

		if (!fm_expr_true(&e, get, &a))
			s->points[kept++] = s->points[i];
	}
	if (rc == 0)
		s->n_points = kept;
	fm_expr_release(&e);
	return rc;
}

/* --- --order --- */

static double
work(const struct fm_point *p)
{
	return ((double)p->input + (double)p->output - 1) * (double)p->batch;
}

static int
by_work(const void *a, const void *b)
{
	const struct fm_point *x = a, *y = b;
	double v = work(x), w = work(y);

	if (v != w)
		return v < w ? -1 : 1;
	if (x->input != y->input)
		return x->input < y->input ? -1 : 1;
	return (x->output > y->output) - (x->output < y->output);
}

/* splitmix64, as fm-backend(7) has it for inputs. */
static uint64_t
next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Fisher and Yates; another order in every run. */
static void
shuffle(struct shape *s, int64_t seed, int64_t run)
{
	uint64_t state = (uint64_t)seed;
	size_t i;

	state = next(&state) + (uint64_t)run;
	for (i = s->n_points; i > 1; i--) {
		size_t k = (size_t)(next(&state) % i);
		struct fm_point p = s->points[i - 1];

		s->points[i - 1] = s->points[k];
		s->points[k] = p;
	}
}

/* --- --shard --- */

/* Dealt out like cards, beginning with another hand for every unit. */
static void
deal(struct shape *s, const struct how *h, size_t unit)
{
	size_t i, kept = 0;

	for (i = 0; i < s->n_points; i++)
		if ((int64_t)((unit + i) % (size_t)h->shards) == h->shard_no)
			s->points[kept++] = s->points[i];
	s->n_points = kept;
}

int
points_arrange(struct shape *s, const struct conf *c, const struct errand *e,
    struct fm_err *err)
{
	size_t i;

	for (i = 0; i < c->exclude.n; i++)
		if (exclude(s, c->exclude.v[i], c, e, err) != 0)
			return -1;
	if (c->how.order == ORDER_SMALLEST)
		qsort(s->points, s->n_points, sizeof *s->points, by_work);
	/* A shard is a part of the plan, whatever its order will be. */
	if (c->how.shards)
		deal(s, &c->how, e->unit);
	if (c->how.order == ORDER_RANDOM)
		shuffle(s, c->how.shuffle_seed, e->run);
	return 0;
}
