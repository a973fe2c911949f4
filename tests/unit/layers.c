/*
 * Lists of layers from configs: how many there are, what they are called,
 * and how many parameters the families have, against published counts.
 */
#include "model/layers.h"

#include <string.h>

#include <stdlib.h>

#include "../tap.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "model/model.h"
#include "yaml.h"

#define CNN "tests/data/sim/cnn.onnx"

static int
read_config(
    struct fm_layers *l, const char *text, bool eager, struct fm_err *err)
{
	json_t *v = fm_json_parse(text, strlen(text), "test", err);
	int rc = v ? fm_layers_config(l, v, eager, "test", err) : -1;

	json_decref(v);
	return rc;
}

static const struct fm_layer *
find(const struct fm_layers *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	return NULL;
}

static size_t
count(const struct fm_layers *l, enum fm_layer_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++)
		n += l->v[i].kind == kind;
	return n;
}

static double
params(const struct fm_layers *l)
{
	double n = 0;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!l->v[i].tied)
			n += fm_layer_params(&l->v[i]);
	return n;
}

/* Sizes of released models and their parameters, from their model cards or
 * the shapes of their checkpoints. */
static void
test_params(void)
{
	static const struct {
		const char *what, *config;
		int64_t params;
	} cases[] = {
		{ "Llama-2-7B",
		    "{\"model_type\":\"llama\",\"hidden_size\":4096,"
		    "\"intermediate_size\":11008,\"num_attention_heads\":32,"
		    "\"num_hidden_layers\":32,\"vocab_size\":32000}",
		    6738415616 },
		{ "Llama-3.1-8B",
		    "{\"model_type\":\"llama\",\"hidden_size\":4096,"
		    "\"intermediate_size\":14336,\"num_attention_heads\":32,"
		    "\"num_key_value_heads\":8,\"num_hidden_layers\":32,"
		    "\"vocab_size\":128256}",
		    8030261248 },
		{ "Mixtral-8x7B",
		    "{\"model_type\":\"mixtral\",\"hidden_size\":4096,"
		    "\"intermediate_size\":14336,\"num_attention_heads\":32,"
		    "\"num_key_value_heads\":8,\"num_hidden_layers\":32,"
		    "\"vocab_size\":32000,\"num_local_experts\":8,"
		    "\"num_experts_per_tok\":2}",
		    46702792704 },
		{ "Qwen2-0.5B, tied and with biases",
		    "{\"model_type\":\"qwen2\",\"hidden_size\":896,"
		    "\"intermediate_size\":4864,\"num_attention_heads\":14,"
		    "\"num_key_value_heads\":2,\"num_hidden_layers\":24,"
		    "\"vocab_size\":151936,\"tie_word_embeddings\":true}",
		    494032768 },
		{ "Qwen3-0.6B, with its own width of heads",
		    "{\"model_type\":\"qwen3\",\"hidden_size\":1024,"
		    "\"intermediate_size\":3072,\"num_attention_heads\":16,"
		    "\"num_key_value_heads\":8,\"num_hidden_layers\":28,"
		    "\"head_dim\":128,\"vocab_size\":151936,"
		    "\"tie_word_embeddings\":true}",
		    596049920 },
		{ "Gemma-2B",
		    "{\"model_type\":\"gemma\",\"hidden_size\":2048,"
		    "\"intermediate_size\":16384,\"num_attention_heads\":8,"
		    "\"num_key_value_heads\":1,\"num_hidden_layers\":18,"
		    "\"head_dim\":256,\"vocab_size\":256000}",
		    2506172416 },
		{ "Gemma-2-2B, four norms",
		    "{\"model_type\":\"gemma2\",\"hidden_size\":2304,"
		    "\"intermediate_size\":9216,\"num_attention_heads\":8,"
		    "\"num_key_value_heads\":4,\"num_hidden_layers\":26,"
		    "\"head_dim\":256,\"vocab_size\":256000,"
		    "\"sliding_window\":4096}",
		    2614341888 },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fm_err err = FM_ERR_INIT;
		struct fm_layers l;

		ok(read_config(&l, cases[i].config, false, &err) == 0,
		    cases[i].what);
		is_int((int64_t)params(&l), cases[i].params, cases[i].what);
		fm_layers_release(&l);
	}
}

static void
test_names(void)
{
	static const char config[] =
	    "{\"model_type\":\"gemma2\",\"hidden_size\":64,"
	    "\"intermediate_size\":128,\"num_attention_heads\":4,"
	    "\"num_key_value_heads\":2,\"num_hidden_layers\":4,"
	    "\"head_dim\":32,\"vocab_size\":100,\"sliding_window\":16}";
	struct fm_err err = FM_ERR_INIT;
	const struct fm_layer *one;
	struct fm_layers l;

	ok(read_config(&l, config, false, &err) == 0, "is read");
	one = find(&l, "layers.2.o_proj");
	ok(one && one->in == 128 && one->out == 64, "heads have their width");
	ok(one && strcmp(one->context, "o_proj") == 0, "context");
	ok(one && strcmp(one->path, "model.layers.2.self_attn.o_proj") == 0,
	    "path");
	one = find(&l, "layers.2.residual_mlp");
	ok(one && one->function && strcmp(one->path, "model.layers.2") == 0,
	    "a function has the path of where it is called");
	one = find(&l, "layers.0.attn_output");
	ok(one && one->window == 16, "every other layer has the window");
	one = find(&l, "layers.1.attn_output");
	ok(one && one->window == 0, "and the rest none");
	one = find(&l, "lm_head");
	ok(one && one->tied && one->last_row, "lm_head");
	ok(find(&l, "layers.3.post_feedforward_layernorm") != NULL,
	    "four norms");
	ok(count(&l, FM_LAYER_RMSNORM) == 17, "in every block");
	ok(l.decoder && strcmp(l.last, "lm_head") == 0, "a decoder");
	fm_layers_release(&l);

	ok(read_config(&l, config, true, &err) == 0, "is read");
	ok(count(&l, FM_LAYER_SDPA) == 0 && count(&l, FM_LAYER_MATMUL) == 8 &&
		count(&l, FM_LAYER_SOFTMAX) == 4,
	    "eager attention: two products and a softmax");
	fm_layers_release(&l);
}

static void
test_encoder(void)
{
	static const char config[] =
	    "{\"model_type\":\"distilbert\",\"dim\":768,\"n_layers\":6,"
	    "\"n_heads\":12,\"hidden_dim\":3072,\"vocab_size\":30522}";
	struct fm_err err = FM_ERR_INIT;
	const struct fm_layer *one;
	struct fm_layers l;

	ok(read_config(&l, config, false, &err) == 0, "is read");
	one = find(&l, "transformer.layer.5.attention.attn_output");
	ok(one && !one->causal, "tokens see all others");
	ok(!l.decoder && strcmp(l.model_class, "DistilBertModel") == 0,
	    "nothing is generated");
	is_int((int64_t)params(&l), 66362880, "parameters");
	fm_layers_release(&l);
}

static void
test_list(void)
{
	static const char text[] =
	    "layers:\n"
	    "- {name: a.b, kind: linear, in: 8, out: 4, bias: true}\n"
	    "- {name: c, kind: layernorm, input: [rows, 4]}\n"
	    "- {name: d, kind: conv2d, in: 3, out: 2, kernel: [3, 5],\n"
	    "   padding: 1, input: [batch, 3, 8, 8]}\n";
	struct fm_err err = FM_ERR_INIT;
	struct fm_layers l;
	json_t *v = fm_yaml_parse(text, strlen(text), "test", &err);

	ok(fm_layers_list(&l, v, "test", &err) == 0, "is read");
	ok(l.n == 3 && strcmp(l.v[0].context, "b") == 0, "context by default");
	ok(l.v[0].rank == 3 && l.v[0].shape[1] == FM_DIM_TOKENS,
	    "input by default");
	ok(l.v[1].out == 4 && l.v[1].shape[0] == FM_DIM_ROWS, "norm");
	ok(l.v[2].kernel[1] == 5 && l.v[2].stride[0] == 1 &&
		l.v[2].padding[1] == 1,
	    "pairs");
	ok(l.params == 8 * 4 + 4 + 8 + 3 * 2 * 15, "parameters");
	fm_layers_release(&l);
	json_decref(v);
}

/* --- graphs -------------------------------------------------------------- */

/* The graph that a config is imported as has the layers of the config, one by
 * one, under the same paths: profiles of both have the same rows. */
static void
test_same(const char *dir)
{
	struct fm_model_opts o = { .dummy = true };
	struct fm_err err = FM_ERR_INIT;
	char *work = fm_io_tmpdir("fm-layers", &err);
	const struct fm_layer_point at = { 2, 8, 8 };
	struct fm_layers a, b;
	struct fm_model m;
	size_t i, same = 0;

	o.work = work;
	ok(fm_model_load(&m, dir, &o, &err) == 0, dir);
	ok(fm_layers_read(&a, m.graph, false, &err) == 0, "its layers");
	ok(fm_layers_read(&b, m.path, false, &err) == 0, "those of the config");
	is_int((int64_t)a.n, (int64_t)b.n, "as many");
	is_int(a.missed, 0, "all are covered");
	for (i = 0; i < a.n && i < b.n; i++) {
		json_t *x = fm_layer_row(&a.v[i], &at);
		json_t *y = fm_layer_row(&b.v[i], &at);

		same += strcmp(a.v[i].path, b.v[i].path) == 0 &&
			json_equal(json_object_get(x, "kind"),
			    json_object_get(y, "kind"));
		json_decref(x);
		json_decref(y);
	}
	is_int((int64_t)same, (int64_t)b.n, "the same ones");
	fm_layers_release(&a);
	fm_layers_release(&b);
	fm_model_release(&m);
	(void)fm_io_remove_tree(work, &err);
	free(work);
}

static void
test_paths(void)
{
	static const char *const cases[][2] = {
		{ "/encoder/layer.0/output/dense/MatMul",
		    "encoder.layer.0.output.dense" },
		{ "/Shape", "" },
		{ "fused /pooler/dense/Gemm", "pooler.dense" },
		{ "model/dense/BiasAdd", "model.dense" },
		{ "conv1", "conv1" },
		{ "a/", "a/" },
		{ "", "" },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *path = fm_layers_path(cases[i][0]);

		is_str(path, cases[i][1], cases[i][0]);
		free(path);
	}
	ok(fm_layers_is_free("Reshape") && fm_layers_is_free("Cast") &&
		!fm_layers_is_free("Gemm") && !fm_layers_is_free("Warp"),
	    "what moves data, and what does not");
}

static void
test_cnn(void)
{
	struct fm_err err = FM_ERR_INIT;
	const struct fm_layer *one;
	struct fm_layers l;

	ok(fm_layers_read(&l, CNN, false, &err) == 0, "a graph with symbols");
	is_int(l.nodes, 11, "nodes");
	is_int(l.missed, 1, "of which one is not known");
	ok(l.missed_ops.n == 1 && strcmp(l.missed_ops.v[0], "Warp") == 0,
	    "and named");
	one = find(&l, "depthwise");
	ok(one && one->in == 1 && one->out == 4 && one->padding[0] == 1,
	    "a convolution of each channel");
	one = find(&l, "fc");
	ok(one && one->in == 64 && one->out == 5 &&
		one->shape[0] == FM_DIM_BATCH,
	    "the batch goes through a computed shape");
	fm_layers_release(&l);
}

/* Every byte changed in turn: what is read may be nonsense, but is read. */
static void
test_damaged(const char *path)
{
	static const unsigned char flips[] = { 0xff, 0x80, 0x01 };
	struct fm_buf b = FM_BUF_INIT;
	struct fm_err err = FM_ERR_INIT;
	size_t i, k, read = 0;

	ok(fm_io_read_file(path, &b, &err) == 0, "a file to damage");
	for (i = 0; i < b.len; i++)
		for (k = 0; k < sizeof flips; k++) {
			struct fm_err ignored = FM_ERR_INIT;
			struct fm_layers l;

			b.s[i] = (char)(b.s[i] ^ flips[k]);
			read += fm_layers_onnx(&l, (const unsigned char *)b.s,
				    b.len, "x", &ignored) == 0;
			fm_layers_release(&l);
			b.s[i] = (char)(b.s[i] ^ flips[k]);
		}
	ok(read > 0 && read < 3 * b.len, "some can be read, some cannot");
	fm_buf_release(&b);
}

int
main(void)
{
	static const char *const encoders[] = {
		"examples/models/all-MiniLM-L6-v2",
		"tests/data/model/roberta/model",
		"tests/data/model/xlm-roberta/model",
		"tests/data/model/distilbert/model",
		"tests/data/model/mpnet/model",
	};

	for (size_t i = 0; i < sizeof encoders / sizeof *encoders; i++)
		test_same(encoders[i]);
	test_paths();
	test_cnn();
	test_damaged(CNN);
	test_damaged("tests/data/sim/uncovered.onnx");
	test_params();
	test_names();
	test_encoder();
	test_list();
	return done();
}
