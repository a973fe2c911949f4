/*
 * The page: a summary, plots, tables, the environment, failures, and the
 * difference to a baseline. Style and script are inlined from
 * share/report; the page's own policy forbids every request.
 */
#include "html.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "diff.h"
#include "io.h"
#include "out.h"
#include "plot.h"
#include "prog.h"
#include "quote.h"
#include "table.h"
#include "view.h"

struct page {
	const struct conf *c;
	struct recs r;
	struct view v;
	size_t error, run, host, class, sys, what;
	struct fm_buf b;
	bool bad;
};

/* --- parts --- */

static int
put_share(struct page *p, const char *name, struct fm_err *err)
{
	char *path = fm_prog_share(name);
	int rc = fm_io_read_file(path, &p->b, err);

	free(path);
	return rc;
}

static int
put_head(struct page *p, struct fm_err *err)
{
	struct fm_buf about = FM_BUF_INIT;

	about_put(&about, &p->v.about, &p->r);
	fm_buf_puts(&p->b,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" "
	    "content=\"default-src 'none'; style-src 'unsafe-inline'; "
	    "script-src 'unsafe-inline'\">\n"
	    "<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n<title>");
	quote_html(&p->b, p->c->title ? p->c->title : about.s);
	fm_buf_puts(&p->b, "</title>\n<style>\n");
	if (put_share(p, "report/page.css", err) != 0) {
		fm_buf_release(&about);
		return -1;
	}
	fm_buf_puts(&p->b, "</style>\n</head>\n<body>\n<header>\n<h1>");
	quote_html(&p->b, p->c->title ? p->c->title : "Inference measurements");
	fm_buf_puts(&p->b, "</h1>\n<p>");
	quote_html(&p->b, about.s);
	fm_buf_puts(&p->b, "</p>\n</header>\n");
	fm_buf_release(&about);
	return 0;
}

static void
put_fact(struct page *p, const char *name, size_t n, const char *class)
{
	fm_buf_printf(&p->b,
	    "<div><dt>%s</dt><dd class=\"%s\">%zu</dd></div>\n", name,
	    n ? class : "", n);
}

static size_t
distinct(const struct recs *r, size_t col)
{
	struct groups g;
	size_t n;

	groups_make(&g, r, &col, 1);
	n = g.n;
	groups_release(&g);
	return n;
}

static bool
failed(const struct page *p, size_t row)
{
	const char *s = recs_text(&p->r, p->v.status, row);

	return s && strcmp(s, "OK") != 0;
}

static void
put_summary(struct page *p)
{
	size_t i, bad = 0, simulated = 0;

	for (i = 0; i < p->r.n; i++) {
		bad += failed(p, i);
		simulated +=
		    recs_at(&p->r, p->v.about.simulated, i) == CELL_TRUE;
	}
	fm_buf_puts(&p->b, "<dl class=\"facts\">\n");
	put_fact(p, "points", p->v.groups.n, "");
	put_fact(p, "records", p->r.n, "");
	put_fact(p, "runs", distinct(&p->r, p->run), "");
	put_fact(p, "not OK", bad, "bad");
	if (simulated)
		put_fact(p, "simulated", simulated, "unsure");
	fm_buf_puts(&p->b, "</dl>\n");
}

static int
put_plot(struct page *p, const char *kind, struct fm_err *err)
{
	struct conf c = *p->c;
	int rc;

	c.quiet = 2;
	fm_buf_printf(&p->b, "<figure aria-label=\"plot: %s\">\n", kind);
	rc = plot_inline(&c, kind, &p->b, err);
	fm_buf_puts(&p->b, "</figure>\n");
	return rc < 0 ? -1 : 0;
}

static bool
known(const struct page *p, size_t col)
{
	size_t i;

	for (i = 0; i < p->r.n; i++)
		if (recs_at(&p->r, col, i) != CELL_NULL)
			return true;
	return false;
}

enum {
	MOST_CELLS = 2000
};

static int
put_plots(struct page *p, struct fm_err *err)
{
	static const char *const kinds[] = { "latency", "throughput", "pareto",
		"heatmap", "phases" };
	size_t i;

	if (p->r.n == 0)
		return 0;
	fm_buf_puts(
	    &p->b, "<h2 id=\"plots\">Plots</h2>\n<div class=\"plots\">\n");
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i], "phases") == 0 &&
		    (!known(p, p->v.ttft) || p->v.groups.n > MOST_CELLS))
			continue;
		/* A cell takes 300 bytes of the page. */
		if (strcmp(kinds[i], "heatmap") == 0 &&
		    p->v.groups.n > MOST_CELLS)
			continue;
		if (put_plot(p, kinds[i], err) != 0)
			return -1;
	}
	fm_buf_puts(&p->b, "</div>\n");
	return 0;
}

static void
put_grid(struct page *p, struct grid *g)
{
	fm_buf_puts(&p->b, "<div class=\"scroll\">\n");
	grid_put(&p->b, g, GRID_HTML, false);
	fm_buf_puts(&p->b, "</div>\n");
}

static void
put_points(struct page *p)
{
	struct grid g = { 0 };

	table_grid(p->c, &p->v, GRID_HTML, &g);
	free(g.title);
	g.title = NULL;
	fm_buf_puts(&p->b, "<h2 id=\"points\">Points</h2>\n");
	put_grid(p, &g);
	grid_release(&g);
}

static void
put_failures(struct page *p)
{
	static const char *const names[] = { "model", "input", "output",
		"batch", "status", "error" };
	const size_t n = sizeof names / sizeof *names;
	struct grid g = { 0 };
	size_t i, j;

	for (j = 0; j < n; j++)
		grid_add_col(&g, names[j], "", j > 0 && j < 4);
	for (i = 0; i < p->r.n; i++) {
		struct grid_cell *c;

		if (!failed(p, i))
			continue;
		c = grid_add_row(&g);
		for (j = 0; j < n; j++) {
			size_t col = recs_want(&p->r, names[j]);
			const char *s = recs_text(&p->r, col, i);

			if (s)
				grid_set_text(&c[j], s);
			else
				grid_set_num(&c[j], recs_num(&p->r, col, i), 0);
		}
		c[4].mood = GRID_BAD;
	}
	if (g.n_rows) {
		fm_buf_puts(&p->b, "<h2 id=\"failed\">Not OK</h2>\n");
		put_grid(p, &g);
	}
	grid_release(&g);
}

/* --- environment --- */

enum {
	MOST_VALUES = 12 /* of one fact; the rest is counted */
};

static void
add_values(struct page *p, struct grid *g, const char *name, size_t col)
{
	struct fm_buf b = FM_BUF_INIT;
	struct grid_cell *c;
	struct groups gr;
	size_t i;

	groups_make(&gr, &p->r, &col, 1);
	for (i = 0; i < gr.n && i < MOST_VALUES; i++) {
		const char *s = recs_text(&p->r, col, groups_first(&gr, i));

		if (s && *s)
			fm_buf_printf(&b, "%s%s", b.len ? "; " : "", s);
	}
	if (gr.n > MOST_VALUES)
		fm_buf_printf(&b, "; and %zu more", gr.n - MOST_VALUES);
	if (b.len) {
		c = grid_add_row(g);
		grid_set_text(&c[0], name);
		grid_set_text(&c[1], b.s);
	}
	fm_buf_release(&b);
	groups_release(&gr);
}

static void
put_environment(struct page *p)
{
	struct grid g = { 0 };
	size_t i;

	grid_add_col(&g, "what", "", false);
	grid_add_col(&g, "values", "", false);
	for (i = 0; i < p->v.n_identity; i++)
		add_values(p, &g, field_identity[i], p->v.identity[i]);
	add_values(p, &g, "class", p->class);
	add_values(p, &g, "host", p->host);
	add_values(p, &g, "system", p->sys);
	fm_buf_puts(&p->b, "<h2 id=\"environment\">Environment</h2>\n");
	put_grid(p, &g);
	grid_release(&g);
}

/* --- baseline --- */

static int
put_baseline(struct page *p, struct fm_err *err)
{
	struct grid g = { 0 };
	struct diff d;
	int rc;

	if (!p->c->base)
		return 0;
	rc = diff_init(&d, p->c, err);
	if (rc == 0) {
		fm_buf_puts(
		    &p->b, "<h2 id=\"baseline\">Against the baseline</h2>\n");
		diff_grid(&d, &g, true);
		if (d.n_both <= MOST_CELLS)
			rc = put_plot(p, "compare", err);
		put_grid(p, &g);
		grid_release(&g);
	}
	diff_release(&d);
	return rc;
}

/* --- the page --- */

static int
put_page(struct page *p, struct fm_err *err)
{
	if (put_head(p, err) != 0)
		return -1;
	fm_buf_puts(&p->b, "<main>\n");
	put_summary(p);
	if (put_baseline(p, err) != 0 || put_plots(p, err) != 0)
		return -1;
	put_points(p);
	put_failures(p);
	put_environment(p);
	fm_buf_puts(&p->b, "</main>\n<script>\n");
	if (put_share(p, "report/page.js", err) != 0)
		return -1;
	fm_buf_puts(&p->b, "</script>\n</body>\n</html>\n");
	return 0;
}

static int
copy(int to, const char *path, struct fm_err *err)
{
	bool in = strcmp(path, "-") == 0;
	int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	char part[65536];
	ptrdiff_t n = 0;

	if (fd < 0)
		return fm_err_sys(err, FM_IO, "cannot open '%s'", path);
	while (rc == 0 && (n = fm_io_read_some(fd, part, sizeof part)) > 0)
		rc = fm_io_write_all(to, part, (size_t)n);
	if (n < 0 || rc != 0)
		rc = fm_err_sys(err, FM_IO,
		    n < 0 ? "cannot read '%s'" : "cannot copy '%s'", path);
	/* A file may lack its last line end. */
	else
		rc = fm_io_write_all(to, "\n", 1);
	if (!in)
		(void)close(fd);
	return rc;
}

/*
 * All plots read the records again, which pipes do not allow: what `path` is
 * put into `use` as a file that does.
 */
static int
gather(
    const char *path, const char *dir, struct fm_strs *use, struct fm_err *err)
{
	struct stat st;
	char *name, *to;
	int fd, rc;

	if (strcmp(path, "-") != 0 &&
	    (stat(path, &st) != 0 || S_ISREG(st.st_mode))) {
		fm_strs_add(use, path);
		return 0;
	}
	name = fm_strdupf("%zu", use->n);
	to = fm_io_join(dir, name);
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	rc = fd < 0 ? fm_err_sys(err, FM_IO, "cannot create '%s'", to)
		    : copy(fd, path, err);
	if (fd >= 0)
		(void)close(fd);
	fm_strs_add_take(use, to);
	free(name);
	return rc;
}

/* Into `b`: 0, 1 when some records could not be read, -1 with err. */
static int
make_page(const struct conf *c, const struct fm_strs *names, struct fm_buf *b,
    struct fm_err *err)
{
	struct page p;
	int rc;

	memset(&p, 0, sizeof p);
	p.c = c;
	fm_buf_init(&p.b);
	p.r.in.strict = c->strict;
	p.r.in.names = names;
	rc = recs_where(&p.r, c->where, err);
	table_want(c, &p.r);
	view_want(&p.v, &p.r, NULL, NULL, NULL);
	p.error = recs_want(&p.r, "error");
	p.run = recs_want(&p.r, "run_id");
	p.host = recs_want(&p.r, "host");
	p.class = recs_want(&p.r, "model_class");
	p.sys = recs_want(&p.r, "sys_id");
	if (rc == 0)
		rc = recs_read(&p.r, &c->files, err);
	if (rc == 0) {
		view_group(&p.v);
		rc = put_page(&p, err);
	}
	if (rc == 0) {
		fm_buf_put(b, p.b.s, p.b.len);
		rc = p.r.in.bad ? 1 : 0;
	}
	fm_buf_release(&p.b);
	view_release(&p.v);
	recs_release(&p.r);
	return rc;
}

int
html_run(const struct conf *c, struct fm_err *err)
{
	char *dir = fm_io_tmpdir("fm-report", err);
	struct fm_strs use = FM_STRS_INIT, names = FM_STRS_INIT;
	struct fm_buf page = FM_BUF_INIT;
	struct conf one = *c;
	size_t i;
	int rc = 0;

	if (!dir)
		return -1;
	if (c->files.n == 0)
		fm_strs_add(&names, "-");
	for (i = 0; i < c->files.n; i++)
		fm_strs_add(&names, c->files.v[i]);
	if (c->base)
		fm_strs_add(&names, c->base);
	for (i = 0; rc == 0 && i < names.n; i++)
		rc = gather(names.v[i], dir, &use, err);
	if (rc == 0) {
		one.files = use;
		one.files.n -= c->base ? 1 : 0;
		one.base = c->base ? use.v[use.n - 1] : NULL;
		one.quiet = 1;
		rc = make_page(&one, &names, &page, err);
	}
	/* Whoever reads the page may go away: nothing must be left then. */
	(void)fm_io_remove_tree(dir, err);
	if (rc >= 0 && out_write(c->output, &page, err) != 0)
		rc = -1;
	fm_buf_release(&page);
	fm_strs_release(&use);
	fm_strs_release(&names);
	free(dir);
	return rc;
}
