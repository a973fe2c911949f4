/*
 * Rules about points, and what is remembered for them. Two orders matter: by
 * work, input x output x batch, for times; and by each size, for what is too
 * large.
 */
#include "policy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conf.h"
#include "num.h"
#include "rule.h"

#define SECOND INT64_C(1000000000)

enum {
	LEAST_LIMIT_S = 10,
	FIRST_BACKOFF_MS = 100,
	LAST_BACKOFF_MS = 5000
};

/* What --stop may speak of. */
enum name {
	LATENCY,
	THROUGHPUT,
	CI,
	INPUT,
	OUTPUT,
	BATCH
};
static const char *const names[] = { "latency", "throughput", "ci", "input",
	"output", "batch", NULL };

/* --- options --- */

/* "300%", "60", or both with a comma. */
static int
check_timeout(struct conf *c, struct fm_err *err)
{
	const char *s = c->timeout ? c->timeout : "0";

	for (;;) {
		size_t n = strcspn(s, ","), digits = n;
		double v = 0;
		bool part = n > 0 && s[n - 1] == '%';

		digits -= part;
		if (!fm_num_get_double(s, digits, &v) || v < 0 || v > 1e6 ||
		    (part && v < 100))
			return fm_err_set(err, FM_USAGE,
			    "--timeout: '%s' must be seconds from 0 to "
			    "1000000, or a part of the time expected from "
			    "100%% "
			    "up, as in 300%%, or both with a comma",
			    c->timeout);
		if (part)
			c->timeout_part = v / 100;
		else
			c->timeout_ns = (int64_t)(v * 1e9);
		if (!s[n])
			return 0;
		s += n + 1;
	}
}

int
policy_check(struct conf *c, struct fm_err *err)
{
	size_t i;
	int rc = check_timeout(c, err);

	for (i = 0; i < c->stop.n && rc == 0; i++) {
		struct fm_expr e;

		rc = rule_parse(&e, c->stop.v[i], "--stop", names, err);
		fm_expr_release(&e);
	}
	return rc;
}

void
policy_init(struct policy *p, const struct conf *c)
{
	struct fm_err never = FM_ERR_INIT;
	size_t i;

	memset(p, 0, sizeof *p);
	(void)pthread_mutex_init(&p->lock, NULL);
	p->c = c;
	p->stops = fm_calloc(c->stop.n + 1, sizeof *p->stops);
	for (i = 0; i < c->stop.n; i++)
		(void)rule_parse(
		    &p->stops[i], c->stop.v[i], "--stop", names, &never);
}

void
policy_release(struct policy *p)
{
	size_t i;

	for (i = 0; p->stops && i < p->c->stop.n; i++)
		fm_expr_release(&p->stops[i]);
	free(p->stops);
	free(p->costs);
	free(p->bounds);
	(void)pthread_mutex_destroy(&p->lock);
	memset(p, 0, sizeof *p);
}

/* --- what is too large --- */

static bool
as_large(const struct fm_point *a, const struct fm_point *than)
{
	return a->input >= than->input && a->output >= than->output &&
	       a->batch >= than->batch;
}

/* "128 x 4", with the output between them where something is generated. */
static const char *
sizes_text(const struct policy *p, const struct fm_point *at, char *b, size_t n)
{
	if (p->c->n_output)
		(void)snprintf(b, n, "%lld x %lld x %lld", (long long)at->input,
		    (long long)at->output, (long long)at->batch);
	else
		(void)snprintf(b, n, "%lld x %lld", (long long)at->input,
		    (long long)at->batch);
	return b;
}

void
policy_skip(struct policy *p, const struct fm_point *at, struct fm_err *why)
{
	char sizes[80];
	size_t i;

	(void)pthread_mutex_lock(&p->lock);
	for (i = 0; i < p->n_bounds; i++)
		if (as_large(at, &p->bounds[i].at))
			break;
	if (i < p->n_bounds) {
		const struct policy_bound *b = &p->bounds[i];

		(void)sizes_text(p, &b->at, sizes, sizeof sizes);
		if (b->rule)
			(void)fm_err_set(why, FM_SKIPPED,
			    "not tried because %s met the rule '%s'", sizes,
			    b->rule);
		else
			(void)fm_err_set(why, FM_SKIPPED,
			    "not tried because %s ran out of memory", sizes);
	}
	(void)pthread_mutex_unlock(&p->lock);
}

static void
add_bound(struct policy *p, const struct fm_point *at, const char *rule)
{
	FM_GROW(p->bounds, p->cap_bounds, p->n_bounds + 1);
	p->bounds[p->n_bounds++] = (struct policy_bound){ *at, rule };
}

/* --- times --- */

static double
work(const struct fm_point *at)
{
	return (double)at->input * (double)at->output * (double)at->batch;
}

static bool
same(const struct fm_point *a, const struct fm_point *b)
{
	return a->input == b->input && a->output == b->output &&
	       a->batch == b->batch;
}

/* The one to go by: the point itself, else of those with no more work the
 * largest, else the smallest of all; the latest of several. NULL when there
 * is none. */
static const struct policy_cost *
nearest(const struct policy *p, const struct fm_point *at)
{
	const struct policy_cost *own = NULL, *below = NULL, *least = NULL, *k;
	double w = work(at);

	for (k = p->costs; k < p->costs + p->n_costs; k++) {
		double x = work(&k->at);

		if (same(&k->at, at))
			own = k;
		if (x <= w && (!below || x >= work(&below->at)))
			below = k;
		if (!least || x <= work(&least->at))
			least = k;
	}
	return own ? own : below ? below : least;
}

int64_t
policy_expect_ns(struct policy *p, const struct fm_point *at, int64_t reps)
{
	double w = work(at), ns = -1;
	const struct policy_cost *k;

	(void)pthread_mutex_lock(&p->lock);
	k = nearest(p, at);
	if (k) {
		ns = (double)k->start_ns + (double)k->rep_ns * (double)reps;
		if (w > work(&k->at))
			ns *= w / work(&k->at);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return ns < 4e18 ? (int64_t)ns : INT64_C(4000000000000000000);
}

int64_t
policy_limit_ns(struct policy *p, const struct fm_point *at, int64_t reps)
{
	const struct conf *c = p->c;
	int64_t limit = c->timeout_ns, expected = -1;
	double ns;

	if (c->timeout_part > 0)
		expected = policy_expect_ns(p, at, reps);
	if (expected < 0)
		return limit;
	ns = (double)expected * c->timeout_part;
	if (c->seconds > 0)
		ns += c->seconds * 1e9 * c->timeout_part;
	if (ns < LEAST_LIMIT_S * 1e9)
		ns = LEAST_LIMIT_S * 1e9;
	return limit > 0 && (double)limit < ns ? limit
	       : ns < 4e18                     ? (int64_t)ns
					       : 0;
}

/* --- again --- */

bool
policy_again(const struct policy *p, enum fm_code code, int n)
{
	return n <= p->c->retries &&
	       (code == FM_BUSY || code == FM_IO || code == FM_TIMEOUT);
}

int64_t
policy_backoff_ns(int n)
{
	int64_t ms = FIRST_BACKOFF_MS;

	while (--n > 0 && ms < LAST_BACKOFF_MS)
		ms *= 2;
	return (ms < LAST_BACKOFF_MS ? ms : LAST_BACKOFF_MS) * 1000000;
}

/* --- what was learnt --- */

struct view {
	const struct fm_expr *e;
	const struct fm_point *at;
	const struct policy_seen *seen;
};

static void
get(void *ctx, size_t slot, struct fm_expr_value *v)
{
	const struct view *w = ctx;
	const char *name = w->e->names.v[slot];
	const double values[] = {
		[LATENCY] = w->seen->latency_ns / 1e6,
		[THROUGHPUT] = (double)w->at->batch / w->seen->latency_ns * 1e9,
		[CI] = w->seen->ci,
		[INPUT] = (double)w->at->input,
		[OUTPUT] = (double)w->at->output,
		[BATCH] = (double)w->at->batch,
	};
	size_t i;

	for (i = 0; names[i]; i++)
		if (strcmp(name, names[i]) == 0)
			rule_set(v, values[i]);
}

void
policy_measured(
    struct policy *p, const struct fm_point *at, const struct policy_seen *seen)
{
	size_t i;

	(void)pthread_mutex_lock(&p->lock);
	FM_GROW(p->costs, p->cap_costs, p->n_costs + 1);
	p->costs[p->n_costs++] =
	    (struct policy_cost){ *at, seen->start_ns, seen->rep_ns };
	for (i = 0; i < p->c->stop.n; i++) {
		struct view w = { &p->stops[i], at, seen };

		if (fm_expr_true(w.e, get, &w))
			add_bound(p, at, p->c->stop.v[i]);
	}
	(void)pthread_mutex_unlock(&p->lock);
}

void
policy_failed(struct policy *p, const struct fm_point *at, enum fm_code code)
{
	if (code != FM_OOM || !p->c->prune)
		return;
	(void)pthread_mutex_lock(&p->lock);
	add_bound(p, at, NULL);
	(void)pthread_mutex_unlock(&p->lock);
}
