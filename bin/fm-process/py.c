/*
 * Python's reading of text and numbers.
 */
#define _GNU_SOURCE /* memmem */
#include "py.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "num.h"

void
py_lines_init(struct py_lines *l, const char *s, size_t n)
{
	l->p = s;
	l->end = s + n;
	l->line = 0;
	l->wide = false;
}

/* Bytes of the line end at `p`, 0 = none. */
static size_t
line_end(const struct py_lines *l, const char *p)
{
	static const char *const more[] = { "\v", "\f", "\x1c", "\x1d", "\x1e",
		"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9" };
	size_t i;

	if (*p == '\n')
		return 1;
	if (*p == '\r')
		return p + 1 < l->end && p[1] == '\n' ? 2 : 1;
	for (i = 0; l->wide && i < sizeof more / sizeof *more; i++) {
		size_t n = strlen(more[i]);

		if ((size_t)(l->end - p) >= n && memcmp(p, more[i], n) == 0)
			return n;
	}
	return 0;
}

bool
py_lines_next(struct py_lines *l, struct fm_text *t)
{
	size_t n = 0;

	if (l->p >= l->end)
		return false;
	t->s = l->p;
	while (l->p < l->end && (n = line_end(l, l->p)) == 0)
		l->p++;
	t->n = (size_t)(l->p - t->s);
	l->p += l->p < l->end ? n : 0;
	l->line++;
	return true;
}

/* Bytes of the white space at `s`, 0 = none. */
static size_t
space(const char *s, size_t n)
{
	static const char *const wide[] = { "\xc2\x85", "\xc2\xa0",
		"\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf",
		"\xe2\x81\x9f", "\xe3\x80\x80" };
	size_t i;

	if (n == 0)
		return 0;
	if (isspace((unsigned char)*s) || (*s >= 0x1c && *s <= 0x1f))
		return 1;
	for (i = 0; i < sizeof wide / sizeof *wide; i++) {
		size_t k = strlen(wide[i]);

		if (n >= k && memcmp(s, wide[i], k) == 0)
			return k;
	}
	/* U+2000 to U+200A */
	if (n >= 3 && memcmp(s, "\xe2\x80", 2) == 0 &&
	    (unsigned char)s[2] >= 0x80 && (unsigned char)s[2] <= 0x8a)
		return 3;
	return 0;
}

struct fm_text
py_strip(struct fm_text t)
{
	size_t k;
	bool more = true;

	while ((k = space(t.s, t.n)) > 0) {
		t.s += k;
		t.n -= k;
	}
	while (more) {
		more = false;
		for (k = 1; k <= 3 && k <= t.n; k++)
			if (space(t.s + t.n - k, k) == k) {
				t.n -= k;
				more = true;
				break;
			}
	}
	return t;
}

bool
py_begins(struct fm_text t, const char *prefix)
{
	size_t n = strlen(prefix);

	return t.n >= n && memcmp(t.s, prefix, n) == 0;
}

bool
py_has(struct fm_text t, const char *part)
{
	return t.n && memmem(t.s, t.n, part, strlen(part)) != NULL;
}

struct fm_text
py_part(struct fm_text t, int i)
{
	static const struct fm_text none = { NULL, 0 };
	const char *q;

	for (;; i--) {
		q = memchr(t.s, ' ', t.n);
		if (i == 0)
			break;
		if (q == NULL)
			return none;
		t.n -= (size_t)(q + 1 - t.s);
		t.s = q + 1;
	}
	return (struct fm_text){ t.s, q ? (size_t)(q - t.s) : t.n };
}

struct fm_text
py_last(struct fm_text t)
{
	size_t i;

	t = py_strip(t);
	for (i = t.n; i > 0 && !isspace((unsigned char)t.s[i - 1]);)
		i--;
	return (struct fm_text){ t.s + i, t.n - i };
}

/* --- numbers ------------------------------------------------------------- */

/* Copies digits; single underscores between digits are allowed. */
static bool
put_digits(struct fm_buf *b, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] == '_' && i > 0 && s[i - 1] != '_' && i + 1 < n)
			continue;
		if (s[i] < '0' || s[i] > '9')
			return false;
		fm_buf_putc(b, s[i]);
	}
	return n > 0;
}

bool
py_int(struct fm_buf *b, struct fm_text t)
{
	struct fm_buf d = FM_BUF_INIT;
	const char *p;
	bool neg, good;

	t = py_strip(t);
	neg = t.n && *t.s == '-';
	if (t.n && (*t.s == '-' || *t.s == '+'))
		t.s++, t.n--;
	good = put_digits(&d, t.s, t.n);
	for (p = d.s; *p == '0' && p[1];)
		p++;
	if (good && neg && *p != '0')
		fm_buf_putc(b, '-');
	if (good)
		fm_buf_puts(b, p);
	fm_buf_release(&d);
	return good;
}

bool
py_int64(struct fm_text t, int64_t *v)
{
	struct fm_buf b = FM_BUF_INIT;
	bool good = py_int(&b, t) && fm_num_get_int(b.s, b.len, v);

	fm_buf_release(&b);
	return good;
}

static bool
is_word(const char *s, const char *word)
{
	while (*s && tolower((unsigned char)*s) == *word)
		s++, word++;
	return *s == '\0' && *word == '\0';
}

/* inf, infinity, nan, in any case and with a sign. */
static bool
odd_float(const char *s, double *v)
{
	double sign = *s == '-' ? -1 : 1;

	if (*s == '-' || *s == '+')
		s++;
	if (is_word(s, "inf") || is_word(s, "infinity"))
		*v = sign * (double)INFINITY;
	else if (is_word(s, "nan"))
		*v = (double)NAN;
	else
		return false;
	return true;
}

bool
py_float(struct fm_text t, double *v)
{
	struct fm_buf b = FM_BUF_INIT;
	char *end = NULL;
	bool good = false;
	size_t i;

	t = py_strip(t);
	for (i = 0; i < t.n; i++) {
		bool between = i > 0 && i + 1 < t.n &&
			       isdigit((unsigned char)t.s[i - 1]) &&
			       isdigit((unsigned char)t.s[i + 1]);

		if (t.s[i] != '_' || !between)
			fm_buf_putc(&b, t.s[i]);
	}
	if (b.len && strlen(b.s) == b.len) {
		good = odd_float(b.s, v);
		if (!good && strspn(b.s, "0123456789+-.eE") == b.len) {
			*v = strtod(b.s, &end);
			good = *end == '\0';
		}
	}
	fm_buf_release(&b);
	return good;
}

/* Rounds the exact binary value, as round() does: through its decimals. */
double
py_round(double v, int digits)
{
	struct fm_buf b = FM_BUF_INIT;

	if (!isfinite(v))
		return v;
	fm_buf_printf(&b, "%.*f", digits, v);
	v = strtod(b.s, NULL);
	fm_buf_release(&b);
	return v;
}

void
py_emit_float(struct emit *e, double v)
{
	if (isfinite(v))
		fm_num_put_repr(e->b, v);
	else
		fm_buf_puts(e->b, isnan(v) ? "NaN"
				  : v < 0  ? "-Infinity"
					   : "Infinity");
}

/* --- text ---------------------------------------------------------------- */

/* Bytes of the valid character at `s`, 0 = none. */
static size_t
valid(const unsigned char *s, size_t n)
{
	size_t len = *s < 0x80                 ? 1
		     : *s >= 0xc2 && *s < 0xe0 ? 2
		     : *s >= 0xe0 && *s < 0xf0 ? 3
		     : *s >= 0xf0 && *s < 0xf5 ? 4
					       : 0;
	size_t i;

	if (len == 0 || len > n)
		return 0;
	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

void
py_drop_invalid(struct fm_buf *b)
{
	size_t i = 0, to = 0, k;

	while (i < b->len) {
		k = valid((const unsigned char *)b->s + i, b->len - i);
		if (k == 0) {
			i++;
			continue;
		}
		memmove(b->s + to, b->s + i, k);
		to += k;
		i += k;
	}
	if (b->len) {
		b->len = to;
		b->s[to] = '\0';
	}
}

void
py_newlines(struct fm_buf *b)
{
	size_t i, to = 0;

	for (i = 0; i < b->len; i++) {
		if (b->s[i] != '\r')
			b->s[to++] = b->s[i];
		else if (i + 1 == b->len || b->s[i + 1] != '\n')
			b->s[to++] = '\n';
	}
	if (b->len) {
		b->len = to;
		b->s[to] = '\0';
	}
}
