/*
 * The cache's folder and the names in it. A name is a symbolic link to
 * obj/KEY; whatever else lies in the folder is not ours and is left alone.
 */
#define _GNU_SOURCE /* d_type, realpath */
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"

static const char marker[] = "fm cache 1\n";

enum {
	NAME_MAX_BYTES = 200, /* leaves room for what is put around a name */
	PATH_MAX_BYTES = 1000
};

/* --- where ---------------------------------------------------------------- */

/* A leading "~/" is the home folder, also where the shell left it. */
static char *
expand(const char *path)
{
	const char *home = getenv("HOME");

	return path[0] == '~' && path[1] == '/' && home
		   ? fm_strdupf("%s%s", home, path + 1)
		   : fm_strdup(path);
}

static bool
has(const char *dir, const char *name)
{
	char *path = fm_io_join(dir, name);
	bool yes = access(path, F_OK) == 0;

	free(path);
	return yes;
}

/* Does a folder hold anything that is not ours to begin with? Copies for
 * runs from elsewhere are: who brings them here makes no cache. */
static bool
has_others(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool yes = false;

	while (d && !yes && (e = readdir(d)))
		yes = strcmp(e->d_name, ".") != 0 &&
		      strcmp(e->d_name, "..") != 0 &&
		      strcmp(e->d_name, "remote") != 0 &&
		      strncmp(e->d_name, ".fm-cache", 9) != 0;
	if (d)
		(void)closedir(d);
	return yes && !has(dir, ".fm-cache");
}

/* The folder that another tool's variable names, or NULL. */
static char *
theirs(bool create, char **notice)
{
	static const char *const names[] = { "MLAGILITY_CACHE_DIR",
		"GROQFLOW_CACHE_DIR" };
	const char *v = NULL;
	char *dir;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		v = getenv(names[i]);
		if (v && *v)
			break;
	}
	if (i == sizeof names / sizeof *names)
		return NULL;
	dir = expand(v);
	if (create && has_others(dir)) {
		*notice = fm_strdupf("%s names a folder of another tool, '%s': "
				     "builds do not go there",
		    names[i], dir);
		free(dir);
		return NULL;
	}
	*notice = fm_strdupf("the cache is '%s', from %s; FM_CACHE_DIR is not "
			     "set",
	    dir, names[i]);
	return dir;
}

char *
fm_cache_place(const char *given, bool create, char **notice)
{
	const char *v = getenv("FM_CACHE_DIR");
	char *dir;

	*notice = NULL;
	if (given)
		return expand(given);
	if (v && *v)
		return expand(v);
	dir = theirs(create, notice);
	return dir ? dir : expand("~/.cache/fm");
}

/* --- opening -------------------------------------------------------------- */

static int
check_marker(const char *dir, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	char *path = fm_io_join(dir, ".fm-cache");
	int rc = fm_io_read_file(path, &b, err);

	if (rc == 0 && strcmp(b.s, marker) != 0)
		rc = fm_err_set(err, FM_USAGE,
		    "'%s' is of a layout that this version does not know: use "
		    "another --cache_dir",
		    dir);
	fm_buf_release(&b);
	free(path);
	return rc;
}

static int
put_marker(const char *dir, struct fm_err *err)
{
	char *path = fm_io_join(dir, ".fm-cache");
	struct fm_out o;
	int rc = fm_out_open(&o, path, err);

	if (rc == 0) {
		(void)fputs(marker, o.f);
		rc = fm_out_close(&o, err);
	}
	free(path);
	return rc;
}

static int
create(const char *dir, struct fm_err *err)
{
	static const char *const parts[] = { "obj", "results", "files",
		"pins" };
	int rc = fm_io_mkdirs(dir, err);
	size_t i;

	if (rc != 0)
		return fm_err_wrap(err, "no cache");
	if (!has(dir, ".fm-cache")) {
		if (has_others(dir))
			return fm_err_set(err, FM_USAGE,
			    "'%s' holds other things, and no cache of fm: "
			    "choose another --cache_dir",
			    dir);
		rc = put_marker(dir, err);
	}
	for (i = 0; rc == 0 && i < sizeof parts / sizeof *parts; i++) {
		char *path = fm_io_join(dir, parts[i]);

		rc = fm_io_mkdirs(path, err);
		free(path);
	}
	return rc;
}

/* Made by MLAgility, or by GroqFlow: folders with a state that has their
 * name. */
static bool
is_foreign(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool yes = has(dir, ".mlacache");

	while (d && !yes && (e = readdir(d))) {
		char *path = fm_strdupf(
		    "%s/%s/%s_state.yaml", dir, e->d_name, e->d_name);

		yes = e->d_name[0] != '.' && fm_io_is_file(path);
		free(path);
	}
	if (d)
		(void)closedir(d);
	return yes;
}

static int
open_there(struct fm_cache *c, enum fm_cache_use use, struct fm_err *err)
{
	if (has(c->dir, ".fm-cache"))
		return check_marker(c->dir, err);
	c->foreign = is_foreign(c->dir);
	if (c->foreign && use == FM_CACHE_READ)
		return 0;
	if (c->foreign)
		return fm_err_set(err, FM_USAGE,
		    "'%s' was made by MLAgility or GroqFlow: it can be read, "
		    "and is never changed",
		    c->dir);
	return fm_err_set(err, FM_USAGE,
	    "'%s' is not a cache of fm: there is no .fm-cache in it", c->dir);
}

int
fm_cache_open(struct fm_cache *c, const char *dir, enum fm_cache_use use,
    struct fm_err *err)
{
	char *real;
	int rc = 0;

	c->dir = NULL;
	c->foreign = false;
	c->lock_fd = c->obj_fd = c->any_tmp = -1;
	if (!*dir || *dir == '~')
		return fm_err_set(err, FM_USAGE,
		    "no place for the cache: set FM_CACHE_DIR or HOME");
	if (use == FM_CACHE_CREATE)
		rc = create(dir, err);
	real = realpath(dir, NULL);
	c->dir = real ? real : fm_strdup(dir);
	if (rc == 0 && (real || use != FM_CACHE_READ))
		rc = open_there(c, use, err);
	if (rc != 0)
		fm_cache_release(c);
	return rc;
}

void
fm_cache_release(struct fm_cache *c)
{
	if (c->lock_fd >= 0)
		(void)close(c->lock_fd);
	if (c->obj_fd >= 0)
		(void)close(c->obj_fd);
	free(c->dir);
	c->dir = NULL;
	c->lock_fd = c->obj_fd = -1;
}

/* --- names ---------------------------------------------------------------- */

int
fm_cache_name_check(const char *name, struct fm_err *err)
{
	static const char *const ours[] = { "obj", "results", "files", "pins",
		"remote", "slurm" };
	const char *why = NULL;
	size_t i;

	if (!*name)
		why = "is empty";
	else if (strchr(name, '/'))
		why = "must be one path component, without '/'";
	else if (*name == '.' || *name == '-')
		why = "must not begin with '.' or '-'";
	else if (strlen(name) > NAME_MAX_BYTES)
		why = "is longer than 200 bytes";
	for (i = 0; !why && name[i]; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 127)
			why = "has control characters in it";
	for (i = 0; !why && i < sizeof ours / sizeof *ours; i++)
		if (strcmp(name, ours[i]) == 0)
			why = "is the cache's own";
	if (!why)
		return 0;
	return fm_err_set(
	    err, FM_USAGE, "the build name '%.80s' %s", name, why);
}

bool
fm_cache_path_ok(const char *path)
{
	const char *p = path;
	size_t n;

	if (strlen(path) > PATH_MAX_BYTES)
		return false;
	for (;; p += n + 1) {
		n = strcspn(p, "/");
		if (n == 0 || *p == '.')
			return false;
		if (!p[n])
			return true;
	}
}

char *
fm_cache_name_make(const char *model, const char *key)
{
	size_t n = strlen(model), from, i;
	char *name;

	while (n > 0 && model[n - 1] == '/')
		n--;
	for (from = n; from > 0 && model[from - 1] != '/';)
		from--;
	if (n - from > NAME_MAX_BYTES - 20)
		n = from + NAME_MAX_BYTES - 20;
	name = fm_strdupf("%.*s_%.8s", (int)(n - from), model + from, key);
	for (i = 0; name[i]; i++) {
		char ch = name[i];
		bool plain = (ch >= 'a' && ch <= 'z') ||
			     (ch >= 'A' && ch <= 'Z') ||
			     (ch >= '0' && ch <= '9') || ch == '_' ||
			     (i > 0 && (ch == '.' || ch == '-'));

		if (!plain)
			name[i] = '_';
	}
	return name;
}

int
fm_cache_names(
    const struct fm_cache *c, struct fm_strs *names, struct fm_err *err)
{
	DIR *d = opendir(c->dir);
	struct dirent *e;
	char key[FM_HASH_HEX];

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return fm_err_sys(err, FM_IO, "cannot open '%s'", c->dir);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (e->d_type == DT_LNK ||
		    (e->d_type == DT_UNKNOWN &&
			fm_cache_name_key(c, e->d_name, key)))
			fm_strs_add(names, e->d_name);
	}
	(void)closedir(d);
	fm_strs_sort(names);
	return 0;
}

static bool
is_key(const char *s)
{
	return strlen(s) == FM_HASH_HEX - 1 &&
	       strspn(s, "0123456789abcdef") == FM_HASH_HEX - 1;
}

bool
fm_cache_name_key(
    const struct fm_cache *c, const char *name, char key[FM_HASH_HEX])
{
	char to[4 + FM_HASH_HEX + 1];
	char *path = fm_io_join(c->dir, name);
	ssize_t n = readlink(path, to, sizeof to - 1);

	free(path);
	if (n != 4 + FM_HASH_HEX - 1 || memcmp(to, "obj/", 4) != 0)
		return false;
	to[n] = '\0';
	if (!is_key(to + 4))
		return false;
	memcpy(key, to + 4, FM_HASH_HEX);
	return true;
}

bool
fm_cache_find(const struct fm_cache *c, const char *name, char key[FM_HASH_HEX])
{
	bool there = fm_cache_name_key(c, name, key);
	char *obj, *tmp;

	if (there || !is_key(name))
		return there;
	obj = fm_cache_obj(c, name);
	tmp = fm_strdupf("%s.tmp", obj);
	there = fm_io_is_dir(obj) || fm_io_is_dir(tmp);
	if (there)
		memcpy(key, name, FM_HASH_HEX);
	free(tmp);
	free(obj);
	return there;
}

int
fm_cache_name_free(
    const struct fm_cache *c, const char *name, struct fm_err *err)
{
	char *path = fm_io_join(c->dir, name);
	char key[FM_HASH_HEX];
	struct stat st;
	int rc = 0;

	if (lstat(path, &st) == 0 && !fm_cache_name_key(c, name, key))
		rc = fm_err_set(err, FM_USAGE,
		    "'%s' lies in the cache and is no build: choose another "
		    "--build_name",
		    path);
	free(path);
	return rc;
}

/* Symbolic links cannot be replaced, but renamed over one another. */
int
fm_cache_name_set(const struct fm_cache *c, const char *name, const char *key,
    struct fm_err *err)
{
	char *to, *path, *tmp;
	int rc = 0;

	if (fm_cache_name_free(c, name, err) != 0)
		return -1;
	to = fm_strdupf("obj/%s", key);
	path = fm_io_join(c->dir, name);
	tmp = fm_strdupf("%s/.name.%ld.%s", c->dir, (long)getpid(), key);
	(void)unlink(tmp);
	if (symlink(to, tmp) != 0 || rename(tmp, path) != 0) {
		rc = fm_err_sys(
		    err, FM_IO, "cannot give the build the name '%s'", name);
		(void)unlink(tmp);
	}
	free(tmp);
	free(path);
	free(to);
	return rc;
}

void
fm_cache_name_drop(const struct fm_cache *c, const char *name, const char *key)
{
	char *path = fm_io_join(c->dir, name);
	char now[FM_HASH_HEX];

	if (fm_cache_name_key(c, name, now) && strcmp(now, key) == 0)
		(void)unlink(path);
	free(path);
}
