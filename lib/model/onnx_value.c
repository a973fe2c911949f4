/*
 * What is known of the tensors of an ONNX graph before any node has run:
 * shapes of inputs and weights, small integer tensors; and the attributes of
 * a node.
 */
#include <string.h>

#include "alloc.h"
#include "model/model.h"
#include "model/onnx_shape.h"

#define UNKNOWN FM_ONNX_UNKNOWN
#define VALUES FM_ONNX_VALUES
#define RANK FM_LAYER_RANK

/* No size, stride or padding is beyond this; sums of them cannot overflow. */
#define SIZE_LIMIT INT64_C(2147483647)

static int64_t
size_of(int64_t v)
{
	return v > 0 && v <= SIZE_LIMIT ? v : UNKNOWN;
}

static int64_t
limited(int64_t v)
{
	return v > SIZE_LIMIT ? SIZE_LIMIT : v < -SIZE_LIMIT ? -SIZE_LIMIT : v;
}

bool
fm_onnx_is_whole(int64_t type)
{
	switch (type) {
	case FM_TYPE_FLOAT:
	case FM_TYPE_FLOAT16:
	case FM_TYPE_DOUBLE:
	case FM_TYPE_BFLOAT16:
		return false;
	default:
		return true;
	}
}

/* --- tensors ------------------------------------------------------------- */

struct fm_onnx_value *
fm_onnx_put(struct fm_onnx_graph *g, const char *name)
{
	struct fm_onnx_value *v;

	FM_GROW(g->v, g->cap, g->n + 1);
	v = &g->v[g->n];
	memset(v, 0, sizeof *v);
	v->rank = v->n = -1;
	json_object_set_new(g->index, name, json_integer((json_int_t)g->n));
	g->n++;
	return v;
}

/* The k-th input of the node; one that is not there has no rank. */
struct fm_onnx_value
fm_onnx_input(const struct fm_onnx_graph *g, size_t k)
{
	struct fm_onnx_value none = { .rank = -1, .n = -1 };
	const json_t *at;

	if (k >= g->node->n_input || !g->node->input[k])
		return none;
	at = json_object_get(g->index, g->node->input[k]);
	return at ? g->v[json_integer_value(at)] : none;
}

void
fm_onnx_read_ints(struct fm_onnx_value *v, const Onnx__TensorProto *t)
{
	int64_t n = 1;
	size_t i;

	for (i = 0; i < t->n_dims && n <= VALUES; i++)
		n *= t->dims[i] >= 0 && t->dims[i] <= VALUES ? t->dims[i] : 99;
	if (t->data_type != FM_TYPE_INT64 || n < 1 || n > VALUES)
		return;
	if (t->n_int64_data == (size_t)n)
		memcpy(v->v, t->int64_data, (size_t)n * sizeof *v->v);
	else if (t->has_raw_data && t->raw_data.len == (size_t)n * 8)
		memcpy(v->v, t->raw_data.data, (size_t)n * sizeof *v->v);
	else
		return;
	v->n = (int)n;
}

void
fm_onnx_put_tensor(
    struct fm_onnx_graph *g, const char *name, const Onnx__TensorProto *t)
{
	struct fm_onnx_value *v = fm_onnx_put(g, name);
	size_t i;

	if (t->n_dims > RANK)
		return;
	v->rank = (int)t->n_dims;
	v->weight = true;
	v->whole = fm_onnx_is_whole(t->data_type);
	for (i = 0; i < t->n_dims; i++)
		v->dims[i] = size_of(t->dims[i]);
	fm_onnx_read_ints(v, t);
}

static int64_t
dim_of(const Onnx__TensorShapeProto__Dimension *d)
{
	if (d->value_case ==
	    ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
		return size_of(d->dim_value);
	if (d->value_case !=
	    ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM)
		return UNKNOWN;
	switch (fm_model_axis(d->dim_param)) {
	case FM_AXIS_BATCH:
		return FM_DIM_BATCH;
	case FM_AXIS_SEQUENCE:
		return FM_DIM_TOKENS;
	default:
		return UNKNOWN;
	}
}

struct fm_onnx_value
fm_onnx_info(const Onnx__ValueInfoProto *in)
{
	struct fm_onnx_value v = fm_onnx_shaped(-1);
	const Onnx__TensorShapeProto *s;
	size_t i;

	if (!in->type ||
	    in->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ||
	    !in->type->tensor_type->shape)
		return v;
	s = in->type->tensor_type->shape;
	if (s->n_dim > RANK)
		return v;
	v.rank = (int)s->n_dim;
	v.whole = fm_onnx_is_whole(in->type->tensor_type->elem_type);
	for (i = 0; i < s->n_dim; i++)
		v.dims[i] = dim_of(s->dim[i]);
	return v;
}

void
fm_onnx_put_input(struct fm_onnx_graph *g, const Onnx__ValueInfoProto *in)
{
	if (in->name && !json_object_get(g->index, in->name))
		*fm_onnx_put(g, in->name) = fm_onnx_info(in);
}

/* --- attributes ---------------------------------------------------------- */

const Onnx__AttributeProto *
fm_onnx_attr(const struct fm_onnx_graph *g, const char *name)
{
	size_t i;

	for (i = 0; i < g->node->n_attribute; i++)
		if (g->node->attribute[i]->name &&
		    strcmp(g->node->attribute[i]->name, name) == 0)
			return g->node->attribute[i];
	return NULL;
}

int64_t
fm_onnx_attr_int(const struct fm_onnx_graph *g, const char *name, int64_t def)
{
	const Onnx__AttributeProto *a = fm_onnx_attr(g, name);

	return a && a->has_i ? limited(a->i) : def;
}

int64_t
fm_onnx_attr_ints(
    const struct fm_onnx_graph *g, const char *name, size_t k, int64_t def)
{
	const Onnx__AttributeProto *a = fm_onnx_attr(g, name);

	return a && k < a->n_ints ? limited(a->ints[k]) : def;
}
