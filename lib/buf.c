/*
 * Growable byte strings. Knows memory, and nothing of what the bytes mean.
 */
#include "buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* Never written to: a buffer without memory of its own has cap 0. */
char fm_buf_empty[1] = "";

void
fm_buf_init(struct fm_buf *b)
{
	b->s = fm_buf_empty;
	b->len = b->cap = 0;
}

void
fm_buf_release(struct fm_buf *b)
{
	if (b->cap)
		free(b->s);
	fm_buf_init(b);
}

void
fm_buf_clear(struct fm_buf *b)
{
	b->len = 0;
	if (b->cap)
		b->s[0] = '\0';
}

void
fm_buf_cut(struct fm_buf *b, size_t n)
{
	assert(n <= b->len);
	b->len = n;
	if (b->cap)
		b->s[n] = '\0';
}

char *
fm_buf_reserve(struct fm_buf *b, size_t n)
{
	size_t need = b->len + n + 1;

	if (need > b->cap) {
		size_t cap = b->cap * 2 > need ? b->cap * 2 : need;
		char *s = fm_realloc(b->cap ? b->s : NULL, cap, 1);

		s[b->len] = '\0';
		b->s = s;
		b->cap = cap;
	}
	return b->s + b->len;
}

void
fm_buf_commit(struct fm_buf *b, size_t n)
{
	assert(b->len + n < b->cap);
	b->len += n;
	b->s[b->len] = '\0';
}

void
fm_buf_put(struct fm_buf *b, const void *p, size_t n)
{
	char *to = fm_buf_reserve(b, n);

	/* A buffer that was never written to has no text. */
	if (n)
		memcpy(to, p, n);
	fm_buf_commit(b, n);
}

void
fm_buf_puts(struct fm_buf *b, const char *s)
{
	fm_buf_put(b, s, strlen(s));
}

void
fm_buf_putc(struct fm_buf *b, char c)
{
	*fm_buf_reserve(b, 1) = c;
	fm_buf_commit(b, 1);
}

void
fm_buf_vprintf(struct fm_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	assert(n >= 0);
	(void)vsnprintf(fm_buf_reserve(b, (size_t)n), (size_t)n + 1, fmt, ap);
	fm_buf_commit(b, (size_t)n);
}

void
fm_buf_printf(struct fm_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fm_buf_vprintf(b, fmt, ap);
	va_end(ap);
}

char *
fm_buf_detach(struct fm_buf *b)
{
	char *s = b->cap ? b->s : fm_strdup("");

	fm_buf_init(b);
	return s;
}

void
fm_buf_consume(struct fm_buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->s, b->s + n, b->len - n);
	b->len -= n;
	b->s[b->len] = '\0';
}
