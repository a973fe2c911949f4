/*
 * Folders from the hub: what is known after loading, tokens, random weights,
 * links, hashes. No runtime: that the numbers are right is tested with
 * fm-driver.
 */
#define _XOPEN_SOURCE 700 /* symlink */
#include "model.h"

#include <unistd.h>

#include "json.h"
#include "model/encoder.h"
#include "model/tokens.h"
#include "model/weights.h"

static void
is_fill(const struct fm_model_port *p, const char *want, const char *name)
{
	struct fm_buf b = FM_BUF_INIT;

	fm_json_put(&b, p->fill);
	is_str(b.s, want, name);
	fm_buf_release(&b);
}

/* --- what is known ------------------------------------------------------- */

static void
test_bert(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;

	if (!tap_ok(load(&m, DATA "bert/model", &err) == 0, "a checkpoint",
		__FILE__, __LINE__)) {
		printf("# %s\n", err.text);
		return;
	}
	is_str(m.model_class, "BertModel", "class by the config");
	is_str(m.dtype, "float", "element type");
	is_int(m.positions, 40, "positions");
	is_int(m.vocab, 100, "vocabulary");
	is_int(m.params, 20672, "parameters");
	is_int(m.bytes, 82688, "bytes of weights");
	ok(!m.dummy && m.notes.n == 0, "nothing to note");
	is_int((intmax_t)m.files.n, 1, "one file of weights");
	is_str(m.files.v[0], "model.safetensors", "which lies where it did");
	is_int((intmax_t)m.n_inputs, 3, "inputs");
	is_str(m.inputs[0].name, "input_ids", "first input");
	is_str(m.inputs[1].name, "attention_mask", "second input");
	is_str(m.inputs[2].name, "token_type_ids", "third input");
	is_str(m.inputs[0].syms[0], "batch", "first dimension");
	is_str(m.inputs[0].syms[1], "sequence", "second dimension");
	is_int(m.inputs[0].dims[0], -1, "which is open");
	is_int(m.inputs[0].type, FM_TYPE_INT64, "type of an input");
	is_fill(&m.inputs[0], "{\"tokens\":[[1,100]]}", "ids without padding");
	is_fill(&m.inputs[1], "{\"value\":1}", "mask of ones");
	is_fill(&m.inputs[2], "{\"value\":0}", "types of zeros");
	is_int((intmax_t)m.n_outputs, 2, "outputs");
	is_str(m.outputs[0].name, "last_hidden_state", "first output");
	is_int(m.outputs[0].rank, 3, "its rank");
	is_int(m.outputs[0].dims[2], 32, "its width");
	is_str(m.outputs[1].name, "pooler_output", "second output");
	fm_model_release(&m);
}

static void
test_classes(void)
{
	static const struct {
		const char *name, *class, *dtype;
		int inputs, outputs, positions, files;
	} t[] = {
		{ "bert-bf16", "BertModel", "bfloat16", 3, 2, 40, 1 },
		{ "bert-masked-lm", "BertModel", "float", 3, 1, 40, 1 },
		{ "roberta", "RobertaModel", "float", 2, 2, 38, 1 },
		{ "roberta-types", "RobertaModel", "float16", 3, 2, 38, 1 },
		{ "xlm-roberta", "XLMRobertaModel", "float", 2, 2, 38, 3 },
		{ "distilbert", "DistilBertModel", "float", 2, 1, 40, 1 },
		{ "mpnet", "MPNetModel", "float", 2, 2, 178, 1 },
	};
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	char path[100];

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		(void)snprintf(path, sizeof path, DATA "%s/model", t[i].name);
		is_int(load(&m, path, &err), 0, t[i].name);
		if (err.code) {
			printf("# %s\n", err.text);
			continue;
		}
		is_str(m.model_class, t[i].class, "its class");
		is_str(m.dtype, t[i].dtype, "its element type");
		is_int((intmax_t)m.n_inputs, t[i].inputs, "its inputs");
		is_int((intmax_t)m.n_outputs, t[i].outputs, "its outputs");
		is_int(m.positions, t[i].positions, "its positions");
		is_int((intmax_t)m.files.n, t[i].files, "its files");
		fm_model_release(&m);
	}
}

static void
test_asked_class(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;

	is_int(load_as(&m, DATA "roberta/model", "AutoModel", false, &err), 0,
	    "AutoModel");
	is_str(m.model_class, "RobertaModel", "is what the config says");
	fm_model_release(&m);
	is_int(
	    load_as(&m, DATA "xlm-roberta/model", "RobertaModel", false, &err),
	    0, "a class of the same pattern");
	is_str(m.model_class, "RobertaModel", "is the one that is built");
	fm_model_release(&m);
	is_int(load_as(&m, DATA "bert/model", "LlamaModel", false, &err), -1,
	    "another class");
	is_str(err.text,
	    "'" DATA "bert/model/config.json': model class 'LlamaModel' is "
	    "not supported; supported are: BertModel, RobertaModel, "
	    "XLMRobertaModel, DistilBertModel, MPNetModel",
	    "is refused with the list");
	is_int(err.code, FM_NOMODEL, "as no model");
}

/* Rows of the table by distance as MPNet's own code gives them. */
static void
test_buckets(void)
{
	static const int table[][2] = { { 0, 0 }, { -1, 1 }, { 1, 17 },
		{ -7, 7 }, { 7, 23 }, { -8, 8 }, { -11, 8 }, { -12, 9 },
		{ -15, 9 }, { -16, 10 }, { -22, 10 }, { -23, 11 }, { -31, 11 },
		{ -32, 12 }, { -63, 13 }, { -64, 14 }, { -90, 14 }, { -91, 15 },
		{ -128, 15 }, { -500, 15 }, { 64, 30 }, { 500, 31 } };
	bool same = true;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (fm_encoder_bucket(table[i][0]) != table[i][1]) {
			same = false;
			printf("# distance %d: bucket %d, wanted %d\n",
			    table[i][0], fm_encoder_bucket(table[i][0]),
			    table[i][1]);
		}
	ok(same, "buckets of relative positions");
}

/* --- tokens -------------------------------------------------------------- */

static void
is_tokens(
    const char *folder, const char *config, const char *want, const char *name)
{
	struct fm_err err = FM_ERR_INIT;
	json_t *c = fm_json_parse(config, strlen(config), "config", &err);
	struct fm_model_port p = { .fill = fm_tokens_of_folder(folder, c, 50) };

	is_fill(&p, want, name);
	json_decref(p.fill);
	json_decref(c);
}

static void
test_tokens(void)
{
	char *dir = fm_strdup(make_dir("tokens"));
	int64_t all[3] = { 2, 0, 1 }, odd[4] = { 9, -5, 7, 1000 };
	struct fm_model_port p;

	p.fill = fm_tokens_fill(10, odd, 4);
	is_fill(&p, "{\"tokens\":[[0,7],[8,9]]}", "ids in any order");
	json_decref(p.fill);
	p.fill = fm_tokens_fill(3, all, 3);
	is_fill(&p, "{\"tokens\":[[0,3]]}", "nothing left: all of them");
	json_decref(p.fill);

	is_tokens(dir, "{}", "{\"tokens\":[[0,50]]}", "no files");
	is_tokens(dir,
	    "{\"bos_token_id\":0,\"eos_token_id\":[2,3],\"pad_token_id\":\"x\","
	    "\"mask_token_id\":1e99,\"cls_token_id\":99}",
	    "{\"tokens\":[[1,2],[4,50]]}", "ids of the config");

	put_text(at("tokens/special_tokens_map.json"),
	    "{\"cls_token\":\"[CLS]\",\"sep_token\":{\"content\":\"[SEP]\"},"
	    "\"more\":[\"[X]\"],\"odd\":7}");
	put_text(at("tokens/vocab.txt"), "a\n[CLS]\nb\r\n[SEP]\r\nc\n[X]");
	is_tokens(dir, "{}", "{\"tokens\":[[0,1],[2,3],[4,5],[6,50]]}",
	    "special_tokens_map.json with vocab.txt");
	put_text(at("tokens/vocab.json"), "{\"[CLS]\":10,\"[SEP]\":\"x\"}");
	is_tokens(dir, "{}", "{\"tokens\":[[0,10],[11,50]]}",
	    "special_tokens_map.json with vocab.json");

	put_text(at("tokens/tokenizer_config.json"),
	    "{\"added_tokens_decoder\":{\"20\":{\"special\":true},"
	    "\"21\":{\"special\":false},\"x\":{\"special\":true},\"22\":5}}");
	is_tokens(dir, "{\"pad_token_id\":0}", "{\"tokens\":[[1,20],[21,50]]}",
	    "tokenizer_config.json goes before it");

	put_text(at("tokens/tokenizer.json"),
	    "{\"version\":\"\\\"added_tokens\\\"\",\"x\":{\"added_tokens\":[]},"
	    "\"added_tokens\":[{\"id\":30,\"content\":\"]}\",\"special\":true},"
	    "{\"id\":31,\"special\":false}],\"model\":{\"vocab\":[");
	is_tokens(dir, "{}", "{\"tokens\":[[0,30],[31,50]]}",
	    "tokenizer.json goes before all, and is not read to its end");
	put_text(at("tokens/tokenizer.json"), "{\"added_tokens\":[{\"id\":");
	is_tokens(dir, "{}", "{\"tokens\":[[0,20],[21,50]]}",
	    "a broken one says nothing");
	free(dir);
}

/* --- random weights ------------------------------------------------------ */

static void
test_statistics(const struct fm_weight *t, const struct fm_map *f)
{
	double sum = 0, squares = 0, mean, deviation;
	size_t n = t->bytes / sizeof(float);

	for (size_t i = 0; i < n; i++) {
		float v;

		memcpy(&v, f->p + t->offset + i * sizeof v, sizeof v);
		sum += (double)v;
		squares += (double)v * (double)v;
	}
	mean = sum / (double)n;
	deviation = squares / (double)n - mean * mean;
	ok(mean > -0.002 && mean < 0.002, "their mean is zero");
	ok(deviation > 0.000361 && deviation < 0.000441,
	    "their deviation is the config's");
}

static void
test_made_up(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_map f = { NULL, 0 };
	struct fm_weights w;
	const struct fm_weight *t;
	float v = 0;

	is_int(fm_weights_open(&w, at("work"), at("work"), &err), 0,
	    "they are a checkpoint as any other");
	is_int(fm_map_open(&f, at("work/model.safetensors"), &err), 0,
	    "of one file");
	t = fm_weights_find(&w, "embeddings.word_embeddings.weight");
	ok(t && t->rank == 2 && t->dims[0] == 200, "with the config's shapes");
	if (t)
		test_statistics(t, &f);
	t = fm_weights_find(&w, "embeddings.LayerNorm.weight");
	if (t)
		memcpy(&v, f.p + t->offset, sizeof v);
	ok(v == 1.0F, "gamma is one");
	t = fm_weights_find(&w, "encoder.layer.0.output.dense.bias");
	if (t)
		memcpy(&v, f.p + t->offset, sizeof v);
	ok(v == 0.0F, "bias is zero");
	fm_map_release(&f);
	fm_weights_release(&w);
}

static void
test_random(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	char *dir = fm_strdup(config_only("bert", ""));
	char first[33];
	struct fm_buf want = FM_BUF_INIT;

	is_int(load(&m, dir, &err), 0, "a config without weights");
	ok(m.dummy, "gets random ones");
	fm_buf_printf(
	    &want, "no weights in '%s': random weights from seed 7", dir);
	is_str(m.notes.n ? m.notes.v[0] : "", want.s, "and says so");
	fm_buf_release(&want);
	is_int((intmax_t)m.n_outputs, 2, "the class's outputs");
	test_made_up();
	is_int(fm_model_hash(&m, &err), 0, "hash");
	memcpy(first, m.hash, sizeof first);
	fm_model_release(&m);

	is_int(load(&m, dir, &err), 0, "once more");
	(void)fm_model_hash(&m, &err);
	is_str(m.hash, first, "the same seed makes the same weights");
	fm_model_release(&m);

	put_text(at("config/pytorch_model.bin"), "");
	(void)load(&m, dir, &err);
	ok(m.notes.n == 1 &&
		strstr(m.notes.v[0], "' (pytorch_model.bin is not read): "),
	    "weights in another format are mentioned");
	fm_model_release(&m);

	is_int(load_as(&m, DATA "bert/model", NULL, true, &err), 0,
	    "random weights when asked for");
	is_str(m.notes.n ? m.notes.v[0] : "",
	    "asked not to read the weights of '" DATA
	    "bert/model': random weights from seed 7",
	    "are noted as well");
	is_str(m.weights, at("work"), "in the work folder");
	fm_model_release(&m);
	free(dir);
}

/* --- files that are elsewhere -------------------------------------------- */

static void
test_links(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	char *blobs = fm_strdup(make_dir("hub/blobs"));
	char here[33];
	char *snap = fm_strdup(make_dir("hub/snap"));

	copy_file(DATA "roberta/model/config.json", at("hub/snap/config.json"));
	copy_file(DATA "roberta/model/model.safetensors", at("hub/blobs/8f3a"));
	is_int(symlink("../blobs/8f3a", at("hub/snap/model.safetensors")), 0,
	    "a link to the weights");
	is_int(load(&m, snap, &err), 0, "weights behind a link");
	is_str(m.weights, blobs, "are used where they really are");
	is_str(m.files.n ? m.files.v[0] : "", "8f3a", "by their real name");
	is_int(fm_model_hash(&m, &err), 0, "hash");
	memcpy(here, m.hash, sizeof here);
	fm_model_release(&m);

	(void)remove(at("hub/blobs/8f3a"));
	ok(load(&m, snap, &err) == -1 &&
		strstr(err.text, "model.safetensors' cannot be opened"),
	    "a link to nothing is not a folder without weights");

	(void)load(&m, DATA "roberta/model", &err);
	(void)fm_model_hash(&m, &err);
	is_str(m.hash, here, "the hash does not depend on names");
	is_int((intmax_t)strlen(m.hash), 32, "and has 32 digits");
	fm_model_release(&m);
	free(blobs);
	free(snap);
}

static void
test_shards_apart(void)
{
	static const char *const names[] = { "config.json",
		"model.safetensors.index.json",
		"model-00001-of-00003.safetensors",
		"model-00002-of-00003.safetensors" };
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	char from[200], to[200];

	(void)make_dir("apart/other");
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(
		    from, sizeof from, DATA "xlm-roberta/model/%s", names[i]);
		(void)snprintf(to, sizeof to, "apart/%s", names[i]);
		copy_file(from, at(to));
	}
	ok(load(&m, at("apart"), &err) == -1 &&
		strstr(err.text, "model-00003-of-00003.safetensors"),
	    "a shard that is not there is named");
	copy_file(DATA "xlm-roberta/model/model-00003-of-00003.safetensors",
	    at("apart/other/3"));
	is_int(symlink("other/3", at("apart/model-00003-of-00003.safetensors")),
	    0, "a link to a part of them");
	is_int(load(&m, at("apart"), &err), 0, "shards in several folders");
	is_str(m.weights, at("work"), "are linked into one");
	is_str(m.files.v[2], "weights-3.safetensors", "under plain names");
	fm_model_release(&m);

	put_text(at("apart/model.safetensors.index.json"),
	    "{\"weight_map\":{\"x\":\"../../etc/passwd\"}}");
	ok(load(&m, at("apart"), &err) == -1 &&
		strstr(err.text, "'x' is not in a file beside it"),
	    "an index may not lead elsewhere");
	put_text(at("apart/model.safetensors.index.json"), "[1]");
	ok(load(&m, at("apart"), &err) == -1 &&
		strstr(err.text, "no 'weight_map' in it"),
	    "an index without a map");
}

int
main(void)
{
	struct fm_err err = FM_ERR_INIT;

	work = fm_io_tmpdir("fm-test", &err);
	test_bert();
	test_classes();
	test_asked_class();
	test_buckets();
	test_tokens();
	test_random();
	test_links();
	test_shards_apart();
	(void)fm_io_remove_tree(work, &err);
	free(work);
	return done();
}
