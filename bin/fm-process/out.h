/*
 * Where records go: brackets and commas around them, blocks, and a disk that
 * may be full. Knows formats, and nothing of what a record says.
 */
#ifndef OUT_H
#define OUT_H

#include "conf.h"
#include "emit.h"
#include "io.h"
#include "table.h"

struct out {
	struct fm_out file;
	struct fm_buf buf;    /* not written yet */
	struct fm_buf record; /* the one in hand, when it becomes a row */
	struct emit e;
	struct table table;
	enum format format;
	size_t n;        /* records so far */
	bool part;       /* of a whole that another one puts together */
	bool no_newline; /* at the end of a JSON list */
	bool raw;        /* text of another kind: nothing around it */
};

/* `own`: members of --metadata, or NULL. */
int out_open(
    struct out *o, const struct conf *c, json_t *own, struct fm_err *err);
/* The same into a temporary file, for out_join(). */
int out_open_part(
    struct out *o, const struct conf *c, json_t *own, struct fm_err *err);

/* One record is written with this emitter, from '{' to '}'. */
struct emit *out_begin(struct out *o);
void out_end(struct out *o);
/* Text that is no record; the buffer may be written to until out_end(). */
struct fm_buf *out_text(struct out *o);

/* Hands on what is there, for somebody who waits at the other end. */
void out_flush(struct out *o);

/* Appends a part and closes it. */
int out_join(struct out *o, struct out *part, struct fm_err *err);

int out_close(struct out *o, struct fm_err *err);
/* Instead of it, after an error: leaves no file. */
void out_abandon(struct out *o);

#endif
