/*
 * Matching the points of two sets of records, and one value for each run.
 */
#include "diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "num.h"
#include "prog.h"

/* --- what is asked for --- */

/* "3%", "3" and "0.5%" are percent. */
static int
read_threshold(struct diff *d, const char *s, struct fm_err *err)
{
	size_t n = s ? strlen(s) : 0;
	double v;

	d->conf.threshold = (double)NAN;
	if (!s)
		return 0;
	n -= n && s[n - 1] == '%';
	if (!fm_num_get_double(s, n, &v) || v < 0 || v > 1000)
		return fm_err_set(err, FM_USAGE,
		    "--threshold must be a percentage from 0 to 1000, got '%s'",
		    s);
	d->conf.threshold = v / 100;
	return 0;
}

static int
read_metric(struct diff *d, const char *name, struct fm_err *err)
{
	d->metric = recs_want(&d->r, name);
	d->field = field_find(name);
	d->conf.worse = d->field && d->field->better > 0 ? -1 : 1;
	if (d->field && d->field->better == 0)
		return fm_err_set(err, FM_USAGE,
		    "--metric: neither more nor less of '%s' is better", name);
	return 0;
}

/* Everything that defines a point; a label of a person's own is none. */
static void
want_match(struct diff *d, const char *list)
{
	struct fm_strs names = FM_STRS_INIT;
	size_t i;

	for (i = 0; !list && field_identity[i]; i++)
		if (strcmp(field_identity[i], "metadata_id") != 0)
			fm_strs_add(&names, field_identity[i]);
	if (list)
		fm_strs_split(&names, list, ", ");
	d->match = fm_calloc(names.n, sizeof *d->match);
	for (i = 0; i < names.n; i++)
		d->match[d->n_match++] = recs_want(&d->r, names.v[i]);
	fm_strs_release(&names);
}

static int
want(struct diff *d, const struct conf *c, struct fm_err *err)
{
	if (!(c->alpha > 0 && c->alpha < 1))
		return fm_err_set(
		    err, FM_USAGE, "--alpha must be between 0 and 1");
	d->conf.alpha = c->alpha;
	d->r.in.strict = c->strict;
	if (read_threshold(d, c->threshold, err) != 0 ||
	    read_metric(d, c->metric, err) != 0 ||
	    recs_where(&d->r, c->where, err) != 0)
		return -1;
	want_match(d, c->match);
	d->run = recs_want(&d->r, "run_id");
	d->status = recs_want(&d->r, "status");
	d->host = recs_want(&d->r, "host");
	d->lo = recs_want(&d->r, "lo");
	d->hi = recs_want(&d->r, "hi");
	about_want(&d->about, &d->r);
	return 0;
}

static int
read_side(struct diff *d, enum diff_side side, const struct fm_strs *files,
    int quiet, struct fm_err *err)
{
	int rc;

	d->r.in.quiet = quiet >= (side == DIFF_NEXT ? 1 : 2);
	rc = files->n ? recs_read(&d->r, files, err) : 0;
	d->end[side] = d->r.n;
	return rc;
}

static int
read_sides(struct diff *d, const struct conf *c, struct fm_err *err)
{
	struct fm_strs a = FM_STRS_INIT, b = FM_STRS_INIT;
	size_t i = c->base ? 0 : 1;
	int rc;

	fm_strs_add(&a, c->base ? c->base : c->files.v[0]);
	for (; i < c->files.n; i++)
		fm_strs_add(&b, c->files.v[i]);
	rc = read_side(d, DIFF_BASE, &a, c->quiet, err);
	if (rc == 0)
		rc = read_side(d, DIFF_NEXT, &b, c->quiet, err);
	if (rc == 0)
		rc = read_side(d, DIFF_HISTORY, &c->history, c->quiet, err);
	fm_strs_release(&a);
	fm_strs_release(&b);
	return rc;
}

/* --- runs --- */

static enum diff_side
side_of(const struct diff *d, size_t row)
{
	return row < d->end[DIFF_BASE]   ? DIFF_BASE
	       : row < d->end[DIFF_NEXT] ? DIFF_NEXT
					 : DIFF_HISTORY;
}

/* A value of one run; records without a run are one each. */
struct value {
	cell run;
	double log;
	size_t row;
};

static int
by_run(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	return (x->log > y->log) - (x->log < y->log);
}

/* One value for each run, its median: their number. */
static size_t
collapse(struct value *v, size_t n)
{
	size_t i, j, k, m = 0;

	qsort(v, n, sizeof *v, by_run);
	for (i = 0; i < n; i = j) {
		for (j = i + 1;
		     j < n && v[j].run == v[i].run && v[i].run != CELL_NULL;
		     j++)
			continue;
		k = i + (j - i) / 2;
		v[m] = v[k];
		if ((j - i) % 2 == 0)
			v[m].log = (v[k - 1].log + v[k].log) / 2;
		m++;
	}
	return m;
}

/* The group's runs of a side that measured it; *failed: one did not, and says
 * so. A metric that a good record lacks is no failure. The caller frees. */
static struct value *
values(const struct diff *d, size_t group, enum diff_side side, size_t *n,
    bool *failed)
{
	const struct groups *g = &d->groups;
	struct value *v = fm_calloc(groups_size(g, group), sizeof *v);
	size_t i;

	*n = 0;
	*failed = false;
	for (i = g->from[group]; i < g->from[group + 1]; i++) {
		size_t row = g->rows[i];
		const char *status = recs_text(&d->r, d->status, row);
		double m = recs_num(&d->r, d->metric, row);

		if (side_of(d, row) != side)
			continue;
		if (status && strncmp(status, "ERR", 3) == 0) {
			*failed = true;
			continue;
		}
		if (!(m > 0))
			continue;
		v[*n].run = recs_at(&d->r, d->run, row);
		v[*n].log = log(m);
		v[(*n)++].row = row;
	}
	*n = collapse(v, *n);
	return v;
}

static const double *
logs(const struct value *v, size_t n)
{
	double *x = fm_calloc(n, sizeof *x);
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = v[i].log;
	return x;
}

static void
free_logs(const double *v)
{
	union {
		const double *c;
		double *v;
	} u = { v };

	free(u.v);
}

/* --- points --- */

static bool
has_run(const struct value *v, size_t n, cell run)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i].run == run && run != CELL_NULL)
			return true;
	return false;
}

/*
 * The variance between the runs of the history that are not compared
 * themselves, on the host that the new side was measured on.
 */
static void
add_history(const struct diff *d, struct fm_judge_point *p, size_t group,
    const struct value *base, const struct value *next)
{
	bool failed;
	size_t n, i, m = 0;
	struct value *v = values(d, group, DIFF_HISTORY, &n, &failed);
	const double *x;
	cell host =
	    p->n_next ? recs_at(&d->r, d->host, next[0].row) : CELL_NULL;

	for (i = 0; i < n; i++)
		if (!has_run(base, p->n_base, v[i].run) &&
		    !has_run(next, p->n_next, v[i].run) &&
		    recs_at(&d->r, d->host, v[i].row) == host)
			v[m++] = v[i];
	x = logs(v, m);
	fm_variance_add(&p->history, x, m);
	free_logs(x);
	free(v);
}

/* Half the width of a record's interval, on the log scale. */
static double
inside(const struct diff *d, size_t row)
{
	double lo = recs_num(&d->r, d->lo, row);
	double hi = recs_num(&d->r, d->hi, row);

	return lo > 0 && hi > 0 ? log(hi / lo) / 2 : (double)NAN;
}

static void
make_point(struct diff *d, size_t group)
{
	struct fm_judge_point *p = &d->points[d->n];
	struct value *base, *next;

	memset(p, 0, sizeof *p);
	base = values(d, group, DIFF_BASE, &p->n_base, &p->base_failed);
	next = values(d, group, DIFF_NEXT, &p->n_next, &p->next_failed);
	p->base_failed = p->base_failed && p->n_base == 0;
	p->next_failed = p->next_failed && p->n_next == 0;
	if (p->n_base || p->n_next || p->base_failed || p->next_failed) {
		p->base = logs(base, p->n_base);
		p->next = logs(next, p->n_next);
		p->within = (double)NAN;
		if (p->n_base == 1 && p->n_next == 1 && d->field &&
		    d->field->kind == FIELD_LATENCY)
			p->within = hypot(
			    inside(d, base[0].row), inside(d, next[0].row));
		p->exact = p->n_next && recs_at(&d->r, d->about.simulated,
					    next[0].row) == CELL_TRUE;
		add_history(d, p, group, base, next);
		d->group[d->n++] = group;
	}
	free(base);
	free(next);
}

/*
 * The geometric mean over the points, with an interval from run to run: each
 * run has one value, the mean over its points of what they are above the
 * base. Points of one run are not independent, so that their errors must not
 * be added as if they were.
 */
struct sum {
	cell run;
	double sum;
	size_t n;
};

static void
add_to_run(struct sum **s, size_t *n, size_t *cap, cell run, double v)
{
	size_t i;

	for (i = 0; i < *n && ((*s)[i].run != run || run == CELL_NULL); i++)
		continue;
	if (i == *n) {
		FM_GROW(*s, *cap, *n + 1);
		(*s)[(*n)++] = (struct sum){ run, 0, 0 };
	}
	(*s)[i].sum += v;
	(*s)[i].n++;
}

static double *
run_means(const struct diff *d, enum diff_side side, size_t *n)
{
	struct sum *s = NULL;
	size_t cap = 0, i, j, m;
	double *x;
	bool failed;

	*n = 0;
	for (i = 0; i < d->n; i++) {
		const struct fm_judge_point *p = &d->points[i];
		struct value *v;

		if (!p->n_base || !p->n_next)
			continue;
		v = values(d, d->group[i], side, &m, &failed);
		for (j = 0; j < m; j++)
			add_to_run(&s, n, &cap, v[j].run,
			    v[j].log - fm_compare_mean(p->base, p->n_base));
		free(v);
	}
	x = fm_calloc(*n, sizeof *x);
	for (i = 0; i < *n; i++)
		x[i] = s[i].sum / (double)s[i].n;
	free(s);
	return x;
}

static void
grand_mean(struct diff *d)
{
	size_t nx, ny, i;
	double *x = run_means(d, DIFF_BASE, &nx), half = (double)NAN;
	double *y = run_means(d, DIFF_NEXT, &ny);

	d->mean = 0;
	for (i = 0; i < d->n; i++)
		if (d->points[i].n_base && d->points[i].n_next) {
			d->mean += fm_compare_mean(
				       d->points[i].next, d->points[i].n_next) -
				   fm_compare_mean(
				       d->points[i].base, d->points[i].n_base);
			d->n_both++;
		}
	d->mean = d->n_both ? d->mean / (double)d->n_both : (double)NAN;
	if (nx > 1 && ny > 1) {
		struct fm_compare w = fm_compare_welch(x, nx, y, ny);

		half = fm_compare_half(&w, 1 - d->conf.alpha);
	}
	d->mean_lo = d->mean - half;
	d->mean_hi = d->mean + half;
	free(x);
	free(y);
}

static void
choose_shown(struct diff *d)
{
	size_t *tells = fm_calloc(d->n_match, sizeof *tells), m, i, j;

	d->shown = fm_calloc(d->n_match, sizeof *d->shown);
	memcpy(tells, d->match, d->n_match * sizeof *tells);
	m = groups_distinguish(&d->r, tells, d->n_match, SIZE_MAX);
	for (i = 0; i < d->n_match; i++) {
		const char *name = d->r.cols[d->match[i]].name;

		for (j = 0; j < m && tells[j] != d->match[i]; j++)
			continue;
		if (j < m || strcmp(name, "input") == 0 ||
		    strcmp(name, "batch") == 0 ||
		    (d->match[i] == d->about.simulated &&
			about_simulated(&d->about, &d->r)))
			d->shown[d->n_shown++] = d->match[i];
	}
	free(tells);
}

int
diff_init(struct diff *d, const struct conf *c, struct fm_err *err)
{
	size_t i;

	memset(d, 0, sizeof *d);
	if (want(d, c, err) != 0 || read_sides(d, c, err) != 0)
		return -1;
	groups_make(&d->groups, &d->r, d->match, d->n_match);
	d->points = fm_calloc(d->groups.n, sizeof *d->points);
	d->group = fm_calloc(d->groups.n, sizeof *d->group);
	for (i = 0; i < d->groups.n; i++)
		make_point(d, i);
	fm_judge(d->points, d->n, &d->conf);
	grand_mean(d);
	choose_shown(d);
	return 0;
}

void
diff_release(struct diff *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free_logs(d->points[i].base);
		free_logs(d->points[i].next);
	}
	free(d->points);
	free(d->group);
	free(d->match);
	free(d->shown);
	groups_release(&d->groups);
	recs_release(&d->r);
}

int
diff_status(const struct diff *d)
{
	return d->r.in.bad ? 3 : fm_judge_status(d->points, d->n, &d->conf);
}
