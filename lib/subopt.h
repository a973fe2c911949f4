/*
 * Dynamic sub-options of fmwork's drivers, `--set:key:sub@ value`: quoting
 * rules of the key, nesting, `@` values. Knows no backend.
 *
 * The key is split at colons. '..' and ".." keep what they hold, a backslash
 * keeps the next character, empty parts vanish. A final '@' makes the value a
 * Python literal (pyval.h); else it is a string.
 */
#ifndef FM_SUBOPT_H
#define FM_SUBOPT_H

#include <jansson.h>
#include <stdbool.h>

struct fm_err;

/*
 * Is it one: "--" and, outside quotes, a colon or a final '@'? A '=' before
 * that makes it an ordinary option (--name=a:b).
 */
bool fm_subopt_is(const char *word);

/*
 * Adds one pair to `subs` (an object of sets). `key` is the word with its
 * "--"; a NULL `value` is an error. Later pairs overwrite earlier ones; a
 * value below a value that is not a set is an error. A set's name alone
 * makes an empty set. `args` as for fm_pyval_parse().
 */
int fm_subopt_add(json_t *subs, const char *key, const char *value,
    const json_t *args, struct fm_err *err);

/*
 * Checks that every set of `subs` is one of `known` or of `ignored` (both
 * NULL-terminated, ignored may be NULL); the message lists what exists.
 */
int fm_subopt_check(const json_t *subs, const char *const *known,
    const char *const *ignored, struct fm_err *err);

#endif
