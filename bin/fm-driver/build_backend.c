/*
 * A backend works in a process of its own here, apart from the one that
 * measures: compilers leave threads and memory behind, and all that this one
 * prints goes into the stage's log.
 */
#include "build_backend.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "cache.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "peer.h"
#include "platform.h"
#include "shape.h"

bool
build_backend_can(const struct build_for *f)
{
	return f && f->peer && fm_peer_can(f->peer, "build");
}

/* --- asking --------------------------------------------------------------- */

static struct fm_peer *
start_peer(const struct fm_strs *argv, const struct conf *c, int wake_fd,
    FILE *log, struct fm_err *err)
{
	struct fm_peer_conf pc = { 0 };

	if (log)
		(void)fflush(log);
	pc.argv = argv;
	pc.wake_fd = wake_fd;
	pc.stderr_fd = log ? fileno(log) : -1;
	pc.answer_ns = c->timeout_ns;
	return fm_peer_start(&pc, err);
}

/* A backend for the runtime, started for this alone. */
static struct fm_peer *
start_runtime(const struct conf *c, int wake_fd, FILE *log, struct fm_err *err)
{
	struct fm_peer *peer = NULL;
	struct platform p;

	if (platform_find(&p, "cpu", NULL, NULL, err) == 0)
		peer = start_peer(&p.argv, c, wake_fd, log, err);
	platform_release(&p);
	return peer;
}

/* Of the options for the runtime, the one that says which it is. */
static json_t *
runtime_options(const struct conf *c)
{
	json_t *ort = json_object_get(c->subs, "ort");

	return json_pack("{s:O*}", "library", json_object_get(ort, "library"));
}

/* Takes the lines of an answer that begin with `tag`, without it. */
static int
ask(struct fm_peer *peer, const json_t *q, const char *tag,
    struct fm_strs *said, struct fm_err *err)
{
	size_t n, skip = strlen(tag);
	char *line;
	int rc = fm_peer_send(peer, q, err);

	if (rc != 0)
		return -1;
	while ((rc = fm_peer_line(peer, &line, &n, err)) == 1)
		if (strncmp(line, tag, skip) == 0)
			fm_strs_add(said, line + skip);
	return rc;
}

/* --- the key -------------------------------------------------------------- */

/* A request of this kind, with what a device's software must know before it
 * is loaded. */
static json_t *
request_like(const json_t *open, const char *op, const json_t *options)
{
	static const char *const same[] = { "env", "cpus", "devices" };
	json_t *q = json_object();
	size_t i;

	fm_json_set_str(q, "op", op);
	json_object_set_new(
	    q, "options", options ? json_deep_copy(options) : json_object());
	for (i = 0; i < sizeof same / sizeof *same; i++)
		if (json_object_get(open, same[i]))
			json_object_set(
			    q, same[i], json_object_get(open, same[i]));
	return q;
}

static int
set_version(json_t *stage, const char *key, struct fm_peer *peer,
    const json_t *open, const json_t *options, struct fm_err *err)
{
	struct fm_strs said = FM_STRS_INIT;
	json_t *q = request_like(open, "version", options);
	int rc = ask(peer, q, "FMWORK VERSION ", &said, err);

	if (rc == 0 && said.n == 0)
		rc = fm_err_set(err, FM_INTERNAL,
		    "backend '%s' does not tell its version",
		    fm_peer_name(peer));
	if (rc == 0)
		fm_json_set_str(stage, key, said.v[0]);
	json_decref(q);
	fm_strs_release(&said);
	return rc;
}

/* Is the backend that runs the model the runtime of this machine? */
static bool
is_runtime(const struct platform *p)
{
	struct fm_err ignored = FM_ERR_INIT;
	struct platform own;
	bool same = false;

	if (platform_find(&own, "cpu", NULL, NULL, &ignored) == 0)
		same = p->argv.n == 1 && own.argv.n == 1 &&
		       strcmp(p->argv.v[0], own.argv.v[0]) == 0;
	platform_release(&own);
	return same;
}

/* It loads the runtime's library for that: a second process would cost more
 * than all else of a build that is there. */
static int
optimize_inputs(json_t *stage, const struct conf *c, const struct build_for *f,
    struct fm_err *err)
{
	bool own = f && f->peer && is_runtime(f->platform);
	json_t *options = runtime_options(c);
	struct fm_peer *peer =
	    own ? f->peer : start_runtime(c, f ? f->wake_fd : -1, NULL, err);
	int rc = peer ? set_version(stage, "runtime", peer, f ? f->open : NULL,
			    options, err)
		      : -1;

	if (!own)
		fm_peer_end(peer);
	json_decref(options);
	return rc;
}

static int
build_inputs(json_t *stage, const struct conf *c, const struct build_for *f,
    struct fm_err *err)
{
	const json_t *options;

	if (!build_backend_can(f))
		return fm_err_set(err, FM_USAGE,
		    "stage 'build': backend '%s' has no compiler",
		    f ? f->platform->backend : "none");
	if (f->away)
		return fm_err_set(err, FM_USAGE,
		    "stage 'build': backend '%s' is on another host, and "
		    "compiles only where the cache is",
		    f->platform->backend);
	options = json_object_get(f->open, "options");
	fm_json_set_str(stage, "backend", f->platform->backend);
	json_object_set_new(stage, "options",
	    options ? json_deep_copy(options) : json_object());
	if (json_object_size(c->env_values))
		json_object_set(stage, "env", c->env_values);
	if (c->groqview && fm_peer_can(f->peer, "groqview"))
		json_object_set_new(stage, "groqview", json_true());
	return set_version(stage, "version", f->peer, f->open, options, err);
}

int
build_backend_inputs(json_t *sequence, const struct conf *c,
    const struct build_for *f, struct fm_err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < json_array_size(sequence); i++) {
		json_t *stage = json_array_get(sequence, i);
		const char *name = fm_json_str(stage, "stage", "");

		if (strcmp(name, "optimize") == 0)
			rc = optimize_inputs(stage, c, f, err);
		else if (strcmp(name, "build") == 0)
			rc = build_inputs(stage, c, f, err);
	}
	return rc;
}

/* --- optimize ------------------------------------------------------------- */

/* A request to load the graph and to write what becomes of it. */
static json_t *
optimize_request(const struct stage_work *w, const json_t *inputs,
    const char *level, const char *to)
{
	static const char file[] =
	    "session.optimized_model_external_initializers_file_name";
	static const char least[] = "session.optimized_model_external_"
				    "initializers_min_size_in_bytes";
	json_t *options = runtime_options(w->c);

	fm_json_set_str(options, "graph_optimization_level", level);
	fm_json_set_str(options, "save_optimized", to);
	json_object_set_new(options, "config",
	    json_pack("{s:s, s:s}", file, "optimized.weights", least, "1024"));
	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:O, s:o}", "op", "open",
	    "model", "kind", "onnx", "path", w->graph, "weights", w->weights,
	    "inputs", inputs, "options", options);
}

/* The inputs of the graph, as the stages before have left it. */
static json_t *
current_inputs(const struct stage_work *w, struct fm_err *err)
{
	struct fm_model m;
	json_t *inputs;

	if (build_load_current(&m, w, err) != 0)
		return NULL;
	inputs = shape_inputs(&m);
	fm_model_release(&m);
	return inputs;
}

int
build_backend_optimize(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err)
{
	const char *level = fm_json_str(options, "level", "all");
	char *to = fm_io_join(w->dir, "optimized.onnx");
	json_t *inputs = current_inputs(w, err), *q = NULL;
	struct fm_peer *peer = NULL;
	int rc = -1;

	if (inputs)
		peer = start_runtime(w->c, w->f->wake_fd, log, err);
	if (peer) {
		q = optimize_request(w, inputs, level, to);
		rc = fm_peer_send(peer, q, err) == 0 ? fm_peer_finish(peer, err)
						     : -1;
	}
	fm_peer_end(peer);
	if (rc == 0 && !fm_io_is_file(to))
		rc = fm_err_set(err, FM_INTERNAL,
		    "the runtime has written no graph: '%s'", to);
	if (rc == 0) {
		build_use_graph(w, "optimized.onnx");
		(void)fprintf(log, "%s, level %s\n",
		    fm_json_str(options, "runtime", "?"), level);
	}
	json_decref(q);
	json_decref(inputs);
	free(to);
	return rc;
}

/* --- build ---------------------------------------------------------------- */

static json_t *
build_request(const struct stage_work *w, const json_t *options, json_t *inputs)
{
	const char *cls =
	    fm_json_str(json_object_get(w->state, "model"), "class", "");
	json_t *q = request_like(
	    w->f->open, "build", json_object_get(options, "options"));

	json_object_set_new(q, "model",
	    json_pack("{s:s, s:s, s:s, s:s}", "kind", "onnx", "path", w->graph,
		"weights", w->weights, "class", cls));
	json_object_set(q, "inputs", inputs);
	if (w->f->dims)
		json_object_set_new(q, "dims", json_deep_copy(w->f->dims));
	fm_json_set_str(q, "dir", w->dir);
	if (fm_json_bool(options, "groqview", false))
		json_object_set_new(q, "groqview", json_true());
	return q;
}

/* "NAME", the program, or "NAME groqview", what that viewer reads. */
static int
take_artifact(struct stage_work *w, const char *said, struct fm_err *err)
{
	size_t n = strcspn(said, " ");
	const char *use = said[n] ? said + n + 1 : "artifact";
	char *name = fm_strndup(said, n), *path = fm_io_join(w->dir, name);
	int rc = 0;

	if (strcmp(use, "artifact") != 0 && strcmp(use, "groqview") != 0)
		rc = fm_err_set(err, FM_INTERNAL,
		    "the backend's artifact '%.80s' is of no known use", said);
	else if (!fm_cache_path_ok(name))
		rc = fm_err_set(err, FM_INTERNAL,
		    "the backend's artifact '%.80s' is no file of the build",
		    name);
	else if (!fm_io_is_file(path) && !fm_io_is_dir(path))
		rc = fm_err_set(err, FM_INTERNAL,
		    "the backend's artifact '%.80s' was not made", name);
	else if (!json_object_get(w->state, use))
		fm_json_set_str(w->state, use, name);
	free(name);
	free(path);
	return rc;
}

int
build_backend_build(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err)
{
	struct fm_strs said = FM_STRS_INIT;
	json_t *inputs = current_inputs(w, err), *q = NULL;
	struct fm_peer *peer = NULL;
	size_t i;
	int rc = -1;

	(void)fprintf(log, "%s\n", fm_json_str(options, "version", "?"));
	if (inputs)
		peer = start_peer(
		    &w->f->platform->argv, w->c, w->f->wake_fd, log, err);
	if (peer) {
		q = build_request(w, options, inputs);
		rc = ask(peer, q, "FMWORK ARTIFACT ", &said, err);
	}
	fm_peer_end(peer);
	for (i = 0; rc == 0 && i < said.n; i++)
		rc = take_artifact(w, said.v[i], err);
	json_decref(q);
	json_decref(inputs);
	fm_strs_release(&said);
	return rc;
}
