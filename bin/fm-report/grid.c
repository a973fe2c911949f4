/*
 * Tables as text, Markdown, CSV, TSV, HTML and JSON.
 */
#include "grid.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "json.h"
#include "quote.h"

const char *const grid_formats[] = { "text", "md", "csv", "tsv", "html", "json",
	NULL };

void
grid_release(struct grid *g)
{
	size_t i;

	for (i = 0; i < g->n_cols * g->n_rows; i++) {
		free(g->cells[i].shown);
		free(g->cells[i].exact);
	}
	for (i = 0; i < g->n_cols; i++) {
		free(g->heads[i].name);
		free(g->heads[i].unit);
	}
	free(g->heads);
	free(g->cells);
	free(g->title);
	free(g->footer);
	memset(g, 0, sizeof *g);
}

void
grid_add_col(struct grid *g, const char *name, const char *unit, bool right)
{
	FM_GROW(g->heads, g->cap_cols, g->n_cols + 1);
	g->heads[g->n_cols].name = fm_strdup(name);
	g->heads[g->n_cols].unit = fm_strdup(unit);
	g->heads[g->n_cols++].right = right;
}

struct grid_cell *
grid_add_row(struct grid *g)
{
	struct grid_cell *c;

	FM_GROW(g->cells, g->cap_cells, (g->n_rows + 1) * g->n_cols);
	c = g->cells + g->n_rows++ * g->n_cols;
	memset(c, 0, g->n_cols * sizeof *c);
	return c;
}

void
grid_set_shown(struct grid_cell *c, const char *s)
{
	free(c->shown);
	c->shown = fm_strdup(s);
}

static void
set_exact(struct grid_cell *c, struct fm_buf *b)
{
	free(c->exact);
	c->exact = fm_buf_detach(b);
}

void
grid_set_text(struct grid_cell *c, const char *s)
{
	struct fm_buf b = FM_BUF_INIT;

	grid_set_shown(c, s);
	fm_json_put_str(&b, s, strlen(s), false);
	set_exact(c, &b);
}

void
grid_set_num(struct grid_cell *c, double v, int decimals)
{
	struct fm_buf b = FM_BUF_INIT;
	char text[64];

	if (!isfinite(v))
		return;
	/* What was scaled and averaged is right to 15 digits. */
	fm_buf_printf(&b, "%.15g", v);
	set_exact(c, &b);
	(void)snprintf(
	    text, sizeof text, fabs(v) < 1e15 ? "%.*f" : "%.*e", decimals, v);
	grid_set_shown(c, text);
}

int
grid_decimals(const double *v, size_t n, bool whole)
{
	double least = (double)INFINITY;
	size_t i;
	int d;

	for (i = 0; i < n; i++) {
		if (!isfinite(v[i]) || v[i] == 0)
			continue;
		whole = whole && v[i] == floor(v[i]) && fabs(v[i]) < 1e15;
		least = fmin(least, fabs(v[i]));
	}
	if (whole || isinf(least))
		return 0;
	d = 2 - (int)floor(log10(least));
	return d < 0 ? 0 : d > 6 ? 6 : d;
}

bool
grid_colour(FILE *f)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(fileno(f)) && !(no && *no) && term &&
	       strcmp(term, "dumb") != 0;
}

/* --- for people --- */

static char *
quoted(const char *s, quote_put *quote)
{
	struct fm_buf b = FM_BUF_INIT;

	quote(&b, s ? s : "");
	return fm_buf_detach(&b);
}

static char *
head_text(const struct grid_head *h)
{
	return *h->unit ? fm_strdupf("%s %s", h->name, h->unit)
			: fm_strdup(h->name);
}

static void
put_padded(struct fm_buf *b, const char *s, size_t width, bool right, bool last)
{
	size_t w = quote_width(s), pad = width > w ? width - w : 0;

	if (last && !*s)
		return;
	if (right)
		fm_buf_printf(b, "%*s%s", (int)pad, "", s);
	else
		fm_buf_printf(b, "%s%*s", s, last ? 0 : (int)pad, "");
}

static const char *const colours[] = { "", "\033[32m", "\033[31m", "\033[33m" };

static void
put_text_row(struct fm_buf *b, const struct grid *g, char **row,
    const struct grid_cell *cells, const size_t *width, bool colour)
{
	size_t i;

	for (i = 0; i < g->n_cols; i++) {
		const char *on = !colour         ? ""
				 : !cells        ? "\033[1m"
				 : cells[i].mood ? colours[cells[i].mood]
						 : "";

		fm_buf_puts(b, i ? "  " : "");
		fm_buf_puts(b, on);
		put_padded(
		    b, row[i], width[i], g->heads[i].right, i + 1 == g->n_cols);
		fm_buf_puts(b, *on ? "\033[0m" : "");
	}
	while (b->s[b->len - 1] == ' ')
		b->len--;
	fm_buf_putc(b, '\n');
}

enum {
	WIDEST = 60 /* characters of a cell; options can be hundreds */
};

static void
put_lines(struct fm_buf *b, const struct grid *g, bool colour)
{
	size_t n = (g->n_rows + 1) * g->n_cols, i;
	char **text = fm_calloc(n, sizeof *text);
	size_t *width = fm_calloc(g->n_cols, sizeof *width);

	for (i = 0; i < n; i++) {
		char *whole;
		size_t w;

		whole = i < g->n_cols
			    ? head_text(&g->heads[i])
			    : quoted(g->cells[i - g->n_cols].shown, quote_text);
		/* Programs get it whole from the other forms. */
		text[i] = quote_short(whole, WIDEST, SIZE_MAX);
		free(whole);
		w = quote_width(text[i]);
		if (w > width[i % g->n_cols])
			width[i % g->n_cols] = w;
	}
	if (g->title) {
		quote_text(b, g->title);
		fm_buf_puts(b, "\n\n");
	}
	put_text_row(b, g, text, NULL, width, colour);
	for (i = 0; i < g->n_rows; i++)
		put_text_row(b, g, text + (i + 1) * g->n_cols,
		    g->cells + i * g->n_cols, width, colour);
	if (g->footer) {
		fm_buf_putc(b, '\n');
		quote_text(b, g->footer);
		fm_buf_putc(b, '\n');
	}
	for (i = 0; i < n; i++)
		free(text[i]);
	free(text);
	free(width);
}

static void
put_md(struct fm_buf *b, const struct grid *g)
{
	size_t i, j;

	if (g->title) {
		quote_md(b, g->title);
		fm_buf_puts(b, "\n\n");
	}
	for (j = 0; j < g->n_cols; j++) {
		char *h = head_text(&g->heads[j]);

		fm_buf_puts(b, "| ");
		quote_md(b, h);
		fm_buf_puts(b, j + 1 < g->n_cols ? " " : " |\n");
		free(h);
	}
	for (j = 0; j < g->n_cols; j++)
		fm_buf_puts(b, g->heads[j].right ? "|---:" : "|:---");
	fm_buf_puts(b, "|\n");
	for (i = 0; i < g->n_rows; i++)
		for (j = 0; j < g->n_cols; j++) {
			const char *s = g->cells[i * g->n_cols + j].shown;

			fm_buf_puts(b, "| ");
			quote_md(b, s ? s : "");
			fm_buf_puts(b, j + 1 < g->n_cols ? " " : " |\n");
		}
	if (g->footer) {
		fm_buf_putc(b, '\n');
		quote_md(b, g->footer);
		fm_buf_putc(b, '\n');
	}
}

static void
put_html_row(struct fm_buf *b, const struct grid *g, const struct grid_cell *c)
{
	static const char *const classes[] = { "", "good", "bad", "unsure" };
	size_t j;

	fm_buf_puts(b, "<tr>");
	for (j = 0; j < g->n_cols; j++) {
		fm_buf_puts(b, "<td");
		if (g->heads[j].right || c[j].mood)
			fm_buf_printf(b, " class=\"%s%s%s\"",
			    g->heads[j].right ? "n" : "",
			    g->heads[j].right && c[j].mood ? " " : "",
			    classes[c[j].mood]);
		fm_buf_putc(b, '>');
		quote_html(b, c[j].shown ? c[j].shown : "");
		fm_buf_puts(b, "</td>");
	}
	fm_buf_puts(b, "</tr>\n");
}

static void
put_html(struct fm_buf *b, const struct grid *g)
{
	size_t i;

	fm_buf_puts(b, "<table>\n");
	if (g->title) {
		fm_buf_puts(b, "<caption>");
		quote_html(b, g->title);
		fm_buf_puts(b, "</caption>\n");
	}
	fm_buf_puts(b, "<thead><tr>");
	for (i = 0; i < g->n_cols; i++) {
		char *h = head_text(&g->heads[i]);

		fm_buf_puts(b, g->heads[i].right
				   ? "<th scope=\"col\" class=\"n\">"
				   : "<th scope=\"col\">");
		quote_html(b, h);
		fm_buf_puts(b, "</th>");
		free(h);
	}
	fm_buf_puts(b, "</tr></thead>\n<tbody>\n");
	for (i = 0; i < g->n_rows; i++)
		put_html_row(b, g, g->cells + i * g->n_cols);
	fm_buf_puts(b, "</tbody>\n</table>\n");
	if (g->footer) {
		fm_buf_puts(b, "<p>");
		quote_html(b, g->footer);
		fm_buf_puts(b, "</p>\n");
	}
}

/* --- for programs --- */

/* A name that programs can use: latency_ms */
static void
put_key(struct fm_buf *b, const struct grid_head *h)
{
	fm_buf_puts(b, h->name);
	if (strcmp(h->unit, "/s") == 0)
		fm_buf_puts(b, "_per_s");
	else if (strcmp(h->unit, "%") == 0)
		fm_buf_puts(b, "_percent");
	else if (*h->unit)
		fm_buf_printf(b, "_%s", h->unit);
}

static void
put_separated(
    struct fm_buf *b, const struct grid *g, char sep, quote_put *quote)
{
	struct fm_buf key = FM_BUF_INIT;
	size_t i, j;

	for (j = 0; j < g->n_cols; j++) {
		fm_buf_clear(&key);
		put_key(&key, &g->heads[j]);
		quote(b, key.s);
		fm_buf_putc(b, j + 1 < g->n_cols ? sep : '\n');
	}
	for (i = 0; i < g->n_rows; i++)
		for (j = 0; j < g->n_cols; j++) {
			const struct grid_cell *c =
			    &g->cells[i * g->n_cols + j];

			if (c->exact && *c->exact == '"')
				quote(b, c->shown);
			else if (c->exact)
				fm_buf_puts(b, c->exact);
			fm_buf_putc(b, j + 1 < g->n_cols ? sep : '\n');
		}
	fm_buf_release(&key);
}

static void
put_json(struct fm_buf *b, const struct grid *g)
{
	struct fm_buf key = FM_BUF_INIT;
	size_t i, j;

	fm_buf_putc(b, '[');
	for (i = 0; i < g->n_rows; i++) {
		fm_buf_puts(b, i ? ",\n    {" : "\n    {");
		for (j = 0; j < g->n_cols; j++) {
			const char *e = g->cells[i * g->n_cols + j].exact;

			fm_buf_clear(&key);
			put_key(&key, &g->heads[j]);
			fm_buf_puts(b, j ? ", " : "");
			fm_json_put_str(b, key.s, key.len, false);
			fm_buf_printf(b, ": %s", e ? e : "null");
		}
		fm_buf_putc(b, '}');
	}
	fm_buf_puts(b, g->n_rows ? "\n]\n" : "]\n");
	fm_buf_release(&key);
}

void
grid_put(
    struct fm_buf *b, const struct grid *g, enum grid_format f, bool colour)
{
	switch (f) {
	case GRID_TEXT:
		put_lines(b, g, colour);
		break;
	case GRID_MD:
		put_md(b, g);
		break;
	case GRID_CSV:
		put_separated(b, g, ',', quote_csv);
		break;
	case GRID_TSV:
		put_separated(b, g, '\t', quote_tsv);
		break;
	case GRID_HTML:
		put_html(b, g);
		break;
	case GRID_JSON:
		put_json(b, g);
		break;
	}
}
