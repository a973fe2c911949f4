/*
 * From a config.json to the list of layers: decoders of the Llama pattern
 * (with what Mistral, Qwen, Granite, Gemma and Mixtral do differently, a row
 * of a table each) and encoders of the BERT pattern. Names of layers are the
 * names of the modules in their public sources.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "model/hf.h"
#include "model/layers.h"

struct family {
	const char *type;  /* model_type of the config */
	const char *class; /* when "architectures" is silent */
	const char *act;   /* unless the config says */
	int64_t head_dim;  /* unless the config says; 0 = hidden / heads */
	bool tied;         /* unless the config says */
	bool qkv_bias, qk_norm;
	bool four_norms; /* also after attention and after the MLP */
	bool moe;
	int64_t pattern; /* every so many-th layer attends to everything, the
			  * others through the window; 0 = all of them through
			  * the window, if there is one */
};

static const struct family decoders[] = {
	{ "llama", "LlamaForCausalLM", "silu", 0, false, false, false, false,
	    false, 0 },
	{ "mistral", "MistralForCausalLM", "silu", 0, false, false, false,
	    false, false, 0 },
	{ "mixtral", "MixtralForCausalLM", "silu", 0, false, false, false,
	    false, true, 0 },
	{ "qwen2", "Qwen2ForCausalLM", "silu", 0, false, true, false, false,
	    false, 0 },
	{ "qwen3", "Qwen3ForCausalLM", "silu", 128, false, false, true, false,
	    false, 0 },
	{ "granite", "GraniteForCausalLM", "silu", 0, false, false, false,
	    false, false, 0 },
	{ "gemma", "GemmaForCausalLM", "gelu_pytorch_tanh", 256, true, false,
	    false, false, false, 0 },
	{ "gemma2", "Gemma2ForCausalLM", "gelu_pytorch_tanh", 256, true, false,
	    false, true, false, 2 },
	{ "gemma3_text", "Gemma3ForCausalLM", "gelu_pytorch_tanh", 256, true,
	    false, true, true, false, 6 },
};

/* The numbers of one model, and the list being made. */
struct make {
	struct fm_layers *l;
	const json_t *config;
	const char *path;
	const struct family *f;
	int64_t hidden, blocks, heads, kv_heads, head_dim, inter, vocab;
	int64_t window, experts, active;
	const char *act;
	bool eager, tied, causal;
	char prefix[80]; /* of names: "layers.3." */
};

#define DIM_MAX INT64_C(2147483647)

/* --- numbers ------------------------------------------------------------- */

/* The first key that is there; `def` 0 = it has to be. */
static int
get(struct make *m, const char *keys, int64_t def, int64_t *v,
    struct fm_err *err)
{
	const char *first = keys;
	char key[64];
	size_t n;

	for (; *keys; keys += n + (keys[n] == ' ')) {
		const json_t *j;

		n = strcspn(keys, " ");
		(void)snprintf(key, sizeof key, "%.*s", (int)n, keys);
		j = json_object_get(m->config, key);
		if (!j || json_is_null(j))
			continue;
		*v = json_integer_value(j);
		if (json_is_integer(j) && *v >= 1 && *v <= DIM_MAX)
			return 0;
		return fm_err_set(err, FM_USAGE,
		    "%s: '%s' must be a whole number from 1 to 2147483647",
		    m->path, key);
	}
	*v = def;
	if (def)
		return 0;
	return fm_err_set(err, FM_USAGE, "%s: there is no '%.*s'", m->path,
	    (int)strcspn(first, " "), first);
}

/* A window is used unless the config switches it off; those of Qwen have to
 * switch it on. */
static int
get_window(struct make *m, struct fm_err *err)
{
	const json_t *w = json_object_get(m->config, "sliding_window");
	bool qwen = m->f && strncmp(m->f->type, "qwen", 4) == 0;

	m->window = 0;
	if (!w || json_is_null(w) ||
	    !fm_json_bool(m->config, "use_sliding_window", !qwen))
		return 0;
	return get(m, "sliding_window", 0, &m->window, err);
}

static int
read_numbers(struct make *m, struct fm_err *err)
{
	int64_t def;

	if (get(m, "hidden_size dim", 0, &m->hidden, err) ||
	    get(m, "num_hidden_layers n_layers", 0, &m->blocks, err) ||
	    get(m, "num_attention_heads n_heads", 0, &m->heads, err) ||
	    get(m, "vocab_size", 0, &m->vocab, err) ||
	    get(m, "num_key_value_heads", m->heads, &m->kv_heads, err) ||
	    get(m, "intermediate_size hidden_dim", 0, &m->inter, err) ||
	    get_window(m, err))
		return -1;
	def = m->f && m->f->head_dim ? m->f->head_dim : m->hidden / m->heads;
	if (def < 1 || m->hidden % m->heads)
		def = def < 1 ? 1 : def;
	if (get(m, "head_dim", def, &m->head_dim, err))
		return -1;
	if (m->blocks > 100000)
		return fm_err_set(err, FM_USAGE,
		    "%s: 'num_hidden_layers' must be at most 100000", m->path);
	if (m->heads % m->kv_heads)
		return fm_err_set(err, FM_USAGE,
		    "%s: %lld attention heads cannot share %lld key and value "
		    "heads",
		    m->path, (long long)m->heads, (long long)m->kv_heads);
	return 0;
}

/* --- pieces -------------------------------------------------------------- */

/* Without its last part. */
static void
cut(char *path)
{
	char *dot = strrchr(path, '.');

	*(dot ? dot : path) = '\0';
}

/*
 * `name` is that of the module inside its block. In the lists of UPMEM's
 * examples the projections of a block stand directly under it, and so they
 * are called here; the path has the modules between.
 */
static struct fm_layer *
add(struct make *m, const char *name, enum fm_layer_kind kind, int64_t last)
{
	const char *dot = strrchr(name, '.'), *context = dot ? dot + 1 : name;
	bool inner = m->f && strcmp(name, "lm_head") != 0;
	struct fm_layer *one;
	char full[160];

	(void)snprintf(
	    full, sizeof full, "%s%s", m->prefix, m->f ? context : name);
	one = fm_layers_add(m->l, full, context, kind);
	free(one->path);
	one->path =
	    fm_strdupf("%s%s%s", inner ? "model." : "", m->prefix, name);
	if (one->function)
		cut(one->path);
	one->rank = 3;
	one->shape[0] = FM_DIM_BATCH;
	one->shape[1] = FM_DIM_TOKENS;
	one->shape[2] = last;
	return one;
}

static struct fm_layer *
linear(struct make *m, const char *name, int64_t in, int64_t out,
    enum fm_layer_shard shard)
{
	struct fm_layer *one = add(m, name, FM_LAYER_LINEAR, in);

	one->in = in;
	one->out = out;
	one->shard = shard;
	return one;
}

static void
norm(struct make *m, const char *name, enum fm_layer_kind kind)
{
	add(m, name, kind, m->hidden)->out = m->hidden;
}

static void
elementwise(struct make *m, const char *name, enum fm_layer_kind kind,
    int64_t last, enum fm_layer_shard shard)
{
	add(m, name, kind, last)->shard = shard;
}

/* Four dimensions: batch, heads, and two more. */
static struct fm_layer *
heads(struct make *m, const char *name, enum fm_layer_kind kind, int64_t d2,
    int64_t d3)
{
	struct fm_layer *one = add(m, name, kind, 0);

	one->rank = 4;
	one->shape[1] = m->heads;
	one->shape[2] = d2;
	one->shape[3] = d3;
	one->heads = m->heads;
	one->kv_heads = m->kv_heads;
	one->head_dim = m->head_dim;
	one->causal = m->causal;
	one->shard = FM_SHARD_COLUMN;
	return one;
}

static void
attention(struct make *m, const char *module, int64_t window)
{
	char name[80];
	struct fm_layer *one;

#define AT(what)                                                               \
	(snprintf(name, sizeof name, "%s%s" what, module, *module ? "." : ""), \
	    name)
	if (!m->eager) {
		one = heads(m, AT("attn_output"), FM_LAYER_SDPA, FM_DIM_LENGTH,
		    m->head_dim);
		one->window = window;
		return;
	}
	one = heads(
	    m, AT("attn_weights"), FM_LAYER_MATMUL, FM_DIM_TOKENS, m->head_dim);
	one->out = FM_DIM_LENGTH;
	one->part = FM_PART_SCORES;
	one->window = window;
	one = heads(m, AT("attn_softmax"), FM_LAYER_SOFTMAX, FM_DIM_TOKENS,
	    FM_DIM_LENGTH);
	one->window = window;
	one = heads(m, AT("attn_output"), FM_LAYER_MATMUL, FM_DIM_TOKENS,
	    FM_DIM_LENGTH);
#undef AT
	one->out = m->head_dim;
	one->part = FM_PART_VALUES;
	one->window = window;
}

/* The module of an activation is made in a function that returns it. */
static struct fm_layer *
activation(struct make *m, const char *name)
{
	enum fm_layer_kind kind = FM_LAYER_ACT;
	struct fm_layer *one;

	if (strcmp(m->act, "silu") == 0 || strcmp(m->act, "swish") == 0)
		kind = FM_LAYER_SILU;
	else if (strcmp(m->act, "gelu_new") == 0)
		kind = FM_LAYER_NEWGELU;
	one = add(m, name, kind, m->inter);
	one->shard = FM_SHARD_COLUMN;
	free(one->context);
	one->context = fm_strdup("return");
	return one;
}

/* --- decoders ------------------------------------------------------------ */

static void
mlp(struct make *m)
{
	bool bias = fm_json_bool(m->config, "mlp_bias", false);
	enum fm_layer_shard col = FM_SHARD_COLUMN;

	linear(m, "mlp.gate_proj", m->hidden, m->inter, col)->bias = bias;
	(void)activation(m, "mlp.act_fn");
	linear(m, "mlp.up_proj", m->hidden, m->inter, col)->bias = bias;
	elementwise(m, "mlp.gate_mul", FM_LAYER_MUL, m->inter, col);
	linear(m, "mlp.down_proj", m->inter, m->hidden, FM_SHARD_ROW)->bias =
	    bias;
}

/* Tokens are in one row each from here to the sum over the experts. */
static void
expert(struct make *m, struct fm_layer *one)
{
	one->shape[0] = FM_DIM_ROWS;
	one->shape[1] = one->shape[2];
	one->rank = 2;
	/* The weights of all experts are one tensor each, not modules. */
	if (one->kind == FM_LAYER_LINEAR) {
		one->function = true;
		cut(one->path);
	}
	one->experts = m->experts;
	one->active = m->active;
}

static void
experts(struct make *m)
{
	struct fm_layer *gate;
	size_t i, first;

	gate = linear(m, "mlp.gate", m->hidden, m->experts, FM_SHARD_NONE);
	gate->shape[0] = FM_DIM_ROWS;
	gate->shape[1] = m->hidden;
	gate->rank = 2;
	first = m->l->n;
	(void)linear(m, "mlp.experts.w1", m->hidden, m->inter, FM_SHARD_COLUMN);
	(void)activation(m, "mlp.experts.act_fn");
	(void)linear(m, "mlp.experts.w3", m->hidden, m->inter, FM_SHARD_COLUMN);
	elementwise(
	    m, "mlp.experts.gate_mul", FM_LAYER_MUL, m->inter, FM_SHARD_COLUMN);
	(void)linear(m, "mlp.experts.w2", m->inter, m->hidden, FM_SHARD_ROW);
	elementwise(m, "mlp.experts.expert_add", FM_LAYER_ADD, m->hidden,
	    FM_SHARD_NONE);
	for (i = first; i < m->l->n; i++)
		expert(m, &m->l->v[i]);
}

static void
projections(struct make *m)
{
	int64_t q = m->heads * m->head_dim, kv = m->kv_heads * m->head_dim;
	struct fm_layer *one;
	size_t first = m->l->n;

	(void)linear(m, "self_attn.q_proj", m->hidden, q, FM_SHARD_COLUMN);
	(void)linear(m, "self_attn.k_proj", m->hidden, kv, FM_SHARD_COLUMN);
	(void)linear(m, "self_attn.v_proj", m->hidden, kv, FM_SHARD_COLUMN);
	for (; first < m->l->n; first++)
		m->l->v[first].bias =
		    m->f->qkv_bias ||
		    fm_json_bool(m->config, "attention_bias", false);
	if (m->f->qk_norm) {
		one = add(m, "self_attn.q_norm", FM_LAYER_RMSNORM, q);
		one->out = m->head_dim;
		one->shard = FM_SHARD_COLUMN;
		one = add(m, "self_attn.k_norm", FM_LAYER_RMSNORM, kv);
		one->out = m->head_dim;
		one->shard = FM_SHARD_COLUMN;
	}
	elementwise(m, "self_attn.apply_rotary_pos_emb", FM_LAYER_ROPE, q + kv,
	    FM_SHARD_COLUMN);
}

/* Through a window, or not: the config has a list, a rule or neither. */
static int64_t
window_of(const struct make *m, int64_t i)
{
	const json_t *types = json_object_get(m->config, "layer_types");
	const char *type = json_string_value(json_array_get(types, (size_t)i));
	int64_t from = fm_json_int(m->config, "max_window_layers", 0);

	if (type)
		return strcmp(type, "sliding_attention") == 0 ? m->window : 0;
	if (i < from || (m->f->pattern && (i + 1) % m->f->pattern == 0))
		return 0;
	return m->window;
}

static void
block(struct make *m, int64_t i)
{
	bool four = m->f->four_norms;

	(void)snprintf(
	    m->prefix, sizeof m->prefix, "layers.%lld.", (long long)i);
	norm(m, "input_layernorm", FM_LAYER_RMSNORM);
	projections(m);
	attention(m, "self_attn", window_of(m, i));
	linear(m, "self_attn.o_proj", m->heads * m->head_dim, m->hidden,
	    FM_SHARD_ROW)
	    ->bias = fm_json_bool(m->config, "attention_bias", false);
	if (four)
		norm(m, "post_attention_layernorm", FM_LAYER_RMSNORM);
	elementwise(m, "residual_attn", FM_LAYER_ADD, m->hidden, FM_SHARD_NONE);
	norm(m, four ? "pre_feedforward_layernorm" : "post_attention_layernorm",
	    FM_LAYER_RMSNORM);
	if (m->f->moe)
		experts(m);
	else
		mlp(m);
	if (four)
		norm(m, "post_feedforward_layernorm", FM_LAYER_RMSNORM);
	elementwise(m, "residual_mlp", FM_LAYER_ADD, m->hidden, FM_SHARD_NONE);
	*m->prefix = '\0';
}

static void
ids(struct make *m, const char *name, int64_t rows)
{
	struct fm_layer *one = add(m, name, FM_LAYER_EMBEDDING, 0);

	one->rank = 2;
	one->in = rows;
	one->out = m->hidden;
	one->shard = FM_SHARD_GATHER;
}

static int
decoder(struct make *m, struct fm_err *err)
{
	struct fm_layer *head;
	int64_t i;

	if (m->f->moe && (get(m, "num_local_experts", 0, &m->experts, err) ||
			     get(m, "num_experts_per_tok", 0, &m->active, err)))
		return -1;
	if (m->f->moe && m->active > m->experts)
		return fm_err_set(err, FM_USAGE,
		    "%s: a token cannot visit %lld of %lld experts", m->path,
		    (long long)m->active, (long long)m->experts);
	m->causal = true;
	m->l->decoder = true;
	m->l->last = fm_strdup("lm_head");
	ids(m, "embed_tokens", m->vocab);
	add(m, "rotary_emb", FM_LAYER_ROTARY, m->hidden)->out = m->head_dim;
	for (i = 0; i < m->blocks; i++)
		block(m, i);
	norm(m, "norm", FM_LAYER_RMSNORM);
	head = linear(m, "lm_head", m->hidden, m->vocab, FM_SHARD_GATHER);
	head->tied = m->tied;
	head->last_row = true;
	return 0;
}

/* --- encoders ------------------------------------------------------------ */

/* What is added to a layer's result before its norm is added where the norm
 * is called. */
static void
add_and_norm(struct make *m, const char *at)
{
	char name[80];

	(void)snprintf(name, sizeof name, "%s", at);
	cut(name);
	(void)snprintf(name + strlen(name), sizeof name - strlen(name),
	    "%sresidual", *name ? "." : "");
	elementwise(m, name, FM_LAYER_ADD, m->hidden, FM_SHARD_NONE);
	norm(m, at, FM_LAYER_LAYERNORM);
}

static void
encoder_block(struct make *m, const struct fm_hf_class *c, int64_t i)
{
	enum fm_layer_shard col = FM_SHARD_COLUMN;
	char module[80];

	(void)snprintf(
	    m->prefix, sizeof m->prefix, "%s.%lld.", c->layer, (long long)i);
	(void)snprintf(module, sizeof module, "%s", c->query);
	cut(module);
	linear(m, c->query, m->hidden, m->hidden, col)->bias = true;
	linear(m, c->key, m->hidden, m->hidden, col)->bias = true;
	linear(m, c->value, m->hidden, m->hidden, col)->bias = true;
	attention(m, module, 0);
	linear(m, c->attn_out, m->hidden, m->hidden, FM_SHARD_ROW)->bias = true;
	add_and_norm(m, c->attn_norm);
	linear(m, c->up, m->hidden, m->inter, col)->bias = true;
	(void)activation(m, c->act);
	linear(m, c->down, m->inter, m->hidden, FM_SHARD_ROW)->bias = true;
	add_and_norm(m, c->out_norm);
	*m->prefix = '\0';
}

/* Of the first token of each sequence. */
static void
pooler(struct make *m, const struct fm_hf_class *c)
{
	struct fm_layer *one =
	    linear(m, c->pooler, m->hidden, m->hidden, FM_SHARD_GATHER);

	one->bias = true;
	one->rank = 2;
	one->shape[1] = m->hidden;
	one = add(m, "pooler.activation", FM_LAYER_ACT, m->hidden);
	one->rank = 2;
	one->shape[1] = m->hidden;
}

/* Bias of attention by distance, picked for all pairs of tokens. */
static int
relative(struct make *m, struct fm_err *err)
{
	struct fm_layer *one;
	int64_t buckets;

	if (get(m, "relative_attention_num_buckets", 32, &buckets, err))
		return -1;
	one = add(m, "encoder.relative_attention_bias", FM_LAYER_EMBEDDING, 0);
	one->rank = 2;
	one->shape[0] = one->shape[1] = FM_DIM_TOKENS;
	one->in = buckets;
	one->out = m->heads;
	return 0;
}

static int
encoder(struct make *m, const struct fm_hf_class *c, struct fm_err *err)
{
	int64_t positions, kinds = 0, i;

	if (get(m, "max_position_embeddings", c->max_positions, &positions,
		err) ||
	    (c->types && get(m, "type_vocab_size", c->types, &kinds, err)))
		return -1;
	ids(m, "embeddings.word_embeddings", m->vocab);
	/* A single kind is a bias of the norm. */
	if (kinds > 1) {
		ids(m, "embeddings.token_type_embeddings", kinds);
		elementwise(m, "embeddings.add_types", FM_LAYER_ADD, m->hidden,
		    FM_SHARD_NONE);
	}
	ids(m, "embeddings.position_embeddings", positions);
	if (c->positions == FM_HF_AFTER_PAD)
		positions -= 1 + (c->fixed_pad ? c->pad
					       : fm_json_int(m->config,
						     "pad_token_id", c->pad));
	m->l->positions = positions;
	elementwise(m, "embeddings.add_positions", FM_LAYER_ADD, m->hidden,
	    FM_SHARD_NONE);
	norm(m, "embeddings.LayerNorm", FM_LAYER_LAYERNORM);
	if (c->relative && relative(m, err))
		return -1;
	for (i = 0; i < m->blocks; i++)
		encoder_block(m, c, i);
	if (c->pooler)
		pooler(m, c);
	return 0;
}

/* --- which --------------------------------------------------------------- */

static int
unknown(const char *type, const char *path, struct fm_err *err)
{
	char all[300] = "";
	size_t i, at = 0;

	for (i = 0; i < sizeof decoders / sizeof *decoders; i++)
		at += (size_t)snprintf(
		    all + at, sizeof all - at, "%s, ", decoders[i].type);
	for (i = 0; fm_hf_class_at(i); i++)
		at += (size_t)snprintf(all + at, sizeof all - at, "%s%s",
		    fm_hf_class_at(i)->model_type,
		    fm_hf_class_at(i + 1) ? ", " : "");
	return fm_err_set(err, FM_USAGE,
	    "%s: the layers of model_type '%s' are not known; known are %s",
	    path, type, all);
}

int
fm_layers_config(struct fm_layers *l, const json_t *config, bool eager,
    const char *path, struct fm_err *err)
{
	const json_t *text = json_object_get(config, "text_config");
	struct make m = { .l = l, .path = path, .eager = eager };
	const struct fm_hf_class *e = NULL;
	const char *type, *class;
	size_t i;

	memset(l, 0, sizeof *l);
	m.config = json_is_object(text) ? text : config;
	type = fm_json_str(m.config, "model_type", "");
	for (i = 0; i < sizeof decoders / sizeof *decoders; i++)
		if (strcmp(type, decoders[i].type) == 0)
			m.f = &decoders[i];
	for (i = 0; fm_hf_class_at(i); i++)
		if (strcmp(type, fm_hf_class_at(i)->model_type) == 0)
			e = fm_hf_class_at(i);
	if (!m.f && !e)
		return unknown(type, path, err);
	class = json_string_value(
	    json_array_get(json_object_get(config, "architectures"), 0));
	l->model_class = fm_strdup(class ? class : m.f ? m.f->class : e->name);
	m.act = fm_json_str(m.config, "hidden_activation",
	    fm_json_str(m.config, "hidden_act",
		fm_json_str(m.config, "activation", m.f ? m.f->act : "gelu")));
	m.tied = fm_json_bool(
	    m.config, "tie_word_embeddings", m.f ? m.f->tied : false);
	if (read_numbers(&m, err) != 0)
		return -1;
	l->hidden = m.hidden;
	return m.f ? decoder(&m, err) : encoder(&m, e, err);
}
