/*
 * ONNX files as they are read: what a model takes and gives, and where its
 * weights are. The only reader of the format; graph.h is the only writer.
 */
#ifndef FM_ONNX_H
#define FM_ONNX_H

#include "hash.h"
#include "model/model.h"

/* Adds ports, weights' sizes, external files and notes to `m`, whose `graph`
 * and `weights` are set. */
int fm_onnx_read(struct fm_model *m, struct fm_err *err);

/*
 * Puts the content of the graph. Where its external data lies is left out:
 * the names of those files say nothing about the model.
 */
int fm_onnx_hash(
    const struct fm_model *m, struct fm_hash *h, struct fm_err *err);

#endif
