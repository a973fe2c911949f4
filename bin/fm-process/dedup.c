/*
 * A set of hashes with open addressing, at most half full.
 */
#include "dedup.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "hash.h"

/* The place of a hash, or the empty one where it belongs. */
static uint64_t *
place(const struct dedup *d, const uint64_t h[2])
{
	size_t i = h[0] & (d->cap - 1);

	while ((d->seen[i][0] || d->seen[i][1]) &&
	       (d->seen[i][0] != h[0] || d->seen[i][1] != h[1]))
		i = (i + 1) & (d->cap - 1);
	return d->seen[i];
}

static void
grow(struct dedup *d)
{
	struct dedup old = *d;
	size_t i;

	d->cap = old.cap ? old.cap * 2 : 1024;
	d->seen = fm_calloc(d->cap, sizeof *d->seen);
	for (i = 0; i < old.cap; i++)
		if (old.seen[i][0] || old.seen[i][1])
			memcpy(place(d, old.seen[i]), old.seen[i],
			    sizeof *d->seen);
	free(old.seen);
}

bool
dedup_seen(struct dedup *d, const char *s, size_t n)
{
	char hex[FM_HASH_HEX], half[17];
	uint64_t h[2], *at;

	fm_hash_of(s, n, hex);
	memcpy(half, hex, 16);
	half[16] = '\0';
	h[0] = strtoull(half, NULL, 16);
	h[1] = strtoull(hex + 16, NULL, 16) | 1;
	if (d->n * 2 >= d->cap)
		grow(d);
	at = place(d, h);
	if (at[0] || at[1])
		return true;
	memcpy(at, h, sizeof h);
	d->n++;
	return false;
}

void
dedup_release(struct dedup *d)
{
	free(d->seen);
	memset(d, 0, sizeof *d);
}
