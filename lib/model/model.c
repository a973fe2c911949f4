/*
 * Loading a model: what kind of thing the path names, and for a folder from
 * the hub the steps from its config to a graph. What the rest of fm knows
 * about a model is read from the ONNX file in either case.
 */
#include "model/model.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "err.h"
#include "hash.h"
#include "io.h"
#include "json.h"
#include "model/encoder.h"
#include "model/graph.h"
#include "model/hf.h"
#include "model/onnx.h"
#include "model/tokens.h"
#include "model/weights.h"

enum fm_axis
fm_model_axis(const char *sym)
{
	static const struct {
		const char *name;
		enum fm_axis axis;
	} names[] = {
		{ "batch", FM_AXIS_BATCH },
		{ "batch_size", FM_AXIS_BATCH },
		{ "batchsize", FM_AXIS_BATCH },
		{ "batch_dim", FM_AXIS_BATCH },
		{ "bs", FM_AXIS_BATCH },
		{ "b", FM_AXIS_BATCH },
		{ "n", FM_AXIS_BATCH },
		{ "sequence", FM_AXIS_SEQUENCE },
		{ "sequence_length", FM_AXIS_SEQUENCE },
		{ "sequence_len", FM_AXIS_SEQUENCE },
		{ "seq", FM_AXIS_SEQUENCE },
		{ "seq_len", FM_AXIS_SEQUENCE },
		{ "seq_length", FM_AXIS_SEQUENCE },
		{ "seqlen", FM_AXIS_SEQUENCE },
		{ "input_len", FM_AXIS_SEQUENCE },
		{ "input_length", FM_AXIS_SEQUENCE },
		{ "max_seq_len", FM_AXIS_SEQUENCE },
		{ "tokens", FM_AXIS_SEQUENCE },
		{ "num_tokens", FM_AXIS_SEQUENCE },
		{ "s", FM_AXIS_SEQUENCE },
	};
	char low[32];
	size_t n = strlen(sym);

	if (n >= sizeof low)
		return FM_AXIS_OTHER;
	for (size_t i = 0; i <= n; i++)
		low[i] =
		    (char)(sym[i] >= 'A' && sym[i] <= 'Z' ? sym[i] + ('a' - 'A')
							  : sym[i]);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(low, names[i].name) == 0)
			return names[i].axis;
	return FM_AXIS_OTHER;
}

static int
load_onnx(struct fm_model *m, const char *path, struct fm_err *err)
{
	m->graph = fm_strdup(path);
	m->weights = fm_weights_folder_of(path);
	m->model_class = fm_strdup("onnx");
	if (!m->weights)
		return fm_err_sys(err, FM_NOMODEL, "model '%s'", path);
	return fm_onnx_read(m, err);
}

/* --- folders from the hub ------------------------------------------------ */

/* Weights in a form that is not read, or NULL. */
static const char *
unread_weights(const char *folder)
{
	static const char *const names[] = { "pytorch_model.bin",
		"pytorch_model.bin.index.json", "model.onnx", "tf_model.h5",
		"flax_model.msgpack" };
	const char *found = NULL;

	for (size_t i = 0; !found && i < sizeof names / sizeof *names; i++) {
		char *path = fm_io_join(folder, names[i]);

		if (access(path, F_OK) == 0)
			found = names[i];
		free(path);
	}
	return found;
}

static void
note_random(
    struct fm_model *m, const char *folder, const struct fm_model_opts *o)
{
	const char *unread = o->dummy ? NULL : unread_weights(folder);

	fm_strs_add_take(&m->notes,
	    fm_strdupf("%s '%s'%s%s%s: random weights from seed %" PRIu64,
		o->dummy ? "asked not to read the weights of" : "no weights in",
		folder, unread ? " (" : "", unread ? unread : "",
		unread ? " is not read)" : "", o->seed));
}

static int
open_weights(struct fm_model *m, struct fm_weights *w, const struct fm_hf *h,
    const char *folder, const struct fm_model_opts *o, struct fm_err *err)
{
	int r = o->dummy ? 1 : fm_weights_open(w, folder, o->work, err);

	if (r <= 0)
		return r;
	fm_weights_release(w);
	fm_weights_make_up(w, o->work, "model.safetensors", fm_encoder_max(h));
	m->dummy = true;
	note_random(m, folder, o);
	return 0;
}

static int
build_graph(struct fm_model *m, struct fm_weights *w, const struct fm_hf *h,
    const struct fm_model_opts *o, struct fm_err *err)
{
	struct fm_graph *g = fm_graph_new();
	int r = fm_encoder_build(g, h, w, err);

	if (r == 0 && m->dummy)
		r = fm_weights_write(w, o->seed, h->std, err);
	if (r == 0)
		r = fm_graph_write(g, m->graph, err);
	fm_graph_free(g);
	return r;
}

/* What the config knows better than the graph. */
static void
use_config(struct fm_model *m, const struct fm_hf *h, const char *folder,
    const json_t *config)
{
	m->positions = fm_hf_tokens(h);
	m->vocab = h->vocab;
	for (size_t i = 0; i < m->n_inputs; i++)
		if (strcmp(m->inputs[i].name, "input_ids") == 0) {
			json_decref(m->inputs[i].fill);
			m->inputs[i].fill =
			    fm_tokens_of_folder(folder, config, h->vocab);
		}
}

static int
import(struct fm_model *m, const char *folder, const char *path,
    const json_t *config, const struct fm_model_opts *o, struct fm_err *err)
{
	struct fm_weights w;
	struct fm_hf h;
	int r;

	memset(&w, 0, sizeof w);
	if (fm_hf_read(&h, config, o->model_class, path, err))
		return -1;
	m->model_class = fm_strdup(h.class->name);
	m->graph = fm_io_join(o->work, "model.onnx");
	r = open_weights(m, &w, &h, folder, o, err);
	if (r == 0 && !o->made)
		r = build_graph(m, &w, &h, o, err);
	if (r == 0) {
		m->weights = fm_strdup(w.dir);
		r = fm_onnx_read(m, err);
	}
	if (r == 0)
		use_config(m, &h, folder, config);
	fm_weights_release(&w);
	return r;
}

static int
load_folder(struct fm_model *m, const char *folder,
    const struct fm_model_opts *o, struct fm_err *err)
{
	char *config_path = fm_io_join(folder, "config.json");
	char *onnx_path = fm_io_join(folder, "model.onnx");
	struct fm_err bad = FM_ERR_INIT;
	json_t *config;
	int r;

	if (access(config_path, F_OK) == 0) {
		config = fm_json_read_file(config_path, &bad);
		r = config ? import(m, folder, config_path, config, o, err)
			   : fm_err_set(err, FM_NOMODEL, "%s", bad.text);
		json_decref(config);
	} else if (fm_io_is_file(onnx_path)) {
		r = load_onnx(m, onnx_path, err);
	} else
		r = fm_err_set(err, FM_NOMODEL,
		    "'%s' has neither a config.json nor a model.onnx", folder);
	free(config_path);
	free(onnx_path);
	return r;
}

int
fm_model_load(struct fm_model *m, const char *path,
    const struct fm_model_opts *o, struct fm_err *err)
{
	int r;

	memset(m, 0, sizeof *m);
	m->path = fm_strdup(path);
	if (fm_io_is_dir(path))
		r = load_folder(m, path, o, err);
	else if (access(path, R_OK))
		r = fm_err_sys(err, FM_NOMODEL, "model '%s'", path);
	else
		r = load_onnx(m, path, err);
	if (r)
		fm_model_release(m);
	return r;
}

static void
release_ports(struct fm_model_port *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(p[i].name);
		for (int k = 0; k < FM_DIMS_MAX; k++)
			free(p[i].syms[k]);
		json_decref(p[i].fill);
	}
	free(p);
}

void
fm_model_release(struct fm_model *m)
{
	free(m->path);
	free(m->graph);
	free(m->weights);
	free(m->model_class);
	free(m->dtype);
	release_ports(m->inputs, m->n_inputs);
	release_ports(m->outputs, m->n_outputs);
	fm_strs_release(&m->files);
	fm_strs_release(&m->notes);
	memset(m, 0, sizeof *m);
}

/* --- content -------------------------------------------------------------- */

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && strcmp(s + n - k, end) == 0;
}

static int
add_weights(const char *folder, struct fm_strs *files, struct fm_err *err)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	if (!d)
		return fm_err_sys(err, FM_NOMODEL, "model '%s'", folder);
	while ((e = readdir(d))) {
		char *file;

		if (!ends_with(e->d_name, ".safetensors") &&
		    !ends_with(e->d_name, ".safetensors.index.json"))
			continue;
		file = fm_io_join(folder, e->d_name);
		if (fm_io_is_file(file))
			fm_strs_add(files, file);
		free(file);
	}
	(void)closedir(d);
	fm_strs_sort(files);
	return 0;
}

int
fm_model_sources(
    const char *path, bool dummy, struct fm_strs *files, struct fm_err *err)
{
	char *config = fm_io_join(path, "config.json");
	int r = 0;

	if (access(config, F_OK) == 0) {
		fm_strs_add(files, config);
		r = dummy ? 0 : add_weights(path, files, err);
	}
	free(config);
	return r;
}

static int
read_hash(void *arg, const char *path, char hex[33], struct fm_err *err)
{
	struct fm_hash *h = fm_hash_new();
	int r = fm_hash_put_file(h, path, err);

	(void)arg;
	fm_hash_hex(h, hex);
	fm_hash_free(h);
	return r;
}

int
fm_model_hash_with(
    struct fm_model *m, fm_model_hasher *hasher, void *arg, struct fm_err *err)
{
	struct fm_hash *h = fm_hash_new();
	int r = fm_onnx_hash(m, h, err);
	char hex[33];

	for (size_t i = 0; r == 0 && i < m->files.n; i++) {
		char *path = fm_io_join(m->weights, m->files.v[i]);

		r = hasher(arg, path, hex, err);
		if (r == 0)
			fm_hash_puts(h, hex);
		free(path);
	}
	if (r == 0)
		fm_hash_hex(h, m->hash);
	fm_hash_free(h);
	return r;
}

int
fm_model_hash(struct fm_model *m, struct fm_err *err)
{
	return fm_model_hash_with(m, read_hash, NULL, err);
}
