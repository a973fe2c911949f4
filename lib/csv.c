/*
 * CSV by libcsv, whose only user this is. It quotes every field; here only
 * those are that need it, so that numbers stay easy to read.
 */
#include "csv.h"

#include <string.h>

#include <csv.h>

#include "buf.h"

void
fm_csv_put(struct fm_buf *b, const char *field)
{
	size_t n = strlen(field), size;

	if (b->len && b->s[b->len - 1] != '\n')
		fm_buf_putc(b, ',');
	if (!strpbrk(field, "\",\r\n") && n > 0) {
		fm_buf_puts(b, field);
		return;
	}
	size = csv_write(NULL, 0, field, n);
	(void)csv_write(fm_buf_reserve(b, size), size, field, n);
	fm_buf_commit(b, size);
}

void
fm_csv_end(struct fm_buf *b)
{
	fm_buf_putc(b, '\n');
}

struct reading {
	void (*field)(void *arg, const char *s);
	void (*end)(void *arg);
	void *arg;
};

static void
on_field(void *s, size_t n, void *arg)
{
	struct reading *r = arg;

	(void)n;
	r->field(r->arg, s);
}

static void
on_end(int c, void *arg)
{
	struct reading *r = arg;

	(void)c;
	r->end(r->arg);
}

int
fm_csv_get(const char *s, size_t n, void (*field)(void *arg, const char *s),
    void (*end)(void *arg), void *arg)
{
	struct reading r = { field, end, arg };
	struct csv_parser p;
	int rc = -1;

	if (csv_init(&p, CSV_STRICT | CSV_APPEND_NULL) != 0)
		return -1;
	if (csv_parse(&p, s, n, on_field, on_end, &r) == n)
		rc = csv_fini(&p, on_field, on_end, &r);
	csv_free(&p);
	return rc == 0 ? 0 : -1;
}
