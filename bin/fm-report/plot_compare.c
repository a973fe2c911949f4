/*
 * A forest plot: for each point the ratio of new to base with its interval,
 * coloured by the verdict, and the geometric mean below them.
 */
#include <math.h>
#include <string.h>

#include "diff.h"
#include "plot.h"

/* Row `at` from the top: ratio, interval, and the class of its verdict. *far:
 * the greatest distance from 1. */
static void
put_row(struct plot *pl, size_t at, double ratio, double lo, double hi,
    int class, const char *name, double *far)
{
	double v[5] = { ratio, -(double)at, isnan(lo) ? ratio : lo,
		isnan(hi) ? ratio : hi, class };

	fm_buf_puts(&pl->vars, "set ytics add (");
	plot_tic_text(pl, name);
	fm_buf_printf(&pl->vars, " -%zu)\n", at);
	plot_numbers(pl, v, 5);
	*far = fmax(*far, fmax(fabs(v[2] - 1), fabs(v[3] - 1)));
}

static void
put_points(struct plot *pl, const struct diff *d, double *far)
{
	/* 0 no difference, 1 better, 2 worse, 3 not sure */
	static const int class[FM_VERDICTS] = { 0, 1, 2, 3, 3, 0, 0, 0 };
	struct fm_buf b = FM_BUF_INIT;
	size_t i, at = 0;

	fm_buf_puts(&pl->vars, "set ytics ('' 0)\n");
	for (i = 0; i < d->n; i++) {
		const struct fm_judge_point *p = &d->points[i];

		if (isnan(p->shift))
			continue;
		diff_name(&b, d, i);
		put_row(pl, at++, exp(p->shift), exp(p->lo), exp(p->hi),
		    class[p->verdict], b.s, far);
	}
	if (d->n_both)
		put_row(pl, at++, exp(d->mean), exp(d->mean_lo),
		    exp(d->mean_hi), 4, "geometric mean", far);
	fm_buf_printf(&pl->vars, "N = %zu\n", at);
	pl->rows = (int)at + 8;
	fm_buf_release(&b);
}

int
plot_compare(struct plot *pl, struct fm_err *err)
{
	const struct conf *c = pl->conf;
	double t, far = 0;
	struct diff d;
	struct fm_buf b = FM_BUF_INIT;
	int rc;

	if (!c->base && c->files.n != 2)
		return fm_err_set(err, FM_USAGE,
		    "plot compare wants two files, BASE and NEW, got %zu",
		    c->files.n);
	rc = diff_init(&d, c, err);
	if (rc == 0) {
		t = isnan(d.conf.threshold) ? FM_JUDGE_GATE : d.conf.threshold;
		put_points(pl, &d, &far);
		fm_buf_printf(&pl->vars, "BAND = %g; FAR = %.10g\n", t,
		    fmax(far * 1.1, t * 1.3));
		fm_buf_printf(
		    &b, "%s, new against base", d.r.cols[d.metric].name);
		plot_set(pl, "TITLE", c->title ? c->title : b.s);
		fm_buf_clear(&b);
		about_put(&b, &d.about, &d.r);
		plot_about(pl, b.s);
		pl->template = "compare";
		pl->bad = d.r.in.bad > 0;
	}
	fm_buf_release(&b);
	diff_release(&d);
	return rc;
}
