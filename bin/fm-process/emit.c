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

static void
new_line(struct emit *e)
{
	static const char blanks[] = "\n                                ";
	size_t n = (size_t)e->depth * 4;

	if (n < sizeof blanks - 1)
		fm_buf_put(e->b, blanks, n + 1);
}

void
emit_open(struct emit *e, char bracket)
{
	fm_buf_putc(e->b, bracket);
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
		fm_buf_putc(e->b, ',');
	e->first = false;
	if (e->pretty)
		new_line(e);
}

void
emit_key(struct emit *e, const char *key)
{
	size_t n = strlen(key);
	char *p;

	emit_item(e);
	p = fm_buf_reserve(e->b, n + 4);
	p[0] = '"';
	memcpy(p + 1, key, n);
	memcpy(p + 1 + n, "\": ", 3);
	fm_buf_commit(e->b, n + (e->pretty ? 4 : 3));
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
	fm_buf_put(e->b, "null", 4);
}

void
emit_raw(struct emit *e, const char *s, size_t n)
{
	fm_buf_put(e->b, s, n);
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
			fm_buf_putc(e->b, t.s[i]);
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
		fm_buf_putc(e->b, '-');
	if (*t.s == '.')
		fm_buf_putc(e->b, '0');
	fm_buf_put(e->b, t.s, t.n);
}

void
emit_scaled(struct emit *e, int64_t v, int decimals, int keep)
{
	for (; decimals > keep && v % 10 == 0; decimals--)
		v /= 10;
	fm_num_put_scaled(e->b, v, decimals);
}
