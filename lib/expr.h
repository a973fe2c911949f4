/*
 * Conditions over named values: input >= 128 && platform == "cpu". The
 * grammar, from weak to strong:
 *
 *     a || b     a && b     ! a
 *     a == b  a != b  a < b  a <= b  a > b  a >= b  a =~ "regex"
 *     a + b  a - b     a * b  a / b  a % b     - a
 *     123  1.5e3  "text"  'text'  true  false  null  name  name.part  ( a )
 *
 * Regular expressions are POSIX extended ones with at most 8 of * + ? and no {.
 *
 * Values are null, true, false, numbers and texts. Texts compare by bytes.
 * Comparing values of two types, or computing with what is no number, is not
 * an error: == is false, != true, everything else false or null. A number is
 * true when it is not 0, a text when it is not empty.
 */
#ifndef FM_EXPR_H
#define FM_EXPR_H

#include <stdbool.h>
#include <stddef.h>

#include "strs.h"

struct fm_err;

enum fm_expr_type {
	FM_EXPR_NULL,
	FM_EXPR_BOOL,
	FM_EXPR_NUM,
	FM_EXPR_STR
};

struct fm_expr_value {
	enum fm_expr_type type;
	double num;      /* FM_EXPR_NUM; 0 or 1 for FM_EXPR_BOOL */
	const char *str; /* FM_EXPR_STR */
};

struct fm_expr {
	struct fm_strs names;      /* of values, each once: slots */
	struct fm_expr_node *root; /* NULL: always true */
};

#define FM_EXPR_INIT                                                           \
	{                                                                      \
		FM_STRS_INIT, NULL                                             \
	}

/* Reads `text`; what is wrong with it is a usage error with its column. */
int fm_expr_parse(struct fm_expr *e, const char *text, struct fm_err *err);
void fm_expr_release(struct fm_expr *e);

/* Sets *v to the value of names.v[slot]. */
typedef void fm_expr_get(void *ctx, size_t slot, struct fm_expr_value *v);

/* Is it true of these values? Allocates nothing. */
bool fm_expr_true(const struct fm_expr *e, fm_expr_get *get, void *ctx);

#endif
