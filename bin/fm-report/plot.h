/*
 * fm-report plot: pictures, drawn by gnuplot. A kind fills in data (numbers
 * only) and variables; the template share/plot/KIND.gp says how it looks.
 */
#ifndef PLOT_H
#define PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "conf.h"
#include "err.h"
#include "strs.h"

enum plot_type {
	PLOT_SVG,
	PLOT_PNG,
	PLOT_PDF,
	PLOT_TEXT
};
extern const char *const plot_types[];

struct plot {
	const struct conf *conf;
	const char *template; /* name below share/plot, without .gp */
	struct fm_buf vars;   /* lines of gnuplot: variables, axes */
	struct fm_buf data;   /* what DATA names */
	enum plot_type type;
	int rows;             /* labels one above the other, 0 = as usual */
	int key_rows;         /* names of series below the picture */
	bool hover;           /* points carry their values, for a page */
	struct fm_strs names; /* of the series */
	bool refused;         /* the kind has printed its picture itself */
	bool bad;             /* some records could not be read */
};

int plot_run(const struct conf *c, struct fm_err *err);

/*
 * Draws one kind into `out`, which gets the picture as bytes. Used by
 * plot_run() and for the pictures of a page. 0, 1 when some records could not
 * be read, -1 with err.
 */
int plot_draw(const struct conf *c, const char *kind, enum plot_type type,
    struct fm_buf *out, struct fm_err *err);

/*
 * The same as SVG that may stand in a page: without scripts, declarations and
 * names that a second picture has, too; points tell their values when pointed
 * at.
 */
int plot_inline(const struct conf *c, const char *kind, struct fm_buf *out,
    struct fm_err *err);

/* --- for the kinds --- */

/* NAME = 'text', quoted. */
void plot_set(struct plot *p, const char *name, const char *text);
/* The second line of the title, cut to what fits. */
void plot_about(struct plot *p, const char *text);
/* Puts a text into the variables, with its quotes. */
void plot_text(struct plot *p, const char *text);
/* The same for the label of a tic, in which % begins a format. */
void plot_tic_text(struct plot *p, const char *text);
/* N, and the arrays NAME and COLOR of N series; KEYROWS > 0 when they
 * are long and stand below. `ordered`: they are values of one number. */
void plot_series(struct plot *p, const struct fm_strs *names, bool ordered);
/* Range and tics of an axis ('x' or 'y') of these values: logarithmic when
 * they double, with tics at the values along x when they are few. */
void plot_axis(struct plot *p, char axis, const double *v, size_t n);
/* Tics of an axis at 1, 2 and 5 of each power of ten, or at some of the powers
 * when those are many. */
void plot_log_tics(struct plot *p, const char *axis, double lo, double hi);
/* Sorts them, each once, without what is no number: how many. */
size_t plot_distinct(double *v, size_t n);
/* Numbers of a line of data, NaN as such; and the end of a series. */
void plot_numbers(struct plot *p, const double *v, size_t n);
void plot_end_series(struct plot *p);

typedef int plot_kind(struct plot *p, struct fm_err *err);
plot_kind plot_latency, plot_throughput, plot_pareto, plot_heatmap, plot_phases,
    plot_history, plot_compare, plot_reps, plot_hist, plot_ecdf, plot_profile,
    plot_roofline;

#endif
