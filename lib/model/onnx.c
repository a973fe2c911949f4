/*
 * Reading ONNX files. The file is mapped and unpacked once; what is kept are
 * names, shapes and sums. Of the graph's meaning only this much is known:
 * which inputs look like token ids, and how large the table is that they
 * look up.
 */
#include "model/onnx.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <onnx.pb-c.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"
#include "model/nesting.h"

enum {
	DEPTH_MAX = 16, /* of subgraphs, and of nodes from input to table */
	STEPS_MAX = 200 /* uses looked at in search of the table */
};

/* protobuf leaves absent strings out; nobody after here wants NULL. */
static const char *
text(const char *s)
{
	return s ? s : "";
}

/* --- weights ------------------------------------------------------------- */

static const char *
external(const Onnx__TensorProto *t, const char *key)
{
	if (!t->has_data_location ||
	    t->data_location != ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
		return NULL;
	for (size_t i = 0; i < t->n_external_data; i++)
		if (strcmp(text(t->external_data[i]->key), key) == 0)
			return text(t->external_data[i]->value);
	return NULL;
}

struct sums {
	struct fm_model *m;
	int32_t type; /* of all weights so far; 0 = none, -1 = mixed */
};

/* Whole numbers of 64 bits are shapes and indices, not weights. */
static void
add_weight(struct sums *s, const Onnx__TensorProto *t)
{
	size_t size = fm_type_size((enum fm_type)t->data_type);
	const char *file = external(t, "location");
	int64_t n = 1;

	if (file && fm_strs_find(&s->m->files, file) < 0)
		fm_strs_add(&s->m->files, file);
	if (t->data_type == FM_TYPE_INT64)
		return;
	for (size_t i = 0; i < t->n_dims; i++)
		if (t->dims[i] < 0 ||
		    __builtin_mul_overflow(n, t->dims[i], &n) ||
		    n > INT64_MAX / 16)
			return;
	if (__builtin_add_overflow(s->m->params, n, &s->m->params))
		return;
	if (__builtin_add_overflow(
		s->m->bytes, n * (int64_t)size, &s->m->bytes))
		return;
	if (s->type != t->data_type)
		s->type = s->type ? -1 : t->data_type;
}

/* Initializers and constants, also of the bodies of If, Loop and Scan. */
static void
add_weights(struct sums *s, const Onnx__GraphProto *g, int depth)
{
	for (size_t i = 0; i < g->n_initializer; i++)
		add_weight(s, g->initializer[i]);
	for (size_t i = 0; i < g->n_node; i++)
		for (size_t k = 0; k < g->node[i]->n_attribute; k++) {
			const Onnx__AttributeProto *a =
			    g->node[i]->attribute[k];

			if (a->t)
				add_weight(s, a->t);
			if (a->g && depth < DEPTH_MAX)
				add_weights(s, a->g, depth + 1);
		}
}

static const Onnx__TensorProto *
find_initializer(const Onnx__GraphProto *g, const char *name)
{
	for (size_t i = 0; i < g->n_initializer; i++)
		if (strcmp(text(g->initializer[i]->name), name) == 0)
			return g->initializer[i];
	return NULL;
}

/* --- what an input means ------------------------------------------------- */

static bool
is_one_of(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

/* Rows of the table `name`, or 0: an initializer, maybe of another type. */
static int64_t
table_rows(const Onnx__GraphProto *g, const char *name, int64_t axis, int depth)
{
	static const char *const same[] = { "Cast", "Identity",
		"DequantizeLinear", NULL };
	const Onnx__TensorProto *t = find_initializer(g, name);

	if (t)
		return axis >= 0 && (size_t)axis < t->n_dims ? t->dims[axis]
							     : 0;
	for (size_t i = 0; depth < DEPTH_MAX && i < g->n_node; i++) {
		const Onnx__NodeProto *n = g->node[i];

		if (n->n_output > 0 && n->n_input > 0 &&
		    strcmp(n->output[0], name) == 0 &&
		    is_one_of(text(n->op_type), same))
			return table_rows(g, n->input[0], axis, depth + 1);
	}
	return 0;
}

/* Rows of the table that node `n` looks up with its k-th input, or 0. */
static int64_t
looked_up(const Onnx__GraphProto *g, const Onnx__NodeProto *n, size_t k)
{
	const char *op = text(n->op_type);
	int64_t axis = 0;

	if (strcmp(op, "EmbedLayerNormalization") == 0 && k == 0 &&
	    n->n_input > 2)
		return table_rows(g, n->input[2], 0, 0);
	if (strcmp(op, "Gather") != 0 || k != 1)
		return 0;
	for (size_t i = 0; i < n->n_attribute; i++)
		if (strcmp(text(n->attribute[i]->name), "axis") == 0)
			axis = n->attribute[i]->i;
	return table_rows(g, n->input[0], axis, 0);
}

/*
 * The smallest table that the value `name` is an index into, or 0. `steps`
 * bounds the search in graphs that are made to be searched for ever.
 */
static int64_t
vocabulary(const Onnx__GraphProto *g, const char *name, int depth, int *steps)
{
	static const char *const same[] = { "Cast", "Identity", "Reshape",
		"Squeeze", "Unsqueeze", "Flatten", "Transpose", NULL };
	int64_t best = 0;

	for (size_t i = 0; depth < DEPTH_MAX && i < g->n_node; i++) {
		const Onnx__NodeProto *n = g->node[i];

		for (size_t k = 0; k < n->n_input; k++) {
			int64_t v;

			if (strcmp(n->input[k], name) != 0 || --*steps < 0)
				continue;
			v = looked_up(g, n, k);
			if (k == 0 && n->n_output > 0 && v == 0 &&
			    is_one_of(text(n->op_type), same))
				v = vocabulary(
				    g, n->output[0], depth + 1, steps);
			if (v > 0 && (best == 0 || v < best))
				best = v;
		}
	}
	return best;
}

static json_t *
fill_range(const char *kind, json_int_t lo, json_int_t hi, bool list)
{
	return list ? json_pack("{s:[[I,I]]}", kind, lo, hi)
		    : json_pack("{s:[I,I]}", kind, lo, hi);
}

static void
note(struct fm_model *m, const char *fmt, const char *name)
{
	struct fm_buf b = FM_BUF_INIT;

	fm_buf_printf(&b, "input '%s' %s", name, fmt);
	fm_strs_add_take(&m->notes, fm_buf_detach(&b));
}

static json_t *
fill_integers(struct fm_model *m, const Onnx__GraphProto *g,
    const struct fm_model_port *p)
{
	int steps = STEPS_MAX;
	int64_t vocab = vocabulary(g, p->name, 0, &steps);

	if (vocab >= INT64_C(1) << 32)
		vocab = 0;
	if (vocab > 0) {
		if (vocab > m->vocab)
			m->vocab = vocab;
		return fill_range("tokens", 0, vocab, true);
	}
	if (p->type == FM_TYPE_UINT8)
		return fill_range("tokens", 0, 256, true);
	if (p->type == FM_TYPE_INT8)
		return fill_range("tokens", 0, 128, true);
	note(m, "gets zeros and ones: its range is not known", p->name);
	return fill_range("tokens", 0, 2, true);
}

static bool
has_word(const char *name, const char *word)
{
	size_t n = strlen(word);

	for (; *name; name++) {
		size_t i = 0;

		while (i < n && (name[i] | 0x20) == (word[i] | 0x20))
			i++;
		if (i == n)
			return true;
	}
	return false;
}

static json_t *
fill_of(struct fm_model *m, const Onnx__GraphProto *g,
    const struct fm_model_port *p)
{
	if (p->type == FM_TYPE_BOOL || has_word(p->name, "mask"))
		return json_pack("{s:i}", "value", 1);
	if (fm_type_is_float(p->type) || p->type == FM_TYPE_COMPLEX64 ||
	    p->type == FM_TYPE_COMPLEX128)
		return fill_range("uniform", -1, 1, false);
	if (has_word(p->name, "token_type") || has_word(p->name, "segment"))
		return json_pack("{s:i}", "value", 0);
	if (has_word(p->name, "position")) {
		note(m, "gets zeros, not the positions of tokens", p->name);
		return json_pack("{s:i}", "value", 0);
	}
	return fill_integers(m, g, p);
}

/* --- ports --------------------------------------------------------------- */

static int
read_dims(struct fm_model_port *p, const Onnx__TensorShapeProto *s,
    const char *path, struct fm_err *err)
{
	if (s->n_dim > FM_DIMS_MAX)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': '%.100s' has %zu dimensions, more than %d", path,
		    p->name, s->n_dim, FM_DIMS_MAX);
	p->rank = (int)s->n_dim;
	for (size_t i = 0; i < s->n_dim; i++) {
		const Onnx__TensorShapeProto__Dimension *d = s->dim[i];

		p->dims[i] = -1;
		if (d->value_case ==
			ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE &&
		    d->dim_value >= 0)
			p->dims[i] = d->dim_value;
		else if (
		    d->value_case ==
			ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM &&
		    *text(d->dim_param))
			p->syms[i] = fm_strdup(d->dim_param);
	}
	return 0;
}

static int
read_port(struct fm_model_port *p, const Onnx__ValueInfoProto *v,
    const char *path, struct fm_err *err)
{
	const Onnx__TypeProto *t = v->type;

	p->name = fm_strdup(text(v->name));
	p->rank = -1;
	if (!t || t->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
		return 0;
	p->type = (enum fm_type)t->tensor_type->elem_type;
	return t->tensor_type->shape
		   ? read_dims(p, t->tensor_type->shape, path, err)
		   : 0;
}

static int
read_input(struct fm_model *m, const Onnx__GraphProto *g,
    const Onnx__ValueInfoProto *v, struct fm_err *err)
{
	struct fm_model_port *p = &m->inputs[m->n_inputs++];

	if (read_port(p, v, m->graph, err))
		return -1;
	if (p->type == FM_TYPE_NONE)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': input '%.100s' is not a tensor, and only tensors "
		    "are "
		    "supported",
		    m->graph, p->name);
	if (fm_type_size(p->type) == 0)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': input '%.100s' is of element type %s, which is not "
		    "supported",
		    m->graph, p->name,
		    *fm_type_name(p->type) ? fm_type_name(p->type) : "unknown");
	/* A dimension without a name gets one, so that it can be set. */
	for (int i = 0; i < p->rank; i++)
		if (p->dims[i] < 0 && !p->syms[i])
			p->syms[i] = fm_strdupf("%s:%d", p->name, i);
	p->fill = fill_of(m, g, p);
	return 0;
}

static int
read_ports(struct fm_model *m, const Onnx__GraphProto *g, struct fm_err *err)
{
	m->inputs = fm_calloc(g->n_input, sizeof *m->inputs);
	m->outputs = fm_calloc(g->n_output, sizeof *m->outputs);
	for (size_t i = 0; i < g->n_input; i++)
		if (!find_initializer(g, text(g->input[i]->name)) &&
		    read_input(m, g, g->input[i], err))
			return -1;
	for (size_t i = 0; i < g->n_output; i++)
		if (read_port(&m->outputs[m->n_outputs++], g->output[i],
			m->graph, err))
			return -1;
	return 0;
}

/* What the runtime would refuse, in words that say which file it is. */
static int
check_files(const struct fm_model *m, struct fm_err *err)
{
	for (size_t i = 0; i < m->files.n; i++) {
		const char *file = m->files.v[i];
		char *path = fm_io_join(m->weights, file);
		bool there = fm_io_is_file(path);

		free(path);
		if (*file == '/' || strncmp(file, "../", 3) == 0 ||
		    strstr(file, "/../"))
			return fm_err_set(err, FM_NOMODEL,
			    "'%s': its data lies outside of its folder, in "
			    "'%.200s'",
			    m->graph, file);
		if (!there)
			return fm_err_set(err, FM_NOMODEL,
			    "'%s' lacks its data: no file '%.200s' in '%s'",
			    m->graph, file, m->weights);
	}
	return 0;
}

static int
read_model(struct fm_model *m, const Onnx__GraphProto *g, struct fm_err *err)
{
	struct sums s = { m, 0 };

	if (read_ports(m, g, err))
		return -1;
	add_weights(&s, g, 0);
	free(m->dtype);
	m->dtype =
	    fm_strdup(s.type < 0    ? "mixed"
		      : s.type == 0 ? "none"
				    : fm_type_name((enum fm_type)s.type));
	return check_files(m, err);
}

Onnx__ModelProto *
fm_onnx_unpack(const char *path, struct fm_err *err)
{
	Onnx__ModelProto *p = NULL;
	struct fm_map f;

	if (fm_map_open(&f, path, err))
		return NULL;
	if (fm_nesting_ok(f.p, f.n))
		p = onnx__model_proto__unpack(NULL, f.n, f.p);
	fm_map_release(&f);
	if (!p || !p->graph || p->ir_version < 1 || p->graph->n_output == 0) {
		(void)fm_err_set(
		    err, FM_NOMODEL, "'%s' is not an ONNX model", path);
		if (p)
			onnx__model_proto__free_unpacked(p, NULL);
		return NULL;
	}
	return p;
}

int
fm_onnx_read(struct fm_model *m, struct fm_err *err)
{
	Onnx__ModelProto *p = fm_onnx_unpack(m->graph, err);
	int r;

	if (!p)
		return -1;
	r = read_model(m, p->graph, err);
	onnx__model_proto__free_unpacked(p, NULL);
	return r;
}

static void
hide_locations(const struct fm_model *m, Onnx__TensorProto *t)
{
	for (size_t i = 0; external(t, "location") && i < t->n_external_data;
	     i++) {
		Onnx__StringStringEntryProto *e = t->external_data[i];

		if (strcmp(text(e->key), "location") == 0) {
			ptrdiff_t k = fm_strs_find(&m->files, text(e->value));

			free(e->value);
			e->value = fm_strdupf("%td", k);
		}
	}
}

int
fm_onnx_hash(const struct fm_model *m, struct fm_hash *h, struct fm_err *err)
{
	Onnx__ModelProto *p;
	uint8_t *bytes;

	if (m->files.n == 0)
		return fm_hash_put_file(h, m->graph, err);
	p = fm_onnx_unpack(m->graph, err);
	if (!p)
		return -1;
	for (size_t i = 0; i < p->graph->n_initializer; i++)
		hide_locations(m, p->graph->initializer[i]);
	bytes = fm_malloc(onnx__model_proto__get_packed_size(p));
	fm_hash_put(h, bytes, onnx__model_proto__pack(p, bytes));
	free(bytes);
	onnx__model_proto__free_unpacked(p, NULL);
	return 0;
}
