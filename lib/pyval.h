/*
 * `@` values: Python literals and a little arithmetic over the arguments,
 * read once by fm-driver for all backends and never evaluated by a language.
 *
 * Grammar: numbers, strings (Python's quotes and escapes), True False None,
 * [..] (..) {..: ..}, + - * / // % ** and unary -, parentheses, indexing x[i],
 * args.NAME, max min len sum (of one list or of several values), torch.NAME
 * (dotted, an opaque word).
 *
 * A value is a json_t. What JSON has no word for is tagged:
 *   {"@tuple":[1,2]}  {"@torch":"bfloat16"}  {"@dict":[[k,v],...]} (a dict
 *   whose keys are not all strings)  {"@float":"inf"}
 */
#ifndef FM_PYVAL_H
#define FM_PYVAL_H

#include <jansson.h>

struct fm_buf;
struct fm_err;

/*
 * Reads `text`. `args` is an object of the names that args.NAME can have.
 * The message of an error points at the place in the text. New reference.
 */
json_t *fm_pyval_parse(
    const char *text, const json_t *args, struct fm_err *err);

/* Appends Python's repr() of a value: True, [1, 8], 'a', torch.bfloat16. */
void fm_pyval_put_repr(struct fm_buf *b, const json_t *v);

/* Appends Python's str(): as repr, but a string as it is. */
void fm_pyval_put_str(struct fm_buf *b, const json_t *v);

#endif
