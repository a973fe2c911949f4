/*
 * YAML at the edges, as JSON inside: reading with file and line in messages,
 * and writing. Scalars follow YAML 1.2's core schema (4e11 is a number, yes
 * and on are strings); anchors and merge keys are followed, tags are refused.
 *
 * What JSON cannot hold (infinities, keys that are no words, integers beyond
 * 64 bits) and what is surely a mistake (a key twice, two documents) is an
 * error, as are texts that would grow beyond a million values.
 */
#ifndef FM_YAML_H
#define FM_YAML_H

#include <jansson.h>
#include <stddef.h>

struct fm_buf;
struct fm_err;

/*
 * One document; an empty one is null. `name` is for messages. New reference,
 * or NULL.
 */
json_t *fm_yaml_parse(
    const char *text, size_t len, const char *name, struct fm_err *err);
json_t *fm_yaml_read_file(const char *path, struct fm_err *err);

/*
 * The line (from 1) on which the value at `path` ("a.b" or "a.0.b") begins
 * in the text, or 0: for messages about content. "" is the whole document.
 */
int fm_yaml_line(const char *text, size_t len, const char *path);

/*
 * Appends `v` as a document in block style, which reads back as `v` here and
 * in readers of YAML 1.1. Fails on what is nested more than 100 deep and on
 * keys beyond 1000 bytes.
 */
int fm_yaml_put(struct fm_buf *b, const json_t *v, struct fm_err *err);

#endif
