/*
 * Lists of strings: argument arrays, file names, names of things.
 */
#include "strs.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

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
