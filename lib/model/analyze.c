/*
 * Counting: every node once, with the shapes of what goes in and comes out.
 * Bodies of If, Loop and Scan are not walked: how often they run is not
 * known, and those operators are listed as not counted.
 */
#include "model/analyze.h"

#include <stdlib.h>
#include <string.h>

#include <onnx.pb-c.h>

#include "alloc.h"
#include "err.h"
#include "json.h"
#include "model/onnx.h"

/* Values by name. */
struct values {
	json_t *index; /* name: position in v */
	struct fm_shape *v;
	size_t n, cap;
};

static struct fm_shape *
value(struct values *t, const char *name)
{
	const json_t *at = json_object_get(t->index, name);

	return at ? &t->v[json_integer_value(at)] : NULL;
}

static void
set(struct values *t, const char *name, const struct fm_shape *s)
{
	if (!name || !*name)
		return;
	json_object_set_new(t->index, name, json_integer((json_int_t)t->n));
	FM_GROW(t->v, t->cap, t->n + 1);
	t->v[t->n++] = *s;
}

static void
set_inputs(struct values *t, const struct fm_model *m, const json_t *dims)
{
	for (size_t i = 0; i < m->n_inputs; i++) {
		const struct fm_model_port *p = &m->inputs[i];
		struct fm_shape s = FM_SHAPE_UNKNOWN;

		s.type = (int32_t)p->type;
		s.rank = p->rank;
		for (int k = 0; k < p->rank; k++)
			s.dims[k] = p->dims[k] >= 0 || !p->syms[k]
					? p->dims[k]
					: fm_json_int(dims, p->syms[k], -1);
		set(t, p->name, &s);
	}
}

/* --- costs ---------------------------------------------------------------- */

/* Operations for each element of output (or input) of an operator. */
static const struct {
	const char *ops; /* with a blank around each */
	int each;
	bool of_input;
} prices[] = {
	{ " Shape Gather Unsqueeze Squeeze Concat Reshape Transpose Flatten "
	  "Slice Expand ConstantOfShape Constant Identity Cast Dropout Split "
	  "Range Where Pad Tile ScatterND GatherND GatherElements Trilu "
	  "Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor Not ",
	    0, false },
	{ " Add Sub Mul Div Min Max Mod Sum Mean Neg Abs Relu LeakyRelu PRelu "
	  "Clip Sqrt Reciprocal Ceil Floor Round Sign CumSum HardSigmoid "
	  "HardSwish ",
	    1, false },
	{ " Softmax LogSoftmax ", 5, false },
	{ " Gelu FastGelu QuickGelu BiasGelu Tanh Sigmoid Erf Exp Log Pow Sin "
	  "Cos Elu Selu Softplus Mish ",
	    8, false },
	{ " LayerNormalization SkipLayerNormalization RMSNormalization "
	  "SimplifiedLayerNormalization SkipSimplifiedLayerNormalization "
	  "BatchNormalization InstanceNormalization GroupNormalization LRN "
	  "LpNormalization ",
	    7, true },
	{ " ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 "
	  "ReduceL2 ReduceSumSquare GlobalAveragePool GlobalMaxPool ArgMax "
	  "ArgMin ",
	    1, true },
};

static bool
is_listed(const char *ops, const char *op)
{
	size_t n = strlen(op);
	const char *at = n ? ops : "";

	while ((at = strstr(at, op)) && *at) {
		if (at[-1] == ' ' && at[n] == ' ')
			return true;
		at += n;
	}
	return false;
}

/* The product of factors of which none may be unknown; else -1. */
static int64_t
product(const int64_t *f, size_t n)
{
	int64_t v = 1;

	for (size_t i = 0; i < n; i++)
		if (f[i] < 0 || __builtin_mul_overflow(v, f[i], &v))
			return -1;
	return v;
}

/* Of two that are known, and fit. */
static int64_t
plus(int64_t a, int64_t b)
{
	int64_t v;

	return a < 0 || b < 0 || __builtin_add_overflow(a, b, &v) ? -1 : v;
}

static int64_t
cost_matmul(const Onnx__NodeProto *n, const struct fm_shape *in,
    const struct fm_shape *out)
{
	const struct fm_shape *a = &in[0];
	int64_t f[] = { 2, fm_shape_elems(out), -1 }, v;

	if (n->n_input < 2 || a->rank < 2)
		return -1;
	f[2] = a->dims[a->rank - (fm_attr_int(n, "transA", 0) ? 2 : 1)];
	v = product(f, 3);
	return n->n_input > 2 && n->input[2][0] ? plus(v, f[1]) : v;
}

static int64_t
cost_conv(const Onnx__NodeProto *n, const struct fm_shape *in,
    const struct fm_shape *out)
{
	int64_t f[] = { 2, fm_shape_elems(out), -1 }, v;

	if (n->n_input < 2 || in[1].rank < 3 || in[1].dims[0] < 1)
		return -1;
	/* Of one output: channels of its group times the kernel. */
	v = fm_shape_elems(&in[1]);
	f[2] = v < 0 ? -1 : v / in[1].dims[0];
	v = product(f, 3);
	return n->n_input > 2 && n->input[2][0] ? plus(v, f[1]) : v;
}

/* Query, key and value of batch x sequence x hidden. */
static int64_t
cost_attention(const Onnx__NodeProto *n, const struct fm_shape *in,
    const struct fm_shape *out)
{
	const struct fm_shape *q = &in[0];
	const struct fm_shape *k = n->n_input > 1 ? &in[1] : q;
	int64_t heads = fm_attr_int(n, "num_heads", -1), products, soft;

	(void)out;
	if (q->rank != 3 || k->rank != 3)
		return -1;
	products = product((const int64_t[]){ 4, q->dims[0], q->dims[1],
			       k->dims[1], q->dims[2] },
	    5);
	soft = product(
	    (const int64_t[]){ 5, q->dims[0], heads, q->dims[1], k->dims[1] },
	    5);
	return plus(products, soft);
}

static int64_t
cost_pool(const Onnx__NodeProto *n, const struct fm_shape *in,
    const struct fm_shape *out)
{
	int64_t kernel[FM_ANALYZE_INTS];
	int k = fm_attr_ints(n, "kernel_shape", kernel);
	int64_t f[] = { fm_shape_elems(out),
		k < 0 ? -1 : product(kernel, (size_t)k) };

	(void)in;
	return product(f, 2);
}

static const struct {
	const char *ops;
	int64_t (*cost)(const Onnx__NodeProto *n, const struct fm_shape *in,
	    const struct fm_shape *out);
} costs[] = {
	{ " MatMul Gemm FusedMatMul ", cost_matmul },
	{ " Conv ", cost_conv },
	{ " MultiHeadAttention ", cost_attention },
	{ " MaxPool AveragePool ", cost_pool },
};

/* Operations of one node, or -1. */
static int64_t
flops_of(const Onnx__NodeProto *n, const struct fm_shape *in,
    const struct fm_shape *out)
{
	const char *op = n->op_type ? n->op_type : "";

	for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
		if (is_listed(costs[i].ops, op))
			return costs[i].cost(n, in, out);
	for (size_t i = 0; i < sizeof prices / sizeof *prices; i++)
		if (is_listed(prices[i].ops, op)) {
			const struct fm_shape *s =
			    prices[i].of_input && n->n_input ? in : out;
			int64_t f[] = { prices[i].each, fm_shape_elems(s) };

			return prices[i].each ? product(f, 2) : 0;
		}
	return -1;
}

static int64_t
bytes_of(const struct fm_shape *s)
{
	int64_t f[] = { fm_shape_elems(s),
		(int64_t)fm_type_size((enum fm_type)s->type) };

	return f[1] ? product(f, 2) : -1;
}

/* --- the whole ------------------------------------------------------------ */

struct tally {
	struct values values;
	json_t *ops; /* type: {"type", "count", "flops", "bytes"} */
};

/* Adds to a sum that becomes null once anything is unknown. */
static void
add(json_t *op, const char *key, int64_t v)
{
	const json_t *old = json_object_get(op, key);
	int64_t sum = json_integer_value(old);

	if (json_is_null(old) || v < 0 || __builtin_add_overflow(sum, v, &sum))
		json_object_set_new(op, key, json_null());
	else
		fm_json_set_int(op, key, sum);
}

static void
count(struct tally *t, const Onnx__NodeProto *n)
{
	const char *type = n->op_type && *n->op_type ? n->op_type : "?";
	struct fm_shape *in = fm_calloc(n->n_input + 1, sizeof *in), out;
	json_t *op = json_object_get(t->ops, type);
	int64_t bytes = 0;

	if (!op) {
		op = json_pack("{s:s, s:i}", "type", type, "count", 0);
		json_object_set_new(t->ops, type, op);
	}
	for (size_t i = 0; i < n->n_input; i++) {
		const struct fm_shape *s = value(&t->values, n->input[i]);

		in[i] = s ? *s : (struct fm_shape)FM_SHAPE_UNKNOWN;
		/* Of a table, only the rows that are looked up. */
		if (i == 0 && strcmp(type, "Gather") == 0)
			continue;
		if (n->input[i][0])
			bytes = plus(bytes, bytes_of(&in[i]));
	}
	fm_shape_infer(&out, n, in);
	if (n->n_output)
		set(&t->values, n->output[0], &out);
	bytes = plus(bytes, bytes_of(&out));
	if (strcmp(type, "Gather") == 0)
		bytes = plus(bytes, bytes_of(&out));
	add(op, "count", 1);
	add(op, "flops", flops_of(n, in, &out));
	add(op, "bytes", bytes);
	free(in);
}

static int
by_flops(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int64_t p = fm_json_int(x, "flops", -1),
		q = fm_json_int(y, "flops", -1);

	if (p != q)
		return p < q ? 1 : -1;
	return strcmp(fm_json_str(x, "type", ""), fm_json_str(y, "type", ""));
}

/* Sums, and the operators in order; what has no sum is named. */
static json_t *
result(const struct tally *t, const Onnx__ModelProto *p)
{
	size_t n = json_object_size(t->ops), i = 0;
	json_t **v = fm_calloc(n + 1, sizeof(void *)), *op;
	json_t *r = json_object(), *list = json_array(), *none = json_array();
	json_t *opset = json_object();
	const char *type;

	json_object_foreach (t->ops, type, op)
		v[i++] = op;
	if (n)
		qsort(v, n, sizeof(void *), by_flops);
	fm_json_set_int(r, "ir_version", p->ir_version);
	for (i = 0; i < p->n_opset_import; i++) {
		const char *domain = p->opset_import[i]->domain;

		fm_json_set_int(opset, domain && *domain ? domain : "ai.onnx",
		    p->opset_import[i]->version);
	}
	json_object_set_new(r, "opset", opset);
	for (i = 0; i < n; i++) {
		json_array_append(list, v[i]);
		add(r, "flops", fm_json_int(v[i], "flops", -1));
		add(r, "bytes", fm_json_int(v[i], "bytes", -1));
		if (fm_json_int(v[i], "flops", -1) < 0)
			json_array_append(none, json_object_get(v[i], "type"));
	}
	json_object_set_new(r, "operators", list);
	json_object_set_new(r, "not_counted", none);
	free(v);
	return r;
}

json_t *
fm_model_analyze(
    const struct fm_model *m, const json_t *dims, struct fm_err *err)
{
	Onnx__ModelProto *p = fm_onnx_unpack(m->graph, err);
	struct tally t = { { NULL, NULL, 0, 0 }, NULL };
	json_t *r;

	if (!p)
		return NULL;
	t.values.index = json_object();
	t.ops = json_object();
	set_inputs(&t.values, m, dims);
	for (size_t i = 0; i < p->graph->n_initializer; i++) {
		struct fm_shape s;

		fm_shape_of_tensor(&s, p->graph->initializer[i]);
		set(&t.values, p->graph->initializer[i]->name, &s);
	}
	for (size_t i = 0; i < p->graph->n_node; i++)
		count(&t, p->graph->node[i]);
	r = result(&t, p);
	onnx__model_proto__free_unpacked(p, NULL);
	json_decref(t.values.index);
	json_decref(t.ops);
	free(t.values.v);
	return r;
}
