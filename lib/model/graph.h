/*
 * An ONNX graph while it is being written: nodes and initializers are added
 * in order, then the whole goes to a file. Knows the file format, and no
 * model. Names are the caller's; memory is the graph's.
 *
 * Lists of names are one string with spaces between them; "-" is an optional
 * input that is left out.
 */
#ifndef FM_GRAPH_H
#define FM_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "tensor.h"

struct fm_err;
struct fm_graph;

struct fm_graph *fm_graph_new(void);
void fm_graph_free(struct fm_graph *g);

/* A name that lives as long as the graph. */
const char *fm_graph_name(struct fm_graph *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Open dimensions have a name in syms[], fixed ones NULL. */
void fm_graph_input(struct fm_graph *g, const char *name, enum fm_type type,
    int rank, const int64_t *dims, const char *const *syms);
void fm_graph_output(struct fm_graph *g, const char *name, enum fm_type type,
    int rank, const int64_t *dims, const char *const *syms);

/* A constant inside the graph; the values are copied. */
void fm_graph_const(struct fm_graph *g, const char *name, enum fm_type type,
    int rank, const int64_t *dims, const void *values);
/* A row of int64, and one int64 without dimensions. */
void fm_graph_ints(
    struct fm_graph *g, const char *name, int64_t n, const int64_t *v);
void fm_graph_int(struct fm_graph *g, const char *name, int64_t v);

/* A constant that lies in `file` (relative), at a byte offset. */
void fm_graph_external(struct fm_graph *g, const char *name, enum fm_type type,
    int rank, const int64_t *dims, const char *file, uint64_t offset,
    uint64_t bytes);

/*
 * The module that nodes from here on belong to, as exporters of PyTorch's
 * name them: at "encoder.layer.0.output" a MatMul is called
 * "/encoder/layer.0/output/MatMul". "" is the model itself; the string must
 * live as long as it is in use.
 */
void fm_graph_at(struct fm_graph *g, const char *path);

/*
 * A node with one output. An operator with a dot in front (".Gelu") is one of
 * com.microsoft. Attributes that follow belong to it. Returns `output`.
 */
const char *fm_graph_node(
    struct fm_graph *g, const char *op, const char *inputs, const char *output);
void fm_graph_attr_int(struct fm_graph *g, const char *name, int64_t v);
void fm_graph_attr_float(struct fm_graph *g, const char *name, float v);
void fm_graph_attr_ints(
    struct fm_graph *g, const char *name, size_t n, const int64_t *v);

int fm_graph_write(
    const struct fm_graph *g, const char *path, struct fm_err *err);

#endif
