/*
 * Shapes of operators that move data or make it, which is how exporters
 * compute the shapes of others.
 */
#include "model/analyze_rule.h"

#include <string.h>

#include <onnx.pb-c.h>

#include "tensor.h"

static void
shape(struct fm_rule *w)
{
	const struct fm_shape *x = fm_rule_input(w, 0);
	int64_t from = fm_attr_int(w->n, "start", 0);
	int64_t to = fm_attr_int(w->n, "end", x->rank);

	w->out->type = FM_TYPE_INT64;
	w->out->rank = 1;
	w->out->dims[0] = -1;
	if (x->rank < 0)
		return;
	from = from < 0 ? from + x->rank : from;
	to = to < 0 ? to + x->rank : to > x->rank ? x->rank : to;
	if (from < 0 || to < from)
		return;
	w->out->n_ints = (int)(to - from);
	w->out->dims[0] = to - from;
	for (int64_t i = from; i < to; i++) {
		w->out->ints[i - from] = x->dims[i];
		if (x->dims[i] < 0)
			w->out->n_ints = -1;
	}
}

static void
gather(struct fm_rule *w)
{
	const struct fm_shape *x = fm_rule_input(w, 0),
			      *at = fm_rule_input(w, 1);
	int axis = fm_rule_axis(fm_attr_int(w->n, "axis", 0), x->rank);
	struct fm_shape *o = w->out;

	o->type = x->type;
	if (axis < 0 || at->rank < 0 || x->rank - 1 + at->rank > FM_DIMS_MAX)
		return;
	o->rank = 0;
	for (int i = 0; i < axis; i++)
		o->dims[o->rank++] = x->dims[i];
	for (int i = 0; i < at->rank; i++)
		o->dims[o->rank++] = at->dims[i];
	for (int i = axis + 1; i < x->rank; i++)
		o->dims[o->rank++] = x->dims[i];
	if (x->rank != 1 || x->n_ints < 0 || at->n_ints < 0)
		return;
	for (int i = 0; i < at->n_ints; i++) {
		int k = fm_rule_axis(at->ints[i], x->n_ints);

		if (k < 0)
			return;
		o->ints[i] = x->ints[k];
	}
	o->n_ints = at->n_ints;
}

static void
unsqueeze(struct fm_rule *w)
{
	const struct fm_shape *x = fm_rule_input(w, 0);
	int64_t axes[FM_ANALYZE_INTS];
	bool one[FM_DIMS_MAX] = { false };
	int n = fm_rule_axes(w, 1, axes), rank, from = 0;

	if (x->rank < 0 || n < 0 || x->rank + n > FM_DIMS_MAX)
		return;
	*w->out = *x;
	rank = w->out->rank = x->rank + n;
	for (int i = 0; i < n; i++) {
		int k = fm_rule_axis(axes[i], rank);

		if (k >= 0)
			one[k] = true;
	}
	for (int i = 0; i < rank; i++)
		w->out->dims[i] =
		    one[i] || from >= x->rank ? 1 : x->dims[from++];
}

static void
squeeze(struct fm_rule *w)
{
	const struct fm_shape *x = fm_rule_input(w, 0);
	int64_t axes[FM_ANALYZE_INTS];
	bool gone[FM_DIMS_MAX] = { false };
	int n = fm_rule_axes(w, 1, axes);

	if (x->rank < 0)
		return;
	*w->out = *x;
	for (int i = 0; i < x->rank; i++)
		gone[i] = n < 0 && x->dims[i] == 1;
	for (int i = 0; i < n; i++) {
		int k = fm_rule_axis(axes[i], x->rank);

		if (k >= 0)
			gone[k] = true;
	}
	w->out->rank = 0;
	for (int i = 0; i < x->rank; i++)
		if (!gone[i])
			w->out->dims[w->out->rank++] = x->dims[i];
}

static void
concat(struct fm_rule *w)
{
	int axis = fm_rule_axis(
	    fm_attr_int(w->n, "axis", 0), fm_rule_input(w, 0)->rank);
	int n = 0;

	if (axis < 0)
		return;
	*w->out = *fm_rule_input(w, 0);
	w->out->dims[axis] = 0;
	for (size_t i = 0; i < w->n_in; i++) {
		const struct fm_shape *x = fm_rule_input(w, i);

		if (x->rank != w->out->rank) {
			w->out->rank = -1;
			w->out->n_ints = -1;
			return;
		}
		if (x->dims[axis] < 0 || w->out->dims[axis] < 0 ||
		    __builtin_add_overflow(
			w->out->dims[axis], x->dims[axis], &w->out->dims[axis]))
			w->out->dims[axis] = -1;
		if (x->n_ints < 0 || n < 0 || n + x->n_ints > FM_ANALYZE_INTS) {
			n = -1;
			continue;
		}
		memcpy(w->out->ints + n, x->ints,
		    (size_t)x->n_ints * sizeof *x->ints);
		n += x->n_ints;
	}
	w->out->n_ints = n;
}

static void
reshape(struct fm_rule *w)
{
	const struct fm_shape *x = fm_rule_input(w, 0),
			      *to = fm_rule_input(w, 1);
	int64_t all = fm_shape_elems(x), known = 1;
	int open = -1;

	w->out->type = x->type;
	if (to->n_ints < 0 || to->n_ints > FM_DIMS_MAX)
		return;
	for (int i = 0; i < to->n_ints; i++) {
		int64_t d = to->ints[i];

		if (d == 0 && i < x->rank)
			d = x->dims[i];
		if (d < 0)
			open = i;
		else if (__builtin_mul_overflow(known, d, &known))
			return;
		w->out->dims[i] = d;
	}
	if (open >= 0)
		w->out->dims[open] = all >= 0 && known > 0 ? all / known : -1;
	w->out->rank = to->n_ints;
}

static void
transpose(struct fm_rule *w)
{
	const struct fm_shape *x = fm_rule_input(w, 0);
	int64_t perm[FM_ANALYZE_INTS];
	int n = fm_attr_ints(w->n, "perm", perm);

	if (x->rank < 0 || (n >= 0 && n != x->rank))
		return;
	*w->out = *x;
	w->out->n_ints = -1;
	for (int i = 0; i < x->rank; i++) {
		int64_t from = n < 0 ? x->rank - 1 - i : perm[i];

		w->out->dims[i] =
		    from >= 0 && from < x->rank ? x->dims[from] : -1;
	}
}

static void
flatten(struct fm_rule *w)
{
	const struct fm_shape *x = fm_rule_input(w, 0);
	int64_t axis = fm_attr_int(w->n, "axis", 1), all = fm_shape_elems(x);
	int64_t head = 1;

	if (all < 0)
		return;
	axis = axis < 0 ? axis + x->rank : axis;
	for (int i = 0; i < x->rank && i < axis; i++)
		head *= x->dims[i];
	w->out->type = x->type;
	w->out->rank = 2;
	w->out->dims[0] = head;
	w->out->dims[1] = head ? all / head : 0;
}

static void
slice(struct fm_rule *w)
{
	const struct fm_shape *x = fm_rule_input(w, 0),
			      *from = fm_rule_input(w, 1),
			      *to = fm_rule_input(w, 2),
			      *axes = fm_rule_input(w, 3),
			      *steps = fm_rule_input(w, 4);

	w->out->type = x->type;
	if (x->rank < 0 || from->n_ints < 0 || to->n_ints != from->n_ints)
		return;
	*w->out = *x;
	w->out->n_ints = -1;
	for (int i = 0; i < from->n_ints; i++) {
		int k =
		    fm_rule_axis(i < axes->n_ints ? axes->ints[i] : i, x->rank);
		int64_t step = i < steps->n_ints ? steps->ints[i] : 1;
		int64_t a = from->ints[i], b = to->ints[i], d;

		if (k < 0 || step != 1 || x->dims[k] < 0) {
			w->out->rank = -1;
			return;
		}
		d = x->dims[k];
		a = a < 0 ? a + d : a > d ? d : a;
		b = b < 0 ? b + d : b > d ? d : b;
		w->out->dims[k] = b > a ? b - a : 0;
		if (x->rank != 1 || x->n_ints < 0 || a < 0 ||
		    w->out->dims[k] > x->n_ints - a)
			continue;
		w->out->n_ints = (int)w->out->dims[k];
		memmove(w->out->ints, x->ints + a,
		    (size_t)w->out->n_ints * sizeof *x->ints);
	}
}

static void
constant_of_shape(struct fm_rule *w)
{
	const struct fm_shape *to = fm_rule_input(w, 0);
	const Onnx__AttributeProto *a = fm_attr(w->n, "value");

	w->out->type = a && a->t ? a->t->data_type : FM_TYPE_FLOAT;
	if (to->n_ints < 0 || to->n_ints > FM_DIMS_MAX)
		return;
	w->out->rank = to->n_ints;
	memcpy(w->out->dims, to->ints, sizeof w->out->dims);
}

static void
constant(struct fm_rule *w)
{
	const Onnx__AttributeProto *a = fm_attr(w->n, "value");

	if (a && a->t)
		fm_shape_of_tensor(w->out, a->t);
}

static void
range(struct fm_rule *w)
{
	const struct fm_shape *a = fm_rule_input(w, 0),
			      *b = fm_rule_input(w, 1),
			      *step = fm_rule_input(w, 2);

	w->out->type = a->type;
	w->out->rank = 1;
	w->out->dims[0] = -1;
	if (a->n_ints == 1 && b->n_ints == 1 && step->n_ints == 1 &&
	    a->ints[0] >= 0 && b->ints[0] < INT64_MAX / 4 &&
	    step->ints[0] < INT64_MAX / 4 && step->ints[0] > 0 &&
	    b->ints[0] >= a->ints[0])
		w->out->dims[0] =
		    (b->ints[0] - a->ints[0] + step->ints[0] - 1) /
		    step->ints[0];
}

const struct fm_rule_row fm_rules_move[] = {
	{ " Shape ", shape },
	{ " Gather ", gather },
	{ " Unsqueeze ", unsqueeze },
	{ " Squeeze ", squeeze },
	{ " Concat ", concat },
	{ " Reshape ", reshape },
	{ " Transpose ", transpose },
	{ " Flatten ", flatten },
	{ " Slice ", slice },
	{ " ConstantOfShape ", constant_of_shape },
	{ " Constant ", constant },
	{ " Range ", range },
	{ NULL, NULL },
};
