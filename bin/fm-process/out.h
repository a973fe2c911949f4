/*
 * Where records go: brackets and commas around them, blocks, and a disk that
 * may be full. Knows formats, and nothing of what a record says.
 */
#ifndef OUT_H
#define OUT_H

#include "conf.h"
#include "emit.h"
#include "io.h"

struct out {
	struct fm_out file;
	struct fm_buf buf; /* not written yet */
	struct emit e;
	enum format format;
	size_t n;        /* records so far */
	bool raw;        /* text of another kind: no brackets around it */
	bool no_newline; /* at the end of a JSON list */
	bool failed;     /* a write did not go through */
};

int out_open(struct out *o, const struct conf *c, struct fm_err *err);

/* One record is written with this emitter, from '{' to '}'. */
struct emit *out_begin(struct out *o);
void out_end(struct out *o);

int out_close(struct out *o, struct fm_err *err);

#endif
