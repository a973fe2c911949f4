/*
 * The road of a script: which scripts, a backend that runs each, its account
 * as text, its exports as models. Knows no Python; every name in the account
 * comes from somebody's script and goes only into text.
 */
#include "script.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "build.h"
#include "conf.h"
#include "failure.h"
#include "found.h"
#include "given.h"
#include "io.h"
#include "json.h"
#include "peer.h"
#include "platform.h"
#include "prog.h"
#include "record.h"
#include "text.h"
#include "told.h"

/* One script on its way. */
struct script {
	const struct conf *c;
	struct text *t;
	char *path;
	json_t *hashes; /* the models wanted, or NULL for all */
	char *work;     /* a folder for what the backend writes */
	char *stem;     /* first part of the builds' names */
	json_t *found;  /* FOUND of those that were chosen */
	bool failed;
};

/* --- which scripts --- */

static const char *
hashes_of(const char *name)
{
	const char *at = strstr(name, ".py::");

	return at ? at + strlen(".py::") : NULL;
}

static bool
is_python(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && strcmp(name + n - 3, ".py") == 0;
}

bool
script_is_name(const char *name)
{
	return is_python(name) || hashes_of(name) || told_is_file(name);
}

static bool
holds_scripts(const char *dir)
{
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_strs names = FM_STRS_INIT;
	bool found = false;
	size_t i;

	if (given_list(dir, &names, &ignored) == 0)
		for (i = 0; i < names.n && !found; i++)
			found = is_python(names.v[i]);
	fm_strs_release(&names);
	return found;
}

/* Does the platform's backend load a file of PyTorch's by itself? */
static bool
loads_files(const struct conf *c, const char *platform)
{
	struct fm_err ignored = FM_ERR_INIT;
	struct platform p;
	bool loads =
	    platform_find(&p, platform, c->backend, c->via, &ignored) == 0 &&
	    p.loads;

	platform_release(&p);
	return loads;
}

static bool
all_load_files(const struct conf *c)
{
	size_t i, n = c->platforms.n;

	for (i = 0; i < n && loads_files(c, c->platforms.v[i]); i++)
		continue;
	return i == n;
}

/* A folder to look at may be one of models instead. */
bool
script_is(const struct conf *c)
{
	if (c->all)
		return !c->analyze_only ||
		       holds_scripts(c->search_dir ? c->search_dir : ".");
	if (!c->model_name || !script_is_name(c->model_name))
		return false;
	return !told_is_file(c->model_name) || c->args.rest.n > 1 ||
	       c->analyze_only || c->explain || !all_load_files(c);
}

static int
list_all(const char *dir, struct fm_strs *paths, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	int rc = given_list(dir, &names, err);
	size_t i;

	for (i = 0; i < names.n && rc == 0; i++)
		if (is_python(names.v[i]))
			fm_strs_add_take(paths, fm_io_join(dir, names.v[i]));
	fm_strs_release(&names);
	if (rc == 0 && paths->n == 0)
		return fm_err_set(
		    err, FM_NOMODEL, "'%s' holds no script (.py)", dir);
	return rc;
}

static int
list_scripts(const struct conf *c, struct fm_strs *paths, struct fm_err *err)
{
	const char *dir = c->search_dir ? c->search_dir : c->model_root;
	size_t i;

	if (c->all)
		return list_all(c->search_dir ? dir : ".", paths, err);
	if (c->args.rest.n == 0)
		fm_strs_add_take(paths, fm_io_join(dir, c->model_name));
	for (i = 0; i < c->args.rest.n; i++)
		fm_strs_add_take(paths, fm_io_join(dir, c->args.rest.v[i]));
	return 0;
}

/* --- its account --- */

static void
put_inputs(struct fm_buf *b, json_t *inputs)
{
	const char *name;
	json_t *v;
	size_t i;

	json_object_foreach (inputs, name, v) {
		const char *type = json_string_value(json_array_get(v, 0));

		fm_buf_printf(b, " %s %s[", name, type ? type : "?");
		for (i = 1; i < json_array_size(v); i++)
			fm_buf_printf(b, "%s%lld", i > 1 ? "," : "",
			    (long long)json_integer_value(
				json_array_get(v, i)));
		fm_buf_putc(b, ']');
	}
}

/* A model in the words of the guides. */
static void
put_found(struct script *s, const json_t *f)
{
	struct fm_buf *b = &s->t->b;
	double mb = (double)fm_json_int(f, "bytes", 0) / 1e6;
	int in = (int)fm_json_int(f, "depth", 0) * 4 % 80;

	int64_t calls = fm_json_int(f, "calls", 0);
	int64_t line = fm_json_int(f, "line", 0);

	fm_buf_printf(
	    b, "%*s%s", in, "", fm_json_str(f, "name", "(without a name)"));
	if (calls) /* not of a file */
		fm_buf_printf(b, " (executed %lldx - %.2fs)", (long long)calls,
		    fm_json_num(f, "seconds", 0));
	fm_buf_printf(b, "\n%*s    Model Type:  Pytorch (%s)\n", in, "",
	    fm_json_str(f, "kind", "?"));
	fm_buf_printf(b, "%*s    Class:       %s (%s)\n", in, "",
	    fm_json_str(f, "class", "?"), fm_json_str(f, "module", "?"));
	fm_buf_printf(b, "%*s    Location:    %s", in, "",
	    fm_io_base(fm_json_str(f, "file", "?")));
	if (line)
		fm_buf_printf(b, ", line %lld", (long long)line);
	fm_buf_putc(b, '\n');
	fm_buf_printf(b, "%*s    Parameters:  %lld (%s%.1f MB)\n", in, "",
	    (long long)fm_json_int(f, "parameters", 0), mb < 0.1 ? "<" : "",
	    mb < 0.1 ? 0.1 : mb);
	fm_buf_printf(b, "%*s    Inputs:     ", in, "");
	put_inputs(b, json_object_get(f, "inputs"));
	fm_buf_printf(b, "\n%*s    Hash:        %s\n", in, "",
	    fm_json_str(f, "hash", "?"));
}

/* How the script itself fared. */
static void
take_script(struct script *s, const json_t *v)
{
	const json_t *keras = json_object_get(v, "keras");
	const char *error = fm_json_str(v, "error", NULL);
	size_t i;

	if (error) {
		s->failed = true;
		fm_prog_say(
		    "fm-driver", "%s: the script failed: %s", s->path, error);
	}
	for (i = 0; i < json_array_size(keras); i++) {
		const char *name = json_string_value(json_array_get(keras, i));

		s->failed = true;
		fm_prog_say("fm-driver",
		    "%s: '%s' is a Keras model: export it to ONNX and name "
		    "that file",
		    s->path, name ? name : "?");
	}
}

static int
take_line(struct script *s, const char *line, struct fm_err *err)
{
	static const char found[] = "FMWORK FOUND ",
			  script[] = "FMWORK SCRIPT ";
	bool is_found = strncmp(line, found, sizeof found - 1) == 0;
	json_t *v;

	if (!is_found && strncmp(line, script, sizeof script - 1) != 0)
		return 0;
	line += is_found ? sizeof found - 1 : sizeof script - 1;
	v = fm_json_parse(line, strlen(line), "line of the backend", err);
	if (!v)
		return -1;
	if (is_found)
		put_found(s, v);
	if (is_found && fm_json_bool(v, "chosen", false))
		json_array_append(s->found, v);
	if (!is_found)
		take_script(s, v);
	json_decref(v);
	return 0;
}

/* --- the backend --- */

static json_t *
request(const struct script *s, struct fm_err *err)
{
	const struct conf *c = s->c;
	char *given = c->inputs ? given_absolute(c->inputs, err) : NULL;
	json_t *q = json_object();

	fm_json_set_str(q, "op", "build");
	fm_json_set_str(q, "script", s->path);
	fm_json_set_str(q, "script_args", c->script_args);
	fm_json_set_str(q, "outdir", s->work);
	fm_json_set_int(q, "max_depth", c->max_depth);
	if (given)
		fm_json_set_str(q, "given", given);
	if (c->onnx_opset)
		fm_json_set_int(q, "opset", c->onnx_opset);
	json_object_set_new(q, "analyze_only", json_boolean(c->analyze_only));
	if (s->hashes)
		json_object_set(q, "hashes", s->hashes);
	json_object_set(q, "options", json_object_get(c->subs, "torch"));
	json_object_set(q, "env", c->env_values);
	free(given);
	return q;
}

static int
find_models(struct script *s, struct fm_peer *peer, struct fm_err *err)
{
	json_t *q = request(s, err);
	char *line;
	size_t n;
	int rc = fm_peer_send(peer, q, err);

	json_decref(q);
	while (rc == 0 && (rc = fm_peer_line(peer, &line, &n, err)) == 1)
		rc = take_line(s, line, err);
	return rc;
}

/* STAGE export <seconds> <ok|failed> <text> */
static json_t *
read_stage(const char *line, size_t n)
{
	struct fm_strs words = FM_STRS_INIT;
	const char *body;
	json_t *v = NULL;

	if (fm_record_tag(line, n, &body) != FM_TAG_STAGE)
		return NULL;
	fm_strs_split(&words, body, " ");
	if (words.n > 3)
		v = json_pack("{s:f, s:s, s:s}", "seconds",
		    strtod(words.v[1], NULL), "status", words.v[2], "text",
		    strstr(body, words.v[2]) + strlen(words.v[2]) + 1);
	fm_strs_release(&words);
	return v;
}

/* Has the backend export one into `dir`: {seconds, status, text}, or NULL. */
static json_t *
export_model(const struct script *s, struct fm_peer *peer, const json_t *facts,
    const char *format, const char *dir, struct fm_err *err)
{
	char *full = given_absolute(dir, err), *line;
	json_t *q = json_pack("{s:s, s:s, s:s, s:s*}", "op", "export", "hash",
	    fm_json_str(facts, "hash", ""), "format", format, "outdir", full);
	json_t *done = NULL, *v;
	size_t n;
	int rc;

	if (s->c->onnx_opset)
		fm_json_set_int(q, "opset", s->c->onnx_opset);
	rc = fm_peer_send(peer, q, err);
	while (rc == 0 && (rc = fm_peer_line(peer, &line, &n, err)) == 1) {
		v = read_stage(line, n);
		if (v)
			json_decref(done);
		done = v ? v : done;
		rc = 0;
	}
	if (rc == 0 && !done)
		rc = fm_err_set(err, FM_INTERNAL,
		    "the backend does not say how the export ended");
	json_decref(q);
	free(full);
	if (rc == 0)
		return done;
	json_decref(done);
	return NULL;
}

static struct fm_peer *
start(const struct script *s, int wake_fd, struct fm_err *err)
{
	struct platform p;
	struct fm_peer_conf pc = { .argv = &p.argv,
		.wake_fd = wake_fd,
		.stderr_fd = failure_stderr(),
		.answer_ns = s->c->timeout_ns };
	struct fm_peer *peer = NULL;

	if (platform_find(&p, "cpu", "torch", NULL, err) == 0)
		peer = fm_peer_start(&pc, err);
	platform_release(&p);
	return peer;
}

/* --- the models that were found --- */

/* The command line, as it is for one of them. */
struct one {
	struct conf c;
	struct found f;
	char *name, *dir;
};

static void
one_init(struct one *o, const struct script *s, json_t *facts)
{
	const char *own = s->c->build_name;

	memset(o, 0, sizeof *o);
	o->name =
	    own ? fm_strdup(own)
		: fm_strdupf("%s_%s", s->stem, fm_json_str(facts, "hash", "?"));
	o->dir = fm_io_join(s->work, o->name);
	o->f.facts = json_incref(facts);
	o->f.exports = json_object();
	o->f.name = o->name;
	o->f.dir = o->dir;
	o->c = *s->c;
	o->c.found = &o->f;
	o->c.model_name = o->name;
	o->c.model_path = s->path;
	o->c.build_name = o->name;
}

static void
one_release(struct one *o)
{
	json_decref(o->f.facts);
	json_decref(o->f.exports);
	free(o->dir);
	free(o->name);
}

/* Exports it in one format, unless that build is in the cache. */
static int
prepare(struct script *s, struct one *o, struct fm_peer *peer, bool native,
    struct fm_err *err)
{
	const char *format = found_format(native);
	char *dir;
	json_t *e;
	int have;

	if (json_object_get(o->f.exports, format))
		return 0;
	have = s->c->dry_run ? 0 : build_have(&o->c, native, err);
	if (have < 0)
		return -1;
	if (s->c->rebuild == REBUILD_NEVER ||
	    (have && s->c->rebuild != REBUILD_ALWAYS))
		return 0;
	dir = fm_io_join(o->dir, format);
	e = export_model(s, peer, o->f.facts, format, dir, err);
	free(dir);
	json_object_set_new(o->f.exports, format, e);
	return e ? 0 : -1;
}

/* All the exports that the platforms need. */
static int
prepare_all(
    struct script *s, struct one *o, struct fm_peer *peer, struct fm_err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < s->c->platforms.n && rc == 0; i++) {
		bool native = loads_files(s->c, s->c->platforms.v[i]);

		if (!(native && told_is_file(s->path)))
			rc = prepare(s, o, peer, native, err);
	}
	return rc;
}

/* --build_only --out DIR: the exports are all that is wanted. */
static int
keep(struct script *s, struct one *o, struct fm_peer *peer, struct fm_err *err)
{
	char *dir = fm_io_join(s->c->out, o->name);
	json_t *e = export_model(s, peer, o->f.facts, "onnx", dir, err);
	bool good = e && strcmp(fm_json_str(e, "status", ""), "ok") == 0;

	if (e)
		fm_buf_printf(&s->t->b, "FMWORK STAGE export %.6f %s %s\n",
		    fm_json_num(e, "seconds", 0), good ? "ok" : "failed",
		    good ? dir : fm_json_str(e, "text", ""));
	if (e && !good) {
		s->failed = true;
		fm_prog_say("fm-driver", "%s: stage export: %s", o->name,
		    fm_json_str(e, "text", ""));
	}
	json_decref(e);
	free(dir);
	return e ? 0 : -1;
}

/* While the models are alive: what has to be made of them. */
static int
use_peer(
    struct script *s, struct one *all, struct fm_peer *peer, struct fm_err *err)
{
	size_t i, n = json_array_size(s->found);
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++)
		rc = s->c->build_only && s->c->out
			 ? keep(s, &all[i], peer, err)
			 : prepare_all(s, &all[i], peer, err);
	return rc;
}

/* For a list of points the export itself will do. */
static int
use_export(struct one *o, script_measure *f, void *arg, struct fm_err *err)
{
	const json_t *e = json_object_get(o->f.exports, found_format(false));
	char *dir = fm_io_join(o->dir, found_format(false));
	int rc;

	o->c.model_path = fm_io_join(dir, "model.onnx");
	o->c.inputs = o->c.inputs ? o->c.inputs : dir;
	o->c.found = NULL;
	if (e && strcmp(fm_json_str(e, "status", ""), "ok") != 0)
		rc = fm_err_set(err, FM_INTERNAL, "%s: stage export: %s",
		    o->name, fm_json_str(e, "text", ""));
	else
		rc = f(arg, &o->c, err);
	free(o->c.model_path);
	free(dir);
	return rc;
}

/* The script's process has ended: nothing disturbs what is measured. */
static int
use_models(struct script *s, struct one *all, script_measure *f, void *arg,
    struct fm_err *err)
{
	size_t i, n = json_array_size(s->found);
	int rc = 0;

	if (s->c->build_only && s->c->out)
		return 0;
	for (i = 0; i < n && rc >= 0; i++) {
		if (s->c->explain)
			rc = build_explain(&all[i].c, err);
		else if (s->c->dry_run)
			rc = use_export(&all[i], f, arg, err);
		else
			rc = f(arg, &all[i].c, err);
		s->failed |= rc > 0;
	}
	return rc < 0 ? -1 : 0;
}

static int
check_name(const struct script *s, struct fm_err *err)
{
	if (!s->c->build_name || json_array_size(s->found) < 2)
		return 0;
	return fm_err_set(err, FM_USAGE,
	    "--build_name: '%s' has %zu models: choose one by its hash",
	    s->path, json_array_size(s->found));
}

static int
use_found(struct script *s, struct fm_peer **peer, script_measure *f, void *arg,
    struct fm_err *err)
{
	size_t i, n = json_array_size(s->found);
	struct one *all = fm_calloc(n ? n : 1, sizeof *all);
	int rc = check_name(s, err);

	for (i = 0; i < n; i++)
		one_init(&all[i], s, json_array_get(s->found, i));
	if (rc == 0 && !s->c->explain)
		rc = use_peer(s, all, *peer, err);
	fm_peer_end(*peer);
	*peer = NULL;
	if (rc == 0)
		rc = use_models(s, all, f, arg, err);
	for (i = 0; i < n; i++)
		one_release(&all[i]);
	free(all);
	return rc;
}

/* --- the whole --- */

/* `.py::a,b`: the path without the hashes, and these. */
static void
split_hashes(struct script *s)
{
	const char *list = hashes_of(s->path);
	struct fm_strs words = FM_STRS_INIT;
	size_t i;

	if (!list)
		return;
	fm_strs_split(&words, list, ",");
	s->hashes = json_array();
	for (i = 0; i < words.n; i++)
		json_array_append_new(s->hashes, json_string(words.v[i]));
	fm_strs_release(&words);
	s->path[list - s->path - 2] = '\0';
}

static void
script_init(struct script *s, const char *path)
{
	const char *base;

	s->path = fm_strdup(path);
	split_hashes(s);
	base = fm_io_base(s->path);
	s->stem = fm_strndup(base, (size_t)(strrchr(base, '.') - base));
	s->found = json_array();
}

static int
one_script(const struct conf *c, struct text *t, const char *path, int wake_fd,
    script_measure *f, void *arg, struct fm_err *err)
{
	struct fm_err ignored = FM_ERR_INIT;
	struct script s = { .c = c, .t = t, .work = NULL };
	struct fm_peer *peer = NULL;
	int rc = -1;

	script_init(&s, path);
	s.work = fm_io_tmpdir("fm-script", err);
	text_banner(t, "SCRIPT");
	if (!told_is_file(s.path))
		fm_prog_say("fm-driver",
		    "running %s: be sure that it is safe to run", s.path);
	peer = s.work ? start(&s, wake_fd, err) : NULL;
	if (peer)
		rc = find_models(&s, peer, err);
	if (rc == 0)
		rc = text_flush(t, err);
	if (rc == 0 && !c->analyze_only)
		rc = use_found(&s, &peer, f, arg, err);
	fm_peer_end(peer);
	if (rc == 0)
		rc = s.failed ? 1 : text_flush(t, err);
	if (s.work)
		(void)fm_io_remove_tree(s.work, &ignored);
	json_decref(s.found);
	json_decref(s.hashes);
	free(s.stem);
	free(s.path);
	free(s.work);
	return rc;
}

int
script_each(const struct conf *c, struct text *t, int wake_fd,
    script_measure *f, void *arg, struct fm_err *err)
{
	struct fm_strs paths = FM_STRS_INIT;
	int worst = 0, rc = list_scripts(c, &paths, err);
	size_t i;

	for (i = 0; i < paths.n && rc == 0; i++) {
		int one = one_script(c, t, paths.v[i], wake_fd, f, arg, err);

		/* One that cannot be run does not stop the others. */
		if (one < 0 &&
		    (paths.n == 1 || err->code == FM_STOPPED || t->failed))
			rc = -1;
		else if (one < 0) {
			fm_prog_say(
			    "fm-driver", "%s: %s", paths.v[i], err->text);
			fm_err_clear(err);
		}
		worst = one ? 1 : worst;
	}
	fm_strs_release(&paths);
	return rc ? -1 : worst;
}
