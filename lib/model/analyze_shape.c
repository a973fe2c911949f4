/*
 * Shapes through a graph, as far as encoders, decoders and image models need
 * them. Also follows small whole numbers, because exporters compute shapes in
 * the graph. Whatever is not understood is unknown, and stays so downstream.
 */
#include "model/analyze.h"

#include <string.h>

#include <onnx.pb-c.h>

#include "model/analyze_rule.h"
#include "tensor.h"

int64_t
fm_shape_elems(const struct fm_shape *s)
{
	int64_t n = 1;

	if (s->rank < 0)
		return -1;
	for (int i = 0; i < s->rank; i++)
		if (s->dims[i] < 0 || __builtin_mul_overflow(n, s->dims[i], &n))
			return -1;
	return n;
}

/* --- attributes ----------------------------------------------------------- */

const Onnx__AttributeProto *
fm_attr(const Onnx__NodeProto *n, const char *name)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (n->attribute[i]->name &&
		    strcmp(n->attribute[i]->name, name) == 0)
			return n->attribute[i];
	return NULL;
}

int64_t
fm_attr_int(const Onnx__NodeProto *n, const char *name, int64_t def)
{
	const Onnx__AttributeProto *a = fm_attr(n, name);

	return a && a->has_i ? a->i : def;
}

int
fm_attr_ints(const Onnx__NodeProto *n, const char *name, int64_t *v)
{
	const Onnx__AttributeProto *a = fm_attr(n, name);

	if (!a || a->n_ints > FM_ANALYZE_INTS)
		return -1;
	for (size_t i = 0; i < a->n_ints; i++)
		v[i] = a->ints[i];
	return (int)a->n_ints;
}

/* --- constants ------------------------------------------------------------ */

static int64_t
number_at(const Onnx__TensorProto *t, size_t i)
{
	int64_t wide = 0;
	int32_t narrow = 0;

	if (t->n_int64_data > i)
		return t->int64_data[i];
	if (t->n_int32_data > i)
		return t->int32_data[i];
	if (t->data_type == FM_TYPE_INT64) {
		memcpy(&wide, t->raw_data.data + 8 * i, sizeof wide);
		return wide;
	}
	memcpy(&narrow, t->raw_data.data + 4 * i, sizeof narrow);
	return narrow;
}

void
fm_shape_of_tensor(struct fm_shape *s, const Onnx__TensorProto *t)
{
	size_t size = t->data_type == FM_TYPE_INT64 ? 8 : 4;
	int64_t n;

	*s = (struct fm_shape)FM_SHAPE_UNKNOWN;
	s->type = t->data_type;
	if (t->n_dims > FM_DIMS_MAX)
		return;
	s->rank = (int)t->n_dims;
	for (size_t i = 0; i < t->n_dims; i++)
		s->dims[i] = t->dims[i];
	n = fm_shape_elems(s);
	if ((t->data_type != FM_TYPE_INT64 && t->data_type != FM_TYPE_INT32) ||
	    n < 0 || n > FM_ANALYZE_INTS ||
	    ((int64_t)t->n_int64_data < n && (int64_t)t->n_int32_data < n &&
		t->raw_data.len < size * (size_t)n))
		return;
	s->n_ints = (int)n;
	for (int i = 0; i < s->n_ints; i++)
		s->ints[i] = number_at(t, (size_t)i);
}

/* --- what rules use ------------------------------------------------------- */

const struct fm_shape *
fm_rule_input(const struct fm_rule *w, size_t i)
{
	static const struct fm_shape unknown = FM_SHAPE_UNKNOWN;

	return i < w->n_in && w->n->input[i][0] ? &w->in[i] : &unknown;
}

int
fm_rule_axis(int64_t axis, int rank)
{
	if (axis < 0)
		axis += rank;
	return axis >= 0 && axis < rank ? (int)axis : -1;
}

int
fm_rule_axes(const struct fm_rule *w, size_t k, int64_t *axes)
{
	const struct fm_shape *a = fm_rule_input(w, k);
	int n = fm_attr_ints(w->n, "axes", axes);

	if (n < 0 && a->n_ints >= 0) {
		n = a->n_ints;
		memcpy(axes, a->ints, sizeof a->ints);
	}
	return n;
}

/* --- looking up ----------------------------------------------------------- */

static bool
apply(const struct fm_rule_row *rows, struct fm_rule *w, const char *op)
{
	size_t len = strlen(op);

	for (; len && rows->ops; rows++) {
		const char *at = rows->ops;

		while ((at = strstr(at, op))) {
			if (at[-1] == ' ' && at[len] == ' ') {
				rows->rule(w);
				return true;
			}
			at += len;
		}
	}
	return false;
}

void
fm_shape_infer(
    struct fm_shape *out, const Onnx__NodeProto *n, const struct fm_shape *in)
{
	struct fm_rule w = { n, in, n->n_input, out };
	const char *op = n->op_type ? n->op_type : "";

	*out = (struct fm_shape)FM_SHAPE_UNKNOWN;
	if (!apply(fm_rules_math, &w, op))
		(void)apply(fm_rules_move, &w, op);
}
