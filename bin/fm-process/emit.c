/*
 * JSON as it comes.
 */
#include "emit.h"

#include <string.h>

#include "json.h"
#include "num.h"

void
emit_init(struct emit *e, struct fm_buf *b, bool pretty, int depth)
{
	e->b = b;
	e->pretty = pretty;
	e->depth = depth;
	e->first = true;
}

/* The buffer's own functions keep a NUL behind the text at every step; here
 * it is put there when an object ends. */
static inline void
put(struct emit *e, const char *s, size_t n)
{
	struct fm_buf *b = e->b;

	if (b->cap - b->len > n) {
		memcpy(b->s + b->len, s, n);
		b->len += n;
	} else {
		fm_buf_put(b, s, n);
	}
}

static inline void
put_char(struct emit *e, char c)
{
	put(e, &c, 1);
}

/* Room for `n` more bytes and the NUL. */
static inline char *
room(struct emit *e, size_t n)
{
	struct fm_buf *b = e->b;

	return b->cap - b->len > n ? b->s + b->len : fm_buf_reserve(b, n);
}

enum {
	DEEP = 8, /* levels that are indented */
	INDENT_MAX = 1 + DEEP * 4
};

/* What separates lines of the pretty form: '\n' and the indent. */
static size_t
new_line_at(const struct emit *e, char *p)
{
	static const char blanks[] = "\n                                ";
	size_t n = 1 + (size_t)(e->depth < DEEP ? e->depth : DEEP) * 4;

	memcpy(p, blanks, n);
	return n;
}

static void
new_line(struct emit *e)
{
	char *p = room(e, INDENT_MAX);

	e->b->len += new_line_at(e, p);
}

void
emit_open(struct emit *e, char bracket)
{
	put_char(e, bracket);
	e->depth++;
	e->first = true;
}

void
emit_close(struct emit *e, char bracket)
{
	e->depth--;
	if (e->pretty && !e->first)
		new_line(e);
	e->first = false;
	fm_buf_putc(e->b, bracket);
}

void
emit_item(struct emit *e)
{
	if (!e->first)
		put_char(e, ',');
	e->first = false;
	if (e->pretty)
		new_line(e);
}

/* Half of what a record is made of. */
void
emit_key(struct emit *e, const char *key)
{
	size_t n = strlen(key);
	char *p = room(e, n + INDENT_MAX + 8), *q = p;

	if (!e->first)
		*q++ = ',';
	e->first = false;
	if (e->pretty)
		q += new_line_at(e, q);
	*q++ = '"';
	memcpy(q, key, n);
	q += n;
	*q++ = '"';
	*q++ = ':';
	if (e->pretty)
		*q++ = ' ';
	e->b->len += (size_t)(q - p);
}

void
emit_str(struct emit *e, const char *s, size_t n)
{
	if (s)
		fm_json_put_str(e->b, s, n, e->pretty);
	else
		emit_null(e);
}

void
emit_int(struct emit *e, int64_t v)
{
	fm_num_put_int(e->b, v);
}

void
emit_bool(struct emit *e, bool v)
{
	fm_buf_puts(e->b, v ? "true" : "false");
}

void
emit_null(struct emit *e)
{
	put(e, "null", 4);
}

void
emit_raw(struct emit *e, const char *s, size_t n)
{
	put(e, s, n);
}

/* json.c writes lists and objects from the margin; here they may be deep. */
void
emit_json(struct emit *e, const json_t *v)
{
	struct fm_buf t = FM_BUF_INIT;
	size_t i;

	if (!e->pretty) {
		fm_json_put(e->b, v);
		return;
	}
	fm_json_put_py(&t, v);
	for (i = 0; i < t.len; i++)
		if (t.s[i] == '\n')
			new_line(e);
		else
			put_char(e, t.s[i]);
	fm_buf_release(&t);
}

/* JSON knows no leading zeros and no number without an integer part. */
void
emit_num(struct emit *e, struct fm_text t)
{
	bool neg = t.n && *t.s == '-';

	if (neg)
		t.s++, t.n--;
	if (t.s == NULL || t.n == 0 || *t.s == 'n' || *t.s == 'i') {
		emit_null(e);
		return;
	}
	while (t.n > 1 && *t.s == '0' && t.s[1] != '.')
		t.s++, t.n--;
	if (neg)
		put_char(e, '-');
	if (*t.s == '.')
		put_char(e, '0');
	put(e, t.s, t.n);
}

/*
 * Records hold some twenty of these. Digits come in pairs, so that there is
 * one division for two of them.
 */
void
emit_scaled(struct emit *e, int64_t v, int decimals, int keep)
{
	static const char digits[] = "00010203040506070809"
				     "10111213141516171819"
				     "20212223242526272829"
				     "30313233343536373839"
				     "40414243444546474849"
				     "50515253545556575859"
				     "60616263646566676869"
				     "70717273747576777879"
				     "80818283848586878889"
				     "90919293949596979899";
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char d[32], *p = d + sizeof d;
	int n = 0;

	for (; decimals > keep && u % 10 == 0; decimals--)
		u /= 10;
	for (; u >= 100 || n + 2 <= decimals; n += 2, u /= 100) {
		p -= 2;
		memcpy(p, digits + u % 100 * 2, 2);
	}
	for (; u || n <= decimals; n++, u /= 10)
		*--p = (char)('0' + u % 10);
	n = (int)(d + sizeof d - p) - decimals;
	if (v < 0)
		put_char(e, '-');
	put(e, p, (size_t)n);
	if (decimals == 0)
		return;
	put_char(e, '.');
	put(e, p + n, (size_t)decimals);
}
