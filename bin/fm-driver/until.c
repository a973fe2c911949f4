/*
 * When is enough measured? An interval that is narrow by chance is looked for
 * at every piece, which makes it a little too sure of itself: few pieces keep
 * that small.
 */
#include "until.h"

#include <math.h>
#include <string.h>

#include "conf.h"
#include "opt.h"
#include "rule.h"

static const char *const names[] = { "ci", "steady", "drift", "cv", "n", "ess",
	"rho1", "median", "latency", "mean", "sd", "min", "max", NULL };

double
until_ci(const struct fm_stat *s)
{
	if (!s->has_ci || s->median2 <= 0)
		return (double)NAN;
	return (double)(s->ci_hi - s->ci_lo) / (double)s->median2;
}

static double
number(const struct fm_stat *s, const char *name)
{
	const struct {
		const char *name;
		double v;
	} values[] = {
		{ "ci", until_ci(s) },
		{ "drift", s->has_drift ? s->drift / 100 : (double)NAN },
		{ "cv", s->mean > 0 ? s->sd / s->mean : (double)NAN },
		{ "n", (double)(s->n - s->dropped) },
		{ "ess", s->ess },
		{ "rho1", s->rho1 },
		{ "median", (double)s->median2 / 2e6 },
		{ "latency", (double)s->median2 / 2e6 },
		{ "mean", s->mean / 1e6 },
		{ "sd", s->sd / 1e6 },
		{ "min", (double)s->min / 1e6 },
		{ "max", (double)s->max / 1e6 },
	};
	size_t i;

	for (i = 0; i < sizeof values / sizeof *values; i++)
		if (strcmp(values[i].name, name) == 0)
			return values[i].v;
	return (double)NAN;
}

static void
get(void *ctx, size_t slot, struct fm_expr_value *v)
{
	const struct until *u = ctx;
	const char *name = u->rule.names.v[slot];

	if (strcmp(name, "steady") != 0) {
		rule_set(v, number(&u->stat, name));
		return;
	}
	v->type = u->stat.steady < 0 ? FM_EXPR_NULL : FM_EXPR_BOOL;
	v->num = u->stat.steady;
}

int
until_check(const struct conf *c, struct fm_err *err)
{
	static const char *const belong[] = { "min_reps", "max_reps",
		"max_seconds" };
	struct fm_expr e;
	size_t i;
	int rc;

	for (i = 0; !c->until && i < sizeof belong / sizeof *belong; i++)
		if (fm_opt_was(&c->args, belong[i]))
			return fm_err_set(err, FM_USAGE,
			    "--%s belongs to --until", belong[i]);
	if (!c->until)
		return 0;
	if (c->seconds > 0 || fm_opt_was(&c->args, "reps"))
		return fm_err_set(err, FM_USAGE,
		    "--until says how long to go on: leave --reps and "
		    "--seconds, there are --min_reps, --max_reps and "
		    "--max_seconds");
	if (c->min_reps > c->max_reps)
		return fm_err_set(err, FM_USAGE,
		    "--min_reps %lld is more than --max_reps %lld",
		    (long long)c->min_reps, (long long)c->max_reps);
	rc = rule_parse(&e, c->until, "--until", names, err);
	fm_expr_release(&e);
	return rc;
}

void
until_init(struct until *u, const struct conf *c)
{
	struct fm_err never = FM_ERR_INIT;

	memset(u, 0, sizeof *u);
	u->c = c;
	(void)rule_parse(&u->rule, c->until, "--until", names, &never);
	u->steady_too = !rule_names(&u->rule, "steady");
}

void
until_release(struct until *u)
{
	fm_expr_release(&u->rule);
	fm_stat_work_release(&u->work);
	memset(u, 0, sizeof *u);
}

/* Does the rule hold? */
static bool
enough(struct until *u, const int64_t *dt_ns, size_t n)
{
	static const struct fm_stat_conf conf = { FM_STAT_FMWORK, 0, true,
		false };

	fm_stat_describe(&u->stat, dt_ns, n, &conf, &u->work);
	return fm_expr_true(&u->rule, get, u) &&
	       (!u->steady_too || u->stat.steady > 0);
}

int64_t
until_piece(struct until *u, const int64_t *dt_ns, size_t n, int64_t elapsed_ns)
{
	const struct conf *c = u->c;
	int64_t have = (int64_t)n, more = have / 2 + 1;
	double left_ns = c->max_seconds * 1e9 - (double)elapsed_ns, fit;

	if (n == 0)
		return c->min_reps;
	if (enough(u, dt_ns, n))
		u->why = "ci";
	else if (have >= c->max_reps)
		u->why = "max_reps";
	else if (left_ns <= 0)
		u->why = "max_seconds";
	if (u->why)
		return 0;
	fit = left_ns / ((double)elapsed_ns / (double)have);
	if (fit < (double)more)
		more = fit > 1 ? (int64_t)fit : 1;
	return more < c->max_reps - have ? more : c->max_reps - have;
}
