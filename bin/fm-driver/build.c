/*
 * Builds: which one is wanted, whether it is there, and making it when it is
 * not. What it is made from is known in build_key.c, how in build_stage.c.
 */
#define _XOPEN_SOURCE 700 /* realpath */
#include "build.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "build_key.h"
#include "build_load.h"
#include "build_stage.h"
#include "clock.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "monitor.h"
#include "num.h"
#include "platform.h"
#include "prog.h"
#include "record.h"

enum {
	PATIENCE_NS = 1000000000 /* of waiting in silence */
};

/* --- the policy ----------------------------------------------------------- */

static const char *
status_of(const json_t *state)
{
	return fm_json_str(state, "build_status", "not_started");
}

static bool
is_good(const json_t *state)
{
	return strcmp(status_of(state), "successful_build") == 0;
}

static void
tell_reasons(const struct build *b, const json_t *was, const char *head,
    const char *tail)
{
	struct fm_strs reasons = FM_STRS_INIT;
	size_t i;

	fm_cache_diff(
	    &reasons, json_object_get(was, "config"), b->config, NULL);
	fm_prog_say("fm-driver", "build '%s' %s:", b->name, head);
	for (i = 0; i < reasons.n; i++)
		fm_prog_say("fm-driver", "  - %s", reasons.v[i]);
	fm_prog_say("fm-driver", "%s", tail);
	fm_strs_release(&reasons);
}

/* Takes the name's own build, whatever it was made from. */
static int
take_stale(struct build *b, const char *key, const json_t *was)
{
	if (is_good(was))
		tell_reasons(b, was, "is stale",
		    "it is used all the same, because of --rebuild never: "
		    "what is measured is the old build");
	memcpy(b->key, key, FM_HASH_HEX);
	free(b->dir);
	b->dir = fm_cache_obj(&b->cache, b->key);
	b->stale = true;
	return 0;
}

/*
 * The name may belong to a build with other inputs, perhaps of another model.
 * `never` then means that one; otherwise the name moves.
 */
static void
check_name(struct build *b, const struct conf *c)
{
	struct fm_err ignored = FM_ERR_INIT;
	char key[FM_HASH_HEX];
	json_t *was;
	const char *path;
	char *real;

	if (!c->build_name || !fm_cache_name_key(&b->cache, b->name, key) ||
	    strcmp(key, b->key) == 0)
		return;
	was = fm_cache_state(&b->cache, key, &ignored);
	if (!was)
		return;
	path = fm_json_str(json_object_get(was, "model"), "path", "?");
	real = realpath(c->model_path, NULL);
	if (real && strcmp(path, real) != 0)
		fm_prog_say("fm-driver",
		    "the build name '%s' belongs to model '%s', and now '%s' "
		    "is to have it: give every model its own --build_name",
		    b->name, path, real);
	free(real);
	if (c->rebuild == REBUILD_NEVER)
		(void)take_stale(b, key, was);
	else
		tell_reasons(b, was, "is stale", "it is built again");
	json_decref(was);
}

static int
never(const struct build *b, const struct fm_err *why, struct fm_err *err)
{
	bool there = why->code || b->state;

	return fm_err_set(err, FM_USAGE,
	    "build '%s' %s (%s), and --rebuild never forbids to make it",
	    b->name, there ? "cannot be used" : "is not there",
	    why->code ? why->text
	    : there   ? status_of(b->state)
		      : b->key);
}

/* Is what the stages made still there, as long as it was? Its content is
 * fm-cache verify's business: a hit does not read gigabytes. */
static bool
is_whole(const struct build *b, struct fm_err *why)
{
	const json_t *all = json_object_get(b->state, "artifacts"), *a;
	bool whole = true;
	struct stat st;
	size_t i;

	for (i = 0; whole && i < json_array_size(all); i++) {
		const char *name;
		char *path;

		a = json_array_get(all, i);
		name = fm_json_str(a, "path", "");
		path = fm_io_join(b->dir, name);
		whole = fm_cache_path_ok(name) && stat(path, &st) == 0 &&
			st.st_size == fm_json_int(a, "bytes", -1);
		if (!whole)
			(void)fm_err_set(
			    why, FM_USAGE, "'%s' is not as it was made", path);
		free(path);
	}
	return whole;
}

/* Takes the build if it is good: 1, 0 when there is none to be taken; `why`
 * tells of one that is damaged. */
static int
try_hit(struct build *b, const struct build_for *f, struct fm_err *why,
    struct fm_err *err)
{
	if (fm_cache_lock(
		&b->cache, b->key, FM_CACHE_USE, -1, f->wake_fd, err) != 0)
		return -1;
	json_decref(b->state);
	b->state = fm_io_is_dir(b->dir) ? fm_cache_state(&b->cache, b->key, why)
					: NULL;
	b->used = b->state && is_good(b->state) && is_whole(b, why);
	if (!b->used)
		fm_cache_unlock(&b->cache, b->key, FM_CACHE_USE);
	return b->used;
}

/* Waits for whoever holds it, and after a while says so. */
static int
lock_patiently(struct build *b, enum fm_cache_lock what,
    const struct build_for *f, struct fm_err *err)
{
	int rc = fm_cache_lock(
	    &b->cache, b->key, what, PATIENCE_NS, f->wake_fd, err);

	if (rc != 1)
		return rc;
	fm_prog_say("fm-driver",
	    "waiting for another process that %s the build '%s'",
	    what == FM_CACHE_MAKE ? "makes" : "uses", b->name);
	return fm_cache_lock(&b->cache, b->key, what, -1, f->wake_fd, err);
}

/* --- making --------------------------------------------------------------- */

static void
set_time(json_t *state, const char *key)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	fm_json_set_str(state, key, text);
}

static json_t *
new_state(const struct build *b, const struct conf *c)
{
	json_t *s = json_object(), *model = json_object();
	char *real = realpath(c->model_path, NULL);

	fm_json_set_str(s, "build_name", b->name);
	fm_json_set_str(s, "build_status", "build_running");
	json_object_set(s, "config", b->config);
	fm_json_set_str(model, "name", fm_io_base(c->model_name));
	fm_json_set_str(model, "path", real ? real : c->model_path);
	json_object_set_new(s, "model", model);
	json_object_set_new(s, "stages", json_array());
	json_object_set_new(s, "artifacts", json_array());
	fm_json_set_str(s, "fm_version", FM_VERSION);
	set_time(s, "created");
	set_time(s, "updated");
	free(real);
	return s;
}

/* A build that failed is kept, for its logs, unless there is a good one. */
static int
keep_failed(
    struct build *b, const char *tmp, bool have_good, const struct fm_err *why)
{
	struct fm_err ignored = FM_ERR_INIT;

	if (have_good || why->code == FM_USAGE || why->code == FM_STOPPED)
		goto drop;
	fm_json_set_str(b->state, "build_status", "failed_build");
	fm_json_set_str(b->state, "error", why->text);
	set_time(b->state, "updated");
	if (fm_cache_state_write(tmp, b->state, &ignored) != 0 ||
	    fm_cache_commit(&b->cache, b->key, &ignored) != 0)
		goto drop;
	return -1;
drop:
	fm_cache_abandon(&b->cache, b->key);
	if (!fm_io_is_dir(b->dir))
		fm_cache_name_drop(&b->cache, b->name, b->key);
	return -1;
}

/* Makes the build in `tmp`, in the order of its stages. */
static int
run_stages(struct build *b, const char *tmp, const struct conf *c,
    const struct build_for *f, struct fm_err *err)
{
	struct stage_work w = { 0 };
	int rc;

	w.c = c;
	w.dir = tmp;
	w.state = b->state;
	w.f = f;
	w.hash = build_hash_file;
	w.hash_arg = &b->cache;
	rc = fm_cache_state_write(tmp, b->state, err);
	w.monitor = monitor_start(c->monitor, b->name);
	if (rc == 0)
		rc = build_run_stages(
		    &w, json_object_get(b->config, "sequence"), err);
	monitor_end(w.monitor);
	if (rc == 0) {
		fm_json_set_str(b->state, "build_status", "successful_build");
		set_time(b->state, "updated");
		rc = fm_cache_state_write(tmp, b->state, err);
	}
	return rc;
}

static int
make(struct build *b, const struct conf *c, const struct build_for *f,
    bool have_good, struct fm_err *err)
{
	char *tmp = fm_cache_begin(&b->cache, b->key, err);
	char now[FM_HASH_HEX];
	int rc;

	if (!tmp)
		return -1;
	/* So that whoever looks sees what is being made, or was. */
	if (!fm_cache_name_key(&b->cache, b->name, now) &&
	    fm_cache_name_set(&b->cache, b->name, b->key, err) != 0) {
		free(tmp);
		return -1;
	}
	json_decref(b->state);
	b->state = new_state(b, c);
	rc = run_stages(b, tmp, c, f, err);
	if (rc != 0) {
		rc = keep_failed(b, tmp, have_good, err);
	} else {
		/* Nobody may be using what is replaced. */
		if (have_good)
			rc = lock_patiently(b, FM_CACHE_ALONE, f, err);
		if (rc == 0)
			rc = fm_cache_commit(&b->cache, b->key, err);
		else
			fm_cache_abandon(&b->cache, b->key);
	}
	if (rc == 0)
		rc = fm_cache_lock(
		    &b->cache, b->key, FM_CACHE_USE, -1, f->wake_fd, err);
	b->used = rc == 0;
	free(tmp);
	return rc;
}

/* Under the lock for making: somebody may have been faster. */
static int
make_or_take(struct build *b, const struct conf *c, const struct build_for *f,
    struct fm_err *err)
{
	int rc = lock_patiently(b, FM_CACHE_MAKE, f, err);
	struct fm_err why = FM_ERR_INIT;
	bool have_good;

	if (rc != 0)
		return -1;
	rc = try_hit(b, f, &why, err);
	if (why.code)
		fm_prog_say("fm-driver", "%s: it is built again", why.text);
	have_good = rc == 1;
	if (rc == 1 && c->rebuild == REBUILD_ALWAYS) {
		fm_cache_unlock(&b->cache, b->key, FM_CACHE_USE);
		b->used = false;
		rc = 0;
	}
	b->hit = rc == 1;
	if (rc == 0)
		rc = make(b, c, f, have_good, err);
	fm_cache_unlock(&b->cache, b->key, FM_CACHE_MAKE);
	return rc < 0 ? -1 : 0;
}

/* --- getting -------------------------------------------------------------- */

static int
open_cache(struct build *b, const struct conf *c, struct fm_err *err)
{
	char *notice, *dir = fm_cache_place(c->cache_dir, true, &notice);
	int rc;

	if (notice)
		fm_prog_say("fm-driver", "%s", notice);
	rc = fm_cache_open(&b->cache, dir, FM_CACHE_CREATE, err);
	free(notice);
	free(dir);
	return rc;
}

static int
find_or_make(struct build *b, const struct conf *c, const struct build_for *f,
    struct fm_err *err)
{
	struct fm_err why = FM_ERR_INIT;
	int rc = 0;

	if (c->rebuild != REBUILD_ALWAYS)
		rc = try_hit(b, f, &why, err);
	if (rc < 0)
		return -1;
	b->hit = rc == 1;
	if (rc == 0 && c->rebuild == REBUILD_NEVER)
		return never(b, &why, err);
	return rc == 1 ? 0 : make_or_take(b, c, f, err);
}

/* Cache, inputs, key and name: what is wanted. */
static int
prepare(struct build *b, const struct conf *c, const struct build_for *f,
    struct fm_err *err)
{
	b->native = c->found && f->platform->loads;
	if ((c->build_name && fm_cache_name_check(c->build_name, err) != 0) ||
	    open_cache(b, c, err) != 0 || build_key(b, c, f, err) != 0)
		return -1;
	if (b->native)
		b->name = fm_strdupf("%s_torch", c->build_name);
	else
		b->name = c->build_name
			      ? fm_strdup(c->build_name)
			      : fm_cache_name_make(c->model_name, b->key);
	b->dir = fm_cache_obj(&b->cache, b->key);
	return fm_cache_name_free(&b->cache, b->name, err);
}

int
build_get(struct build *b, struct fm_model *m, const struct conf *c,
    const struct build_for *f, struct fm_err *err)
{
	char now[FM_HASH_HEX];

	if (prepare(b, c, f, err) != 0)
		return -1;
	check_name(b, c);
	if (find_or_make(b, c, f, err) != 0)
		return -1;
	if ((!fm_cache_name_key(&b->cache, b->name, now) ||
		strcmp(now, b->key) != 0) &&
	    fm_cache_name_set(&b->cache, b->name, b->key, err) != 0)
		return -1;
	fm_cache_touch(&b->cache, b->key);
	return m ? build_load(m, b->dir, b->state, b->stale, c, err) : 0;
}

int
build_have(const struct conf *c, const struct build_for *f, struct fm_err *err)
{
	struct build b = { .cache = FM_CACHE_INIT };
	struct fm_err bad = FM_ERR_INIT;
	int rc = prepare(&b, c, f, err);

	if (rc == 0 && fm_io_is_dir(b.dir))
		b.state = fm_cache_state(&b.cache, b.key, &bad);
	if (rc == 0)
		rc = b.state && is_good(b.state) && is_whole(&b, &bad);
	build_release(&b);
	return rc;
}

/* What a name has, NULL when that cannot be read, against what is wanted under
 * it. */
static void
explain(struct build *b, const json_t *was, struct fm_err *bad)
{
	struct fm_strs reasons = FM_STRS_INIT;
	size_t i;

	if (was)
		fm_cache_diff(
		    &reasons, json_object_get(was, "config"), b->config, NULL);
	if (was && reasons.n == 0 && !is_good(was))
		fm_strs_add_take(
		    &reasons, fm_strdupf("the build is not complete (%s)",
				  status_of(was)));
	else if (!was || (reasons.n == 0 && !is_whole(b, bad)))
		fm_strs_add(&reasons, bad->text);
	printf("%s: %s\n", b->name,
	    reasons.n ? "would be built again" : "is up to date");
	for (i = 0; i < reasons.n; i++)
		printf("%s\n", reasons.v[i]);
	fm_strs_release(&reasons);
}

int
build_explain(
    const struct conf *c, const struct build_for *f, struct fm_err *err)
{
	struct build b = { .cache = FM_CACHE_INIT };
	struct fm_err bad = FM_ERR_INIT;
	char key[FM_HASH_HEX];
	int rc = prepare(&b, c, f, err);

	if (rc == 0 && !fm_cache_find(&b.cache, b.name, key)) {
		printf("%s: would be built: there is no such build\n", b.name);
	} else if (rc == 0) {
		b.state = fm_cache_state(&b.cache, key, &bad);
		explain(&b, b.state, &bad);
	}
	build_release(&b);
	return rc;
}

void
build_release(struct build *b)
{
	if (b->used)
		fm_cache_unlock(&b->cache, b->key, FM_CACHE_USE);
	fm_cache_release(&b->cache);
	free(b->name);
	free(b->dir);
	json_decref(b->config);
	json_decref(b->state);
}

char *
build_artifact(const struct build *b)
{
	const char *name = fm_json_str(b->state, "artifact", NULL);

	return name && fm_cache_path_ok(name) ? fm_io_join(b->dir, name) : NULL;
}

/* --- what else ------------------------------------------------------------ */

void
build_put_stages(const struct build *b, struct fm_buf *out)
{
	const json_t *stages = json_object_get(b->state, "stages"), *s;
	struct fm_buf line = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < json_array_size(stages); i++) {
		s = json_array_get(stages, i);
		fm_buf_clear(&line);
		fm_buf_printf(&line, "%s %.6f %s %s/%s",
		    fm_json_str(s, "name", "?"),
		    b->hit ? 0.0 : fm_json_num(s, "seconds", 0),
		    b->hit ? "cached" : fm_json_str(s, "status", "?"), b->dir,
		    fm_json_str(s, "log", ""));
		fm_record_put_text(out, FM_TAG_STAGE, line.s);
	}
	fm_buf_release(&line);
}

int
build_result(struct build *b, const json_t *record, struct fm_err *err)
{
	return fm_cache_result_add(&b->cache, b->key, record, err);
}

void
build_lean(struct build *b)
{
	struct fm_err err = FM_ERR_INIT;
	int64_t bytes;
	int rc;

	if (!b->used)
		return;
	rc = fm_cache_lock(&b->cache, b->key, FM_CACHE_ALONE, 0, -1, &err);
	if (rc == 0)
		rc = fm_cache_clean(&b->cache, b->key, &bytes, &err);
	if (rc > 0)
		fm_prog_say("fm-driver",
		    "build '%s' is in use by another process: its artifacts "
		    "stay",
		    b->name);
	else if (rc < 0)
		fm_prog_say("fm-driver", "%s", err.text);
}
