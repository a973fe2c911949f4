/*
 * Random weights: a .safetensors file as a checkpoint would have it, for
 * timing an architecture without its weights. Every tensor gets bytes of its
 * own, so that caches see what they would see with real ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "fill.h"
#include "io.h"
#include "model/weights.h"

enum {
	PAGE = 4096,      /* bytes; the data begins at a multiple of it */
	ENTRY_MAX = 256,  /* bytes of a header entry */
	CHUNK = 64 * 1024 /* elements made before they are written */
};

void
fm_weights_make_up(
    struct fm_weights *w, const char *dir, const char *file, size_t max)
{
	memset(w, 0, sizeof *w);
	w->made_up = true;
	w->dir = fm_strdup(dir);
	fm_strs_add(&w->files, file);
	w->begin = (max * ENTRY_MAX / PAGE + 1) * PAGE;
	w->next = w->begin;
}

const struct fm_weight *
fm_weights_add(
    struct fm_weights *w, const char *name, int rank, const int64_t *dims)
{
	struct fm_weight t = { .dtype = "F32", .type = FM_TYPE_FLOAT };

	t.name = fm_strdup(name);
	t.rank = rank;
	t.bytes = sizeof(float);
	for (int i = 0; i < rank; i++) {
		t.dims[i] = dims[i];
		t.bytes *= (uint64_t)dims[i];
	}
	t.offset = w->next;
	w->next += t.bytes;
	FM_GROW(w->v, w->cap, w->n + 1);
	w->v[w->n] = t;
	return &w->v[w->n++];
}

/* The header, filled up with spaces to where the data begins. */
static void
put_header(struct fm_buf *b, const struct fm_weights *w)
{
	for (int i = 0; i < 8; i++)
		fm_buf_putc(b, (char)(unsigned char)((w->begin - 8) >> 8 * i));
	fm_buf_putc(b, '{');
	for (size_t i = 0; i < w->n; i++) {
		const struct fm_weight *t = &w->v[i];

		fm_buf_printf(b, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[",
		    i ? "," : "", t->name);
		for (int k = 0; k < t->rank; k++)
			fm_buf_printf(
			    b, "%s%" PRId64, k ? "," : "", t->dims[k]);
		fm_buf_printf(b,
		    "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}",
		    t->offset - w->begin, t->offset - w->begin + t->bytes);
	}
	fm_buf_putc(b, '}');
	while (b->len < w->begin)
		fm_buf_putc(b, ' ');
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/*
 * Elements [from, from + n): the k-th is one half of word k / 2. A signed 32
 * bit integer times a constant needs no branch, so compilers vectorise it.
 */
static void
make_values(float *v, uint64_t from, size_t n, uint64_t key, float scale)
{
	for (size_t i = 0; i < n; i += 2) {
		uint64_t x = fm_fill_word(key, (from + i) / 2);

		v[i] = (float)(int32_t)(uint32_t)x * scale;
		v[i + 1] = (float)(int32_t)(uint32_t)(x >> 32) * scale;
	}
}

static int
write_tensor(
    int fd, const struct fm_weight *t, float *chunk, uint64_t key, float scale)
{
	uint64_t n = t->bytes / sizeof(float);
	bool row = t->rank == 1;
	bool same = row || ends_with(t->name, ".bias");
	float value = row && ends_with(t->name, ".weight") ? 1.0F : 0.0F;

	for (size_t i = 0; same && i < CHUNK; i++)
		chunk[i] = value;
	for (uint64_t at = 0; at < n; at += CHUNK) {
		size_t k = n - at < CHUNK ? (size_t)(n - at) : CHUNK;

		if (!same)
			make_values(chunk, at, k, key, scale);
		if (fm_io_write_all(fd, chunk, k * sizeof *chunk))
			return -1;
	}
	return 0;
}

/* A disk that is too small is better known before it is full. */
static int
check_space(const struct fm_weights *w, struct fm_err *err)
{
	struct statvfs s;

	if (statvfs(w->dir, &s))
		return fm_err_sys(err, FM_IO, "folder '%s'", w->dir);
	if (s.f_bavail < w->next / s.f_frsize)
		return fm_err_set(err, FM_IO,
		    "random weights need %" PRIu64
		    " bytes in '%s', it has %" PRIu64 " left",
		    w->next, w->dir, (uint64_t)s.f_bavail * s.f_frsize);
	return 0;
}

static int
write_all(int fd, const struct fm_weights *w, uint64_t seed, double std)
{
	/* A uniform variable on [-a, a] has the deviation a / sqrt(3). */
	float scale = (float)(std * sqrt(3.0) / 2147483648.0);
	float *chunk = fm_calloc(CHUNK + 1, sizeof *chunk);
	struct fm_buf header = FM_BUF_INIT;
	int r;

	put_header(&header, w);
	r = fm_io_write_all(fd, header.s, header.len);
	for (size_t i = 0; r == 0 && i < w->n; i++)
		r = write_tensor(
		    fd, &w->v[i], chunk, fm_fill_key(seed, i, 0), scale);
	fm_buf_release(&header);
	free(chunk);
	return r;
}

int
fm_weights_write(
    struct fm_weights *w, uint64_t seed, double std, struct fm_err *err)
{
	char *path;
	int fd, r;

	if (check_space(w, err))
		return -1;
	path = fm_io_join(w->dir, w->files.v[0]);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	r = fd < 0 ? -1 : write_all(fd, w, seed, std);
	if (r)
		(void)fm_err_sys(err, FM_IO, "cannot write '%s'", path);
	if (fd >= 0 && close(fd) && r == 0)
		r = fm_err_sys(err, FM_IO, "cannot write '%s'", path);
	free(path);
	return r;
}
