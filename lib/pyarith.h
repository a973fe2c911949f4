/*
 * Python's operators and four of its functions over the values of pyval.h.
 * Errors say what is wrong without a place: the caller knows that.
 */
#ifndef FM_PYARITH_H
#define FM_PYARITH_H

#include <jansson.h>
#include <stdbool.h>

struct fm_err;

enum fm_pyop {
	FM_PYOP_ADD,
	FM_PYOP_SUB,
	FM_PYOP_MUL,
	FM_PYOP_DIV,   /* always a float */
	FM_PYOP_FLOOR, /* rounds down */
	FM_PYOP_MOD,   /* has the sign of the divisor */
	FM_PYOP_POW
};

/* All return a new reference, or NULL. */
json_t *fm_pyarith_binary(
    enum fm_pyop op, const json_t *a, const json_t *b, struct fm_err *err);
json_t *fm_pyarith_negate(const json_t *v, struct fm_err *err);
json_t *fm_pyarith_plus(const json_t *v, struct fm_err *err);
json_t *fm_pyarith_index(const json_t *v, const json_t *i, struct fm_err *err);

/* A float, tagged when it is not finite. */
json_t *fm_pyarith_real(double d);

/* max, min, len or sum of `values`, an array of arguments. */
json_t *fm_pyarith_call(
    const char *name, const json_t *values, struct fm_err *err);

/* No list or dict, and no tuple with one inside. */
bool fm_pyarith_can_be_key(const json_t *v);

/*
 * Adds to a dict in the making: `pairs` is a list of [key, value], `seen` an
 * object for this function. A later value of an equal key (1, 1.0, True) wins
 * at the place of the first. Takes key and value.
 */
void fm_pyarith_add_pair(
    json_t *pairs, json_t *seen, json_t *key, json_t *value);

/* An object when all keys can be its keys and none looks like a tag. */
json_t *fm_pyarith_dict(const json_t *pairs);

/* Python's name of the type: "int", "list" ... */
const char *fm_pyarith_type(const json_t *v);

#endif
