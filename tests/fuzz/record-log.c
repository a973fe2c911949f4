/*
 * Whole logs through fm-process. Its fast lane and its slow way give the same
 * records, a log cut into two blocks gives those of the whole, and every form
 * of output and every script of fmwork takes whatever comes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../bin/fm-process/compat.h"
#include "../../bin/fm-process/parse.h"
#include "alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SILENT = 1000 /* so many faults that none is named any more */
};

/* The records of a log that comes in two blocks, the first of `cut` bytes. */
static void
read_log(struct fm_buf *records, struct conf *c, const char *s, size_t n,
    size_t cut, bool slow)
{
	struct fm_err err = FM_ERR_INIT;
	struct errors errors;
	struct parse ps;
	struct out out;

	memset(&errors, 0, sizeof errors);
	if (out_open_part(&out, c, NULL, &err) != 0)
		abort();
	parse_init(&ps, c, NULL, &out, &errors);
	ps.faults = SILENT;
	ps.slow = slow;
	parse_begin(&ps, "log");
	if (cut)
		parse_block(&ps, s, cut, false);
	if (n > cut)
		parse_block(&ps, s + cut, n - cut, false);
	parse_end(&ps);
	fm_buf_put(records, out.buf.s, out.buf.len);
	parse_release(&ps);
	(void)fclose(out.file.f);
	fm_buf_release(&out.buf);
	fm_buf_release(&out.record);
	table_release(&out.table);
}

static void
same(const struct fm_buf *a, const struct fm_buf *b)
{
	if (a->len != b->len || memcmp(a->s, b->s, a->len) != 0)
		abort();
}

static void
check_records(struct conf *c, const char *s, size_t n)
{
	struct fm_buf whole = FM_BUF_INIT, slow = FM_BUF_INIT;
	struct fm_buf halves = FM_BUF_INIT;
	const char *p = n ? memchr(s + n / 2, '\n', n - n / 2) : NULL;

	read_log(&whole, c, s, n, 0, false);
	read_log(&slow, c, s, n, 0, true);
	same(&whole, &slow);
	read_log(&halves, c, s, n, p ? (size_t)(p - s) + 1 : 0, false);
	same(&whole, &halves);
	fm_buf_release(&whole);
	fm_buf_release(&slow);
	fm_buf_release(&halves);
}

static void
check_scripts(struct conf *c, const char *s, size_t n)
{
	struct fm_err err = FM_ERR_INIT;
	struct errors errors;
	struct out out;
	struct compat k = { c, &out, &errors, "log", FM_BUF_INIT, "", SILENT };

	memset(&errors, 0, sizeof errors);
	if (out_open_part(&out, c, NULL, &err) != 0)
		abort();
	fm_buf_put(&k.text, s, n);
	compat_embed(&k);
	compat_jsonfy(&k);
	compat_infer_4fab875(&k);
	compat_infer(&k);
	fm_buf_release(&k.text);
	(void)fclose(out.file.f);
	fm_buf_release(&out.buf);
	fm_buf_release(&out.record);
	table_release(&out.table);
}

/* The first byte says which form and rule. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const drops[] = { "fmwork", "mser", "none", "30%" };
	struct fm_err err = FM_ERR_INIT;
	struct conf c;
	unsigned how;
	char *s;

	if (size == 0)
		return 0;
	how = data[0];
	s = fm_malloc(size - 1);
	memcpy(s, data + 1, size - 1);
	memset(&c, 0, sizeof c);
	c.format = (int)(how % 5);
	c.drop = drops[how / 5 % 4];
	c.dedup = how & 0x80;
	c.no_stats = how & 0x40;
	c.metadata_id = "auto";
	c.schema = how % 7 == 6 ? SCHEMA_QAIC : SCHEMA_FULL;
	if (conf_finish(&c, &err) != 0)
		abort();
	check_records(&c, s, size - 1);
	c.schema = SCHEMA_FMWORK;
	check_scripts(&c, s, size - 1);
	free(s);
	return 0;
}
