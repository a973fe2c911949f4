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
