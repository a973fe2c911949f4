/*
 * Verdicts.
 */
#include "judge.h"

#include <math.h>
#include <stdlib.h>

#include "alloc.h"

const char *
fm_verdict_word(enum fm_verdict v)
{
	static const char *const words[FM_VERDICTS] = { "ok", "faster",
		"regressed", "suspect", "inconclusive", "missing", "new",
		"failed" };

	return words[v];
}

/* Both sides have measured it. */
static bool
comparable(const struct fm_judge_point *p)
{
	return p->n_base && p->n_next;
}

/* Before any statistics: what is there and what is not. */
static enum fm_verdict
presence(const struct fm_judge_point *p)
{
	if (comparable(p))
		return FM_VERDICT_OK;
	if (p->n_next)
		return FM_VERDICT_NEW;
	if (p->next_failed)
		return FM_VERDICT_FAILED;
	return p->n_base ? FM_VERDICT_MISSING : FM_VERDICT_FAILED;
}

static struct fm_variance
own_variance(const struct fm_judge_point *p)
{
	struct fm_variance v = { 0, 0 };

	if (p->exact)
		return v;
	v = p->history;
	fm_variance_add(&v, p->base, p->n_base);
	fm_variance_add(&v, p->next, p->n_next);
	return v;
}

/*
 * What the points have in common cannot be known better than from all their
 * runs: with few of them a prior of infinite df would call the pooled variance
 * exact, and 10 % of unchanged points different (3 points, 2 runs a side).
 */
static double
all_df(const struct fm_variance *own, size_t n)
{
	double df = 0;
	size_t i;

	for (i = 0; i < n; i++)
		df += own[i].var > 0 ? own[i].df : 0;
	return df;
}

static struct fm_compare
compare(const struct fm_judge_point *p, struct fm_variance own,
    struct fm_variance prior, double most_df, double *sd)
{
	struct fm_variance s = fm_variance_moderate(own, prior);
	struct fm_compare c;

	if (prior.df > 0)
		s.df = fmin(s.df, most_df);
	*sd = s.df > 0 ? sqrt(s.var) : (double)NAN;
	if (prior.df <= 0 && p->n_base > 1 && p->n_next > 1)
		c = fm_compare_welch(p->base, p->n_base, p->next, p->n_next);
	else
		c = fm_compare_known(p->base, p->n_base, p->next, p->n_next, s);
	if (p->exact) {
		c.se = 0;
		*sd = 0;
	}
	return c;
}

/* Margins as differences of logarithms. */
struct margins {
	double table, gate;
	double fine; /* below it, a point is ok */
};

static struct margins
margins(const struct fm_judge_conf *c)
{
	bool given = !isnan(c->threshold);
	struct margins m;

	m.table = given ? log1p(c->threshold) : 0;
	m.gate = log1p(given ? c->threshold : FM_JUDGE_GATE);
	m.fine = m.gate > 0 ? m.gate : log1p(FM_JUDGE_GATE);
	return m;
}

enum {
	FEWEST = 4 /* runs a side, while nothing is known of their noise: a rank
		    * test cannot speak with fewer */
};

static void
estimate(struct fm_judge_point *p, struct fm_variance own,
    struct fm_variance prior, double most_df, const struct fm_judge_conf *c,
    const struct margins *m)
{
	struct fm_compare d = compare(p, own, prior, most_df, &p->sd);
	double half = fm_compare_half(&d, 1 - c->alpha), slower;

	p->shift = fm_compare_shift(p->base, p->n_base, p->next, p->n_next);
	p->lo = d.diff - half;
	p->hi = d.diff + half;
	p->p = p->p_bh = fm_compare_p(&d, m->table);
	p->p_holm = c->worse * d.diff > 0 ? fm_compare_p(&d, m->gate) : 1;
	if (isnan(d.se))
		p->p_holm = d.se;
	slower = c->worse > 0 ? p->hi : -p->lo;
	p->undecided = !(slower < m->fine) && !(p->exact && slower <= m->fine);
}

/* Runs a side that are missing to see what would matter. */
static int
missing_runs(const struct fm_judge_point *p, const struct fm_judge_conf *c,
    const struct margins *m)
{
	int least = (int)(p->n_base < p->n_next ? p->n_base : p->n_next);
	int enough = FEWEST;

	if (!isnan(p->sd))
		enough = fm_compare_runs(p->sd, m->fine, c->alpha, 0.8);
	return enough > least ? enough - least : 0;
}

/* One run a side and no noise floor: by what the runs themselves know. */
static enum fm_verdict
guess(const struct fm_judge_point *p, const struct margins *m)
{
	double over = fabs(p->shift) - m->table;

	return !isnan(p->within) && over > p->within ? FM_VERDICT_SUSPECT
						     : FM_VERDICT_INCONCLUSIVE;
}

static enum fm_verdict
decide(const struct fm_judge_point *p, const struct fm_judge_conf *c,
    const struct margins *m)
{
	bool slower = c->worse * (p->lo + p->hi) > 0;

	if (isnan(p->p))
		return guess(p, m);
	if (p->p_bh < c->alpha)
		return slower ? FM_VERDICT_REGRESSED : FM_VERDICT_FASTER;
	if (p->p < c->alpha)
		return FM_VERDICT_SUSPECT;
	return p->undecided ? FM_VERDICT_INCONCLUSIVE : FM_VERDICT_OK;
}

/* Corrects the p values over the points of the grid. */
static void
correct(struct fm_judge_point *p, size_t n)
{
	double *table = fm_calloc(n, sizeof *table);
	double *gate = fm_calloc(n, sizeof *gate);
	size_t i;

	for (i = 0; i < n; i++) {
		table[i] = p[i].p;
		gate[i] = p[i].p_holm;
	}
	fm_compare_bh(table, n);
	fm_compare_holm(gate, n);
	for (i = 0; i < n; i++) {
		p[i].p_bh = table[i];
		p[i].p_holm = gate[i];
	}
	free(table);
	free(gate);
}

void
fm_judge(struct fm_judge_point *p, size_t n, const struct fm_judge_conf *c)
{
	struct fm_variance *own = fm_calloc(n, sizeof *own), prior;
	const struct margins m = margins(c);
	double most;
	size_t i;

	for (i = 0; i < n; i++)
		own[i] = own_variance(&p[i]);
	prior = fm_variance_prior(own, n);
	most = all_df(own, n);
	for (i = 0; i < n; i++) {
		p[i].verdict = presence(&p[i]);
		p[i].shift = p[i].lo = p[i].hi = p[i].sd = (double)NAN;
		p[i].p = p[i].p_bh = p[i].p_holm = (double)NAN;
		p[i].undecided = false;
		p[i].need = 0;
		if (comparable(&p[i]))
			estimate(&p[i], own[i], prior, most, c, &m);
	}
	correct(p, n);
	for (i = 0; i < n; i++) {
		if (!comparable(&p[i]))
			continue;
		p[i].verdict = decide(&p[i], c, &m);
		if (p[i].p_holm < c->alpha)
			p[i].undecided = false;
		if (p[i].verdict == FM_VERDICT_SUSPECT ||
		    p[i].verdict == FM_VERDICT_INCONCLUSIVE)
			p[i].need = missing_runs(&p[i], c, &m);
	}
	free(own);
}

int
fm_judge_status(
    const struct fm_judge_point *p, size_t n, const struct fm_judge_conf *c)
{
	bool missing = false, undecided = false;
	size_t i, compared = 0;

	for (i = 0; i < n; i++) {
		if (p[i].p_holm < c->alpha ||
		    (p[i].verdict == FM_VERDICT_FAILED && p[i].n_base))
			return 1;
		missing = missing || p[i].verdict == FM_VERDICT_MISSING;
		undecided = undecided || p[i].undecided;
		compared += comparable(&p[i]);
	}
	return missing ? 6 : undecided || compared == 0 ? 5 : 0;
}
