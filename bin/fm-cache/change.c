/*
 * Removing builds, whole or in part. What another process makes or uses is
 * never taken from it; that is said, and makes status 1.
 */
#include "change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "conf.h"
#include "entry.h"
#include "err.h"
#include "io.h"
#include "num.h"
#include "prog.h"

/* --- which, and whether --------------------------------------------------- */

static int
choose(struct fm_cache *c, struct entries *e, const struct conf *conf,
    struct fm_err *err)
{
	const struct fm_strs *names = &conf->args.rest;

	if (conf->all && names->n)
		return fm_err_set(
		    err, FM_USAGE, "--all and names exclude one another");
	if (!conf->all && !names->n)
		return fm_err_set(
		    err, FM_USAGE, "which builds? Name them, or give --all");
	if (entry_open(c, conf, FM_CACHE_CHANGE, err) != 0)
		return -1;
	return conf->all ? entries_all(e, c, err)
			 : entries_given(e, c, names, err);
}

/* Asks once, and only somebody who sees the question. */
static bool
agreed(const struct conf *conf, const char *verb, size_t n)
{
	int first, ch;

	if (n == 0 || conf->yes || !isatty(STDIN_FILENO) ||
	    !isatty(STDERR_FILENO))
		return true;
	(void)fprintf(
	    stderr, "%s %zu build%s? [y/N] ", verb, n, n == 1 ? "" : "s");
	first = ch = getchar();
	while (ch != '\n' && ch != EOF)
		ch = getchar();
	return first == 'y' || first == 'Y';
}

/* A build that was named twice, or has two names, is one. */
static void
drop_doubles(struct entries *e)
{
	json_t *seen = json_object();
	size_t i, n = 0;

	for (i = 0; i < e->n; i++)
		if (json_object_get(seen, e->v[i].key)) {
			free(e->v[i].name);
		} else {
			json_object_set_new(seen, e->v[i].key, json_true());
			e->v[n++] = e->v[i];
		}
	e->n = n;
	json_decref(seen);
}

/* --- doing it ------------------------------------------------------------- */

/* Takes the build for itself: 1 when it is somebody else's. */
static int
take(struct fm_cache *c, const char *key, struct fm_err *err)
{
	int rc = fm_cache_lock(c, key, FM_CACHE_MAKE, 0, -1, err);

	if (rc != 0)
		return rc;
	rc = fm_cache_lock(c, key, FM_CACHE_ALONE, 0, -1, err);
	if (rc != 0)
		fm_cache_unlock(c, key, FM_CACHE_MAKE);
	return rc;
}

static void
give_back(struct fm_cache *c, const char *key)
{
	fm_cache_unlock(c, key, FM_CACHE_ALONE);
	fm_cache_unlock(c, key, FM_CACHE_MAKE);
}

struct removal {
	const char *verb, *done; /* "delete", "deleted" */
	bool whole;              /* else only artifacts */
};

static const struct removal deletion = { "delete", "deleted", true };
static const struct removal cleaning = { "clean", "cleaned", false };

static int
by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Everything in the cache, by key: a build takes all its names with it. */
static int
list_by_key(struct entries *all, struct fm_cache *c, struct fm_err *err)
{
	int rc = entries_all(all, c, err);

	if (all->n)
		qsort(all->v, all->n, sizeof *all->v, by_key);
	return rc;
}

static int delete (struct fm_cache *c, const struct entry *e,
    const struct entries *all, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	const struct entry *at =
	    all->n ? bsearch(e, all->v, all->n, sizeof *all->v, by_key) : NULL;
	int rc;

	while (at && at > all->v && by_key(at - 1, e) == 0)
		at--;
	for (; at && at < all->v + all->n && by_key(at, e) == 0; at++)
		fm_strs_add(&names, at->name);
	rc = fm_cache_delete(c, e->key, &names, err);
	fm_strs_release(&names);
	return rc;
}

/* 0, 1 when it could not be had, -1. */
static int
remove_one(struct fm_cache *c, const struct entry *e, const struct removal *r,
    const struct entries *all, struct fm_err *err)
{
	int64_t bytes = 0;
	int rc = take(c, e->key, err);

	if (rc == 1) {
		fm_prog_say("fm-cache",
		    "'%s' is in use by another process: not %s", e->name,
		    r->done);
		return 1;
	}
	if (rc == 0 && r->whole) {
		bytes = fm_cache_weigh(c, e->key).bytes;
		rc = delete (c, e, all, err);
	} else if (rc == 0) {
		rc = fm_cache_clean(c, e->key, &bytes, err);
	}
	give_back(c, e->key);
	if (rc == 0)
		printf(
		    "%s %s (%lld bytes)\n", r->done, e->name, (long long)bytes);
	return rc;
}

static int64_t
bytes_of(struct fm_cache *c, const struct entry *e)
{
	return e->bytes > 0 ? e->bytes : fm_cache_weigh(c, e->key).bytes;
}

/* One that fails does not keep the others. */
static int
remove_all(struct fm_cache *c, const struct entries *e, const struct removal *r,
    const struct conf *conf, struct fm_err *fatal)
{
	struct entries all = { 0 };
	int status = 0;
	size_t i;

	if (!conf->dry_run && !agreed(conf, r->verb, e->n)) {
		fm_prog_say("fm-cache", "nothing was %s", r->done);
		return 1;
	}
	if (!conf->dry_run && r->whole && list_by_key(&all, c, fatal) != 0)
		status = -1;
	for (i = 0; status >= 0 && i < e->n; i++) {
		struct fm_err err = FM_ERR_INIT;
		int rc = 0;

		if (conf->dry_run)
			printf("would %s %s (%lld bytes)\n", r->verb,
			    e->v[i].name, (long long)bytes_of(c, &e->v[i]));
		else
			rc = remove_one(c, &e->v[i], r, &all, &err);
		if (rc < 0)
			fm_prog_say("fm-cache", "%s", err.text);
		if (rc != 0)
			status = 1;
	}
	entries_release(&all);
	return status;
}

static int
change(const struct conf *conf, const struct removal *r, struct fm_err *err)
{
	struct fm_cache c = FM_CACHE_INIT;
	struct entries e = { 0 };
	int rc = choose(&c, &e, conf, err);

	drop_doubles(&e);
	if (rc == 0)
		rc = remove_all(&c, &e, r, conf, err);
	entries_release(&e);
	fm_cache_release(&c);
	return rc;
}

int
change_delete(const struct conf *c, struct fm_err *err)
{
	return change(c, &deletion, err);
}

int
change_clean(const struct conf *c, struct fm_err *err)
{
	return change(c, &cleaning, err);
}

/* --- gc ------------------------------------------------------------------- */

/* "20G", "30d": a whole number, and a unit with its factor. */
static int
read_amount(const char *text, const char *what, const char *units,
    const int64_t *factors, int64_t *v, struct fm_err *err)
{
	size_t n = strlen(text);
	int64_t factor = 1;
	const char *at = n ? strchr(units, text[n - 1]) : NULL;

	if (at) {
		factor = factors[at - units];
		n--;
	}
	if (!fm_num_get_int(text, n, v) || *v < 0 ||
	    __builtin_mul_overflow(*v, factor, v))
		return fm_err_set(err, FM_USAGE,
		    "--%s: '%s' must be a whole number and one of %s", what,
		    text, units);
	return 0;
}

static int
read_limits(
    const struct conf *conf, int64_t *size, int64_t *age_s, struct fm_err *err)
{
	static const int64_t bytes[] = { 1000, 1000, 1000000, 1000000000,
		INT64_C(1000000000000) };
	static const int64_t seconds[] = { 1, 60, 3600, 86400, 604800 };

	*size = *age_s = -1;
	if (!conf->max_size && !conf->older_than)
		return fm_err_set(err, FM_USAGE,
		    "what may go? Give --max_size, --older_than, or both");
	if (conf->max_size && read_amount(conf->max_size, "max_size", "kKMGT",
				  bytes, size, err) != 0)
		return -1;
	if (conf->older_than && read_amount(conf->older_than, "older_than",
				    "smhdw", seconds, age_s, err) != 0)
		return -1;
	return 0;
}

/* A build with what gc decides by. */
struct candidate {
	struct entry entry; /* its name belongs to the entries */
	struct fm_cache_weight w;
};

static int
by_use(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->w.used_ns < y->w.used_ns ? -1 : x->w.used_ns > y->w.used_ns;
}

/* One for each build, least recently used first. */
static struct candidate *
weigh(struct fm_cache *c, struct entries *all, size_t *n, int64_t *sum)
{
	struct candidate *v = fm_calloc(all->n + 1, sizeof *v);
	size_t i;

	if (all->n)
		qsort(all->v, all->n, sizeof *all->v, by_key);
	for (i = 0, *n = 0; i < all->n; i++) {
		if (i && by_key(&all->v[i], &all->v[i - 1]) == 0)
			continue;
		v[*n].entry = all->v[i];
		v[*n].w = fm_cache_weigh(c, all->v[i].key);
		*sum += v[(*n)++].w.bytes;
	}
	if (*n)
		qsort(v, *n, sizeof *v, by_use);
	return v;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(a, *(char *const *)b);
}

static bool
is_pinned(const struct fm_strs *pins, const char *key)
{
	return pins->n &&
	       bsearch(key, pins->v, pins->n, sizeof *pins->v, by_text);
}

/* Those that go, in order. */
static void
pick(struct fm_cache *c, struct entries *all, int64_t size, int64_t age_s,
    struct entries *chosen)
{
	int64_t sum = 0, now = (int64_t)time(NULL);
	struct fm_strs pins = FM_STRS_INIT;
	size_t i, n;
	struct candidate *v = weigh(c, all, &n, &sum);

	fm_cache_pins(c, &pins);
	for (i = 0; i < n; i++) {
		bool old =
		    age_s >= 0 && now - v[i].w.used_ns / 1000000000 > age_s;
		bool big = size >= 0 && sum > size;

		if ((!old && !big) || is_pinned(&pins, v[i].entry.key))
			continue;
		sum -= v[i].w.bytes;
		FM_GROW(chosen->v, chosen->cap, chosen->n + 1);
		chosen->v[chosen->n] = v[i].entry;
		chosen->v[chosen->n++].bytes = v[i].w.bytes;
	}
	fm_strs_release(&pins);
	free(v);
}

int
change_gc(const struct conf *conf, struct fm_err *err)
{
	struct fm_cache c = FM_CACHE_INIT;
	struct entries all = { 0 }, chosen = { 0 };
	int64_t size, age_s;
	int rc = read_limits(conf, &size, &age_s, err);

	if (rc == 0)
		rc = entry_open(&c, conf, FM_CACHE_CHANGE, err);
	if (rc == 0)
		rc = entries_all(&all, &c, err);
	if (rc == 0) {
		pick(&c, &all, size, age_s, &chosen);
		rc = remove_all(&c, &chosen, &deletion, conf, err);
	}
	free(chosen.v);
	entries_release(&all);
	fm_cache_release(&c);
	return rc;
}

/* --- pins ----------------------------------------------------------------- */

static int
set_pins(const struct conf *conf, bool pin, struct fm_err *err)
{
	struct fm_cache c = FM_CACHE_INIT;
	struct entries e = { 0 };
	size_t i;
	int rc;

	if (!conf->args.rest.n)
		return fm_err_set(err, FM_USAGE, "which builds? Name them");
	rc = choose(&c, &e, conf, err);
	for (i = 0; rc == 0 && i < e.n; i++)
		rc = fm_cache_pin(&c, e.v[i].key, pin, err);
	entries_release(&e);
	fm_cache_release(&c);
	return rc;
}

int
change_pin(const struct conf *c, struct fm_err *err)
{
	return set_pins(c, true, err);
}

int
change_unpin(const struct conf *c, struct fm_err *err)
{
	return set_pins(c, false, err);
}
