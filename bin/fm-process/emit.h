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
#include <string.h>

#include "buf.h"
#include "record_form.h"

struct emit {
	struct fm_buf *b; /* not owned */
	bool pretty;
	int depth;  /* open objects and lists */
	bool first; /* nothing yet in the innermost one */
};

void emit_init(struct emit *e, struct fm_buf *b, bool pretty, int depth);

/* Room for `n` more bytes and the NUL. */
static inline char *
emit_room(struct emit *e, size_t n)
{
	struct fm_buf *b = e->b;

	return b->cap - b->len > n ? b->s + b->len : fm_buf_reserve(b, n);
}

/* The buffer's own functions keep a NUL behind the text at every step; here
 * it is put there when an object ends. */
static inline void
emit_raw(struct emit *e, const char *s, size_t n)
{
	memcpy(emit_room(e, n), s, n);
	e->b->len += n;
}

/* Line feed and indent of the pretty form. */
void emit_new_line(struct emit *e);

void emit_open(struct emit *e, char bracket);
void emit_close(struct emit *e, char bracket);

/* Before an element of a list. */
static inline void
emit_item(struct emit *e)
{
	if (!e->first)
		emit_raw(e, ",", 1);
	e->first = false;
	if (e->pretty)
		emit_new_line(e);
}

/* Half of what a record is made of, and mostly known to the compiler. */
static inline void
emit_key(struct emit *e, const char *key)
{
	size_t n = strlen(key);
	char *p;

	emit_item(e);
	p = emit_room(e, n + 4);
	*p++ = '"';
	memcpy(p, key, n);
	p += n;
	*p++ = '"';
	*p++ = ':';
	*p = ' ';
	e->b->len += n + 3 + e->pretty;
}

void emit_str(struct emit *e, const char *s, size_t n); /* s NULL: null */
void emit_int(struct emit *e, int64_t v);
void emit_bool(struct emit *e, bool v);
void emit_null(struct emit *e);
void emit_json(struct emit *e, const json_t *v);

/* The text of a number, as it is; nan and infinities become null. */
void emit_num(struct emit *e, struct fm_text t);
/* `v` / 10^decimals (at most 12), zeros at the end cut down to `keep`. */
void emit_scaled(struct emit *e, int64_t v, int decimals, int keep);

#endif
