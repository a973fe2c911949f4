/*
 * Content hashes by libxxhash, whose only user this is. The digits are those
 * that xxhsum prints: big-endian, upper half first.
 */
#include "hash.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "alloc.h"
#include "io.h"

struct fm_hash {
	XXH3_state_t *state; /* needs more alignment than malloc gives */
};

struct fm_hash *
fm_hash_new(void)
{
	struct fm_hash *h = fm_malloc(sizeof *h);

	h->state = XXH3_createState();
	if (!h->state) /* no memory: ends the program as it ends elsewhere */
		free(fm_malloc(PTRDIFF_MAX));
	(void)XXH3_128bits_reset(h->state);
	return h;
}

void
fm_hash_free(struct fm_hash *h)
{
	if (!h)
		return;
	(void)XXH3_freeState(h->state);
	free(h);
}

void
fm_hash_put(struct fm_hash *h, const void *p, size_t n)
{
	if (n > 0)
		(void)XXH3_128bits_update(h->state, p, n);
}

void
fm_hash_puts(struct fm_hash *h, const char *s)
{
	fm_hash_put(h, s, strlen(s) + 1);
}

int
fm_hash_put_file(struct fm_hash *h, const char *path, struct fm_err *err)
{
	struct fm_map m;

	if (fm_map_open(&m, path, err))
		return -1;
	fm_hash_put(h, m.p, m.n);
	fm_map_release(&m);
	return 0;
}

static void
put_hex(XXH128_hash_t v, char hex[FM_HASH_HEX])
{
	(void)snprintf(hex, FM_HASH_HEX, "%016" PRIx64 "%016" PRIx64,
	    (uint64_t)v.high64, (uint64_t)v.low64);
}

void
fm_hash_hex(const struct fm_hash *h, char hex[FM_HASH_HEX])
{
	put_hex(XXH3_128bits_digest(h->state), hex);
}

void
fm_hash_of(const void *p, size_t n, char hex[FM_HASH_HEX])
{
	put_hex(XXH3_128bits(p, n), hex);
}
