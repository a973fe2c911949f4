/*
 * Looking closely at builds: their artifacts against the hashes, two of them
 * against one another, their graph in a viewer.
 */
#include "show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "conf.h"
#include "entry.h"
#include "err.h"
#include "io.h"
#include "json.h"
#include "prog.h"

/* --- verify --------------------------------------------------------------- */

/* Says what is wrong with one artifact; true when nothing is. */
static bool
artifact_good(const struct entry *e, const char *dir, const json_t *a)
{
	const char *name = fm_json_str(a, "path", "");
	const char *want = fm_json_str(a, "hash", "");
	struct fm_err err = FM_ERR_INIT;
	char *path = fm_io_join(dir, name);
	const char *wrong = NULL;
	char hex[FM_HASH_HEX];
	struct stat st;

	if (!fm_cache_path_ok(name))
		wrong = "is not a file of the build";
	else if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
		wrong = "is missing";
	else if (st.st_size != fm_json_int(a, "bytes", -1))
		wrong = "has another size";
	else {
		struct fm_hash *h = fm_hash_new();

		if (fm_hash_put_file(h, path, &err) != 0)
			wrong = "cannot be read";
		fm_hash_hex(h, hex);
		fm_hash_free(h);
		if (!wrong && strcmp(hex, want) != 0)
			wrong = "is damaged";
	}
	if (wrong) {
		char *flat = fm_strdup(name);

		fm_strs_flatten(flat);
		printf("%s: '%s' %s\n", e->name, flat, wrong);
		free(flat);
	}
	free(path);
	return !wrong;
}

static bool
build_good(struct fm_cache *c, const struct entry *e)
{
	struct fm_err bad = FM_ERR_INIT;
	json_t *s = fm_cache_state(c, e->key, &bad);
	const json_t *all = json_object_get(s, "artifacts");
	const char *status = fm_json_str(s, "build_status", "");
	char *dir = entry_dir(c, e);
	bool good = s != NULL;
	size_t i;

	if (!s)
		printf("%s: %s\n", e->name, bad.text);
	for (i = 0; strcmp(status, "successful_build") == 0 &&
		    i < json_array_size(all);
	     i++)
		good &= artifact_good(e, dir, json_array_get(all, i));
	free(dir);
	json_decref(s);
	return good;
}

int
show_verify(const struct conf *conf, struct fm_err *err)
{
	struct fm_cache c = FM_CACHE_INIT;
	struct entries e = { 0 };
	size_t i, damaged = 0;
	int rc = entry_open(&c, conf, FM_CACHE_READ, err);

	if (rc == 0 && c.foreign)
		rc = fm_err_set(err, FM_USAGE,
		    "'%s' was made by another tool, which keeps no hashes",
		    c.dir);
	if (rc == 0)
		rc = conf->args.rest.n
			 ? entries_given(&e, &c, &conf->args.rest, err)
			 : entries_all(&e, &c, err);
	for (i = 0; rc == 0 && i < e.n; i++)
		damaged += !build_good(&c, &e.v[i]);
	if (rc == 0)
		printf("%zu of %zu builds are as they were made\n",
		    e.n - damaged, e.n);
	entries_release(&e);
	fm_cache_release(&c);
	return rc == 0 && damaged ? 1 : rc;
}

/* --- why ------------------------------------------------------------------ */

static int
compare(struct fm_cache *c, const struct entries *e, struct fm_err *err)
{
	json_t *a = entry_state(c, &e->v[0], err);
	json_t *b = a ? entry_state(c, &e->v[1], err) : NULL;
	struct fm_strs reasons = FM_STRS_INIT;
	size_t i;

	if (b)
		fm_cache_diff(&reasons, json_object_get(a, "config"),
		    json_object_get(b, "config"), NULL);
	for (i = 0; i < reasons.n; i++)
		(void)puts(reasons.v[i]);
	if (b && reasons.n == 0)
		(void)puts("their inputs do not differ");
	fm_strs_release(&reasons);
	json_decref(a);
	json_decref(b);
	return b ? 0 : -1;
}

/* The options of stages as fm-driver puts them together by itself, in its
 * order: import, check, perhaps optimize, perhaps convert. */
static bool
add_stage_options(struct fm_strs *args, const json_t *stages)
{
	static const struct {
		const char *name, *key, *option;
	} known[] = { { "import", NULL, NULL }, { "check", NULL, NULL },
		{ "optimize", "level", "optimize" },
		{ "convert", "to", "precision" } };
	size_t i, k;

	for (i = k = 0; i < json_array_size(stages); i++, k++) {
		const json_t *s = json_array_get(stages, i);
		const char *name = fm_json_str(s, "stage", "");

		while (k > 1 && k < 4 && strcmp(known[k].name, name) != 0)
			k++;
		if (k == 4 || strcmp(known[k].name, name) != 0)
			return false;
		if (known[k].key)
			fm_strs_add_take(
			    args, fm_strdupf("--%s=%s", known[k].option,
				      fm_json_str(s, known[k].key, "")));
	}
	return i > 1;
}

/* The arguments that a build was made with, as far as its state has them. */
static int
own_arguments(struct fm_strs *args, struct fm_cache *c, const struct entry *e,
    struct fm_err *err)
{
	json_t *state = entry_state(c, e, err);
	const json_t *config = json_object_get(state, "config");
	const char *class = fm_json_str(config, "class", NULL);
	int rc = state ? 0 : -1;

	fm_strs_add(args, e->name);
	fm_strs_add_take(args,
	    fm_strdupf("--model_name=%s",
		fm_json_str(json_object_get(state, "model"), "path", "")));
	if (class)
		fm_strs_add_take(args, fm_strdupf("--model_class=%s", class));
	if (strcmp(fm_json_str(config, "weights", ""), "random") == 0) {
		fm_strs_add(args, "--load_format=dummy");
		fm_strs_add_take(
		    args, fm_strdupf("--seed=%lld",
			      (long long)fm_json_int(config, "seed", 0)));
	}
	if (rc == 0 &&
	    !add_stage_options(args, json_object_get(config, "sequence")))
		rc = fm_err_set(err, FM_USAGE,
		    "build '%s' has stages of its own: give the arguments of "
		    "fm-driver that it was made with",
		    e->name);
	json_decref(state);
	return rc;
}

/* fm-driver beside this program knows what its arguments would build. */
static int
ask_driver(const struct fm_cache *c, const char *name,
    const struct fm_strs *rest, struct fm_err *err)
{
	struct fm_strs argv = FM_STRS_INIT;
	char *own = fm_prog_libexec("x"), *driver;
	size_t i;

	driver = own && strlen(own) > 12
		     ? fm_strdupf("%.*s/bin/fm-driver",
			   (int)(strlen(own) - strlen("/libexec/fm/x")), own)
		     : fm_strdup("fm-driver");
	fm_strs_add_take(&argv, driver);
	fm_strs_add(&argv, "--explain");
	fm_strs_add_take(&argv, fm_strdupf("--build_name=%s", name));
	fm_strs_add_take(&argv, fm_strdupf("--cache_dir=%s", c->dir));
	for (i = 1; i < rest->n; i++)
		fm_strs_add(&argv, rest->v[i]);
	(void)fflush(stdout);
	(void)execv(driver, argv.v);
	(void)fm_err_sys(err, FM_NODEVICE, "cannot run '%s'", driver);
	fm_strs_release(&argv);
	free(own);
	return -1;
}

int
show_why(const struct conf *conf, struct fm_err *err)
{
	const struct fm_strs *rest = &conf->args.rest;
	struct fm_err bad = FM_ERR_INIT;
	struct fm_cache c = FM_CACHE_INIT;
	struct fm_strs own = FM_STRS_INIT;
	struct entries e = { 0 };
	int rc;

	if (rest->n == 0)
		return fm_err_set(err, FM_USAGE,
		    "why what? Give the name of a build, and perhaps another "
		    "one or fm-driver's arguments");
	rc = entry_open(&c, conf, FM_CACHE_READ, err);
	if (rc == 0 && c.foreign)
		rc = fm_err_set(err, FM_USAGE,
		    "'%s' was made by another tool: its builds can be listed "
		    "and reported, not compared",
		    c.dir);
	if (rc == 0 && rest->n == 1) {
		rc = entries_given(&e, &c, rest, err);
		if (rc == 0)
			rc = own_arguments(&own, &c, &e.v[0], err);
		if (rc == 0)
			rc = ask_driver(&c, rest->v[0], &own, err);
	} else if (rc == 0 && rest->n == 2 &&
		   entries_given(&e, &c, rest, &bad) == 0) {
		rc = compare(&c, &e, err);
	} else if (rc == 0) {
		rc = ask_driver(&c, rest->v[0], rest, err);
	}
	fm_strs_release(&own);
	entries_release(&e);
	fm_cache_release(&c);
	return rc;
}

/* --- open ----------------------------------------------------------------- */

/* Is there such a program in PATH? */
static bool
installed(const char *program)
{
	struct fm_strs dirs = FM_STRS_INIT;
	const char *path = getenv("PATH");
	bool yes = false;
	size_t i;

	fm_strs_split(&dirs, path ? path : "", ":");
	for (i = 0; !yes && i < dirs.n; i++) {
		char *full = fm_io_join(dirs.v[i], program);

		yes = access(full, X_OK) == 0;
		free(full);
	}
	fm_strs_release(&dirs);
	return yes;
}

/* The file a viewer shows: the graph that the stages have made, else the
 * import's, else the model that was given. */
static char *
graph_of(const char *dir, const json_t *state)
{
	const char *path =
	    fm_json_str(json_object_get(state, "model"), "path", "");
	const char *last = fm_json_str(state, "graph", NULL);
	char *graph = fm_io_join(
	    dir, last && fm_cache_path_ok(last) ? last : "model.onnx");

	if (last || fm_io_is_file(graph))
		return graph;
	free(graph);
	return fm_io_is_file(path) ? fm_strdup(path)
				   : fm_io_join(path, "model.onnx");
}

/* What a build for GroqView has kept; other tools keep it under one name. */
static char *
groqview_of(const char *dir, const json_t *state)
{
	const char *kept = fm_json_str(state, "groqview", NULL);

	return fm_io_join(
	    dir, kept && fm_cache_path_ok(kept) ? kept : "compile/output_bind");
}

static int
start(const char *program, char *file, struct fm_err *err)
{
	char *name = fm_strdup(program);
	char *argv[] = { name, file, NULL };

	(void)fflush(stdout);
	(void)execvp(name, argv);
	(void)fm_err_sys(err, FM_NODEVICE, "cannot start '%s'", program);
	free(name);
	return -1;
}

static int
view(struct fm_cache *c, const struct entry *e, int viewer, struct fm_err *err)
{
	json_t *state = entry_state(c, e, err);
	char *dir = entry_dir(c, e), *file;
	const char *program = viewer == 0 ? "netron" : "groqview";
	int rc = -1;

	file = viewer == 0 ? graph_of(dir, state) : groqview_of(dir, state);
	if (!state)
		goto out;
	if (viewer == 1 && access(file, R_OK) != 0)
		(void)fm_err_set(err, FM_USAGE,
		    "build '%s' holds nothing for GroqView: it was not built "
		    "with Groq's compiler and its --groqview",
		    e->name);
	else if (viewer == 0 && !fm_io_is_file(file))
		(void)fm_err_set(err, FM_USAGE,
		    "build '%s' has no graph any more: build it again",
		    e->name);
	else if (!installed(program))
		(void)fm_err_set(err, FM_NODEVICE,
		    "%s is not installed: %s. The file to open is '%s'",
		    program,
		    viewer == 0 ? "pip install netron brings it, and "
				  "netron.app shows files without it"
				: "it comes with Groq's SDK",
		    file);
	else
		rc = start(program, file, err);
out:
	free(file);
	free(dir);
	json_decref(state);
	return rc;
}

int
show_open(const struct conf *conf, struct fm_err *err)
{
	struct fm_cache c = FM_CACHE_INIT;
	struct entries e = { 0 };
	int rc;

	if (conf->args.rest.n != 1)
		return fm_err_set(
		    err, FM_USAGE, "which build is to be opened? Name one");
	rc = entry_open(&c, conf, FM_CACHE_READ, err);
	if (rc == 0)
		rc = entries_given(&e, &c, &conf->args.rest, err);
	if (rc == 0)
		rc = view(&c, &e.v[0], conf->viewer, err);
	entries_release(&e);
	fm_cache_release(&c);
	return rc;
}
