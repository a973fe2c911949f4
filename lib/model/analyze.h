/*
 * What a graph consists of, and what running it once costs: operators, their
 * floating-point operations, and the bytes that they read and write.
 *
 * Definition. A multiplication and an addition are two operations: MatMul of
 * m x k by k x n is 2 m k n. Gemm adds m n when it has a C that is not a
 * constant factor, Conv one for each element of its output with a bias.
 * Attention over b sequences and h heads of size d is 4 b h s t d for the two
 * products and 5 b h s t for the softmax. Elementwise operators count one for
 * each element of their output, softmax 5, activations with a transcendental
 * function 8, normalisations 7 for each element of their input, poolings and
 * reductions one for each element that they read. Moving data counts nothing.
 * Bytes are those of all inputs and outputs of an operator, as if nothing
 * were kept in between; of a table that Gather looks up, the rows it takes.
 */
#ifndef FM_ANALYZE_H
#define FM_ANALYZE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"

/*
 * {"ir_version", "opset": {domain: version}, "operators": [{"type", "count",
 * "flops", "bytes"}], "flops", "bytes", "not_counted": [types]}; the operators
 * with most operations first. `dims` gives the sizes of open dimensions; what
 * cannot be known is null there, and its types are in not_counted. New
 * reference, or NULL.
 */
json_t *fm_model_analyze(
    const struct fm_model *m, const json_t *dims, struct fm_err *err);

/* --- between analyze.c and analyze_shape.c --- */

enum {
	FM_ANALYZE_INTS = 16
};

/* What is known of a value in the graph. */
struct fm_shape {
	int32_t type; /* enum fm_type; 0 = not known */
	int rank;     /* -1 = not known */
	int64_t dims[FM_DIMS_MAX];
	int n_ints; /* known content of small whole numbers; -1 = none */
	int64_t ints[FM_ANALYZE_INTS];
};

struct Onnx__NodeProto;
struct Onnx__TensorProto;

#define FM_SHAPE_UNKNOWN                                                       \
	{                                                                      \
		0, -1, { 0 }, -1,                                              \
		{                                                              \
			0                                                      \
		}                                                              \
	}

/* Elements, or -1. */
int64_t fm_shape_elems(const struct fm_shape *s);
void fm_shape_of_tensor(struct fm_shape *s, const struct Onnx__TensorProto *t);

/* The first output of a node from its inputs; unknown when that cannot be
 * said. `in` has n_input elements. */
void fm_shape_infer(struct fm_shape *out, const struct Onnx__NodeProto *n,
    const struct fm_shape *in);

/* Attributes, or what stands for them. */
int64_t fm_attr_int(
    const struct Onnx__NodeProto *n, const char *name, int64_t def);
/* At most FM_ANALYZE_INTS of them; -1 = there is no such attribute. */
int fm_attr_ints(const struct Onnx__NodeProto *n, const char *name, int64_t *v);

#endif
