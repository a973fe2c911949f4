/*
 * Plain (unquoted) scalars of YAML's core schema, shared by the reader, which
 * asks what they are, and the writer, which asks whether it must quote.
 */
#ifndef FM_YAML_SCALAR_H
#define FM_YAML_SCALAR_H

#include <jansson.h>
#include <stddef.h>

/*
 * What `n` bytes at `s` stand for: null, a boolean, a number, else a string.
 * New reference; NULL with *why ("is too large …") when JSON cannot hold it.
 */
json_t *fm_yaml_scalar(const char *s, size_t n, const char **why);

#endif
