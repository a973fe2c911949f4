/*
 * Plots of single repetitions: their time line, their histogram, their
 * distribution function. As text the first two need no gnuplot.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "plot.h"
#include "prog.h"
#include "samples.h"
#include "spark.h"
#include "stat.h"

static double
ms(int64_t ns)
{
	return (double)ns / 1e6;
}

static int
read_samples(struct plot *pl, struct samples *s, struct fm_err *err)
{
	memset(s, 0, sizeof *s);
	return samples_read(s, &pl->conf->files, pl->conf->where, err);
}

static void
put_titles(struct plot *pl, const struct samples *s, const char *what)
{
	char *about = samples_about(s);

	plot_set(pl, "TITLE", pl->conf->title ? pl->conf->title : what);
	plot_about(pl, about);
	free(about);
}

/* --- time line --- */

/* Tukey's outer limits of the kept ones, 1.5 quartile distances away. */
static void
fences(const struct fm_stat *st, double *lo, double *hi)
{
	double q1 = st->quantile[0], q3 = st->quantile[2];
	bool known = st->has_quantile[0] && st->has_quantile[2];

	*lo = known ? q1 - 1.5 * (q3 - q1) : (double)-INFINITY;
	*hi = known ? q3 + 1.5 * (q3 - q1) : (double)INFINITY;
}

static void
describe(const struct sample_set *p, struct fm_stat *st)
{
	struct fm_stat_conf conf = { FM_STAT_FMWORK, 0, true, false };
	struct fm_stat_work work = { 0 };

	fm_stat_describe(st, p->ns, p->n, &conf, &work);
	fm_stat_work_release(&work);
}

/* Logarithmic when a few are many times slower; else close around them. */
static void
put_times(struct plot *pl, const struct sample_set *p)
{
	double *v = fm_calloc(p->n, sizeof *v), lo = ms(p->ns[0]), hi = lo;
	size_t i;

	for (i = 0; i < p->n; i++) {
		v[i] = ms(p->ns[i]);
		lo = fmin(lo, v[i]);
		hi = fmax(hi, v[i]);
	}
	plot_axis(pl, 'y', v, p->n);
	if (!(lo > 0 && hi / lo >= 4) && hi > lo)
		fm_buf_printf(&pl->vars, "set yrange [%.10g:%.10g]\n",
		    lo - (hi - lo) * 0.08, hi + (hi - lo) * 0.08);
	free(v);
}

static void
put_reps(struct plot *pl, const struct sample_set *p, const struct fm_stat *st)
{
	double lo, hi, median = (double)st->median2 / 2e6;
	double half = st->has_drift ? st->drift / 200 * median : 0;
	size_t i;

	put_times(pl, p);
	fences(st, &lo, &hi);
	for (i = 0; i < p->n; i++) {
		double t = (double)p->ns[i];
		double v[3] = { (double)i + 1, ms(p->ns[i]), 0 };

		v[2] = i < st->dropped ? 1 : t < lo || t > hi ? 2 : 0;
		plot_numbers(pl, v, 3);
	}
	fm_buf_printf(&pl->vars,
	    "CUT = %zu; MEDIAN = %.10g; LO = %.10g; HI = %.10g; "
	    "FROM = %.10g; TO = %.10g; N = %zu\n",
	    st->dropped, median, st->has_ci ? ms(st->ci_lo) : 0,
	    st->has_ci ? ms(st->ci_hi) : 0, median - half, median + half, p->n);
}

int
plot_reps(struct plot *pl, struct fm_err *err)
{
	struct samples s;
	struct fm_stat st;
	struct fm_buf what = FM_BUF_INIT;
	char *name;
	int rc = read_samples(pl, &s, err);

	if (rc == 0 && s.n > 1 && pl->type != PLOT_TEXT)
		fm_prog_say("fm-report",
		    "1 of %zu points is drawn: --where 'point == 2' chooses "
		    "another one",
		    s.n);
	if (rc == 0 && pl->type == PLOT_TEXT) {
		spark_reps(&pl->data, &s);
		pl->refused = true;
	} else if (rc == 0 && s.n) {
		name = samples_name(&s, 0);
		describe(&s.v[0], &st);
		put_reps(pl, &s.v[0], &st);
		fm_buf_printf(&what, "%zu repetition%s%s%s", s.v[0].n,
		    s.v[0].n == 1 ? "" : "s", *name ? ": " : "", name);
		if (st.has_drift)
			fm_buf_printf(&what, "; drift %+.1f %% (%.1f to %.1f)",
			    st.drift, st.drift_lo, st.drift_hi);
		put_titles(pl, &s, what.s);
		free(name);
	} else if (rc == 0) {
		put_titles(pl, &s, "repetitions");
		fm_buf_puts(&pl->vars, "N = 0\n");
	}
	pl->template = "reps";
	fm_buf_release(&what);
	samples_release(&s);
	return rc;
}

/* --- distributions --- */

/* The kept ones in order; the caller frees. */
static int64_t *
sorted(const struct sample_set *p, size_t *n)
{
	size_t drop = fm_stat_fmwork_drop(p->n);
	int64_t *v, *tmp;

	*n = p->n - drop;
	v = fm_calloc(*n, sizeof *v);
	tmp = fm_calloc(*n, sizeof *tmp);
	memcpy(v, p->ns + drop, *n * sizeof *v);
	fm_stat_sort(v, tmp, *n);
	free(tmp);
	return v;
}

static void
put_names(struct plot *pl, const struct samples *s, size_t n)
{
	struct fm_strs names = FM_STRS_INIT;
	size_t i;

	for (i = 0; i < n; i++)
		fm_strs_add_take(&names, samples_name(s, i));
	plot_series(pl, &names, false);
	fm_strs_release(&names);
}

static void
put_ecdf(struct plot *pl, const struct sample_set *p, struct fm_buf *all)
{
	size_t n, i;
	int64_t *v = sorted(p, &n);
	double foot[2] = { n ? ms(v[0]) : 0, 0 };

	if (n)
		plot_numbers(pl, foot, 2);
	for (i = 0; i < n; i++) {
		double d[2] = { ms(v[i]), (double)(i + 1) / (double)n };

		plot_numbers(pl, d, 2);
		fm_buf_put(all, d, sizeof *d);
	}
	plot_end_series(pl);
	free(v);
}

int
plot_ecdf(struct plot *pl, struct fm_err *err)
{
	struct samples s;
	struct fm_buf all = FM_BUF_INIT;
	size_t i;
	int rc = read_samples(pl, &s, err);

	if (rc == 0) {
		for (i = 0; i < s.n; i++)
			put_ecdf(pl, &s.v[i], &all);
		put_titles(pl, &s, "distribution of the repetitions");
		plot_axis(pl, 'x', (const double *)(void *)all.s,
		    all.len / sizeof(double));
		put_names(pl, &s, s.n);
		pl->template = "ecdf";
	}
	fm_buf_release(&all);
	samples_release(&s);
	return rc;
}

enum {
	MOST_HISTS = 4 /* more in one picture hide one another */
};

/* One series; its name says what lies beyond the picture. */
static void
put_hist(
    struct plot *pl, const struct samples *s, size_t at, struct fm_strs *names)
{
	struct spark_hist h;
	char *name = samples_name(s, at);
	size_t n, i;
	int64_t *v = sorted(&s->v[at], &n);

	spark_bins(&h, v, n);
	if (h.beyond) {
		fm_strs_add_take(
		    names, fm_strdupf("%s (%zu beyond %.4g ms)", name, h.beyond,
			       (h.from + h.width * (double)h.n) / 1e6));
	} else {
		fm_strs_add(names, name);
	}
	free(name);
	for (i = 0; i < h.n; i++) {
		double d[3];

		d[0] = (h.from + h.width * (double)i) / 1e6;
		d[1] = d[0] + h.width / 1e6;
		d[2] = (double)h.count[i];
		plot_numbers(pl, d, 3);
	}
	plot_end_series(pl);
	spark_hist_release(&h);
	free(v);
}

int
plot_hist(struct plot *pl, struct fm_err *err)
{
	struct samples s;
	struct fm_strs names = FM_STRS_INIT;
	size_t i, n;
	int rc = read_samples(pl, &s, err);

	if (rc == 0 && pl->type == PLOT_TEXT) {
		spark_hists(&pl->data, &s);
		pl->refused = true;
	} else if (rc == 0) {
		n = s.n;
		if (n > MOST_HISTS) {
			n = MOST_HISTS;
			fm_prog_say("fm-report",
			    "%zu of %zu points are drawn: --where chooses "
			    "others",
			    n, s.n);
		}
		for (i = 0; i < n; i++)
			put_hist(pl, &s, i, &names);
		put_titles(pl, &s, "histogram of the repetitions");
		plot_series(pl, &names, false);
		fm_strs_release(&names);
		pl->template = "hist";
	}
	samples_release(&s);
	return rc;
}
