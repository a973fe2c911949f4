/*
 * An ONNX graph being written. The messages of protobuf-c point into memory
 * that belongs to the graph and goes all at once, so nothing has a life of
 * its own.
 */
#include "model/graph.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <onnx.pb-c.h>

#include "alloc.h"
#include "err.h"
#include "io.h"

enum {
	IR_VERSION = 8,
	OPSET = 17 /* LayerNormalization and all that is used here */
};

struct fm_graph {
	Onnx__GraphProto graph;
	size_t cap_node, cap_init, cap_input, cap_output; /* elements */
	Onnx__NodeProto *node;                            /* the last one */
	const char *at; /* module of the nodes to come, or NULL */
	void **mem;     /* everything that has to be freed */
	size_t n_mem, cap_mem;
};

static void *
keep(struct fm_graph *g, void *p)
{
	FM_GROW(g->mem, g->cap_mem, g->n_mem + 1);
	return g->mem[g->n_mem++] = p;
}

static char *
text(struct fm_graph *g, const char *s)
{
	return keep(g, fm_strdup(s));
}

/* `n` pointers, cleared. */
static void *
pointers(struct fm_graph *g, size_t n)
{
	return keep(g, fm_calloc(n, sizeof(void *)));
}

/* Makes room for one more pointer in an array that holds `n`. */
static void *
one_more(void *array, size_t *cap, size_t n)
{
	void **v = array;

	FM_GROW(v, *cap, n + 1);
	return v;
}

/* A cleared protobuf message, initialised by its own function. */
#define NEW(g, var, type)                                                      \
	do {                                                                   \
		(var) = keep((g), fm_malloc(sizeof *(var)));                   \
		onnx__##type##__init(var);                                     \
	} while (0)

struct fm_graph *
fm_graph_new(void)
{
	struct fm_graph *g = fm_calloc(1, sizeof *g);

	onnx__graph_proto__init(&g->graph);
	g->graph.name = text(g, "main");
	return g;
}

void
fm_graph_free(struct fm_graph *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n_mem; i++)
		free(g->mem[i]);
	free(g->mem);
	free(g->graph.node);
	free(g->graph.initializer);
	free(g->graph.input);
	free(g->graph.output);
	free(g);
}

const char *
fm_graph_name(struct fm_graph *g, const char *fmt, ...)
{
	char s[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(s, sizeof s, fmt, ap);
	va_end(ap);
	return text(g, s);
}

static Onnx__TensorShapeProto__Dimension *
dimension(struct fm_graph *g, int64_t size, const char *sym)
{
	Onnx__TensorShapeProto__Dimension *d;

	NEW(g, d, tensor_shape_proto__dimension);
	if (sym) {
		d->value_case =
		    ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
		d->dim_param = text(g, sym);
	} else {
		d->value_case =
		    ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
		d->dim_value = size;
	}
	return d;
}

static Onnx__ValueInfoProto *
value_info(struct fm_graph *g, const char *name, enum fm_type type, int rank,
    const int64_t *dims, const char *const *syms)
{
	size_t n = (size_t)rank;
	Onnx__ValueInfoProto *v;
	Onnx__TypeProto__Tensor *t;

	NEW(g, v, value_info_proto);
	v->name = text(g, name);
	NEW(g, v->type, type_proto);
	NEW(g, t, type_proto__tensor);
	v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	v->type->tensor_type = t;
	t->has_elem_type = 1;
	t->elem_type = (int32_t)type;
	NEW(g, t->shape, tensor_shape_proto);
	t->shape->n_dim = n;
	t->shape->dim = pointers(g, n);
	for (size_t i = 0; i < n; i++)
		t->shape->dim[i] = dimension(g, dims[i], syms[i]);
	return v;
}

void
fm_graph_input(struct fm_graph *g, const char *name, enum fm_type type,
    int rank, const int64_t *dims, const char *const *syms)
{
	Onnx__GraphProto *p = &g->graph;

	p->input = one_more(p->input, &g->cap_input, p->n_input);
	p->input[p->n_input++] = value_info(g, name, type, rank, dims, syms);
}

void
fm_graph_output(struct fm_graph *g, const char *name, enum fm_type type,
    int rank, const int64_t *dims, const char *const *syms)
{
	Onnx__GraphProto *p = &g->graph;

	p->output = one_more(p->output, &g->cap_output, p->n_output);
	p->output[p->n_output++] = value_info(g, name, type, rank, dims, syms);
}

static Onnx__TensorProto *
initializer(struct fm_graph *g, const char *name, enum fm_type type, int rank,
    const int64_t *dims)
{
	Onnx__GraphProto *p = &g->graph;
	Onnx__TensorProto *t;

	NEW(g, t, tensor_proto);
	t->name = text(g, name);
	t->has_data_type = 1;
	t->data_type = (int32_t)type;
	t->n_dims = (size_t)rank;
	t->dims = keep(g, fm_calloc(t->n_dims, sizeof *t->dims));
	for (size_t i = 0; i < t->n_dims; i++)
		t->dims[i] = dims[i];
	p->initializer =
	    one_more(p->initializer, &g->cap_init, p->n_initializer);
	p->initializer[p->n_initializer++] = t;
	return t;
}

void
fm_graph_const(struct fm_graph *g, const char *name, enum fm_type type,
    int rank, const int64_t *dims, const void *values)
{
	Onnx__TensorProto *t = initializer(g, name, type, rank, dims);
	size_t n = fm_type_size(type);

	for (size_t i = 0; i < t->n_dims; i++)
		n *= (size_t)dims[i];
	t->has_raw_data = 1;
	t->raw_data.len = n;
	t->raw_data.data = keep(g, fm_malloc(n));
	memcpy(t->raw_data.data, values, n);
}

void
fm_graph_ints(struct fm_graph *g, const char *name, int64_t n, const int64_t *v)
{
	fm_graph_const(g, name, FM_TYPE_INT64, 1, &n, v);
}

void
fm_graph_int(struct fm_graph *g, const char *name, int64_t v)
{
	fm_graph_const(g, name, FM_TYPE_INT64, 0, &v, &v);
}

void
fm_graph_external(struct fm_graph *g, const char *name, enum fm_type type,
    int rank, const int64_t *dims, const char *file, uint64_t offset,
    uint64_t bytes)
{
	static const char *const keys[] = { "location", "offset", "length" };
	Onnx__TensorProto *t = initializer(g, name, type, rank, dims);
	char *values[3] = { fm_strdup(file),
		fm_strdupf("%llu", (unsigned long long)offset),
		fm_strdupf("%llu", (unsigned long long)bytes) };

	t->has_data_location = 1;
	t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
	t->n_external_data = 3;
	t->external_data = pointers(g, 3);
	for (size_t i = 0; i < 3; i++) {
		NEW(g, t->external_data[i], string_string_entry_proto);
		t->external_data[i]->key = text(g, keys[i]);
		t->external_data[i]->value = keep(g, values[i]);
	}
}

/* Splits at spaces; "-" becomes the empty name of an input left out. */
static char **
name_list(struct fm_graph *g, const char *names, size_t *n)
{
	char *s = text(g, names);
	char **v;
	size_t max = 1;

	for (const char *p = s; *p; p++)
		max += *p == ' ';
	v = pointers(g, max);
	*n = 0;
	while (*s) {
		char *end = s + strcspn(s, " ");
		bool more = *end != '\0';

		*end = '\0';
		if (strcmp(s, "-") == 0)
			*s = '\0';
		v[(*n)++] = s;
		s = more ? end + 1 : end;
	}
	return v;
}

void
fm_graph_at(struct fm_graph *g, const char *path)
{
	g->at = path;
}

static bool
has_node(const struct fm_graph *g, const char *name)
{
	for (size_t i = g->graph.n_node; i > 0; i--)
		if (strcmp(g->graph.node[i - 1]->name, name) == 0)
			return true;
	return false;
}

/* "/encoder/layer.0/output/MatMul", with "_1" when there is one already;
 * numbers stay with the name of their list. */
static char *
node_name(struct fm_graph *g, const char *op)
{
	char *path = fm_strdup(g->at), *name;

	for (char *s = path; *s; s++)
		if (*s == '.' && !(s[1] >= '0' && s[1] <= '9'))
			*s = '/';
	name = fm_strdupf("%s%s/%s", *path ? "/" : "", path, op);
	for (int i = 1; has_node(g, name); i++) {
		free(name);
		name = fm_strdupf("%s%s/%s_%d", *path ? "/" : "", path, op, i);
	}
	free(path);
	return keep(g, name);
}

const char *
fm_graph_node(
    struct fm_graph *g, const char *op, const char *inputs, const char *output)
{
	Onnx__GraphProto *p = &g->graph;
	Onnx__NodeProto *n;

	NEW(g, n, node_proto);
	n->op_type = text(g, op[0] == '.' ? op + 1 : op);
	n->name = g->at ? node_name(g, n->op_type) : text(g, output);
	if (op[0] == '.')
		n->domain = text(g, "com.microsoft");
	n->input = name_list(g, inputs, &n->n_input);
	n->output = name_list(g, output, &n->n_output);
	p->node = one_more(p->node, &g->cap_node, p->n_node);
	p->node[p->n_node++] = g->node = n;
	return n->output[0];
}

static Onnx__AttributeProto *
attribute(struct fm_graph *g, const char *name,
    Onnx__AttributeProto__AttributeType type)
{
	Onnx__NodeProto *n = g->node;
	size_t k = n->n_attribute + 1;
	Onnx__AttributeProto **v = pointers(g, k);

	for (size_t i = 0; i + 1 < k; i++)
		v[i] = n->attribute[i];
	NEW(g, v[k - 1], attribute_proto);
	v[k - 1]->name = text(g, name);
	v[k - 1]->has_type = 1;
	v[k - 1]->type = type;
	n->attribute = v;
	n->n_attribute = k;
	return v[k - 1];
}

void
fm_graph_attr_int(struct fm_graph *g, const char *name, int64_t v)
{
	Onnx__AttributeProto *a =
	    attribute(g, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);

	a->has_i = 1;
	a->i = v;
}

void
fm_graph_attr_float(struct fm_graph *g, const char *name, float v)
{
	Onnx__AttributeProto *a =
	    attribute(g, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);

	a->has_f = 1;
	a->f = v;
}

void
fm_graph_attr_ints(
    struct fm_graph *g, const char *name, size_t n, const int64_t *v)
{
	Onnx__AttributeProto *a =
	    attribute(g, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);

	a->n_ints = n;
	a->ints = keep(g, fm_calloc(n, sizeof *a->ints));
	memcpy(a->ints, v, n * sizeof *v);
}

/* Without a sync: the file lives as long as the run that made it. */
static int
write_file(const char *path, const void *p, size_t n, struct fm_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int r = fd < 0 ? -1 : fm_io_write_all(fd, p, n);

	if (fd >= 0 && close(fd))
		r = -1;
	return r ? fm_err_sys(err, FM_IO, "cannot write '%s'", path) : 0;
}

int
fm_graph_write(const struct fm_graph *g, const char *path, struct fm_err *err)
{
	Onnx__ModelProto m = ONNX__MODEL_PROTO__INIT;
	Onnx__OperatorSetIdProto sets[2] = { ONNX__OPERATOR_SET_ID_PROTO__INIT,
		ONNX__OPERATOR_SET_ID_PROTO__INIT };
	Onnx__OperatorSetIdProto *set_list[2] = { &sets[0], &sets[1] };
	Onnx__GraphProto graph = g->graph;
	char onnx[] = "", microsoft[] = "com.microsoft", fm[] = "fm";
	uint8_t *bytes;
	size_t n;
	int r;

	sets[0].domain = onnx;
	sets[0].has_version = 1;
	sets[0].version = OPSET;
	sets[1].domain = microsoft;
	sets[1].has_version = 1;
	sets[1].version = 1;
	m.has_ir_version = 1;
	m.ir_version = IR_VERSION;
	m.producer_name = fm;
	m.n_opset_import = 2;
	m.opset_import = set_list;
	m.graph = &graph;

	n = onnx__model_proto__get_packed_size(&m);
	bytes = fm_malloc(n);
	(void)onnx__model_proto__pack(&m, bytes);
	r = write_file(path, bytes, n, err);
	free(bytes);
	return r;
}
