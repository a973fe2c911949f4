/*
 * state.yaml of a build: read with limits, because anybody may have written
 * it; written whole or not at all; and two of them compared, so that a person
 * learns why a build does not fit.
 */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"
#include "json.h"
#include "yaml.h"

enum {
	STATE_MAX = 1 << 20 /* bytes: a hundred times what we write */
};

/* A plain file of bearable size: 0, 1 = there is none, -1. */
static int
read_plain(const char *path, struct fm_buf *b, struct fm_err *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc;
	struct stat st;
	ptrdiff_t n;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			   ? 1
			   : fm_err_sys(err, FM_IO, "cannot read '%s'", path);
	rc = fstat(fd, &st);
	if (rc == 0 && (!S_ISREG(st.st_mode) || st.st_size > STATE_MAX))
		rc = fm_err_set(err, FM_USAGE,
		    "'%s' is not a state: no plain file of up to %d bytes",
		    path, STATE_MAX);
	while (rc == 0 &&
	       (n = fm_io_read_some(fd, fm_buf_reserve(b, 65536), 65536)) != 0)
		if (n < 0 || b->len > STATE_MAX)
			rc = fm_err_set(err, FM_IO, "cannot read '%s'", path);
		else
			fm_buf_commit(b, (size_t)n);
	(void)close(fd);
	return rc;
}

static int
read_state(const char *dir, json_t **state, struct fm_err *err)
{
	char *path = fm_io_join(dir, "state.yaml");
	struct fm_buf b = FM_BUF_INIT;
	int rc = read_plain(path, &b, err);

	if (rc == 0) {
		*state = fm_yaml_parse(b.s, b.len, path, err);
		rc = *state ? 0 : -1;
	}
	if (rc == 0 && !json_is_object(*state)) {
		json_decref(*state);
		*state = NULL;
		rc = fm_err_set(err, FM_USAGE, "'%s' is not a state", path);
	}
	fm_buf_release(&b);
	free(path);
	return rc;
}

/* What is being made, or was when its maker was killed. */
static json_t *
state_of_tmp(struct fm_cache *c, const char *key, struct fm_err *err)
{
	char *dir = fm_strdupf("%s/obj/%s.tmp", c->dir, key);
	json_t *state = NULL;
	bool there = fm_io_is_dir(dir);
	int rc = there ? read_state(dir, &state, err) : 0;

	free(dir);
	if (rc < 0)
		return NULL;
	if (!there) {
		(void)fm_err_set(
		    err, FM_USAGE, "there is no build with the key %s", key);
		return NULL;
	}
	if (!state)
		state = json_object();
	fm_json_set_str(state, "build_status",
	    fm_cache_making(c, key) ? "build_running" : "killed");
	return state;
}

json_t *
fm_cache_state(struct fm_cache *c, const char *key, struct fm_err *err)
{
	char *dir = fm_cache_obj(c, key);
	json_t *state = NULL;
	int rc = read_state(dir, &state, err);

	free(dir);
	return rc == 1 ? state_of_tmp(c, key, err) : state;
}

int
fm_cache_state_write(const char *dir, const json_t *state, struct fm_err *err)
{
	char *path = fm_io_join(dir, "state.yaml");
	struct fm_buf b = FM_BUF_INIT;
	struct fm_out o;
	int rc = fm_yaml_put(&b, state, err);

	if (rc == 0)
		rc = fm_out_open(&o, path, err);
	if (rc == 0) {
		(void)fwrite(b.s, 1, b.len, o.f);
		rc = fm_out_close(&o, err);
	}
	fm_buf_release(&b);
	free(path);
	return rc;
}

/* --- why ------------------------------------------------------------------ */

static bool
is_none(const json_t *v)
{
	return !v || json_is_null(v);
}

static void
put_value(struct fm_buf *b, const json_t *v)
{
	if (is_none(v))
		fm_buf_puts(b, "none");
	else if (json_is_string(v))
		fm_buf_printf(b, "'%s'", json_string_value(v));
	else
		fm_json_put(b, v);
}

static void
add_reason(
    struct fm_strs *l, const char *what, const json_t *was, const json_t *is)
{
	struct fm_buf b = FM_BUF_INIT;

	fm_buf_printf(&b, "the %s changed from ", what);
	put_value(&b, was);
	fm_buf_puts(&b, " to ");
	put_value(&b, is);
	fm_strs_flatten(b.s);
	fm_strs_add_take(l, fm_buf_detach(&b));
}

/* A name for every stage, or NULL when these are not stages. */
static json_t *
stage_names(const json_t *list)
{
	json_t *names = json_array();
	size_t i;

	for (i = 0; i < json_array_size(list); i++)
		json_array_append_new(names,
		    json_string(
			fm_json_str(json_array_get(list, i), "stage", "?")));
	return names;
}

static void
diff_stages(struct fm_strs *l, const json_t *was, const json_t *is)
{
	json_t *a = stage_names(was), *b = stage_names(is);
	size_t i;

	if (!json_equal(a, b))
		add_reason(l, "list of stages", a, b);
	else
		for (i = 0; i < json_array_size(a); i++)
			fm_cache_diff(l, json_array_get(was, i),
			    json_array_get(is, i),
			    json_string_value(json_array_get(a, i)));
	json_decref(a);
	json_decref(b);
}

/* What a member of the inputs is called in a sentence. */
static char *
word_of(const char *key, const char *where)
{
	static const char *const words[][2] = {
		{ "fm", "version of fm" },
		{ "model", "content of the model" },
		{ "class", "model class" },
		{ "seed", "seed of the weights" },
	};
	size_t i;

	if (where && strcmp(where, "shapes") == 0)
		return fm_strdupf("%s input", key);
	if (where)
		return fm_strdupf("%s of stage '%s'", key, where);
	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i][0], key) == 0)
			return fm_strdup(words[i][1]);
	return fm_strdup(key);
}

/* What is not there and what is null are both none. */
static void
diff_member(struct fm_strs *l, const char *key, const json_t *was,
    const json_t *is, const char *where)
{
	char *word;

	if (json_equal(was, is) || (is_none(was) && is_none(is)))
		return;
	if (!where && strcmp(key, "sequence") == 0) {
		diff_stages(l, was, is);
		return;
	}
	if (!where && json_is_object(was) && json_is_object(is)) {
		fm_cache_diff(l, was, is, key);
		return;
	}
	word = word_of(key, where);
	add_reason(l, word, was, is);
	free(word);
}

void
fm_cache_diff(struct fm_strs *reasons, const json_t *was, const json_t *is,
    const char *where)
{
	union {
		const json_t *c;
		json_t *v;
	} a = { was }, b = { is };
	const char *key;
	json_t *v;

	json_object_foreach (a.v, key, v)
		diff_member(reasons, key, v, json_object_get(is, key), where);
	json_object_foreach (b.v, key, v)
		if (!json_object_get(was, key))
			diff_member(reasons, key, NULL, v, where);
}
