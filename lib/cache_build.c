/*
 * Builds: made beside their place and put there in one step, used, cleaned
 * and deleted. Whoever changes one holds its lock, so that there is one
 * temporary folder for a key, and what lies in it before is a dead one's.
 */
#define _GNU_SOURCE /* renameat2, d_type */
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "err.h"
#include "io.h"
#include "json.h"

char *
fm_cache_obj(const struct fm_cache *c, const char *key)
{
	return fm_strdupf("%s/obj/%s", c->dir, key);
}

static char *
tmp_of(const struct fm_cache *c, const char *key)
{
	return fm_strdupf("%s/obj/%s.tmp", c->dir, key);
}

/* "KEY" or "KEY.tmp" */
static bool
is_build(const char *name)
{
	size_t n = strlen(name);

	return strspn(name, "0123456789abcdef") == FM_HASH_HEX - 1 &&
	       (n == FM_HASH_HEX - 1 ||
		   (n == FM_HASH_HEX + 3 &&
		       strcmp(name + FM_HASH_HEX - 1, ".tmp") == 0));
}

int
fm_cache_keys(
    const struct fm_cache *c, struct fm_strs *keys, struct fm_err *err)
{
	struct fm_strs all = FM_STRS_INIT;
	char *path = fm_io_join(c->dir, "obj");
	DIR *d = opendir(path);
	struct dirent *e;
	size_t i;

	if (!d && errno != ENOENT)
		(void)fm_err_sys(err, FM_IO, "cannot open '%s'", path);
	free(path);
	while (d && (e = readdir(d)))
		if (is_build(e->d_name))
			fm_strs_add_take(
			    &all, fm_strndup(e->d_name, FM_HASH_HEX - 1));
	if (d)
		(void)closedir(d);
	fm_strs_sort(&all);
	for (i = 0; i < all.n; i++)
		if (i == 0 || strcmp(all.v[i], all.v[i - 1]) != 0)
			fm_strs_add(keys, all.v[i]);
	fm_strs_release(&all);
	return err->code == FM_OK ? 0 : -1;
}

/* --- making --------------------------------------------------------------- */

char *
fm_cache_begin(const struct fm_cache *c, const char *key, struct fm_err *err)
{
	char *tmp = tmp_of(c, key);

	if (fm_io_remove_tree(tmp, err) == 0 && fm_io_mkdirs(tmp, err) == 0)
		return tmp;
	free(tmp);
	return NULL;
}

int
fm_cache_commit(const struct fm_cache *c, const char *key, struct fm_err *err)
{
	char *tmp = tmp_of(c, key), *obj = fm_cache_obj(c, key);
	int rc = rename(tmp, obj);

	/* There is one already: they change places. */
	if (rc != 0 && (errno == ENOTEMPTY || errno == EEXIST))
		rc = renameat2(AT_FDCWD, tmp, AT_FDCWD, obj, RENAME_EXCHANGE);
	/* A file system that cannot do that: never none, but for a moment. */
	if (rc != 0 && (errno == EINVAL || errno == ENOSYS))
		rc = fm_io_remove_tree(obj, err) == 0 ? rename(tmp, obj) : -1;
	if (rc != 0)
		(void)fm_err_sys(err, FM_IO, "cannot put '%s' in place", obj);
	fm_cache_abandon(c, key);
	free(tmp);
	free(obj);
	return rc == 0 ? 0 : -1;
}

void
fm_cache_abandon(const struct fm_cache *c, const char *key)
{
	struct fm_err ignored = FM_ERR_INIT;
	char *tmp = tmp_of(c, key);

	(void)fm_io_remove_tree(tmp, &ignored);
	free(tmp);
}

/* --- using ---------------------------------------------------------------- */

/* The folder's own time is not otherwise of use: builds do not change. */
void
fm_cache_touch(const struct fm_cache *c, const char *key)
{
	char *obj = fm_cache_obj(c, key);

	(void)utimensat(AT_FDCWD, obj, NULL, 0);
	free(obj);
}

/* --- sizes and cleaning --------------------------------------------------- */

/* State and logs outlive cleaning. */
static bool
is_kept(const char *name)
{
	size_t n = strlen(name);

	return strcmp(name, "state.yaml") == 0 ||
	       (strncmp(name, "log_", 4) == 0 && n > 8 &&
		   strcmp(name + n - 4, ".txt") == 0);
}

/* Opens a folder below another one, following no link; NULL = it is none. */
static DIR *
open_below(int parent, const char *name)
{
	int fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d && fd >= 0)
		(void)close(fd);
	return d;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Bytes of the files in it; closes it. */
static int64_t
sum_up(DIR *d)
{
	int64_t sum = 0;
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		if (is_dots(e->d_name) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		sum += S_ISDIR(st.st_mode)
			   ? sum_up(open_below(dirfd(d), e->d_name))
			   : st.st_size;
	}
	if (d)
		(void)closedir(d);
	return sum;
}

/* Mostly there is none, and looking for each of thousands would take longer
 * than looking once. */
static bool
any_tmp(struct fm_cache *c)
{
	DIR *d = c->any_tmp < 0 ? open_below(c->obj_fd, ".") : NULL;
	struct dirent *e;

	if (c->any_tmp < 0)
		c->any_tmp = 0;
	while (d && !c->any_tmp && (e = readdir(d)))
		c->any_tmp =
		    is_build(e->d_name) && strchr(e->d_name, '.') != NULL;
	if (d)
		(void)closedir(d);
	return c->any_tmp;
}

struct fm_cache_weight
fm_cache_weigh(struct fm_cache *c, const char *key)
{
	struct fm_cache_weight w = { 0, 0 };
	char tmp[FM_HASH_HEX + 8];
	struct stat st;
	DIR *d, *left;

	if (c->obj_fd < 0) {
		char *path = fm_io_join(c->dir, "obj");

		c->obj_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		free(path);
	}
	(void)snprintf(tmp, sizeof tmp, "%.32s.tmp", key);
	d = open_below(c->obj_fd, key);
	left = !d || any_tmp(c) ? open_below(c->obj_fd, tmp) : NULL;
	if ((d || left) && fstat(dirfd(d ? d : left), &st) == 0)
		w.used_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
			    st.st_mtim.tv_nsec;
	w.bytes = sum_up(d) + sum_up(left);
	return w;
}

/* Removes artifacts and gives their bytes; closes it. */
static int64_t
remove_artifacts(DIR *d, bool top)
{
	int64_t sum = 0;
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		if (is_dots(e->d_name) || (top && is_kept(e->d_name)) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			sum += remove_artifacts(
			    open_below(dirfd(d), e->d_name), false);
			(void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
		} else if (unlinkat(dirfd(d), e->d_name, 0) == 0) {
			sum += st.st_size;
		}
	}
	if (d)
		(void)closedir(d);
	return sum;
}

/* Cleaning is no use: gc goes by the time that was there before. */
static void
set_used(const char *obj, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	(void)utimensat(AT_FDCWD, obj, times, 0);
}

/* The mark comes first: a build that is half removed is none. What a killed
 * one left is a build's only when there is no other: else it goes whole. */
int
fm_cache_clean(
    struct fm_cache *c, const char *key, int64_t *bytes, struct fm_err *err)
{
	char *obj = fm_cache_obj(c, key), *tmp = tmp_of(c, key);
	struct stat st;
	bool there = lstat(obj, &st) == 0;
	json_t *state =
	    !there || S_ISDIR(st.st_mode) ? fm_cache_state(c, key, err) : NULL;
	const char *status = fm_json_str(state, "build_status", "");
	int rc = -1;

	*bytes = 0;
	if (!state && there && !S_ISDIR(st.st_mode)) {
		(void)fm_err_set(err, FM_USAGE, "'%s' is no folder", obj);
	} else if (state && strcmp(status, "successful_build") == 0) {
		fm_json_set_str(state, "build_status", "cleaned");
		rc = fm_cache_state_write(obj, state, err);
	} else if (state) {
		rc = 0;
	}
	if (rc == 0)
		*bytes = remove_artifacts(open_below(AT_FDCWD, obj), true) +
			 remove_artifacts(open_below(AT_FDCWD, tmp), !there);
	if (rc == 0 && there) {
		fm_cache_abandon(c, key);
		set_used(obj, &st);
	}
	json_decref(state);
	free(tmp);
	free(obj);
	return rc;
}

/* --- deleting ------------------------------------------------------------- */

static void
remove_file(
    const struct fm_cache *c, const char *dir, const char *key, const char *end)
{
	char *path = fm_strdupf("%s/%s/%s%s", c->dir, dir, key, end);

	(void)unlink(path);
	free(path);
}

/* Names first, so that none points to what is half gone. */
int
fm_cache_delete(struct fm_cache *c, const char *key,
    const struct fm_strs *names, struct fm_err *err)
{
	char *obj = fm_cache_obj(c, key), *tmp = tmp_of(c, key);
	int rc;
	size_t i;

	for (i = 0; i < names->n; i++)
		fm_cache_name_drop(c, names->v[i], key);
	remove_file(c, "pins", key, "");
	remove_file(c, "results", key, ".jsonl");
	rc = fm_io_remove_tree(tmp, err);
	/* Out of its place in one step, then file by file. */
	if (rc == 0 && rename(obj, tmp) == 0)
		rc = fm_io_remove_tree(tmp, err);
	else if (rc == 0 && errno != ENOENT)
		rc = fm_err_sys(err, FM_IO, "cannot delete '%s'", obj);
	free(obj);
	free(tmp);
	return rc;
}

/* --- pins ----------------------------------------------------------------- */

void
fm_cache_pins(const struct fm_cache *c, struct fm_strs *keys)
{
	char *path = fm_io_join(c->dir, "pins");
	DIR *d = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (is_build(e->d_name))
			fm_strs_add(keys, e->d_name);
	if (d)
		(void)closedir(d);
	fm_strs_sort(keys);
	free(path);
}

int
fm_cache_pin(
    const struct fm_cache *c, const char *key, bool pin, struct fm_err *err)
{
	char *path = fm_strdupf("%s/pins/%s", c->dir, key);
	int fd = -1, rc = 0;

	if (pin)
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (pin ? fd < 0 : unlink(path) != 0 && errno != ENOENT)
		rc = fm_err_sys(err, FM_IO, "cannot change '%s'", path);
	if (fd >= 0)
		(void)close(fd);
	free(path);
	return rc;
}
