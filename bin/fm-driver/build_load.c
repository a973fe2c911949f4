/*
 * The model of a build that is complete: what the import knew of it, and the
 * graph that the last stage has left.
 */
#include "build_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "build_stage.h"
#include "cache.h"
#include "conf.h"
#include "hash.h"
#include "io.h"
#include "json.h"

static const struct fm_model_port *
port_of(const struct fm_model_port *p, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(p[i].name, name) == 0)
			return &p[i];
	return NULL;
}

/* Marks what a conversion has made of float. */
static void
mark(struct fm_model_port *p, const struct fm_model_port *old)
{
	p->was_float =
	    old && old->type == FM_TYPE_FLOAT &&
	    (p->type == FM_TYPE_FLOAT16 || p->type == FM_TYPE_BFLOAT16);
}

/*
 * What the last graph says of itself, without what only the import knew: how
 * inputs are filled, while they still are those inputs.
 */
static void
merge(struct fm_model *m, struct fm_model *last)
{
	const struct fm_model_port *old;
	struct fm_model was = *m;
	size_t i;

	for (i = 0; i < last->n_inputs; i++) {
		old = port_of(m->inputs, m->n_inputs, last->inputs[i].name);
		mark(&last->inputs[i], old);
		if (!old)
			continue;
		json_decref(last->inputs[i].fill);
		last->inputs[i].fill = json_incref(old->fill);
	}
	for (i = 0; i < last->n_outputs; i++)
		mark(&last->outputs[i],
		    port_of(m->outputs, m->n_outputs, last->outputs[i].name));
	m->inputs = last->inputs;
	m->n_inputs = last->n_inputs;
	m->outputs = last->outputs;
	m->n_outputs = last->n_outputs;
	m->graph = last->graph;
	m->weights = last->weights;
	m->dtype = last->dtype;
	m->bytes = last->bytes;
	last->inputs = was.inputs;
	last->n_inputs = was.n_inputs;
	last->outputs = was.outputs;
	last->n_outputs = was.n_outputs;
	last->graph = was.graph;
	last->weights = was.weights;
	last->dtype = was.dtype;
}

/* The graph of the last stage in place of the import's. */
static int
use_last_graph(
    struct fm_model *m, const char *dir, const char *graph, struct fm_err *err)
{
	struct fm_model_opts o = { 0 };
	struct fm_model last;
	char *path;
	int rc;

	if (fm_cache_name_check(graph, err) != 0)
		return -1;
	path = fm_io_join(dir, graph);
	rc = fm_model_load(&last, path, &o, err);
	free(path);
	if (rc != 0)
		return -1;
	merge(m, &last);
	fm_model_release(&last);
	return 0;
}

/* Points measured on what the stages made are others than those of the model
 * as it was: they go into the hash. */
static void
hash_stages(struct fm_model *m, const json_t *config)
{
	struct fm_buf b = FM_BUF_INIT;

	fm_buf_puts(&b, m->hash);
	fm_json_put(&b, json_object_get(config, "sequence"));
	fm_hash_of(b.s, b.len, m->hash);
	fm_buf_release(&b);
}

static void
add_notes(struct fm_model *m, const json_t *notes)
{
	size_t i;

	for (i = 0; i < json_array_size(notes); i++) {
		const char *s = json_string_value(json_array_get(notes, i));

		if (s)
			fm_strs_add(&m->notes, s);
	}
}

int
build_load(struct fm_model *m, const char *dir, const json_t *state, bool stale,
    const struct conf *c, struct fm_err *err)
{
	const json_t *model = json_object_get(state, "model");
	const json_t *config = json_object_get(state, "config");
	struct fm_model_opts o = build_model_opts(c, dir);
	const char *path = c->model_path;
	const char *graph = fm_json_str(state, "graph", NULL);
	char *own = c->found ? fm_io_join(dir, "model.onnx") : NULL;
	int rc;

	if (stale) {
		path = fm_json_str(model, "path", "");
		o.model_class = fm_json_str(config, "class", NULL);
		o.dummy =
		    strcmp(fm_json_str(config, "weights", ""), "random") == 0;
		o.seed = (uint64_t)fm_json_int(config, "seed", 0);
	}
	o.made = true;
	rc = fm_model_load(m, own ? own : path, &o, err);
	free(own);
	if (rc != 0)
		return -1;
	(void)snprintf(
	    m->hash, sizeof m->hash, "%.32s", fm_json_str(model, "hash", ""));
	if (graph && use_last_graph(m, dir, graph, err) != 0) {
		fm_model_release(m);
		return -1;
	}
	add_notes(m, json_object_get(state, "notes"));
	if (graph || json_object_get(state, "artifact"))
		hash_stages(m, config);
	return 0;
}
