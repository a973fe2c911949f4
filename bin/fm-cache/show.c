/*
 * What the cache holds, for people and for scripts.
 */
#include "show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "conf.h"
#include "entry.h"
#include "err.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "prog.h"
#include "yaml.h"

/* --- list ----------------------------------------------------------------- */

/* "12.3 MB", as one looks at sizes. */
static void
put_size(int64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double v = (double)bytes;
	size_t i;

	for (i = 0; v >= 999.5 && i + 1 < sizeof units / sizeof *units; i++)
		v /= 1000;
	printf("%6.*f %-2s", i == 0 ? 0 : 1, v, units[i]);
}

static bool
is_pinned(const struct fm_cache *c, const struct entry *e)
{
	struct fm_strs pins = FM_STRS_INIT;
	bool yes;

	if (!c->foreign)
		fm_cache_pins(c, &pins);
	yes = fm_strs_find(&pins, e->key) >= 0;
	fm_strs_release(&pins);
	return yes;
}

/* Text of a state in a column: it may hold anything. */
static void
put_text(int width, const char *text)
{
	char *flat = fm_strdup(text);

	fm_strs_flatten(flat);
	printf("%-*s", width, flat);
	free(flat);
}

static void
put_long(struct fm_cache *c, const struct entry *e)
{
	struct fm_err bad = FM_ERR_INIT;
	json_t *s = entry_state(c, e, &bad);
	json_t *model = json_object_get(s, "model");

	put_text(40, e->name);
	(void)putchar(' ');
	put_text(16, s ? fm_json_str(s, "build_status", "?") : "unreadable");
	(void)putchar(' ');
	if (!c->foreign)
		put_size(fm_cache_weigh(c, e->key).bytes);
	(void)putchar(' ');
	put_text(20, fm_json_str(s, "updated", "-"));
	(void)putchar(' ');
	put_text(0, fm_json_str(model, "path", "-"));
	(void)puts(is_pinned(c, e) ? " (pinned)" : "");
	json_decref(s);
}

static json_t *
list_json(struct fm_cache *c, const struct entry *e, bool full)
{
	struct fm_err bad = FM_ERR_INIT;
	json_t *o = json_object(), *s;
	char *dir;

	fm_json_set_str(o, "name", e->name);
	fm_json_set_str(o, "key", *e->key ? e->key : NULL);
	if (!full)
		return o;
	dir = entry_dir(c, e);
	fm_json_set_str(o, "path", dir);
	free(dir);
	if (!c->foreign) {
		fm_json_set_int(o, "bytes", fm_cache_weigh(c, e->key).bytes);
		json_object_set_new(o, "pinned", json_boolean(is_pinned(c, e)));
	}
	s = entry_state(c, e, &bad);
	json_object_set_new(o, "state", s ? s : json_null());
	if (bad.code)
		fm_json_set_str(o, "error", bad.text);
	return o;
}

static void
put_json(json_t *v)
{
	struct fm_buf b = FM_BUF_INIT;

	fm_json_put_py(&b, v);
	(void)fwrite(b.s, 1, b.len, stdout);
	(void)putchar('\n');
	fm_buf_release(&b);
	json_decref(v);
}

int
show_list(const struct conf *conf, struct fm_err *err)
{
	struct fm_cache c = FM_CACHE_INIT;
	struct entries all = { 0 };
	json_t *list = json_array();
	size_t i;
	int rc = entry_open(&c, conf, FM_CACHE_READ, err);

	if (rc == 0)
		rc = entries_all(&all, &c, err);
	for (i = 0; i < all.n; i++)
		if (conf->json)
			json_array_append_new(
			    list, list_json(&c, &all.v[i], conf->full));
		else if (conf->full)
			put_long(&c, &all.v[i]);
		else {
			put_text(0, all.v[i].name);
			(void)putchar('\n');
		}
	if (rc == 0 && conf->json)
		put_json(json_incref(list));
	else if (rc == 0 && all.n == 0)
		fm_prog_say("fm-cache", "no builds in '%s'", c.dir);
	json_decref(list);
	entries_release(&all);
	fm_cache_release(&c);
	return rc;
}

/* --- one build ------------------------------------------------------------ */

/* Opens the cache and finds the only build of the command line. */
static int
one(struct fm_cache *c, struct entries *e, const struct conf *conf,
    struct fm_err *err)
{
	if (conf->args.rest.n != 1)
		return fm_err_set(err, FM_USAGE,
		    "which build? Name one: fm-cache list names them all");
	if (entry_open(c, conf, FM_CACHE_READ, err) != 0)
		return -1;
	return entries_given(e, c, &conf->args.rest, err);
}

int
show_stats(const struct conf *conf, struct fm_err *err)
{
	struct fm_cache c = FM_CACHE_INIT;
	struct entries e = { 0 };
	struct fm_buf b = FM_BUF_INIT;
	json_t *o = json_object(), *s;
	char *dir = NULL;
	int rc = one(&c, &e, conf, err);

	if (rc == 0) {
		s = entry_state(&c, &e.v[0], err);
		rc = s ? 0 : -1;
		dir = entry_dir(&c, &e.v[0]);
		fm_json_set_str(o, "name", e.v[0].name);
		fm_json_set_str(o, "path", dir);
		json_object_set_new(o, "state", s);
		json_object_set_new(o, "results", entry_results(&c, &e.v[0]));
	}
	if (rc == 0 && conf->json)
		put_json(json_incref(o));
	else if (rc == 0 && (rc = fm_yaml_put(&b, o, err)) == 0)
		(void)fwrite(b.s, 1, b.len, stdout);
	free(dir);
	json_decref(o);
	fm_buf_release(&b);
	entries_release(&e);
	fm_cache_release(&c);
	return rc;
}

int
show_path(const struct conf *conf, struct fm_err *err)
{
	struct fm_cache c = FM_CACHE_INIT;
	struct entries e = { 0 };
	int rc = one(&c, &e, conf, err);

	if (rc == 0) {
		char *dir = entry_dir(&c, &e.v[0]);

		(void)puts(dir);
		free(dir);
	}
	entries_release(&e);
	fm_cache_release(&c);
	return rc;
}

int
show_location(const struct conf *conf, struct fm_err *err)
{
	char *notice;
	char *dir = fm_cache_place(
	    conf->dirs.n ? conf->dirs.v[0] : NULL, false, &notice);

	(void)err;
	if (notice)
		fm_prog_say("fm-cache", "%s", notice);
	(void)puts(dir);
	free(notice);
	free(dir);
	return 0;
}
