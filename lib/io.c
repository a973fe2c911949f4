/*
 * Files and descriptors. Everything that must care about interrupted, short
 * or refused reads and writes is here.
 */
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"

/* --- descriptors --- */

/* After EAGAIN: waits until the descriptor is ready again. */
static void
wait_ready(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };

	(void)poll(&p, 1, -1);
}

int
fm_io_write_all(int fd, const void *p, size_t n)
{
	const char *s = p;

	while (n) {
		ssize_t w = write(fd, s, n);

		if (w >= 0) {
			s += w;
			n -= (size_t)w;
		} else if (errno == EAGAIN) {
			wait_ready(fd, POLLOUT);
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

ptrdiff_t
fm_io_read_some(int fd, void *p, size_t n)
{
	ssize_t r;

	while ((r = read(fd, p, n)) < 0) {
		if (errno == EAGAIN)
			wait_ready(fd, POLLIN);
		else if (errno != EINTR)
			return -1;
	}
	return r;
}

/* --- whole files --- */

static int
open_read(const char *path, struct stat *st, struct fm_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fm_err_sys(err, FM_IO, "cannot open '%s'", path);
	if (fstat(fd, st) != 0 || S_ISDIR(st->st_mode)) {
		if (S_ISDIR(st->st_mode))
			errno = EISDIR;
		(void)fm_err_sys(err, FM_IO, "cannot read '%s'", path);
		(void)close(fd);
		return -1;
	}
	return fd;
}

int
fm_io_read_file(const char *path, struct fm_buf *b, struct fm_err *err)
{
	struct stat st;
	int fd = open_read(path, &st, err);
	ptrdiff_t r;

	if (fd < 0)
		return -1;
	fm_buf_reserve(b, S_ISREG(st.st_mode) ? (size_t)st.st_size : 0);
	do {
		char *at = fm_buf_reserve(b, 65536);

		r = fm_io_read_some(fd, at, 65536);
		if (r > 0)
			fm_buf_commit(b, (size_t)r);
	} while (r > 0);
	if (r < 0)
		(void)fm_err_sys(err, FM_IO, "cannot read '%s'", path);
	(void)close(fd);
	return r < 0 ? -1 : 0;
}

int
fm_map_open(struct fm_map *m, const char *path, struct fm_err *err)
{
	struct stat st;
	int fd = open_read(path, &st, err);
	void *p = NULL;

	m->p = NULL;
	m->n = 0;
	if (fd < 0)
		return -1;
	if (st.st_size > 0)
		p = mmap(
		    NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		(void)fm_err_sys(err, FM_IO, "cannot map '%s'", path);
		(void)close(fd);
		return -1;
	}
	(void)close(fd);
	m->p = p;
	m->n = (size_t)st.st_size;
	return 0;
}

void
fm_map_release(struct fm_map *m)
{
	union {
		const unsigned char *c;
		void *v;
	} u = { m->p };

	if (m->p)
		(void)munmap(u.v, m->n);
	m->p = NULL;
	m->n = 0;
}

/* --- lines --- */

enum {
	READER_MIN = 65536
};

void
fm_reader_init(struct fm_reader *r, int fd)
{
	memset(r, 0, sizeof *r);
	r->fd = fd;
}

void
fm_reader_release(struct fm_reader *r)
{
	free(r->s);
	fm_reader_init(r, -1);
}

/* Reads more behind the unread bytes, moved to the front: 1, 0 or -1. */
static int
more(struct fm_reader *r)
{
	ptrdiff_t got;

	if (r->at) {
		memmove(r->s, r->s + r->at, r->end - r->at);
		r->end -= r->at;
		r->at = 0;
	}
	if (r->cap - r->end < READER_MIN / 2) {
		r->cap = r->cap ? r->cap * 2 : READER_MIN;
		r->s = fm_realloc(r->s, r->cap, 1);
	}
	got = fm_io_read_some(r->fd, r->s + r->end, r->cap - r->end - 1);
	if (got <= 0) {
		r->eof = got == 0;
		return (int)got;
	}
	r->end += (size_t)got;
	return 1;
}

int
fm_reader_next(struct fm_reader *r, char **line, size_t *len)
{
	size_t seen = 0, n;
	char *nl = NULL;

	for (;;) {
		if (r->end - r->at > seen)
			nl = memchr(
			    r->s + r->at + seen, '\n', r->end - r->at - seen);
		if (nl)
			break;
		seen = r->end - r->at;
		if (r->eof)
			break;
		if (more(r) < 0)
			return -1;
	}
	r->torn = !nl;
	if (!nl && seen == 0)
		return 0;
	*line = r->s + r->at;
	n = nl ? (size_t)(nl - *line) : seen;
	r->at += n + (nl ? 1 : 0);
	if (nl && n && (*line)[n - 1] == '\r')
		n--;
	(*line)[n] = '\0';
	*len = n;
	r->line++;
	return 1;
}

/* --- output files --- */

/* A device, a pipe: a file in its place would not be the same thing. */
static bool
is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
	       !S_ISDIR(st.st_mode);
}

/* As /dev/stdout is, also where that is a file. */
static bool
is_stdout(const char *path)
{
	struct stat a, b;

	return stat(path, &a) == 0 && fstat(STDOUT_FILENO, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int
open_special(struct fm_out *o, struct fm_err *err)
{
	o->f = fopen(o->path, "we");
	if (o->f)
		return 0;
	(void)fm_err_sys(err, FM_IO, "cannot write '%s'", o->path);
	fm_out_abandon(o);
	return -1;
}

int
fm_out_open(struct fm_out *o, const char *path, struct fm_err *err)
{
	mode_t mask;
	int fd;

	memset(o, 0, sizeof *o);
	if (!path || strcmp(path, "-") == 0 || is_stdout(path)) {
		o->f = stdout;
		return 0;
	}
	o->path = fm_strdup(path);
	if (is_special(path))
		return open_special(o, err);
	o->tmp = fm_strdupf("%s.XXXXXX", path);
	fd = mkstemp(o->tmp);
	if (fd < 0) {
		(void)fm_err_sys(err, FM_IO, "cannot create '%s'", path);
		free(o->tmp);
		o->tmp = NULL;
		fm_out_abandon(o);
		return -1;
	}
	mask = umask(0);
	(void)umask(mask);
	(void)fchmod(fd, 0666 & ~mask);
	o->f = fdopen(fd, "w");
	return 0;
}

void
fm_out_abandon(struct fm_out *o)
{
	if (o->f && o->f != stdout)
		(void)fclose(o->f);
	if (o->tmp)
		(void)unlink(o->tmp);
	free(o->tmp);
	free(o->path);
	memset(o, 0, sizeof *o);
}

int
fm_out_close(struct fm_out *o, struct fm_err *err)
{
	bool good = fflush(o->f) == 0 && !ferror(o->f);
	FILE *f = o->f;

	if (f == stdout) {
		o->f = NULL;
		return good ? 0 : fm_err_sys(err, FM_IO, "cannot write");
	}
	if (o->tmp)
		good = good && fsync(fileno(f)) == 0;
	o->f = NULL;
	good = fclose(f) == 0 && good;
	if (!good || (o->tmp && rename(o->tmp, o->path) != 0)) {
		(void)fm_err_sys(err, FM_IO, "cannot write '%s'", o->path);
		fm_out_abandon(o);
		return -1;
	}
	free(o->tmp);
	free(o->path);
	memset(o, 0, sizeof *o);
	return 0;
}

/* --- paths --- */

char *
fm_io_join(const char *dir, const char *name)
{
	size_t n = dir ? strlen(dir) : 0;

	if (name[0] == '/' || n == 0)
		return fm_strdup(name);
	return fm_strdupf("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

const char *
fm_io_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool
fm_io_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool
fm_io_is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int
fm_io_mkdirs(const char *path, struct fm_err *err)
{
	char *p = fm_strdup(path), *at;
	int rc = 0;

	for (at = p + 1; rc == 0 && *p; at++) {
		char c = *at;

		if (c != '/' && c != '\0')
			continue;
		*at = '\0';
		if (mkdir(p, 0777) != 0 && !fm_io_is_dir(p))
			rc = fm_err_sys(
			    err, FM_IO, "cannot create folder '%s'", p);
		*at = c;
		if (c == '\0')
			break;
	}
	free(p);
	return rc;
}

char *
fm_io_tmpdir(const char *prefix, struct fm_err *err)
{
	const char *base = getenv("TMPDIR");
	char *p;

	if (!base || !*base)
		base = "/tmp";
	p = fm_strdupf("%s/%s.XXXXXX", base, prefix);
	if (!mkdtemp(p)) {
		(void)fm_err_sys(err, FM_IO,
		    "cannot create a temporary folder in '%s'", base);
		free(p);
		return NULL;
	}
	return p;
}

static int
remove_at(int parent, const char *name)
{
	int fd, rc = 0;
	struct dirent *e;
	DIR *d;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	d = fdopendir(fd);
	if (!d) {
		(void)close(fd);
		return -1;
	}
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc |= remove_at(fd, e->d_name);
	(void)closedir(d);
	return rc | unlinkat(parent, name, AT_REMOVEDIR);
}

int
fm_io_remove_tree(const char *path, struct fm_err *err)
{
	if (remove_at(AT_FDCWD, path) == 0)
		return 0;
	return fm_err_sys(err, FM_IO, "cannot remove '%s'", path);
}
