/*
 * Lists of strings: argument arrays, file names, names of things.
 */
#include "strs.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"

void
fm_strs_release(struct fm_strs *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	l->v = NULL;
	l->n = l->cap = 0;
}

void
fm_strs_add_take(struct fm_strs *l, char *s)
{
	FM_GROW(l->v, l->cap, l->n + 2);
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

void
fm_strs_add(struct fm_strs *l, const char *s)
{
	fm_strs_add_take(l, fm_strdup(s));
}

void
fm_strs_flatten(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
}

void
fm_strs_split(struct fm_strs *l, const char *s, const char *seps)
{
	size_t n;

	for (; *s; s += n) {
		s += strspn(s, seps);
		n = strcspn(s, seps);
		if (n)
			fm_strs_add_take(l, fm_strndup(s, n));
	}
}

/* One word at s, which is not a blank; the end of it, or NULL. */
static const char *
word(struct fm_buf *b, const char *s)
{
	char quote = 0;

	for (; *s && (quote || !strchr(" \t\n", *s)); s++) {
		if (*s == quote)
			quote = 0;
		else if (!quote && (*s == '\'' || *s == '"'))
			quote = *s;
		else if (*s == '\\' && quote != '\'' && s[1])
			fm_buf_putc(b, *++s);
		else
			fm_buf_putc(b, *s);
	}
	return quote ? NULL : s;
}

int
fm_strs_words(struct fm_strs *l, const char *s, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	const char *at = s;

	while (at && *(at += strspn(at, " \t\n"))) {
		at = word(&b, at);
		if (at)
			fm_strs_add(l, b.s);
		fm_buf_clear(&b);
	}
	fm_buf_release(&b);
	if (!at)
		return fm_err_set(
		    err, FM_USAGE, "'%s' lacks a closing quotation mark", s);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
fm_strs_sort(struct fm_strs *l)
{
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, compare);
}

ptrdiff_t
fm_strs_find(const struct fm_strs *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return (ptrdiff_t)i;
	return -1;
}
