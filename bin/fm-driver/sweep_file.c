/*
 * Reads sweep files. Each combination of a model, a platform and a precision
 * becomes the words of a command line; what the options mean is found out
 * where every command line is read.
 *
 * What comes later replaces what came before: included files, the file's
 * defaults, its sizes, the model's options, the platform's, the precision's,
 * and the user's own command line.
 */
#include "sweep_file.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "plan.h"
#include "yaml.h"

enum {
	DEPTH_MAX = 16, /* of includes */
	UNITS_MAX = 100000
};

/* The three axes that make units; sizes make points. */
static const struct axis {
	const char *key;    /* in the file */
	const char *option; /* on the command line */
} axes[] = { { "models", "model_name" }, { "platforms", "platform" },
	{ "precisions", "precision" } };

enum {
	AXES = sizeof axes / sizeof *axes
};

/* A file being read. */
struct reader {
	const char *path;
	struct fm_buf text;
	json_t *doc;
	const struct conf *c;
};

/* "file:7: …", for the value at `where`. */
static int
fail(const struct reader *r, const char *where, struct fm_err *err)
{
	int line = fm_yaml_line(r->text.s, r->text.len, where);

	if (line > 0)
		return fm_err_wrap(err, "%s:%d", r->path, line);
	return fm_err_wrap(err, "%s", r->path);
}

#define FAIL(r, where, err, ...)                                               \
	((void)fm_err_set(err, FM_USAGE, __VA_ARGS__), fail(r, where, err))

/* --- the file and what it includes --- */

/* Objects are joined, everything else is replaced. */
static void
join(json_t *to, json_t *from)
{
	const char *key;
	json_t *v;

	json_object_foreach (from, key, v) {
		json_t *old = json_object_get(to, key);

		if (json_is_object(old) && json_is_object(v))
			join(old, v);
		else
			json_object_set_new(to, key, json_deep_copy(v));
	}
}

static json_t *read_doc(const char *path, int depth, struct fm_err *err);

static int
include(json_t *all, const char *path, const json_t *name, int depth,
    struct fm_err *err)
{
	const char *s = json_string_value(name);
	char *dir = fm_strndup(path, (size_t)(fm_io_base(path) - path));
	char *full;
	json_t *doc;

	if (!s) {
		free(dir);
		return fm_err_set(
		    err, FM_USAGE, "%s: include: must be file names", path);
	}
	full = fm_io_join(*dir ? dir : NULL, s);
	doc = read_doc(full, depth + 1, err);
	join(all, doc);
	json_decref(doc);
	free(full);
	free(dir);
	return doc ? 0 : -1;
}

/* A document with everything it includes below it. */
static json_t *
read_doc(const char *path, int depth, struct fm_err *err)
{
	json_t *doc, *all, *list;
	int rc = 0;
	size_t i;

	if (depth > DEPTH_MAX) {
		(void)fm_err_set(err, FM_USAGE,
		    "%s: files include one another more than %d deep", path,
		    (int)DEPTH_MAX);
		return NULL;
	}
	doc = fm_yaml_read_file(path, err);
	if (!doc)
		return NULL;
	if (!json_is_object(doc)) {
		(void)fm_err_set(err, FM_USAGE, "%s: must be a mapping", path);
		json_decref(doc);
		return NULL;
	}
	list = json_object_get(doc, "include");
	all = json_object();
	if (json_is_array(list))
		for (i = 0; i < json_array_size(list) && rc == 0; i++)
			rc = include(
			    all, path, json_array_get(list, i), depth, err);
	else if (list)
		rc = include(all, path, list, depth, err);
	(void)json_object_del(doc, "include");
	join(all, doc);
	json_decref(doc);
	if (rc == 0)
		return all;
	json_decref(all);
	return NULL;
}

/* --- values as words --- */

/* A scalar as it is written on a command line. */
static bool
put_scalar(struct fm_buf *b, const json_t *v)
{
	if (json_is_string(v))
		fm_buf_puts(b, json_string_value(v));
	else if (json_is_number(v))
		fm_json_put(b, v);
	else if (json_is_boolean(v))
		fm_buf_puts(b, json_is_true(v) ? "true" : "false");
	else
		return false;
	return true;
}

/* A scalar, or a list of them with commas between. */
static bool
put_value(struct fm_buf *b, const json_t *v)
{
	size_t i;

	if (!json_is_array(v))
		return put_scalar(b, v);
	for (i = 0; i < json_array_size(v); i++) {
		fm_buf_puts(b, i ? "," : "");
		if (!put_scalar(b, json_array_get(v, i)))
			return false;
	}
	return json_array_size(v) > 0;
}

static const struct fm_opt *
find_option(const char *name)
{
	const struct fm_opt *o = fm_driver_cmd.opts;

	while (o->name && strcmp(o->name, name) != 0)
		o++;
	return o->name ? o : NULL;
}

/* Options that are given once for each name: {NAME: VALUE}. */
static bool
is_pairs(const char *key)
{
	return strcmp(key, "env") == 0 || strcmp(key, "dim") == 0;
}

static int
set_pairs(const struct reader *r, json_t *opts, const char *key, json_t *v,
    const char *where, struct fm_err *err)
{
	json_t *all = json_object_get(opts, key), *one;
	const char *name;

	if (!json_is_object(v))
		return FAIL(
		    r, where, err, "%s: must be a mapping of names", key);
	if (!all) {
		all = json_object();
		json_object_set_new(opts, key, all);
	}
	json_object_foreach (v, name, one) {
		struct fm_buf b = FM_BUF_INIT;

		if (json_is_null(one) && strcmp(key, "env") == 0)
			fm_buf_puts(&b, "__UNSET__");
		else if (!put_scalar(&b, one)) {
			fm_buf_release(&b);
			return FAIL(r, where, err,
			    "%s: '%s' must be a text or a number", key, name);
		}
		fm_json_set_str(all, name, b.len ? b.s : "");
		fm_buf_release(&b);
	}
	return 0;
}

static bool
is_rules(const char *key)
{
	return strcmp(key, "exclude") == 0 || strcmp(key, "stop") == 0;
}

/* Rules of one place are added to those of another. */
static int
set_rules(const struct reader *r, json_t *opts, const char *key, json_t *v,
    const char *where, struct fm_err *err)
{
	json_t *all = json_object_get(opts, key);
	size_t i, n = json_is_array(v) ? json_array_size(v) : 1;

	if (json_is_null(v))
		return (void)json_object_del(opts, key), 0;
	if (!all) {
		all = json_array();
		json_object_set_new(opts, key, all);
	}
	for (i = 0; i < n; i++) {
		json_t *rule = json_is_array(v) ? json_array_get(v, i) : v;

		if (!json_is_string(rule))
			break;
		json_array_append(all, rule);
	}
	if (n && i == n)
		return 0;
	return FAIL(
	    r, where, err, "%s: must be a rule, or a list of rules", key);
}

/* "no_prune" is "prune", and true is false. NULL: it is no such word. */
static const struct fm_opt *
find_negated(const char *key, const json_t *v)
{
	const struct fm_opt *o =
	    strncmp(key, "no_", 3) == 0 ? find_option(key + 3) : NULL;

	return o && o->type == FM_OPT_FLAG && json_is_boolean(v) ? o : NULL;
}

static int set_options(const struct reader *r, json_t *opts, json_t *from,
    const char *prefix, const char *where, struct fm_err *err);

static int
set_option(const struct reader *r, json_t *opts, const char *key, json_t *v,
    const char *where, struct fm_err *err)
{
	const struct fm_opt *o = find_option(key), *no = find_negated(key, v);
	struct fm_buf b = FM_BUF_INIT;
	int rc = 0;

	if (no)
		return set_option(r, opts, no->name,
		    json_boolean(json_is_false(v)), where, err);
	if (is_pairs(key))
		return set_pairs(r, opts, key, v, where, err);
	if (is_rules(key))
		return set_rules(r, opts, key, v, where, err);
	/* {ort: {threads: 2}} is --ort:threads 2. */
	if (json_is_object(v) && !o)
		return set_options(r, opts, v, key, where, err);
	if (!o && !strchr(key, ':'))
		return FAIL(r, where, err, "'%s' is not an option", key);
	if (o && conf_is_how(o))
		return FAIL(r, where, err,
		    "--%s belongs on the command line: it does not say what "
		    "is measured",
		    key);
	if (json_is_null(v))
		(void)json_object_del(opts, key);
	else if (o && o->type == FM_OPT_FLAG && json_is_true(v))
		json_object_set_new(opts, key, json_true());
	else if (put_value(&b, v))
		fm_json_set_str(opts, key, b.len ? b.s : "");
	else
		rc = FAIL(r, where, err,
		    "%s: must be a text, a number or a list of them", key);
	fm_buf_release(&b);
	return rc;
}

static int
set_options(const struct reader *r, json_t *opts, json_t *from,
    const char *prefix, const char *where, struct fm_err *err)
{
	const char *key;
	json_t *v;
	int rc = 0;

	json_object_foreach (from, key, v) {
		char *name =
		    prefix ? fm_strdupf("%s:%s", prefix, key) : fm_strdup(key);
		char *at = fm_strdupf("%s%s%s", where, *where ? "." : "", key);

		if (prefix || strcmp(key, "name") != 0)
			rc = set_option(r, opts, name, v, at, err);
		free(name);
		free(at);
		if (rc != 0)
			break;
	}
	return rc;
}

/* --- the command line over it --- */

static int
set_given(const struct reader *r, json_t *opts, struct fm_err *err)
{
	const struct fm_args *a = &r->c->args;
	size_t i;

	for (i = 0; i < a->n_given; i++) {
		const struct fm_opt_given *g = &a->given[i];
		const char *eq = g->value ? strchr(g->value, '=') : NULL;
		json_t *all;

		if (g->opt && conf_is_how(g->opt))
			continue;
		if (is_pairs(g->name) && eq) {
			all = json_object_get(opts, g->name);
			if (!all)
				json_object_set_new(
				    opts, g->name, all = json_object());
			json_object_setn_new(all, g->value,
			    (size_t)(eq - g->value), json_string(eq + 1));
		} else if (is_rules(g->name)) {
			json_t *rule = json_string(g->value);
			int rc = set_rules(r, opts, g->name, rule, "", err);

			json_decref(rule);
			if (rc != 0)
				return -1;
		} else {
			/* Sub-options are kept with their "--". */
			json_object_set_new(opts,
			    g->opt ? g->name : g->name + 2,
			    g->value ? json_string(g->value) : json_true());
		}
	}
	return 0;
}

static void
put_pairs(struct fm_strs *words, const char *key, json_t *pairs)
{
	const char *name;
	json_t *v;

	json_object_foreach (pairs, name, v)
		fm_strs_add_take(words,
		    fm_strdupf("--%s=%s=%s", key, name, json_string_value(v)));
}

static void
put_words(struct fm_strs *words, json_t *opts)
{
	const char *key;
	json_t *v;
	size_t i;

	fm_strs_add(words, "fm-driver");
	json_object_foreach (opts, key, v) {
		bool sub = !find_option(key);

		if (json_is_object(v))
			put_pairs(words, key, v);
		for (i = 0; i < json_array_size(v); i++)
			fm_strs_add_take(words,
			    fm_strdupf("--%s=%s", key,
				json_string_value(json_array_get(v, i))));
		if (json_is_true(v) || sub)
			fm_strs_add_take(words, fm_strdupf("--%s", key));
		if (json_is_string(v) && sub)
			fm_strs_add(words, json_string_value(v));
		else if (json_is_string(v))
			fm_strs_add_take(words,
			    fm_strdupf("--%s=%s", key, json_string_value(v)));
	}
}

/* --- axes --- */

/* What stands on the command line instead of an axis, or NULL. */
static json_t *
given_axis(const struct conf *c, size_t k)
{
	struct fm_strs words = FM_STRS_INIT;
	json_t *list = NULL;
	size_t i;

	if (k == 0 && c->args.rest.n)
		for (i = 0; i < c->args.rest.n; i++)
			fm_strs_add(&words, c->args.rest.v[i]);
	else if (k == 0 && c->model_name)
		fm_strs_add(&words, c->model_name);
	else if (k == 1 && fm_opt_was(&c->args, "platform"))
		fm_strs_split(&words, c->platform, ",");
	else if (k == 2 && fm_opt_was(&c->args, "precision"))
		fm_strs_add(&words, conf_precision(c));
	if (words.n)
		list = json_array();
	for (i = 0; i < words.n; i++)
		json_array_append_new(list, json_string(words.v[i]));
	fm_strs_release(&words);
	return list;
}

/* The entries of an axis; one null when there are none. New reference. */
static json_t *
read_axis(const struct reader *r, size_t k)
{
	json_t *own = given_axis(r->c, k);
	json_t *list = json_object_get(r->doc, axes[k].key), *one;

	if (own)
		return own;
	if (json_is_array(list) && json_array_size(list))
		return json_incref(list);
	one = json_array();
	json_array_append(one, list ? list : json_null());
	return one;
}

/* An entry is a name, or a mapping with `name` and options. */
static int
set_entry(const struct reader *r, json_t *opts, size_t k, json_t *entry,
    size_t i, struct fm_err *err)
{
	char *where = fm_strdupf("%s.%zu", axes[k].key, i);
	const char *name = json_string_value(entry);
	int rc = 0;

	if (json_is_object(entry)) {
		name = fm_json_str(entry, "name", NULL);
		rc = name ? set_options(r, opts, entry, NULL, where, err)
			  : FAIL(r, where, err, "%s: an entry without a name",
				axes[k].key);
	} else if (!name && !json_is_null(entry)) {
		rc = FAIL(r, where, err,
		    "%s: must be names, or mappings with a name", axes[k].key);
	} else if (!name && json_object_get(r->doc, axes[k].key)) {
		rc = FAIL(r, where, err, "%s: null is no name, \"null\" is",
		    axes[k].key);
	}
	if (name && rc == 0)
		fm_json_set_str(opts, axes[k].option, name);
	free(where);
	return rc;
}

/* --- units --- */

/* What the file says at its top: everything but axes and metadata. */
static int
set_common(const struct reader *r, json_t *opts, struct fm_err *err)
{
	static const char *const keys[] = { "input_sizes", "output_sizes",
		"batch_sizes", "env", "dim", "exclude" };
	static const char *const others[] = { "defaults", "models", "platforms",
		"precisions", "metadata" };
	json_t *defaults = json_object_get(r->doc, "defaults"), *v;
	const char *key;
	size_t i;

	json_object_foreach (r->doc, key, v) {
		bool known = false;

		for (i = 0; i < sizeof keys / sizeof *keys; i++)
			known |= strcmp(keys[i], key) == 0;
		for (i = 0; i < sizeof others / sizeof *others; i++)
			known |= strcmp(others[i], key) == 0;
		if (!known)
			return FAIL(r, key, err,
			    "'%s' is not known here: there are include, "
			    "defaults, models, platforms, precisions, "
			    "input_sizes, output_sizes, batch_sizes, env, "
			    "dim, exclude and metadata",
			    key);
	}
	if (defaults && !json_is_object(defaults))
		return FAIL(r, "defaults", err, "defaults: must be a mapping");
	if (set_options(r, opts, defaults, NULL, "defaults", err) != 0)
		return -1;
	for (i = 0; i < sizeof keys / sizeof *keys; i++) {
		v = json_object_get(r->doc, keys[i]);
		if (v && set_option(r, opts, keys[i], v, keys[i], err) != 0)
			return -1;
	}
	return 0;
}

static int
add_unit(const struct reader *r, struct series *s, const json_t *common,
    json_t *const entry[AXES], const size_t at[AXES], struct fm_err *err)
{
	json_t *opts = json_deep_copy(common);
	struct fm_strs words = FM_STRS_INIT;
	int rc = 0;
	size_t k;

	for (k = 0; k < AXES && rc == 0; k++)
		rc = set_entry(r, opts, k, entry[k], at[k], err);
	if (rc == 0)
		rc = set_given(r, opts, err);
	/* A name of an axis that the command line has replaced. */
	for (k = 0; k < AXES && rc == 0; k++)
		if (json_is_string(entry[k]))
			json_object_set(opts, axes[k].option, entry[k]);
	if (rc == 0) {
		put_words(&words, opts);
		rc = plan_add(
		    s, r->c, &words, json_object_get(r->doc, "metadata"), err);
		if (rc != 0)
			rc = fail(r, "", err);
	}
	fm_strs_release(&words);
	json_decref(opts);
	return rc;
}

static int
add_units(const struct reader *r, struct series *s, struct fm_err *err)
{
	json_t *list[AXES], *entry[AXES], *common = json_object();
	size_t at[AXES], k, count = 1;
	int rc = set_common(r, common, err);

	for (k = 0; k < AXES; k++) {
		list[k] = read_axis(r, k);
		count *= json_array_size(list[k]);
	}
	if (rc == 0 && count > UNITS_MAX)
		rc = FAIL(r, "", err, "makes more than %d combinations",
		    (int)UNITS_MAX);
	for (at[0] = 0; at[0] < json_array_size(list[0]); at[0]++)
		for (at[1] = 0; at[1] < json_array_size(list[1]); at[1]++)
			for (at[2] = 0;
			     at[2] < json_array_size(list[2]) && rc == 0;
			     at[2]++) {
				for (k = 0; k < AXES; k++)
					entry[k] =
					    json_array_get(list[k], at[k]);
				rc = add_unit(r, s, common, entry, at, err);
			}
	for (k = 0; k < AXES; k++)
		json_decref(list[k]);
	json_decref(common);
	return rc;
}

int
sweep_file_read(struct series *s, const char *path, const struct conf *c,
    struct fm_err *err)
{
	struct reader r = { path, FM_BUF_INIT, NULL, c };
	json_t *metadata;
	int rc = -1;

	r.doc = read_doc(path, 0, err);
	if (r.doc && fm_io_read_file(path, &r.text, err) == 0) {
		metadata = json_object_get(r.doc, "metadata");
		rc = metadata && !json_is_object(metadata)
			 ? FAIL(&r, "metadata", err,
			       "metadata: must be a mapping")
			 : add_units(&r, s, err);
	}
	/* A file that cannot be read is a wrong name on the command line. */
	if (rc != 0)
		err->code = FM_USAGE;
	fm_buf_release(&r.text);
	json_decref(r.doc);
	return rc;
}
