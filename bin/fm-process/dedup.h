/*
 * Which records were there before: a log that is read twice, or that is part
 * of another one.
 */
#ifndef DEDUP_H
#define DEDUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dedup {
	uint64_t (*seen)[2]; /* hashes; 0, 0 = empty place */
	size_t n, cap;       /* cap is a power of two */
};

/* True when the same text was seen before; remembers it. */
bool dedup_seen(struct dedup *d, const char *s, size_t n);
void dedup_release(struct dedup *d);

#endif
