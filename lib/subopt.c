/*
 * Sub-options. Keys are read as fmwork reads them, quote by quote; where it
 * would end in a traceback, or a name would be taken for one of pyval's tags,
 * there is a message instead.
 */
#include "subopt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "pyval.h"
#include "strs.h"

bool
fm_subopt_is(const char *word)
{
	char quote = '\0';
	const char *s;

	if (strncmp(word, "--", 2) != 0)
		return false;
	for (s = word + 2; *s; s++) {
		if (quote)
			quote = *s == quote ? '\0' : quote;
		else if (*s == '\\' && s[1])
			s++;
		else if (*s == '\'' || *s == '"')
			quote = *s;
		else if (*s == ':')
			return true;
		else if (*s == '=')
			return false;
	}
	return s[-1] == '@';
}

/* fmwork keeps spaces as \1 while it splits, so that \1 comes out as one. */
static void
put_plain(struct fm_buf *b, char c)
{
	fm_buf_putc(b, c == '\1' ? ' ' : c);
}

/*
 * What is between the quotes at `s`; in "..", a backslash keeps '"' and
 * itself. Returns the closing quote or the end of the text.
 */
static const char *
quoted(const char *s, struct fm_buf *part)
{
	char quote = *s++;

	for (; *s && *s != quote; s++) {
		if (quote == '"' && *s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		put_plain(part, *s);
	}
	return s;
}

/*
 * Parts of a key without its "--" and '@'. A part in quotes is one even when
 * there is nothing in them.
 */
static int
split(const char *s, struct fm_strs *parts, const char *key, struct fm_err *err)
{
	struct fm_buf part = FM_BUF_INIT;
	bool seen = false;
	int rc = -1;

	for (; *s; s++) {
		if (*s == ':') {
			if (seen)
				fm_strs_add_take(parts, fm_buf_detach(&part));
			seen = false;
			continue;
		}
		seen = true;
		if (*s == '\'' || *s == '"') {
			s = quoted(s, &part);
			if (!*s) {
				(void)fm_err_set(err, FM_USAGE,
				    "'%s': no closing quote", key);
				goto out;
			}
		} else if (*s != '\\' || *++s) {
			put_plain(&part, *s);
		} else {
			(void)fm_err_set(err, FM_USAGE,
			    "'%s': nothing after the backslash", key);
			goto out;
		}
	}
	if (seen)
		fm_strs_add_take(parts, fm_buf_detach(&part));
	rc = 0;
out:
	fm_buf_release(&part);
	return rc;
}

static int
check_parts(const struct fm_strs *parts, const char *key, struct fm_err *err)
{
	size_t i;

	if (parts->n == 0)
		return fm_err_set(
		    err, FM_USAGE, "'%s' names no set (--set:name value)", key);
	for (i = 0; i < parts->n; i++) {
		json_t *valid = json_string(parts->v[i]);

		json_decref(valid);
		if (!valid)
			return fm_err_set(
			    err, FM_USAGE, "'%s' is not valid UTF-8", key);
		if (*parts->v[i] == '@')
			return fm_err_set(err, FM_USAGE,
			    "'%s': a name cannot begin with '@'", key);
	}
	return 0;
}

/* Can it hold names: an object that is not one of pyval's tags? */
static bool
is_set(const json_t *v)
{
	const char *key;
	json_t *any;

	if (!json_is_object(v))
		return false;
	json_object_foreach ((json_t *)(uintptr_t)v, key, any)
		if (*key == '@')
			return false;
	return true;
}

/* Takes `value`; without a name below the set, it is dropped. */
static int
store(json_t *subs, const struct fm_strs *parts, json_t *value, const char *key,
    struct fm_err *err)
{
	json_t *at = subs, *next;
	size_t i, dirs = parts->n == 1 ? 1 : parts->n - 1;

	for (i = 0; i < dirs; i++, at = next) {
		next = json_object_get(at, parts->v[i]);
		if (!next) {
			next = json_object();
			(void)json_object_set_new(at, parts->v[i], next);
		}
		if (!is_set(next)) {
			json_decref(value);
			return fm_err_set(err, FM_USAGE,
			    "'%s': '%s' already has a value, so nothing can "
			    "be set below it",
			    key, parts->v[i]);
		}
	}
	if (parts->n == 1)
		json_decref(value);
	else
		(void)json_object_set_new(at, parts->v[i], value);
	return 0;
}

static json_t *
read_value(const char *key, const char *value, bool python, const json_t *args,
    struct fm_err *err)
{
	json_t *v;

	if (python) {
		v = fm_pyval_parse(value, args, err);
		if (!v)
			(void)fm_err_wrap(err, "'%s'", key);
	} else {
		v = json_string(value);
		if (!v)
			(void)fm_err_set(err, FM_USAGE,
			    "the value of '%s' is not valid UTF-8", key);
	}
	return v;
}

int
fm_subopt_add(json_t *subs, const char *key, const char *value,
    const json_t *args, struct fm_err *err)
{
	struct fm_strs parts = FM_STRS_INIT;
	char *names = NULL;
	size_t n = strlen(key);
	json_t *v;
	bool python;
	int rc = -1;

	if (strncmp(key, "--", 2) != 0)
		return fm_err_set(err, FM_USAGE,
		    "'%s' found where an option was expected (--set:name "
		    "value)",
		    key);
	if (!value)
		return fm_err_set(
		    err, FM_USAGE, "'%s' is missing a value", key);
	python = n > 2 && key[n - 1] == '@';
	names = fm_strndup(key + 2, n - 2 - python);
	if (split(names, &parts, key, err) || check_parts(&parts, key, err))
		goto out;
	v = read_value(key, value, python, args, err);
	if (v)
		rc = store(subs, &parts, v, key, err);
out:
	free(names);
	fm_strs_release(&parts);
	return rc;
}

static bool
is_in(const char *const *list, const char *s)
{
	for (; list && *list; list++)
		if (strcmp(*list, s) == 0)
			return true;
	return false;
}

static void
put_names(struct fm_buf *b, const char *const *list)
{
	for (; list && *list; list++)
		fm_buf_printf(b, "%s%s", b->len ? ", " : "", *list);
}

int
fm_subopt_check(const json_t *subs, const char *const *known,
    const char *const *ignored, struct fm_err *err)
{
	struct fm_buf names = FM_BUF_INIT;
	const char *set;
	json_t *any;
	int rc = 0;

	put_names(&names, known);
	put_names(&names, ignored);
	json_object_foreach ((json_t *)(uintptr_t)subs, set, any)
		if (!is_in(known, set) && !is_in(ignored, set))
			rc = fm_err_set(err, FM_USAGE,
			    "sub-option '--%s' is not supported (known: %s)",
			    set, names.s);
	fm_buf_release(&names);
	return rc;
}
