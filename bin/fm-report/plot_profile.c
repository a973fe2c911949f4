/*
 * Where the time of a run goes: a bar for each operator of a profile, as
 * fm-process --profile sums it up.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "plot.h"
#include "recs.h"

enum {
	MOST_BARS = 24, /* smaller ones are put together */
	LONG_NAME = 48  /* letters that leave room for bars */
};

struct part {
	const char *name;
	double us, count;
};

static int
by_time(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->us != y->us)
		return x->us < y->us ? 1 : -1;
	return strcmp(x->name, y->name);
}

struct columns {
	size_t kind, name, us, count;
};

/* Of all kinds in the file only one is shown, else time would be told twice:
 * operators when there are any. */
static const char *
choose_kind(const struct recs *r, const struct columns *c)
{
	const char *first = NULL;
	size_t i;

	for (i = 0; i < r->n; i++) {
		const char *kind = recs_text(r, c->kind, i);

		if (kind && strcmp(kind, "operator") == 0)
			return kind;
		first = first ? first : kind;
	}
	return first;
}

static struct part *
parts(const struct recs *r, const struct columns *c, size_t *n)
{
	struct part *p = fm_calloc(r->n, sizeof *p);
	const char *kind = choose_kind(r, c);
	size_t i;

	*n = 0;
	for (i = 0; i < r->n; i++) {
		const char *k = recs_text(r, c->kind, i);

		p[*n].name = recs_text(r, c->name, i);
		p[*n].us = recs_num(r, c->us, i);
		p[*n].count = recs_num(r, c->count, i);
		if (kind && k && strcmp(k, kind) == 0 && p[*n].name &&
		    p[*n].us >= 0)
			++*n;
	}
	qsort(p, *n, sizeof *p, by_time);
	return p;
}

/* Of the long name of a node the end says more than the beginning. */
static void
put_name(struct fm_buf *b, const char *name)
{
	size_t n = strlen(name);
	const char *end =
	    n > LONG_NAME ? strchr(name + n - LONG_NAME, '/') : NULL;

	if (end)
		fm_buf_printf(b, "...%s", end);
	else
		fm_buf_puts(b, name);
}

static void
put_bar(struct plot *pl, size_t at, const struct part *p, double all)
{
	double v[3] = { (double)at, p->us / 1000,
		all > 0 ? p->us / all * 100 : (double)NAN };
	struct fm_buf b = FM_BUF_INIT;

	put_name(&b, p->name);
	if (p->count > 0)
		fm_buf_printf(&b, " (%.0f)", p->count);
	fm_buf_puts(&pl->vars, "set ytics add (");
	plot_tic_text(pl, b.s);
	fm_buf_printf(&pl->vars, " %zu)\n", at);
	plot_numbers(pl, v, 3);
	fm_buf_release(&b);
}

static void
put_bars(struct plot *pl, const struct part *p, size_t n)
{
	struct part rest = { "all others", 0, (double)NAN };
	double all = 0;
	size_t i, bars = n > MOST_BARS ? MOST_BARS - 1 : n;

	fm_buf_puts(&pl->vars, "set ytics ('' -1)\n");
	for (i = 0; i < n; i++) {
		all += p[i].us;
		rest.us += i >= bars ? p[i].us : 0;
	}
	for (i = 0; i < bars; i++)
		put_bar(pl, i, &p[i], all);
	if (bars < n)
		put_bar(pl, bars++, &rest, all);
	fm_buf_printf(&pl->vars, "N = %zu\n", bars);
	pl->rows = (int)bars;
}

int
plot_profile(struct plot *pl, struct fm_err *err)
{
	struct recs r = { 0 };
	struct columns c;
	struct part *p;
	size_t n;
	int rc = recs_where(&r, pl->conf->where, err);

	r.in.strict = pl->conf->strict;
	c.kind = recs_want(&r, "kind");
	c.name = recs_want(&r, "name");
	c.us = recs_want(&r, "total_us");
	c.count = recs_want(&r, "count");
	if (rc == 0)
		rc = recs_read(&r, &pl->conf->files, err);
	if (rc == 0) {
		const char *kind = choose_kind(&r, &c);
		char *title =
		    fm_strdupf("time per %s", kind ? kind : "operator");

		p = parts(&r, &c, &n);
		put_bars(pl, p, n);
		plot_set(
		    pl, "TITLE", pl->conf->title ? pl->conf->title : title);
		plot_about(pl, n ? "in brackets: calls" : "no profile");
		pl->template = "profile";
		pl->bad = r.in.bad > 0;
		free(title);
		free(p);
	}
	recs_release(&r);
	return rc;
}
