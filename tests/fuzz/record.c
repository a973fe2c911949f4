/*
 * Single lines: what is read prints, and reads back as the same text; the
 * reader of REP lines and the table of forms agree about them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "record_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_form(const char *s, size_t n)
{
	struct fm_buf a = FM_BUF_INIT, b = FM_BUF_INIT;
	struct fm_line l, again;

	if (fm_line_get(&l, s, n)) {
		fm_line_put(&a, &l);
		if (!fm_line_get(&again, a.s, a.len - 1))
			abort();
		fm_line_put(&b, &again);
		if (a.len != b.len || memcmp(a.s, b.s, a.len) != 0)
			abort();
	}
	fm_buf_release(&a);
	fm_buf_release(&b);
}

static void
check_rep(const char *s, size_t n)
{
	struct fm_buf b = FM_BUF_INIT;
	struct fm_rep r, again;

	if (fm_record_get_rep(s, n, &r)) {
		fm_record_put_rep(&b, &r);
		if (!fm_record_get_rep(b.s, b.len - 1, &again) ||
		    memcmp(&r, &again, sizeof r) != 0)
			abort();
	}
	fm_buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In memory of just this size, so that reading past it shows. */
	char *s = fm_malloc(size);
	struct fm_err_line e;

	if (size)
		memcpy(s, data, size);
	check_form(s, size);
	check_rep(s, size);
	if (fm_record_get_err(s, size, &e) &&
	    (e.text < s || e.text + e.text_len > s + size))
		abort();
	free(s);
	return 0;
}
