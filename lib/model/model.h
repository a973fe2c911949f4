/*
 * Models: a folder from the Hugging Face hub or an .onnx file, seen as inputs
 * with symbolic dimensions, outputs, facts, and a graph that ONNX Runtime
 * loads. The one header of lib/model/ that others include.
 */
#ifndef FM_MODEL_H
#define FM_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "strs.h"
#include "tensor.h"

struct fm_model_opts {
	const char
	    *model_class; /* "BertModel" …; NULL or AutoModel: by config */
	bool dummy;       /* random weights even if there are some */
	uint64_t seed;    /* of random weights */
	const char *work; /* folder for files that have to be made; the
			   * caller makes and removes it */
	bool made;        /* `work` has what an earlier load has made there:
			   * graph and random weights are taken as they are */
};

struct fm_model_port {
	char *name;
	enum fm_type type;
	bool was_float;            /* before it was converted to 16 bits: data
				    * may be given and expected as float */
	int rank;                  /* -1 = not known */
	int64_t dims[FM_DIMS_MAX]; /* -1 where it is open */
	char *syms[FM_DIMS_MAX];   /* name of an open dimension, else NULL;
				    * inputs always have one: those without
				    * are called INPUT:AXIS */
	json_t *fill;              /* how a timed run fills it, fill.h */
};

struct fm_model {
	char *path;           /* what was asked for */
	char *graph;          /* file with the ONNX bytes to load */
	char *weights;        /* folder its external data lies in */
	struct fm_strs files; /* its external data, relative to that */
	char *model_class;    /* never NULL; "onnx" for a plain graph */
	char *dtype;          /* of the weights: "float" …; "mixed" */
	char hash[33];        /* of the content: graph and weights; "" before
			       * fm_model_hash() */
	int64_t positions; /* most tokens a sequence may have, 0 = no limit */
	int64_t vocab;     /* tokens, 0 = not known */
	int64_t params;    /* weights, elements; int64 is not counted */
	int64_t bytes;     /* weights, bytes */
	bool dummy;        /* weights are random */
	size_t n_inputs, n_outputs;
	struct fm_model_port *inputs, *outputs;
	struct fm_strs notes; /* what a reader of the log should know */
};

/* Loads what is known without a device. `path` is a folder or a file. */
int fm_model_load(struct fm_model *m, const char *path,
    const struct fm_model_opts *o, struct fm_err *err);
void fm_model_release(struct fm_model *m);

/* What an open dimension of this name stands for. */
enum fm_axis {
	FM_AXIS_OTHER,
	FM_AXIS_BATCH,
	FM_AXIS_SEQUENCE
};
enum fm_axis fm_model_axis(const char *sym);

/*
 * The files of a folder from the hub that decide what graph is made of it:
 * its config and, unless `dummy`, its weights. None for other models, whose
 * graph is their file.
 */
int fm_model_sources(
    const char *path, bool dummy, struct fm_strs *files, struct fm_err *err);

/* The hash of a file's content, as fm_hash_put_file() makes it. */
typedef int fm_model_hasher(
    void *arg, const char *path, char hex[33], struct fm_err *err);

/* Hashes graph and weights (XXH3, 128 bits, hex): reads every byte once. */
int fm_model_hash(struct fm_model *m, struct fm_err *err);
/* The same, with the hashes of the weights' files from `hasher`. */
int fm_model_hash_with(
    struct fm_model *m, fm_model_hasher *hasher, void *arg, struct fm_err *err);

/* A tensor file of the ONNX project (TensorProto), with its name or "". */
int fm_model_read_pb(
    const char *path, struct fm_tensor *t, char **name, struct fm_err *err);

#endif
