/*
 * JSON text in and out. jansson reads; writing is done here because the two
 * forms wanted (Python's, and one line with the shortest doubles) are not
 * jansson's.
 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"
#include "num.h"

void
fm_json_start(void)
{
	json_set_alloc_funcs(fm_malloc, free);
}

json_t *
fm_json_parse(
    const char *text, size_t len, const char *name, struct fm_err *err)
{
	json_error_t e;
	json_t *v =
	    json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);

	if (!v)
		(void)fm_err_set(err, FM_USAGE, "%s:%d:%d: %s", name, e.line,
		    e.column, e.text);
	return v;
}

json_t *
fm_json_read_file(const char *path, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	json_t *v = NULL;

	if (fm_io_read_file(path, &b, err) == 0)
		v = fm_json_parse(b.s, b.len, path, err);
	fm_buf_release(&b);
	return v;
}

/*
 * Decodes one UTF-8 character at s[0 .. n): its length, and its number in
 * *cp. Anything that is not UTF-8 is one byte long and U+FFFD.
 */
static size_t
utf8(const unsigned char *s, size_t n, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len, i;

	*cp = s[0];
	if (s[0] < 0x80)
		return 1;
	len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	*cp = s[0] & (0xffU >> (len + 1));
	for (i = 1; i < len; i++) {
		if (i >= n || (s[i] & 0xc0) != 0x80)
			break;
		*cp = *cp << 6 | (s[i] & 0x3f);
	}
	if (i == len && s[0] >= 0xc0 && s[0] < 0xf8 && *cp >= least[len] &&
	    *cp <= 0x10ffff && (*cp < 0xd800 || *cp > 0xdfff))
		return len;
	*cp = 0xfffd;
	return 1;
}

static void
put_char(struct fm_buf *b, uint32_t cp, const char *s, size_t n, bool ascii)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *p = cp && cp < 0x80 ? strchr(from, (int)cp) : NULL;

	if (p) {
		fm_buf_putc(b, '\\');
		fm_buf_putc(b, to[p - from]);
	} else if (cp < 0x20 || (ascii && cp >= 0x7f && cp < 0x10000)) {
		fm_buf_printf(b, "\\u%04x", (unsigned)cp);
	} else if (ascii && cp >= 0x10000) {
		cp -= 0x10000;
		fm_buf_printf(b, "\\u%04x\\u%04x", 0xd800 + (cp >> 10),
		    0xdc00 + (cp & 0x3ff));
	} else if (cp == 0xfffd && n == 1) {
		fm_buf_puts(b, "\xef\xbf\xbd");
	} else {
		fm_buf_put(b, s, n);
	}
}

void
fm_json_put_str(struct fm_buf *b, const char *s, size_t n, bool ascii)
{
	size_t i, plain, len;
	uint32_t cp;

	fm_buf_putc(b, '"');
	for (i = 0; i < n; i += len) {
		for (plain = i; plain < n; plain++)
			if ((unsigned char)s[plain] < 0x20 ||
			    (unsigned char)s[plain] >= 0x7f ||
			    s[plain] == '"' || s[plain] == '\\')
				break;
		fm_buf_put(b, s + i, plain - i);
		i = plain;
		if (i == n)
			break;
		len = utf8((const unsigned char *)s + i, n - i, &cp);
		put_char(b, cp, s + i, len, ascii);
	}
	fm_buf_putc(b, '"');
}

/* indent < 0: everything on one line. */
static void put(struct fm_buf *b, const json_t *v, int indent, int depth);

static void
new_line(struct fm_buf *b, int indent, int depth)
{
	int i;

	if (indent < 0)
		return;
	fm_buf_putc(b, '\n');
	for (i = 0; i < indent * depth; i++)
		fm_buf_putc(b, ' ');
}

static void
put_object(struct fm_buf *b, const json_t *v, int indent, int depth)
{
	union {
		const json_t *c;
		json_t *v;
	} u = { v };
	const char *key;
	json_t *member;
	bool first = true;

	fm_buf_putc(b, '{');
	json_object_foreach (u.v, key, member) {
		if (!first)
			fm_buf_putc(b, ',');
		first = false;
		new_line(b, indent, depth + 1);
		fm_json_put_str(b, key, strlen(key), indent >= 0);
		fm_buf_puts(b, indent < 0 ? ":" : ": ");
		put(b, member, indent, depth + 1);
	}
	if (!first)
		new_line(b, indent, depth);
	fm_buf_putc(b, '}');
}

static void
put_array(struct fm_buf *b, const json_t *v, int indent, int depth)
{
	size_t i, n = json_array_size(v);

	fm_buf_putc(b, '[');
	for (i = 0; i < n; i++) {
		if (i)
			fm_buf_putc(b, ',');
		new_line(b, indent, depth + 1);
		put(b, json_array_get(v, i), indent, depth + 1);
	}
	if (n)
		new_line(b, indent, depth);
	fm_buf_putc(b, ']');
}

static void
put(struct fm_buf *b, const json_t *v, int indent, int depth)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		put_object(b, v, indent, depth);
		break;
	case JSON_ARRAY:
		put_array(b, v, indent, depth);
		break;
	case JSON_STRING:
		fm_json_put_str(b, json_string_value(v), json_string_length(v),
		    indent >= 0);
		break;
	case JSON_INTEGER:
		fm_num_put_int(b, json_integer_value(v));
		break;
	case JSON_REAL:
		fm_num_put_repr(b, json_real_value(v));
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

void
fm_json_put(struct fm_buf *b, const json_t *v)
{
	put(b, v, -1, 0);
}

void
fm_json_put_py(struct fm_buf *b, const json_t *v)
{
	put(b, v, 4, 0);
}

const char *
fm_json_str(const json_t *obj, const char *key, const char *def)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : def;
}

int64_t
fm_json_int(const json_t *obj, const char *key, int64_t def)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_integer(v) ? json_integer_value(v) : def;
}

double
fm_json_num(const json_t *obj, const char *key, double def)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_number(v) ? json_number_value(v) : def;
}

bool
fm_json_bool(const json_t *obj, const char *key, bool def)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_boolean(v) ? json_is_true(v) : def;
}

void
fm_json_set_str(json_t *obj, const char *key, const char *v)
{
	json_object_set_new(obj, key, v ? json_string(v) : json_null());
}

void
fm_json_set_int(json_t *obj, const char *key, int64_t v)
{
	json_object_set_new(obj, key, json_integer(v));
}
