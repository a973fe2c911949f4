/*
 * Shapes of the tensors of an ONNX graph, carried from node to node. Inside
 * lib/model/ only: it shows the unpacked file.
 */
#ifndef FM_ONNX_SHAPE_H
#define FM_ONNX_SHAPE_H

#include <jansson.h>
#include <onnx.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/layers.h"

enum {
	FM_ONNX_VALUES = 8, /* elements of a tensor that is computed with */
	FM_ONNX_UNKNOWN = 0 /* a dimension */
};

/* What an operator does with shapes. */
enum fm_onnx_rule {
	FM_ONNX_VIEW, /* the input as it is, for nothing */
	FM_ONNX_CAST,
	FM_ONNX_UNARY,
	FM_ONNX_BINARY,
	FM_ONNX_MULTIPLY,
	FM_ONNX_NORM,
	FM_ONNX_RMS,
	FM_ONNX_SKIP, /* a sum, then a norm */
	FM_ONNX_SKIP_RMS,
	FM_ONNX_SOFT,
	FM_ONNX_MATMUL,
	FM_ONNX_GEMM,
	FM_ONNX_MHA,
	FM_ONNX_CONV,
	FM_ONNX_LOOKUP,
	FM_ONNX_POOL,
	FM_ONNX_GLOBAL,
	FM_ONNX_REDUCE,
	FM_ONNX_RESHAPE, /* from here on: for nothing, too */
	FM_ONNX_TRANSPOSE,
	FM_ONNX_UNSQUEEZE,
	FM_ONNX_SQUEEZE,
	FM_ONNX_CONCAT,
	FM_ONNX_SHAPE,
	FM_ONNX_SLICE,
	FM_ONNX_RANGE,
	FM_ONNX_EXPAND,
	FM_ONNX_FILL,
	FM_ONNX_WHERE,
	FM_ONNX_INDEXED,
	FM_ONNX_FLATTEN,
	FM_ONNX_CONSTANT
};

/* Is it a type of integers or truth values? */
bool fm_onnx_is_whole(int64_t type);

/* What is known of a tensor. */
struct fm_onnx_value {
	int rank;                    /* -1: nothing */
	int64_t dims[FM_LAYER_RANK]; /* sizes, FM_DIM_…, FM_ONNX_UNKNOWN */
	bool weight;                 /* part of the model */
	bool whole;                  /* of integers or truth values */
	int n;                       /* values, -1: not known */
	int64_t v[FM_ONNX_VALUES];
};

/* A graph being read; the caller owns and frees `index` and `v`. */
struct fm_onnx_graph {
	struct fm_layers *l;
	const Onnx__GraphProto *src;
	json_t *index; /* name of a tensor: its place in `v` */
	struct fm_onnx_value *v;
	size_t n, cap;
	const Onnx__NodeProto *node; /* the one being read */
	int64_t at;                  /* its place among those that are no
				      * constants */
};

/* Adds a tensor that nothing is known of; valid until the next one. */
struct fm_onnx_value *fm_onnx_put(struct fm_onnx_graph *g, const char *name);
/* Takes the values of a small integer tensor. */
void fm_onnx_read_ints(struct fm_onnx_value *v, const Onnx__TensorProto *t);

/* Adds an initializer, or an input of the graph. */
void fm_onnx_put_tensor(
    struct fm_onnx_graph *g, const char *name, const Onnx__TensorProto *t);
void fm_onnx_put_input(struct fm_onnx_graph *g, const Onnx__ValueInfoProto *in);
/* What a declaration says of a tensor's type and shape. */
struct fm_onnx_value fm_onnx_info(const Onnx__ValueInfoProto *in);

/* The k-th input of the node; one that is not there has no rank. */
struct fm_onnx_value fm_onnx_input(const struct fm_onnx_graph *g, size_t k);
/* Attributes of the node: NULL or `def` when they are not there. */
const Onnx__AttributeProto *fm_onnx_attr(
    const struct fm_onnx_graph *g, const char *name);
int64_t fm_onnx_attr_int(
    const struct fm_onnx_graph *g, const char *name, int64_t def);
int64_t fm_onnx_attr_ints(
    const struct fm_onnx_graph *g, const char *name, size_t k, int64_t def);

struct fm_onnx_value fm_onnx_shaped(int rank);
/* Is every dimension a size or a symbol? */
bool fm_onnx_known(const struct fm_onnx_value *v);
struct fm_onnx_value fm_onnx_broadcast(
    const struct fm_onnx_value *a, const struct fm_onnx_value *b);
/* Arithmetic of shapes, where both operands are known. */
void fm_onnx_calculate(struct fm_onnx_value *v, const char *op,
    const struct fm_onnx_value *a, const struct fm_onnx_value *b);

/* Also of reductions, which keep their dimensions unless told. */
struct fm_onnx_value fm_onnx_without_axes(
    const struct fm_onnx_graph *g, bool keep);
struct fm_onnx_value fm_onnx_gather(const struct fm_onnx_graph *g);

/* What comes out of a node that only moves or shapes. */
struct fm_onnx_value fm_onnx_shape(
    const struct fm_onnx_graph *g, enum fm_onnx_rule rule);

#endif
