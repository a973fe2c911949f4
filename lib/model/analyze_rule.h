/*
 * Rules: how the shape of an operator's first output follows from its inputs.
 * Used by analyze_shape.c alone.
 */
#ifndef FM_ANALYZE_RULE_H
#define FM_ANALYZE_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include <onnx.pb-c.h>

#include "model/analyze.h"

/* What a rule works with. */
struct fm_rule {
	const Onnx__NodeProto *n;
	const struct fm_shape *in; /* n_in of them */
	size_t n_in;
	struct fm_shape *out; /* unknown when the rule begins */
};

struct fm_rule_row {
	const char *ops; /* names with a blank around each */
	void (*rule)(struct fm_rule *w);
};

/* Operators that compute, and those that move. Ended by NULL. */
extern const struct fm_rule_row fm_rules_math[], fm_rules_move[];

const Onnx__AttributeProto *fm_attr(const Onnx__NodeProto *n, const char *name);
/* An input, unknown when it is left out. */
const struct fm_shape *fm_rule_input(const struct fm_rule *w, size_t i);
/* A negative axis counts from the end; -1 when it is none. */
int fm_rule_axis(int64_t axis, int rank);
/* Axes from the attribute, or from input `k` since opset 13; -1 = none. */
int fm_rule_axes(const struct fm_rule *w, size_t k, int64_t *axes);

#endif
