/*
 * A guard for files from strangers: how deep the messages of an ONNX file lie
 * in one another. protobuf-c unpacks them by recursion, without a limit.
 */
#ifndef FM_NESTING_H
#define FM_NESTING_H

#include <stdbool.h>
#include <stddef.h>

enum {
	FM_NESTING_MAX = 100 /* messages; a subgraph takes three */
};

/* Can this ModelProto be unpacked on an ordinary stack? Says nothing about
 * what else may be wrong with it. */
bool fm_nesting_ok(const unsigned char *p, size_t n);

#endif
