/*
 * ONNX files: ports, how inputs are filled, the vocabulary behind them,
 * weights, names of dimensions, hashes; tensor files; and what is neither.
 */
#include "model.h"

#include "json.h"
#include "model/graph.h"

#define CASES "/usr/share/libonnx-testdata/data/node/"

static void
is_fill(const struct fm_model_port *p, const char *want)
{
	struct fm_buf b = FM_BUF_INIT;

	fm_json_put(&b, p->fill);
	is_str(b.s, want, p->name);
	fm_buf_release(&b);
}

static const int64_t open2[2] = { -1, -1 };
static const char *const bs[2] = { "batch", "seq" };

static void
input(struct fm_graph *g, const char *name, enum fm_type type)
{
	fm_graph_input(g, name, type, 2, open2, bs);
}

static void
write_graph(struct fm_graph *g, const char *name)
{
	struct fm_err err = FM_ERR_INIT;

	fm_graph_output(g, "y", FM_TYPE_FLOAT, 2, open2, bs);
	is_int(fm_graph_write(g, at(name), &err), 0, "a graph is written");
	fm_graph_free(g);
}

/* Tables of 70 and of 9 rows, looked up directly and behind other nodes. */
static void
test_fills(void)
{
	static const float zeros[700];
	const int64_t table[2] = { 70, 10 }, small[2] = { 9, 10 };
	const int64_t turned[2] = { 10, 55 };
	struct fm_graph *g = fm_graph_new();
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;

	input(g, "input_ids", FM_TYPE_INT64);
	input(g, "Attention_Mask", FM_TYPE_INT64);
	input(g, "token_type_ids", FM_TYPE_INT32);
	input(g, "position_ids", FM_TYPE_INT64);
	input(g, "pixels", FM_TYPE_FLOAT);
	input(g, "halves", FM_TYPE_FLOAT16);
	input(g, "flag", FM_TYPE_BOOL);
	input(g, "bytes", FM_TYPE_UINT8);
	input(g, "codes", FM_TYPE_INT32);
	input(g, "unknown", FM_TYPE_INT64);
	input(g, "columns", FM_TYPE_INT64);
	fm_graph_const(g, "table", FM_TYPE_FLOAT, 2, table, zeros);
	fm_graph_const(g, "small", FM_TYPE_FLOAT, 2, small, zeros);
	fm_graph_const(g, "turned", FM_TYPE_FLOAT, 2, turned, zeros);
	(void)fm_graph_node(g, "Cast", "table", "cast");
	(void)fm_graph_node(g, "Gather", "cast input_ids", "a");
	(void)fm_graph_node(g, "Cast", "codes", "codes64");
	(void)fm_graph_node(g, "Gather", "table codes64", "b");
	(void)fm_graph_node(g, "Gather", "small codes64", "c");
	(void)fm_graph_node(g, "Gather", "turned columns", "d");
	fm_graph_attr_int(g, "axis", 1);
	write_graph(g, "fills.onnx");

	is_int(load(&m, at("fills.onnx"), &err), 0, "and read");
	if (err.code) {
		printf("# %s\n", err.text);
		return;
	}
	is_str(m.model_class, "onnx", "class of a plain graph");
	is_int(m.vocab, 70, "largest vocabulary");
	is_int(m.params, 700 + 90 + 550, "parameters");
	is_int(m.bytes, 4 * m.params, "bytes");
	is_str(m.dtype, "float", "element type");
	is_int(m.positions, 0, "positions are not known");
	is_int((intmax_t)m.n_inputs, 11, "inputs");
	is_fill(&m.inputs[0], "{\"tokens\":[[0,70]]}");
	is_fill(&m.inputs[1], "{\"value\":1}");
	is_fill(&m.inputs[2], "{\"value\":0}");
	is_fill(&m.inputs[3], "{\"value\":0}");
	is_fill(&m.inputs[4], "{\"uniform\":[-1,1]}");
	is_fill(&m.inputs[5], "{\"uniform\":[-1,1]}");
	is_fill(&m.inputs[6], "{\"value\":1}");
	is_fill(&m.inputs[7], "{\"tokens\":[[0,256]]}");
	is_fill(&m.inputs[8], "{\"tokens\":[[0,9]]}");
	is_fill(&m.inputs[9], "{\"tokens\":[[0,2]]}");
	is_fill(&m.inputs[10], "{\"tokens\":[[0,55]]}");
	is_int((intmax_t)m.notes.n, 2, "two notes");
	is_str(m.notes.v[0],
	    "input 'position_ids' gets zeros, not the positions of tokens",
	    "on positions");
	is_str(m.notes.v[1],
	    "input 'unknown' gets zeros and ones: its range is not known",
	    "on what is not known");
	fm_model_release(&m);
}

static void
test_dims(void)
{
	const int64_t dims[3] = { -1, 8, -1 };
	const char *const syms[3] = { "N", NULL, "" };
	const int64_t wide[FM_DIMS_MAX + 1] = { 1 };
	const char *const none[FM_DIMS_MAX + 1] = { NULL };
	struct fm_graph *g = fm_graph_new();
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;

	fm_graph_input(g, "x", FM_TYPE_FLOAT, 3, dims, syms);
	fm_graph_input(g, "s", FM_TYPE_FLOAT, 0, NULL, NULL);
	write_graph(g, "dims.onnx");
	is_int(load(&m, at("dims.onnx"), &err), 0, "dimensions");
	is_str(m.inputs[0].syms[0], "N", "one with a name");
	is_int(m.inputs[0].dims[1], 8, "a fixed one");
	ok(!m.inputs[0].syms[1], "which has no name");
	is_str(m.inputs[0].syms[2], "x:2", "one that gets a name");
	is_int(m.inputs[1].rank, 0, "a scalar");
	is_str(m.dtype, "none", "no weights");
	fm_model_release(&m);

	g = fm_graph_new();
	fm_graph_input(g, "x", FM_TYPE_FLOAT, FM_DIMS_MAX + 1, wide, none);
	write_graph(g, "wide.onnx");
	ok(load(&m, at("wide.onnx"), &err) == -1 &&
		strstr(err.text, "'x' has 17 dimensions, more than 16"),
	    "too many dimensions");
}

static void
test_axes(void)
{
	static const char *const batch[] = { "batch", "batch_size", "N", "bs" };
	static const char *const sequence[] = { "sequence", "Seq_Len", "seq",
		"sequence_length", "seqlen", "tokens" };
	static const char *const other[] = { "", "channels", "batches",
		"unk__0", "sequence_sequence_sequence_sequence_sequence" };

	for (size_t i = 0; i < sizeof batch / sizeof *batch; i++)
		is_int(fm_model_axis(batch[i]), FM_AXIS_BATCH, batch[i]);
	for (size_t i = 0; i < sizeof sequence / sizeof *sequence; i++)
		is_int(
		    fm_model_axis(sequence[i]), FM_AXIS_SEQUENCE, sequence[i]);
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		is_int(fm_model_axis(other[i]), FM_AXIS_OTHER, other[i]);
}

static void
fails(const char *path, const char *want)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	bool good = load(&m, path, &err) == -1 && err.code == FM_NOMODEL &&
		    strstr(err.text, want);

	ok(good, want);
	if (!good)
		printf("# got %s: %s\n", fm_code_word(err.code), err.text);
	if (err.code == FM_OK)
		fm_model_release(&m);
}

/* External data: sums, the folder, and a hash of the bytes behind it. */
static void
test_external(void)
{
	const int64_t dims[2] = { 4, 5 };
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	char first[33];

	put_file(at("data.bin"), "12345678901234567890", 20);
	put_file(at("moved.bin"), "12345678901234567890", 20);
	for (int i = 0; i < 2; i++) {
		struct fm_graph *g = fm_graph_new();

		fm_graph_external(g, "w", FM_TYPE_INT8, 2, dims,
		    i ? "moved.bin" : "data.bin", 0, 20);
		write_graph(g, i ? "moved.onnx" : "external.onnx");
	}
	is_int(load(&m, at("external.onnx"), &err), 0, "external data");
	is_str(m.files.n ? m.files.v[0] : "", "data.bin", "its file");
	is_str(m.weights, work, "its folder");
	is_int(m.bytes, 20, "its bytes");
	is_str(m.dtype, "int8", "its type");
	is_int(fm_model_hash(&m, &err), 0, "its hash");
	memcpy(first, m.hash, sizeof first);
	put_file(at("data.bin"), "12345678901234567891", 20);
	(void)fm_model_hash(&m, &err);
	ok(strcmp(first, m.hash) != 0, "changes with its bytes");
	fm_model_release(&m);

	(void)load(&m, at("moved.onnx"), &err);
	(void)fm_model_hash(&m, &err);
	is_str(m.hash, first, "and not with the name of its file");
	fm_model_release(&m);

	(void)load(&m, at("external.onnx"), &err);
	(void)remove(at("data.bin"));
	is_int(fm_model_hash(&m, &err), -1, "a file that is gone");
	ok(strstr(err.text, "data.bin") != NULL, "is named");
	fm_model_release(&m);
	fails(at("external.onnx"), "lacks its data: no file 'data.bin' in ");
}

static void
test_outside(void)
{
	static const char *const files[] = { "/etc/passwd", "../data.bin" };
	const int64_t dims[1] = { 1 };

	for (int i = 0; i < 2; i++) {
		struct fm_graph *g = fm_graph_new();

		fm_graph_external(
		    g, "w", FM_TYPE_INT8, 1, dims, files[i], 0, 1);
		write_graph(g, "outside.onnx");
		fails(
		    at("outside.onnx"), "its data lies outside of its folder");
	}
}

static void
test_bad(void)
{
	struct fm_graph *g = fm_graph_new();
	struct fm_buf b = FM_BUF_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	int loaded = 0;

	input(g, "words", FM_TYPE_STRING);
	write_graph(g, "strings.onnx");
	fails(at("strings.onnx"),
	    "input 'words' is of element type string, which is not supported");
	put_text(at("web.onnx"), "<!DOCTYPE html>");
	fails(at("web.onnx"), "web.onnx' is not an ONNX model");
	put_text(at("empty.onnx"), "");
	fails(at("empty.onnx"), "empty.onnx' is not an ONNX model");
	fails(at("none.onnx"), "none.onnx': No such file or directory");
	fails("/dev/null", "is not");

	(void)fm_io_read_file(at("fills.onnx"), &b, &err);
	for (size_t n = 0; n < b.len; n += n < 400 ? 1 : 61) {
		put_file(at("cut.onnx"), b.s, n);
		if (load(&m, at("cut.onnx"), &err) == 0) {
			loaded++;
			fm_model_release(&m);
		}
	}
	is_int(loaded, 0, "a file that is cut off anywhere is refused");
	fm_buf_release(&b);
}

/* A model inside an attribute of a node of a model inside ... */
static void
test_nested(void)
{
	struct fm_buf in = FM_BUF_INIT, out = FM_BUF_INIT;
	static const unsigned char tags[] = { 0x32, 0x2a, 0x0a };

	for (int level = 0; level < 30000; level++) {
		/* attribute.g, node.attribute, graph.node, in that order */
		size_t n = in.len;

		fm_buf_clear(&out);
		fm_buf_putc(&out, (char)tags[level % 3]);
		do
			fm_buf_putc(
			    &out, (char)((n & 127) | (n > 127 ? 128 : 0)));
		while (n >>= 7);
		fm_buf_put(&out, in.s, in.len);
		{
			struct fm_buf t = in;

			in = out;
			out = t;
		}
	}
	put_text(at("deep.onnx"), "");
	fm_buf_clear(&out);
	fm_buf_put(&out, "\x08\x08\x3a", 3);
	for (size_t n = in.len; n; n >>= 7)
		fm_buf_putc(&out, (char)((n & 127) | (n > 127 ? 128 : 0)));
	fm_buf_put(&out, in.s, in.len);
	put_file(at("deep.onnx"), out.s, out.len);
	fails(at("deep.onnx"), "deep.onnx' is not an ONNX model");
	fm_buf_release(&in);
	fm_buf_release(&out);
}

/* --- tensor files -------------------------------------------------------- */

static void
reads_pb(const char *bytes, size_t n, const char *want, const char *name)
{
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	char *id = NULL;

	put_file(at("t.pb"), bytes, n);
	if (fm_model_read_pb(at("t.pb"), &t, &id, &err)) {
		fm_buf_puts(&b, strchr(err.text + 1, '\'') + 2);
	} else {
		fm_tensor_put_text(&b, &t);
		fm_buf_printf(&b, " '%s'", id);
		for (int64_t i = 0; i < fm_tensor_elems(&t); i++)
			fm_buf_printf(&b, " %g", fm_tensor_get(&t, i));
	}
	is_str(b.s, want, name);
	fm_buf_release(&b);
	fm_tensor_release(&t);
	free(id);
}

#define PB(bytes, want, name)                                                  \
	reads_pb((bytes), sizeof(bytes) - 1, (want), (name))

static void
test_pb(void)
{
	PB("\x08\x02\x10\x01\x4a\x08\0\0\x80\x3f\0\0\0\xc0\x42\x01x",
	    "float[2] 'x' 1 -2", "raw floats");
	PB("\x08\x02\x10\x01\x22\x08\0\0\x80\x3f\0\0\0\xc0", "float[2] '' 1 -2",
	    "listed floats");
	PB("\x08\x02\x10\x02\x2a\x03\x05\xff\x01", "uint8[2] '' 5 255",
	    "bytes in a list of int32");
	PB("\x08\x01\x10\x0a\x2a\x02\x80\x78", "float16[1] '' 1",
	    "half floats in a list of int32");
	PB("\x08\x01\x10\x07\x3a\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
	    "int64[1] '' -1", "listed int64");
	PB("\x08\x01\x10\x0c\x5a\x01\x07", "uint32[1] '' 7",
	    "uint32 in a list of uint64");
	PB("\x10\x09\x2a\x01\x01", "bool[] '' 1", "a scalar");
	PB("\x08\x00\x10\x01", "float[0] ''", "no elements");
	PB("\x08\x01\x10\x08\x32\x01s",
	    "holds strings, which are not supported", "strings");
	PB("\x08\x01\x10\x63",
	    "holds elements of ONNX type 99, which is not "
	    "supported",
	    "a type from elsewhere");
	PB("\x08\x02\x10\x01\x4a\x04\0\0\x80\x3f",
	    "is truncated or no tensor: its data is not what its shape needs",
	    "too little data");
	PB("\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x10\x01",
	    "is truncated or no tensor: its data is not what its shape needs",
	    "a shape beyond all memory");
	PB("\x08\x01\x10\x01\x70\x01",
	    "has its data in another file, which is not supported",
	    "external data");
	PB("garbage",
	    "is not an ONNX tensor file; sequences and optional values are "
	    "not supported",
	    "garbage");
}

/* Two files as the ONNX project has them. */
static void
test_pb_cases(void)
{
	static const char path[] = CASES "test_abs/test_data_set_0/input_0.pb";
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	char *name = NULL;

	if (!fm_io_is_file(path)) {
		skip("a case of the ONNX project", "no libonnx-testdata");
		return;
	}
	is_int(fm_model_read_pb(path, &t, &name, &err), 0, "a tensor");
	is_str(name, "x", "with its name");
	is_int(fm_tensor_elems(&t), 60, "and all elements");
	fm_tensor_release(&t);
	free(name);
	is_int(load(&m, CASES "test_abs", &err), 0, "a folder of a case");
	is_str(m.graph, CASES "test_abs/model.onnx", "is its model");
	is_int(m.inputs[0].dims[2], 5, "with its shape");
	fm_model_release(&m);
	fails(CASES "test_sequence_insert_at_back",
	    "input 'sequence' is not a tensor, and only tensors are supported");
}

int
main(void)
{
	struct fm_err err = FM_ERR_INIT;

	work = fm_io_tmpdir("fm-test", &err);
	test_fills();
	test_dims();
	test_axes();
	test_external();
	test_outside();
	test_bad();
	test_nested();
	test_pb();
	test_pb_cases();
	(void)fm_io_remove_tree(work, &err);
	free(work);
	return done();
}
