/*
 * What belongs to builds but is no part of them: the results of benchmarks,
 * and the remembered hashes of the files that builds are made from.
 */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"
#include "json.h"

/* --- results -------------------------------------------------------------- */

static char *
results_path(const struct fm_cache *c, const char *key)
{
	return fm_strdupf("%s/results/%s.jsonl", c->dir, key);
}

/* Puts a line end behind what a kill or a full disk has torn off. */
static void
mend(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char last;

	if (end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n')
		(void)fm_io_write_all(fd, "\n", 1);
}

int
fm_cache_result_add(struct fm_cache *c, const char *key, const json_t *record,
    struct fm_err *err)
{
	char *path = results_path(c, key);
	struct fm_buf b = FM_BUF_INIT;
	int fd = -1, rc;

	rc = fm_cache_lock(c, key, FM_CACHE_RESULTS, -1, -1, err);
	if (rc == 0)
		fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd >= 0) {
		mend(fd);
		fm_json_put(&b, record);
		fm_buf_putc(&b, '\n');
	}
	if (rc == 0 && (fd < 0 || fm_io_write_all(fd, b.s, b.len) != 0))
		rc = fm_err_sys(err, FM_IO, "cannot write '%s'", path);
	if (fd >= 0)
		(void)close(fd);
	fm_cache_unlock(c, key, FM_CACHE_RESULTS);
	fm_buf_release(&b);
	free(path);
	return rc;
}

enum {
	/* Tens of thousands of points; a line torn off at the front is one
	 * that cannot be read. */
	TAIL_BYTES = 16 << 20
};

json_t *
fm_cache_results(const struct fm_cache *c, const char *key)
{
	char *path = results_path(c, key);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	json_t *all = json_array();
	struct fm_reader r;
	struct stat st;
	char *line;
	size_t n;

	free(path);
	if (fd < 0)
		return all;
	if (fstat(fd, &st) == 0 && st.st_size > TAIL_BYTES)
		(void)lseek(fd, -(off_t)TAIL_BYTES, SEEK_END);
	fm_reader_init(&r, fd);
	while (fm_reader_next(&r, &line, &n) == 1) {
		struct fm_err ignored = FM_ERR_INIT;
		json_t *v = fm_json_parse(line, n, "result", &ignored);

		if (json_is_object(v))
			json_array_append_new(all, v);
		else
			json_decref(v);
	}
	fm_reader_release(&r);
	(void)close(fd);
	return all;
}

/* --- hashes of files ------------------------------------------------------ */

enum {
	/* A file that was changed less than this before it was read may
	 * change again within the same tick of its time stamp. */
	FRESH_S = 2
};

/* Everything that changes when the content does. */
static void
put_stamp(struct fm_buf *b, const struct stat *st)
{
	fm_buf_printf(b, "%jd %jd.%09ld %jd.%09ld %ju %ju",
	    (intmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec,
	    st->st_mtim.tv_nsec, (intmax_t)st->st_ctim.tv_sec,
	    st->st_ctim.tv_nsec, (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
}

/* "STAMP HASH" with this stamp? */
static bool
recall(const char *file, const struct fm_buf *stamp, char hex[FM_HASH_HEX])
{
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	bool good = false;

	if (fm_io_is_file(file) && fm_io_read_file(file, &b, &ignored) == 0)
		good = b.len == stamp->len + FM_HASH_HEX + 1 &&
		       memcmp(b.s, stamp->s, stamp->len) == 0 &&
		       strspn(b.s + stamp->len + 1, "0123456789abcdef") ==
			   FM_HASH_HEX - 1;
	if (good) {
		memcpy(hex, b.s + stamp->len + 1, FM_HASH_HEX - 1);
		hex[FM_HASH_HEX - 1] = '\0';
	}
	fm_buf_release(&b);
	return good;
}

/* Not being able to remember is no failure. */
static void
remember(const char *file, const struct fm_buf *stamp, const char *hex)
{
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_out o;

	if (fm_out_open(&o, file, &ignored) != 0)
		return;
	(void)fprintf(o.f, "%s %s\n", stamp->s, hex);
	(void)fm_out_close(&o, &ignored);
}

static int
hash_whole(const char *path, char hex[FM_HASH_HEX], struct fm_err *err)
{
	struct fm_hash *h = fm_hash_new();
	int rc = fm_hash_put_file(h, path, err);

	fm_hash_hex(h, hex);
	fm_hash_free(h);
	return rc;
}

static char *
memory_of(const struct fm_cache *c, const char *path)
{
	char hex[FM_HASH_HEX];

	fm_hash_of(path, strlen(path), hex);
	return fm_strdupf("%s/files/%s", c->dir, hex);
}

int
fm_cache_file_hash(const struct fm_cache *c, const char *path,
    char hex[FM_HASH_HEX], struct fm_err *err)
{
	struct fm_buf stamp = FM_BUF_INIT, after = FM_BUF_INIT;
	char *file = memory_of(c, path);
	struct stat st;
	int rc = 0;

	if (stat(path, &st) != 0) {
		rc = fm_err_sys(err, FM_NOMODEL, "'%s'", path);
		goto out;
	}
	put_stamp(&stamp, &st);
	if (recall(file, &stamp, hex))
		goto out;
	rc = hash_whole(path, hex, err);
	if (rc == 0 && stat(path, &st) == 0) {
		put_stamp(&after, &st);
		if (strcmp(stamp.s, after.s) == 0 &&
		    time(NULL) - st.st_ctim.tv_sec > FRESH_S)
			remember(file, &stamp, hex);
	}
out:
	fm_buf_release(&stamp);
	fm_buf_release(&after);
	free(file);
	return rc;
}
