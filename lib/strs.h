/*
 * A list of strings it owns, always ended by a NULL so that `v` serves as an
 * argument array. FM_STRS_INIT at the start, fm_strs_release() at the end.
 */
#ifndef FM_STRS_H
#define FM_STRS_H

#include <stddef.h>

struct fm_strs {
	char **v;   /* n strings and a NULL, or NULL while n is 0 */
	size_t n;   /* strings */
	size_t cap; /* elements allocated */
};

#define FM_STRS_INIT                                                           \
	{                                                                      \
		NULL, 0, 0                                                     \
	}

void fm_strs_release(struct fm_strs *l);
void fm_strs_add(struct fm_strs *l, const char *s);
void fm_strs_add_take(struct fm_strs *l, char *s);

/* Adds the parts of `s` between characters of `seps`; empty parts vanish. */
void fm_strs_split(struct fm_strs *l, const char *s, const char *seps);

/*
 * Adds the words of `s` as a shell would part them: blanks outside quotes;
 * '…' as it is, "…" and \\ with backslash. No expansion of any kind.
 */
struct fm_err;
int fm_strs_words(struct fm_strs *l, const char *s, struct fm_err *err);

/* Makes one plain line of what anybody may have written: control characters
 * become blanks. */
void fm_strs_flatten(char *s);

/* By byte value, as strcmp orders. */
void fm_strs_sort(struct fm_strs *l);

/* The index of `s`, or -1. */
ptrdiff_t fm_strs_find(const struct fm_strs *l, const char *s);

#endif
