/*
 * Conversion to 16 bits: values, and what becomes of a graph.
 */
#include "model/convert.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "json.h"
#include "model.h"
#include "model/analyze.h"
#include "model/graph.h"

static uint16_t
half(float v)
{
	return fm_convert_value(FM_TYPE_FLOAT16, v);
}

static uint16_t
bf16(float v)
{
	return fm_convert_value(FM_TYPE_BFLOAT16, v);
}

static float
float_of(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof f);
	return f;
}

static void
test_half(void)
{
	is_int(half(0.0F), 0x0000, "zero");
	is_int(half(-0.0F), 0x8000, "its other half");
	is_int(half(1.0F), 0x3c00, "one");
	is_int(half(1e-9F), 0x0002, "a tiny one is not lost");
	is_int(half(-1e-9F), 0x8002, "nor below zero");
	is_int(half(1e-7F), 0x0002, "1e-7 itself");
	is_int(half(1e4F), 0x70e2, "1e4 itself");
	is_int(half(65504.0F), 0x70e2, "more is 1e4");
	is_int(half(-1e30F), 0xf0e2, "or less");
	is_int(half(INFINITY), 0x7c00, "infinity stays");
	is_int(half(-INFINITY), 0xfc00, "so does its opposite");
	ok((half(NAN) & 0x7fff) > 0x7c00, "and what is no number");
	is_int(half(2049.0F), 0x6800, "ties to even, down");
	is_int(half(2051.0F), 0x6802, "and up");
}

static void
test_bf16(void)
{
	static const struct {
		const char *what;
		uint32_t from;
		int want;
	} rows[] = {
		{ "zero", 0, 0 },
		{ "minus zero", 0x80000000, 0x8000 },
		{ "one", 0x3f800000, 0x3f80 },
		{ "a tie, to even below", 0x3f808000, 0x3f80 },
		{ "a tie, to even above", 0x3f818000, 0x3f82 },
		{ "less than a tie", 0x3f817fff, 0x3f81 },
		{ "more than a tie", 0x3f808001, 0x3f81 },
		{ "into the next binade", 0x3fffffff, 0x4000 },
		{ "257 is 256", 0x43808000, 0x4380 },
		{ "the smallest, a subnormal, is lost", 1, 0 },
		{ "half of bfloat16's smallest: even", 0x8000, 0 },
		{ "more than half of it", 0x8001, 1 },
		{ "a subnormal", 0x00018000, 2 },
		{ "the largest subnormal becomes normal", 0x007fffff, 0x80 },
		{ "bfloat16's largest", 0x7f7f0000, 0x7f7f },
		{ "the last that rounds to it", 0x7f7f7fff, 0x7f7f },
		{ "what would be infinite stays finite", 0x7f7f8000, 0x7f7f },
		{ "so does float's largest", 0x7f7fffff, 0x7f7f },
		{ "and its lowest, which masks", 0xff7fffff, 0xff7f },
		{ "infinity", 0x7f800000, 0x7f80 },
		{ "minus infinity", 0xff800000, 0xff80 },
		{ "a NaN keeps what it can", 0x7fc10000, 0x7fc1 },
		{ "and stays one", 0x7f800001, 0x7f81 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		is_int(
		    bf16(float_of(rows[i].from)), rows[i].want, rows[i].what);
}

/* Every 7919th float: no other bfloat16 is nearer, and a tie is even. */
static void
test_nearest(void)
{
	int64_t wrong = 0;

	for (uint32_t u = 0; u < 0x7f7f7fff; u += 7919) {
		uint16_t h = bf16(float_of(u));
		double v = (double)float_of(u);
		double got = fabs((double)fm_bf16_to_float(h) - v), other;

		for (int d = -1; d <= 1; d += 2) {
			if ((h == 0 && d < 0) || (h == 0x7f7f && d > 0))
				continue;
			other = fabs(
			    (double)fm_bf16_to_float((uint16_t)(h + d)) - v);
			wrong += other < got || (other == got && h & 1);
		}
		wrong += bf16(-float_of(u)) != (h | 0x8000);
	}
	is_int(wrong, 0, "270 000 floats: nearest, ties to even");
}

/* --- graphs --------------------------------------------------------------- */

static const int64_t open2[2] = { -1, -1 }, four[4] = { 2, 1, 1, 1 };
static const char *const bs[2] = { "batch", "seq" };
static const float numbers[4] = { 0, 1, 300, 0.3F };

static int64_t
count(const json_t *facts, const char *op)
{
	const json_t *all = json_object_get(facts, "operators");

	for (size_t i = 0; i < json_array_size(all); i++)
		if (strcmp(fm_json_str(json_array_get(all, i), "type", ""),
			op) == 0)
			return fm_json_int(json_array_get(all, i), "count", -1);
	return 0;
}

/* Writes the graph, converts it and reads it again; frees `g`. */
static int
convert(struct fm_graph *g, enum fm_type type, struct fm_model *m,
    struct fm_strs *notes, struct fm_err *err)
{
	struct fm_model was;
	int rc;

	(void)fm_graph_write(g, at("was.onnx"), err);
	fm_graph_free(g);
	is_int(load(&was, at("was.onnx"), err), 0, "a graph");
	rc = fm_model_convert(&was, type, work, "new", notes, err);
	fm_model_release(&was);
	return rc == 0 ? load(m, at("new.onnx"), err) : rc;
}

static struct fm_graph *
begin(void)
{
	struct fm_graph *g = fm_graph_new();

	fm_graph_input(g, "x", FM_TYPE_FLOAT, 2, open2, bs);
	fm_graph_const(g, "w", FM_TYPE_FLOAT, 4, four, numbers);
	fm_graph_const(g, "start", FM_TYPE_FLOAT, 0, NULL, numbers);
	fm_graph_const(g, "step", FM_TYPE_FLOAT, 0, NULL, numbers + 1);
	fm_graph_const(g, "limit", FM_TYPE_FLOAT, 0, NULL, numbers + 2);
	fm_graph_const(g, "scale", FM_TYPE_FLOAT, 0, NULL, numbers + 3);
	return g;
}

/* Conv in single precision, all others in 16 bits; a Range of exact limits,
 * one of which is computed. */
static struct fm_graph *
mixed_graph(void)
{
	struct fm_graph *g = begin();

	(void)fm_graph_node(g, "Relu", "x", "a");
	(void)fm_graph_node(g, "Conv", "a w", "c");
	(void)fm_graph_node(g, "Div", "limit scale", "end");
	(void)fm_graph_node(g, "Range", "start end step", "r");
	(void)fm_graph_node(g, ".FastGelu", "r", "e");
	(void)fm_graph_node(g, ".FusedConv", "e w", "f");
	(void)fm_graph_node(g, "Add", "c f", "y");
	fm_graph_output(g, "y", FM_TYPE_FLOAT, 2, open2, bs);
	return g;
}

static void
test_graph(enum fm_type type, int64_t casts, const char *dtype, int64_t bytes,
    size_t n_notes, const char *note)
{
	struct fm_strs notes = FM_STRS_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	json_t *facts;

	is_int(convert(mixed_graph(), type, &m, &notes, &err), 0, "converted");
	facts = fm_model_analyze(&m, NULL, &err);
	is_int(m.inputs[0].type, type, "the input");
	is_int(m.outputs[0].type, type, "the output");
	is_str(m.dtype, dtype, "the weights");
	is_int(m.bytes, bytes, "and their size");
	is_int(count(facts, "Cast"), casts, "casts where they are needed");
	is_int(count(facts, "Conv"), 1, "and the operators as before");
	is_int((intmax_t)notes.n, (intmax_t)n_notes, "what stays is told");
	is_str(notes.n ? notes.v[0] : "", note, "why, too");
	json_decref(facts);
	fm_model_release(&m);
	fm_strs_release(&notes);
}

/* A number that is used for data, too, cannot stay as it is. */
static void
test_shared(void)
{
	struct fm_graph *g = begin();
	struct fm_strs notes = FM_STRS_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	json_t *facts;

	(void)fm_graph_node(g, "Range", "start limit step", "r");
	(void)fm_graph_node(g, "Mul", "r limit", "y");
	fm_graph_output(g, "y", FM_TYPE_FLOAT, 2, open2, bs);
	is_int(
	    convert(g, FM_TYPE_BFLOAT16, &m, &notes, &err), 0, "shared limit");
	facts = fm_model_analyze(&m, NULL, &err);
	is_int(count(facts, "Cast"), 2, "it is cast, and the result");
	json_decref(facts);
	fm_model_release(&m);
	fm_strs_release(&notes);
}

static void
refused(struct fm_graph *g, enum fm_type type, const char *out,
    enum fm_type out_type, const char *text)
{
	struct fm_strs notes = FM_STRS_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;

	fm_graph_output(g, out, out_type, 2, open2, bs);
	is_int(convert(g, type, &m, &notes, &err), -1, "refused");
	is_int(err.code, FM_NOMODEL, "as a model");
	is_str(err.text, text, "and why");
	fm_strs_release(&notes);
}

static void
test_refused(void)
{
	struct fm_graph *g = begin();

	(void)fm_graph_node(g, "SequenceConstruct", "x x", "parts");
	(void)fm_graph_node(g, "SequenceAt", "parts start", "y");
	refused(g, FM_TYPE_BFLOAT16, "y", FM_TYPE_FLOAT,
	    "operator 'SequenceConstruct' cannot hold bfloat16 in any opset: "
	    "export the model without it, or use fp16");
	g = fm_graph_new();
	fm_graph_input(g, "ids", FM_TYPE_INT64, 2, open2, bs);
	(void)fm_graph_node(g, "Neg", "ids", "y");
	refused(g, FM_TYPE_BFLOAT16, "y", FM_TYPE_INT64,
	    "nothing in it is float that could be converted; its weights are "
	    "none");
	g = fm_graph_new();
	fm_graph_input(g, "x", FM_TYPE_DOUBLE, 2, open2, bs);
	(void)fm_graph_node(g, "Neg", "x", "y");
	refused(g, FM_TYPE_FLOAT16, "y", FM_TYPE_DOUBLE,
	    "nothing in it is float that could be converted; its weights are "
	    "none");
}

int
main(void)
{
	struct fm_err err = FM_ERR_INIT;

	work = fm_io_tmpdir("fm-test", &err);
	test_half();
	test_bf16();
	test_nearest();
	test_graph(FM_TYPE_FLOAT16, 4, "float16", 12, 1,
	    "1 Range with casts to single precision");
	test_graph(FM_TYPE_BFLOAT16, 7, "mixed", 20, 3,
	    "1 Conv with casts to single precision, bfloat16 of it needs "
	    "opset 22");
	test_shared();
	test_refused();
	(void)fm_io_remove_tree(work, &err);
	free(work);
	return done();
}
