/*
 * A growable string of bytes. `s` is never NULL after the initialiser and is
 * always followed by a NUL that `len` does not count; bytes may be NUL too.
 * The owner is whoever declared it: FM_BUF_INIT at the start, fm_buf_release()
 * at the end, fm_buf_clear() to use the memory again.
 */
#ifndef FM_BUF_H
#define FM_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct fm_buf {
	char *s;    /* NUL-terminated; points to a constant while cap is 0 */
	size_t len; /* bytes, without the NUL */
	size_t cap; /* bytes allocated, 0 = none */
};

extern char fm_buf_empty[1];
#define FM_BUF_INIT                                                            \
	{                                                                      \
		fm_buf_empty, 0, 0                                             \
	}

void fm_buf_init(struct fm_buf *b);
void fm_buf_release(struct fm_buf *b);
void fm_buf_clear(struct fm_buf *b);
/* Takes away all after the first `n` bytes (at most len). */
void fm_buf_cut(struct fm_buf *b, size_t n);

/* Room for `n` more bytes (and the NUL); returns where they go. */
char *fm_buf_reserve(struct fm_buf *b, size_t n);
/* Counts `n` bytes written where fm_buf_reserve() said, and adds the NUL. */
void fm_buf_commit(struct fm_buf *b, size_t n);

void fm_buf_put(struct fm_buf *b, const void *p, size_t n);
void fm_buf_puts(struct fm_buf *b, const char *s);
void fm_buf_putc(struct fm_buf *b, char c);
void fm_buf_printf(struct fm_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void fm_buf_vprintf(struct fm_buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Hands the string to the caller, who frees it, and leaves `b` empty. */
char *fm_buf_detach(struct fm_buf *b);

/* Removes `n` bytes (at most len) from the front. */
void fm_buf_consume(struct fm_buf *b, size_t n);

#endif
