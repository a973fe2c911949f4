/*
 * Sequences. A file is a list of stages under the key `sequence`; a stage is
 * a name, or a name with its options:
 *
 *     sequence:
 *       - import
 *       - optimize: {level: basic}
 *       - simplify:
 *           argv: [onnxsim, "{graph}", "{dir}/simple.onnx"]
 *           inputs: [rules.json]
 *           outputs: [simple.onnx]
 *
 * A name that is not one of ours needs argv, and must say what it makes of
 * what: only so is it known when it need not run again. `build`, the
 * backend's own, comes last.
 */
#include "build_seq.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "build_backend.h"
#include "conf.h"
#include "hash.h"
#include "host.h"
#include "io.h"
#include "json.h"
#include "yaml.h"

static const char *const levels[] = { "none", "basic", "extended", "all" };

/* What the runtime rewrites may suit this processor alone. */
static void
set_target(json_t *stage)
{
	json_t *facts = json_object();

	fm_host_facts(facts);
	fm_json_set_str(stage, "target", fm_json_str(facts, "cpu", "unknown"));
	json_decref(facts);
}

static json_t *
optimize_stage(const char *level)
{
	json_t *s =
	    json_pack("{s:s, s:s}", "stage", "optimize", "level", level);

	set_target(s);
	return s;
}

static json_t *
convert_stage(const char *to)
{
	return json_pack("{s:s, s:s}", "stage", "convert", "to", to);
}

static json_t *
default_sequence(const struct conf *c, const struct build_for *f)
{
	json_t *a =
	    json_pack("[{s:s}, {s:s}]", "stage", "import", "stage", "check");

	if (c->optimize)
		json_array_append_new(a, optimize_stage(levels[c->optimize]));
	if (c->precision == PRECISION_FP16 || c->precision == PRECISION_BF16)
		json_array_append_new(a, convert_stage(conf_precision(c)));
	if (build_backend_can(f))
		json_array_append_new(a, json_pack("{s:s}", "stage", "build"));
	return a;
}

/* --- files ---------------------------------------------------------------- */

static int
check_name(const char *name, const json_t *before, struct fm_err *err)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t i;

	if (!*name || strspn(name, letters) != strlen(name))
		return fm_err_set(err, FM_USAGE,
		    "'%.80s' cannot be the name of a stage: letters, digits "
		    "and _ only",
		    name);
	for (i = 0; i < json_array_size(before); i++)
		if (strcmp(fm_json_str(json_array_get(before, i), "stage", ""),
			name) == 0)
			return fm_err_set(
			    err, FM_USAGE, "stage '%s' is there twice", name);
	return 0;
}

/* A list of text, and not an empty one. */
static int
check_list(const char *stage, const char *key, const json_t *v, size_t least,
    struct fm_err *err)
{
	bool good = (!v && least == 0) || json_is_array(v);
	size_t i;

	for (i = 0; good && i < json_array_size(v); i++)
		good = json_is_string(json_array_get(v, i));
	if (good && json_array_size(v) >= least)
		return 0;
	return fm_err_set(err, FM_USAGE,
	    "stage '%s': '%s' must be a list of %s words", stage, key,
	    least ? "one or more" : "");
}

static int
check_outputs(const char *stage, const json_t *outputs, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < json_array_size(outputs); i++) {
		const char *s = json_string_value(json_array_get(outputs, i));

		if (!*s || *s == '.' || strchr(s, '/') ||
		    strncmp(s, "log_", 4) == 0 || strcmp(s, "state.yaml") == 0)
			return fm_err_set(err, FM_USAGE,
			    "stage '%s': '%.80s' cannot be an output: a file "
			    "of the build's folder, without '/'",
			    stage, s);
	}
	return 0;
}

/* {path: hash} of the declared inputs. */
static json_t *
hash_inputs(
    const json_t *inputs, fm_model_hasher *hash, void *arg, struct fm_err *err)
{
	json_t *o = json_object();
	char hex[FM_HASH_HEX];
	size_t i;

	for (i = 0; i < json_array_size(inputs); i++) {
		const char *s = json_string_value(json_array_get(inputs, i));

		if (hash(arg, s, hex, err) != 0) {
			json_decref(o);
			return NULL;
		}
		fm_json_set_str(o, s, hex);
	}
	return o;
}

static json_t *
command_stage(const char *name, const json_t *options, fm_model_hasher *hash,
    void *arg, struct fm_err *err)
{
	json_t *argv = json_object_get(options, "argv");
	json_t *outputs = json_object_get(options, "outputs");
	json_t *inputs = json_object_get(options, "inputs"), *hashes;

	if (!argv) {
		(void)fm_err_set(err, FM_USAGE,
		    "there is no stage '%s'; a command of one's own needs "
		    "'argv', 'inputs' and 'outputs'",
		    name);
		return NULL;
	}
	if (check_list(name, "argv", argv, 1, err) != 0 ||
	    check_list(name, "outputs", outputs, 1, err) != 0 ||
	    check_list(name, "inputs", inputs, 0, err) != 0 ||
	    check_outputs(name, outputs, err) != 0)
		return NULL;
	hashes = hash_inputs(inputs, hash, arg, err);
	if (!hashes) {
		(void)fm_err_wrap(err, "stage '%s': input", name);
		return NULL;
	}
	return json_pack("{s:s, s:O, s:o, s:O}", "stage", name, "argv", argv,
	    "inputs", hashes, "outputs", outputs);
}

static json_t *
optimize_of(const json_t *options, struct fm_err *err)
{
	const char *level = fm_json_str(options, "level", "all");
	size_t i;

	for (i = 1; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(levels[i], level) == 0)
			return optimize_stage(level);
	(void)fm_err_set(err, FM_USAGE,
	    "stage 'optimize': level must be basic, extended or all, not "
	    "'%.40s'",
	    level);
	return NULL;
}

static json_t *
convert_of(const json_t *options, struct fm_err *err)
{
	const char *to = fm_json_str(options, "to", "fp16");

	if (strcmp(to, "fp16") == 0 || strcmp(to, "bf16") == 0)
		return convert_stage(to);
	(void)fm_err_set(err, FM_USAGE,
	    "stage 'convert': conversion to '%.40s' is not available; to fp16 "
	    "and bf16 it is",
	    to);
	return NULL;
}

/* A misspelt option would be one that was not given, and nobody would know. */
static int
check_options(const char *stage, const json_t *options, struct fm_err *err)
{
	static const char *const ours[][2] = { { "import", "" },
		{ "check", "" }, { "build", "" }, { "optimize", "level" },
		{ "convert", "to" } };
	static const char *const of_commands[] = { "argv", "inputs",
		"outputs" };
	union {
		const json_t *c;
		json_t *v;
	} u = { options };
	const char *key, *only = NULL;
	json_t *v;
	size_t i;

	if (options && !json_is_null(options) && !json_is_object(options))
		return fm_err_set(err, FM_USAGE,
		    "stage '%s': options are names with values", stage);
	for (i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strcmp(ours[i][0], stage) == 0)
			only = ours[i][1];
	if (!only && !json_object_get(options, "argv"))
		return 0; /* a name that we do not know, more likely */
	json_object_foreach (u.v, key, v) {
		bool known = only && strcmp(only, key) == 0;

		for (i = 0; !only && i < 3; i++)
			known |= strcmp(of_commands[i], key) == 0;
		if (!known)
			return fm_err_set(err, FM_USAGE,
			    "stage '%s' has no option '%.40s'", stage, key);
		if (only && !json_is_string(v))
			return fm_err_set(err, FM_USAGE,
			    "stage '%s': '%s' must be a word", stage, key);
	}
	return 0;
}

/* Appends one element of the file's list. */
static int
add_stage(json_t *all, const json_t *v, fm_model_hasher *hash, void *arg,
    struct fm_err *err)
{
	union {
		const json_t *c;
		json_t *v;
	} u = { v };
	const char *name = json_string_value(v);
	const json_t *options = NULL;
	json_t *s;

	if (json_object_size(v) == 1) {
		name = json_object_iter_key(json_object_iter(u.v));
		options = json_object_get(v, name);
	}
	if (!name)
		return fm_err_set(err, FM_USAGE,
		    "a stage is a name, or a name with its options");
	if (check_name(name, all, err) != 0 ||
	    check_options(name, options, err) != 0)
		return -1;
	if (strcmp(name, "import") == 0 || strcmp(name, "check") == 0 ||
	    strcmp(name, "build") == 0)
		s = json_pack("{s:s}", "stage", name);
	else if (strcmp(name, "optimize") == 0)
		s = optimize_of(options, err);
	else if (strcmp(name, "convert") == 0)
		s = convert_of(options, err);
	else
		s = command_stage(name, options, hash, arg, err);
	if (!s)
		return -1;
	json_array_append_new(all, s);
	return 0;
}

/* What comes first and last cannot come elsewhere. */
static int
check_order(const json_t *all, struct fm_err *err)
{
	size_t i, n = json_array_size(all);

	if (strcmp(fm_json_str(json_array_get(all, 0), "stage", ""),
		"import") != 0)
		return fm_err_set(
		    err, FM_USAGE, "the first stage must be 'import'");
	for (i = 0; i + 1 < n; i++)
		if (strcmp(fm_json_str(json_array_get(all, i), "stage", ""),
			"build") == 0)
			return fm_err_set(err, FM_USAGE,
			    "the stage 'build' must be the last");
	return 0;
}

static int
refuse_python(const char *path, struct fm_err *err)
{
	size_t n = strlen(path);

	if (n < 3 || strcmp(path + n - 3, ".py") != 0)
		return 0;
	return fm_err_set(err, FM_USAGE,
	    "'%s': a sequence is not Python but YAML, such as "
	    "\"sequence: [import, check, {optimize: {level: basic}}]\"",
	    path);
}

static json_t *
read_sequence(
    const char *path, fm_model_hasher *hash, void *arg, struct fm_err *err)
{
	json_t *doc, *all = json_array();
	const json_t *list;
	size_t i;
	int rc = refuse_python(path, err);

	doc = rc == 0 ? fm_yaml_read_file(path, err) : NULL;
	list = json_object_get(doc, "sequence");
	if (doc && !json_is_array(list))
		rc = fm_err_set(
		    err, FM_USAGE, "'%s' must hold a list 'sequence'", path);
	for (i = 0; doc && rc == 0 && i < json_array_size(list); i++)
		rc = add_stage(all, json_array_get(list, i), hash, arg, err);
	if (doc && rc == 0)
		rc = check_order(all, err);
	if (doc && rc != 0)
		(void)fm_err_wrap(err, "%s", path);
	json_decref(doc);
	if (doc && rc == 0)
		return all;
	json_decref(all);
	return NULL;
}

json_t *
build_sequence(const struct conf *c, const struct build_for *f,
    fm_model_hasher *hash, void *hash_arg, struct fm_err *err)
{
	json_t *all = c->sequence
			  ? read_sequence(c->sequence, hash, hash_arg, err)
			  : default_sequence(c, f);

	if (all && build_backend_inputs(all, c, f, err) == 0)
		return all;
	json_decref(all);
	return NULL;
}
