/*
 * Shapes of ONNX tensors, with batch and tokens as symbols, through the
 * operators that only move things; and small integer tensors with their
 * values, as exporters compute shapes with nodes.
 */
#include "model/onnx_shape.h"

#include <string.h>

#include "alloc.h"
#include "model/model.h"

#define UNKNOWN FM_ONNX_UNKNOWN
#define VALUES FM_ONNX_VALUES
#define RANK FM_LAYER_RANK

/* --- shapes -------------------------------------------------------------- */

/* An axis may be counted from the end; -1 when it is none. */
static int
axis(int64_t a, int rank)
{
	a += a < 0 ? rank : 0;
	return a >= 0 && a < rank ? (int)a : -1;
}

struct fm_onnx_value
fm_onnx_shaped(int rank)
{
	struct fm_onnx_value v = { .rank = rank, .n = -1 };

	return v;
}

bool
fm_onnx_known(const struct fm_onnx_value *v)
{
	int i;

	for (i = 0; i < v->rank; i++)
		if (v->dims[i] == UNKNOWN)
			return false;
	return v->rank >= 0;
}

/* The dimension of two that are broadcast. */
static int64_t
broadcast_dim(int64_t a, int64_t b)
{
	if (a == 1 || a == b)
		return b;
	return b == 1 ? a : UNKNOWN;
}

struct fm_onnx_value
fm_onnx_broadcast(const struct fm_onnx_value *a, const struct fm_onnx_value *b)
{
	int rank = a->rank > b->rank ? a->rank : b->rank, i;
	struct fm_onnx_value v =
	    fm_onnx_shaped(a->rank < 0 || b->rank < 0 ? -1 : rank);

	for (i = 0; i < v.rank; i++) {
		int ia = i - (rank - a->rank), ib = i - (rank - b->rank);

		v.dims[i] = broadcast_dim(
		    ia < 0 ? 1 : a->dims[ia], ib < 0 ? 1 : b->dims[ib]);
	}
	return v;
}

/* A product of dimensions: a number and how often each symbol is in it. */
struct product {
	double fixed;
	int batch, tokens;
	bool known;
};

static void
times(struct product *p, int64_t d)
{
	p->batch += d == FM_DIM_BATCH || d == FM_DIM_ROWS;
	p->tokens += d == FM_DIM_TOKENS || d == FM_DIM_ROWS;
	if (d > 0)
		p->fixed *= (double)d;
	if (d == UNKNOWN)
		p->known = false;
}

/* What is left of `all` when it is divided by `part`. */
static int64_t
quotient(const struct product *all, const struct product *part)
{
	int batch = all->batch - part->batch;
	int tokens = all->tokens - part->tokens;
	double fixed = all->fixed / part->fixed;

	if (!all->known || !part->known)
		return UNKNOWN;
	if (batch == 0 && tokens == 0 && fixed >= 1 && fixed < 2147483648.0 &&
	    fixed == (double)(int64_t)fixed)
		return (int64_t)fixed;
	if (fixed < 1 || fixed > 1)
		return UNKNOWN;
	if (batch == 1 && tokens == 1)
		return FM_DIM_ROWS;
	if (batch == 1 && tokens == 0)
		return FM_DIM_BATCH;
	return batch == 0 && tokens == 1 ? FM_DIM_TOKENS : UNKNOWN;
}

/*
 * In the values of a shape -1 is what is left over, and symbols are stored
 * below that: see pack().
 */
static int64_t
pack(int64_t dim)
{
	return dim < 0 ? dim - 100 : dim;
}

static int64_t
unpack(int64_t v)
{
	if (v < -100)
		return v >= FM_DIM_ROWS - 100 ? v + 100 : UNKNOWN;
	return v > 0 && v <= 2147483647 ? v : UNKNOWN;
}

static struct fm_onnx_value
reshape(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0), to = fm_onnx_input(g, 1);
	struct product all = { 1, 0, 0, true }, part = all;
	struct fm_onnx_value v = fm_onnx_shaped(to.n);
	int i, rest = -1;

	for (i = 0; i < x.rank; i++)
		times(&all, x.dims[i]);
	if (x.rank < 0)
		v.rank = -1;
	for (i = 0; i < v.rank; i++) {
		if (to.v[i] == -1)
			rest = i;
		else
			v.dims[i] = to.v[i]      ? unpack(to.v[i])
				    : i < x.rank ? x.dims[i]
						 : UNKNOWN;
		if (to.v[i] != -1)
			times(&part, v.dims[i]);
	}
	if (rest >= 0)
		v.dims[rest] = quotient(&all, &part);
	/* A shape that is made a list, as exporters do before an Expand. */
	v.n = v.rank < 0 ? -1 : x.n;
	memcpy(v.v, x.v, sizeof v.v);
	return v;
}

static struct fm_onnx_value
transpose(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0),
			     v = fm_onnx_shaped(x.rank);
	int i;

	for (i = 0; i < x.rank; i++) {
		int from = axis(
		    fm_onnx_attr_ints(g, "perm", (size_t)i, x.rank - 1 - i),
		    x.rank);

		v.dims[i] = from < 0 ? UNKNOWN : x.dims[from];
	}
	v.weight = x.weight;
	return v;
}

/* Axes stand in an attribute or, later, in the second input. */
static int
axes(const struct fm_onnx_graph *g, int rank, bool is[RANK])
{
	struct fm_onnx_value in = fm_onnx_input(g, 1);
	const Onnx__AttributeProto *a = fm_onnx_attr(g, "axes");
	int i, n = in.n >= 0 ? in.n : a ? (int)a->n_ints : -1;

	memset(is, 0, RANK * sizeof *is);
	for (i = 0; i < n && i < RANK; i++) {
		int k = axis(in.n >= 0 ? in.v[i] : a->ints[i], rank);

		if (k < 0)
			return -1;
		is[k] = true;
	}
	return n;
}

static struct fm_onnx_value
unsqueeze(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0), v = fm_onnx_shaped(-1);
	struct fm_onnx_value in = fm_onnx_input(g, 1);
	const Onnx__AttributeProto *a = fm_onnx_attr(g, "axes");
	int more = in.n >= 0 ? in.n : a ? (int)a->n_ints : -1, i, k = 0;
	bool is[RANK];

	if (x.rank < 0 || more < 0 || x.rank + more > RANK ||
	    axes(g, x.rank + more, is) < 0)
		return v;
	v.rank = x.rank + more;
	for (i = 0; i < v.rank; i++)
		v.dims[i] = is[i] ? 1 : x.dims[k++];
	v.n = x.n;
	memcpy(v.v, x.v, sizeof v.v);
	return v;
}

/* Also of reductions, which keep their dimensions unless told. */
struct fm_onnx_value
fm_onnx_without_axes(const struct fm_onnx_graph *g, bool keep)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0), v = fm_onnx_shaped(-1);
	bool is[RANK];
	int i, n;

	if (x.rank < 0)
		return v;
	n = axes(g, x.rank, is);
	v.rank = 0;
	for (i = 0; i < x.rank; i++)
		if (n >= 0 && !is[i])
			v.dims[v.rank++] = x.dims[i];
		else if (keep)
			v.dims[v.rank++] = 1;
	v.n = keep ? -1 : x.n;
	memcpy(v.v, x.v, sizeof v.v);
	return v;
}

static struct fm_onnx_value
concat(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value v = fm_onnx_input(g, 0);
	int at = axis(fm_onnx_attr_int(g, "axis", 0), v.rank), n = 0;
	int64_t sum = 0;
	size_t k;

	if (at < 0)
		return fm_onnx_shaped(-1);
	for (k = 0; k < g->node->n_input; k++) {
		struct fm_onnx_value x = fm_onnx_input(g, k);

		if (x.rank != v.rank)
			return fm_onnx_shaped(-1);
		sum = x.dims[at] > 0 && sum >= 0 ? sum + x.dims[at] : -1;
		if (x.n < 0 || n < 0 || n + x.n > VALUES)
			n = -1;
		else
			memcpy(v.v + n, x.v, (size_t)x.n * sizeof *v.v);
		n += n < 0 ? 0 : x.n;
	}
	v.dims[at] = sum > 0 ? sum : UNKNOWN;
	v.n = v.rank == 1 ? n : -1;
	v.weight = false;
	return v;
}

static struct fm_onnx_value
shape_of(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0), v = fm_onnx_shaped(1);
	int i;

	v.dims[0] = x.rank > 0 ? x.rank : UNKNOWN;
	v.n = x.rank;
	for (i = 0; i < x.rank; i++)
		v.v[i] = pack(x.dims[i]);
	return v;
}

/* Of numbers that are known, a single one; of tensors, the shape. */
struct fm_onnx_value
fm_onnx_gather(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0), at = fm_onnx_input(g, 1),
			     v = fm_onnx_shaped(-1);
	int a = axis(fm_onnx_attr_int(g, "axis", 0), x.rank), i;

	if (a < 0 || at.rank < 0 || x.rank + at.rank - 1 > RANK)
		return v;
	v.rank = x.rank + at.rank - 1;
	for (i = 0; i < v.rank; i++)
		v.dims[i] = i < a             ? x.dims[i]
			    : i < a + at.rank ? at.dims[i - a]
					      : x.dims[i - at.rank + 1];
	if (x.n >= 0 && at.n == 1) {
		i = axis(at.v[0], x.n);
		v.n = i < 0 ? -1 : 1;
		v.v[0] = i < 0 ? 0 : x.v[i];
	}
	v.whole = x.whole;
	v.weight = x.weight && at.weight;
	return v;
}

static int64_t
sliced(int64_t dim, int64_t from, int64_t to, int64_t step)
{
	if (from == 0 && to > 1000000000 && step == 1)
		return dim;
	if (from == 0 && to < -100 && step == 1)
		return unpack(to);
	if (dim <= 0 || step < 1)
		return from == 0 && to > 0 && to < 1000000000 && step == 1
			   ? to
			   : UNKNOWN;
	from = from < 0 ? from + dim : from > dim ? dim : from;
	to = to < 0 ? to + dim : to > dim ? dim : to;
	if (from < 0 || to <= from)
		return UNKNOWN;
	return (to - from - 1) / step + 1;
}

static struct fm_onnx_value
slice(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value v = fm_onnx_input(g, 0),
			     from = fm_onnx_input(g, 1),
			     to = fm_onnx_input(g, 2);
	struct fm_onnx_value at = fm_onnx_input(g, 3),
			     step = fm_onnx_input(g, 4);
	int i;

	if (v.rank < 0 || from.n < 0 || to.n != from.n)
		return fm_onnx_shaped(-1);
	for (i = 0; i < from.n; i++) {
		int a = axis(at.n > i ? at.v[i] : i, v.rank);

		if (a < 0)
			return fm_onnx_shaped(-1);
		v.dims[a] = sliced(
		    v.dims[a], from.v[i], to.v[i], step.n > i ? step.v[i] : 1);
	}
	if (v.n >= 0 && from.n == 1 && from.v[0] >= 0 && v.dims[0] > 0 &&
	    from.v[0] + v.dims[0] <= v.n) {
		v.n = (int)v.dims[0];
		memmove(v.v, v.v + from.v[0], (size_t)v.n * sizeof *v.v);
	} else {
		v.n = -1;
	}
	v.weight = false;
	return v;
}

/* A number of that shape everywhere; ones and zeros of masks and shapes. */
static struct fm_onnx_value
filled(const struct fm_onnx_graph *g)
{
	const Onnx__AttributeProto *a = fm_onnx_attr(g, "value");
	struct fm_onnx_value to = fm_onnx_input(g, 0), v = fm_onnx_shaped(to.n),
			     one = fm_onnx_shaped(-1);
	int i;

	for (i = 0; i < v.rank; i++)
		v.dims[i] = unpack(to.v[i]);
	if (a && a->t)
		fm_onnx_read_ints(&one, a->t);
	if (v.rank == 1 && v.dims[0] > 0 && v.dims[0] <= VALUES && one.n == 1)
		for (v.n = 0; v.n < v.dims[0]; v.n++)
			v.v[v.n] = one.v[0];
	return v;
}

/* Arithmetic of shapes. Symbols are only copied, compared, and left alone
 * by one. */
void
fm_onnx_calculate(struct fm_onnx_value *v, const char *op,
    const struct fm_onnx_value *a, const struct fm_onnx_value *b)
{
	int i, n = a->n > b->n ? a->n : b->n;

	if (a->n < 1 || b->n < 1 || (a->n != n && a->n != 1) ||
	    (b->n != n && b->n != 1))
		return;
	for (i = 0; i < n; i++) {
		int64_t x = a->v[a->n == 1 ? 0 : i];
		int64_t y = b->v[b->n == 1 ? 0 : i];
		bool plain =
		    x > -100 && y > -100 && x < 1000000000 && y < 1000000000;

		if (strcmp(op, "Equal") == 0)
			v->v[i] = x == y;
		else if (strcmp(op, "Mul") == 0 && (plain || y == 1))
			v->v[i] = y == 1 ? x : x * y;
		else if (strcmp(op, "Div") == 0 && y > 0 && (plain || y == 1))
			v->v[i] = y == 1 ? x : x / y;
		else if (strcmp(op, "Add") == 0 && plain)
			v->v[i] = x + y;
		else if (strcmp(op, "Sub") == 0 && plain)
			v->v[i] = x - y;
		else
			return;
	}
	v->n = n;
}

static struct fm_onnx_value
where(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value is = fm_onnx_input(g, 0), a = fm_onnx_input(g, 1),
			     b = fm_onnx_input(g, 2);
	struct fm_onnx_value v = fm_onnx_broadcast(&a, &b), out;
	int i;

	out = fm_onnx_broadcast(&is, &v);
	for (i = 0; i < is.n && a.n == is.n && b.n == is.n; i++) {
		out.v[i] = is.v[i] ? a.v[i] : b.v[i];
		out.n = i + 1;
	}
	return out;
}

/* Written as numbers: {batch, tokens, 768}. */
static struct fm_onnx_value
from_shape(const struct fm_onnx_value *to)
{
	struct fm_onnx_value v = fm_onnx_shaped(to->n);
	int i;

	for (i = 0; i < v.rank; i++)
		v.dims[i] = unpack(to->v[i]);
	return v;
}

static struct fm_onnx_value
flatten(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0),
			     v = fm_onnx_shaped(x.rank < 0 ? -1 : 2);
	int64_t at = fm_onnx_attr_int(g, "axis", 1);
	struct product one = { 1, 0, 0, true }, p[2] = { one, one };
	int i;

	for (i = 0; i < x.rank; i++)
		times(&p[i >= at], x.dims[i]);
	for (i = 0; i < v.rank; i++)
		v.dims[i] = quotient(&p[i], &one);
	return v;
}

static struct fm_onnx_value
expand(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value x = fm_onnx_input(g, 0), by = fm_onnx_input(g, 1);
	struct fm_onnx_value to = from_shape(&by);

	return by.n < 0 ? fm_onnx_shaped(-1) : fm_onnx_broadcast(&x, &to);
}

static struct fm_onnx_value
same_shape(const struct fm_onnx_graph *g, size_t k)
{
	struct fm_onnx_value v = fm_onnx_input(g, k);

	v.n = -1;
	v.weight = false;
	return v;
}

/* From 0 to a size that is known. */
static struct fm_onnx_value
range(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value from = fm_onnx_input(g, 0),
			     to = fm_onnx_input(g, 1),
			     step = fm_onnx_input(g, 2), v = fm_onnx_shaped(1);

	if (from.n == 1 && from.v[0] == 0 && step.n == 1 && step.v[0] == 1 &&
	    to.n == 1)
		v.dims[0] = unpack(to.v[0]);
	v.whole = from.whole;
	return v;
}

static struct fm_onnx_value
cast(const struct fm_onnx_graph *g)
{
	struct fm_onnx_value v = fm_onnx_input(g, 0);

	v.whole = fm_onnx_is_whole(fm_onnx_attr_int(g, "to", 1));
	return v;
}

/* --- which --- */

static struct fm_onnx_value
shape(const struct fm_onnx_graph *g, enum fm_onnx_rule rule)
{
	switch (rule) {
	case FM_ONNX_RANGE:
		return range(g);
	case FM_ONNX_CAST:
		return cast(g);
	case FM_ONNX_RESHAPE:
		return reshape(g);
	case FM_ONNX_TRANSPOSE:
		return transpose(g);
	case FM_ONNX_UNSQUEEZE:
		return unsqueeze(g);
	case FM_ONNX_SQUEEZE:
		return fm_onnx_without_axes(g, false);
	case FM_ONNX_CONCAT:
		return concat(g);
	case FM_ONNX_SHAPE:
		return shape_of(g);
	case FM_ONNX_SLICE:
		return slice(g);
	case FM_ONNX_EXPAND:
		return expand(g);
	case FM_ONNX_FILL:
		return filled(g);
	case FM_ONNX_WHERE:
		return where(g);
	case FM_ONNX_INDEXED:
		return same_shape(g, 1);
	case FM_ONNX_FLATTEN:
		return flatten(g);
	default:
		return fm_onnx_input(g, 0);
	}
}

struct fm_onnx_value
fm_onnx_shape(const struct fm_onnx_graph *g, enum fm_onnx_rule rule)
{
	struct fm_onnx_value v = shape(g, rule);
	size_t from = rule == FM_ONNX_WHERE ? 1 : 0;

	if (rule != FM_ONNX_CAST)
		v.whole = rule == FM_ONNX_SHAPE || fm_onnx_input(g, from).whole;
	return v;
}
