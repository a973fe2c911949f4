/*
 * Files and descriptors: the one place that handles EINTR, EAGAIN, short
 * reads and short writes.
 */
#ifndef FM_IO_H
#define FM_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct fm_buf;
struct fm_err;

/* Writes all of it; 0, or -1 with errno. */
int fm_io_write_all(int fd, const void *p, size_t n);

/* At most n bytes: the number read, 0 at the end, -1 with errno. */
ptrdiff_t fm_io_read_some(int fd, void *p, size_t n);

/* Appends a whole file to `b`. */
int fm_io_read_file(const char *path, struct fm_buf *b, struct fm_err *err);

/*
 * Lines of a descriptor through one reused buffer. A line is valid until the
 * next call and has no line end; "\r\n" ends a line as "\n" does. The last
 * line may lack its end: `torn` is then true.
 */
struct fm_reader {
	int fd;
	char *s;        /* buffer */
	size_t cap;     /* bytes allocated */
	size_t at, end; /* unread bytes are s[at .. end) */
	int64_t line;   /* number of the line last returned, from 1 */
	bool torn;      /* the line last returned had no end */
	bool eof;
};

void fm_reader_init(struct fm_reader *r, int fd);
void fm_reader_release(struct fm_reader *r); /* does not close fd */
/* 1 with a NUL-terminated line, 0 at the end, -1 with errno. */
int fm_reader_next(struct fm_reader *r, char **line, size_t *len);

/*
 * A file that exists only when it is complete: written under a temporary
 * name beside `path`, then synced and renamed. Path NULL or "-" is stdout,
 * and so is a name of the same file. What is there and is no file, a device or
 * a pipe, is written to as it is.
 */
struct fm_out {
	FILE *f;    /* write here */
	char *path; /* NULL for stdout */
	char *tmp;  /* NULL for what is no file, too */
};

int fm_out_open(struct fm_out *o, const char *path, struct fm_err *err);
/* Flushes, checks, syncs, renames; on failure the temporary name is gone. */
int fm_out_close(struct fm_out *o, struct fm_err *err);
/* Removes the temporary file instead. */
void fm_out_abandon(struct fm_out *o);

/* Maps a file read-only; an empty file gives p = NULL, n = 0. */
struct fm_map {
	const unsigned char *p;
	size_t n; /* bytes */
};
int fm_map_open(struct fm_map *m, const char *path, struct fm_err *err);
void fm_map_release(struct fm_map *m);

/* "dir/name", or `name` alone when it is absolute or dir is NULL or "". */
char *fm_io_join(const char *dir, const char *name);
/* The part after the last '/'; points into `path`. */
const char *fm_io_base(const char *path);
bool fm_io_is_dir(const char *path);
bool fm_io_is_file(const char *path);

/* All folders of `path` that are missing. */
int fm_io_mkdirs(const char *path, struct fm_err *err);

/* A new private folder below $TMPDIR or /tmp; the caller frees the name. */
char *fm_io_tmpdir(const char *prefix, struct fm_err *err);
/* Removes a folder and everything in it; follows no symbolic links. */
int fm_io_remove_tree(const char *path, struct fm_err *err);

#endif
