/*
 * Writing a buffer where it belongs.
 */
#include "out.h"

#include "io.h"

int
out_write(const char *path, const struct fm_buf *b, struct fm_err *err)
{
	struct fm_out out;

	if (fm_out_open(&out, path, err) != 0)
		return -1;
	(void)fwrite(b->s, 1, b->len, out.f);
	return fm_out_close(&out, err);
}
