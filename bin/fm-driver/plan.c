/*
 * Units and their turns. Every unit is a command line that is read as the
 * user's own would be, so that there is one reading of options.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "io.h"
#include "json.h"
#include "sweep_file.h"

void
plan_words(struct fm_strs *words, const struct conf *c)
{
	size_t i;

	fm_strs_add(words, "fm-driver");
	for (i = 0; i < c->args.n_given; i++) {
		const struct fm_opt_given *g = &c->args.given[i];

		if (g->opt && conf_is_how(g->opt))
			continue;
		if (!g->opt) {
			fm_strs_add(words, g->name);
			if (g->value)
				fm_strs_add(words, g->value);
		} else if (g->value) {
			fm_strs_add_take(
			    words, fm_strdupf("--%s=%s", g->name, g->value));
		} else {
			fm_strs_add_take(words, fm_strdupf("--%s", g->name));
		}
	}
}

int
plan_add(struct series *s, const struct conf *c, struct fm_strs *words,
    json_t *metadata, struct fm_err *err)
{
	struct unit *u;

	FM_GROW(s->units, s->cap, s->n + 1);
	u = &s->units[s->n++];
	u->argv = *words;
	memset(words, 0, sizeof *words);
	if (conf_read(&u->c, (int)u->argv.n, u->argv.v, err) != 0)
		return -1;
	/* Hosts of $FM_HOST are read with any command line. */
	fm_strs_release(&u->c.how.hosts);
	u->c.how = c->how;
	u->c.metadata = json_incref(metadata);
	return 0;
}

/* The command line itself; each model that it names is a unit. */
static int
own_units(struct series *s, const struct conf *c, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < c->args.rest.n || i == 0; i++) {
		struct fm_strs words = FM_STRS_INIT;

		plan_words(&words, c);
		if (c->args.rest.n) {
			fm_strs_add(&words, "--");
			fm_strs_add(&words, c->args.rest.v[i]);
		}
		if (plan_add(s, c, &words, NULL, err) != 0)
			return -1;
	}
	return 0;
}

/* "dir/a.yaml" is "a". */
static char *
stem(const char *path)
{
	char *s = fm_strdup(fm_io_base(path)), *dot = strrchr(s, '.');

	if (dot && dot != s)
		*dot = '\0';
	return s;
}

int
plan_read(struct plan *p, const struct conf *c, struct fm_err *err)
{
	const struct fm_strs *files = &c->how.sweeps;
	size_t i;

	memset(p, 0, sizeof *p);
	p->c = c;
	p->n = files->n ? files->n : 1;
	p->series = fm_calloc(p->n, sizeof *p->series);
	if (!files->n)
		return own_units(&p->series[0], c, err);
	for (i = 0; i < files->n; i++) {
		p->series[i].name = stem(files->v[i]);
		if (sweep_file_read(&p->series[i], files->v[i], c, err) != 0)
			return -1;
	}
	return 0;
}

void
plan_release(struct plan *p)
{
	size_t i, k;

	for (i = 0; i < p->n; i++) {
		for (k = 0; k < p->series[i].n; k++) {
			struct unit *u = &p->series[i].units[k];

			memset(&u->c.how, 0, sizeof u->c.how);
			conf_release(&u->c);
			fm_strs_release(&u->argv);
		}
		free(p->series[i].units);
		free(p->series[i].name);
	}
	free(p->series);
	memset(p, 0, sizeof *p);
}

/* --- turns --- */

struct turns {
	struct turn *v;
	size_t n, cap;
};

static void
add_turn(struct turns *t, const struct plan *p, size_t series, size_t unit,
    int64_t pass)
{
	struct turn *one;

	FM_GROW(t->v, t->cap, t->n + 1);
	one = &t->v[t->n++];
	one->unit = &p->series[series].units[unit];
	one->series = p->series[series].name;
	one->number = unit;
	one->run = pass * (int64_t)p->n + (int64_t)series + 1;
}

static void
add_pass(struct turns *t, const struct plan *p, size_t series, int64_t pass)
{
	size_t i;

	for (i = 0; i < p->series[series].n; i++)
		add_turn(t, p, series, i, pass);
}

/* A B, B A, A B …: neither is always the first, nor the one after a rest. */
static void
interleave(struct turns *t, const struct plan *p)
{
	int64_t pass;
	size_t i;

	for (pass = 0; pass < p->c->how.runs; pass++)
		for (i = 0; i < p->n; i++)
			add_pass(t, p, pass % 2 ? p->n - 1 - i : i, pass);
}

/* All runs of a unit stand together: its files are still in memory. */
static void
by_unit(struct turns *t, const struct plan *p, size_t series)
{
	int64_t pass;
	size_t i;

	for (i = 0; i < p->series[series].n; i++)
		for (pass = 0; pass < p->c->how.runs; pass++)
			add_turn(t, p, series, i, pass);
}

struct turn *
plan_turns(const struct plan *p, size_t *n)
{
	struct turns t = { NULL, 0, 0 };
	int64_t pass;
	size_t i;

	if (p->c->how.interleave)
		interleave(&t, p);
	for (i = 0; i < p->n && !p->c->how.interleave; i++) {
		if (p->c->how.order == ORDER_RELOAD)
			by_unit(&t, p, i);
		for (pass = 0;
		     pass < p->c->how.runs && p->c->how.order != ORDER_RELOAD;
		     pass++)
			add_pass(&t, p, i, pass);
	}
	*n = t.n;
	return t.v;
}
