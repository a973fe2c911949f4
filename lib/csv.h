/*
 * CSV (RFC 4180): reading it, and writing it with lines ended by a newline
 * alone.
 */
#ifndef FM_CSV_H
#define FM_CSV_H

#include <stddef.h>

struct fm_buf;

/* Reads: calls `field` for every field, and `end` at the end of every row. 0,
 * or -1 when it is no CSV. */
int fm_csv_get(const char *s, size_t n, void (*field)(void *arg, const char *s),
    void (*end)(void *arg), void *arg);

/* Appends a field, behind a comma unless it is the first of its line. */
void fm_csv_put(struct fm_buf *b, const char *field);
void fm_csv_end(struct fm_buf *b);

#endif
