/*
 * The inputs of a build are one JSON object; its hash is the key, and two of
 * them compared are the reasons for building again. Paths are no inputs: a
 * model that was moved is the same model.
 */
#define _XOPEN_SOURCE 700 /* realpath */
#include "build_key.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "build_export.h"
#include "build_seq.h"
#include "conf.h"
#include "io.h"
#include "json.h"

int
build_hash_file(void *arg, const char *path, char hex[33], struct fm_err *err)
{
	return fm_cache_file_hash(arg, path, hex, err);
}

/*
 * The sources' content and, because the graph refers to them by name, the
 * names that the files really have, and whether they lie apart: then the
 * build has links to them.
 */
static int
hash_sources(struct build *b, const struct fm_strs *files, char hex[33],
    struct fm_err *err)
{
	struct fm_hash *h = fm_hash_new();
	char *folder = NULL;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < files->n; i++) {
		char *real = realpath(files->v[i], NULL);
		size_t n = real ? (size_t)(fm_io_base(real) - real) : 0;

		if (!real) {
			rc = fm_err_sys(err, FM_NOMODEL,
			    "weights '%s' cannot be opened", files->v[i]);
			break;
		}
		rc = fm_cache_file_hash(&b->cache, real, hex, err);
		if (rc == 0) {
			fm_hash_puts(h, fm_io_base(real));
			fm_hash_puts(h, hex);
		}
		/* files->v[0] is the config. */
		if (rc == 0 && i == 1)
			folder = fm_strndup(real, n);
		else if (rc == 0 && folder &&
			 (strlen(folder) != n || strncmp(folder, real, n) != 0))
			fm_hash_puts(h, "apart");
		free(real);
	}
	free(folder);
	fm_hash_hex(h, hex);
	fm_hash_free(h);
	return rc;
}

/* A model that is its own graph: graph and external data. */
static int
hash_graph(
    struct build *b, const struct conf *c, char hex[33], struct fm_err *err)
{
	struct fm_model_opts o = { 0 };
	struct fm_model m;
	int rc;

	o.model_class = c->model_class;
	if (fm_model_load(&m, c->model_path, &o, err) != 0)
		return -1;
	rc = fm_model_hash_with(&m, build_hash_file, &b->cache, err);
	memcpy(hex, m.hash, sizeof m.hash);
	fm_model_release(&m);
	return rc;
}

/* {input: [size, ...]}, for a backend that compiles for one size. */
static json_t *
shapes(const struct build_for *f)
{
	json_t *all = json_object(), *one, *v;
	size_t i, k;

	for (i = 0; i < json_array_size(f->inputs); i++) {
		json_t *sizes = json_array();

		one = json_array_get(f->inputs, i);
		json_array_foreach (json_object_get(one, "shape"), k, v) {
			const char *sym = json_string_value(v);

			json_array_append(
			    sizes, sym ? json_object_get(f->dims, sym) : v);
		}
		json_object_set_new(all, fm_json_str(one, "name", "?"), sizes);
	}
	return all;
}

/* The inputs, in the order in which reasons are told. */
static int
read_inputs(struct build *b, const struct conf *c, const struct build_for *f,
    struct fm_err *err)
{
	bool dummy = c->load_format == LOAD_DUMMY;
	struct fm_strs files = FM_STRS_INIT;
	char hex[FM_HASH_HEX] = "";
	json_t *sequence;
	int rc = fm_model_sources(c->model_path, dummy, &files, err);

	if (rc == 0)
		rc = files.n ? hash_sources(b, &files, hex, err)
			     : hash_graph(b, c, hex, err);
	if (rc == 0 && files.n == 1 && c->load_format == LOAD_SAFETENSORS)
		rc = fm_err_set(err, FM_NOMODEL,
		    "'%s' has no weights: --load_format dummy makes random "
		    "ones",
		    c->model_path);
	b->config = json_object();
	fm_json_set_str(b->config, "model", hex);
	if (files.n) {
		const char *cls = c->model_class;

		if (cls && strcmp(cls, "AutoModel") == 0)
			cls = NULL;
		fm_json_set_str(b->config, "class", cls);
		dummy = files.n == 1;
		fm_json_set_str(
		    b->config, "weights", dummy ? "random" : "given");
		if (dummy)
			fm_json_set_int(b->config, "seed", c->seed);
	}
	if (f && f->dims)
		json_object_set_new(b->config, "shapes", shapes(f));
	sequence = rc == 0
		       ? build_sequence(c, f, build_hash_file, &b->cache, err)
		       : NULL;
	json_object_set_new(b->config, "sequence", sequence);
	fm_json_set_str(b->config, "fm", BUILD_VERSION);
	fm_strs_release(&files);
	return sequence ? 0 : -1;
}

int
build_key(struct build *b, const struct conf *c, const struct build_for *f,
    struct fm_err *err)
{
	struct fm_buf text = FM_BUF_INIT;

	if (c->found)
		b->config = build_export_config(
		    c, f, b->native, build_hash_file, &b->cache, err);
	if (c->found ? !b->config : read_inputs(b, c, f, err) != 0)
		return -1;
	fm_json_put(&text, b->config);
	fm_hash_of(text.s, text.len, b->key);
	fm_buf_release(&text);
	return 0;
}
