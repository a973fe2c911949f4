/*
 * Values as Python prints them, and the tags they carry. Knows no grammar.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "num.h"
#include "pyval.h"

/* Controls, formats, surrogates, private use and all spaces but one. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x0, 0x1f },
	{ 0x7f, 0xa0 },
	{ 0xad, 0xad },
	{ 0x600, 0x605 },
	{ 0x61c, 0x61c },
	{ 0x6dd, 0x6dd },
	{ 0x70f, 0x70f },
	{ 0x890, 0x891 },
	{ 0x8e2, 0x8e2 },
	{ 0x1680, 0x1680 },
	{ 0x180e, 0x180e },
	{ 0x2000, 0x200f },
	{ 0x2028, 0x202f },
	{ 0x205f, 0x206f },
	{ 0x3000, 0x3000 },
	{ 0xd800, 0xf8ff },
	{ 0xfeff, 0xfeff },
	{ 0xfff0, 0xfffb },
	{ 0xfffe, 0xffff },
	{ 0x110bd, 0x110bd },
	{ 0x110cd, 0x110cd },
	{ 0x13430, 0x1343f },
	{ 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe00ff },
	{ 0xe01f0, 0x10ffff },
};

json_t *
fm_pyval_tagged(const json_t *v, const char *tag)
{
	return json_object_size(v) == 1 ? json_object_get(v, tag) : NULL;
}

static bool
is_hidden(uint32_t c)
{
	size_t i;

	for (i = 0; i < sizeof hidden / sizeof *hidden; i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return true;
	return false;
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

static void
put_escape(struct fm_buf *b, uint32_t c)
{
	if (c == '\n')
		fm_buf_puts(b, "\\n");
	else if (c == '\r')
		fm_buf_puts(b, "\\r");
	else if (c == '\t')
		fm_buf_puts(b, "\\t");
	else if (c < 0x100)
		fm_buf_printf(b, "\\x%02x", (unsigned)c);
	else if (c < 0x10000)
		fm_buf_printf(b, "\\u%04x", (unsigned)c);
	else
		fm_buf_printf(b, "\\U%08x", (unsigned)c);
}

static void
put_string(struct fm_buf *b, const char *s, size_t n)
{
	bool both = memchr(s, '"', n) || !memchr(s, '\'', n);
	char quote = both ? '\'' : '"';
	uint32_t c;
	size_t i, len;

	fm_buf_putc(b, quote);
	for (i = 0; i < n; i += len) {
		len = decode(s + i, &c);
		if (c == '\\' || c == (unsigned char)quote)
			fm_buf_putc(b, '\\');
		if (is_hidden(c))
			put_escape(b, c);
		else
			fm_buf_put(b, s + i, len);
	}
	fm_buf_putc(b, quote);
}

static void
put_items(struct fm_buf *b, const json_t *list)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		if (i)
			fm_buf_puts(b, ", ");
		fm_pyval_put_repr(b, json_array_get(list, i));
	}
}

static void
put_pairs(struct fm_buf *b, const json_t *pairs)
{
	size_t i;

	for (i = 0; i < json_array_size(pairs); i++) {
		const json_t *pair = json_array_get(pairs, i);

		if (i)
			fm_buf_puts(b, ", ");
		fm_pyval_put_repr(b, json_array_get(pair, 0));
		fm_buf_puts(b, ": ");
		fm_pyval_put_repr(b, json_array_get(pair, 1));
	}
}

static void
put_members(struct fm_buf *b, const json_t *v)
{
	const char *key, *comma = "";
	json_t *member;

	/* The macro wants a json_t * but does not write to it. */
	json_object_foreach ((json_t *)(uintptr_t)v, key, member) {
		fm_buf_puts(b, comma);
		put_string(b, key, strlen(key));
		fm_buf_puts(b, ": ");
		fm_pyval_put_repr(b, member);
		comma = ", ";
	}
}

static void
put_object(struct fm_buf *b, const json_t *v)
{
	const json_t *in;

	if ((in = fm_pyval_tagged(v, "@tuple"))) {
		fm_buf_putc(b, '(');
		put_items(b, in);
		fm_buf_puts(b, json_array_size(in) == 1 ? ",)" : ")");
	} else if (json_is_string(in = fm_pyval_tagged(v, "@torch"))) {
		fm_buf_puts(b, "torch.");
		fm_buf_puts(b, json_string_value(in));
	} else if (json_is_string(in = fm_pyval_tagged(v, "@float"))) {
		fm_buf_puts(b, json_string_value(in));
	} else {
		fm_buf_putc(b, '{');
		if ((in = fm_pyval_tagged(v, "@dict")))
			put_pairs(b, in);
		else
			put_members(b, v);
		fm_buf_putc(b, '}');
	}
}

void
fm_pyval_put_repr(struct fm_buf *b, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		put_object(b, v);
		break;
	case JSON_ARRAY:
		fm_buf_putc(b, '[');
		put_items(b, v);
		fm_buf_putc(b, ']');
		break;
	case JSON_STRING:
		put_string(b, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		fm_num_put_int(b, json_integer_value(v));
		break;
	case JSON_REAL:
		fm_num_put_repr(b, json_real_value(v));
		break;
	case JSON_TRUE:
		fm_buf_puts(b, "True");
		break;
	case JSON_FALSE:
		fm_buf_puts(b, "False");
		break;
	case JSON_NULL:
		fm_buf_puts(b, "None");
		break;
	}
}

void
fm_pyval_put_str(struct fm_buf *b, const json_t *v)
{
	if (json_is_string(v))
		fm_buf_put(b, json_string_value(v), json_string_length(v));
	else
		fm_pyval_put_repr(b, v);
}
