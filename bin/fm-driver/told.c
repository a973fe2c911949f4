/*
 * Reads a backend's account of a model into the form that models read here
 * have, so that sizes, given inputs and expected outputs are checked by the
 * same code. The account comes from another program: nothing in it is
 * believed.
 */
#include "told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "conf.h"
#include "given.h"
#include "hash.h"
#include "io.h"
#include "json.h"
#include "strs.h"

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && strcmp(s + n - k, end) == 0;
}

bool
told_is_file(const char *path)
{
	return ends_with(path, ".pt") || ends_with(path, ".pt2");
}

static const char *
kind_of(const char *path)
{
	if (ends_with(path, ".onnx"))
		return "onnx";
	return told_is_file(path) ? "file" : "hf";
}

/* TEXT, or @FILE: what is in it, to the last byte. */
static int
add_prompt(json_t *open, const struct conf *c, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	json_t *text = NULL;
	int rc = 0;

	if (!c->prompt)
		return 0;
	if (c->prompt[0] == '@')
		rc = fm_io_read_file(c->prompt + 1, &b, err);
	else
		fm_buf_puts(&b, c->prompt);
	if (rc == 0)
		text = json_stringn(b.s ? b.s : "", b.len);
	if (rc == 0 && !text)
		rc = fm_err_set(
		    err, FM_USAGE, "--prompt: the text is not UTF-8");
	if (text)
		json_object_set_new(open, "prompt", text);
	fm_buf_release(&b);
	return rc;
}

int
told_request(json_t *open, const struct conf *c, const char *path,
    const char *platform, struct fm_err *err)
{
	static const char *const formats[] = { "auto", "safetensors", "dummy" };
	json_t *model = json_object();
	char *given = c->inputs ? given_absolute(c->inputs, err) : NULL;

	fm_json_set_str(model, "kind", kind_of(path));
	fm_json_set_str(model, "path", path);
	if (given)
		fm_json_set_str(model, "given", given);
	free(given);
	fm_json_set_str(model, "class", c->model_class);
	fm_json_set_str(model, "load_format", formats[c->load_format]);
	fm_json_set_int(model, "seed", c->seed);
	json_object_set_new(open, "model", model);
	fm_json_set_str(open, "platform", platform);
	json_object_set_new(open, "compile", json_boolean(c->compile));
	json_object_set_new(open, "eval", json_boolean(c->eval));
	json_object_set(open, "sets", c->subs);
	if (c->n_output)
		json_object_set_new(open, "generate", json_true());
	json_object_set_new(open, "outputs", json_boolean(c->infer != NULL));
	return add_prompt(open, c, err);
}

int
told_dims(
    const json_t *told, const struct conf *c, json_t **dims, struct fm_err *err)
{
	json_t *d = json_object_get(told, "dims");
	int64_t n = fm_json_int(d, "sequence", 0);

	*dims = NULL;
	if (!c->input_sizes)
		*dims = json_incref(d);
	else if (n && (c->n_input != 1 || c->input[0] != n))
		return fm_err_set(err, FM_USAGE,
		    "--input_sizes '%s': the prompt has %lld tokens",
		    c->input_sizes, (long long)n);
	return 0;
}

/* --- ports --- */

static int
bad_port(const char *what, struct fm_err *err)
{
	return fm_err_set(err, FM_INTERNAL,
	    "the backend tells of a model whose inputs have no %s", what);
}

static int
read_dim(struct fm_model_port *p, int k, const json_t *v, struct fm_err *err)
{
	const char *name = json_string_value(v);

	p->dims[k] = name ? -1 : json_integer_value(v);
	p->syms[k] = name ? fm_strdup(name) : NULL;
	if (!name && (!json_is_integer(v) || p->dims[k] < 0))
		return bad_port("proper shape", err);
	return 0;
}

static int
read_input(struct fm_model_port *p, const json_t *v, struct fm_err *err)
{
	const json_t *shape = json_object_get(v, "shape");
	const char *name = fm_json_str(v, "name", NULL);
	size_t k;

	if (!name)
		return bad_port("name", err);
	p->name = fm_strdup(name);
	p->type = fm_type_of(fm_json_str(v, "type", ""));
	p->fill = json_incref(json_object_get(v, "fill"));
	if (fm_type_size(p->type) == 0)
		return bad_port("type", err);
	if (!json_is_array(shape) || json_array_size(shape) > FM_DIMS_MAX)
		return bad_port("shape", err);
	p->rank = (int)json_array_size(shape);
	for (k = 0; k < json_array_size(shape); k++)
		if (read_dim(p, (int)k, json_array_get(shape, k), err) != 0)
			return -1;
	return 0;
}

static int
read_ports(struct fm_model *m, const json_t *told, struct fm_err *err)
{
	const json_t *in = json_object_get(told, "inputs");
	const json_t *out = json_object_get(told, "outputs");
	size_t i;

	m->n_inputs = json_array_size(in);
	m->inputs = fm_calloc(m->n_inputs, sizeof *m->inputs);
	m->n_outputs = json_array_size(out);
	m->outputs = fm_calloc(m->n_outputs, sizeof *m->outputs);
	for (i = 0; i < m->n_outputs; i++) {
		const char *name = json_string_value(json_array_get(out, i));

		m->outputs[i].name = fm_strdup(name ? name : "");
		m->outputs[i].rank = -1;
	}
	for (i = 0; i < m->n_inputs; i++)
		if (read_input(&m->inputs[i], json_array_get(in, i), err) != 0)
			return -1;
	return 0;
}

/* --- content --- */

/* Weights and what says how to compute with them; not the tokenizer. */
static bool
is_content(const char *name)
{
	return strcmp(name, "config.json") == 0 ||
	       ends_with(name, ".safetensors") || ends_with(name, ".bin") ||
	       ends_with(name, ".py");
}

static int
hash_folder(struct fm_model *m, const char *dir, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	struct fm_hash *h = fm_hash_new();
	int rc = given_list(dir, &names, err);
	size_t i;

	fm_hash_puts(h, m->model_class);
	for (i = 0; i < names.n && rc == 0; i++) {
		char *path = fm_io_join(dir, names.v[i]);

		if (is_content(names.v[i]) && fm_io_is_file(path) &&
		    !(m->dummy && ends_with(path, ".safetensors"))) {
			fm_hash_puts(h, names.v[i]);
			rc = fm_hash_put_file(h, path, err);
		}
		free(path);
	}
	if (rc == 0)
		fm_hash_hex(h, m->hash);
	fm_hash_free(h);
	fm_strs_release(&names);
	return rc;
}

static int
hash_content(struct fm_model *m, const char *path, struct fm_err *err)
{
	struct fm_hash *h;
	int rc;

	if (fm_io_is_dir(path))
		return hash_folder(m, path, err);
	if (!fm_io_is_file(path))
		return 0;
	h = fm_hash_new();
	rc = fm_hash_put_file(h, path, err);
	fm_hash_hex(h, m->hash);
	fm_hash_free(h);
	return rc;
}

int
told_model(struct fm_model *m, const json_t *told, const struct conf *c,
    const char *path, struct fm_err *err)
{
	const json_t *notes = json_object_get(told, "notes");
	const char *commit = fm_json_str(told, "commit", "");
	size_t i;

	memset(m, 0, sizeof *m);
	m->path = fm_strdup(c->model_path);
	m->model_class = fm_strdup(fm_json_str(told, "class", "?"));
	m->dtype = fm_strdup(fm_json_str(told, "weight_type", "?"));
	m->positions = fm_json_int(told, "positions", 0);
	m->params = fm_json_int(told, "parameters", 0);
	m->bytes = fm_json_int(told, "weight_bytes", 0);
	m->dummy = fm_json_bool(told, "dummy", false);
	for (i = 0; i < json_array_size(notes); i++) {
		const char *s = json_string_value(json_array_get(notes, i));

		if (s)
			fm_strs_add(&m->notes, s);
	}
	(void)snprintf(m->hash, sizeof m->hash, "%.32s", commit);
	if (read_ports(m, told, err) != 0)
		return -1;
	return hash_content(m, path, err);
}
