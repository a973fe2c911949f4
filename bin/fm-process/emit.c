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

enum {
	DEEP = 8 /* levels that are indented */
};

void
emit_new_line(struct emit *e)
{
	static const char blanks[] = "\n                                ";

	emit_raw(
	    e, blanks, 1 + (size_t)(e->depth < DEEP ? e->depth : DEEP) * 4);
}

void
emit_open(struct emit *e, char bracket)
{
	emit_raw(e, &bracket, 1);
	e->depth++;
	e->first = true;
}

void
emit_close(struct emit *e, char bracket)
{
	e->depth--;
	if (e->pretty && !e->first)
		emit_new_line(e);
	e->first = false;
	emit_raw(e, &bracket, 1);
	e->b->s[e->b->len] = '\0';
}

/* Eight bytes, none of which needs an escape; of those that seem to need one
 * some do not. */
static inline bool
is_plain(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t quote = x ^ '"' * ones, slash = x ^ '\\' * ones;
	uint64_t del = x ^ 0x7f * ones;

	return ((x | (x - ' ' * ones) | (quote - ones) | (slash - ones) |
		    (del - ones)) &
		   0x80 * ones) == 0;
}

/* Nearly all are plain: they are copied while they are looked at. */
void
emit_str(struct emit *e, const char *s, size_t n)
{
	uint64_t x, y = UINT64_C(0x2020202020202020);
	bool plain = true;
	size_t i;
	char *p;

	if (s == NULL) {
		emit_null(e);
		return;
	}
	p = emit_room(e, n + 2);
	*p++ = '"';
	for (i = 0; i + 8 <= n; i += 8) {
		memcpy(&x, s + i, 8);
		memcpy(p + i, &x, 8);
		plain = plain && is_plain(x);
	}
	memcpy(&y, s + i, n - i);
	memcpy(p + i, s + i, n - i);
	if (plain && is_plain(y)) {
		p[n] = '"';
		e->b->len += n + 2;
	} else {
		fm_json_put_str(e->b, s, n, e->pretty);
	}
}

void
emit_int(struct emit *e, int64_t v)
{
	emit_scaled(e, v, 0, 0);
}

void
emit_bool(struct emit *e, bool v)
{
	emit_raw(e, v ? "true" : "false", v ? 4 : 5);
}

void
emit_null(struct emit *e)
{
	emit_raw(e, "null", 4);
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
			emit_new_line(e);
		else
			emit_raw(e, t.s + i, 1);
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
		emit_raw(e, "-", 1);
	if (*t.s == '.')
		emit_raw(e, "0", 1);
	emit_raw(e, t.s, t.n);
}

static inline void
put_two(char *p, uint32_t v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
}

/* The digits of a whole number; how many. */
static size_t
put_whole(char *p, uint64_t v)
{
	char d[24];
	size_t n = 0;

	if (v < 10) {
		*p = (char)('0' + v);
		return 1;
	}
	for (; v; v /= 10)
		d[sizeof d - ++n] = (char)('0' + v % 10);
	memcpy(p, d + sizeof d - n, n);
	return n;
}

/* Records hold some twenty of these: a fraction is written as twelve digits,
 * of which those asked for are kept. */
void
emit_scaled(struct emit *e, int64_t v, int decimals, int keep)
{
	static const uint64_t tens[] = { 1, 10, 100, 1000, 10000, 100000,
		1000000, 10000000, 100000000, 1000000000, 10000000000,
		100000000000, 1000000000000 };
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v, part = u;
	char *p = emit_room(e, 48), *start = p;
	uint32_t last;

	if (v < 0)
		*p++ = '-';
	if (u < tens[decimals]) { /* it saves a division */
		*p++ = '0';
	} else {
		p += put_whole(p, u / tens[decimals]);
		part = u % tens[decimals];
	}
	part *= tens[12 - decimals];
	*p = '.';
	fm_num_put_eight(p + 1, (uint32_t)(part / 10000));
	last = (uint32_t)(part % 10000);
	put_two(p + 9, last / 100);
	put_two(p + 11, last % 100);
	while (decimals > keep && p[decimals] == '0')
		decimals--;
	if (decimals > 0)
		p += 1 + decimals;
	e->b->len += (size_t)(p - start);
}
