/*
 * Lists of layers: the container, and the reader of YAML lists. The families
 * of models that a config.json names are in layers_config.c.
 */
#include "model/layers.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "yaml.h"

static const char *const words[FM_LAYER_KINDS] = {
	[FM_LAYER_LINEAR] = "linear",
	[FM_LAYER_EMBEDDING] = "embedding",
	[FM_LAYER_ROTARY] = "rotary",
	[FM_LAYER_LAYERNORM] = "layernorm",
	[FM_LAYER_RMSNORM] = "rmsnorm",
	[FM_LAYER_SILU] = "silu",
	[FM_LAYER_NEWGELU] = "newgelu",
	[FM_LAYER_SOFTMAX] = "softmax",
	[FM_LAYER_MATMUL] = "matmul",
	[FM_LAYER_SDPA] = "sdpa",
	[FM_LAYER_CONV2D] = "conv2d",
	[FM_LAYER_ACT] = "act",
	[FM_LAYER_ADD] = "add",
	[FM_LAYER_MUL] = "mul",
	[FM_LAYER_ROPE] = "rope",
};

static const char *const types[FM_LAYER_KINDS] = {
	[FM_LAYER_LINEAR] = "Linear",
	[FM_LAYER_EMBEDDING] = "Embedding",
	[FM_LAYER_ROTARY] = "RotaryEmbedding",
	[FM_LAYER_LAYERNORM] = "LayerNorm",
	[FM_LAYER_RMSNORM] = "RMSNorm",
	[FM_LAYER_SILU] = "SiLU",
	[FM_LAYER_NEWGELU] = "NewGELU",
	[FM_LAYER_SOFTMAX] = "softmax",
	[FM_LAYER_MATMUL] = "matmul",
	[FM_LAYER_SDPA] = "scaled_dot_product_attention",
	[FM_LAYER_CONV2D] = "Conv2d",
	[FM_LAYER_ACT] = "Activation",
	[FM_LAYER_ADD] = "add",
	[FM_LAYER_MUL] = "mul",
	[FM_LAYER_ROPE] = "apply_rotary_pos_emb",
};

/* A dimension beyond this is a slip, and products of four stay finite. */
#define DIM_MAX INT64_C(2147483647)

const char *
fm_layer_word(enum fm_layer_kind kind)
{
	return words[kind];
}

const char *
fm_layer_type(enum fm_layer_kind kind)
{
	return types[kind];
}

static void
release(struct fm_layer *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(v[i].name);
		free(v[i].context);
		free(v[i].path);
		free(v[i].node);
	}
	free(v);
}

void
fm_layers_release(struct fm_layers *l)
{
	release(l->v, l->n);
	release(l->guesses, l->n_guesses);
	free(l->model_class);
	free(l->last);
	fm_strs_release(&l->missed_ops);
	memset(l, 0, sizeof *l);
}

struct fm_layer *
fm_layers_add(struct fm_layers *l, const char *name, const char *context,
    enum fm_layer_kind kind)
{
	struct fm_layer *one;

	FM_GROW(l->v, l->cap, l->n + 1);
	one = &l->v[l->n++];
	memset(one, 0, sizeof *one);
	one->name = fm_strdup(name);
	one->context = fm_strdup(context);
	one->path = fm_strdup(name);
	one->kind = kind;
	one->function = kind == FM_LAYER_SOFTMAX || kind == FM_LAYER_MATMUL ||
			kind == FM_LAYER_SDPA || kind == FM_LAYER_ADD ||
			kind == FM_LAYER_MUL || kind == FM_LAYER_ROPE;
	return one;
}

double
fm_layer_params(const struct fm_layer *l)
{
	double in = (double)l->in, out = (double)l->out, n = 0;

	switch (l->kind) {
	case FM_LAYER_LINEAR:
		n = in * out + (l->bias ? out : 0);
		break;
	case FM_LAYER_EMBEDDING:
		n = in * out;
		break;
	case FM_LAYER_CONV2D:
		n = in * out * (double)l->kernel[0] * (double)l->kernel[1];
		break;
	case FM_LAYER_LAYERNORM:
		n = 2 * out;
		break;
	case FM_LAYER_RMSNORM:
		n = out;
		break;
	default:
		break;
	}
	return l->experts ? n * (double)l->experts : n;
}

static void
count_params(struct fm_layers *l)
{
	double n = 0;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!l->v[i].tied)
			n += fm_layer_params(&l->v[i]);
	l->params = n < 9e18 ? (int64_t)n : INT64_MAX;
}

/* --- a list in YAML ------------------------------------------------------ */

/* Where an entry is, for messages. */
struct place {
	const char *path;
	size_t at;
	const char *name;
};

static int
bad(const struct place *p, const char *what, struct fm_err *err)
{
	return fm_err_set(err, FM_USAGE, "%s: layer %zu%s%s%s: %s", p->path,
	    p->at + 1, *p->name ? " '" : "", p->name, *p->name ? "'" : "",
	    what);
}

static bool
get_size(const json_t *v, int64_t min, int64_t *size)
{
	*size = json_integer_value(v);
	return json_is_integer(v) && *size >= min && *size <= DIM_MAX;
}

static bool
get_dim(const json_t *v, int64_t *dim)
{
	static const struct {
		const char *word;
		int64_t dim;
	} dims[] = {
		{ "batch", FM_DIM_BATCH },
		{ "tokens", FM_DIM_TOKENS },
		{ "length", FM_DIM_LENGTH },
		{ "rows", FM_DIM_ROWS },
	};
	const char *s = json_string_value(v);
	size_t i;

	for (i = 0; s && i < sizeof dims / sizeof *dims; i++)
		if (strcmp(s, dims[i].word) == 0) {
			*dim = dims[i].dim;
			return true;
		}
	return get_size(v, 1, dim);
}

static int
read_shape(struct fm_layer *one, const json_t *v, const struct place *p,
    struct fm_err *err)
{
	size_t i, n = json_array_size(v);

	if (!v && one->kind == FM_LAYER_LINEAR) {
		one->rank = 3;
		one->shape[0] = FM_DIM_BATCH;
		one->shape[1] = FM_DIM_TOKENS;
		one->shape[2] = one->in;
		return 0;
	}
	if (n < 1 || n > FM_LAYER_RANK)
		return bad(p, "'input' must be a list of 1 to 8 sizes", err);
	for (i = 0; i < n; i++)
		if (!get_dim(json_array_get(v, i), &one->shape[i]))
			return bad(p,
			    "'input' must hold whole numbers from 1 up or "
			    "batch, tokens, length, rows",
			    err);
	one->rank = (int)n;
	return 0;
}

/* A number for both directions, or [height, width]. */
static bool
get_pair(const json_t *v, int64_t min, int64_t def, int64_t pair[2])
{
	pair[0] = pair[1] = def;
	if (!v)
		return true;
	if (json_is_array(v) && json_array_size(v) == 2)
		return get_size(json_array_get(v, 0), min, &pair[0]) &&
		       get_size(json_array_get(v, 1), min, &pair[1]);
	pair[1] = pair[0] = json_integer_value(v);
	return get_size(v, min, &pair[0]);
}

/* A word of another language, 'yes' say, would be taken for no. */
static bool
get_truth(const json_t *v, bool *truth)
{
	*truth = json_is_true(v);
	return !v || json_is_boolean(v);
}

static int
read_sizes(struct fm_layer *one, const json_t *v, const struct place *p,
    struct fm_err *err)
{
	static const struct {
		const char *key;
		size_t at;
	} keys[] = {
		{ "in", offsetof(struct fm_layer, in) },
		{ "out", offsetof(struct fm_layer, out) },
		{ "heads", offsetof(struct fm_layer, heads) },
		{ "kv_heads", offsetof(struct fm_layer, kv_heads) },
		{ "head_dim", offsetof(struct fm_layer, head_dim) },
		{ "window", offsetof(struct fm_layer, window) },
		{ "experts", offsetof(struct fm_layer, experts) },
		{ "active", offsetof(struct fm_layer, active) },
	};
	char text[80];
	size_t i;

	for (i = 0; i < sizeof keys / sizeof *keys; i++) {
		const json_t *size = json_object_get(v, keys[i].key);
		int64_t got = 0;

		if (size && !get_size(size, 1, &got)) {
			(void)snprintf(text, sizeof text,
			    "'%s' must be a whole number from 1 to 2147483647",
			    keys[i].key);
			return bad(p, text, err);
		}
		memcpy((char *)one + keys[i].at, &got, sizeof got);
	}
	if (!get_pair(json_object_get(v, "kernel"), 1, 1, one->kernel) ||
	    !get_pair(json_object_get(v, "stride"), 1, 1, one->stride) ||
	    !get_pair(json_object_get(v, "padding"), 0, 0, one->padding))
		return bad(p,
		    "'kernel', 'stride' and 'padding' must be a whole number "
		    "or a pair [height, width]",
		    err);
	if (!get_truth(json_object_get(v, "bias"), &one->bias) ||
	    !get_truth(json_object_get(v, "causal"), &one->causal))
		return bad(p, "'bias' and 'causal' must be true or false", err);
	return 0;
}

/* What a kind cannot do without. */
static int
check_sizes(struct fm_layer *one, const struct place *p, struct fm_err *err)
{
	bool weights =
	    one->kind == FM_LAYER_LINEAR || one->kind == FM_LAYER_CONV2D;
	bool made = one->kind == FM_LAYER_MATMUL ||
		    one->kind == FM_LAYER_EMBEDDING ||
		    one->kind == FM_LAYER_ROTARY;
	int64_t width = one->shape[one->rank - 1];

	if (weights && (!one->in || !one->out))
		return bad(p, "'in' and 'out' are missing", err);
	if (made && !one->out)
		return bad(p, "'out' is missing", err);
	if (one->kind == FM_LAYER_LINEAR && width > 0 && width != one->in)
		return bad(p, "'in' must be the last size of 'input'", err);
	if (one->kind == FM_LAYER_CONV2D && one->rank != 4)
		return bad(p, "'input' must have four dimensions", err);
	if (one->kind == FM_LAYER_SDPA && (!one->heads || !one->head_dim))
		return bad(p, "'heads' and 'head_dim' are missing", err);
	if (one->kind == FM_LAYER_SDPA && !one->kv_heads)
		one->kv_heads = one->heads;
	if (one->kv_heads && one->heads % one->kv_heads)
		return bad(p, "'kv_heads' must divide 'heads'", err);
	if (one->experts && (!one->active || one->active > one->experts))
		return bad(p, "'active' must be from 1 to 'experts'", err);
	if ((one->kind == FM_LAYER_LAYERNORM ||
		one->kind == FM_LAYER_RMSNORM) &&
	    !one->out && width > 0)
		one->out = width;
	return 0;
}

/* One that is not among those, or NULL; the caller frees. */
static char *
find_odd(const json_t *v, const char *const *keys)
{
	union {
		const json_t *c;
		json_t *v;
	} u = { v };
	json_t *own = json_copy(u.v);
	char *odd = NULL;

	for (; *keys; keys++)
		(void)json_object_del(own, *keys);
	if (json_object_iter(own))
		odd = fm_strdup(json_object_iter_key(json_object_iter(own)));
	json_decref(own);
	return odd;
}

static int
check_keys(const json_t *v, const struct place *p, struct fm_err *err)
{
	static const char *const keys[] = { "name", "context", "kind", "input",
		"in", "out", "heads", "kv_heads", "head_dim", "window",
		"experts", "active", "kernel", "stride", "padding", "bias",
		"causal", NULL };
	char *odd = find_odd(v, keys), text[120];
	int rc = 0;

	if (odd) {
		(void)snprintf(text, sizeof text, "unknown key '%.60s'", odd);
		rc = bad(p, text, err);
	}
	free(odd);
	return rc;
}

static int
read_entry(
    struct fm_layers *l, const json_t *v, struct place *p, struct fm_err *err)
{
	const char *kind = fm_json_str(v, "kind", NULL), *context;
	struct fm_layer *one;
	int k;

	p->name = fm_json_str(v, "name", "");
	if (!json_is_object(v) || !*p->name || !kind)
		return bad(p, "must be a set with 'name' and 'kind'", err);
	for (k = 0; k < FM_LAYER_KINDS; k++)
		if (strcmp(kind, words[k]) == 0)
			break;
	if (k == FM_LAYER_KINDS)
		return bad(p,
		    "'kind' must be one of linear, embedding, rotary, "
		    "layernorm, rmsnorm, silu, newgelu, softmax, matmul, "
		    "sdpa, conv2d, act, add, mul, rope",
		    err);
	context = strrchr(p->name, '.');
	context = fm_json_str(v, "context", context ? context + 1 : p->name);
	one = fm_layers_add(l, p->name, context, (enum fm_layer_kind)k);
	if (check_keys(v, p, err) != 0 || read_sizes(one, v, p, err) != 0 ||
	    read_shape(one, json_object_get(v, "input"), p, err) != 0)
		return -1;
	return check_sizes(one, p, err);
}

static int
check_list(
    const json_t *list, bool *decoder, const char *path, struct fm_err *err)
{
	static const char *const keys[] = { "last_layer", "decoder", "layers",
		NULL };
	const json_t *all = json_object_get(list, "layers");
	char *odd;
	int rc = 0;

	if (!json_is_array(all) || json_array_size(all) == 0)
		return fm_err_set(err, FM_USAGE,
		    "%s: 'layers' must be a list of layers", path);
	if (!get_truth(json_object_get(list, "decoder"), decoder))
		return fm_err_set(
		    err, FM_USAGE, "%s: 'decoder' must be true or false", path);
	odd = find_odd(list, keys);
	if (odd)
		rc = fm_err_set(
		    err, FM_USAGE, "%s: unknown key '%.60s'", path, odd);
	free(odd);
	return rc;
}

/* The name that ends a pass, if there is one. */
static int
check_last(const struct fm_layers *l, const char *path, struct fm_err *err)
{
	size_t i;

	for (i = 0; l->last && i < l->n; i++)
		if (strcmp(l->v[i].context, l->last) == 0)
			return 0;
	if (!l->last)
		return 0;
	return fm_err_set(err, FM_USAGE,
	    "%s: 'last_layer': no layer is called '%s'", path, l->last);
}

int
fm_layers_list(struct fm_layers *l, const json_t *list, const char *path,
    struct fm_err *err)
{
	const json_t *all = json_object_get(list, "layers");
	const char *last = fm_json_str(list, "last_layer", NULL);
	struct place p = { path, 0, "" };

	memset(l, 0, sizeof *l);
	l->model_class = fm_strdup("layers");
	l->last = last ? fm_strdup(last) : NULL;
	if (check_list(list, &l->decoder, path, err) != 0)
		return -1;
	for (p.at = 0; p.at < json_array_size(all); p.at++)
		if (read_entry(l, json_array_get(all, p.at), &p, err) != 0)
			return -1;
	count_params(l);
	return check_last(l, path, err);
}

/* --- any of them --------------------------------------------------------- */

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static int
read_onnx(struct fm_layers *l, const char *path, struct fm_err *err)
{
	struct fm_map map;
	int rc;

	if (fm_map_open(&map, path, err) != 0)
		return -1;
	rc = fm_layers_onnx(l, map.p, map.n, path, err);
	fm_map_release(&map);
	count_params(l);
	return rc;
}

int
fm_layers_read(
    struct fm_layers *l, const char *path, bool eager, struct fm_err *err)
{
	bool dir = fm_io_is_dir(path);
	char *file = dir ? fm_io_join(path, "config.json") : fm_strdup(path);
	bool json = ends_with(file, ".json");
	json_t *v = NULL;
	int rc = -1;

	memset(l, 0, sizeof *l);
	if (fm_io_is_file(file) && ends_with(file, ".onnx")) {
		rc = read_onnx(l, file, err);
		free(file);
		return rc;
	}
	if (!fm_io_is_file(file) || (!json && !ends_with(file, ".yaml")))
		(void)fm_err_set(err, FM_NOMODEL,
		    "'%s' is no model: a folder with a config.json, an .onnx "
		    "file or a .yaml list of layers is wanted",
		    path);
	else
		v = json ? fm_json_read_file(file, err)
			 : fm_yaml_read_file(file, err);
	if (v) {
		rc = json ? fm_layers_config(l, v, eager, file, err)
			  : fm_layers_list(l, v, file, err);
		count_params(l);
	}
	json_decref(v);
	free(file);
	return rc;
}
