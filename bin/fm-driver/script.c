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

/* What a backend has to tell of a script after its time. */
#define LATE_NS INT64_C(5000000000)

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

static bool
is_name(const char *name)
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

static bool
all_load_files(const struct conf *c)
{
	size_t i, n = c->platforms.n;

	for (i = 0; i < n && found_loads(c, c->platforms.v[i]); i++)
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
	if (!c->model_name || !is_name(c->model_name))
		return false;
	return !told_is_file(c->model_name) || c->analyze_only || c->explain ||
	       !all_load_files(c);
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

	if (c->all)
		return list_all(c->search_dir ? dir : ".", paths, err);
	fm_strs_add_take(paths, fm_io_join(dir, c->model_name));
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

/* For --json: the same as the backend told it, and of which script. */
static void
put_json(struct script *s, json_t *f)
{
	fm_json_set_str(f, "location", s->path);
	json_array_append(s->all, f);
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
	if (is_found && s->all)
		put_json(s, v);
	else if (is_found)
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

	fm_json_set_str(q, "op", "find");
	fm_json_set_str(q, "script", s->path);
	fm_json_set_str(q, "script_args", c->script_args);
	fm_json_set_str(q, "outdir", s->work);
	fm_json_set_int(q, "max_depth", c->max_depth);
	if (c->timeout_ns)
		json_object_set_new(
		    q, "timeout", json_real((double)c->timeout_ns / 1e9));
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

/* --timeout is for the script. The backend ends it and tells what it has
 * found; if it cannot, it is given up itself, a little later. */
static int
find_models(struct script *s, struct fm_peer *peer, struct fm_err *err)
{
	int64_t limit = s->c->timeout_ns;
	json_t *q = request(s, err);
	char *line;
	size_t n;
	int rc;

	fm_peer_limit(peer, limit ? limit + LATE_NS : 0);
	rc = fm_peer_send(peer, q, err);

	json_decref(q);
	while (rc == 0 && (rc = fm_peer_line(peer, &line, &n, err)) == 1)
		rc = take_line(s, line, err);
	fm_peer_limit(peer, limit);
	return rc;
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
    json_t *all, script_measure *f, void *arg, struct fm_err *err)
{
	struct fm_err ignored = FM_ERR_INIT;
	struct script s = { .c = c, .t = t, .wake_fd = wake_fd, .all = all };
	struct fm_peer *peer = NULL;
	int rc = -1;

	script_init(&s, path);
	s.work = fm_io_tmpdir("fm-script", err);
	if (!all)
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
		rc = found_use(&s, &peer, f, arg, err);
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
script_each(const struct conf *c, struct text *t, int wake_fd, json_t *all,
    script_measure *f, void *arg, struct fm_err *err)
{
	struct fm_strs paths = FM_STRS_INIT;
	int worst = 0, rc = list_scripts(c, &paths, err);
	size_t i;

	for (i = 0; i < paths.n && rc == 0; i++) {
		int one =
		    one_script(c, t, paths.v[i], wake_fd, all, f, arg, err);

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
