/*
 * The frame around all kinds of plots: which terminal, the script, gnuplot's
 * run, the files that are kept.
 */
#include "plot.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "alloc.h"
#include "gnuplot.h"
#include "io.h"
#include "num.h"
#include "out.h"
#include "prog.h"
#include "quote.h"
#include "svg.h"

const char *const plot_types[] = { "svg", "png", "pdf", "text", NULL };

static const struct {
	const char *name;
	plot_kind *fill;
} kinds[] = {
	{ "latency", plot_latency },
	{ "throughput", plot_throughput },
	{ "pareto", plot_pareto },
	{ "heatmap", plot_heatmap },
	{ "phases", plot_phases },
	{ "history", plot_history },
	{ "compare", plot_compare },
	{ "reps", plot_reps },
	{ "hist", plot_hist },
	{ "ecdf", plot_ecdf },
	{ "profile", plot_profile },
	{ "roofline", plot_roofline },
};

/* --- for the kinds --- */

void
plot_set(struct plot *p, const char *name, const char *text)
{
	fm_buf_printf(&p->vars, "%s = ", name);
	quote_gnuplot(&p->vars, text);
	fm_buf_putc(&p->vars, '\n');
}

void
plot_about(struct plot *p, const char *text)
{
	enum {
		FITS = 95 /* characters, at 800 px */
	};
	size_t n = 0, width = 0;
	char *cut;

	while (text[n] && width < FITS) {
		n++;
		while (((unsigned char)text[n] & 0xc0) == 0x80)
			n++;
		width++;
	}
	cut = fm_strdupf("%.*s%s", (int)n, text, text[n] ? "..." : "");
	plot_set(p, "ABOUT", cut);
	free(cut);
}

void
plot_text(struct plot *p, const char *text)
{
	quote_gnuplot(&p->vars, text);
}

void
plot_tic_text(struct plot *p, const char *text)
{
	enum {
		MOST = 49 /* bytes; gnuplot drops the rest */
	};
	char *cut = quote_short(text, MOST, MOST);
	struct fm_buf b = FM_BUF_INIT;
	const char *s;

	for (s = cut; *s; s++)
		fm_buf_printf(&b, "%s%c", *s == '%' ? "%" : "", *s);
	quote_gnuplot(&p->vars, b.s);
	fm_buf_release(&b);
	free(cut);
}

/*
 * Okabe and Ito's colours, told apart with every kind of colour vision; for
 * more series, or none of another kind than the one before, viridis by steps.
 */
static unsigned
colour(size_t i, size_t n, bool ordered)
{
	static const unsigned apart[] = { 0x0072b2, 0xd55e00, 0x009e73,
		0xcc79a7, 0xe69f00, 0x56b4e9, 0x000000 };
	static const unsigned viridis[] = { 0x440154, 0x46327e, 0x365c8d,
		0x277f8e, 0x1fa187, 0x4ac16d, 0xa0da39 };
	size_t last = sizeof viridis / sizeof *viridis - 1;
	double at, part;
	unsigned a, b, c = 0;
	int shift;

	if (n <= sizeof apart / sizeof *apart && !(ordered && n > 3))
		return apart[i];
	at = (double)i / (double)(n - 1) * (double)last;
	a = viridis[(size_t)at];
	b = viridis[(size_t)at < last ? (size_t)at + 1 : last];
	part = at - floor(at);
	for (shift = 0; shift < 24; shift += 8) {
		double x = (a >> shift) & 0xff, y = (b >> shift) & 0xff;

		c |= (unsigned)lround(x + (y - x) * part) << shift;
	}
	return c;
}

enum {
	MOST_NAMES = 20, /* more are not told apart anyway: no key */
	WIDEST = 100     /* characters of a name; gnuplot leaves out a whole
			  * key that does not fit */
};

static void
put_name(struct plot *p, const char *name)
{
	char *cut = quote_short(name, WIDEST, SIZE_MAX);

	quote_gnuplot(&p->vars, cut);
	free(cut);
}

void
plot_series(struct plot *p, const struct fm_strs *names, bool ordered)
{
	size_t i, longest = 0;

	for (i = 0; i < names->n; i++)
		longest = quote_width(names->v[i]) > longest
			      ? quote_width(names->v[i])
			      : longest;
	for (i = 0; i < names->n; i++)
		fm_strs_add(&p->names, names->v[i]);
	/* Long names go below the picture, where they take no width. */
	p->key_rows =
	    longest > 20 && names->n <= MOST_NAMES ? (int)names->n : 0;
	fm_buf_printf(&p->vars, "KEYROWS = %d\n", p->key_rows);
	fm_buf_printf(&p->vars, "N = %zu\n", names->n);
	if (names->n == 0)
		return;
	fm_buf_printf(&p->vars, "array NAME[%zu]\narray COLOR[%zu]\n", names->n,
	    names->n);
	for (i = 0; i < names->n; i++) {
		fm_buf_printf(&p->vars, "NAME[%zu] = ", i + 1);
		put_name(p, names->v[i]);
		fm_buf_printf(&p->vars, "; COLOR[%zu] = 0x%06x\n", i + 1,
		    colour(i, names->n, ordered));
	}
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

size_t
plot_distinct(double *v, size_t n)
{
	size_t i, m = 0;

	for (i = 0; i < n; i++)
		if (isfinite(v[i]))
			v[m++] = v[i];
	n = m;
	qsort(v, n, sizeof *v, ascending);
	for (i = m = 0; i < n; i++)
		if (m == 0 || v[i] != v[m - 1])
			v[m++] = v[i];
	return m;
}

enum {
	MOST_TICS = 9
};

void
plot_log_tics(struct plot *p, const char *axis, double lo, double hi)
{
	static const double parts[] = { 1, 2, 5 };
	bool many = hi / lo > 2000, any = false;
	int by = (int)ceil(log10(hi / lo) / MOST_TICS), k;
	struct fm_buf *b = &p->vars;
	size_t i;

	fm_buf_printf(b, "set %stics (", axis);
	for (k = (int)floor(log10(lo)); k <= (int)ceil(log10(hi)); k += by)
		for (i = 0; i < (many ? 1 : 3); i++) {
			double v = parts[i] * pow(10, k);

			if (v < lo || v > hi)
				continue;
			fm_buf_printf(
			    b, "%s'%.10g' %.10g", any ? ", " : "", v, v);
			any = true;
		}
	fm_buf_puts(b, any ? ")\n" : "0 0)\n");
}

static void
put_value_tics(struct fm_buf *b, char axis, const double *v, size_t n)
{
	size_t i;

	fm_buf_printf(b, "set %ctics (", axis);
	for (i = 0; i < n; i++)
		fm_buf_printf(b, "%s'%.10g' %.17g", i ? ", " : "", v[i], v[i]);
	fm_buf_puts(b, ")\n");
}

/* Sizes have their tics where they are; what was measured has not. */
static bool
are_sizes(const double *v, size_t n)
{
	size_t i;

	for (i = 0; i < n && v[i] == floor(v[i]); i++)
		continue;
	return i == n && n <= MOST_TICS;
}

void
plot_axis(struct plot *p, char axis, const double *v, size_t n)
{
	double *d = fm_calloc(n, sizeof *d), lo, hi;
	struct fm_buf *b = &p->vars;
	size_t m;

	memcpy(d, v, n * sizeof *d);
	m = plot_distinct(d, n);
	lo = m ? d[0] : 0;
	hi = m ? d[m - 1] : 0;
	if (lo > 0 && hi / lo >= 4) {
		fm_buf_printf(b, "set logscale %c\n", axis);
		lo /= pow(hi / lo, 0.05);
		hi *= pow(hi / lo, 0.05);
		if (axis == 'x' && are_sizes(d, m))
			put_value_tics(b, axis, d, m);
		else
			plot_log_tics(p, axis == 'x' ? "x" : "y", lo, hi);
	} else if (axis == 'x' && m > 1) {
		double room = (hi - lo) * 0.05;

		lo -= room;
		hi += room;
		if (are_sizes(d, m))
			put_value_tics(b, axis, d, m);
	} else if (m) {
		if (axis == 'x' && are_sizes(d, m))
			put_value_tics(b, axis, d, m);
		/* Lengths can be compared only from zero. */
		lo = axis == 'x' ? lo * 0.9 : lo < 0 ? lo : 0;
		hi = hi > 0 ? hi * 1.1 : 1;
	}
	if (m && hi > lo)
		fm_buf_printf(b, "set %crange [%.10g:%.10g]\n", axis, lo, hi);
	free(d);
}

void
plot_numbers(struct plot *p, const double *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		fm_buf_puts(&p->data, i ? " " : "");
		if (isfinite(v[i]))
			fm_buf_printf(&p->data, "%.10g", v[i]);
		else
			fm_buf_puts(&p->data, "NaN");
	}
	fm_buf_putc(&p->data, '\n');
}

void
plot_end_series(struct plot *p)
{
	fm_buf_puts(&p->data, "\n\n");
}

/* --- the script --- */

static int
add_file(struct fm_buf *b, const char *path, struct fm_err *err)
{
	int rc = fm_io_read_file(path, b, err);

	if (rc == 0 && b->len && b->s[b->len - 1] != '\n')
		fm_buf_putc(b, '\n');
	return rc;
}

static int
add_template(struct fm_buf *b, const char *name, struct fm_err *err)
{
	char *file = fm_strdupf("plot/%s.gp", name);
	char *path = fm_prog_share(file);
	int rc = add_file(b, path, err);

	free(file);
	free(path);
	return rc;
}

static void
put_terminal(struct fm_buf *b, const struct plot *p)
{
	struct winsize w = { 24, 80, 0, 0 };
	/* 800 pixels wide; as high as its rows need. */
	int height = p->rows > 250 ? 4370 : 120 + 17 * p->rows;

	if (height < 500)
		height = 500;
	height += 19 * p->key_rows;

	switch (p->type) {
	case PLOT_SVG:
		fm_buf_printf(b,
		    "set terminal svg size 800,%d dynamic "
		    "font 'sans-serif,14' background '#ffffff' noenhanced\n",
		    height);
		break;
	case PLOT_PNG:
		fm_buf_printf(b,
		    "set terminal pngcairo size 1600,%d "
		    "font 'sans-serif,22' linewidth 2 pointscale 2 "
		    "noenhanced\n",
		    height * 2);
		break;
	case PLOT_PDF:
		fm_buf_printf(b,
		    "set terminal pdfcairo size 8in,%.2fin "
		    "font 'sans-serif,12' noenhanced\n",
		    height / 100.0);
		break;
	case PLOT_TEXT:
		(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
		if (w.ws_col < 40 || w.ws_row < 10)
			w.ws_col = 80, w.ws_row = 24;
		fm_buf_printf(b, "set terminal dumb noenhanced size %d,%d\n",
		    w.ws_col, p->rows > w.ws_row ? p->rows : w.ws_row - 1);
		break;
	}
	fm_buf_printf(b, "TEXT = %d; SMALL = ',%d'; TINY = ',%d'\n",
	    p->type == PLOT_TEXT, p->type == PLOT_PNG ? 18 : 11,
	    p->type == PLOT_PNG ? 12 : 7);
}

/* What gnuplot is told; the picture and the data are files. */
static int
make_script(const struct plot *p, const char *picture, const char *data,
    struct fm_buf *b, struct fm_err *err)
{
	fm_buf_printf(b,
	    "# Made by fm-report %s. Draw it again with: gnuplot FILE\n",
	    FM_VERSION);
	put_terminal(b, p);
	fm_buf_puts(b, "set output ");
	quote_gnuplot(b, picture);
	fm_buf_puts(b, "\nDATA = ");
	quote_gnuplot(b, data);
	fm_buf_putc(b, '\n');
	if (add_template(b, "common", err) != 0)
		return -1;
	fm_buf_put(b, p->vars.s, p->vars.len);
	if (add_template(b, "title", err) != 0)
		return -1;
	return p->conf->template ? add_file(b, p->conf->template, err)
				 : add_template(b, p->template, err);
}

/* --- drawing --- */

/* FILE.dat and FILE.gp beside the picture FILE. */
static int
keep(const struct plot *p, struct fm_err *err)
{
	const char *picture = p->conf->output;
	char *data = fm_strdupf("%s.dat", picture);
	char *gp = fm_strdupf("%s.gp", picture);
	struct fm_buf script = FM_BUF_INIT;
	int rc = make_script(p, picture, data, &script, err);

	if (rc == 0)
		rc = out_write(data, &p->data, err);
	if (rc == 0)
		rc = out_write(gp, &script, err);
	fm_buf_release(&script);
	free(data);
	free(gp);
	return rc;
}

static int
draw(const struct plot *p, struct fm_buf *out, struct fm_err *err)
{
	char *dir = fm_io_tmpdir("fm-report", err);
	struct fm_buf script = FM_BUF_INIT;
	char *picture, *data;
	int rc;

	if (!dir)
		return -1;
	picture = fm_io_join(dir, "picture");
	data = fm_io_join(dir, "data");
	rc = make_script(p, picture, data, &script, err);
	if (rc == 0)
		rc = out_write(data, &p->data, err);
	if (rc == 0)
		rc = gnuplot_run(&script, err);
	if (rc == 0)
		rc = fm_io_read_file(picture, out, err);
	fm_buf_release(&script);
	(void)fm_io_remove_tree(dir, err);
	free(picture);
	free(data);
	free(dir);
	return rc;
}

static int
find_kind(const char *name, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			fm_buf_release(&b);
			return (int)i;
		}
		fm_buf_printf(&b, "%s%s", i ? ", " : "", kinds[i].name);
	}
	(void)fm_err_set(err, FM_USAGE,
	    "'%s' is no kind of plot: choose one of %s", name, b.s);
	fm_buf_release(&b);
	return -1;
}

/* Fills in and draws; the caller releases p. */
static int
draw_kind(struct plot *p, struct fm_buf *out, struct fm_err *err)
{
	int i = find_kind(p->template, err), rc = i < 0 ? -1 : 0;

	if (rc == 0)
		rc = kinds[i].fill(p, err);
	fm_buf_printf(&p->vars, "HOVER = %d\n", p->hover);
	if (rc == 0 && p->refused) {
		fm_buf_put(out, p->data.s, p->data.len);
	} else if (rc == 0) {
		rc = draw(p, out, err);
		if (rc == 0 && p->conf->keep)
			rc = keep(p, err);
	}
	return rc == 0 && p->bad ? 1 : rc;
}

static void
init(
    struct plot *p, const struct conf *c, const char *kind, enum plot_type type)
{
	memset(p, 0, sizeof *p);
	p->conf = c;
	p->template = kind;
	p->type = type;
	fm_buf_init(&p->vars);
	fm_buf_init(&p->data);
}

static void
release(struct plot *p)
{
	fm_buf_release(&p->vars);
	fm_buf_release(&p->data);
	fm_strs_release(&p->names);
}

int
plot_draw(const struct conf *c, const char *kind, enum plot_type type,
    struct fm_buf *out, struct fm_err *err)
{
	struct plot p;
	int rc;

	init(&p, c, kind, type);
	rc = draw_kind(&p, out, err);
	release(&p);
	return rc;
}

int
plot_inline(const struct conf *c, const char *kind, struct fm_buf *out,
    struct fm_err *err)
{
	struct fm_buf svg = FM_BUF_INIT;
	struct plot p;
	int rc;

	init(&p, c, kind, PLOT_SVG);
	p.hover = true;
	rc = draw_kind(&p, &svg, err);
	if (rc >= 0)
		svg_inline(out, svg.s, kind, &p.names);
	fm_buf_release(&svg);
	release(&p);
	return rc;
}

/* By -T, else the end of the file's name, else what stdout is. */
static int
choose_type(const struct conf *c, struct fm_err *err)
{
	const char *end = c->output ? strrchr(c->output, '.') : NULL;
	int i;

	if (c->terminal) {
		for (i = 0; plot_types[i]; i++)
			if (strcmp(c->terminal, plot_types[i]) == 0 ||
			    (i == PLOT_TEXT &&
				strcmp(c->terminal, "terminal") == 0))
				return i;
		return fm_err_set(err, FM_USAGE,
		    "--terminal must be svg, png, pdf or text, got '%s'",
		    c->terminal);
	}
	if (!c->output)
		return isatty(STDOUT_FILENO) ? PLOT_TEXT : PLOT_SVG;
	for (i = 0; end && plot_types[i]; i++)
		if (strcmp(end + 1, plot_types[i]) == 0)
			return i;
	return fm_err_set(err, FM_USAGE,
	    "'%s': what kind of picture is that? The name must end in .svg, "
	    ".png or .pdf, or give --terminal",
	    c->output);
}

int
plot_run(const struct conf *c, struct fm_err *err)
{
	struct fm_buf out = FM_BUF_INIT;
	int type = choose_type(c, err), rc, written;

	if (type < 0)
		return -1;
	if (!c->kind)
		return fm_err_set(err, FM_USAGE,
		    "plot wants a kind first: see fm-report plot --help");
	if (c->keep && !c->output)
		return fm_err_set(err, FM_USAGE,
		    "--keep writes FILE.dat and FILE.gp beside the picture: "
		    "give --output FILE");
	rc = plot_draw(c, c->kind, (enum plot_type)type, &out, err);
	if (rc >= 0) {
		written = out_write(c->output, &out, err);
		rc = written < 0 ? written : rc;
	}
	fm_buf_release(&out);
	return rc;
}
