/*
 * Blocks of whole lines.
 */
#define _GNU_SOURCE /* memrchr */
#include "input.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "err.h"
#include "io.h"

enum {
	BLOCK = 256 << 10, /* stays in a core's second-level cache */
	LONGEST = 64 << 20 /* bytes of a line that are kept */
};

int
input_open(struct input *in, const char *path, struct fm_err *err)
{
	struct stat st;

	memset(in, 0, sizeof *in);
	in->name = path;
	if (strcmp(path, "-") == 0) {
		in->name = "stdin";
		in->fd = STDIN_FILENO;
	} else {
		in->fd = open(path, O_RDONLY | O_CLOEXEC);
		in->owns = true;
		if (in->fd < 0)
			return fm_err_sys(err, FM_IO, "cannot open '%s'", path);
	}
	in->live = fstat(in->fd, &st) != 0 || !S_ISREG(st.st_mode);
	if (!in->live)
		(void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	in->cap = BLOCK;
	in->s = fm_malloc(in->cap);
	return 0;
}

/* Where the last whole line of what is there ends; 0 = no line yet. */
static size_t
whole(const struct input *in, size_t from)
{
	const char *p = in->s + from;
	size_t n = in->fill - from;
	const char *q = n ? memrchr(p, '\n', n) : NULL;

	/* Progress bars are one endless line with carriage returns in it; the
	 * last one may be half of "\r\n". */
	if (q == NULL && in->fill >= BLOCK)
		q = memrchr(in->s, '\r', in->fill - 1);
	return q ? (size_t)(q - in->s) + 1 : 0;
}

static int
more(struct input *in, struct fm_err *err)
{
	ptrdiff_t r;

	if (in->at) {
		memmove(in->s, in->s + in->at, in->fill - in->at);
		in->fill -= in->at;
		in->at = 0;
	}
	if (in->fill == in->cap) {
		in->cap *= 2;
		in->s = fm_realloc(in->s, in->cap, 1);
	}
	r = fm_io_read_some(in->fd, in->s + in->fill, in->cap - in->fill);
	if (r < 0)
		return fm_err_sys(err, FM_IO, "cannot read '%s'", in->name);
	in->eof = r == 0;
	in->fill += (size_t)r;
	return 0;
}

/* Forgets what belongs to a line that was cut before. */
static void
skip(struct input *in)
{
	const char *q = memchr(in->s, '\n', in->fill);

	in->at = q ? (size_t)(q - in->s) : in->fill;
	in->skipping = q == NULL;
}

int
input_next(
    struct input *in, const char **p, size_t *n, bool *cut, struct fm_err *err)
{
	size_t seen, end;

	*cut = false;
	for (;;) {
		seen = in->fill - in->at;
		if (in->eof)
			break;
		if (more(in, err) != 0)
			return -1;
		if (in->skipping)
			skip(in), seen = 0;
		end = whole(in, in->at + seen);
		if (end == 0 && in->fill - in->at >= LONGEST) {
			*cut = in->skipping = true;
			break;
		}
		if (end == 0)
			continue;
		*p = in->s + in->at;
		*n = end - in->at;
		in->at = end;
		return 1;
	}
	*p = in->s + in->at;
	*n = in->fill - in->at;
	in->at = in->fill;
	return *n > 0;
}

void
input_close(struct input *in)
{
	if (in->owns && in->fd >= 0)
		(void)close(in->fd);
	free(in->s);
	memset(in, 0, sizeof *in);
}
