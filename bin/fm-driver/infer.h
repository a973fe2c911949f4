/*
 * fm-driver --infer: runs a model on given inputs, writes its outputs, and
 * compares them with expected ones.
 */
#ifndef INFER_H
#define INFER_H

#include <stdio.h>

#include "model/model.h"
#include "peer.h"

struct infer_conf {
	const char *in;     /* a folder of tensors (given.h), or of folders
			     * 0, 1 … or test_data_set_0 … of them */
	const char *out;    /* outputs go here, in the same layout, as
			     * <output>.npy; NULL = not kept */
	const char *expect; /* same layout, <output>.npy or output_<k>.pb;
			     * NULL = nothing is compared */
	const char *pad;    /* fills short inputs, or NULL */
	double rtol, atol;  /* as fm_tensor_compare() */
};

/*
 * The backend must have opened the model. Prints to `out` a line per output
 * that is compared. 0 all done and equal; 1 some case failed (said on stderr)
 * or differs; -1 nothing more can be done, or the only case failed.
 */
int infer_run(struct fm_peer *peer, const struct fm_model *m,
    const struct infer_conf *c, FILE *out, struct fm_err *err);

#endif
