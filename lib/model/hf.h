/*
 * config.json of a Hugging Face folder, for the classes that can be imported:
 * what the names and defaults of a class are, and the numbers of one model.
 */
#ifndef FM_HF_H
#define FM_HF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct fm_err;

/* How the positions of tokens are numbered. */
enum fm_hf_positions {
	FM_HF_FROM_ZERO, /* 0, 1, 2 ... */
	FM_HF_AFTER_PAD  /* padding tokens: pad; others: pad + 1, pad + 2 ... */
};

/*
 * A class of encoders, all of one pattern: embeddings, LayerNorm, then layers
 * of attention, LayerNorm, two dense layers, LayerNorm. The names are those
 * of its tensors, without ".weight" and ".bias".
 */
struct fm_hf_class {
	const char *name;                            /* "BertModel" */
	const char *model_type;                      /* "bert" */
	int64_t vocab, max_positions, types, layers; /* defaults */
	int64_t pad;                                 /* default */
	const char *layer;                           /* "encoder.layer" */
	const char *query, *key, *value, *attn_out, *attn_norm;
	const char *up, *act, *down, *out_norm; /* act has no tensors */
	const char *pooler;                     /* NULL: the class has none */
	const char *relative; /* table of relative position bias, or NULL */
	enum fm_hf_positions positions;
	bool fixed_pad; /* whatever the config's pad_token_id is */
	bool distil;    /* DistilBERT's names of sizes, and none for eps */
};

/* An activation, as one operator. */
struct fm_hf_act {
	const char *name; /* the config's word */
	const char *op;   /* as in fm_graph_node() */
	float alpha;      /* attribute of that name, 0 = none */
};

struct fm_hf {
	const struct fm_hf_class *class;
	const struct fm_hf_act *act;
	int64_t vocab, hidden, layers, heads, inter; /* sizes */
	int64_t max_positions; /* rows of the table of positions */
	int64_t types;         /* kinds of segment; 0 = no such table */
	int64_t pad;           /* id of the padding token */
	int64_t buckets;       /* of relative positions; 0 = none */
	double eps;            /* of LayerNorm */
	double std;            /* of random weights */
};

/* The k-th class, NULL after the last. */
const struct fm_hf_class *fm_hf_class_at(size_t k);

/*
 * `class` may be NULL or "AutoModel": then the config says. `path` is the
 * file's, for messages.
 */
int fm_hf_read(struct fm_hf *h, const json_t *config, const char *class,
    const char *path, struct fm_err *err);

/* Most tokens of a sequence. */
int64_t fm_hf_tokens(const struct fm_hf *h);

#endif
