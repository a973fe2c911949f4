/*
 * fm-driver --infer: runs a model on given inputs, writes its outputs, and
 * compares them with expected ones.
 */
#ifndef INFER_H
#define INFER_H

#include <jansson.h>
#include <stdio.h>

#include "model/model.h"
#include "peer.h"

struct session;

struct infer_conf {
	struct session *session; /* made to fit the sizes of a case, or NULL */
	struct remote *remote;   /* where the backend is, or NULL: here */
	const char *in;          /* a folder of tensors (given.h), or of folders
				  * 0, 1 … or test_data_set_0 … of them */
	const char *out;         /* outputs go here, in the same layout, as
				  * <output>.npy; NULL = not kept */
	const char *expect;      /* same layout, <output>.npy or output_<k>.pb;
				  * NULL = nothing is compared */
	const char *pad;         /* fills short inputs, or NULL */
	double rtol, atol;       /* as fm_tensor_compare() */
};

/*
 * The backend must have opened the model. Prints to `out` a line per output
 * that is compared. 0 all done and equal; 1 some case failed (said on stderr)
 * or differs; -1 nothing more can be done, or the only case failed.
 */
int infer_run(struct fm_peer *peer, const struct fm_model *m,
    const struct infer_conf *c, FILE *out, struct fm_err *err);

/*
 * For timed runs on given inputs (--inputs): checks the folder `dir` against
 * the model and sets two new objects, input: absolute path of its .npy (made
 * in `work` where it was another format), and open dimension: its size.
 */
int infer_inputs(const char *dir, const struct fm_model *m, const char *work,
    json_t **files, json_t **dims, struct fm_err *err);

/* The sizes of the first case: open dimension: size. NULL on failure. */
json_t *infer_sizes(const char *dir, const struct fm_model *m, const char *pad,
    const char *work, struct fm_err *err);

#endif
