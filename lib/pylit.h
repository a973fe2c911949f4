/*
 * Python's literals, the part of `@` values that is no expression. Errors
 * tell no place: the caller knows it.
 */
#ifndef FM_PYLIT_H
#define FM_PYLIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct fm_buf;
struct fm_err;

/* Does a string begin at `s`? *prefix: bytes before the quote ("r", "U"). */
bool fm_pylit_is_string(const char *s, size_t *prefix);

/*
 * Appends what the string at `s` says, in UTF-8. Returns the byte after it,
 * or NULL, with *bad where the error is.
 */
const char *fm_pylit_string(
    const char *s, struct fm_buf *b, const char **bad, struct fm_err *err);

/* The number at `s` as a new reference. Returns the byte after it, or NULL. */
const char *fm_pylit_number(const char *s, json_t **v, struct fm_err *err);

#endif
