/*
 * One clear line for everything that can be wrong with a folder from the hub,
 * and no crash for anything.
 */
#include "model.h"

/* --- what can be wrong --------------------------------------------------- */

static void
fails(const char *path, const char *want, const char *name)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;
	bool good = load(&m, path, &err) == -1 && err.code == FM_NOMODEL &&
		    strstr(err.text, want) && !strchr(err.text, '\n');

	ok(good, name);
	if (!good)
		printf("# got %s: %s\n", fm_code_word(err.code), err.text);
	if (err.code == FM_OK)
		fm_model_release(&m);
}

static void
test_configs(void)
{
	char *dir = fm_strdup(make_dir("config"));
	static const char *const bad[][3] = {
		{ "llama", "", "model class 'llama' is not supported; " },
		{ "bart", ",\"architectures\":[\"BertModel\"]",
		    "model class 'bart' is not supported; " },
		{ "bart", ",\"architectures\":[\"BartModel\"]",
		    "model class 'BartModel' is not supported; " },
		{ "bert", ",\"hidden_act\":5", "'hidden_act' must be a word" },
		{ "distilbert", ",\"activation\":5",
		    "'activation' must be a word" },
		{ "distilbert", ",\"n_heads\":\"x\"", "'n_heads' must be" },
		{ "bert", ",\"layer_norm_eps\":\"1e-5\"",
		    "'layer_norm_eps' must be a number" },
		{ "bert", ",\"is_decoder\":\"true\"", "a decoder" },
		{ "bert", ",\"position_embedding_type\":[]",
		    "'position_embedding_type' must be a word" },
		{ "bert", ",\"hidden_act\":\"mish\"",
		    "activation 'mish' is not supported; supported are: gelu" },
		{ "bert", ",\"hidden_size\":\"x\"",
		    "'hidden_size' must be a whole number from 1 to 65536" },
		{ "bert", ",\"hidden_size\":33",
		    "hidden size 33 is not a multiple of 12 attention heads" },
		{ "bert", ",\"num_hidden_layers\":-1", "'num_hidden_layers'" },
		{ "bert", ",\"vocab_size\":99999999999", "'vocab_size'" },
		{ "bert", ",\"layer_norm_eps\":7", "'layer_norm_eps'" },
		{ "bert", ",\"initializer_range\":-1", "'initializer_range'" },
		{ "bert", ",\"position_embedding_type\":\"relative_key\"",
		    "position embeddings 'relative_key' are not supported" },
		{ "bert", ",\"is_decoder\":true", "a decoder" },
		{ "bert", ",\"quantization_config\":{}", "quantized weights" },
		{ "roberta", ",\"max_position_embeddings\":2",
		    "2 positions leave none for tokens" },
		{ "mpnet", ",\"relative_attention_num_buckets\":16",
		    "must be at least 32" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct fm_buf b = FM_BUF_INIT;

		fm_buf_printf(
		    &b, "{\"model_type\":\"%s\"%s}", bad[i][0], bad[i][1]);
		put_file(at("config/config.json"), b.s, b.len);
		fm_buf_release(&b);
		fails(dir, bad[i][2], bad[i][2]);
	}
	put_text(at("config/config.json"), "{\"hidden_size\":3}");
	fails(at("config"), "neither 'architectures' nor 'model_type'",
	    "a config of something else");
	put_text(at("config/config.json"), "[]");
	fails(at("config"), "is not a JSON object", "a config of a list");
	put_text(at("config/config.json"), "{");
	fails(at("config"), "config.json:1:", "a config that is cut off");
	put_text(at("config/config.json"),
	    "{\"architectures\":[\"LlamaForCausalLM\"]}");
	fails(at("config"), "'LlamaForCausalLM' is not supported",
	    "an architecture");
	fails(at("nothing"), "nothing': No such file", "no folder");
	fails(make_dir("empty"), "has neither a config.json nor a model.onnx",
	    "no config");
	free(dir);
}

/* A header and `data` bytes after it. */
static void
put_safetensors(const char *header, size_t data)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t n = strlen(header);

	for (int i = 0; i < 8; i++)
		fm_buf_putc(&b, (char)(unsigned char)(n >> 8 * i));
	fm_buf_puts(&b, header);
	for (size_t i = 0; i < data; i++)
		fm_buf_putc(&b, '\0');
	put_file(at("config/model.safetensors"), b.s, b.len);
	fm_buf_release(&b);
}

static void
test_weights(void)
{
	static const struct {
		const char *header;
		size_t data;
		const char *want;
	} bad[] = {
		{ "{", 0, "is not a safetensors file: header:1:" },
		{ "[]", 0, "is not a safetensors file: header: not a JSON" },
		{ "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],"
		  "\"data_offsets\":[0,8]}}",
		    7,
		    "is truncated: tensor 'x' ends at byte 70, the file has "
		    "69" },
		{ "{\"x\":{\"dtype\":\"F32\",\"shape\":[3],"
		  "\"data_offsets\":[0,8]}}",
		    8, "has 8 bytes, which is not what its shape" },
		{ "{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],"
		  "\"data_offsets\":[0,8]}}",
		    8, "tensor 'x' has a malformed header entry" },
		{ "{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,"
		  "4611686018427387904],\"data_offsets\":[0,8]}}",
		    8, "has 8 bytes, which is not what its shape" },
		{ "{\"x\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}",
		    8, "malformed" },
		{ "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],"
		  "\"data_offsets\":[8,0]}}",
		    8, "malformed" },
		{ "{\"x\":7}", 0, "malformed" },
		{ "{\"__metadata__\":{}}", 0,
		    "model.safetensors' lacks tensor "
		    "'embeddings.word_embeddings.weight'" },
		{ "{\"a.embeddings.word_embeddings.weight\":{\"dtype\":\"F32\","
		  "\"shape\":[2,1],\"data_offsets\":[0,8]}}",
		    8,
		    "tensor 'a.embeddings.word_embeddings.weight' has shape "
		    "[2,1], the config says [200,32]" },
		{ "{\"embeddings.word_embeddings.weight\":{\"dtype\":"
		  "\"F8_E4M3\",\"shape\":[200,32],\"data_offsets\":[0,6400]}}",
		    6400, "is F8_E4M3; weights can be F32, F16 or BF16" },
		{ "{\"embeddings.word_embeddings.weight\":{\"dtype\":"
		  "\"I8\",\"shape\":[200,32],\"data_offsets\":[0,6400]}}",
		    6400, "is I8; weights can be F32, F16 or BF16" },
	};
	char *dir = fm_strdup(config_only("bert", ""));

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		put_safetensors(bad[i].header, bad[i].data);
		fails(dir, bad[i].want, bad[i].want);
	}
	put_file(at("config/model.safetensors"), "\1\0\0", 3);
	fails(dir, "is truncated: its header ends at byte 8, the file has 3",
	    "three bytes");
	put_file(at("config/model.safetensors"), "\377\0\0\0\0\0\0\0{}", 10);
	fails(dir, "is truncated: its header ends at byte 263, the file has 10",
	    "a header that is cut off");
	put_text(at("config/model.safetensors"), "<html>nothing here</html>");
	fails(dir, "is not a safetensors file: header of ", "a web page");
	put_file(at("config/model.safetensors"), "", 0);
	fails(dir, "is truncated", "an empty file");
	free(dir);
}

/* Every cut of a checkpoint is an error or what it was, and never a crash. */
static void
test_cuts(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	char *dir = fm_strdup(make_dir("config"));
	struct fm_model m;
	bool all = true;

	copy_file(
	    DATA "distilbert/model/config.json", at("config/config.json"));
	(void)fm_io_read_file(
	    DATA "distilbert/model/model.safetensors", &b, &err);
	for (size_t n = 0; n < b.len; n += n < 4000 ? 97 : 9973) {
		put_file(at("config/model.safetensors"), b.s, n);
		if (load(&m, dir, &err) == 0) {
			all = false;
			fm_model_release(&m);
		}
	}
	ok(b.len > 40000 && all, "a checkpoint cut off anywhere is refused");
	free(dir);
	fm_buf_release(&b);
}

int
main(void)
{
	struct fm_err err = FM_ERR_INIT;

	work = fm_io_tmpdir("fm-test", &err);
	test_configs();
	test_weights();
	test_cuts();
	(void)fm_io_remove_tree(work, &err);
	free(work);
	return done();
}
