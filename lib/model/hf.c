/*
 * config.json. Defaults are those of the classes' own configurations, because
 * a config may leave out what equals them. Nothing in the file is believed:
 * every number has bounds, so that sizes made of them cannot overflow.
 */
#include "model/hf.h"

#include <inttypes.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "json.h"

#define BERT_LAYER                                                             \
	.layer = "encoder.layer", .query = "attention.self.query",             \
	.key = "attention.self.key", .value = "attention.self.value",          \
	.attn_out = "attention.output.dense",                                  \
	.attn_norm = "attention.output.LayerNorm", .up = "intermediate.dense", \
	.act = "intermediate.intermediate_act_fn", .down = "output.dense",     \
	.out_norm = "output.LayerNorm", .pooler = "pooler.dense"

static const struct fm_hf_class classes[] = {
	{ .name = "BertModel",
	    .model_type = "bert",
	    .vocab = 30522,
	    .max_positions = 512,
	    .types = 2,
	    .layers = 12,
	    BERT_LAYER },
	{ .name = "RobertaModel",
	    .model_type = "roberta",
	    .positions = FM_HF_AFTER_PAD,
	    .vocab = 50265,
	    .max_positions = 512,
	    .types = 2,
	    .layers = 12,
	    .pad = 1,
	    BERT_LAYER },
	{ .name = "XLMRobertaModel",
	    .model_type = "xlm-roberta",
	    .positions = FM_HF_AFTER_PAD,
	    .vocab = 30522,
	    .max_positions = 512,
	    .types = 2,
	    .layers = 12,
	    .pad = 1,
	    BERT_LAYER },
	{ .name = "DistilBertModel",
	    .model_type = "distilbert",
	    .distil = true,
	    .vocab = 30522,
	    .max_positions = 512,
	    .layers = 6,
	    .layer = "transformer.layer",
	    .query = "attention.q_lin",
	    .key = "attention.k_lin",
	    .value = "attention.v_lin",
	    .attn_out = "attention.out_lin",
	    .attn_norm = "sa_layer_norm",
	    .up = "ffn.lin1",
	    .act = "ffn.activation",
	    .down = "ffn.lin2",
	    .out_norm = "output_layer_norm" },
	{ .name = "MPNetModel",
	    .model_type = "mpnet",
	    .positions = FM_HF_AFTER_PAD,
	    .vocab = 30527,
	    .max_positions = 512,
	    .layers = 12,
	    .pad = 1,
	    .fixed_pad = true,
	    .layer = "encoder.layer",
	    .query = "attention.attn.q",
	    .key = "attention.attn.k",
	    .value = "attention.attn.v",
	    .attn_out = "attention.attn.o",
	    .attn_norm = "attention.LayerNorm",
	    .up = "intermediate.dense",
	    .act = "intermediate.intermediate_act_fn",
	    .down = "output.dense",
	    .out_norm = "output.LayerNorm",
	    .pooler = "pooler.dense",
	    .relative = "encoder.relative_attention_bias.weight" },
};

/* "gelu" is exact; FastGelu is the approximation with tanh; QuickGelu is
 * x * sigmoid(alpha * x), of which SiLU is a case. */
static const struct fm_hf_act acts[] = {
	{ "gelu", ".Gelu", 0 },
	{ "gelu_python", ".Gelu", 0 },
	{ "gelu_new", ".FastGelu", 0 },
	{ "gelu_fast", ".FastGelu", 0 },
	{ "gelu_accurate", ".FastGelu", 0 },
	{ "gelu_pytorch_tanh", ".FastGelu", 0 },
	{ "gelu_python_tanh", ".FastGelu", 0 },
	{ "quick_gelu", ".QuickGelu", 1.702F },
	{ "silu", ".QuickGelu", 1 },
	{ "swish", ".QuickGelu", 1 },
	{ "relu", "Relu", 0 },
	{ "tanh", "Tanh", 0 },
	{ "sigmoid", "Sigmoid", 0 },
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static int
no_class(const char *path, const char *what, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	int r;

	for (size_t i = 0; i < COUNT(classes); i++)
		fm_buf_printf(&b, "%s%s", i ? ", " : "", classes[i].name);
	r = fm_err_set(err, FM_NOMODEL,
	    "'%s': model class '%.100s' is not supported; supported are: %s",
	    path, what, b.s);
	fm_buf_release(&b);
	return r;
}

const struct fm_hf_class *
fm_hf_class_at(size_t k)
{
	return k < COUNT(classes) ? &classes[k] : NULL;
}

/* Does an architecture such as "BertForMaskedLM" stand on this class? */
static bool
is_head_of(const char *arch, const struct fm_hf_class *c)
{
	size_t n = strlen(c->name) - strlen("Model");

	return strncmp(arch, c->name, n) == 0 &&
	       (strcmp(arch + n, "Model") == 0 ||
		   strncmp(arch + n, "For", 3) == 0);
}

/* No name at all is none that could be told. */
static bool
is_ours(const char *arch)
{
	for (size_t i = 0; arch && i < COUNT(classes); i++)
		if (is_head_of(arch, &classes[i]))
			return true;
	return !arch;
}

static int
find_class(struct fm_hf *h, const json_t *config, const char *class,
    const char *path, struct fm_err *err)
{
	const char *type = fm_json_str(config, "model_type", NULL);
	const char *arch = json_string_value(
	    json_array_get(json_object_get(config, "architectures"), 0));
	bool named = class && strcmp(class, "AutoModel") != 0;

	for (size_t i = 0; i < COUNT(classes); i++) {
		const struct fm_hf_class *c = &classes[i];

		h->class = c;
		if (named  ? strcmp(class, c->name) == 0
		    : type ? strcmp(type, c->model_type) == 0
			   : arch && is_head_of(arch, c))
			return 0;
	}
	if (named)
		return no_class(path, class, err);
	if (!arch && !type)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s' has neither 'architectures' nor 'model_type': not a "
		    "model's config",
		    path);
	/* It is the type that decides; the other may be one of ours. */
	return no_class(path, type && is_ours(arch) ? type : arch, err);
}

/* A member, and NULL for null, which stands for the default. */
static const json_t *
member(const json_t *config, const char *name)
{
	const json_t *v = json_object_get(config, name);

	return json_is_null(v) ? NULL : v;
}

/* A word; anything else is not taken for the default. */
static int
read_word(const char **s, const json_t *config, const char *name,
    const char *def, const char *path, struct fm_err *err)
{
	const json_t *v = member(config, name);

	*s = v ? json_string_value(v) : def;
	return *s ? 0
		  : fm_err_set(err, FM_NOMODEL, "'%s': '%s' must be a word",
			path, name);
}

/* A whole number by its first name or by the one DistilBERT gives it. */
struct size {
	const char *name, *other;
	int64_t min, max, def;
	size_t off; /* in struct fm_hf */
};

static int
read_size(struct fm_hf *h, const json_t *config, const struct size *s,
    const char *path, struct fm_err *err)
{
	const char *other = h->class->distil ? s->other : NULL;
	const char *name = other && member(config, other) ? other : s->name;
	const json_t *v = member(config, name);
	int64_t n = s->def;

	if (v) {
		n = json_integer_value(v);
		if (!json_is_integer(v) || n < s->min || n > s->max)
			return fm_err_set(err, FM_NOMODEL,
			    "'%s': '%s' must be a whole number from %" PRId64
			    " to %" PRId64,
			    path, name, s->min, s->max);
	}
	memcpy((char *)h + s->off, &n, sizeof n);
	return 0;
}

static int
read_sizes(
    struct fm_hf *h, const json_t *config, const char *path, struct fm_err *err)
{
	const struct fm_hf_class *c = h->class;
	bool types = c->types > 0, relative = c->relative != NULL;
	const struct size sizes[] = {
		{ "vocab_size", NULL, 1, 1 << 24, c->vocab,
		    offsetof(struct fm_hf, vocab) },
		{ "hidden_size", "dim", 1, 1 << 16, 768,
		    offsetof(struct fm_hf, hidden) },
		{ "num_hidden_layers", "n_layers", 0, 1000, c->layers,
		    offsetof(struct fm_hf, layers) },
		{ "num_attention_heads", "n_heads", 1, 1 << 16, 12,
		    offsetof(struct fm_hf, heads) },
		{ "intermediate_size", "hidden_dim", 1, 1 << 20, 3072,
		    offsetof(struct fm_hf, inter) },
		{ "max_position_embeddings", NULL, 1, 1 << 20, c->max_positions,
		    offsetof(struct fm_hf, max_positions) },
		{ "type_vocab_size", NULL, 1, 1 << 16, c->types,
		    offsetof(struct fm_hf, types) },
		{ "pad_token_id", NULL, 0, 1 << 24, c->pad,
		    offsetof(struct fm_hf, pad) },
		{ "relative_attention_num_buckets", NULL, 4, 1 << 16, 32,
		    offsetof(struct fm_hf, buckets) },
	};

	for (size_t i = 0; i < COUNT(sizes); i++)
		if (read_size(h, config, &sizes[i], path, err))
			return -1;
	if (!types)
		h->types = 0;
	if (!relative)
		h->buckets = 0;
	if (c->fixed_pad)
		h->pad = c->pad;
	return 0;
}

static int
check_sizes(const struct fm_hf *h, const char *path, struct fm_err *err)
{
	if (h->hidden % h->heads)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': hidden size %" PRId64
		    " is not a multiple of %" PRId64 " attention heads",
		    path, h->hidden, h->heads);
	if (fm_hf_tokens(h) < 1)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': %" PRId64 " positions leave none for tokens", path,
		    h->max_positions);
	/* The model computes buckets for 32, whatever its table has. */
	if (h->class->relative && h->buckets < 32)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': 'relative_attention_num_buckets' must be at least "
		    "32",
		    path);
	return 0;
}

static int
read_act(
    struct fm_hf *h, const json_t *config, const char *path, struct fm_err *err)
{
	const char *key = h->class->distil ? "activation" : "hidden_act";
	const char *name;
	struct fm_buf b = FM_BUF_INIT;
	int r;

	if (read_word(&name, config, key, "gelu", path, err))
		return -1;
	for (size_t i = 0; i < COUNT(acts); i++) {
		h->act = &acts[i];
		if (strcmp(name, h->act->name) == 0)
			return 0;
	}
	for (size_t i = 0; i < COUNT(acts); i++)
		fm_buf_printf(&b, "%s%s", i ? ", " : "", acts[i].name);
	r = fm_err_set(err, FM_NOMODEL,
	    "'%s': activation '%.100s' is not supported; supported are: %s",
	    path, name, b.s);
	fm_buf_release(&b);
	return r;
}

/* What would change the result and is not built. */
static int
check_kind(const json_t *config, const char *path, struct fm_err *err)
{
	const json_t *decoder = member(config, "is_decoder");
	const char *kind;

	if (read_word(&kind, config, "position_embedding_type", "absolute",
		path, err))
		return -1;
	if (strcmp(kind, "absolute") != 0)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': position embeddings '%.100s' are not supported, "
		    "only absolute ones",
		    path, kind);
	if (decoder && !json_is_false(decoder))
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': a decoder is not supported, only encoders", path);
	if (json_is_object(json_object_get(config, "quantization_config")))
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': quantized weights are not supported", path);
	return 0;
}

static int
read_num(double *v, const json_t *config, const char *name, double def,
    const char *path, struct fm_err *err)
{
	const json_t *n = member(config, name);

	*v = n ? json_number_value(n) : def;
	return !n || json_is_number(n)
		   ? 0
		   : fm_err_set(err, FM_NOMODEL, "'%s': '%s' must be a number",
			 path, name);
}

static int
read_nums(
    struct fm_hf *h, const json_t *config, const char *path, struct fm_err *err)
{
	h->eps = 1e-12;
	if (!h->class->distil &&
	    read_num(&h->eps, config, "layer_norm_eps", 1e-12, path, err))
		return -1;
	if (read_num(&h->std, config, "initializer_range", 0.02, path, err))
		return -1;
	if (!(h->eps > 0 && h->eps < 1))
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': 'layer_norm_eps' must be between 0 and 1", path);
	if (!(h->std >= 0 && h->std <= 1))
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': 'initializer_range' must be between 0 and 1", path);
	return 0;
}

int
fm_hf_read(struct fm_hf *h, const json_t *config, const char *class,
    const char *path, struct fm_err *err)
{
	memset(h, 0, sizeof *h);
	if (!json_is_object(config))
		return fm_err_set(
		    err, FM_NOMODEL, "'%s' is not a JSON object", path);
	return find_class(h, config, class, path, err) ||
		       check_kind(config, path, err) ||
		       read_sizes(h, config, path, err) ||
		       check_sizes(h, path, err) ||
		       read_act(h, config, path, err) ||
		       read_nums(h, config, path, err)
		   ? -1
		   : 0;
}

int64_t
fm_hf_tokens(const struct fm_hf *h)
{
	return h->class->positions == FM_HF_AFTER_PAD
		   ? h->max_positions - h->pad - 1
		   : h->max_positions;
}
