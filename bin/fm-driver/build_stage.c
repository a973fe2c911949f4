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
#include "buf.h"
#include "build_backend.h"
#include "build_export.h"
#include "clock.h"
#include "conf.h"
#include "hash.h"
#include "io.h"
#include "json.h"
#include "model/convert.h"
#include "monitor.h"
#include "pump.h"

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

void
build_set_facts(json_t *model, const struct fm_model *m)
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

struct fm_model_opts
build_model_opts(const struct conf *c, const char *dir)
{
	struct fm_model_opts o = { 0 };

	o.model_class = c->model_class;
	o.dummy = c->load_format == LOAD_DUMMY;
	o.seed = (uint64_t)c->seed;
	o.work = dir;
	return o;
}

static const char *
source_of(const struct stage_work *w)
{
	return w->source ? w->source : w->c->model_path;
}

/* A folder from the hub becomes a graph; a graph stays where it is. */
static int
stage_import(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err)
{
	struct fm_model_opts o = build_model_opts(w->c, w->dir);
	struct fm_model m;
	size_t i;
	int rc = fm_model_load(&m, source_of(w), &o, err);

	(void)options;
	if (rc != 0)
		return -1;
	rc = fm_model_hash_with(&m, w->hash, w->hash_arg, err);
	if (rc == 0) {
		build_set_facts(json_object_get(w->state, "model"), &m);
		(void)fprintf(log, "model '%s': %s, %lld parameters, %s\n",
		    m.path, m.model_class, (long long)m.params, m.dtype);
		for (i = 0; i < m.notes.n; i++)
			(void)fprintf(log, "note: %s\n", m.notes.v[i]);
		w->graph = fm_strdup(m.graph);
		w->weights = fm_strdup(m.weights);
	}
	fm_model_release(&m);
	return rc;
}

/* --- check ---------------------------------------------------------------- */

int
build_load_current(
    struct fm_model *m, const struct stage_work *w, struct fm_err *err)
{
	bool imported = !json_object_get(w->state, "graph");
	struct fm_model_opts o = build_model_opts(w->c, w->dir);

	o.made = true;
	return fm_model_load(m, imported ? source_of(w) : w->graph, &o, err);
}

/*
 * Reads the graph again, as it will be read from the build: its form, its
 * ports, and whether all the data is there that it refers to.
 */
static int
stage_check(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err)
{
	struct fm_model m;

	(void)options;
	if (build_load_current(&m, w, err) != 0)
		return -1;
	(void)fprintf(log, "%zu inputs, %zu outputs, %zu files of weights\n",
	    m.n_inputs, m.n_outputs, m.files.n);
	fm_model_release(&m);
	return 0;
}

/* --- convert -------------------------------------------------------------- */

void
build_use_graph(struct stage_work *w, const char *name)
{
	free(w->graph);
	free(w->weights);
	w->graph = fm_io_join(w->dir, name);
	w->weights = fm_strdup(w->dir);
	fm_json_set_str(w->state, "graph", name);
}

static const struct {
	const char *to, *name, *graph;
	enum fm_type type;
} targets[] = {
	{ "fp16", "half", "half.onnx", FM_TYPE_FLOAT16 },
	{ "bf16", "bf16", "bf16.onnx", FM_TYPE_BFLOAT16 },
};

/* For the log, and for all who load the build. */
static void
set_notes(struct stage_work *w, const struct fm_strs *notes, FILE *log)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < notes->n; i++) {
		(void)fprintf(log, "note: %s\n", notes->v[i]);
		json_array_append_new(a, json_string(notes->v[i]));
	}
	if (notes->n)
		json_object_set(w->state, "notes", a);
	json_decref(a);
}

static int
stage_convert(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err)
{
	size_t k = strcmp(fm_json_str(options, "to", ""), "bf16") == 0;
	struct fm_strs notes = FM_STRS_INIT;
	struct fm_model m;
	int rc = build_load_current(&m, w, err);

	if (rc != 0)
		return -1;
	rc = fm_model_convert(
	    &m, targets[k].type, w->dir, targets[k].name, &notes, err);
	if (rc == 0) {
		(void)fprintf(log, "%s to %s\n", m.dtype, targets[k].to);
		set_notes(w, &notes, log);
		build_use_graph(w, targets[k].graph);
		fm_json_set_str(w->state, "precision", targets[k].to);
	}
	fm_strs_release(&notes);
	fm_model_release(&m);
	return rc;
}

/* --- commands of one's own ------------------------------------------------ */

/* Puts what stands for {graph}, {weights} and {dir} in their places. */
static char *
fill_in(const struct stage_work *w, const char *word)
{
	const struct {
		const char *name, *value;
	} places[] = {
		{ "{graph}", w->graph },
		{ "{weights}", w->weights },
		{ "{dir}", w->dir },
	};
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	while (*word) {
		for (i = 0; i < 3; i++)
			if (strncmp(word, places[i].name,
				strlen(places[i].name)) == 0)
				break;
		if (i == 3) {
			fm_buf_putc(&b, *word++);
			continue;
		}
		fm_buf_puts(&b, places[i].value);
		word += strlen(places[i].name);
	}
	return fm_buf_detach(&b);
}

/* Runs it to its end; all it says goes to the log. */
static int
run_command(const struct stage_work *w, const struct fm_strs *argv, FILE *log,
    struct fm_err *err)
{
	struct fm_pump p;
	char text[80], *line;
	size_t n;
	int rc = 0;

	(void)fflush(log);
	if (fm_pump_start(&p, argv->v, w->f->wake_fd, fileno(log), err) != 0)
		return -1;
	fm_proc_hang_up(&p.proc);
	while (rc == 0 && !(p.proc.done && p.out_eof && p.err_eof)) {
		if (fm_pump_turn(&p, -1, true) == FM_PUMP_WOKEN)
			rc = fm_err_set(err, FM_STOPPED, "stopped");
		while ((line = fm_pump_line(&p, &n)))
			(void)fprintf(log, "%s\n", line);
		if (p.out_eof && p.err_eof)
			(void)fm_proc_wait(&p.proc, -1);
	}
	if (rc == 0 && p.proc.status != 0)
		rc = fm_err_set(err, FM_INTERNAL, "'%s' ended with %s",
		    argv->v[0],
		    fm_proc_status_text(&p.proc, text, sizeof text));
	fm_pump_end(&p, 0, 1000000000);
	return rc;
}

/* What it has declared must be there; the first graph among it is the new
 * one. */
static int
take_outputs(struct stage_work *w, const json_t *outputs, struct fm_err *err)
{
	bool have_graph = false;
	size_t i;

	for (i = 0; i < json_array_size(outputs); i++) {
		const char *s = json_string_value(json_array_get(outputs, i));
		char *path = fm_io_join(w->dir, s);
		size_t n = strlen(s);
		struct stat st;
		bool there = lstat(path, &st) == 0;

		free(path);
		/* What a link leads to is no part of the build. */
		if (there && !S_ISREG(st.st_mode))
			return fm_err_set(err, FM_INTERNAL,
			    "its output '%s' is no plain file", s);
		if (!there)
			return fm_err_set(err, FM_INTERNAL,
			    "its output '%s' was not made", s);
		if (!have_graph && n > 5 && strcmp(s + n - 5, ".onnx") == 0) {
			build_use_graph(w, s);
			have_graph = true;
		}
	}
	return 0;
}

static int
stage_command(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err)
{
	const json_t *words = json_object_get(options, "argv");
	struct fm_strs argv = FM_STRS_INIT;
	size_t i;
	int rc;

	for (i = 0; i < json_array_size(words); i++)
		fm_strs_add_take(&argv,
		    fill_in(w, json_string_value(json_array_get(words, i))));
	rc = run_command(w, &argv, log, err);
	if (rc == 0)
		rc = take_outputs(w, json_object_get(options, "outputs"), err);
	fm_strs_release(&argv);
	return rc;
}

/* --- running them --------------------------------------------------------- */

typedef int stage_fn(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err);

static const struct stage {
	const char *name;
	stage_fn *run;
} stages[] = {
	{ "export", build_export },
	{ "import", stage_import },
	{ "check", stage_check },
	{ "optimize", build_backend_optimize },
	{ "convert", stage_convert },
	{ "build", build_backend_build },
};

static const struct stage command = { "command", stage_command };

static const struct stage *
find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof stages / sizeof *stages; i++)
		if (strcmp(stages[i].name, name) == 0)
			return &stages[i];
	return &command;
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
	int rc;

	monitor_stage(w->monitor, name);
	w->before_ns = 0;
	rc = run_logged(w, s, log_name, options, err);
	t0 -= w->before_ns;
	monitor_stage_end(w->monitor, rc == 0, fm_clock_now_ns() - t0);
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

/* All files below a folder, but the logs and the state at the top. */
static int
find_artifacts(const char *dir, const char *below, struct fm_strs *names,
    struct fm_err *err)
{
	char *path = below ? fm_io_join(dir, below) : fm_strdup(dir);
	DIR *d = opendir(path);
	struct dirent *e;
	int rc = 0;

	if (!d)
		rc = fm_err_sys(err, FM_IO, "cannot open '%s'", path);
	while (d && rc == 0 && (e = readdir(d))) {
		struct stat st;
		char *name, *full;

		if (e->d_name[0] == '.' ||
		    (!below && (strncmp(e->d_name, "log_", 4) == 0 ||
				   strcmp(e->d_name, "state.yaml") == 0)))
			continue;
		name =
		    below ? fm_io_join(below, e->d_name) : fm_strdup(e->d_name);
		full = fm_io_join(dir, name);
		if (lstat(full, &st) == 0 && S_ISDIR(st.st_mode))
			rc = find_artifacts(dir, name, names, err);
		else
			fm_strs_add(names, name);
		free(name);
		free(full);
	}
	if (d)
		(void)closedir(d);
	free(path);
	return rc;
}

static int
list_artifacts(struct stage_work *w, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	size_t i;
	int rc = find_artifacts(w->dir, NULL, &names, err);

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
	int rc = 0;

	for (i = 0; rc == 0 && i < json_array_size(sequence); i++)
		rc = run_stage(w, json_array_get(sequence, i), err);
	free(w->source);
	free(w->graph);
	free(w->weights);
	return rc == 0 ? list_artifacts(w, err) : rc;
}
