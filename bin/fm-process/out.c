/*
 * The way out.
 */
#include "out.h"

#include <string.h>

enum {
	BLOCK = 128 << 10 /* bytes gathered before they are written */
};

int
out_open(struct out *o, const struct conf *c, struct fm_err *err)
{
	memset(o, 0, sizeof *o);
	fm_buf_init(&o->buf);
	o->format = (enum format)c->format;
	return fm_out_open(&o->file, c->output, err);
}

static void
flush(struct out *o)
{
	if (o->buf.len && fwrite(o->buf.s, 1, o->buf.len, o->file.f) < 1)
		o->failed = true;
	fm_buf_clear(&o->buf);
}

struct emit *
out_begin(struct out *o)
{
	if (o->format == FORMAT_JSON) {
		fm_buf_puts(&o->buf, o->n ? ",\n    " : "[\n    ");
		emit_init(&o->e, &o->buf, true, 1);
	} else {
		emit_init(&o->e, &o->buf, false, 0);
	}
	o->n++;
	return &o->e;
}

void
out_end(struct out *o)
{
	if (o->format != FORMAT_JSON)
		fm_buf_putc(&o->buf, '\n');
	if (o->buf.len >= BLOCK)
		flush(o);
}

int
out_close(struct out *o, struct fm_err *err)
{
	int rc;

	if (o->raw)
		o->format = FORMAT_JSONL;
	if (o->format == FORMAT_JSON)
		fm_buf_puts(&o->buf, o->n ? "\n]" : "[]");
	if (o->format == FORMAT_JSON && !o->no_newline)
		fm_buf_putc(&o->buf, '\n');
	flush(o);
	fm_buf_release(&o->buf);
	/* A failed write to stdout is told by fm_prog_end(). */
	rc = fm_out_close(&o->file, err);
	return rc;
}
