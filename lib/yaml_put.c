/*
 * JSON to YAML: block style, two spaces, one member a line. A string stays
 * plain when it begins with a letter and no reader, of YAML 1.2 or 1.1, takes
 * it for something else; all others get double quotes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "err.h"
#include "num.h"
#include "yaml.h"

#define DEPTH 100
#define KEY_BYTES 1000 /* YAML wants the colon within 1024 characters */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Words that YAML 1.1 or 1.2 reads as null or a boolean. */
static bool
is_taken(const char *s)
{
	static const char *const words[] = { "null", "true", "false", "yes",
		"no", "on", "off" };
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(s, words[i]) == 0)
			return true;
	return false;
}

static bool
is_plain(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || !(is_letter(*s) || *s == '/' || *s == '_') ||
	    s[n - 1] == ' ' || s[n - 1] == ':' || is_taken(s))
		return false;
	for (i = 0; i < n; i++) {
		if (is_letter(s[i]) || (s[i] >= '0' && s[i] <= '9'))
			continue;
		if (!s[i] || !strchr("_-./+=@%,:()' ", s[i]))
			return false;
		if (s[i] == ':' && s[i + 1] == ' ')
			return false;
	}
	return true;
}

/* One character of valid UTF-8; returns its bytes. */
static size_t
decode(const char *s, uint32_t *c)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4, i;

	*c = n == 1 ? u[0] : u[0] & (0x7fu >> n);
	for (i = 1; i < n; i++)
		*c = *c << 6 | (u[i] & 0x3f);
	return n;
}

/* Not printable in YAML, or a line break, or a byte order mark. */
static bool
must_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
	       c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

static void
put_string(struct fm_buf *b, const char *s, size_t n)
{
	size_t i, len;
	uint32_t c;

	if (is_plain(s, n)) {
		fm_buf_put(b, s, n);
		return;
	}
	fm_buf_putc(b, '"');
	for (i = 0; i < n; i += len) {
		len = decode(s + i, &c);
		if (c == '\n')
			fm_buf_puts(b, "\\n");
		else if (c == '\t')
			fm_buf_puts(b, "\\t");
		else if (must_escape(c))
			fm_buf_printf(b, "\\u%04x", (unsigned)c);
		else {
			if (c == '"' || c == '\\')
				fm_buf_putc(b, '\\');
			fm_buf_put(b, s + i, len);
		}
	}
	fm_buf_putc(b, '"');
}

/* YAML 1.1 knows an exponent only after a point: 1.0e-05. */
static void
put_real(struct fm_buf *b, double d)
{
	struct fm_buf t = FM_BUF_INIT;
	const char *e;

	fm_num_put_repr(&t, d);
	e = strchr(t.s, 'e');
	if (e && !strchr(t.s, '.')) {
		fm_buf_put(b, t.s, (size_t)(e - t.s));
		fm_buf_puts(b, ".0");
		fm_buf_puts(b, e);
	} else
		fm_buf_put(b, t.s, t.len);
	fm_buf_release(&t);
}

static bool
is_block(const json_t *v)
{
	return json_object_size(v) > 0 || json_array_size(v) > 0;
}

static void
put_flat(struct fm_buf *b, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		fm_buf_puts(b, "{}");
		break;
	case JSON_ARRAY:
		fm_buf_puts(b, "[]");
		break;
	case JSON_STRING:
		put_string(b, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		fm_num_put_int(b, json_integer_value(v));
		break;
	case JSON_REAL:
		put_real(b, json_real_value(v));
		break;
	case JSON_TRUE:
		fm_buf_puts(b, "true");
		break;
	case JSON_FALSE:
		fm_buf_puts(b, "false");
		break;
	case JSON_NULL:
		fm_buf_puts(b, "null");
		break;
	}
}

static int put_block(
    struct fm_buf *b, const json_t *v, int depth, struct fm_err *err);

/* What follows a key or a dash; a list item's block starts on its line. */
static int
put_rest(struct fm_buf *b, const json_t *v, int depth, bool in_list,
    struct fm_err *err)
{
	if (!is_block(v)) {
		fm_buf_putc(b, ' ');
		put_flat(b, v);
		fm_buf_putc(b, '\n');
		return 0;
	}
	if (in_list)
		fm_buf_putc(b, ' ');
	else
		fm_buf_printf(b, "\n%*s", 2 * (depth + 1), "");
	return put_block(b, v, depth + 1, err);
}

/* A block whose first line is indented already. */
static int
put_block(struct fm_buf *b, const json_t *v, int depth, struct fm_err *err)
{
	const char *key;
	json_t *member;
	size_t i;

	if (depth >= DEPTH)
		return fm_err_set(
		    err, FM_USAGE, "values nested too deeply for YAML");
	for (i = 0; i < json_array_size(v); i++) {
		fm_buf_printf(b, "%*s-", i ? 2 * depth : 0, "");
		if (put_rest(b, json_array_get(v, i), depth, true, err))
			return -1;
	}
	i = 0;
	json_object_foreach ((json_t *)(uintptr_t)v, key, member) {
		if (strlen(key) > KEY_BYTES)
			return fm_err_set(err, FM_USAGE,
			    "a key of %zu bytes is too long for YAML",
			    strlen(key));
		fm_buf_printf(b, "%*s", i++ ? 2 * depth : 0, "");
		put_string(b, key, strlen(key));
		fm_buf_putc(b, ':');
		if (put_rest(b, member, depth, false, err))
			return -1;
	}
	return 0;
}

int
fm_yaml_put(struct fm_buf *b, const json_t *v, struct fm_err *err)
{
	if (is_block(v))
		return put_block(b, v, 0, err);
	put_flat(b, v);
	fm_buf_putc(b, '\n');
	return 0;
}
