/*
 * The layers of an ONNX graph, node by node. What an operator is comes from
 * one table; a node that is not in it, or whose shape stays unknown, is named
 * among those not covered.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "model/layers.h"
#include "model/nesting.h"
#include "model/onnx_shape.h"

#define UNKNOWN FM_ONNX_UNKNOWN

/* --- layers -------------------------------------------------------------- */

char *
fm_layers_path(const char *node)
{
	const char *from = strchr(node, '/'), *end = strrchr(node, '/');
	char *path, *s;

	if (!from || !end[1])
		return fm_strdup(node);
	from = from == node || from[-1] == ' ' ? from + 1 : node;
	path = fm_strndup(from, end > from ? (size_t)(end - from) : 0);
	for (s = path; *s; s++)
		if (*s == '/')
			*s = '.';
	return path;
}

/* The path of what contains that of `path`; the caller frees. */
static char *
parent(const char *path)
{
	const char *dot = strrchr(path, '.');

	return fm_strndup(path, dot ? (size_t)(dot - path) : 0);
}

static struct fm_layer *
layer(struct fm_onnx_graph *g, enum fm_layer_kind kind,
    const struct fm_onnx_value *in)
{
	const char *name = g->node->name && *g->node->name ? g->node->name
							   : g->node->output[0];
	char *path = fm_layers_path(name);
	const char *tail = strrchr(path, '.');
	struct fm_layer *one = fm_layers_add(
	    g->l, *path ? path : name, tail ? tail + 1 : path, kind);

	free(one->path);
	one->path = path;
	/* What ONNX Runtime calls a node without a name. */
	one->node =
	    name == g->node->name
		? fm_strdup(name)
		: fm_strdupf("%s_%lld", g->node->op_type, (long long)g->at);
	one->rank = in->rank;
	memcpy(one->shape, in->dims, sizeof one->shape);
	return one;
}

static struct fm_onnx_value
elementwise(struct fm_onnx_graph *g, enum fm_layer_kind kind)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0), y = fm_onnx_input(g, 1),
			     v = x;

	if (g->node->n_input > 1 && y.rank >= 0)
		v = fm_onnx_broadcast(&x, &y);
	v.n = -1;
	v.weight = false;
	v.whole = x.whole && (g->node->n_input < 2 || y.whole);
	fm_onnx_calculate(&v, g->node->op_type, &x, &y);
	/* Sums of shapes and of token numbers cost nothing. */
	if (fm_onnx_known(&v) && v.rank > 1 && !v.whole)
		(void)layer(g, kind, &v);
	return v;
}

static struct fm_onnx_value
same(struct fm_onnx_graph *g, enum fm_layer_kind kind)
{
	struct fm_onnx_value v = fm_onnx_input(g, 0);

	v.n = -1;
	v.weight = false;
	if (fm_onnx_known(&v) && !v.whole) {
		struct fm_layer *one = layer(g, kind, &v);

		if (v.rank && v.dims[v.rank - 1] > 0)
			one->out = v.dims[v.rank - 1];
	}
	return v;
}

static struct fm_onnx_value
product(struct fm_onnx_graph *g, bool transposed)
{
	struct fm_onnx_value a = fm_onnx_input(g, 0), b = fm_onnx_input(g, 1),
			     v;
	int64_t in, out;
	struct fm_layer *one;

	if (a.rank < 1 || b.rank < 2)
		return fm_onnx_shaped(-1);
	in = b.dims[b.rank - (transposed ? 1 : 2)];
	out = b.dims[b.rank - (transposed ? 2 : 1)];
	v = a;
	v.n = -1;
	v.dims[v.rank - 1] = out;
	if (!fm_onnx_known(&a) || !fm_onnx_known(&v))
		return v;
	if (b.weight && b.rank == 2 && in > 0 && out > 0) {
		one = layer(g, FM_LAYER_LINEAR, &a);
		one->in = in;
		one->bias = g->node->n_input > 2;
	} else {
		one = layer(g, FM_LAYER_MATMUL, &a);
	}
	one->out = out;
	return v;
}

static struct fm_onnx_value
attention(struct fm_onnx_graph *g)
{
	struct fm_onnx_value q = fm_onnx_input(g, 0), v = q;
	int64_t n = fm_onnx_attr_int(g, "num_heads", 0);
	struct fm_layer *one;

	if (q.rank != 3 || !fm_onnx_known(&q) || n < 1 || q.dims[2] < 1 ||
	    q.dims[2] % n)
		return fm_onnx_shaped(-1);
	one = layer(g, FM_LAYER_SDPA, &q);
	one->rank = 4;
	one->shape[1] = n;
	one->shape[2] = FM_DIM_LENGTH;
	one->shape[3] = q.dims[2] / n;
	one->heads = one->kv_heads = n;
	one->head_dim = q.dims[2] / n;
	return v;
}

static int64_t
window_dim(
    const struct fm_onnx_graph *g, int64_t size, size_t k, int64_t kernel)
{
	int64_t stride = fm_onnx_attr_ints(g, "strides", k, 1);
	int64_t pad = fm_onnx_attr_ints(g, "pads", k, 0) +
		      fm_onnx_attr_ints(g, "pads", k + 2, 0);
	int64_t reach =
	    (kernel - 1) * fm_onnx_attr_ints(g, "dilations", k, 1) + 1;
	const Onnx__AttributeProto *a = fm_onnx_attr(g, "auto_pad");

	if (size < 1 || stride < 1 || kernel < 1 || pad < 0 || pad > 65536)
		return UNKNOWN;
	if (a && a->s.len >= 4 && memcmp(a->s.data, "SAME", 4) == 0)
		return (size + stride - 1) / stride;
	return size + pad < reach ? UNKNOWN : (size + pad - reach) / stride + 1;
}

/* Images, with a window that moves: convolutions and pools. */
static struct fm_onnx_value
moved(const struct fm_onnx_graph *g, int64_t channels, const int64_t kernel[2])
{
	struct fm_onnx_value x = fm_onnx_input(g, 0),
			     v = fm_onnx_shaped(x.rank == 4 ? 4 : -1);
	size_t k;

	v.dims[0] = x.dims[0];
	v.dims[1] = channels;
	for (k = 0; k < 2; k++)
		v.dims[2 + k] = window_dim(g, x.dims[2 + k], k, kernel[k]);
	return v;
}

static struct fm_onnx_value
conv(struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0), w = fm_onnx_input(g, 1),
			     v;
	struct fm_layer *one;
	int k;

	if (x.rank != 4 || w.rank != 4)
		return fm_onnx_shaped(-1);
	v = moved(g, w.dims[0], w.dims + 2);
	if (!fm_onnx_known(&x) || !fm_onnx_known(&v) || w.dims[1] < 1)
		return v;
	one = layer(g, FM_LAYER_CONV2D, &x);
	one->in = w.dims[1];
	one->out = w.dims[0];
	for (k = 0; k < 2; k++) {
		one->kernel[k] = w.dims[2 + k];
		one->stride[k] = fm_onnx_attr_ints(g, "strides", (size_t)k, 1);
		one->extent[k] = v.dims[2 + k];
		/* What gives about this output: both sides alike. */
		one->padding[k] = ((v.dims[2 + k] - 1) * one->stride[k] +
				      one->kernel[k] - x.dims[2 + k] + 1) /
				  2;
		if (one->padding[k] < 0)
			one->padding[k] = 0;
	}
	return v;
}

static struct fm_onnx_value
lookup(struct fm_onnx_graph *g)
{
	struct fm_onnx_value table = fm_onnx_input(g, 0),
			     ids = fm_onnx_input(g, 1);
	int64_t axis = fm_onnx_attr_int(g, "axis", 0);
	struct fm_layer *one;

	if (table.weight && table.rank == 2 && !ids.weight &&
	    fm_onnx_known(&ids) && ids.rank > 0 && table.dims[0] > 0 &&
	    table.dims[1] > 0 && (axis == 0 || axis == 1)) {
		one = layer(g, FM_LAYER_EMBEDDING, &ids);
		one->in = table.dims[axis];
		one->out = table.dims[1 - axis];
	}
	return fm_onnx_gather(g);
}

static struct fm_onnx_value
pool(struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0);
	int64_t kernel[2] = { fm_onnx_attr_ints(g, "kernel_shape", 0, 1),
		fm_onnx_attr_ints(g, "kernel_shape", 1, 1) };

	if (fm_onnx_known(&x))
		(void)layer(g, FM_LAYER_ACT, &x);
	return moved(g, x.rank == 4 ? x.dims[1] : UNKNOWN, kernel);
}

/* A norm that adds its second input first. */
static struct fm_onnx_value
skip_norm(struct fm_onnx_graph *g, enum fm_layer_kind kind)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0);

	if (fm_onnx_known(&x)) {
		struct fm_layer *one = layer(g, FM_LAYER_ADD, &x);
		char *path = parent(one->path);

		free(one->path);
		free(one->node);
		one->path = path;
		one->node = NULL;
	}
	return same(g, kind);
}

/* Rows of a table, the first ones: embeddings of positions. */
static struct fm_onnx_value
slice(struct fm_onnx_graph *g)
{
	struct fm_onnx_value table = fm_onnx_input(g, 0),
			     v = fm_onnx_shape(g, FM_ONNX_SLICE);

	if (table.weight && !table.whole && table.rank == 2 &&
	    table.dims[0] > 0 && table.dims[1] > 0 && v.rank == 2 &&
	    v.dims[0] == FM_DIM_TOKENS) {
		struct fm_layer *one = layer(g, FM_LAYER_EMBEDDING, &v);

		one->rank = 1;
		one->in = table.dims[0];
		one->out = table.dims[1];
	}
	return v;
}

/* --- operators ----------------------------------------------------------- */

/* Listed in fm-backend-sim(7). */
static const struct {
	const char *op;
	enum fm_onnx_rule rule;
} rules[] = {
	{ "Identity", FM_ONNX_VIEW },
	{ "Cast", FM_ONNX_CAST },
	{ "CumSum", FM_ONNX_VIEW },
	{ "Dropout", FM_ONNX_VIEW },
	{ "Relu", FM_ONNX_UNARY },
	{ "Gelu", FM_ONNX_UNARY },
	{ "FastGelu", FM_ONNX_UNARY },
	{ "BiasGelu", FM_ONNX_UNARY },
	{ "QuickGelu", FM_ONNX_UNARY },
	{ "Erf", FM_ONNX_UNARY },
	{ "Tanh", FM_ONNX_UNARY },
	{ "Sigmoid", FM_ONNX_UNARY },
	{ "HardSigmoid", FM_ONNX_UNARY },
	{ "HardSwish", FM_ONNX_UNARY },
	{ "LeakyRelu", FM_ONNX_UNARY },
	{ "Clip", FM_ONNX_UNARY },
	{ "Sqrt", FM_ONNX_UNARY },
	{ "Neg", FM_ONNX_UNARY },
	{ "Exp", FM_ONNX_UNARY },
	{ "Abs", FM_ONNX_UNARY },
	{ "Not", FM_ONNX_UNARY },
	{ "Softplus", FM_ONNX_UNARY },
	{ "BatchNormalization", FM_ONNX_UNARY },
	{ "Add", FM_ONNX_BINARY },
	{ "Sub", FM_ONNX_BINARY },
	{ "Pow", FM_ONNX_BINARY },
	{ "Max", FM_ONNX_BINARY },
	{ "Min", FM_ONNX_BINARY },
	{ "Equal", FM_ONNX_BINARY },
	{ "Mul", FM_ONNX_MULTIPLY },
	{ "Div", FM_ONNX_MULTIPLY },
	{ "LayerNormalization", FM_ONNX_NORM },
	{ "SkipLayerNormalization", FM_ONNX_SKIP },
	{ "SimplifiedLayerNormalization", FM_ONNX_RMS },
	{ "SkipSimplifiedLayerNormalization", FM_ONNX_SKIP_RMS },
	{ "RMSNormalization", FM_ONNX_RMS },
	{ "Softmax", FM_ONNX_SOFT },
	{ "MatMul", FM_ONNX_MATMUL },
	{ "Gemm", FM_ONNX_GEMM },
	{ "MultiHeadAttention", FM_ONNX_MHA },
	{ "Conv", FM_ONNX_CONV },
	{ "Gather", FM_ONNX_LOOKUP },
	{ "MaxPool", FM_ONNX_POOL },
	{ "AveragePool", FM_ONNX_POOL },
	{ "GlobalAveragePool", FM_ONNX_GLOBAL },
	{ "Reshape", FM_ONNX_RESHAPE },
	{ "Transpose", FM_ONNX_TRANSPOSE },
	{ "Unsqueeze", FM_ONNX_UNSQUEEZE },
	{ "Squeeze", FM_ONNX_SQUEEZE },
	{ "ReduceMean", FM_ONNX_REDUCE },
	{ "ReduceSum", FM_ONNX_REDUCE },
	{ "Concat", FM_ONNX_CONCAT },
	{ "Shape", FM_ONNX_SHAPE },
	{ "Slice", FM_ONNX_SLICE },
	{ "Range", FM_ONNX_RANGE },
	{ "Expand", FM_ONNX_EXPAND },
	{ "ConstantOfShape", FM_ONNX_FILL },
	{ "Where", FM_ONNX_WHERE },
	{ "GatherElements", FM_ONNX_INDEXED },
	{ "Flatten", FM_ONNX_FLATTEN },
	{ "Constant", FM_ONNX_CONSTANT },
};

static struct fm_onnx_value
global(struct fm_onnx_graph *g)
{
	struct fm_onnx_value v = fm_onnx_input(g, 0);
	int i;

	if (fm_onnx_known(&v))
		(void)layer(g, FM_LAYER_ACT, &v);
	for (i = 2; i < v.rank; i++)
		v.dims[i] = 1;
	return v;
}

static struct fm_onnx_value
reduce(struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0);

	if (fm_onnx_known(&x))
		(void)layer(g, FM_LAYER_ACT, &x);
	return fm_onnx_without_axes(g, fm_onnx_attr_int(g, "keepdims", 1) != 0);
}

static struct fm_onnx_value
apply(struct fm_onnx_graph *g, enum fm_onnx_rule rule)
{
	switch (rule) {
	case FM_ONNX_UNARY:
		return same(g, FM_LAYER_ACT);
	case FM_ONNX_BINARY:
		return elementwise(g, FM_LAYER_ADD);
	case FM_ONNX_MULTIPLY:
		return elementwise(g, FM_LAYER_MUL);
	case FM_ONNX_NORM:
		return same(g, FM_LAYER_LAYERNORM);
	case FM_ONNX_RMS:
		return same(g, FM_LAYER_RMSNORM);
	case FM_ONNX_SKIP:
		return skip_norm(g, FM_LAYER_LAYERNORM);
	case FM_ONNX_SKIP_RMS:
		return skip_norm(g, FM_LAYER_RMSNORM);
	case FM_ONNX_SLICE:
		return slice(g);
	case FM_ONNX_SOFT:
		return same(g, FM_LAYER_SOFTMAX);
	case FM_ONNX_MATMUL:
		return product(g, false);
	case FM_ONNX_GEMM:
		return product(g, fm_onnx_attr_int(g, "transB", 0) != 0);
	case FM_ONNX_MHA:
		return attention(g);
	case FM_ONNX_CONV:
		return conv(g);
	case FM_ONNX_LOOKUP:
		return lookup(g);
	case FM_ONNX_POOL:
		return pool(g);
	case FM_ONNX_GLOBAL:
		return global(g);
	case FM_ONNX_REDUCE:
		return reduce(g);
	default:
		return fm_onnx_shape(g, rule);
	}
}

/* Tensors of a Constant; numbers in other attributes are rare. */
static void
constant(struct fm_onnx_graph *g)
{
	const Onnx__AttributeProto *a = fm_onnx_attr(g, "value");

	if (a && a->t)
		fm_onnx_put_tensor(g, g->node->output[0], a->t);
}

static int
find_rule(const char *op)
{
	size_t i;

	for (i = 0; i < sizeof rules / sizeof *rules; i++)
		if (strcmp(rules[i].op, op) == 0)
			return (int)i;
	return -1;
}

bool
fm_layers_is_free(const char *op)
{
	int i = find_rule(op);

	return i >= 0 && (rules[i].rule <= FM_ONNX_CAST ||
			     rules[i].rule == FM_ONNX_LOOKUP ||
			     rules[i].rule >= FM_ONNX_RESHAPE);
}

/* --- what is not covered -------------------------------------------------- */

/* The dimension of `x` that a product with `w` would sum over, or 1. */
static int64_t
summed(const struct fm_onnx_value *x, const struct fm_onnx_value *w)
{
	int i, k;

	for (i = x->rank - 1; i >= 0; i--)
		for (k = 0; k < w->rank; k++)
			if (x->dims[i] > 1 && x->dims[i] == w->dims[k])
				return x->dims[i];
	return 1;
}

/*
 * How much work a node may be: what goes in meets all weights that it has, as
 * in a product, a convolution or a recurrent layer; without weights, once for
 * every element.
 */
static void
guess(struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_shaped(-1);
	double out = 0, in = 1;
	struct fm_layer *one;
	size_t k;
	int i;

	for (k = 0; k < g->node->n_input && x.rank < 1; k++) {
		struct fm_onnx_value v = fm_onnx_input(g, k);

		if (!v.weight && fm_onnx_known(&v))
			x = v;
	}
	if (x.rank < 1)
		return;
	for (k = 0; k < g->node->n_input; k++) {
		struct fm_onnx_value w = fm_onnx_input(g, k);
		double n = 1;

		if (!w.weight || w.whole || w.rank < 2 || !fm_onnx_known(&w))
			continue;
		if (out < 1)
			in = (double)summed(&x, &w);
		for (i = 0; i < w.rank; i++)
			n *= (double)w.dims[i];
		out += n / in;
	}
	FM_GROW(g->l->guesses, g->l->cap_guesses, g->l->n_guesses + 1);
	one = &g->l->guesses[g->l->n_guesses++];
	memset(one, 0, sizeof *one);
	one->kind = out > 0 ? FM_LAYER_LINEAR : FM_LAYER_ACT;
	one->rank = x.rank;
	memcpy(one->shape, x.dims, sizeof one->shape);
	one->in = (int64_t)in;
	one->out = out < 9e18 ? (int64_t)out : INT64_MAX;
}

/* What the file says of a tensor, for those that follow from one that is not
 * covered. */
static struct fm_onnx_value
noted(struct fm_onnx_graph *g, const char *name)
{
	size_t i;

	for (i = 0; i < g->src->n_value_info; i++)
		if (g->src->value_info[i]->name &&
		    strcmp(g->src->value_info[i]->name, name) == 0)
			return fm_onnx_info(g->src->value_info[i]);
	return fm_onnx_shaped(-1);
}

/* A node is covered when it has a rule that gives it a shape. */
static void
read_node(struct fm_onnx_graph *g, const Onnx__NodeProto *node)
{
	const char *op = node->op_type ? node->op_type : "";
	int i = find_rule(op);
	struct fm_onnx_value v;

	g->node = node;
	g->l->nodes++;
	if (node->n_output == 0 || !node->output[0])
		return;
	if (i >= 0 && rules[i].rule == FM_ONNX_CONSTANT) {
		constant(g);
		return;
	}
	g->at++;
	v = i >= 0 ? apply(g, rules[i].rule) : fm_onnx_shaped(-1);
	if (!fm_onnx_known(&v)) {
		g->l->missed++;
		guess(g);
		v = noted(g, node->output[0]);
		if (fm_strs_find(&g->l->missed_ops, op) < 0)
			fm_strs_add(&g->l->missed_ops, op);
	}
	*fm_onnx_put(g, node->output[0]) = v;
}

static void
read_graph(struct fm_layers *l, const Onnx__GraphProto *src)
{
	struct fm_onnx_graph g = {
		.l = l, .src = src, .index = json_object(), .at = -1
	};
	size_t i;

	for (i = 0; i < src->n_initializer; i++)
		if (src->initializer[i]->name)
			fm_onnx_put_tensor(
			    &g, src->initializer[i]->name, src->initializer[i]);
	for (i = 0; i < src->n_input; i++)
		fm_onnx_put_input(&g, src->input[i]);
	for (i = 0; i < src->n_node; i++)
		read_node(&g, src->node[i]);
	json_decref(g.index);
	free(g.v);
}

int
fm_layers_onnx(struct fm_layers *l, const unsigned char *p, size_t n,
    const char *path, struct fm_err *err)
{
	Onnx__ModelProto *model = NULL;

	memset(l, 0, sizeof *l);
	l->model_class = fm_strdup("onnx");
	if (n && fm_nesting_ok(p, n))
		model = onnx__model_proto__unpack(NULL, n, p);
	if (!model)
		return fm_err_set(
		    err, FM_NOMODEL, "'%s' is no ONNX model", path);
	if (model->graph)
		read_graph(l, model->graph);
	onnx__model_proto__free_unpacked(model, NULL);
	if (l->n == 0)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': no operation of its %lld has a known shape", path,
		    (long long)l->nodes);
	return 0;
}
