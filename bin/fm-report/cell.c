/*
 * Texts, each kept once: a hash table with open addressing.
 */
#include "cell.h"

#include <stdlib.h>

#include "alloc.h"

void
texts_release(struct texts *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
	free(t->slots);
	memset(t, 0, sizeof *t);
}

/* FNV-1a, 64 bits. */
static uint64_t
hash(const char *s, size_t n)
{
	uint64_t h = UINT64_C(14695981039346656037);
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(1099511628211);
	return h ^ (h >> 32);
}

static void
grow(struct texts *t)
{
	size_t i, at, n = t->n_slots ? t->n_slots * 2 : 64;

	free(t->slots);
	t->slots = fm_calloc(n, sizeof *t->slots);
	t->n_slots = n;
	for (i = 0; i < t->n; i++) {
		at = hash(t->v[i], strlen(t->v[i])) & (n - 1);
		while (t->slots[at])
			at = (at + 1) & (n - 1);
		t->slots[at] = (uint32_t)i + 1;
	}
}

/* A text ends at its first NUL: nothing that we print can hold one. */
cell
texts_add(struct texts *t, const char *s, size_t n)
{
	size_t at;

	n = strnlen(s, n);
	if ((t->n + 1) * 2 > t->n_slots)
		grow(t);
	at = hash(s, n) & (t->n_slots - 1);
	for (; t->slots[at]; at = (at + 1) & (t->n_slots - 1)) {
		const char *have = t->v[t->slots[at] - 1];

		if (strncmp(have, s, n) == 0 && have[n] == '\0')
			return CELL_TEXT | (t->slots[at] - 1);
	}
	FM_GROW(t->v, t->cap, t->n + 1);
	t->v[t->n] = fm_strndup(s, n);
	t->slots[at] = (uint32_t)++t->n;
	return CELL_TEXT | (t->n - 1);
}
