/*
 * One layer, with x of shape [batch * sequence, hidden] throughout, because
 * Gemm wants matrices and takes the checkpoint's [out, in] as it is:
 *
 *   q, k, v = Gemm(x)  ->  [batch, sequence, hidden]
 *   a = Gemm(MultiHeadAttention(q, k, v, mask))
 *   y = LayerNorm(x + a)
 *   x = LayerNorm(y + Gemm(act(Gemm(y))))
 *
 * LayerNorm with the sum before it is one operator of ONNX Runtime's,
 * SkipLayerNormalization, which also adds the positions to the embeddings.
 */
#include "model/encoder.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"

/* The lowest float: what a masked score is made of before softmax. */
#define MASKED (-3.4028234663852886e38F)

struct build {
	struct fm_graph *g;
	const struct fm_hf *h;
	struct fm_weights *w;
	char *prefix; /* of all names in the checkpoint: "", "bert." */
	bool bad;     /* err is set: names mean nothing from here on */
	struct fm_err *err;
};

/* --- tensors of the checkpoint ------------------------------------------- */

/* Checkpoints of models with a head have the base model under a name. */
static char *
find_prefix(const struct fm_weights *w)
{
	static const char words[] = "embeddings.word_embeddings.weight";
	const char *best = NULL;
	size_t len = 0;

	for (size_t i = 0; i < w->n; i++) {
		const char *s = w->v[i].name;
		size_t n = strlen(s), m = sizeof words - 1;

		if (n < m || strcmp(s + n - m, words) != 0 ||
		    (n > m && s[n - m - 1] != '.'))
			continue;
		if (!best || n - m < len) {
			best = s;
			len = n - m;
		}
	}
	return best ? fm_strndup(best, len) : fm_strdup("");
}

/* Old checkpoints call the two tensors of a LayerNorm gamma and beta. */
static const struct fm_weight *
find_old(const struct build *b, const char *name)
{
	static const char *const pairs[][2] = { { "LayerNorm.weight",
						    "LayerNorm.gamma" },
		{ "LayerNorm.bias", "LayerNorm.beta" } };
	const struct fm_weight *t = NULL;
	size_t n = strlen(name);

	for (size_t i = 0; !t && i < 2; i++) {
		size_t m = strlen(pairs[i][0]);
		char *old;

		if (n < m || strcmp(name + n - m, pairs[i][0]) != 0)
			continue;
		old = fm_strdupf(
		    "%s%.*s%s", b->prefix, (int)(n - m), name, pairs[i][1]);
		t = fm_weights_find(b->w, old);
		free(old);
	}
	return t;
}

static const struct fm_weight *
find(const struct build *b, const char *name)
{
	char *full = fm_strdupf("%s%s", b->prefix, name);
	const struct fm_weight *t = fm_weights_find(b->w, full);

	free(full);
	return t ? t : find_old(b, name);
}

static void
put_shape(struct fm_buf *s, int rank, const int64_t *dims)
{
	fm_buf_putc(s, '[');
	for (int i = 0; i < rank; i++)
		fm_buf_printf(s, "%s%" PRId64, i ? "," : "", dims[i]);
	fm_buf_putc(s, ']');
}

static int
check_tensor(struct build *b, const struct fm_weight *t, const char *name,
    int rank, const int64_t *dims)
{
	bool same = t->rank == rank;
	struct fm_buf s = FM_BUF_INIT;
	int r = 0;

	for (int i = 0; same && i < rank; i++)
		same = t->dims[i] == dims[i];
	if (!same) {
		put_shape(&s, t->rank, t->dims);
		fm_buf_puts(&s, ", the config says ");
		put_shape(&s, rank, dims);
		r = fm_err_set(b->err, FM_NOMODEL,
		    "'%s/%s': tensor '%s' has shape %s", b->w->dir,
		    b->w->files.v[t->file], t->name, s.s);
	} else if (t->type != FM_TYPE_FLOAT && t->type != FM_TYPE_FLOAT16 &&
		   t->type != FM_TYPE_BFLOAT16)
		r = fm_err_set(b->err, FM_NOMODEL,
		    "'%s/%s': tensor '%s' is %s; weights can be F32, F16 or "
		    "BF16",
		    b->w->dir, b->w->files.v[t->file], name, t->dtype);
	fm_buf_release(&s);
	return r;
}

/*
 * Puts a tensor into the graph under its name and returns its type. `row`:
 * its first dimension, which is 1, is left out.
 */
static enum fm_type
tensor(struct build *b, const char *name, int rank, int64_t d0, int64_t d1,
    bool row)
{
	const int64_t dims[2] = { d0, d1 };
	const struct fm_weight *t = NULL;

	if (b->bad)
		return FM_TYPE_FLOAT;
	t = b->w->made_up ? fm_weights_add(b->w, name, rank, dims)
			  : find(b, name);
	if (!t)
		(void)fm_err_set(b->err, FM_NOMODEL,
		    "'%s/%s' lacks tensor '%s%s'", b->w->dir, b->w->files.v[0],
		    b->prefix, name);
	if (!t || check_tensor(b, t, name, rank, dims)) {
		b->bad = true;
		return FM_TYPE_FLOAT;
	}
	fm_graph_external(b->g, name, t->type, rank - row, dims + row,
	    b->w->files.v[t->file], t->offset, t->bytes);
	return t->type;
}

/* `name` itself, or a Cast of it, which the runtime folds when it can. */
static const char *
as_float(struct build *b, const char *name, enum fm_type type)
{
	const char *s = name;

	if (type != FM_TYPE_FLOAT) {
		s = fm_graph_node(
		    b->g, "Cast", name, fm_graph_name(b->g, "%s.float", name));
		fm_graph_attr_int(b->g, "to", FM_TYPE_FLOAT);
	}
	return s;
}

static const char *
row(struct build *b, const char *name, int64_t n)
{
	return as_float(b, name, tensor(b, name, 1, n, 0, false));
}

/* --- the parts ----------------------------------------------------------- */

/* The module that a tensor such as "embeddings.LayerNorm.weight" is of. */
static void
at_tensor(struct build *b, const char *name)
{
	const char *dot = strrchr(name, '.');

	fm_graph_at(b->g, fm_graph_name(b->g, "%.*s", (int)(dot - name), name));
}

/* Rows of a table; the table stays as it is, the rows become float. */
static const char *
gather(struct build *b, const char *name, int64_t rows, const char *ids,
    const char *out)
{
	enum fm_type type = tensor(b, name, 2, rows, b->h->hidden, false);

	at_tensor(b, name);
	(void)fm_graph_node(
	    b->g, "Gather", fm_graph_name(b->g, "%s %s", name, ids), out);
	return as_float(b, out, type);
}

static const char *
gemm(struct build *b, const char *in, const char *name, int64_t outs,
    int64_t ins)
{
	const char *weight = fm_graph_name(b->g, "%s.weight", name);
	const char *bias = fm_graph_name(b->g, "%s.bias", name);
	const char *out = fm_graph_name(b->g, "%s.out", name);

	fm_graph_at(b->g, name);
	weight = as_float(b, weight, tensor(b, weight, 2, outs, ins, false));
	bias = row(b, bias, outs);
	(void)fm_graph_node(b->g, "Gemm",
	    fm_graph_name(b->g, "%s %s %s", in, weight, bias), out);
	fm_graph_attr_int(b->g, "transB", 1);
	return out;
}

/* LayerNorm(a + c + bias), bias "" if there is none. */
static const char *
norm(struct build *b, const char *a, const char *c, const char *bias,
    const char *name)
{
	const char *gamma, *beta, *out;

	fm_graph_at(b->g, name);
	gamma = row(b, fm_graph_name(b->g, "%s.weight", name), b->h->hidden);
	beta = row(b, fm_graph_name(b->g, "%s.bias", name), b->h->hidden);
	out = fm_graph_node(b->g, ".SkipLayerNormalization",
	    fm_graph_name(b->g, "%s %s %s %s%s%s", a, c, gamma, beta,
		*bias ? " " : "", bias),
	    fm_graph_name(b->g, "%s.out", name));

	fm_graph_attr_float(b->g, "epsilon", (float)b->h->eps);
	return out;
}

static const char *
reshape(struct build *b, const char *in, const char *shape, const char *out)
{
	return fm_graph_node(
	    b->g, "Reshape", fm_graph_name(b->g, "%s %s", in, shape), out);
}

/*
 * Positions of models that number them from the padding token's id:
 * pad + cumulative sum of (id != pad), and pad itself where the id is pad.
 */
static const char *
positions_after_pad(struct build *b)
{
	fm_graph_at(b->g, "embeddings");
	fm_graph_int(b->g, "pad", b->h->pad);
	fm_graph_int(b->g, "axis", 1);
	(void)fm_graph_node(b->g, "Equal", "input_ids pad", "is_pad");
	(void)fm_graph_node(b->g, "Not", "is_pad", "is_token");
	(void)fm_graph_node(b->g, "Cast", "is_token", "tokens");
	fm_graph_attr_int(b->g, "to", FM_TYPE_INT64);
	(void)fm_graph_node(b->g, "CumSum", "tokens axis", "token_count");
	(void)fm_graph_node(b->g, "Mul", "token_count tokens", "token_number");
	(void)fm_graph_node(b->g, "Add", "token_number pad", "position_ids");
	return gather(b, "embeddings.position_embeddings.weight",
	    b->h->max_positions, "position_ids", "positions");
}

static const char *
positions_from_zero(struct build *b)
{
	static const char name[] = "embeddings.position_embeddings.weight";
	enum fm_type type =
	    tensor(b, name, 2, b->h->max_positions, b->h->hidden, false);
	const int64_t zero = 0;

	at_tensor(b, name);
	fm_graph_ints(b->g, "zero_row", 1, &zero);
	(void)fm_graph_node(b->g, "Slice",
	    fm_graph_name(b->g, "%s zero_row sequence zero_row", name),
	    "positions");
	return as_float(b, "positions", type);
}

static const char *
embeddings(struct build *b)
{
	static const char types[] = "embeddings.token_type_embeddings.weight";
	const char *x = gather(b, "embeddings.word_embeddings.weight",
	    b->h->vocab, "input_ids", "words");
	const char *positions, *bias = "";

	if (b->h->types > 1) {
		const char *t =
		    gather(b, types, b->h->types, "token_type_ids", "types");

		fm_graph_at(b->g, "embeddings");
		x = fm_graph_node(b->g, "Add",
		    fm_graph_name(b->g, "%s %s", x, t), "words_types");
	}
	/* A single type is the same row for every token: a bias. */
	at_tensor(b, types);
	if (b->h->types == 1)
		bias = as_float(
		    b, types, tensor(b, types, 2, 1, b->h->hidden, true));
	positions = b->h->class->positions == FM_HF_AFTER_PAD
			? positions_after_pad(b)
			: positions_from_zero(b);
	return norm(b, x, positions, bias, "embeddings.LayerNorm");
}

int
fm_encoder_bucket(int64_t distance)
{
	int bucket = distance > 0 ? 16 : 0;
	float n = (float)llabs(distance);
	int far;

	if (n < 8)
		return bucket + (int)n;
	far = 8 + (int)(logf(n / 8.0F) / (float)log(16.0) * 8.0F);
	return bucket + (far < 15 ? far : 15);
}

/*
 * Bias of attention by distance: the table's rows, picked for every distance
 * that can occur (folded when the model is loaded), then spread over a
 * [sequence, sequence] matrix of distances. Returns [1, heads, s, s].
 */
static const char *
relative_bias(struct build *b)
{
	const char *name = b->h->class->relative;
	int64_t most = fm_hf_tokens(b->h), n = 2 * most - 1;
	int64_t *buckets = fm_calloc((size_t)n, sizeof *buckets);
	enum fm_type type =
	    tensor(b, name, 2, b->h->buckets, b->h->heads, false);
	static const int64_t perm[2] = { 1, 0 };
	static const int64_t zero = 0, one = 1;

	at_tensor(b, name);
	for (int64_t i = 0; i < n; i++)
		buckets[i] = fm_encoder_bucket(i - (most - 1));
	fm_graph_ints(b->g, "buckets", n, buckets);
	free(buckets);
	(void)fm_graph_node(b->g, "Gather",
	    fm_graph_name(b->g, "%s buckets", as_float(b, name, type)),
	    "bias_by_distance");
	(void)fm_graph_node(
	    b->g, "Transpose", "bias_by_distance", "bias_by_head");
	fm_graph_attr_ints(b->g, "perm", 2, perm);

	fm_graph_int(b->g, "zero", 0);
	fm_graph_int(b->g, "one", 1);
	fm_graph_int(b->g, "last", most - 1);
	fm_graph_ints(b->g, "first_axis", 1, &zero);
	fm_graph_ints(b->g, "second_axis", 1, &one);
	(void)fm_graph_node(b->g, "Squeeze", "sequence first_axis", "length");
	(void)fm_graph_node(b->g, "Range", "zero length one", "key_at");
	(void)fm_graph_node(
	    b->g, "Unsqueeze", "key_at second_axis", "query_at");
	(void)fm_graph_node(b->g, "Sub", "key_at query_at", "distance");
	(void)fm_graph_node(b->g, "Add", "distance last", "distance_index");
	(void)fm_graph_node(
	    b->g, "Gather", "bias_by_head distance_index", "bias_of_heads");
	fm_graph_attr_int(b->g, "axis", 1);
	return fm_graph_node(
	    b->g, "Unsqueeze", "bias_of_heads first_axis", "attention_bias");
}

static const char *
activation(struct build *b, const char *in, const char *layer)
{
	const struct fm_hf_act *a = b->h->act;
	const char *name =
	    fm_graph_name(b->g, "%s.%s", layer, b->h->class->act);
	const char *out;

	fm_graph_at(b->g, name);
	out =
	    fm_graph_node(b->g, a->op, in, fm_graph_name(b->g, "%s.out", name));
	if (a->alpha > 0)
		fm_graph_attr_float(b->g, "alpha", a->alpha);
	return out;
}

/* `bias` is the name of the attention bias, or "". */
static const char *
attention(struct build *b, const char *x, const char *layer, const char *bias)
{
	const struct fm_hf_class *c = b->h->class;
	const char *const parts[3] = { c->query, c->key, c->value };
	const char *in[3], *out;

	for (int i = 0; i < 3; i++) {
		const char *name =
		    fm_graph_name(b->g, "%s.%s", layer, parts[i]);

		in[i] = reshape(b, gemm(b, x, name, b->h->hidden, b->h->hidden),
		    "shape3", fm_graph_name(b->g, "%s.3d", name));
	}
	at_tensor(b, fm_graph_name(b->g, "%s.%s", layer, c->query));
	out = fm_graph_node(b->g, ".MultiHeadAttention",
	    fm_graph_name(b->g, "%s %s %s - mask%s%s", in[0], in[1], in[2],
		*bias ? " " : "", bias),
	    fm_graph_name(b->g, "%s.attention", layer));
	fm_graph_attr_int(b->g, "num_heads", b->h->heads);
	fm_graph_attr_float(b->g, "mask_filter_value", MASKED);
	return reshape(
	    b, out, "shape2", fm_graph_name(b->g, "%s.attention.2d", layer));
}

static const char *
layer(struct build *b, const char *x, int64_t i, const char *bias)
{
	const struct fm_hf_class *c = b->h->class;
	const char *l = fm_graph_name(b->g, "%s.%" PRId64, c->layer, i);
#define PART(p) fm_graph_name(b->g, "%s.%s", l, (p))
	const char *a = gemm(b, attention(b, x, l, bias), PART(c->attn_out),
	    b->h->hidden, b->h->hidden);
	const char *y = norm(b, a, x, "", PART(c->attn_norm));
	const char *up = gemm(b, y, PART(c->up), b->h->inter, b->h->hidden);
	const char *down = gemm(
	    b, activation(b, up, l), PART(c->down), b->h->hidden, b->h->inter);

	return norm(b, down, y, "", PART(c->out_norm));
#undef PART
}

/* The class has one by default, but not every checkpoint. */
static void
pooler(struct build *b)
{
	static const char *const syms[2] = { "batch", NULL };
	const int64_t dims[2] = { -1, b->h->hidden };
	const char *x;

	if (!b->w->made_up &&
	    !find(b, fm_graph_name(b->g, "%s.weight", b->h->class->pooler)))
		return;
	fm_graph_at(b->g, "pooler");
	fm_graph_int(b->g, "first", 0);
	(void)fm_graph_node(
	    b->g, "Gather", "last_hidden_state first", "first_token");
	fm_graph_attr_int(b->g, "axis", 1);
	x = gemm(
	    b, "first_token", b->h->class->pooler, b->h->hidden, b->h->hidden);
	fm_graph_at(b->g, "pooler.activation");
	(void)fm_graph_node(b->g, "Tanh", x, "pooler_output");
	fm_graph_output(b->g, "pooler_output", FM_TYPE_FLOAT, 2, dims, syms);
}

/* --- the whole ----------------------------------------------------------- */

static void
ports(struct build *b)
{
	static const char *const syms[3] = { "batch", "sequence", NULL };
	const int64_t dims[3] = { -1, -1, b->h->hidden };

	fm_graph_input(b->g, "input_ids", FM_TYPE_INT64, 2, dims, syms);
	fm_graph_input(b->g, "attention_mask", FM_TYPE_INT64, 2, dims, syms);
	if (b->h->types > 1)
		fm_graph_input(
		    b->g, "token_type_ids", FM_TYPE_INT64, 2, dims, syms);
	fm_graph_output(
	    b->g, "last_hidden_state", FM_TYPE_FLOAT, 3, dims, syms);
}

/* Names that several parts use: shapes of the inputs and the mask. */
static void
common(struct build *b)
{
	const int64_t one = 1, two = 2, hidden = b->h->hidden;
	const int64_t shape2[2] = { -1, hidden };

	fm_graph_ints(b->g, "one_row", 1, &one);
	fm_graph_ints(b->g, "two_row", 1, &two);
	fm_graph_ints(b->g, "hidden", 1, &hidden);
	fm_graph_ints(b->g, "shape2", 2, shape2);
	(void)fm_graph_node(b->g, "Shape", "input_ids", "shape_ids");
	(void)fm_graph_node(
	    b->g, "Slice", "shape_ids one_row two_row", "sequence");
	(void)fm_graph_node(b->g, "Concat", "shape_ids hidden", "shape3");
	fm_graph_attr_int(b->g, "axis", 0);
	(void)fm_graph_node(b->g, "Cast", "attention_mask", "mask");
	fm_graph_attr_int(b->g, "to", FM_TYPE_INT32);
}

int
fm_encoder_build(struct fm_graph *g, const struct fm_hf *h,
    struct fm_weights *w, struct fm_err *err)
{
	struct build b = { g, h, w, find_prefix(w), false, err };
	const char *x, *bias = "";

	fm_graph_at(g, "");
	common(&b);
	ports(&b);
	x = reshape(&b, embeddings(&b), "shape2", "embeddings.2d");
	if (h->class->relative)
		bias = relative_bias(&b);
	for (int64_t i = 0; !b.bad && i < h->layers; i++)
		x = layer(&b, x, i, bias);
	fm_graph_at(g, "");
	(void)reshape(&b, x, "shape3", "last_hidden_state");
	if (h->class->pooler)
		pooler(&b);
	free(b.prefix);
	return b.bad ? -1 : 0;
}

size_t
fm_encoder_max(const struct fm_hf *h)
{
	return 8 + 16 * (size_t)h->layers;
}
