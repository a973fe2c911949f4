/*
 * Writing CSV (RFC 4180, lines ended by a newline alone).
 */
#ifndef FM_CSV_H
#define FM_CSV_H

struct fm_buf;

/* Appends a field, behind a comma unless it is the first of its line. */
void fm_csv_put(struct fm_buf *b, const char *field);
void fm_csv_end(struct fm_buf *b);

#endif
