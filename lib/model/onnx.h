/*
 * ONNX files as they are read: what a model takes and gives, and where its
 * weights are. The only reader of the format; graph.h is the only writer.
 */
#ifndef FM_ONNX_H
#define FM_ONNX_H

#include "hash.h"
#include "model/model.h"

struct Onnx__ModelProto;

/* The whole file, unpacked, with a graph in it; NULL with err. */
struct Onnx__ModelProto *fm_onnx_unpack(const char *path, struct fm_err *err);

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
