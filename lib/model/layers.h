/*
 * A model as the list of operations of one pass, in their order, with names,
 * dimensions and weights but without values: what an analytical model of a
 * device computes with. Read from the config.json of a decoder or encoder
 * family, or from a YAML list. Knows no device and no time.
 */
#ifndef FM_LAYERS_H
#define FM_LAYERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "strs.h"

enum fm_layer_kind {
	FM_LAYER_LINEAR,
	FM_LAYER_EMBEDDING,
	FM_LAYER_ROTARY, /* table of rotary positions, once a pass */
	FM_LAYER_LAYERNORM,
	FM_LAYER_RMSNORM,
	FM_LAYER_SILU,
	FM_LAYER_NEWGELU,
	FM_LAYER_SOFTMAX,
	FM_LAYER_MATMUL, /* of two activations */
	FM_LAYER_SDPA,   /* scaled dot product attention, fused */
	FM_LAYER_CONV2D,
	FM_LAYER_ACT, /* any other activation */
	FM_LAYER_ADD,
	FM_LAYER_MUL,
	FM_LAYER_ROPE, /* rotary positions applied to queries and keys */
	FM_LAYER_KINDS
};

/* Sizes that a point decides, in place of a fixed dimension. */
enum {
	FM_DIM_BATCH = -1,  /* sequences */
	FM_DIM_TOKENS = -2, /* new tokens of a sequence: prompt, then 1 */
	FM_DIM_LENGTH = -3, /* tokens so far, the new ones included */
	FM_DIM_ROWS = -4,   /* batch times tokens */
	FM_LAYER_RANK = 8
};

/* Which part of a matrix product of attention this is. */
enum fm_layer_part {
	FM_PART_NONE,
	FM_PART_SCORES, /* queries by keys */
	FM_PART_VALUES  /* scores by values */
};

/* How tensor parallelism divides it. */
enum fm_layer_shard {
	FM_SHARD_NONE,   /* every device does all of it */
	FM_SHARD_COLUMN, /* outputs, heads or elements are divided */
	FM_SHARD_ROW,    /* inputs are divided, results summed */
	FM_SHARD_GATHER  /* outputs are divided and collected */
};

struct fm_layer {
	char *name;    /* "layers.3.q_proj" */
	char *context; /* "q_proj": what mappings know it by */
	char *path;    /* of the module, "model.layers.3.self_attn.q_proj"; a
			* function's is that of the module it is called in */
	char *node;    /* of an ONNX graph, as ONNX Runtime calls it; or NULL:
			* it has none of its own, the next layer's does it */
	enum fm_layer_kind kind;
	int rank;                     /* of the input */
	int64_t shape[FM_LAYER_RANK]; /* of the input; FM_DIM_… */
	int64_t in, out;              /* linear, conv2d, embedding: weights;
				       * matmul: out is the last dimension */
	int64_t heads, kv_heads, head_dim; /* attention */
	int64_t window; /* most tokens attended to, 0 = all of them */
	bool causal;    /* tokens see those before them only */
	bool tied;      /* its weights are another layer's */
	bool bias;
	bool function; /* no module of its own */
	bool last_row; /* of a prompt only the last token matters */
	int64_t kernel[2], stride[2], padding[2]; /* conv2d: height, width */
	int64_t extent[2];       /* of its output; 0 = what those give */
	int64_t experts, active; /* so many copies, of which a token visits
				  * some; 0, 0 = an ordinary layer */
	enum fm_layer_part part;
	enum fm_layer_shard shard;
};

struct fm_layers {
	struct fm_layer *v;
	size_t n, cap;
	char *model_class; /* "LlamaForCausalLM" or "layers"; never NULL */
	char *last;        /* context of the layer that ends a pass, or NULL */
	bool decoder;      /* can generate */
	int64_t positions; /* most tokens of a sequence: the table of an
			    * encoder has no more; 0 = no such table */
	int64_t hidden;    /* width between blocks, 0 = not known */
	int64_t nodes;     /* of an ONNX graph */
	int64_t missed;    /* nodes whose cost is not known */
	struct fm_strs missed_ops; /* and what they are */
	struct fm_layer *guesses;  /* for those of them whose inputs are known:
				    * a product with their weights, or one
				    * operation an element */
	size_t n_guesses, cap_guesses;
	int64_t params; /* weights, elements, shared ones once */
};

/* Empties a list that fm_layers_read() has filled. */
void fm_layers_release(struct fm_layers *l);

/*
 * `path` is a folder with a config.json, such a file, or a .yaml list; `eager`
 * takes attention apart into two products and a softmax.
 */
int fm_layers_read(
    struct fm_layers *l, const char *path, bool eager, struct fm_err *err);

/* The same from what was read already; `path` is for messages. */
int fm_layers_config(struct fm_layers *l, const json_t *config, bool eager,
    const char *path, struct fm_err *err);
int fm_layers_onnx(struct fm_layers *l, const unsigned char *p, size_t n,
    const char *path, struct fm_err *err);
int fm_layers_list(struct fm_layers *l, const json_t *list, const char *path,
    struct fm_err *err);

/* Elements of the weights of one layer, all experts. */
double fm_layer_params(const struct fm_layer *l);

/* "linear" …, the word of a list. */
const char *fm_layer_word(enum fm_layer_kind kind);
/* What a module of this kind, or the function, is called: "Linear" … */
const char *fm_layer_type(enum fm_layer_kind kind);

/* Does an operator of ONNX compute nothing: does it move, view or shape? */
bool fm_layers_is_free(const char *op);
/* "encoder.layer.0.output.dense" of "/encoder/layer.0/output/dense/MatMul",
 * what comes before the first slash left out; a name without slashes as it
 * is. The caller frees. */
char *fm_layers_path(const char *node);

/* Sizes that decide what FM_DIM_... is. */
struct fm_layer_point {
	int64_t batch, tokens, length;
};

int64_t fm_layer_dim(int64_t dim, const struct fm_layer_point *at);
/* Height (k = 0) or width (1) of what a conv2d makes of so much. */
int64_t fm_layer_extent(const struct fm_layer *l, int64_t size, int k);
/*
 * The row of the layer in a profile: "kind", "type", "path", "in", "out", the
 * last two as dimensions like "1x16x384". New reference.
 */
json_t *fm_layer_row(const struct fm_layer *l, const struct fm_layer_point *at);

/* For building lists: appends a cleared layer of that name and kind; its path
 * is the name. */
struct fm_layer *fm_layers_add(struct fm_layers *l, const char *name,
    const char *context, enum fm_layer_kind kind);

#endif
