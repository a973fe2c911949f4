/*
 * Quoting. One walk over the characters; each place says what becomes of
 * those that it cannot hold.
 */
#include "quote.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"

/* Length of the UTF-8 character at s, 0 when it is none or a C1 control. */
static size_t
utf8(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2, i;

	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	for (i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f) ||
	    (u[0] == 0xc2 && u[1] < 0xa0))
		return 0;
	return n;
}

/* Characters that turn the direction of what follows them, U+202A-E, 2066-9,
 * and those that XML forbids, U+FFFE and FFFF. */
static bool
unwanted(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if (u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe)
		return true;
	return u[0] == 0xe2 &&
	       ((u[1] == 0x80 && u[2] >= 0xaa && u[2] <= 0xae) ||
		   (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9));
}

/*
 * `special` are ASCII characters that `put` writes; controls and bytes that
 * are no text go through `put`, too.
 */
static void
walk(struct fm_buf *b, const char *s, const char *special,
    void (*put)(struct fm_buf *b, char c))
{
	size_t n;

	for (; *s; s += n) {
		unsigned char c = (unsigned char)*s;

		n = 1;
		if (c < 0x20 || c == 0x7f || (c < 0x80 && strchr(special, c))) {
			put(b, *s);
		} else if (c < 0x80) {
			fm_buf_putc(b, *s);
		} else if ((n = utf8(s)) && !unwanted(s)) {
			fm_buf_put(b, s, n);
		} else {
			fm_buf_puts(b, "\xef\xbf\xbd");
			n = n ? n : 1;
		}
	}
}

static void
put_hex(struct fm_buf *b, char c)
{
	fm_buf_printf(b, "\\x%02x", (unsigned)(unsigned char)c);
}

void
quote_text(struct fm_buf *b, const char *s)
{
	walk(b, s, "", put_hex);
}

static void
put_blank(struct fm_buf *b, char c)
{
	fm_buf_putc(b, c == '\n' ? c : ' ');
}

void
quote_plain(struct fm_buf *b, const char *s)
{
	walk(b, s, "", put_blank);
}

static void
put_md(struct fm_buf *b, char c)
{
	if (c == '<')
		fm_buf_puts(b, "&lt;");
	else if (c == '&')
		fm_buf_puts(b, "&amp;");
	else if ((unsigned char)c < 0x20 || c == 0x7f)
		fm_buf_putc(b, ' ');
	else
		fm_buf_printf(b, "\\%c", c);
}

void
quote_md(struct fm_buf *b, const char *s)
{
	walk(b, s, "\\`*_[]<>|~$&@", put_md);
}

static void
put_html(struct fm_buf *b, char c)
{
	switch (c) {
	case '<':
		fm_buf_puts(b, "&lt;");
		break;
	case '>':
		fm_buf_puts(b, "&gt;");
		break;
	case '&':
		fm_buf_puts(b, "&amp;");
		break;
	case '"':
		fm_buf_puts(b, "&quot;");
		break;
	case '\'':
		fm_buf_puts(b, "&#39;");
		break;
	case '\n':
	case '\t':
		fm_buf_putc(b, c);
		break;
	default:
		fm_buf_puts(b, "\xef\xbf\xbd");
		break;
	}
}

void
quote_html(struct fm_buf *b, const char *s)
{
	walk(b, s, "<>&\"'", put_html);
}

static void
put_csv(struct fm_buf *b, char c)
{
	if (c == '"')
		fm_buf_puts(b, "\"\"");
	else if (c == '\n' || c == '\t' || c == '\r')
		fm_buf_putc(b, c);
	else
		fm_buf_puts(b, "\xef\xbf\xbd");
}

/*
 * A formula in a field is run by spreadsheets; the apostrophe is their own
 * mark for text. Numbers are not written through this function.
 */
void
quote_csv(struct fm_buf *b, const char *s)
{
	bool quote = strpbrk(s, "\",\r\n") || *s == ' ';

	if (quote)
		fm_buf_putc(b, '"');
	if (*s && strchr("=+-@\t\r", *s))
		fm_buf_putc(b, '\'');
	walk(b, s, "\"", put_csv);
	if (quote)
		fm_buf_putc(b, '"');
}

static void
put_tsv(struct fm_buf *b, char c)
{
	static const char from[] = "\t\n\r\\", to[] = "tnr\\";
	const char *at = strchr(from, c);

	if (at && c)
		fm_buf_printf(b, "\\%c", to[at - from]);
	else
		fm_buf_puts(b, "\xef\xbf\xbd");
}

void
quote_tsv(struct fm_buf *b, const char *s)
{
	walk(b, s, "\\", put_tsv);
}

static void
put_gnuplot(struct fm_buf *b, char c)
{
	if ((unsigned char)c < 0x20 || c == 0x7f)
		fm_buf_putc(b, ' ');
	else
		fm_buf_printf(b, c < 0100 ? "\\%04o" : "\\%03o",
		    (unsigned)(unsigned char)c);
}

/*
 * gnuplot looks for `commands` and @macros before it looks for strings, and
 * finds them in single quotes, too, behind a quote that is doubled. So
 * whatever it could mean something to is written as an octal escape. Of one
 * that begins with 0 it reads four digits, of another three: a digit behind
 * the escape must not become a part of it.
 */
void
quote_gnuplot(struct fm_buf *b, const char *s)
{
	fm_buf_putc(b, '"');
	walk(b, s, "!\"#$&'*;<=>?@[\\]^`{|}~", put_gnuplot);
	fm_buf_putc(b, '"');
}

static void
put_prom(struct fm_buf *b, char c)
{
	if (c == '\n')
		fm_buf_puts(b, "\\n");
	else if (c == '\\' || c == '"')
		fm_buf_printf(b, "\\%c", c);
	else
		fm_buf_putc(b, ' ');
}

void
quote_prom(struct fm_buf *b, const char *s)
{
	walk(b, s, "\\\"", put_prom);
}

static void
put_word(struct fm_buf *b, char c)
{
	(void)c;
	fm_buf_putc(b, '_');
}

/* Length of a blank that is not ASCII: U+00A0, 1680, 2000 to 200A, 2028, 2029,
 * 202F, 205F and 3000 end a field of Go's, too. */
static size_t
wide_blank(const char *s)
{
	static const char *const blanks[] = { "\xc2\xa0", "\xe1\x9a\x80",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
		"\xe3\x80\x80", NULL };
	size_t i;

	for (i = 0; blanks[i]; i++)
		if (strncmp(s, blanks[i], strlen(blanks[i])) == 0)
			return strlen(blanks[i]);
	return strncmp(s, "\xe2\x80", 2) == 0 &&
		       (unsigned char)s[2] - 0x80U <= 0xa
		   ? 3
		   : 0;
}

void
quote_word(struct fm_buf *b, const char *s)
{
	struct fm_buf word = FM_BUF_INIT;
	size_t n;

	for (; *s; s += n) {
		n = wide_blank(s);
		fm_buf_putc(&word, n ? ' ' : *s);
		n = n ? n : 1;
	}
	walk(b, word.s, " /=:", put_word);
	fm_buf_release(&word);
}

static bool
is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Length of the first characters of s. */
static size_t
head(const char *s, size_t chars, size_t bytes)
{
	size_t n = 0, next;

	for (; s[n] && chars > 0; chars--, n = next) {
		for (next = n + 1; is_inside(s[next]); next++)
			continue;
		if (next > bytes)
			break;
	}
	return n;
}

/* Where the last characters of s begin. */
static size_t
tail(const char *s, size_t len, size_t chars, size_t bytes)
{
	size_t at = len, next;

	for (; at > 0 && chars > 0; chars--, at = next) {
		for (next = at - 1; next > 0 && is_inside(s[next]); next--)
			continue;
		if (len - next > bytes)
			break;
	}
	return at;
}

char *
quote_short(const char *s, size_t chars, size_t bytes)
{
	size_t len = strlen(s);

	if (len <= bytes && quote_width(s) <= chars)
		return fm_strdup(s);
	chars -= 3;
	bytes -= 3;
	return fm_strdupf("%.*s...%s",
	    (int)head(s, chars - chars / 2, bytes - bytes / 2), s,
	    s + tail(s, len, chars / 2, bytes / 2));
}

size_t
quote_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}
