/*
 * Records as rows: CSV, TSV and SQL. Takes the JSON text that was made for a
 * record, so that numbers keep their digits.
 */
#ifndef TABLE_H
#define TABLE_H

#include "buf.h"
#include "conf.h"
#include "record_form.h"

/* A member of the record in hand; both point into text. */
struct cell {
	struct fm_text name, value;
};

struct table {
	enum format format;
	struct fm_strs names; /* columns, dots between the levels */
	bool begun;
	struct cell *cells;
	size_t n, cap, next; /* the one that the next column is likely to be */
	struct fm_buf paths; /* names of cells below the first level */
};

/* `own`: members that --metadata adds to every record, or NULL. */
void table_init(struct table *t, const struct conf *c, json_t *own);
void table_release(struct table *t);

/* What stands before the first row, once. */
void table_begin(struct table *t, struct fm_buf *b, const char *record);
/* Appends the row of a record, an object on one line. */
void table_row(struct table *t, struct fm_buf *b, const char *record);
void table_end(struct table *t, struct fm_buf *b);

/* Is it a key that records have? */
bool table_knows(const char *key);

#endif
