/*
 * Memory. Out of memory ends the program with one line and status 3: alloc.c
 * is the only place in the library that may do so, and no caller checks.
 * Everything returned is released with free().
 */
#ifndef FM_ALLOC_H
#define FM_ALLOC_H

#include <stddef.h>

/* `n` bytes, not cleared. n = 0 gives a pointer that can be freed. */
void *fm_malloc(size_t n);

/* `n` elements of `size` bytes, cleared; the product is checked. */
void *fm_calloc(size_t n, size_t size);

/* Resizes `p` (or NULL) to `n` elements of `size` bytes; checked. */
void *fm_realloc(void *p, size_t n, size_t size);

char *fm_strdup(const char *s);
char *fm_strndup(const char *s, size_t n);

/* A new string, formatted like printf. */
char *fm_strdupf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Makes room for `need` elements in the array `a` with capacity `cap` (a
 * size_t lvalue), at least doubling it, so that appending is O(1) amortised.
 */
#define FM_GROW(a, cap, need)                                                  \
	do {                                                                   \
		if ((need) > (cap)) {                                          \
			(cap) = (cap)*2 > (need) ? (cap)*2 : (need);           \
			if ((cap) < 8)                                         \
				(cap) = 8;                                     \
			(a) = fm_realloc((a), (cap), sizeof *(a));             \
		}                                                              \
	} while (0)

#endif
