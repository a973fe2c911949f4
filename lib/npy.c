/*
 * numpy's .npy files: a magic, a version, the length of a header, the header
 * (a Python dict literal), the elements. The header is read by a grammar of
 * its own, strictly, and nothing is allocated before the size of the file has
 * been seen to fit the shape. Knows no archives (.npz) and no pickles.
 */
#include "tensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"

#define MAGIC "\x93NUMPY"

enum {
	MAGIC_LEN = 6,
	HEADER_MAX = 65536, /* bytes; those of real files are 118 */
	PAD = 64            /* elements begin at a multiple of this */
};

/* What the header says. */
struct header {
	enum fm_type type;
	bool swap;    /* other byte order than this machine's */
	bool fortran; /* first dimension fastest */
	int rank;
	int64_t dims[FM_DIMS_MAX];
};

/* The place in the header's text; all of `s` is NUL-terminated. */
struct cursor {
	const char *s, *end;
};

char *
fm_npy_path(const char *dir, const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	char *path = fm_strdupf("%s/%.200s", dir, *name ? name : "_");
	char *base = path + strlen(dir) + 1, *s, *file;

	for (s = base; *s; s++)
		if (!strchr(good, *s) || (s == base && *s == '.'))
			*s = '_';
	file = fm_strdupf("%s.npy", path);
	free(path);
	return file;
}

static bool
big_endian(void)
{
	const uint16_t one = 1;
	uint8_t first;

	memcpy(&first, &one, 1);
	return first == 0;
}

static char
peek(struct cursor *c)
{
	while (c->s < c->end && (*c->s == ' ' || *c->s == '\t' ||
				    *c->s == '\n' || *c->s == '\r'))
		c->s++;
	return c->s < c->end ? *c->s : '\0';
}

static bool
take(struct cursor *c, char want)
{
	if (peek(c) != want || c->s == c->end)
		return false;
	c->s++;
	return true;
}

/* A string literal without escapes: names of keys and types have none. */
static bool
take_string(struct cursor *c, char *out, size_t size)
{
	char quote = peek(c);
	size_t n;

	if (quote != '\'' && quote != '"')
		return false;
	c->s++;
	for (n = 0; c->s + n < c->end && c->s[n] != quote; n++)
		if (c->s[n] == '\\' || c->s[n] == '\0')
			return false;
	if (c->s + n == c->end || n >= size)
		return false;
	memcpy(out, c->s, n);
	out[n] = '\0';
	c->s += n + 1;
	return true;
}

static bool
take_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	(void)peek(c);
	if ((size_t)(c->end - c->s) < n || memcmp(c->s, word, n) != 0)
		return false;
	c->s += n;
	return true;
}

static bool
take_dim(struct cursor *c, int64_t *v)
{
	const char *first;

	(void)peek(c);
	first = c->s;
	for (*v = 0; c->s < c->end && *c->s >= '0' && *c->s <= '9'; c->s++)
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, *c->s - '0', v))
			return false;
	if (c->s == first)
		return false;
	/* Python 2 wrote its long integers so. */
	if (c->s < c->end && *c->s == 'L')
		c->s++;
	return true;
}

/* (), (3,), (3, 4), (3, 4,) */
static int
parse_shape(
    struct cursor *c, struct header *h, const char *path, struct fm_err *err)
{
	bool comma = true;

	if (!take(c, '('))
		goto wrong;
	for (h->rank = 0; !take(c, ')'); h->rank++) {
		if (h->rank == FM_DIMS_MAX)
			return fm_err_set(err, FM_USAGE,
			    "'%s': more than %d dimensions", path, FM_DIMS_MAX);
		if (!comma || !take_dim(c, &h->dims[h->rank]))
			goto wrong;
		comma = take(c, ',');
	}
	if (h->rank != 1 || comma)
		return 0;
wrong:
	return fm_err_set(err, FM_USAGE,
	    "'%s': 'shape' in the header is not a tuple of whole numbers",
	    path);
}

/* '<f4': byte order, kind, bytes per element. */
static int
parse_descr(
    struct cursor *c, struct header *h, const char *path, struct fm_err *err)
{
	char text[16], *type = text;
	char order = '|';

	if (peek(c) == '[')
		return fm_err_set(err, FM_USAGE,
		    "'%s': records of several fields are not read", path);
	if (!take_string(c, text, sizeof text))
		return fm_err_set(err, FM_USAGE,
		    "'%s': 'descr' in the header is not a type", path);
	if (*type && strchr("<>|=", *type))
		order = *type++;
	if (*type == 'O')
		return fm_err_set(err, FM_USAGE,
		    "'%s': holds Python objects (a pickle), which are never "
		    "read; save an array of numbers",
		    path);
	if (*type == 'U' || *type == 'S')
		return fm_err_set(err, FM_USAGE,
		    "'%s': holds text ('%s'), which is not supported", path,
		    text);
	h->type = fm_type_of_numpy(type);
	if (h->type == FM_TYPE_NONE)
		return fm_err_set(err, FM_USAGE,
		    "'%s': element type '%s' is not supported", path, text);
	h->swap = order == (big_endian() ? '<' : '>');
	return 0;
}

static int
parse_order(
    struct cursor *c, struct header *h, const char *path, struct fm_err *err)
{
	h->fortran = take_word(c, "True");
	if (!h->fortran && !take_word(c, "False"))
		return fm_err_set(err, FM_USAGE,
		    "'%s': 'fortran_order' in the header is not True or False",
		    path);
	return 0;
}

static const struct {
	const char *key;
	int (*parse)(struct cursor *c, struct header *h, const char *path,
	    struct fm_err *err);
} keys[] = {
	{ "descr", parse_descr },
	{ "fortran_order", parse_order },
	{ "shape", parse_shape },
};

enum {
	N_KEYS = sizeof keys / sizeof *keys
};

/* One `'key': value`; sets its bit in `seen`. */
static int
parse_pair(struct cursor *c, struct header *h, unsigned *seen, const char *path,
    struct fm_err *err)
{
	char key[16];
	unsigned i;

	if (!take_string(c, key, sizeof key) || !take(c, ':'))
		return fm_err_set(
		    err, FM_USAGE, "'%s': the header is not a dict", path);
	for (i = 0; i < N_KEYS; i++)
		if (strcmp(keys[i].key, key) == 0)
			break;
	if (i == N_KEYS || *seen & 1u << i)
		return fm_err_set(err, FM_USAGE,
		    "'%s': unexpected '%s' in the header", path, key);
	*seen |= 1u << i;
	return keys[i].parse(c, h, path, err);
}

static int
parse_header(const struct fm_buf *text, struct header *h, const char *path,
    struct fm_err *err)
{
	struct cursor c = { text->s, text->s + text->len };
	bool comma = true;
	unsigned seen = 0, i;

	*h = (struct header){ 0 };
	if (!take(&c, '{'))
		goto wrong;
	while (!take(&c, '}')) {
		if (!comma)
			goto wrong;
		if (parse_pair(&c, h, &seen, path, err))
			return -1;
		comma = take(&c, ',');
	}
	if (peek(&c) != '\0' || c.s != c.end)
		goto wrong;
	for (i = 0; i < N_KEYS; i++)
		if (!(seen & 1u << i))
			return fm_err_set(err, FM_USAGE,
			    "'%s': the header lacks '%s'", path, keys[i].key);
	return 0;
wrong:
	return fm_err_set(
	    err, FM_USAGE, "'%s': the header is not a dict", path);
}

/* Exactly `n` bytes, or an error. */
static int
get(FILE *f, void *p, size_t n, const char *path, struct fm_err *err)
{
	if (fread(p, 1, n, f) == n)
		return 0;
	if (ferror(f))
		return fm_err_sys(err, FM_IO, "cannot read '%s'", path);
	return fm_err_set(err, FM_USAGE, "'%s': the file is cut short", path);
}

/* Magic, version, length and text; leaves the file at the elements. */
static int
read_header(FILE *f, struct header *h, const char *path, struct fm_err *err)
{
	struct fm_buf text = FM_BUF_INIT;
	unsigned char s[MAGIC_LEN + 2], len[4] = { 0 };
	size_t n;
	int rc = -1;

	if (get(f, s, sizeof s, path, err))
		return -1;
	if (memcmp(s, MAGIC, MAGIC_LEN) != 0)
		return fm_err_set(
		    err, FM_USAGE, "'%s' is not a .npy file", path);
	if (s[MAGIC_LEN] < 1 || s[MAGIC_LEN] > 3)
		return fm_err_set(err, FM_USAGE,
		    "'%s': .npy version %d is not known", path, s[MAGIC_LEN]);
	if (get(f, len, s[MAGIC_LEN] == 1 ? 2 : 4, path, err))
		return -1;
	n = (size_t)len[0] | (size_t)len[1] << 8 | (size_t)len[2] << 16 |
	    (size_t)len[3] << 24;
	if (n > HEADER_MAX)
		return fm_err_set(err, FM_USAGE,
		    "'%s': a header of %zu bytes is too long", path, n);
	if (get(f, fm_buf_reserve(&text, n), n, path, err) == 0) {
		fm_buf_commit(&text, n);
		rc = parse_header(&text, h, path, err);
	}
	fm_buf_release(&text);
	return rc;
}

/* -1 when they cannot be counted. */
static int64_t
shape_bytes(const struct header *h)
{
	struct fm_tensor t = FM_TENSOR_INIT;
	int64_t n;

	t.type = h->type;
	t.rank = h->rank;
	memcpy(t.dims, h->dims, sizeof t.dims);
	n = fm_tensor_elems(&t);
	if (__builtin_mul_overflow(n, (int64_t)fm_type_size(t.type), &n))
		return -1;
	return n;
}

/* The file must hold the elements and nothing more; checked before memory
 * is taken, as a shape costs a hostile file nothing. */
static int
check_size(
    FILE *f, const struct header *h, const char *path, struct fm_err *err)
{
	struct stat st;
	long at = ftell(f);
	int64_t n = shape_bytes(h), have;

	if (fstat(fileno(f), &st) != 0 || at < 0)
		return fm_err_sys(err, FM_IO, "cannot read '%s'", path);
	have = (int64_t)st.st_size - at;
	if (n == have)
		return 0;
	if (n < 0)
		return fm_err_set(
		    err, FM_USAGE, "'%s': the shape is too big", path);
	return fm_err_set(err, FM_USAGE,
	    "'%s': the shape needs %" PRId64 " bytes, the file holds %" PRId64,
	    path, n, have);
}

static void
swap_bytes(struct fm_tensor *t)
{
	size_t size = fm_type_size(t->type), n = fm_tensor_bytes(t), i, k;
	unsigned char *p = t->data, b;

	if (t->type == FM_TYPE_COMPLEX64 || t->type == FM_TYPE_COMPLEX128)
		size /= 2; /* its two parts */
	for (i = 0; i < n; i += size)
		for (k = 0; k < size / 2; k++) {
			b = p[i + k];
			p[i + k] = p[i + size - 1 - k];
			p[i + size - 1 - k] = b;
		}
}

/* `from` has its first dimension fastest, `to` its last. */
static void
turn(struct fm_tensor *to, const struct fm_tensor *from)
{
	size_t size = fm_type_size(from->type), n = fm_tensor_bytes(from), i;
	size_t stride[FM_DIMS_MAX], at = 0;
	int64_t index[FM_DIMS_MAX] = { 0 };
	int k;

	for (k = 0; k < from->rank; k++)
		stride[k] =
		    k ? stride[k - 1] * (size_t)from->dims[k - 1] : size;
	for (i = 0; i < n; i += size) {
		memcpy((char *)to->data + i, (char *)from->data + at, size);
		for (k = from->rank - 1; k >= 0; k--) {
			at += stride[k];
			if (++index[k] < from->dims[k])
				break;
			at -= stride[k] * (size_t)from->dims[k];
			index[k] = 0;
		}
	}
}

static int
read_elements(FILE *f, const struct header *h, struct fm_tensor *t,
    const char *path, struct fm_err *err)
{
	struct fm_tensor turned = FM_TENSOR_INIT;

	if (fm_tensor_shape(t, h->type, h->rank, h->dims, err))
		return fm_err_wrap(err, "'%s'", path);
	if (get(f, t->data, fm_tensor_bytes(t), path, err))
		return -1;
	if (h->swap)
		swap_bytes(t);
	if (!h->fortran || h->rank < 2)
		return 0;
	if (fm_tensor_shape(&turned, h->type, h->rank, h->dims, err))
		return fm_err_wrap(err, "'%s'", path);
	turn(&turned, t);
	fm_tensor_release(t);
	*t = turned;
	return 0;
}

int
fm_npy_read(const char *path, struct fm_tensor *t, struct fm_err *err)
{
	struct header h;
	FILE *f = fopen(path, "rbe");
	int rc = -1;

	if (!f)
		return fm_err_sys(err, FM_IO, "cannot open '%s'", path);
	if (read_header(f, &h, path, err) == 0 &&
	    check_size(f, &h, path, err) == 0)
		rc = read_elements(f, &h, t, path, err);
	(void)fclose(f);
	return rc;
}

/* Half a file looks like one that somebody wanted; a device is not ours. */
static void
discard(FILE *f, const char *path)
{
	struct stat st;

	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode))
		(void)remove(path);
}

/* Version 1.0, padded so that the elements can be mapped aligned. */
static void
put_header(struct fm_buf *b, const struct fm_tensor *t)
{
	char order = big_endian() ? '>' : '<';
	size_t n;
	int i;

	if (fm_type_size(t->type) == 1)
		order = '|';
	fm_buf_put(b, MAGIC "\x01\x00\x00\x00", MAGIC_LEN + 4);
	fm_buf_printf(b, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
	    order, fm_type_numpy(t->type));
	for (i = 0; i < t->rank; i++)
		fm_buf_printf(b, "%s%" PRId64, i ? ", " : "", t->dims[i]);
	fm_buf_puts(b, t->rank == 1 ? ",), }" : "), }");
	while ((b->len + 1) % PAD)
		fm_buf_putc(b, ' ');
	fm_buf_putc(b, '\n');
	n = b->len - MAGIC_LEN - 4;
	b->s[MAGIC_LEN + 2] = (char)(n & 0xff);
	b->s[MAGIC_LEN + 3] = (char)(n >> 8);
}

int
fm_npy_write(const char *path, const struct fm_tensor *t, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t n = fm_tensor_bytes(t);
	FILE *f;
	bool good;

	if (fm_type_size(t->type) == 0)
		return fm_err_set(err, FM_USAGE,
		    "'%s': element type '%s' cannot be written", path,
		    fm_type_name(t->type));
	f = fopen(path, "wbe");
	if (!f)
		return fm_err_sys(err, FM_IO, "cannot write '%s'", path);
	put_header(&b, t);
	good = fwrite(b.s, 1, b.len, f) == b.len &&
	       (n == 0 || fwrite(t->data, 1, n, f) == n) && fflush(f) == 0;
	if (!good) {
		(void)fm_err_sys(err, FM_IO, "cannot write '%s'", path);
		discard(f, path);
	}
	if (fclose(f) != 0 && good) {
		(void)fm_err_sys(err, FM_IO, "cannot write '%s'", path);
		good = false;
	}
	fm_buf_release(&b);
	return good ? 0 : -1;
}
