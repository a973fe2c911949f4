/*
 * Shapes of operators that compute: elementwise with broadcasting, products,
 * windows, reductions. Small whole numbers are followed through arithmetic.
 */
#include "model/analyze_rule.h"

#include <string.h>

#include <onnx.pb-c.h>

#include "tensor.h"

static void
same(struct fm_rule *w)
{
	*w->out = *fm_rule_input(w, 0);
	w->out->n_ints = -1;
}

static void
keep(struct fm_rule *w)
{
	*w->out = *fm_rule_input(w, 0);
}

static void
cast(struct fm_rule *w)
{
	keep(w);
	w->out->type = (int32_t)fm_attr_int(w->n, "to", 0);
}

/* Dimensions aligned at the end; a size of 1 gives way. */
static bool
broadcast(struct fm_shape *out, const struct fm_shape *b)
{
	struct fm_shape a = *out;
	int rank = a.rank > b->rank ? a.rank : b->rank;

	if (a.rank < 0 || b->rank < 0) {
		out->rank = -1;
		return false;
	}
	out->rank = rank;
	for (int i = 0; i < rank; i++) {
		int at = rank - 1 - i;
		int64_t x = i < a.rank ? a.dims[a.rank - 1 - i] : 1;
		int64_t y = i < b->rank ? b->dims[b->rank - 1 - i] : 1;

		out->dims[at] = x == 1 ? y : x;
	}
	return true;
}

/* Arithmetic of the small numbers that shapes are made of. */
static bool
compute(const char *op, int64_t a, int64_t b, int64_t *v)
{
	if (strcmp(op, "Add") == 0)
		return !__builtin_add_overflow(a, b, v);
	if (strcmp(op, "Sub") == 0)
		return !__builtin_sub_overflow(a, b, v);
	if (strcmp(op, "Mul") == 0)
		return !__builtin_mul_overflow(a, b, v);
	if (strcmp(op, "Div") != 0 || b == 0 || (b == -1 && a == INT64_MIN))
		return false;
	*v = a / b;
	return true;
}

static void
binary(struct fm_rule *w)
{
	const struct fm_shape *a = fm_rule_input(w, 0),
			      *b = fm_rule_input(w, 1);
	struct fm_shape *o = w->out;
	int n;

	*o = *a;
	o->n_ints = -1;
	if (w->n_in == 1 || !broadcast(o, b) || a->n_ints < 1 || b->n_ints < 1)
		return;
	n = a->n_ints > b->n_ints ? a->n_ints : b->n_ints;
	for (int i = 0; i < n; i++)
		if (!compute(w->n->op_type, a->ints[a->n_ints == 1 ? 0 : i],
			b->ints[b->n_ints == 1 ? 0 : i], &o->ints[i]))
			return;
	o->n_ints = n;
}

static void
compare(struct fm_rule *w)
{
	binary(w);
	w->out->n_ints = -1;
	w->out->type = FM_TYPE_BOOL;
}

static void
where(struct fm_rule *w)
{
	*w->out = *fm_rule_input(w, 1);
	w->out->n_ints = -1;
	(void)(broadcast(w->out, fm_rule_input(w, 2)) &&
	       broadcast(w->out, fm_rule_input(w, 0)));
}

static void
matmul(struct fm_rule *w)
{
	const struct fm_shape *a = fm_rule_input(w, 0),
			      *b = fm_rule_input(w, 1);
	struct fm_shape head = *a, tail = *b;
	int64_t m, n;

	if (a->rank < 2 || b->rank < 2)
		return;
	m = a->dims[a->rank - (fm_attr_int(w->n, "transA", 0) ? 1 : 2)];
	n = b->dims[b->rank - (fm_attr_int(w->n, "transB", 0) ? 2 : 1)];
	head.rank -= 2;
	tail.rank -= 2;
	if (!broadcast(&head, &tail))
		return;
	head.n_ints = -1;
	head.dims[head.rank++] = m;
	head.dims[head.rank++] = n;
	*w->out = head;
}

enum {
	SIZE_MOST = 1 << 30 /* of what windows are computed from */
};

static bool
is_size(int64_t v)
{
	return v >= 1 && v <= SIZE_MOST;
}

/* Convolution and pooling: spatial sizes from kernel, pads, strides. */
static void
window(struct fm_rule *w, int64_t channels, const int64_t *kernel, int n_kernel)
{
	const struct fm_shape *x = fm_rule_input(w, 0);
	int64_t pads[FM_ANALYZE_INTS], strides[FM_ANALYZE_INTS],
	    dilations[FM_ANALYZE_INTS];
	int n = x->rank - 2, n_pads = fm_attr_ints(w->n, "pads", pads);
	int n_strides = fm_attr_ints(w->n, "strides", strides);
	int n_dilations = fm_attr_ints(w->n, "dilations", dilations);
	bool up = fm_attr_int(w->n, "ceil_mode", 0) != 0;
	const Onnx__AttributeProto *pad = fm_attr(w->n, "auto_pad");
	bool same_size =
	    pad && pad->s.len > 4 && memcmp(pad->s.data, "SAME", 4) == 0;

	if (n < 1 || n_kernel != n)
		return;
	*w->out = *x;
	w->out->dims[1] = channels;
	for (int i = 0; i < n; i++) {
		int64_t step = n_strides == n ? strides[i] : 1;
		int64_t spread = n_dilations == n ? dilations[i] : 1;
		int64_t before = n_pads == 2 * n ? pads[i] : 0;
		int64_t after = n_pads == 2 * n ? pads[i + n] : 0;
		int64_t d = x->dims[i + 2], room;

		w->out->dims[i + 2] = -1;
		if (!is_size(step) || !is_size(spread) || !is_size(kernel[i]) ||
		    !is_size(d) || before < 0 || before > SIZE_MOST ||
		    after < 0 || after > SIZE_MOST)
			continue;
		room = d + before + after - spread * (kernel[i] - 1) - 1;
		w->out->dims[i + 2] =
		    same_size ? (d + step - 1) / step
			      : (room + (up ? step - 1 : 0)) / step + 1;
	}
}

static void
conv(struct fm_rule *w)
{
	const struct fm_shape *k = fm_rule_input(w, 1);

	if (k->rank >= 3)
		window(w, k->dims[0], k->dims + 2, k->rank - 2);
}

static void
pool(struct fm_rule *w)
{
	int64_t kernel[FM_ANALYZE_INTS];
	int n = fm_attr_ints(w->n, "kernel_shape", kernel);

	if (fm_rule_input(w, 0)->rank >= 3)
		window(w, fm_rule_input(w, 0)->dims[1], kernel, n);
}

static void
global_pool(struct fm_rule *w)
{
	same(w);
	for (int i = 2; i < w->out->rank; i++)
		w->out->dims[i] = 1;
}

static void
reduce(struct fm_rule *w)
{
	const struct fm_shape *x = fm_rule_input(w, 0);
	int64_t axes[FM_ANALYZE_INTS];
	int n = fm_rule_axes(w, 1, axes);
	bool keeps = fm_attr_int(w->n, "keepdims", 1) != 0;
	bool gone[FM_DIMS_MAX] = { false };

	if (x->rank < 0)
		return;
	for (int i = 0; i < x->rank; i++)
		gone[i] = n < 0;
	for (int i = 0; i < n; i++) {
		int k = fm_rule_axis(axes[i], x->rank);

		if (k >= 0)
			gone[k] = true;
	}
	w->out->type = x->type;
	w->out->rank = 0;
	for (int i = 0; i < x->rank; i++)
		if (!gone[i] || keeps)
			w->out->dims[w->out->rank++] = gone[i] ? 1 : x->dims[i];
}

static void
expand(struct fm_rule *w)
{
	const struct fm_shape *to = fm_rule_input(w, 1);
	struct fm_shape target = FM_SHAPE_UNKNOWN;

	w->out->type = fm_rule_input(w, 0)->type;
	if (to->n_ints < 0 || to->n_ints > FM_DIMS_MAX)
		return;
	same(w);
	target.rank = to->n_ints;
	memcpy(target.dims, to->ints, sizeof target.dims);
	(void)broadcast(w->out, &target);
}

const struct fm_rule_row fm_rules_math[] = {
	{ " Relu LeakyRelu Elu Selu PRelu Gelu FastGelu QuickGelu BiasGelu "
	  "Tanh Sigmoid HardSigmoid HardSwish Mish Softplus Softsign Erf Sqrt "
	  "Reciprocal Exp Log Neg Abs Ceil Floor Round Sign Sin Cos Not Clip "
	  "Softmax LogSoftmax Dropout LayerNormalization RMSNormalization "
	  "SimplifiedLayerNormalization SkipLayerNormalization "
	  "SkipSimplifiedLayerNormalization BatchNormalization "
	  "InstanceNormalization GroupNormalization LRN CumSum Trilu "
	  "MultiHeadAttention LpNormalization RotaryEmbedding ",
	    same },
	{ " Identity ", keep },
	{ " Cast ", cast },
	{ " Add Sub Mul Div Pow Min Max Mod Sum Mean BitShift ", binary },
	{ " Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor ",
	    compare },
	{ " Where ", where },
	{ " MatMul Gemm FusedMatMul ", matmul },
	{ " Conv ", conv },
	{ " MaxPool AveragePool LpPool ", pool },
	{ " GlobalAveragePool GlobalMaxPool ", global_pool },
	{ " Expand ", expand },
	{ " ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 "
	  "ReduceL2 ReduceSumSquare ",
	    reduce },
	{ NULL, NULL },
};
