/*
 * The options of a backend: values as they come from a command line (text) or
 * from `@` values (JSON), checked against the backend's table and kept in one
 * form.
 */
#include <string.h>

#include "alloc.h"
#include "backend.h"
#include "json.h"
#include "num.h"
#include "strs.h"

static void
put_value(struct fm_buf *b, const json_t *v)
{
	if (json_is_string(v))
		fm_buf_puts(b, json_string_value(v));
	else
		fm_json_put(b, v);
}

static int
wrong(const struct fm_backend_opt *o, const json_t *v, const char *want,
    struct fm_err *err)
{
	struct fm_buf got = FM_BUF_INIT;

	put_value(&got, v);
	if (o->min < o->max)
		(void)fm_err_set(err, FM_USAGE,
		    "option '%s' must be %s from %g to %g, got '%s'", o->name,
		    want, o->min, o->max, got.s);
	else
		(void)fm_err_set(err, FM_USAGE,
		    "option '%s' must be %s, got '%s'", o->name, want, got.s);
	fm_buf_release(&got);
	return -1;
}

static bool
in_range(const struct fm_backend_opt *o, double v)
{
	return !(o->min < o->max) || (v >= o->min && v <= o->max);
}

static json_t *
get_int(const struct fm_backend_opt *o, const json_t *v, struct fm_err *err)
{
	int64_t n = json_integer_value(v);
	const char *s = json_string_value(v);
	bool good =
	    json_is_integer(v) || (s && fm_num_get_int(s, strlen(s), &n));

	if (good && in_range(o, (double)n))
		return json_integer(n);
	(void)wrong(o, v, "a whole number", err);
	return NULL;
}

static json_t *
get_float(const struct fm_backend_opt *o, const json_t *v, struct fm_err *err)
{
	double d = json_number_value(v);
	const char *s = json_string_value(v);
	bool good =
	    json_is_number(v) || (s && fm_num_get_double(s, strlen(s), &d));

	if (good && in_range(o, d))
		return json_real(d);
	(void)wrong(o, v, "a number", err);
	return NULL;
}

static json_t *
get_bool(const struct fm_backend_opt *o, const json_t *v, struct fm_err *err)
{
	static const char *const words[] = { "false", "true", "False", "True",
		"0", "1", "no", "yes", "off", "on" };
	struct fm_buf text = FM_BUF_INIT;
	json_t *got = NULL;
	size_t i;

	put_value(&text, v);
	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(text.s, words[i]) == 0)
			got = json_boolean(i % 2);
	if (!got)
		(void)wrong(o, v, "true or false", err);
	fm_buf_release(&text);
	return got;
}

/* Text, also of a number; true and false as most libraries write them. */
static json_t *
text_of(const json_t *v)
{
	struct fm_buf text = FM_BUF_INIT;
	json_t *got = NULL;

	if (json_is_boolean(v))
		return json_string(json_is_true(v) ? "1" : "0");
	if (json_is_string(v) || json_is_number(v)) {
		put_value(&text, v);
		got = json_string(text.s);
	}
	fm_buf_release(&text);
	return got;
}

static json_t *
get_str(const struct fm_backend_opt *o, const json_t *v, struct fm_err *err)
{
	json_t *got = text_of(v);

	if (!got)
		(void)wrong(o, v, "text", err);
	return got;
}

static json_t *
get_list(const struct fm_backend_opt *o, const json_t *v, struct fm_err *err)
{
	json_t *got = json_array();
	struct fm_strs parts = FM_STRS_INIT;
	const json_t *tuple = json_object_get(v, "@tuple"), *e;
	size_t i;
	int bad = 0;

	if (json_is_string(v)) {
		fm_strs_split(&parts, json_string_value(v), ", ");
		for (i = 0; i < parts.n; i++)
			json_array_append_new(got, json_string(parts.v[i]));
		fm_strs_release(&parts);
		return got;
	}
	v = tuple ? tuple : v;
	bad = !json_is_array(v);
	json_array_foreach (v, i, e)
		bad |= json_array_append_new(got, text_of(e)) != 0;
	if (!bad)
		return got;
	(void)wrong(o, v, "a list of words", err);
	json_decref(got);
	return NULL;
}

static json_t *
get_set(const struct fm_backend_opt *o, const json_t *v, struct fm_err *err)
{
	json_t *got = json_object(), *cast = json_deep_copy(v), *e;
	const char *key;
	bool bad = !json_is_object(v);

	json_object_foreach (cast, key, e)
		bad |= json_object_set_new(got, key, text_of(e)) != 0;
	json_decref(cast);
	if (!bad)
		return got;
	(void)wrong(o, v, "a set of keys with text or numbers", err);
	json_decref(got);
	return NULL;
}

static json_t *
get_choice(const struct fm_backend_opt *o, const json_t *v, struct fm_err *err)
{
	struct fm_strs words = FM_STRS_INIT;
	const char *s = json_string_value(v);
	struct fm_buf want = FM_BUF_INIT;
	bool good;
	size_t i;

	fm_strs_split(&words, o->type, "|");
	good = s && fm_strs_find(&words, s) >= 0;
	for (i = 0; i < words.n; i++)
		fm_buf_printf(&want, "%s%s",
		    i == 0             ? ""
		    : i == words.n - 1 ? " or "
				       : ", ",
		    words.v[i]);
	if (!good)
		(void)wrong(o, v, want.s, err);
	fm_buf_release(&want);
	fm_strs_release(&words);
	return good ? json_string(s) : NULL;
}

static json_t *
get(const struct fm_backend_opt *o, const json_t *v, struct fm_err *err)
{
	static const struct {
		const char *type;
		json_t *(*get)(const struct fm_backend_opt *o, const json_t *v,
		    struct fm_err *err);
	} types[] = {
		{ "int", get_int },
		{ "float", get_float },
		{ "bool", get_bool },
		{ "str", get_str },
		{ "list", get_list },
		{ "set", get_set },
	};
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(o->type, types[i].type) == 0)
			return types[i].get(o, v, err);
	return get_choice(o, v, err);
}

static int
unknown(const char *name, const struct fm_backend_opt *opts, const char *key,
    struct fm_err *err)
{
	struct fm_buf have = FM_BUF_INIT;
	const struct fm_backend_opt *o;

	for (o = opts; o->name; o++)
		fm_buf_printf(&have, "%s%s", o == opts ? "" : ", ", o->name);
	(void)fm_err_set(err, FM_USAGE,
	    "backend %s has no option '%s'; it has: %s", name, key,
	    have.len ? have.s : "none");
	fm_buf_release(&have);
	return -1;
}

static const struct fm_backend_opt *
find(const struct fm_backend_opt *opts, const char *key)
{
	for (; opts->name; opts++)
		if (strcmp(opts->name, key) == 0)
			return opts;
	return NULL;
}

json_t *
fm_backend_options(const char *name, const struct fm_backend_opt *opts,
    const json_t *given, struct fm_err *err)
{
	json_t *all = json_object(), *own = json_deep_copy(given), *v;
	const struct fm_backend_opt *o;
	const char *key;

	if (given && !json_is_null(given) && !json_is_object(given)) {
		(void)fm_err_set(err, FM_USAGE, "\"options\" must be a set");
		goto fail;
	}
	for (o = opts; o->name; o++) {
		json_t *def = json_string(o->def);

		if (*o->def)
			json_object_set_new(all, o->name, get(o, def, err));
		json_decref(def);
	}
	json_object_foreach (own, key, v) {
		o = find(opts, key);
		if (!o) {
			(void)unknown(name, opts, key, err);
			goto fail;
		}
		if (json_is_null(v))
			continue;
		v = get(o, v, err);
		if (!v)
			goto fail;
		json_object_set_new(all, key, v);
	}
	json_decref(own);
	return all;
fail:
	json_decref(own);
	json_decref(all);
	return NULL;
}
