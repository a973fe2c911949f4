/*
 * The core schema's regular expressions, as functions over bytes.
 */
#include "yaml_scalar.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "num.h"

static bool
is_one_of(const char *s, size_t n, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == n && memcmp(s, *words, n) == 0)
			return true;
	return false;
}

static size_t
skip_digits(const char *s, size_t i, size_t n)
{
	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

static size_t
skip_sign(const char *s, size_t i, size_t n)
{
	return i < n && (s[i] == '-' || s[i] == '+') ? i + 1 : i;
}

static bool
is_int(const char *s, size_t n)
{
	size_t i = skip_sign(s, 0, n);

	return i < n && skip_digits(s, i, n) == n;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool
is_float(const char *s, size_t n)
{
	size_t start = skip_sign(s, 0, n), i = skip_digits(s, start, n), j;
	size_t seen = i - start;

	if (i < n && s[i] == '.') {
		j = skip_digits(s, i + 1, n);
		seen += j - i - 1;
		i = j;
	}
	if (seen && i < n && (s[i] == 'e' || s[i] == 'E')) {
		j = skip_sign(s, i + 1, n);
		i = skip_digits(s, j, n);
		seen = i - j;
	}
	return seen && i == n;
}

/* 0x1F, 0o17: false when the digits are not of the base. */
static bool
is_based(const char *s, size_t n, const char **set)
{
	size_t i;

	if (n < 3 || s[0] != '0' || (s[1] != 'x' && s[1] != 'o'))
		return false;
	*set = s[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
	for (i = 2; i < n; i++)
		if (!s[i] || !strchr(*set, s[i]))
			return false;
	return true;
}

static bool
get_based(const char *s, size_t n, const char *set, int64_t *v)
{
	int64_t base = s[1] == 'x' ? 16 : 8, d;
	size_t i;

	for (*v = 0, i = 2; i < n; i++) {
		d = strchr(set, s[i]) - set;
		if (d > 15)
			d -= 6;
		if (__builtin_mul_overflow(*v, base, v) ||
		    __builtin_add_overflow(*v, d, v))
			return false;
	}
	return true;
}

static json_t *
integer(const char *s, size_t n, const char *set, const char **why)
{
	int64_t i = 0;

	if (set ? get_based(s, n, set, &i) : fm_num_get_int(s, n, &i))
		return json_integer(i);
	*why = "is too large for a whole number; quote it if it is a text";
	return NULL;
}

json_t *
fm_yaml_scalar(const char *s, size_t n, const char **why)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
		NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };
	static const char *const odd[] = { ".inf", ".Inf", ".INF", "+.inf",
		"+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN",
		".NAN", NULL };
	const char *set;
	double d;

	if (is_one_of(s, n, nulls))
		return json_null();
	if (is_one_of(s, n, trues))
		return json_true();
	if (is_one_of(s, n, falses))
		return json_false();
	if (is_one_of(s, n, odd)) {
		*why = "is not a number that can be used; quote it if it is a "
		       "text";
		return NULL;
	}
	if (is_int(s, n))
		return integer(s, n, NULL, why);
	if (is_based(s, n, &set))
		return integer(s, n, set, why);
	if (!is_float(s, n))
		return json_stringn(s, n);
	if (!fm_num_get_double(s, n, &d)) {
		*why = "is too large or too long for a number; quote it if it "
		       "is a text";
		return NULL;
	}
	return json_real(d);
}
