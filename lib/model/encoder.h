/*
 * The graph of an encoder of the BERT family: from the numbers of its config
 * and the tensors of its checkpoint to nodes. Every tensor is used where it
 * lies and as it is; nothing is transposed, packed or copied.
 */
#ifndef FM_ENCODER_H
#define FM_ENCODER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/graph.h"
#include "model/hf.h"
#include "model/weights.h"

struct fm_err;

/*
 * Adds inputs, nodes and outputs. A made-up set of weights grows by what is
 * needed; in a read one a missing tensor, a wrong shape or an element type
 * that is not F32, F16 or BF16 is an error that names it.
 */
int fm_encoder_build(struct fm_graph *g, const struct fm_hf *h,
    struct fm_weights *w, struct fm_err *err);

/* The most tensors an encoder can ask for. */
size_t fm_encoder_max(const struct fm_hf *h);

/*
 * Distance (key - query) to row of the table of relative position bias, as
 * T5 and MPNet number them: half of 32 buckets for each direction, one each
 * for distances below 8, then logarithmic up to 128.
 */
int fm_encoder_bucket(int64_t distance);

#endif
