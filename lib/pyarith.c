/*
 * Arithmetic as Python does it: a bool counts as 0 or 1, / makes floats, //
 * and % round down, an int that meets a float becomes one. Unlike Python's,
 * ints have 64 bits, and what does not fit is an error rather than a wrong
 * number. Knows values; knows neither text nor grammar.
 */
#include "pyarith.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "err.h"
#include "num.h"
#include "pyval.h"

struct num {
	bool real;
	int64_t i; /* when not real */
	double d;  /* always */
};

static const char *const op_text[] = {
	[FM_PYOP_ADD] = "+",
	[FM_PYOP_SUB] = "-",
	[FM_PYOP_MUL] = "*",
	[FM_PYOP_DIV] = "/",
	[FM_PYOP_FLOOR] = "//",
	[FM_PYOP_MOD] = "%",
	[FM_PYOP_POW] = "**",
};

json_t *
fm_pyarith_real(double d)
{
	if (isfinite(d))
		return json_real(d);
	return json_pack("{s:s}", "@float",
	    isnan(d)  ? "nan"
	    : d > 0.0 ? "inf"
		      : "-inf");
}

static bool
get_num(const json_t *v, struct num *n)
{
	const json_t *f = fm_pyval_tagged(v, "@float");

	n->real = json_is_real(v) || f;
	n->i = json_is_integer(v) ? json_integer_value(v) : json_is_true(v);
	if (f) {
		const char *s = json_string_value(f);

		n->d = strcmp(s, "nan") == 0 ? (double)NAN
		       : s[0] == '-'         ? -HUGE_VAL
					     : HUGE_VAL;
	} else
		n->d = json_is_real(v) ? json_real_value(v) : (double)n->i;
	return n->real || json_is_integer(v) || json_is_boolean(v);
}

const char *
fm_pyarith_type(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float";
	case JSON_STRING:
		return "str";
	case JSON_ARRAY:
		return "list";
	case JSON_TRUE:
	case JSON_FALSE:
		return "bool";
	case JSON_NULL:
		return "None";
	case JSON_OBJECT:
		break;
	}
	if (fm_pyval_tagged(v, "@tuple"))
		return "tuple";
	if (fm_pyval_tagged(v, "@torch"))
		return "torch name";
	return fm_pyval_tagged(v, "@float") ? "float" : "dict";
}

static json_t *
fail(struct fm_err *err, const char *text)
{
	(void)fm_err_set(err, FM_USAGE, "%s", text);
	return NULL;
}

static json_t *
too_large(struct fm_err *err)
{
	return fail(err, "the result does not fit a 64-bit integer");
}

/*
 * Rounds the quotient down as Python does: from the remainder, since the
 * quotient itself may already be rounded up to a whole number.
 */
static void
floor_div(double a, double b, double *quot, double *rem)
{
	double m = fmod(a, b), q = (a - m) / b, f;

	if (m == 0.0)
		m = copysign(0.0, b);
	else if ((b < 0.0) != (m < 0.0)) {
		m += b;
		q -= 1.0;
	}
	if (q == 0.0)
		f = copysign(0.0, a / b);
	else {
		f = floor(q);
		if (q - f > 0.5)
			f += 1.0;
	}
	*quot = f;
	*rem = m;
}

static json_t *
real_pow(double a, double b, struct fm_err *err)
{
	double r = pow(a, b);

	if (a == 0.0 && b < 0.0)
		return fail(err, "0 cannot be raised to a negative power");
	if (isnan(r) && !isnan(a) && !isnan(b))
		return fail(err, "the result is a complex number");
	if (isinf(r) && isfinite(a) && isfinite(b))
		return fail(err, "the result is too large");
	return fm_pyarith_real(r);
}

static json_t *
real_op(enum fm_pyop op, double a, double b, struct fm_err *err)
{
	double quot, rem;

	switch (op) {
	case FM_PYOP_ADD:
		return fm_pyarith_real(a + b);
	case FM_PYOP_SUB:
		return fm_pyarith_real(a - b);
	case FM_PYOP_MUL:
		return fm_pyarith_real(a * b);
	case FM_PYOP_POW:
		return real_pow(a, b, err);
	case FM_PYOP_DIV:
	case FM_PYOP_FLOOR:
	case FM_PYOP_MOD:
		break;
	}
	if (b == 0.0)
		return fail(err, "division by zero");
	if (op == FM_PYOP_DIV)
		return fm_pyarith_real(a / b);
	floor_div(a, b, &quot, &rem);
	return fm_pyarith_real(op == FM_PYOP_FLOOR ? quot : rem);
}

/* a ** b by squaring, b >= 0; false when it does not fit. */
static bool
int_pow(int64_t a, int64_t b, int64_t *r)
{
	*r = 1;
	while (b) {
		if (b & 1 && __builtin_mul_overflow(*r, a, r))
			return false;
		b >>= 1;
		if (b && __builtin_mul_overflow(a, a, &a))
			return false;
	}
	return true;
}

/* -1 is apart because INT64_MIN / -1 traps. */
static bool
int_floor_div(int64_t a, int64_t b, int64_t *quot, int64_t *rem)
{
	*rem = 0;
	if (b == -1)
		return !__builtin_sub_overflow((int64_t)0, a, quot);
	*quot = a / b;
	*rem = a % b;
	if (*rem && (*rem < 0) != (b < 0)) {
		*rem += b;
		--*quot;
	}
	return true;
}

/*
 * Python rounds a quotient of ints once. A double holds ints up to 2**53;
 * larger ones go through the wider type.
 */
static json_t *
int_div(int64_t a, int64_t b, struct fm_err *err)
{
	const int64_t exact = INT64_C(1) << 53;

	if (b == 0 || (a <= exact && a >= -exact && b <= exact && b >= -exact))
		return real_op(FM_PYOP_DIV, (double)a, (double)b, err);
	return fm_pyarith_real((double)((long double)a / (long double)b));
}

static json_t *
int_op(enum fm_pyop op, int64_t a, int64_t b, struct fm_err *err)
{
	int64_t r = 0, rem = 0;
	bool fits = true;

	switch (op) {
	case FM_PYOP_ADD:
		fits = !__builtin_add_overflow(a, b, &r);
		break;
	case FM_PYOP_SUB:
		fits = !__builtin_sub_overflow(a, b, &r);
		break;
	case FM_PYOP_MUL:
		fits = !__builtin_mul_overflow(a, b, &r);
		break;
	case FM_PYOP_POW:
		if (b < 0)
			return real_op(op, (double)a, (double)b, err);
		fits = int_pow(a, b, &r);
		break;
	case FM_PYOP_DIV:
		return int_div(a, b, err);
	case FM_PYOP_FLOOR:
	case FM_PYOP_MOD:
		if (b == 0)
			return fail(err, "division by zero");
		fits = int_floor_div(a, b, &r, &rem) || op == FM_PYOP_MOD;
		r = op == FM_PYOP_MOD ? rem : r;
		break;
	}
	return fits ? json_integer(r) : too_large(err);
}

static json_t *
concat_strings(const json_t *a, const json_t *b)
{
	struct fm_buf t = FM_BUF_INIT;
	json_t *r;

	fm_buf_put(&t, json_string_value(a), json_string_length(a));
	fm_buf_put(&t, json_string_value(b), json_string_length(b));
	r = json_stringn(t.s, t.len);
	fm_buf_release(&t);
	return r;
}

static json_t *
concat_lists(const json_t *a, const json_t *b)
{
	json_t *r = json_deep_copy(a), *copy = json_deep_copy(b);

	(void)json_array_extend(r, copy);
	json_decref(copy);
	return r;
}

/* str + str, list + list, tuple + tuple; NULL when it is none of them. */
static json_t *
concat(const json_t *a, const json_t *b)
{
	const json_t *ta = fm_pyval_tagged(a, "@tuple");
	const json_t *tb = fm_pyval_tagged(b, "@tuple");

	if (json_is_string(a) && json_is_string(b))
		return concat_strings(a, b);
	if (json_is_array(a) && json_is_array(b))
		return concat_lists(a, b);
	if (ta && tb)
		return json_pack("{s:o}", "@tuple", concat_lists(ta, tb));
	return NULL;
}

json_t *
fm_pyarith_binary(
    enum fm_pyop op, const json_t *a, const json_t *b, struct fm_err *err)
{
	json_t *r = op == FM_PYOP_ADD ? concat(a, b) : NULL;
	struct num x, y;

	if (r)
		return r;
	if (!get_num(a, &x) || !get_num(b, &y)) {
		(void)fm_err_set(err, FM_USAGE, "%s %s %s is not possible",
		    fm_pyarith_type(a), op_text[op], fm_pyarith_type(b));
		return NULL;
	}
	if (x.real || y.real)
		return real_op(op, x.d, y.d, err);
	return int_op(op, x.i, y.i, err);
}

static json_t *
unary(const json_t *v, int sign, struct fm_err *err)
{
	struct num x;
	int64_t r;

	if (!get_num(v, &x)) {
		(void)fm_err_set(err, FM_USAGE, "%c %s is not possible",
		    sign < 0 ? '-' : '+', fm_pyarith_type(v));
		return NULL;
	}
	if (x.real)
		return fm_pyarith_real(sign < 0 ? -x.d : x.d);
	if (__builtin_mul_overflow(x.i, (int64_t)sign, &r))
		return too_large(err);
	return json_integer(r);
}

json_t *
fm_pyarith_negate(const json_t *v, struct fm_err *err)
{
	return unary(v, -1, err);
}

json_t *
fm_pyarith_plus(const json_t *v, struct fm_err *err)
{
	return unary(v, 1, err);
}

/* The elements of a list or tuple, or NULL. */
static const json_t *
elements(const json_t *v)
{
	return json_is_array(v) ? v : fm_pyval_tagged(v, "@tuple");
}

json_t *
fm_pyarith_index(const json_t *v, const json_t *i, struct fm_err *err)
{
	const json_t *list = elements(v);
	int64_t n = (int64_t)json_array_size(list), at;
	struct num x;

	if (!list || !get_num(i, &x) || x.real) {
		(void)fm_err_set(err, FM_USAGE,
		    "only a list or a tuple can be indexed, with an int; "
		    "this is %s[%s]",
		    fm_pyarith_type(v), fm_pyarith_type(i));
		return NULL;
	}
	at = x.i < 0 ? x.i + n : x.i;
	if (at < 0 || at >= n) {
		(void)fm_err_set(err, FM_USAGE,
		    "index %lld is outside of a list of %lld", (long long)x.i,
		    (long long)n);
		return NULL;
	}
	return json_deep_copy(json_array_get(list, (size_t)at));
}

/* Puts a < b, as Python orders numbers and strings; false if it does not. */
static bool
less(const json_t *a, const json_t *b, bool *is)
{
	struct num x, y;

	if (json_is_string(a) && json_is_string(b)) {
		*is = strcmp(json_string_value(a), json_string_value(b)) < 0;
		return true;
	}
	if (!get_num(a, &x) || !get_num(b, &y))
		return false;
	*is = x.real || y.real ? x.d < y.d : x.i < y.i;
	return true;
}

static json_t *
extreme(const char *name, const json_t *list, struct fm_err *err)
{
	bool want_less = strcmp(name, "min") == 0, is;
	const json_t *best = json_array_get(list, 0), *v;
	size_t i;

	if (!best) {
		(void)fm_err_set(err, FM_USAGE, "%s of nothing", name);
		return NULL;
	}
	for (i = 1; i < json_array_size(list); i++) {
		v = json_array_get(list, i);
		if (!less(want_less ? v : best, want_less ? best : v, &is)) {
			(void)fm_err_set(err, FM_USAGE,
			    "%s cannot compare %s with %s", name,
			    fm_pyarith_type(best), fm_pyarith_type(v));
			return NULL;
		}
		if (is)
			best = v;
	}
	return json_deep_copy(best);
}

static json_t *
sum(const json_t *list, struct fm_err *err)
{
	json_t *total = json_integer(0), *next;
	size_t i;

	for (i = 0; total && i < json_array_size(list); i++) {
		next = fm_pyarith_binary(
		    FM_PYOP_ADD, total, json_array_get(list, i), err);
		json_decref(total);
		total = next;
	}
	return total;
}

/* In elements, members, or characters (bytes that do not continue one). */
static json_t *
length(const json_t *v, struct fm_err *err)
{
	const json_t *dict = fm_pyval_tagged(v, "@dict"), *list = elements(v);
	size_t i, n = 0;

	if (list || dict)
		return json_integer(
		    (json_int_t)json_array_size(list ? list : dict));
	if (json_is_string(v)) {
		for (i = 0; i < json_string_length(v); i++)
			n += (json_string_value(v)[i] & 0xc0) != 0x80;
		return json_integer((json_int_t)n);
	}
	if (strcmp(fm_pyarith_type(v), "dict") == 0)
		return json_integer((json_int_t)json_object_size(v));
	(void)fm_err_set(err, FM_USAGE, "%s has no len()", fm_pyarith_type(v));
	return NULL;
}

json_t *
fm_pyarith_call(const char *name, const json_t *values, struct fm_err *err)
{
	const json_t *first = json_array_get(values, 0);
	const json_t *list = values;

	if (json_array_size(values) == 1) {
		if (strcmp(name, "len") == 0)
			return length(first, err);
		list = elements(first);
	} else if (!first || strcmp(name, "len") == 0)
		list = NULL;
	if (!list) {
		(void)fm_err_set(err, FM_USAGE, "%s() takes %s", name,
		    strcmp(name, "len") == 0 ? "one value"
					     : "a list or several values");
		return NULL;
	}
	return strcmp(name, "sum") == 0 ? sum(list, err)
					: extreme(name, list, err);
}

bool
fm_pyarith_can_be_key(const json_t *v)
{
	const json_t *in = fm_pyval_tagged(v, "@tuple");
	size_t i;

	for (i = 0; i < json_array_size(in); i++)
		if (!fm_pyarith_can_be_key(json_array_get(in, i)))
			return false;
	return !json_is_array(v) && strcmp(fm_pyarith_type(v), "dict") != 0;
}

/* Text that is the same for keys that Python holds for equal: 1, 1.0, True. */
static void
put_identity(struct fm_buf *b, const json_t *key)
{
	double d = json_real_value(key);

	if (json_is_boolean(key))
		fm_num_put_int(b, json_is_true(key));
	else if (json_is_real(key) && d > -9e15 && d < 9e15 &&
		 d == (double)(int64_t)d)
		fm_num_put_int(b, (int64_t)d);
	else
		fm_pyval_put_repr(b, key);
}

void
fm_pyarith_add_pair(json_t *pairs, json_t *seen, json_t *key, json_t *value)
{
	struct fm_buf id = FM_BUF_INIT;
	json_t *old;

	put_identity(&id, key);
	old = json_object_get(seen, id.s);
	if (old)
		(void)json_array_set_new(old, 1, value);
	else {
		old = json_pack("[OO]", key, value);
		json_decref(value);
		(void)json_array_append(pairs, old);
		(void)json_object_set_new(seen, id.s, old);
	}
	json_decref(key);
	fm_buf_release(&id);
}

json_t *
fm_pyarith_dict(const json_t *pairs)
{
	json_t *dict = json_object();
	size_t i;

	for (i = 0; i < json_array_size(pairs); i++) {
		const json_t *pr = json_array_get(pairs, i);
		const json_t *key = json_array_get(pr, 0);
		const char *s = json_string_value(key);

		if (!s || *s == '@' || strlen(s) != json_string_length(key)) {
			json_decref(dict);
			return json_pack("{s:O}", "@dict", pairs);
		}
		(void)json_object_set(dict, s, json_array_get(pr, 1));
	}
	return dict;
}
