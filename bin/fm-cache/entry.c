/*
 * Names and keys of builds, brought together.
 */
#include "entry.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conf.h"
#include "err.h"
#include "foreign.h"
#include "io.h"
#include "prog.h"

int
entry_open(struct fm_cache *c, const struct conf *conf, enum fm_cache_use use,
    struct fm_err *err)
{
	const char *given = conf->dirs.n ? conf->dirs.v[0] : NULL;
	char *notice, *dir;
	int rc;

	if (conf->dirs.n > 1)
		return fm_err_set(err, FM_USAGE,
		    "one --cache_dir at a time: what is '%s'?",
		    conf->dirs.v[1]);
	dir = fm_cache_place(given, false, &notice);
	if (notice)
		fm_prog_say("fm-cache", "%s", notice);
	rc = fm_cache_open(c, dir, use, err);
	free(notice);
	free(dir);
	return rc;
}

static void
add(struct entries *e, const char *name, const char *key)
{
	FM_GROW(e->v, e->cap, e->n + 1);
	e->v[e->n].name = fm_strdup(name);
	e->v[e->n].bytes = 0;
	memset(e->v[e->n].key, 0, FM_HASH_HEX);
	memcpy(e->v[e->n].key, key, strnlen(key, FM_HASH_HEX - 1));
	e->n++;
}

static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Builds that no name points to go by their key. */
static int
add_nameless(struct entries *e, struct fm_cache *c, struct fm_err *err)
{
	struct fm_strs keys = FM_STRS_INIT;
	char **seen = fm_calloc(e->n + 1, sizeof *seen);
	size_t i, n = e->n;
	int rc = fm_cache_keys(c, &keys, err);

	for (i = 0; i < n; i++)
		seen[i] = fm_strdup(e->v[i].key);
	if (n)
		qsort(seen, n, sizeof *seen, by_text);
	for (i = 0; i < keys.n; i++)
		if (n == 0 ||
		    !bsearch(&keys.v[i], seen, n, sizeof *seen, by_text))
			add(e, keys.v[i], keys.v[i]);
	for (i = 0; i < n; i++)
		free(seen[i]);
	free(seen);
	fm_strs_release(&keys);
	return rc;
}

int
entries_all(struct entries *e, struct fm_cache *c, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	char key[FM_HASH_HEX];
	size_t i;
	int rc = c->foreign ? foreign_names(c, &names, err)
			    : fm_cache_names(c, &names, err);

	memset(e, 0, sizeof *e);
	for (i = 0; rc == 0 && i < names.n; i++)
		if (c->foreign)
			add(e, names.v[i], "");
		else if (fm_cache_name_key(c, names.v[i], key))
			add(e, names.v[i], key);
	if (rc == 0 && !c->foreign)
		rc = add_nameless(e, c, err);
	if (e->n)
		qsort(e->v, e->n, sizeof *e->v, by_name);
	fm_strs_release(&names);
	return rc;
}

/* The folder of a build: the one it is made in, while there is no other. */
static char *
folder(const struct fm_cache *c, const char *key)
{
	char *obj = fm_cache_obj(c, key), *tmp = fm_strdupf("%s.tmp", obj);
	bool made = fm_io_is_dir(obj) || !fm_io_is_dir(tmp);

	free(made ? tmp : obj);
	return made ? obj : tmp;
}

static int
add_given(
    struct entries *e, struct fm_cache *c, const char *name, struct fm_err *err)
{
	struct fm_err bad = FM_ERR_INIT;
	char key[FM_HASH_HEX];

	if (fm_cache_name_check(name, &bad) != 0)
		return fm_err_set(err, FM_USAGE, "%s", bad.text);
	if (c->foreign && foreign_is(c, name))
		add(e, name, "");
	else if (!c->foreign && fm_cache_find(c, name, key))
		add(e, name, key);
	else
		return fm_err_set(err, FM_USAGE,
		    "there is no build '%s' in '%s': fm-cache list names them",
		    name, c->dir);
	return 0;
}

int
entries_given(struct entries *e, struct fm_cache *c,
    const struct fm_strs *names, struct fm_err *err)
{
	size_t i;

	memset(e, 0, sizeof *e);
	for (i = 0; i < names->n; i++)
		if (add_given(e, c, names->v[i], err) != 0)
			return -1;
	return 0;
}

void
entries_release(struct entries *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		free(e->v[i].name);
	free(e->v);
	memset(e, 0, sizeof *e);
}

json_t *
entry_state(struct fm_cache *c, const struct entry *e, struct fm_err *err)
{
	return c->foreign ? foreign_state(c, e->name, err)
			  : fm_cache_state(c, e->key, err);
}

json_t *
entry_results(const struct fm_cache *c, const struct entry *e)
{
	return c->foreign ? foreign_results(c, e->name)
			  : fm_cache_results(c, e->key);
}

char *
entry_dir(const struct fm_cache *c, const struct entry *e)
{
	return c->foreign ? fm_io_join(c->dir, e->name) : folder(c, e->key);
}
