/*
 * From single to half precision, on the unpacked file. Which values are float
 * is found by following types through the graph; where an operator stays in
 * single precision, casts are put around it.
 */
#include "model/convert.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <onnx.pb-c.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"
#include "model/analyze.h"
#include "model/onnx.h"
#include "num.h"
#include "tensor.h"

enum {
	INLINE_MAX = 1024, /* bytes of a tensor that stays in the graph */
	ALIGN = 64,        /* of tensors in the file of weights */
	DEPTH_MAX = 16     /* of bodies in bodies */
};

uint16_t
fm_convert_half(float v)
{
	float a = fabsf(v);

	if (a > 0 && a < 1e-7F)
		v = copysignf(1e-7F, v);
	else if (a > 1e4F && isfinite(v))
		v = copysignf(1e4F, v);
	return fm_float_to_half(v);
}

/* Everything a conversion needs. */
struct job {
	const struct fm_model *m;
	struct fm_map *maps; /* of m->files, in order */
	struct fm_out weights;
	const char *weights_name;
	uint64_t at;     /* bytes written to it */
	json_t *floats;  /* names of values that are float */
	int64_t n_casts; /* for their names */
	struct fm_err *err;
};

static bool
is_float(const struct job *j, const char *name)
{
	return json_object_get(j->floats, name) != NULL;
}

static void
set_float(struct job *j, const char *name)
{
	if (name && *name)
		json_object_set_new(j->floats, name, json_true());
}

/* --- data ----------------------------------------------------------------- */

static const char *
external(const Onnx__TensorProto *t, const char *key)
{
	for (size_t i = 0; i < t->n_external_data; i++)
		if (t->external_data[i]->key && t->external_data[i]->value &&
		    strcmp(t->external_data[i]->key, key) == 0)
			return t->external_data[i]->value;
	return NULL;
}

static bool
is_external(const Onnx__TensorProto *t)
{
	return t->has_data_location &&
	       t->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

/* Where external data lies: inside a mapped file, checked. */
static const unsigned char *
find_external(const struct job *j, const Onnx__TensorProto *t, size_t *n)
{
	const char *file = external(t, "location");
	const char *offset = external(t, "offset");
	const char *length = external(t, "length");
	ptrdiff_t k = file ? fm_strs_find(&j->m->files, file) : -1;
	int64_t from = 0, len = 0;

	if (k < 0 || (offset && !fm_num_get_int(offset, strlen(offset), &from)))
		return NULL;
	if (!length)
		len = (int64_t)j->maps[k].n - from;
	else if (!fm_num_get_int(length, strlen(length), &len))
		return NULL;
	if (from < 0 || len < 0 || (uint64_t)from > j->maps[k].n ||
	    (uint64_t)len > j->maps[k].n - (uint64_t)from)
		return NULL;
	*n = (size_t)len;
	return j->maps[k].p + from;
}

/* The bytes of a float tensor as halves, in a new block. */
static uint8_t *
to_halves(const unsigned char *p, size_t n)
{
	uint8_t *out = fm_malloc(n / 2 + 1);

	for (size_t i = 0; i + 4 <= n; i += 4) {
		float v;
		uint16_t h;

		memcpy(&v, p + i, sizeof v);
		h = fm_convert_half(v);
		memcpy(out + i / 2, &h, sizeof h);
	}
	return out;
}

static void
set_entry(Onnx__StringStringEntryProto *e, const char *key, char *value)
{
	free(e->key);
	free(e->value);
	e->key = fm_strdup(key);
	e->value = value;
}

/* Says in the tensor where its data went. */
static void
point_to(struct job *j, Onnx__TensorProto *t, uint64_t at, size_t n)
{
	for (size_t i = 0; i < t->n_external_data; i++)
		onnx__string_string_entry_proto__free_unpacked(
		    t->external_data[i], NULL);
	free(t->external_data);
	t->n_external_data = 3;
	t->external_data = fm_calloc(3, sizeof(void *));
	for (size_t i = 0; i < 3; i++) {
		t->external_data[i] = fm_malloc(sizeof **t->external_data);
		onnx__string_string_entry_proto__init(t->external_data[i]);
		t->external_data[i]->key = NULL;
		t->external_data[i]->value = NULL;
	}
	set_entry(t->external_data[0], "location", fm_strdup(j->weights_name));
	set_entry(t->external_data[1], "offset", fm_strdupf("%" PRIu64, at));
	set_entry(t->external_data[2], "length", fm_strdupf("%zu", n));
	t->has_data_location = 1;
	t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

/* Gives the tensor new bytes, in the graph or in the file of weights; takes
 * `p`. */
static void
place(struct job *j, Onnx__TensorProto *t, uint8_t *p, size_t n, bool large)
{
	static const char zeros[ALIGN];
	uint64_t pad = (ALIGN - j->at % ALIGN) % ALIGN;

	if (t->has_raw_data)
		free(t->raw_data.data);
	t->has_raw_data = 0;
	t->raw_data.data = NULL;
	t->raw_data.len = 0;
	if (!large || n <= INLINE_MAX) {
		t->has_raw_data = 1;
		t->raw_data.data = p;
		t->raw_data.len = n;
		t->has_data_location = 0;
		return;
	}
	(void)fwrite(zeros, 1, (size_t)pad, j->weights.f);
	(void)fwrite(p, 1, n, j->weights.f);
	point_to(j, t, j->at + pad, n);
	j->at += pad + n;
	free(p);
}

/* A tensor of any type: floats are converted, data outside comes along. */
static int
convert_tensor(struct job *j, Onnx__TensorProto *t, bool large)
{
	const unsigned char *p = t->raw_data.data;
	size_t n = t->has_raw_data ? t->raw_data.len : 0;
	bool is = t->data_type == FM_TYPE_FLOAT;
	uint8_t *new;

	if (is_external(t)) {
		p = find_external(j, t, &n);
		if (!p)
			return fm_err_set(j->err, FM_NOMODEL,
			    "the data of '%.100s' is not where the graph says",
			    t->name ? t->name : "");
	} else if (is && t->n_float_data) {
		p = (const unsigned char *)t->float_data;
		n = t->n_float_data * sizeof *t->float_data;
	} else if (!is) {
		return 0;
	}
	if (is) {
		new = to_halves(p, n);
		n /= 2;
		t->data_type = FM_TYPE_FLOAT16;
	} else {
		new = fm_malloc(n + 1);
		memcpy(new, p, n);
	}
	free(t->float_data);
	t->float_data = NULL;
	t->n_float_data = 0;
	place(j, t, new, n, large);
	return 0;
}

/* --- types ---------------------------------------------------------------- */

static void
convert_type(Onnx__ValueInfoProto *v)
{
	Onnx__TypeProto *t = v->type;

	while (t && t->value_case == ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE)
		t = t->sequence_type->elem_type;
	if (t && t->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
	    t->tensor_type->elem_type == FM_TYPE_FLOAT)
		t->tensor_type->elem_type = FM_TYPE_FLOAT16;
}

static bool
says_float(const Onnx__ValueInfoProto *v)
{
	return v->type &&
	       v->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
	       v->type->tensor_type->elem_type == FM_TYPE_FLOAT;
}

/* Operators whose output is not of their first input's type: what it is, or
 * 0 for that of the k-th input. */
static const struct {
	const char *op;
	int32_t type;
	size_t input;
} odd[] = {
	{ "Shape", FM_TYPE_INT64, 0 },
	{ "Size", FM_TYPE_INT64, 0 },
	{ "NonZero", FM_TYPE_INT64, 0 },
	{ "ArgMax", FM_TYPE_INT64, 0 },
	{ "ArgMin", FM_TYPE_INT64, 0 },
	{ "NonMaxSuppression", FM_TYPE_INT64, 0 },
	{ "IsNaN", FM_TYPE_BOOL, 0 },
	{ "IsInf", FM_TYPE_BOOL, 0 },
	{ "Equal", FM_TYPE_BOOL, 0 },
	{ "Greater", FM_TYPE_BOOL, 0 },
	{ "Less", FM_TYPE_BOOL, 0 },
	{ "GreaterOrEqual", FM_TYPE_BOOL, 0 },
	{ "LessOrEqual", FM_TYPE_BOOL, 0 },
	{ "Where", 0, 1 },
	{ "OneHot", 0, 2 },
	{ "QuantizeLinear", FM_TYPE_UINT8, 0 },
	{ "DequantizeLinear", 0, 1 },
};

static const Onnx__AttributeProto *
attr(const Onnx__NodeProto *n, const char *name)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (n->attribute[i]->name &&
		    strcmp(n->attribute[i]->name, name) == 0)
			return n->attribute[i];
	return NULL;
}

/* Is the first output of a node float, in the graph as it was? */
static bool
makes_float(const struct job *j, const Onnx__NodeProto *n)
{
	const char *op = n->op_type ? n->op_type : "";
	const Onnx__AttributeProto *value = attr(n, "value");
	size_t k = 0;

	if (strcmp(op, "Cast") == 0)
		return fm_attr_int(n, "to", 0) == FM_TYPE_FLOAT;
	if (strcmp(op, "Constant") == 0)
		return attr(n, "value_float") || attr(n, "value_floats") ||
		       (value && value->t &&
			   value->t->data_type == FM_TYPE_FLOAT);
	if (strcmp(op, "ConstantOfShape") == 0)
		return !value || !value->t ||
		       value->t->data_type == FM_TYPE_FLOAT;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		if (strcmp(odd[i].op, op) == 0) {
			if (odd[i].type)
				return false;
			k = odd[i].input;
		}
	return k < n->n_input && is_float(j, n->input[k]);
}

/* --- operators that stay -------------------------------------------------- */

/* In single precision, and which of their outputs are float (bits). */
static const struct {
	const char *op;
	unsigned outputs;
} blocked[] = {
	{ "ArrayFeatureExtractor", 1 },
	{ "Binarizer", 1 },
	{ "CastMap", 1 },
	{ "CategoryMapper", 0 },
	{ "DictVectorizer", 1 },
	{ "FeatureVectorizer", 1 },
	{ "Imputer", 1 },
	{ "LabelEncoder", 0 },
	{ "LinearClassifier", 2 },
	{ "LinearRegressor", 1 },
	{ "Normalizer", 1 },
	{ "OneHotEncoder", 1 },
	{ "SVMClassifier", 2 },
	{ "SVMRegressor", 1 },
	{ "Scaler", 1 },
	{ "TreeEnsembleClassifier", 2 },
	{ "TreeEnsembleRegressor", 1 },
	{ "ZipMap", 0 },
	{ "NonMaxSuppression", 0 },
	{ "TopK", 1 },
	{ "RoiAlign", 1 },
	{ "Resize", 1 },
	{ "Range", 1 },
	{ "CumSum", 1 },
	{ "Min", 1 },
	{ "Max", 1 },
	{ "Upsample", 1 },
	/* A value in an attribute cannot be told to be half. */
	{ "Constant", 1 },
	{ "ConstantOfShape", 1 },
};

/* The bits, or -1 when the operator is converted like any other. */
static int
stays(const struct job *j, const Onnx__NodeProto *n)
{
	const char *op = n->op_type ? n->op_type : "";
	const Onnx__AttributeProto *value = attr(n, "value");

	/* Mean and deviation are always single. */
	if (strcmp(op, "LayerNormalization") == 0 && n->n_output > 1)
		return 7;
	if ((strcmp(op, "Constant") == 0 ||
		strcmp(op, "ConstantOfShape") == 0) &&
	    ((value && value->t) || !makes_float(j, n)))
		return -1;
	for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++)
		if (strcmp(blocked[i].op, op) == 0)
			return (int)blocked[i].outputs;
	return -1;
}

static Onnx__NodeProto *
new_cast(struct job *j, const char *from, const char *to, int32_t type)
{
	Onnx__NodeProto *n = fm_malloc(sizeof *n);
	Onnx__AttributeProto *a = fm_malloc(sizeof *a);

	onnx__node_proto__init(n);
	onnx__attribute_proto__init(a);
	a->name = fm_strdup("to");
	a->has_i = 1;
	a->i = type;
	a->has_type = 1;
	a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
	n->op_type = fm_strdup("Cast");
	n->name = fm_strdupf("half_cast_%" PRId64, j->n_casts++);
	n->n_input = n->n_output = n->n_attribute = 1;
	n->input = fm_malloc(sizeof *n->input);
	n->output = fm_malloc(sizeof *n->output);
	n->attribute = fm_malloc(sizeof(void *));
	n->input[0] = fm_strdup(from);
	n->output[0] = fm_strdup(to);
	n->attribute[0] = a;
	return n;
}

/* Nodes in order, while casts are put among them. */
struct nodes {
	Onnx__NodeProto **v; /* room for a cast at every input and output */
	size_t n;
};

static void
push(struct nodes *l, Onnx__NodeProto *n)
{
	l->v[l->n++] = n;
}

static char *
rename_to(struct job *j, char *old)
{
	char *new = fm_strdupf("%s_single_%" PRId64, old, j->n_casts);

	free(old);
	return new;
}

/* The node with casts before and behind it. */
static void
wrap(struct job *j, struct nodes *l, Onnx__NodeProto *n, unsigned outputs)
{
	bool made = makes_float(j, n);

	for (size_t i = 0; i < n->n_input; i++) {
		char *from = n->input[i];

		if (!*from || !is_float(j, from))
			continue;
		n->input[i] = rename_to(j, fm_strdup(from));
		push(l, new_cast(j, from, n->input[i], FM_TYPE_FLOAT));
		free(from);
	}
	push(l, n);
	for (size_t i = 0; i < n->n_output && i < 8; i++) {
		char *to = n->output[i];

		if (!*to || !(outputs & 1U << i) || (i == 0 && !made))
			continue;
		set_float(j, to);
		n->output[i] = rename_to(j, fm_strdup(to));
		push(l, new_cast(j, n->output[i], to, FM_TYPE_FLOAT16));
		free(to);
	}
}

/* --- the graph ------------------------------------------------------------ */

static int convert_graph(struct job *j, Onnx__GraphProto *g, int depth);

static int
convert_attributes(struct job *j, Onnx__NodeProto *n, int depth)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n->n_attribute; i++) {
		Onnx__AttributeProto *a = n->attribute[i];
		bool type = a->name && (strcmp(a->name, "to") == 0 ||
					   strcmp(a->name, "dtype") == 0);

		if (type && a->i == FM_TYPE_FLOAT)
			a->i = FM_TYPE_FLOAT16;
		if (a->t)
			rc = convert_tensor(j, a->t, false);
		if (rc == 0 && a->g)
			rc = depth < DEPTH_MAX
				 ? convert_graph(j, a->g, depth + 1)
				 : fm_err_set(j->err, FM_NOMODEL,
				       "bodies are nested too deep");
	}
	return rc;
}

static int
convert_nodes(struct job *j, Onnx__GraphProto *g, int depth)
{
	struct nodes l = { NULL, 0 };
	size_t room = 1;
	int rc = 0;

	for (size_t i = 0; i < g->n_node; i++)
		room += 1 + g->node[i]->n_input + g->node[i]->n_output;
	l.v = fm_calloc(room, sizeof(void *));
	for (size_t i = 0; i < g->n_node; i++) {
		Onnx__NodeProto *n = g->node[i];
		int bits = stays(j, n);

		if (bits >= 0) {
			wrap(j, &l, n, (unsigned)bits);
			continue;
		}
		for (size_t k = 0; k < n->n_output; k++)
			if (makes_float(j, n))
				set_float(j, n->output[k]);
		push(&l, n);
		if (rc == 0)
			rc = convert_attributes(j, n, depth);
	}
	free(g->node);
	g->node = l.v;
	g->n_node = l.n;
	return rc;
}

static int
convert_graph(struct job *j, Onnx__GraphProto *g, int depth)
{
	int rc = 0;

	for (size_t i = 0; i < g->n_input; i++) {
		if (says_float(g->input[i]))
			set_float(j, g->input[i]->name);
		convert_type(g->input[i]);
	}
	for (size_t i = 0; rc == 0 && i < g->n_initializer; i++) {
		if (g->initializer[i]->data_type == FM_TYPE_FLOAT)
			set_float(j, g->initializer[i]->name);
		rc = convert_tensor(j, g->initializer[i], true);
	}
	if (rc == 0)
		rc = convert_nodes(j, g, depth);
	for (size_t i = 0; i < g->n_output; i++)
		convert_type(g->output[i]);
	for (size_t i = 0; i < g->n_value_info; i++)
		convert_type(g->value_info[i]);
	return rc;
}

/* --- files ---------------------------------------------------------------- */

static int
open_files(struct job *j)
{
	int rc = 0;

	j->maps = fm_calloc(j->m->files.n + 1, sizeof *j->maps);
	for (size_t i = 0; rc == 0 && i < j->m->files.n; i++) {
		char *path = fm_io_join(j->m->weights, j->m->files.v[i]);

		rc = fm_map_open(&j->maps[i], path, j->err);
		free(path);
	}
	return rc;
}

static int
write_graph(const Onnx__ModelProto *p, const char *path, struct fm_err *err)
{
	size_t n = onnx__model_proto__get_packed_size(p);
	uint8_t *bytes = fm_malloc(n + 1);
	struct fm_out o;
	int rc = fm_out_open(&o, path, err);

	if (rc == 0) {
		n = onnx__model_proto__pack(p, bytes);
		(void)fwrite(bytes, 1, n, o.f);
		rc = fm_out_close(&o, err);
	}
	free(bytes);
	return rc;
}

int
fm_model_to_half(const struct fm_model *m, const char *dir, const char *name,
    struct fm_err *err)
{
	Onnx__ModelProto *p = fm_onnx_unpack(m->graph, err);
	char *weights = fm_strdupf("%s.weights", name);
	char *weights_path = fm_io_join(dir, weights);
	char *path = fm_strdupf("%s/%s.onnx", dir, name);
	struct job j = { .m = m, .weights_name = weights, .err = err };
	int rc = p ? open_files(&j) : -1;

	j.floats = json_object();
	if (rc == 0)
		rc = fm_out_open(&j.weights, weights_path, err);
	if (rc == 0) {
		rc = convert_graph(&j, p->graph, 0);
		if (rc == 0)
			rc = fm_out_close(&j.weights, err);
		else
			fm_out_abandon(&j.weights);
	}
	if (rc == 0)
		rc = write_graph(p, path, err);
	for (size_t i = 0; j.maps && i < m->files.n; i++)
		fm_map_release(&j.maps[i]);
	if (p)
		onnx__model_proto__free_unpacked(p, NULL);
	free(j.maps);
	json_decref(j.floats);
	free(path);
	free(weights_path);
	free(weights);
	return rc;
}
