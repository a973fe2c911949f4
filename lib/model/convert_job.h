/*
 * What the parts of a conversion share: convert.c rewrites the graph,
 * convert_data.c its tensors, convert_ops.c knows the operators. Used by
 * these three alone.
 */
#ifndef FM_CONVERT_JOB_H
#define FM_CONVERT_JOB_H

#include <jansson.h>

#include <onnx.pb-c.h>

#include "io.h"
#include "model/convert.h"

/* Everything a conversion needs. */
struct fm_convert {
	const struct fm_model *m;
	enum fm_type type;   /* to which */
	int64_t opset;       /* the model's, of the standard operators */
	struct fm_map *maps; /* of m->files, in order */
	struct fm_out weights;
	const char *weights_name;
	uint64_t at;       /* bytes written to it */
	json_t *floats;    /* names of values that were float: true when they
			    * are no more, false when they still are */
	json_t *uses;      /* names: true when a use is converted, false when
			    * all uses need the exact numbers */
	json_t *stayed;    /* operators in single precision: how many */
	int64_t n_casts;   /* for their names */
	int64_t n_changed; /* tensors, inputs and outputs that were float */
	struct fm_err *err;
};

/* --- convert_data.c --- */

/* A tensor of any type: floats are converted unless they are `exact`, data
 * outside comes along. `large` ones may go into the file of weights. */
int fm_convert_tensor(
    struct fm_convert *j, Onnx__TensorProto *t, bool exact, bool large);

/* --- convert_ops.c --- */

enum {
	FM_CONVERT_ALL = 0xff
};

/* What of an operator stays in single precision: a bit for each input and
 * output, the last for all after it, too. */
struct fm_convert_stay {
	unsigned inputs, outputs;
	unsigned exact; /* inputs that eight bits are not enough for */
	int64_t until;  /* before this opset; 0 = in any */
	bool never;     /* its values are no tensors: no cast helps */
};

/* False when all of the node is converted. */
bool fm_convert_stays(const struct fm_convert *j, const Onnx__NodeProto *n,
    struct fm_convert_stay *s);

/* Is the first output of a node float, in the graph as it was? */
bool fm_convert_makes_float(
    const struct fm_convert *j, const Onnx__NodeProto *n);

/* Is the k-th of the first output's type, or float where `k` alone is? */
bool fm_convert_follows(const Onnx__NodeProto *n, size_t k);

/* Is it the attribute for an element type of the output? */
bool fm_convert_is_type(const Onnx__AttributeProto *a);

#endif
