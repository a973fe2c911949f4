/*
 * Stages. Each is a function that reads what the ones before it have left in
 * the build's folder, and adds its own; time, status and log are taken care
 * of here, once for all.
 */
#include "build_stage.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "clock.h"
#include "conf.h"
#include "hash.h"
#include "io.h"
#include "json.h"

/* --- the model, as the state has it --------------------------------------- */

static json_t *
port_facts(const struct fm_model_port *p)
{
	json_t *o = json_object(), *shape = json_array();
	int i;

	fm_json_set_str(o, "name", p->name);
	fm_json_set_str(o, "type", fm_type_name(p->type));
	for (i = 0; i < p->rank; i++)
		json_array_append_new(
		    shape, p->dims[i] >= 0
			       ? json_integer(p->dims[i])
			       : json_string(p->syms[i] ? p->syms[i] : "?"));
	if (p->rank >= 0)
		json_object_set_new(o, "shape", shape);
	else
		json_decref(shape);
	return o;
}

static json_t *
ports_facts(const struct fm_model_port *p, size_t n)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(a, port_facts(&p[i]));
	return a;
}

static void
set_facts(json_t *model, const struct fm_model *m)
{
	bool plain = strcmp(m->model_class, "onnx") == 0;

	fm_json_set_str(model, "type", plain ? "onnx_file" : "huggingface");
	fm_json_set_str(model, "class", m->model_class);
	fm_json_set_str(model, "hash", m->hash);
	fm_json_set_int(model, "parameters", m->params);
	fm_json_set_int(model, "size", m->bytes);
	fm_json_set_str(model, "dtype", m->dtype);
	json_object_set_new(
	    model, "inputs", ports_facts(m->inputs, m->n_inputs));
	json_object_set_new(
	    model, "outputs", ports_facts(m->outputs, m->n_outputs));
}

/* --- import --------------------------------------------------------------- */

static struct fm_model_opts
options_of(const struct conf *c, const char *dir)
{
	struct fm_model_opts o = { 0 };

	o.model_class = c->model_class;
	o.dummy = c->load_format == LOAD_DUMMY;
	o.seed = (uint64_t)c->seed;
	o.work = dir;
	return o;
}

/* A folder from the hub becomes a graph; a graph stays where it is. */
static int
stage_import(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err)
{
	struct fm_model_opts o = options_of(w->c, w->dir);
	struct fm_model m;
	size_t i;
	int rc = fm_model_load(&m, w->c->model_path, &o, err);

	(void)options;
	if (rc != 0)
		return -1;
	rc = fm_model_hash_with(&m, w->hash, w->hash_arg, err);
	if (rc == 0) {
		set_facts(json_object_get(w->state, "model"), &m);
		(void)fprintf(log, "model '%s': %s, %lld parameters, %s\n",
		    m.path, m.model_class, (long long)m.params, m.dtype);
		for (i = 0; i < m.notes.n; i++)
			(void)fprintf(log, "note: %s\n", m.notes.v[i]);
	}
	fm_model_release(&m);
	return rc;
}

/* --- the sequence --------------------------------------------------------- */

typedef int stage_fn(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err);

static const struct stage {
	const char *name;
	stage_fn *run;
} stages[] = {
	{ "import", stage_import },
};

json_t *
build_sequence(const struct conf *c)
{
	(void)c;
	return json_pack("[{s:s}]", "stage", "import");
}

static const struct stage *
find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof stages / sizeof *stages; i++)
		if (strcmp(stages[i].name, name) == 0)
			return &stages[i];
	return NULL;
}

/* The stage with its log; what failed is the log's last line, too. */
static int
run_logged(struct stage_work *w, const struct stage *s, const char *log_name,
    const json_t *options, struct fm_err *err)
{
	char *path = fm_io_join(w->dir, log_name);
	FILE *log = fopen(path, "we");
	int rc;

	free(path);
	if (!log)
		return fm_err_sys(err, FM_IO, "cannot write its log");
	rc = s->run(w, options, log, err);
	if (rc != 0)
		(void)fprintf(log, "failed: %s\n", err->text);
	if (fclose(log) != 0 && rc == 0)
		rc = fm_err_sys(err, FM_IO, "cannot write its log");
	return rc;
}

static int
run_stage(struct stage_work *w, const json_t *options, struct fm_err *err)
{
	const char *name = fm_json_str(options, "stage", "");
	const struct stage *s = find(name);
	char *log_name = fm_strdupf("log_%s.txt", name);
	int64_t t0 = fm_clock_now_ns();
	json_t *facts = json_object();
	int rc = run_logged(w, s, log_name, options, err);

	fm_json_set_str(facts, "name", name);
	fm_json_set_str(facts, "status", rc == 0 ? "ok" : "failed");
	json_object_set_new(facts, "seconds",
	    json_real((double)(fm_clock_now_ns() - t0) / 1e9));
	fm_json_set_str(facts, "log", log_name);
	json_array_append_new(json_object_get(w->state, "stages"), facts);
	free(log_name);
	if (rc != 0)
		(void)fm_err_wrap(err, "stage %s", name);
	return rc;
}

/* --- artifacts ------------------------------------------------------------ */

static int
add_artifact(struct stage_work *w, const char *name, struct fm_err *err)
{
	char *path = fm_io_join(w->dir, name);
	json_t *a = json_object();
	char hex[FM_HASH_HEX];
	struct stat st;
	int rc = w->hash(w->hash_arg, path, hex, err);

	if (rc == 0 && stat(path, &st) == 0) {
		fm_json_set_str(a, "path", name);
		fm_json_set_int(a, "bytes", st.st_size);
		fm_json_set_str(a, "hash", hex);
		json_array_append(json_object_get(w->state, "artifacts"), a);
	}
	json_decref(a);
	free(path);
	return rc;
}

/* Whatever the stages left, but the logs and the state. */
static int
list_artifacts(struct stage_work *w, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	DIR *d = opendir(w->dir);
	struct dirent *e;
	size_t i;
	int rc = 0;

	if (!d)
		return fm_err_sys(err, FM_IO, "cannot open '%s'", w->dir);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && strncmp(e->d_name, "log_", 4) != 0 &&
		    strcmp(e->d_name, "state.yaml") != 0)
			fm_strs_add(&names, e->d_name);
	(void)closedir(d);
	fm_strs_sort(&names);
	for (i = 0; rc == 0 && i < names.n; i++)
		rc = add_artifact(w, names.v[i], err);
	fm_strs_release(&names);
	return rc;
}

int
build_run_stages(
    struct stage_work *w, const json_t *sequence, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < json_array_size(sequence); i++)
		if (run_stage(w, json_array_get(sequence, i), err) != 0)
			return -1;
	return list_artifacts(w, err);
}

/* --- loading -------------------------------------------------------------- */

int
build_load(struct fm_model *m, const char *dir, const json_t *state, bool stale,
    const struct conf *c, struct fm_err *err)
{
	const json_t *model = json_object_get(state, "model");
	const json_t *config = json_object_get(state, "config");
	struct fm_model_opts o = options_of(c, dir);
	const char *path = c->model_path;

	if (stale) {
		path = fm_json_str(model, "path", "");
		o.model_class = fm_json_str(config, "class", NULL);
		o.dummy =
		    strcmp(fm_json_str(config, "weights", ""), "random") == 0;
		o.seed = (uint64_t)fm_json_int(config, "seed", 0);
	}
	o.made = true;
	if (fm_model_load(m, path, &o, err) != 0)
		return -1;
	(void)strncat(
	    m->hash, fm_json_str(model, "hash", ""), sizeof m->hash - 1);
	return 0;
}
