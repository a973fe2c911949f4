/*
 * Sparklines and histograms in characters.
 */
#include "spark.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "quote.h"
#include "stat.h"

enum {
	WIDTH = 60,
	FEWEST_BINS = 5,
	MOST_BINS = 60,
	LEVELS = 8
};

/* U+2581 to U+2588: one eighth to eight eighths of a block. */
static void
put_bar(struct fm_buf *b, int level)
{
	char s[4] = { '\xe2', '\x96', (char)(0x81 + level), '\0' };

	fm_buf_puts(b, s);
}

void
spark_bins(struct spark_hist *h, const int64_t *v, size_t n)
{
	double iqr, range, top;
	int64_t q1, q3;
	size_t i, at;

	memset(h, 0, sizeof *h);
	if (n == 0)
		return;
	q1 = v[n / 4];
	q3 = v[n * 3 / 4];
	iqr = (double)(q3 - q1);
	top = (double)v[n - 1];
	if (iqr > 0)
		top = fmin(top, (double)q3 + 6 * iqr);
	range = top - (double)v[0];
	h->n = FEWEST_BINS;
	if (iqr > 0) {
		double bins = ceil(range / (2 * iqr / cbrt((double)n)));

		h->n = bins < FEWEST_BINS ? FEWEST_BINS
		       : bins > MOST_BINS ? MOST_BINS
					  : (size_t)bins;
	}
	h->from = (double)v[0];
	h->width = range / (double)h->n;
	if (!(range > 0)) {
		/* All are equal: one bin, wide enough to be seen. */
		h->n = 1;
		h->width = fmax(h->from * 0.01, 1);
	}
	h->count = fm_calloc(h->n, sizeof *h->count);
	for (i = 0; i < n; i++) {
		if ((double)v[i] > top) {
			h->beyond = n - i;
			break;
		}
		at = (size_t)(((double)v[i] - h->from) / h->width);
		h->count[at < h->n ? at : h->n - 1]++;
	}
}

void
spark_hist_release(struct spark_hist *h)
{
	free(h->count);
}

/* A heading: the point, how many, and the median of those kept. */
static void
put_head(struct fm_buf *b, const struct samples *s, size_t i, double median)
{
	char *name = samples_name(s, i);

	quote_text(b, name);
	fm_buf_printf(b, "%s%zu repetition%s, median %.4g ms\n",
	    *name ? ": " : "", s->v[i].n, s->v[i].n == 1 ? "" : "s",
	    median / 1e6);
	free(name);
}

static double
kept_median(const struct sample_set *p)
{
	size_t drop = fm_stat_fmwork_drop(p->n), n = p->n - drop;
	int64_t *v = fm_calloc(n, sizeof *v);
	double m;

	memcpy(v, p->ns + drop, n * sizeof *v);
	m = fm_stat_median_ns(v, n);
	free(v);
	return m;
}

static void
put_line(struct fm_buf *b, const struct sample_set *p)
{
	int64_t top[WIDTH] = { 0 }, lo, hi;
	size_t cols = p->n, c, i;
	size_t drop = fm_stat_fmwork_drop(p->n);
	bool cut = false;

	if (cols > WIDTH)
		cols = WIDTH;
	for (i = 0; i < p->n; i++) {
		c = i * cols / p->n;
		if (p->ns[i] > top[c])
			top[c] = p->ns[i];
	}
	/* The first repetition may be 200 times slower: it must not flatten
	 * all others. The scale is that of the kept ones. */
	lo = hi = p->ns[drop];
	for (i = drop; i < p->n; i++) {
		lo = p->ns[i] < lo ? p->ns[i] : lo;
		hi = p->ns[i] > hi ? p->ns[i] : hi;
	}
	for (c = 0; c < cols; c++) {
		double part =
		    hi > lo ? (double)(top[c] - lo) / (double)(hi - lo) : 0;
		int level = (int)(part * LEVELS);

		if (!cut && drop && c * p->n >= drop * cols) {
			fm_buf_puts(b, "|");
			cut = true;
		}
		put_bar(b, level < 0         ? 0
			   : level >= LEVELS ? LEVELS - 1
					     : level);
	}
	fm_buf_printf(
	    b, "  %.4g..%.4g ms\n", (double)lo / 1e6, (double)hi / 1e6);
}

static void
put_about(struct fm_buf *b, const struct samples *s)
{
	char *about = samples_about(s);

	quote_text(b, about);
	fm_buf_puts(b, "\n");
	free(about);
}

void
spark_reps(struct fm_buf *b, const struct samples *s)
{
	size_t i;

	put_about(b, s);
	for (i = 0; i < s->n; i++) {
		fm_buf_putc(b, '\n');
		put_head(b, s, i, kept_median(&s->v[i]));
		put_line(b, &s->v[i]);
	}
}

static void
put_hist(struct fm_buf *b, const struct sample_set *p)
{
	size_t drop = fm_stat_fmwork_drop(p->n), n = p->n - drop, i, most = 1;
	int64_t *v = fm_calloc(n, sizeof *v);
	int64_t *tmp = fm_calloc(n, sizeof *tmp);
	struct spark_hist h;

	memcpy(v, p->ns + drop, n * sizeof *v);
	fm_stat_sort(v, tmp, n);
	spark_bins(&h, v, n);
	for (i = 0; i < h.n; i++)
		most = h.count[i] > most ? h.count[i] : most;
	for (i = 0; i < h.n; i++) {
		size_t eighths = h.count[i] * 50 * LEVELS / most;
		size_t k;

		fm_buf_printf(b, "%10.4g ms  %6zu  ",
		    (h.from + h.width * (double)i) / 1e6, h.count[i]);
		for (k = LEVELS; k <= eighths; k += LEVELS)
			put_bar(b, LEVELS - 1);
		if (h.count[i] && eighths < LEVELS)
			fm_buf_puts(b, ".");
		fm_buf_putc(b, '\n');
	}
	if (h.beyond)
		fm_buf_printf(b, "    beyond     %6zu\n", h.beyond);
	spark_hist_release(&h);
	free(v);
	free(tmp);
}

void
spark_hists(struct fm_buf *b, const struct samples *s)
{
	size_t i;

	put_about(b, s);
	for (i = 0; i < s->n; i++) {
		fm_buf_putc(b, '\n');
		put_head(b, s, i, kept_median(&s->v[i]));
		put_hist(b, &s->v[i]);
	}
}
