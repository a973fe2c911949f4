/*
 * Reading command lines by a table. What is printed from the same table
 * (help, man page, completion) is in opt_text.c.
 */
#include "opt.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "num.h"

void
fm_args_release(struct fm_args *a)
{
	size_t i;

	for (i = 0; i < a->n_given; i++) {
		free(a->given[i].name);
		free(a->given[i].value);
	}
	free(a->given);
	fm_strs_release(&a->rest);
	memset(a, 0, sizeof *a);
}

/* Compares a name of the table with n letters, '-' and '_' being one. */
static bool
same(const char *name, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		char a = name[i], b = s[i];

		if ((a == '-' ? '_' : a) != (b == '-' ? '_' : b) || !a)
			return false;
	}
	return true;
}

/* 2 = one of its names is exactly s[0..n), 1 = begins so, 0 = neither. */
static int
match(const struct fm_opt *o, const char *s, size_t n)
{
	const char *at = o->alias;
	int best = 0;

	if (same(o->name, s, n))
		best = o->name[n] ? 1 : 2;
	while (at && *at && best < 2) {
		size_t len = strcspn(at, " ");

		if (len == n && same(at, s, n))
			best = 2;
		at += len + (at[len] == ' ');
	}
	return best;
}

/* The row for a long name, also by unique prefix; NULL with or without err. */
static const struct fm_opt *
find_long(const struct fm_cmd *cmd, const char *s, size_t n, struct fm_err *err)
{
	const struct fm_opt *o, *found = NULL;
	struct fm_buf many = FM_BUF_INIT;
	int hits = 0;

	for (o = cmd->opts; o->name; o++) {
		int how = match(o, s, n);

		if (how == 2) {
			found = o;
			hits = 1;
			break;
		}
		if (how == 1) {
			fm_buf_printf(&many, " --%s", o->name);
			found = o;
			hits++;
		}
	}
	if (hits > 1)
		(void)fm_err_set(err, FM_USAGE,
		    "'--%.*s' is not unique: it could be%s", (int)n, s, many.s);
	fm_buf_release(&many);
	return hits == 1 && n ? found : NULL;
}

static const struct fm_opt *
find_letter(const struct fm_cmd *cmd, char letter)
{
	const struct fm_opt *o;

	for (o = cmd->opts; o->name; o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

/* --- setting a member --- */

static int
set_choice(
    const struct fm_opt *o, int *at, const char *value, struct fm_err *err)
{
	struct fm_buf all = FM_BUF_INIT;
	int i;

	for (i = 0; o->choices[i]; i++) {
		if (strcmp(o->choices[i], value) == 0) {
			*at = i;
			fm_buf_release(&all);
			return 0;
		}
		fm_buf_printf(&all, "%s%s", i ? ", " : "", o->choices[i]);
	}
	(void)fm_err_set(err, FM_USAGE, "--%s: '%s' must be one of %s", o->name,
	    value, all.s);
	fm_buf_release(&all);
	return -1;
}

static int
set_flag(
    const struct fm_opt *o, bool *at, const char *value, struct fm_err *err)
{
	*at = !value || strcmp(value, "true") == 0;
	if (!*at && strcmp(value, "false") != 0)
		return fm_err_set(err, FM_USAGE,
		    "--%s: '%s' must be true or false", o->name, value);
	return 0;
}

static int
set_int(
    const struct fm_opt *o, int64_t *at, const char *value, struct fm_err *err)
{
	if (fm_num_get_int(value, strlen(value), at) && *at >= o->min &&
	    *at <= o->max)
		return 0;
	if (o->max == INT64_MAX)
		return fm_err_set(err, FM_USAGE,
		    "--%s: '%s' must be a whole number from %lld up", o->name,
		    value, (long long)o->min);
	return fm_err_set(err, FM_USAGE,
	    "--%s: '%s' must be a whole number from %lld to %lld", o->name,
	    value, (long long)o->min, (long long)o->max);
}

static int
set(const struct fm_opt *o, void *conf, const char *value, struct fm_err *err)
{
	void *at = (char *)conf + o->off;

	switch (o->type) {
	case FM_OPT_FLAG:
		return set_flag(o, at, value, err);
	case FM_OPT_STR:
		*(const char **)at = value;
		return 0;
	case FM_OPT_INT:
		return set_int(o, at, value, err);
	case FM_OPT_REAL:
		if (fm_num_get_double(value, strlen(value), at) &&
		    *(double *)at >= 0)
			return 0;
		return fm_err_set(err, FM_USAGE,
		    "--%s: '%s' must be a number from 0 up", o->name, value);
	case FM_OPT_CHOICE:
		return set_choice(o, at, value, err);
	case FM_OPT_LIST:
		fm_strs_add(at, value);
		return 0;
	case FM_OPT_HEAD:
		return 0;
	}
	return 0;
}

/* --- reading words --- */

/* Keeps what was given, so that strings live as long as the args do. */
static const char *
keep(struct fm_args *a, const struct fm_opt *o, const char *name, size_t n,
    const char *value)
{
	struct fm_opt_given *g;

	FM_GROW(a->given, a->cap_given, a->n_given + 1);
	g = &a->given[a->n_given++];
	g->opt = o;
	g->name = fm_strndup(name, n);
	g->value = value ? fm_strdup(value) : NULL;
	return g->value;
}

struct words {
	int argc, at; /* argv[at] is the next word */
	char **argv;
};

static const char *
next_word(struct words *w)
{
	return w->at < w->argc ? w->argv[w->at++] : NULL;
}

/* The '=' outside quotes, or NULL. */
static const char *
equals(const char *s)
{
	char quote = 0;

	for (; *s; s++) {
		if (quote)
			quote = *s == quote ? 0 : quote;
		else if (*s == '"' || *s == '\'')
			quote = *s;
		else if (*s == '\\' && s[1])
			s++;
		else if (*s == '=')
			return s;
	}
	return NULL;
}

static int
missing(const char *name, size_t n, struct fm_err *err)
{
	return fm_err_set(
	    err, FM_USAGE, "'%.*s' is missing a value", (int)n, name);
}

static int
take(const struct fm_opt *o, void *conf, const char *word, size_t n,
    const char *value, struct words *w, struct fm_args *a, struct fm_err *err)
{
	if (o->type == FM_OPT_FLAG) {
		const char *next = w->at < w->argc ? w->argv[w->at] : "";

		if (!value &&
		    (strcmp(next, "true") == 0 || strcmp(next, "false") == 0))
			value = next_word(w);
	} else if (!value) {
		value = next_word(w);
		if (!value)
			return missing(word, n, err);
	}
	value = keep(a, o, o->name, strlen(o->name), value);
	return set(o, conf, value, err);
}

static int
read_long(const struct fm_cmd *cmd, void *conf, const char *word,
    struct words *w, fm_opt_extra *extra, struct fm_args *a, struct fm_err *err)
{
	const char *eq = equals(word), *value = eq ? eq + 1 : NULL;
	size_t n = eq ? (size_t)(eq - word) : strlen(word);
	const struct fm_opt *o;

	if (extra && extra(word)) {
		if (!value)
			value = next_word(w);
		if (!value)
			return missing(word, n, err);
		(void)keep(a, NULL, word, n, value);
		return 0;
	}
	o = find_long(cmd, word + 2, n - 2, err);
	if (o)
		return take(o, conf, word, n, value, w, a, err);
	if (err->code != FM_OK)
		return -1;
	if (n > 5 && same("no_", word + 2, 3)) {
		o = find_long(cmd, word + 5, n - 5, err);
		if (o && o->type == FM_OPT_FLAG && !value)
			return take(o, conf, word, n, "false", w, a, err);
	}
	return fm_err_set(err, FM_USAGE,
	    "unknown option '%.*s': %s --help lists them", (int)n, word,
	    cmd->name);
}

static int
read_letters(const struct fm_cmd *cmd, void *conf, const char *word,
    struct words *w, struct fm_args *a, struct fm_err *err)
{
	size_t i;

	for (i = 1; word[i]; i++) {
		const struct fm_opt *o = find_letter(cmd, word[i]);
		const char *value = NULL;

		if (!o)
			return fm_err_set(err, FM_USAGE,
			    "unknown option '-%c': %s --help lists them",
			    word[i], cmd->name);
		if (o->type != FM_OPT_FLAG && word[i + 1])
			value = word + i + 1;
		if (take(o, conf, word, strlen(word), value, w, a, err) != 0)
			return -1;
		if (o->type != FM_OPT_FLAG)
			break;
	}
	return 0;
}

int
fm_opt_parse(const struct fm_cmd *cmd, void *conf, int argc, char **argv,
    fm_opt_extra *extra, struct fm_args *a, struct fm_err *err)
{
	struct words w = { argc, 1, argv };
	const struct fm_opt *o;
	const char *word;
	int rc = 0;

	for (o = cmd->opts; o->name; o++)
		if (o->def && set(o, conf, o->def, err) != 0)
			return -1;
	while (rc == 0 && (word = next_word(&w))) {
		if (strcmp(word, "--") == 0) {
			while ((word = next_word(&w)))
				fm_strs_add(&a->rest, word);
			break;
		}
		if (strncmp(word, "--", 2) == 0)
			rc = read_long(cmd, conf, word, &w, extra, a, err);
		else if (word[0] == '-' && word[1])
			rc = read_letters(cmd, conf, word, &w, a, err);
		else
			fm_strs_add(&a->rest, word);
	}
	return rc;
}

bool
fm_opt_was(const struct fm_args *a, const char *name)
{
	size_t i;

	for (i = 0; i < a->n_given; i++)
		if (a->given[i].opt && strcmp(a->given[i].name, name) == 0)
			return true;
	return false;
}

const struct fm_cmd *
fm_opt_sub(const struct fm_cmd *cmd, int argc, char **argv)
{
	const struct fm_cmd *sub;

	if (!cmd->subs || argc < 2)
		return NULL;
	for (sub = cmd->subs; sub->name; sub++) {
		const char *space = strrchr(sub->name, ' ');

		if (strcmp(space ? space + 1 : sub->name, argv[1]) == 0)
			return sub;
	}
	return NULL;
}
