/*
 * The grammar of `@` values: one recursive descent that computes while it
 * reads. It knows the names in `names` and nothing else, so there is nothing
 * that a value could reach; its depth and its integers are bounded.
 */
#include "pyval.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "pyarith.h"
#include "pylit.h"

#define DEPTH 100      /* of nesting, signs and powers together */
#define SHOWN_BYTES 60 /* of the text in a message */
#define NAMES "args, max, min, len, sum, torch, True, False, None"

struct parser {
	const char *text; /* without white space at both ends */
	const char *at;
	const json_t *args;
	struct fm_err *err;
	int depth;
	int brackets; /* open ones: a line may end inside */
};

static json_t *expression(struct parser *p);

/* Characters before `at`, from 1. */
static int
column(const struct parser *p, const char *at)
{
	const char *s;
	int n = 1;

	for (s = p->text; s < at; s++)
		n += ((unsigned char)s[1] & 0xc0) != 0x80;
	return n;
}

/* `more` follows the place. */
static json_t *
fail_more(struct parser *p, const char *at, const char *what, const char *more)
{
	size_t shown = strlen(p->text);
	const char *cut = "";

	if (shown > SHOWN_BYTES) {
		cut = "...";
		shown = SHOWN_BYTES;
		while ((p->text[shown] & 0xc0) == 0x80)
			shown--;
	}
	(void)fm_err_set(p->err, FM_USAGE,
	    "'@' value '%.*s%s': %s at column %d%s", (int)shown, p->text, cut,
	    what, column(p, at), more);
	return NULL;
}

static json_t *
fail(struct parser *p, const char *at, const char *what)
{
	return fail_more(p, at, what, "");
}

/* `v`, or NULL and the message of `why` with its place. */
static json_t *
check(struct parser *p, const char *at, json_t *v, const struct fm_err *why)
{
	return v ? v : fail(p, at, why->text);
}

/* The next character that is not white space. */
static char
peek(struct parser *p)
{
	p->at += strspn(p->at, p->brackets ? " \t\f\r\n" : " \t\f");
	return *p->at;
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static json_t *
fail_unexpected(struct parser *p, const char *wanted)
{
	struct fm_buf what = FM_BUF_INIT;
	size_t n = 1;

	(void)peek(p);
	if (*p->at == '\0')
		fm_buf_printf(&what, "%s is missing", wanted);
	else {
		while ((p->at[n] & 0xc0) == 0x80 ||
		       (is_word(*p->at) && is_word(p->at[n])))
			n++;
		fm_buf_printf(&what, "'%.*s' found instead of %s",
		    (int)(n < 40 ? n : 40), p->at, wanted);
	}
	(void)fail(p, p->at, what.s);
	fm_buf_release(&what);
	return NULL;
}

static bool
expect(struct parser *p, char c)
{
	char wanted[] = { '\'', c, '\'', '\0' };

	if (peek(p) == c) {
		p->at++;
		return true;
	}
	(void)fail_unexpected(p, wanted);
	return false;
}

/* The word at the cursor, which moves behind it; "" when there is none. */
static char *
word(struct parser *p)
{
	const char *start = (peek(p), p->at);

	if (isdigit((unsigned char)*start))
		return fm_strdup("");
	while (is_word(*p->at))
		p->at++;
	return fm_strndup(start, (size_t)(p->at - start));
}

static json_t *
number(struct parser *p)
{
	struct fm_err why = FM_ERR_INIT;
	json_t *v = NULL;
	const char *next = fm_pylit_number(p->at, &v, &why);

	if (!next)
		return fail(p, p->at, why.text);
	p->at = next;
	return v;
}

/* --- strings, lists, dicts --------------------------------------------- */

/* One literal or several in a row, which are one string. */
static json_t *
string(struct parser *p)
{
	struct fm_err why = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	json_t *v = NULL;
	const char *bad, *next;
	size_t prefix;

	do {
		next = fm_pylit_string(p->at, &b, &bad, &why);
		if (!next) {
			(void)fail(p, bad, why.text);
			goto out;
		}
		p->at = next;
		(void)peek(p);
	} while (fm_pylit_is_string(p->at, &prefix));
	v = json_stringn(b.s, b.len);
out:
	fm_buf_release(&b);
	return v;
}

/*
 * Values up to `close`, which is left; *comma tells (1,) from (1). Trailing
 * commas are part of the grammar everywhere.
 */
static json_t *
items(struct parser *p, char close, bool *comma)
{
	json_t *list = json_array(), *v;

	*comma = false;
	while (peek(p) != close || close == '\0') {
		v = expression(p);
		if (!v) {
			json_decref(list);
			return NULL;
		}
		(void)json_array_append_new(list, v);
		if (peek(p) != ',')
			break;
		p->at++;
		*comma = true;
		if (peek(p) == '\0')
			break;
	}
	return list;
}

static json_t *
bracketed(struct parser *p, char close, bool *comma)
{
	json_t *list;

	p->at++;
	p->brackets++;
	list = items(p, close, comma);
	if (list && !expect(p, close)) {
		json_decref(list);
		list = NULL;
	}
	p->brackets--;
	return list;
}

/* (1) is 1; (1,) and () are tuples. Takes the list. */
static json_t *
tuple_or_value(json_t *list, bool comma)
{
	json_t *v;

	if (!list || comma || json_array_size(list) != 1)
		return list ? json_pack("{s:o}", "@tuple", list) : NULL;
	v = json_incref(json_array_get(list, 0));
	json_decref(list);
	return v;
}

static bool
pair(struct parser *p, json_t *pairs, json_t *seen)
{
	const char *start = (peek(p), p->at);
	json_t *key = expression(p), *value = NULL;

	if (key && !fm_pyarith_can_be_key(key))
		(void)fail(p, start, "a list or a dict cannot be a key");
	else if (key && expect(p, ':'))
		value = expression(p);
	if (!value) {
		json_decref(key);
		return false;
	}
	fm_pyarith_add_pair(pairs, seen, key, value);
	return true;
}

static json_t *
dict(struct parser *p)
{
	json_t *pairs = json_array(), *seen = json_object(), *v = NULL;

	p->at++;
	p->brackets++;
	while (peek(p) != '}' && pair(p, pairs, seen) && peek(p) == ',')
		p->at++;
	if (p->err->code == FM_OK && expect(p, '}'))
		v = fm_pyarith_dict(pairs);
	p->brackets--;
	json_decref(pairs);
	json_decref(seen);
	return v;
}

/* --- names ------------------------------------------------------------- */

static json_t *
argument(struct parser *p, const char *start)
{
	struct fm_buf more = FM_BUF_INIT;
	const char *sep = " (known: ", *key;
	json_t *v, *any;
	char *name;

	if (peek(p) != '.')
		return fail(p, start, "args needs a name (args.NAME)");
	p->at++;
	name = word(p);
	v = json_object_get(p->args, name);
	if (!v) {
		json_object_foreach ((json_t *)(uintptr_t)p->args, key, any) {
			fm_buf_printf(&more, "%s%s", sep, key);
			sep = ", ";
		}
		fm_buf_puts(&more, more.len ? ")" : "");
		(void)fail_more(p, start, "unknown argument", more.s);
		fm_buf_release(&more);
	}
	free(name);
	return v ? json_deep_copy(v) : NULL;
}

static json_t *
torch_name(struct parser *p, const char *start)
{
	struct fm_buf b = FM_BUF_INIT;
	json_t *v = NULL;
	char *name;

	while (peek(p) == '.') {
		p->at++;
		name = word(p);
		fm_buf_printf(&b, "%s%s", b.len ? "." : "", name);
		if (!*name)
			fm_buf_clear(&b);
		free(name);
		if (!b.len)
			break;
	}
	if (b.len)
		v = json_pack("{s:s}", "@torch", b.s);
	else
		(void)fail(p, start, "torch needs a name (torch.NAME)");
	fm_buf_release(&b);
	return v;
}

static json_t *
call(struct parser *p, const char *name, const char *start)
{
	struct fm_err why = FM_ERR_INIT;
	json_t *values, *v;
	bool comma;

	if (peek(p) != '(')
		return fail_unexpected(p, "'('");
	values = bracketed(p, ')', &comma);
	if (!values)
		return NULL;
	v = fm_pyarith_call(name, values, &why);
	json_decref(values);
	return check(p, start, v, &why);
}

static json_t *
constant(const char *name)
{
	if (strcmp(name, "True") == 0)
		return json_true();
	if (strcmp(name, "False") == 0)
		return json_false();
	return strcmp(name, "None") == 0 ? json_null() : NULL;
}

static bool
is_function(const char *name)
{
	return strcmp(name, "max") == 0 || strcmp(name, "min") == 0 ||
	       strcmp(name, "len") == 0 || strcmp(name, "sum") == 0;
}

static json_t *
named(struct parser *p)
{
	const char *start = p->at;
	char *name = word(p), *what;
	json_t *v = constant(name);

	if (v)
		goto out;
	if (strcmp(name, "args") == 0)
		v = argument(p, start);
	else if (strcmp(name, "torch") == 0)
		v = torch_name(p, start);
	else if (is_function(name))
		v = call(p, name, start);
	else {
		what = fm_strdupf("unknown name '%.40s'", name);
		(void)fail_more(p, start, what, " (known: " NAMES ")");
		free(what);
	}
out:
	free(name);
	return v;
}

/* --- expressions ------------------------------------------------------- */

static json_t *
atom(struct parser *p)
{
	char c = peek(p);
	size_t prefix;
	bool comma;

	if (isdigit((unsigned char)c) || c == '.')
		return number(p);
	if (fm_pylit_is_string(p->at, &prefix))
		return string(p);
	if (is_word(c))
		return named(p);
	if (c == '[')
		return bracketed(p, ']', &comma);
	if (c == '(') {
		json_t *list = bracketed(p, ')', &comma);

		return tuple_or_value(list, comma);
	}
	return c == '{' ? dict(p) : fail_unexpected(p, "a value");
}

/* x[i][j] */
static json_t *
indexed(struct parser *p)
{
	json_t *v = atom(p), *i, *old;

	while (v && peek(p) == '[') {
		struct fm_err why = FM_ERR_INIT;
		const char *start = p->at++;

		p->brackets++;
		i = expression(p);
		old = v;
		v = NULL;
		if (i && expect(p, ']'))
			v = check(
			    p, start, fm_pyarith_index(old, i, &why), &why);
		p->brackets--;
		json_decref(i);
		json_decref(old);
	}
	return v;
}

/* The operator's result at `start`. Takes both operands; either can be NULL. */
static json_t *
binary(
    struct parser *p, const char *start, enum fm_pyop op, json_t *a, json_t *b)
{
	struct fm_err why = FM_ERR_INIT;
	json_t *v = NULL;

	if (a && b)
		v = check(p, start, fm_pyarith_binary(op, a, b, &why), &why);
	json_decref(a);
	json_decref(b);
	return v;
}

static json_t *signed_value(struct parser *p);

/* ** binds tighter than a sign on its left, less tight than one on its right */
static json_t *
power(struct parser *p)
{
	json_t *v = indexed(p);
	const char *start;

	if (!v || peek(p) != '*' || p->at[1] != '*')
		return v;
	start = p->at;
	p->at += 2;
	return binary(p, start, FM_PYOP_POW, v, signed_value(p));
}

/*
 * The one integer that fits only together with its sign; the bytes it takes,
 * or 0.
 */
static size_t
smallest_integer(const char *s)
{
	static const char text[] = "9223372036854775808";
	size_t n = sizeof text - 1, after;

	if (strncmp(s, text, n) != 0 || is_word(s[n]) || s[n] == '.')
		return 0;
	after = n + strspn(s + n, " \t\f");
	return strncmp(s + after, "**", 2) == 0 ? 0 : n;
}

static json_t *
signed_value(struct parser *p)
{
	struct fm_err why = FM_ERR_INIT;
	const char *start;
	json_t *v = NULL, *r = NULL;
	char c = peek(p);

	start = p->at;
	if (p->depth >= DEPTH)
		return fail(p, start, "nested too deeply");
	p->depth++;
	if (c != '-' && c != '+') {
		r = power(p);
	} else if ((p->at++, peek(p), c == '-') && smallest_integer(p->at)) {
		p->at += smallest_integer(p->at);
		r = json_integer(INT64_MIN);
	} else if ((v = signed_value(p))) {
		r = c == '-' ? fm_pyarith_negate(v, &why)
			     : fm_pyarith_plus(v, &why);
		r = check(p, start, r, &why);
		json_decref(v);
	}
	p->depth--;
	return r;
}

static json_t *
product(struct parser *p)
{
	json_t *v = signed_value(p);

	while (v) {
		char c = peek(p);
		const char *start = p->at;
		bool floor = c == '/' && p->at[1] == '/';

		if (c != '*' && c != '/' && c != '%')
			break;
		p->at += floor ? 2 : 1;
		v = binary(p, start,
		    c == '*'   ? FM_PYOP_MUL
		    : c == '%' ? FM_PYOP_MOD
		    : floor    ? FM_PYOP_FLOOR
			       : FM_PYOP_DIV,
		    v, signed_value(p));
	}
	return v;
}

static json_t *
expression(struct parser *p)
{
	json_t *v = product(p);

	while (v) {
		char c = peek(p);
		const char *start = p->at;

		if (c != '+' && c != '-')
			break;
		p->at++;
		v = binary(p, start, c == '+' ? FM_PYOP_ADD : FM_PYOP_SUB, v,
		    product(p));
	}
	return v;
}

/* The text without white space at both ends, where Python permits any. */
static char *
trimmed(const char *text)
{
	size_t n;

	text += strspn(text, " \t\f\r\n");
	n = strlen(text);
	while (n && strchr(" \t\f\r\n", text[n - 1]))
		n--;
	return fm_strndup(text, n);
}

json_t *
fm_pyval_parse(const char *text, const json_t *args, struct fm_err *err)
{
	char *copy = trimmed(text);
	struct parser p = { copy, copy, args, err, 0, 0 };
	json_t *v = json_string(copy), *list;
	bool comma;

	if (!v) {
		(void)fm_err_set(
		    err, FM_USAGE, "an '@' value is not valid UTF-8");
		goto out;
	}
	json_decref(v);
	v = NULL;
	list = items(&p, '\0', &comma);
	if (list && peek(&p) != '\0') {
		json_decref(list);
		list = NULL;
		(void)fail_unexpected(&p, "the end");
	}
	v = tuple_or_value(list, comma);
out:
	free(copy);
	return v;
}
