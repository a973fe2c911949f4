/*
 * Content hashes: XXH3, 128 bits, as 32 hexadecimal digits. Fast, and not
 * meant against anybody who wants two files to look the same.
 */
#ifndef FM_HASH_H
#define FM_HASH_H

#include <stddef.h>

struct fm_err;
struct fm_hash;

enum {
	FM_HASH_HEX = 33 /* bytes of a hash as text, with the NUL */
};

struct fm_hash *fm_hash_new(void);
void fm_hash_free(struct fm_hash *h);

void fm_hash_put(struct fm_hash *h, const void *p, size_t n);
/* The string and its NUL, so that "ab" "c" is not "a" "bc". */
void fm_hash_puts(struct fm_hash *h, const char *s);
/* The content of a file. */
int fm_hash_put_file(struct fm_hash *h, const char *path, struct fm_err *err);

/* What was put so far; more may follow. */
void fm_hash_hex(const struct fm_hash *h, char hex[FM_HASH_HEX]);

/* The hash of `n` bytes at once. */
void fm_hash_of(const void *p, size_t n, char hex[FM_HASH_HEX]);

#endif
