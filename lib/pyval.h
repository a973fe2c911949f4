/*
 * `@` values: Python literals and a little arithmetic over the arguments,
 * read once by fm-driver for all backends and never evaluated by a language.
 *
 * Grammar: numbers, strings (Python's quotes and escapes), True False None,
 * [..] (..) {..: ..}, + - * / // % ** and unary - and +, parentheses,
 * indexing x[i], args.NAME, max min len sum (of one list or of several
 * values), torch.NAME (dotted, an opaque word).
 *
 * A value is a json_t. What JSON has no word for is tagged:
 *   {"@tuple":[1,2]}  {"@torch":"bfloat16"}  {"@dict":[[k,v],...]} (a dict
 *   whose keys are not all strings, or begin with '@')  {"@float":"inf"}
 * Integers have 64 bits; what does not fit is an error.
 */
#ifndef FM_PYVAL_H
#define FM_PYVAL_H

#include <jansson.h>

struct fm_buf;
struct fm_err;

/*
 * Reads `text`. `args` is an object of the names that args.NAME can have, or
 * NULL. The message of an error points at the place in the text. New
 * reference.
 */
json_t *fm_pyval_parse(
    const char *text, const json_t *args, struct fm_err *err);

/* The content of {tag: content}, as fm_pyval_tagged(v, "@tuple"), or NULL. */
json_t *fm_pyval_tagged(const json_t *v, const char *tag);

/*
 * Appends Python's repr() of a value: True, [1, 8], 'a', torch.bfloat16.
 * Characters that Unicode has not assigned are not escaped.
 */
void fm_pyval_put_repr(struct fm_buf *b, const json_t *v);

/* Appends Python's str(): as repr, but a string as it is. */
void fm_pyval_put_str(struct fm_buf *b, const json_t *v);

#endif
