/*
 * What diff says: the table of points, the line below it, the exit status.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "diff.h"
#include "grid.h"
#include "out.h"
#include "prog.h"

void
diff_name(struct fm_buf *b, const struct diff *d, size_t i)
{
	size_t row = groups_first(&d->groups, d->group[i]), j;

	fm_buf_clear(b);
	for (j = 0; j < d->n_shown; j++) {
		cell c = recs_at(&d->r, d->shown[j], row);

		if (c == CELL_NULL || c == CELL_FALSE)
			continue;
		fm_buf_puts(b, b->len ? ", " : "");
		if (cell_is_text(c))
			fm_buf_puts(b, texts_get(&d->r.texts, c));
		else if (cell_is_num(c))
			fm_buf_printf(b, "%s %.10g",
			    d->r.cols[d->shown[j]].name, cell_to_num(c));
		else
			fm_buf_puts(b, d->r.cols[d->shown[j]].name);
	}
}

/* --- the table --- */

static void
add_cols(const struct diff *d, struct grid *g, bool people)
{
	const char *unit = d->field ? d->field->unit : "";
	size_t i;

	for (i = 0; i < d->n_shown; i++)
		grid_add_col(g, d->r.cols[d->shown[i]].name, "",
		    !recs_text(&d->r, d->shown[i], 0));
	grid_add_col(g, "base", unit, true);
	grid_add_col(g, "new", unit, true);
	grid_add_col(g, "ratio", "", true);
	if (people) {
		grid_add_col(g, "interval", "", true);
	} else {
		grid_add_col(g, "lo", "", true);
		grid_add_col(g, "hi", "", true);
	}
	grid_add_col(g, "p", "", true);
	if (!people) {
		grid_add_col(g, "p_bh", "", true);
		grid_add_col(g, "p_holm", "", true);
	}
	grid_add_col(g, "runs", "", true);
	grid_add_col(g, "verdict", "", false);
	grid_add_col(g, people ? "more runs" : "need", "", true);
}

static void
set_p(struct grid_cell *c, double p)
{
	grid_set_num(c, p, 3);
	if (p < 0.0005)
		grid_set_shown(c, "<.001");
}

/* The value of a side: exp of the median of its logarithms. */
static double
middle(const double *v, size_t n)
{
	double *copy = fm_calloc(n, sizeof *copy), m;

	memcpy(copy, v, n * sizeof *copy);
	m = n ? exp(fm_compare_median(copy, n)) : (double)NAN;
	free(copy);
	return m;
}

static void
set_runs(struct grid_cell *c, const struct fm_judge_point *p)
{
	char *s = fm_strdupf("%zu:%zu", p->n_base, p->n_next);

	grid_set_text(c, s);
	free(s);
}

static void
set_verdict(struct grid_cell *c, const struct fm_judge_point *p)
{
	static const enum grid_mood moods[FM_VERDICTS] = {
		[FM_VERDICT_FASTER] = GRID_GOOD,
		[FM_VERDICT_REGRESSED] = GRID_BAD,
		[FM_VERDICT_FAILED] = GRID_BAD,
		[FM_VERDICT_MISSING] = GRID_BAD,
		[FM_VERDICT_SUSPECT] = GRID_UNSURE,
		[FM_VERDICT_INCONCLUSIVE] = GRID_UNSURE,
	};

	grid_set_text(c, fm_verdict_word(p->verdict));
	c->mood = moods[p->verdict];
}

static void
put_point(const struct fm_judge_point *p, struct grid_cell *c, int decimals,
    bool people)
{
	char *s;

	grid_set_num(c++, middle(p->base, p->n_base), decimals);
	grid_set_num(c++, middle(p->next, p->n_next), decimals);
	grid_set_num(c++, exp(p->shift), 3);
	if (people && !isnan(p->lo)) {
		s = fm_strdupf("%.3f..%.3f", exp(p->lo), exp(p->hi));
		grid_set_text(c, s);
		free(s);
	}
	if (!people) {
		grid_set_num(c++, exp(p->lo), 3);
		grid_set_num(c, exp(p->hi), 3);
	}
	set_p(++c, p->p);
	if (!people) {
		set_p(++c, p->p_bh);
		set_p(++c, p->p_holm);
	}
	set_runs(++c, p);
	set_verdict(++c, p);
	if (p->need)
		grid_set_num(++c, p->need, 0);
}

static int
decimals(const struct diff *d)
{
	double *v = fm_calloc(d->n * 2, sizeof *v);
	size_t i;
	int n;

	for (i = 0; i < d->n; i++) {
		v[2 * i] = middle(d->points[i].base, d->points[i].n_base);
		v[2 * i + 1] = middle(d->points[i].next, d->points[i].n_next);
	}
	n = grid_decimals(v, d->n * 2, true);
	free(v);
	return n;
}

/* --- the line below --- */

static void
put_counts(struct fm_buf *b, const struct diff *d)
{
	size_t count[FM_VERDICTS] = { 0 }, i;
	bool any = false;

	for (i = 0; i < d->n; i++)
		count[d->points[i].verdict]++;
	for (i = 0; i < FM_VERDICTS; i++)
		if (count[i]) {
			fm_buf_printf(b, "%s%zu %s", any ? ", " : "", count[i],
			    fm_verdict_word((enum fm_verdict)i));
			any = true;
		}
	if (!any)
		fm_buf_puts(b, "nothing to compare");
}

static const char *
status_text(int status)
{
	switch (status) {
	case 0:
		return "no regression";
	case 1:
		return "regression";
	case 5:
		return "inconclusive";
	case 6:
		return "points are missing";
	default:
		return "records cannot be read";
	}
}

char *
diff_summary(const struct diff *d)
{
	struct fm_buf b = FM_BUF_INIT;
	double t = isnan(d->conf.threshold) ? FM_JUDGE_GATE : d->conf.threshold;
	int status = diff_status(d);

	put_counts(&b, d);
	if (d->n_both)
		fm_buf_printf(&b, "; geometric mean of %zu point%s: %.3f",
		    d->n_both, d->n_both == 1 ? "" : "s", exp(d->mean));
	if (!isnan(d->mean_lo))
		fm_buf_printf(
		    &b, " (%.3f..%.3f)", exp(d->mean_lo), exp(d->mean_hi));
	fm_buf_printf(&b,
	    "; status %d: %s (worse by more than %g %%, Holm at %g %%)", status,
	    status_text(status), t * 100, d->conf.alpha * 100);
	return fm_buf_detach(&b);
}

/* --- together --- */

static void
set_identity(const struct diff *d, struct grid_cell *c, size_t col, size_t row)
{
	cell x = recs_at(&d->r, col, row);

	if (cell_is_text(x))
		grid_set_text(c, texts_get(&d->r.texts, x));
	else if (col == d->about.simulated)
		grid_set_text(c, x == CELL_TRUE ? "simulated" : "");
	else
		grid_set_num(c, cell_to_num(x), 0);
}

void
diff_grid(const struct diff *d, struct grid *g, bool people)
{
	struct fm_buf title = FM_BUF_INIT;
	int places = decimals(d);
	size_t i, j;

	add_cols(d, g, people);
	for (i = 0; i < d->n; i++) {
		struct grid_cell *c = grid_add_row(g);

		for (j = 0; j < d->n_shown; j++)
			set_identity(d, c++, d->shown[j],
			    groups_first(&d->groups, d->group[i]));
		put_point(&d->points[i], c, places, people);
	}
	fm_buf_printf(&title, "%s: ", d->r.cols[d->metric].name);
	about_put(&title, &d->about, &d->r);
	g->title = fm_buf_detach(&title);
	g->footer = diff_summary(d);
}

/* Points of both sides, or of one, that have no value and did not fail. */
static void
tell_unknown(const struct diff *d)
{
	size_t i, n = 0;

	for (i = 0; i < d->groups.n; i++)
		n += d->groups.rows[d->groups.from[i]] < d->end[DIFF_NEXT];
	if (n > d->n)
		fm_prog_say("fm-report",
		    "%zu of %zu points have no '%s' on either side: they are "
		    "left out",
		    n - d->n, n, d->r.cols[d->metric].name);
}

/* No point of the base is on the new side: says why, when one field does. */
static void
explain(const struct diff *d)
{
	size_t i, next = d->end[DIFF_BASE];

	if (d->n_both || next == 0 || d->end[DIFF_NEXT] == next)
		return;
	for (i = 0; i < d->n_match; i++) {
		cell a = recs_at(&d->r, d->match[i], 0);
		cell b = recs_at(&d->r, d->match[i], next);

		if (a != b && cell_is_text(a) && cell_is_text(b))
			fm_prog_say("fm-report",
			    "no point matches: %s is '%s' in the base and "
			    "'%s' in the new records; --match chooses the "
			    "fields that define a point",
			    d->r.cols[d->match[i]].name,
			    texts_get(&d->r.texts, a),
			    texts_get(&d->r.texts, b));
	}
}

static int
print(const struct diff *d, const struct conf *c, struct fm_err *err)
{
	enum grid_format format = (enum grid_format)c->format;
	struct fm_buf b = FM_BUF_INIT;
	struct grid g = { 0 };
	int rc;

	diff_grid(d, &g, grid_for_people(format));
	grid_put(&b, &g, format, !c->output && grid_colour(stdout));
	rc = out_write(c->output, &b, err);
	grid_release(&g);
	fm_buf_release(&b);
	return rc;
}

int
diff_run(const struct conf *c, struct fm_err *err)
{
	struct diff d;
	int rc;

	if (c->files.n != 2)
		return fm_err_set(err, FM_USAGE,
		    "diff wants two files, BASE and NEW, got %zu: records of "
		    "several runs can stand in one file",
		    c->files.n);
	rc = diff_init(&d, c, err);
	if (rc == 0) {
		tell_unknown(&d);
		explain(&d);
		rc = print(&d, c, err);
	}
	if (rc == 0)
		rc = diff_status(&d);
	diff_release(&d);
	return rc;
}
