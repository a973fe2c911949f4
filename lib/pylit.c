/*
 * Literals. Strings: single, double and triple quotes, raw ones, all escapes
 * except \N{...}; an escape that Python does not know keeps its backslash.
 * Numbers: as Python's, within 64 bits.
 */
#include "pylit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "err.h"
#include "num.h"
#include "pyarith.h"

bool
fm_pylit_is_string(const char *s, size_t *prefix)
{
	size_t n = strspn(s, "rRuUbBfF");

	*prefix = n;
	return n <= 2 && (s[n] == '\'' || s[n] == '"');
}

static void
put_utf8(struct fm_buf *b, uint32_t c)
{
	if (c < 0x80) {
		fm_buf_putc(b, (char)c);
		return;
	}
	if (c < 0x800)
		fm_buf_putc(b, (char)(0xc0 | c >> 6));
	else {
		if (c < 0x10000)
			fm_buf_putc(b, (char)(0xe0 | c >> 12));
		else {
			fm_buf_putc(b, (char)(0xf0 | c >> 18));
			fm_buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		fm_buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	fm_buf_putc(b, (char)(0x80 | (c & 0x3f)));
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* At most `max` digits of `base`; returns how many. */
static size_t
take_digits(const char *s, int base, size_t max, uint32_t *c)
{
	size_t n;

	for (*c = 0, n = 0; n < max && digit(s[n]) < base; n++)
		*c = *c * (uint32_t)base + (uint32_t)digit(s[n]);
	return n;
}

/* \xhh \uhhhh \Uhhhhhhhh: exactly so many digits. */
static const char *
hex_escape(const char *s, size_t n, struct fm_buf *b, struct fm_err *err)
{
	uint32_t c;

	if (take_digits(s + 1, 16, n, &c) != n) {
		(void)fm_err_set(
		    err, FM_USAGE, "\\%c needs %zu hex digits", *s, n);
		return NULL;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
		(void)fm_err_set(err, FM_USAGE, "\\%c%.*s is no character", *s,
		    (int)n, s + 1);
		return NULL;
	}
	put_utf8(b, c);
	return s + 1 + n;
}

/* What stands after a backslash; returns the byte after it. */
static const char *
escape(const char *s, struct fm_buf *b, struct fm_err *err)
{
	static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
	const char *known;
	uint32_t c;
	size_t n;

	if (*s == '\n')
		return s + 1;
	if (*s && (known = strchr(from, *s))) {
		fm_buf_putc(b, to[known - from]);
		return s + 1;
	}
	if ((n = take_digits(s, 8, 3, &c))) {
		put_utf8(b, c);
		return s + n;
	}
	switch (*s) {
	case 'x':
		return hex_escape(s, 2, b, err);
	case 'u':
		return hex_escape(s, 4, b, err);
	case 'U':
		return hex_escape(s, 8, b, err);
	case 'N':
		(void)fm_err_set(
		    err, FM_USAGE, "\\N is not supported, use \\u");
		return NULL;
	default:
		fm_buf_putc(b, '\\');
		return s;
	}
}

const char *
fm_pylit_string(
    const char *s, struct fm_buf *b, const char **bad, struct fm_err *err)
{
	size_t prefix = strcspn(s, "'\""), quotes;
	bool raw = strcspn(s, "rR") < prefix;
	char end[4] = { s[prefix], 0 };

	*bad = s;
	if (strcspn(s, "bBfF") < prefix || prefix > 1) {
		(void)fm_err_set(err, FM_USAGE,
		    "strings of the kind %.*s%s are not supported", (int)prefix,
		    s, end);
		return NULL;
	}
	s += prefix;
	if (s[1] == *s && s[2] == *s)
		memset(end, *s, 3);
	quotes = strlen(end);
	for (s += quotes; strncmp(s, end, quotes) != 0;) {
		if (*s == '\0' || (*s == '\n' && quotes == 1)) {
			(void)fm_err_set(
			    err, FM_USAGE, "no closing %s for the string", end);
			return NULL;
		}
		if (*s != '\\' || s[1] == '\0') {
			fm_buf_putc(b, *s++);
		} else if (raw) {
			fm_buf_put(b, s, 2);
			s += 2;
		} else {
			const char *at = s;

			s = escape(s + 1, b, err);
			if (!s) {
				*bad = at;
				return NULL;
			}
		}
	}
	return s + quotes;
}

static const char *
fail(struct fm_err *err, const char *text)
{
	(void)fm_err_set(err, FM_USAGE, "%s", text);
	return NULL;
}

static bool
is_word(char c)
{
	return digit(c) < 99 || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_';
}

/*
 * Appends digits of `base`, leaving out single underscores between two.
 * Returns the byte after them.
 */
static const char *
digits(const char *s, int base, struct fm_buf *b)
{
	const char *start = s;

	for (;; s++) {
		if (digit(*s) < base)
			fm_buf_putc(b, *s);
		else if (*s != '_' || s == start || digit(s[1]) >= base)
			return s;
	}
}

/* 0x.. 0o.. 0b..; an underscore may follow the letter. */
static const char *
based_number(const char *s, int base, json_t **v, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	const char *end = digits(s + (s[2] == '_' ? 3 : 2), base, &b);
	int64_t i = 0;
	size_t k;

	if (!b.len || is_word(*end))
		end = fail(err, "not a number");
	for (k = 0; end && k < b.len; k++)
		if (__builtin_mul_overflow(i, base, &i) ||
		    __builtin_add_overflow(i, digit(b.s[k]), &i))
			end = fail(err, "the number does not fit 64 bits");
	if (end)
		*v = json_integer(i);
	fm_buf_release(&b);
	return end;
}

/* Digits, fraction, exponent, appended to `b`; NULL when they are not. */
static const char *
scan_decimal(const char *s, struct fm_buf *b, bool *real)
{
	const char *start;
	size_t n;

	s = digits(s, 10, b);
	n = b->len;
	*real = *s == '.';
	if (*s == '.') {
		fm_buf_putc(b, '.');
		s = digits(s + 1, 10, b);
		n = b->len - 1;
	}
	if (n && (*s == 'e' || *s == 'E')) {
		*real = true;
		fm_buf_putc(b, *s++);
		if (*s == '+' || *s == '-')
			fm_buf_putc(b, *s++);
		start = s;
		s = digits(s, 10, b);
		n = (size_t)(s - start);
	}
	return n && !is_word(*s) ? s : NULL;
}

static const char *
decimal_number(const char *s, json_t **v, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	bool real;
	const char *end = scan_decimal(s, &b, &real);
	int64_t i;

	if (!end)
		(void)fail(err, "not a number");
	else if (real)
		*v = fm_pyarith_real(strtod(b.s, NULL));
	else if (b.s[0] == '0' && strspn(b.s, "0") < b.len)
		end = fail(err, "a number with leading zeros (0o17 is octal)");
	else if (!fm_num_get_int(b.s, b.len, &i))
		end = fail(err, "the number does not fit 64 bits");
	else
		*v = json_integer(i);
	fm_buf_release(&b);
	return end;
}

const char *
fm_pylit_number(const char *s, json_t **v, struct fm_err *err)
{
	char c = *s == '0' ? (char)(s[1] | 0x20) : '\0';

	if (c == 'x')
		return based_number(s, 16, v, err);
	if (c == 'o')
		return based_number(s, 8, v, err);
	if (c == 'b')
		return based_number(s, 2, v, err);
	return decimal_number(s, v, err);
}
