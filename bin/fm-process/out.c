/*
 * The way out.
 */
#include "out.h"

#include <string.h>

#include "err.h"

enum {
	BLOCK = 128 << 10 /* bytes gathered before they are written */
};

static bool
is_table(const struct out *o)
{
	return o->format == FORMAT_CSV || o->format == FORMAT_TSV ||
	       o->format == FORMAT_SQL;
}

static void
init(struct out *o, const struct conf *c, json_t *own)
{
	memset(o, 0, sizeof *o);
	fm_buf_init(&o->buf);
	fm_buf_init(&o->record);
	o->format = (enum format)c->format;
	table_init(&o->table, c, own);
}

int
out_open(struct out *o, const struct conf *c, json_t *own, struct fm_err *err)
{
	init(o, c, own);
	return fm_out_open(&o->file, c->output, err);
}

int
out_open_part(
    struct out *o, const struct conf *c, json_t *own, struct fm_err *err)
{
	init(o, c, own);
	o->part = true;
	o->table.begun = true;
	o->file.f = tmpfile();
	return o->file.f ? 0
			 : fm_err_sys(err, FM_IO,
			       "cannot make a temporary "
			       "file");
}

/* What goes wrong stays known to the stream, and is told at the end. */
static void
flush(struct out *o)
{
	(void)fwrite(o->buf.s, 1, o->buf.len, o->file.f);
	fm_buf_clear(&o->buf);
}

struct emit *
out_begin(struct out *o)
{
	if (is_table(o)) {
		fm_buf_clear(&o->record);
		emit_init(&o->e, &o->record, false, 0);
	} else if (o->format == FORMAT_JSON) {
		fm_buf_puts(&o->buf, o->n || o->part ? ",\n    " : "[\n    ");
		emit_init(&o->e, &o->buf, true, 1);
	} else {
		emit_init(&o->e, &o->buf, false, 0);
	}
	o->n++;
	return &o->e;
}

struct fm_buf *
out_text(struct out *o)
{
	o->raw = true;
	return &o->buf;
}

void
out_end(struct out *o)
{
	if (is_table(o) && !o->raw) {
		table_begin(&o->table, &o->buf, o->record.s);
		table_row(&o->table, &o->buf, o->record.s);
	} else if (o->format != FORMAT_JSON && !o->raw) {
		fm_buf_putc(&o->buf, '\n');
	}
	if (o->buf.len >= BLOCK)
		flush(o);
}

void
out_flush(struct out *o)
{
	flush(o);
	(void)fflush(o->file.f);
}

static void
release(struct out *o)
{
	fm_buf_release(&o->buf);
	fm_buf_release(&o->record);
	table_release(&o->table);
}

int
out_join(struct out *o, struct out *part, struct fm_err *err)
{
	char block[65536];
	size_t n;
	bool good;

	flush(part);
	good = fflush(part->file.f) == 0 && !ferror(part->file.f);
	rewind(part->file.f);
	flush(o);
	while (good && (n = fread(block, 1, sizeof block, part->file.f)) > 0) {
		if (o->n == 0 && o->format == FORMAT_JSON && !part->raw)
			block[0] = '[';
		if (o->n == 0 && is_table(o))
			table_begin(&o->table, &o->buf, "");
		flush(o);
		o->n += part->n;
		part->n = 0;
		(void)fwrite(block, 1, n, o->file.f);
	}
	o->raw = o->raw || part->raw;
	(void)fclose(part->file.f);
	release(part);
	return good ? 0 : fm_err_set(err, FM_IO, "a temporary file is lost");
}

int
out_close(struct out *o, struct fm_err *err)
{
	if (o->raw) {
		/* nothing around it */
	} else if (o->format == FORMAT_JSON) {
		fm_buf_puts(&o->buf, o->n ? "\n]" : "[]");
		if (!o->no_newline)
			fm_buf_putc(&o->buf, '\n');
	} else if (is_table(o)) {
		table_end(&o->table, &o->buf);
	}
	flush(o);
	release(o);
	return fm_out_close(&o->file, err);
}

void
out_abandon(struct out *o)
{
	release(o);
	fm_out_abandon(&o->file);
}
