/*
 * Writes JSON as it comes, in one of the two forms that people read: one
 * object a line, or Python's indent=4. Knows commas, indents and escapes,
 * and nothing of records.
 */
#ifndef EMIT_H
#define EMIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "record_form.h"

struct emit {
	struct fm_buf *b; /* not owned */
	bool pretty;
	int depth;  /* open objects and lists */
	bool first; /* nothing yet in the innermost one */
};

void emit_init(struct emit *e, struct fm_buf *b, bool pretty, int depth);

void emit_open(struct emit *e, char bracket);
void emit_close(struct emit *e, char bracket);
void emit_key(struct emit *e, const char *key);
/* Before an element of a list. */
void emit_item(struct emit *e);

void emit_str(struct emit *e, const char *s, size_t n); /* s NULL: null */
void emit_int(struct emit *e, int64_t v);
void emit_bool(struct emit *e, bool v);
void emit_null(struct emit *e);
/* JSON that was made before, in the same form and depth. */
void emit_raw(struct emit *e, const char *s, size_t n);
void emit_json(struct emit *e, const json_t *v);

/* The text of a number, as it is; nan and infinities become null. */
void emit_num(struct emit *e, struct fm_text t);
/* `v` / 10^decimals, trailing zeros cut down to `keep` decimals. */
void emit_scaled(struct emit *e, int64_t v, int decimals, int keep);

#endif
