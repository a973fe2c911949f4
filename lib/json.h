/*
 * JSON at the edges: reading with a place in the message, writing in the two
 * forms that the formats ask for, and accessors with defaults. The value type
 * is jansson's json_t and may be used everywhere.
 */
#ifndef FM_JSON_H
#define FM_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fm_buf;
struct fm_err;

/* Lets jansson allocate by alloc.h, so that no json_t is NULL for want of
 * memory. Once, at the start of a program, before any other use. */
void fm_json_start(void);

/* One value and nothing after it. `name` is for messages. New reference. */
json_t *fm_json_parse(
    const char *text, size_t len, const char *name, struct fm_err *err);
json_t *fm_json_read_file(const char *path, struct fm_err *err);

/* On one line, keys in insertion order, UTF-8 as it is. */
void fm_json_put(struct fm_buf *b, const json_t *v);

/*
 * As Python's json.dumps(v, indent=4) prints it: ASCII escapes, repr of
 * doubles, [] and {} for empty ones; no line end after it. NaN and infinities
 * cannot occur in a json_t.
 */
void fm_json_put_py(struct fm_buf *b, const json_t *v);

/* A string with its quotes and escapes; `ascii` as Python escapes it.
 * Bytes that are not UTF-8 become U+FFFD. */
void fm_json_put_str(struct fm_buf *b, const char *s, size_t n, bool ascii);

/* Members of an object; `def` when absent, null, or of another type. The
 * string lives as long as the object does. */
const char *fm_json_str(const json_t *obj, const char *key, const char *def);
int64_t fm_json_int(const json_t *obj, const char *key, int64_t def);
double fm_json_num(const json_t *obj, const char *key, double def);
bool fm_json_bool(const json_t *obj, const char *key, bool def);

/* Sets obj[key] = a new string, integer …; NULL strings become null. */
void fm_json_set_str(json_t *obj, const char *key, const char *v);
void fm_json_set_int(json_t *obj, const char *key, int64_t v);

#endif
