/*
 * Units are rewritten to plain numbers before lib/expr sees the text.
 */
#include "rule.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "num.h"

static const struct {
	const char *unit;
	double factor; /* to milliseconds, or of a whole */
} units[] = {
	{ "ns", 1e-6 },
	{ "us", 1e-3 },
	{ "ms", 1 },
	{ "s", 1e3 },
	{ "%", 0.01 },
};

static bool
word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* Is the % at `s` a remainder? Then a value follows. */
static bool
is_remainder(const char *s)
{
	do
		s++;
	while (isspace((unsigned char)*s));
	return word_char(*s) || *s == '(' || *s == '-' || *s == '"';
}

/* The factor of the unit at *s, which is skipped; 0 = there is none. */
static double
take_unit(const char **s)
{
	size_t i;

	for (i = 0; i < sizeof units / sizeof *units; i++) {
		size_t n = strlen(units[i].unit);

		if (strncmp(*s, units[i].unit, n) != 0)
			continue;
		if (**s == '%' ? is_remainder(*s) : word_char((*s)[n]))
			continue;
		*s += n;
		return units[i].factor;
	}
	return 0;
}

/* Digits, point and exponent; an 'e' needs digits behind it. */
static size_t
number_length(const char *s)
{
	size_t n = strspn(s, "0123456789."), e = n;

	if (s[e] != 'e' && s[e] != 'E')
		return n;
	e++;
	if (s[e] == '+' || s[e] == '-')
		e++;
	return isdigit((unsigned char)s[e]) ? e + strspn(s + e, "0123456789")
					    : n;
}

static void
put_number(struct fm_buf *b, const char **s)
{
	const char *at = *s;
	size_t n = number_length(at);
	double v, factor;

	*s += n;
	factor = take_unit(s);
	if (factor > 0 && fm_num_get_double(at, n, &v))
		fm_num_put_repr(b, v * factor);
	else
		fm_buf_put(b, at, (size_t)(*s - at));
}

/* Names and texts go as they are. */
static void
put_word(struct fm_buf *b, const char **s)
{
	const char *at = *s;
	char quote = *at;

	if (quote == '"' || quote == '\'')
		for (at++; *at && *at != quote; at++)
			at += *at == '\\' && at[1];
	else if (word_char(*at))
		while (word_char(at[1]))
			at++;
	at += *at != '\0';
	fm_buf_put(b, *s, (size_t)(at - *s));
	*s = at;
}

static void
plain(struct fm_buf *b, const char *s)
{
	while (*s)
		if (isdigit((unsigned char)*s) || *s == '.')
			put_number(b, &s);
		else
			put_word(b, &s);
}

static int
check_names(const struct fm_expr *e, const char *text, const char *option,
    const char *const names[], struct fm_err *err)
{
	struct fm_buf all = FM_BUF_INIT;
	size_t i, k;
	int rc = 0;

	for (k = 0; names[k]; k++)
		fm_buf_printf(&all, "%s%s", k ? ", " : "", names[k]);
	for (i = 0; i < e->names.n && rc == 0; i++) {
		for (k = 0; names[k]; k++)
			if (strcmp(names[k], e->names.v[i]) == 0)
				break;
		if (!names[k])
			rc = fm_err_set(err, FM_USAGE,
			    "%s '%s': '%s' is not known: there are %s", option,
			    text, e->names.v[i], all.s);
	}
	fm_buf_release(&all);
	return rc;
}

int
rule_parse(struct fm_expr *e, const char *text, const char *option,
    const char *const names[], struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	int rc;

	*e = (struct fm_expr)FM_EXPR_INIT;
	plain(&b, text);
	rc = fm_expr_parse(e, b.s, err);
	fm_buf_release(&b);
	if (rc != 0)
		return fm_err_wrap(err, "%s", option);
	return check_names(e, text, option, names, err);
}

bool
rule_names(const struct fm_expr *e, const char *name)
{
	return fm_strs_find(&e->names, name) >= 0;
}

void
rule_set(struct fm_expr_value *v, double num)
{
	v->type = isnan(num) ? FM_EXPR_NULL : FM_EXPR_NUM;
	v->num = num;
}
