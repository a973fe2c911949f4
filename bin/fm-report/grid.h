/*
 * A table that is ready to be printed: heads and cells, each as people read
 * it and as programs do. Knows the formats, not where the values come from.
 */
#ifndef GRID_H
#define GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct fm_buf;

enum grid_format {
	GRID_TEXT,
	GRID_MD,
	GRID_CSV,
	GRID_TSV,
	GRID_HTML,
	GRID_JSON
};
extern const char *const grid_formats[];

static inline bool
grid_for_people(enum grid_format f)
{
	return f == GRID_TEXT || f == GRID_MD || f == GRID_HTML;
}

enum grid_mood {
	GRID_PLAIN,
	GRID_GOOD,
	GRID_BAD,
	GRID_UNSURE
};

struct grid_cell {
	char *shown; /* for people; NULL = nothing */
	char *exact; /* for programs: JSON; NULL = null */
	enum grid_mood mood;
};

struct grid_head {
	char *name; /* key in JSON, with the unit in CSV */
	char *unit; /* "" = none */
	bool right; /* alignment */
};

struct grid {
	char *title;  /* what all rows share, or NULL */
	char *footer; /* one line below, or NULL */
	struct grid_head *heads;
	size_t n_cols, cap_cols;
	struct grid_cell *cells; /* by rows */
	size_t n_rows, cap_cells;
};

void grid_release(struct grid *g);

/* All columns before the first row. */
void grid_add_col(
    struct grid *g, const char *name, const char *unit, bool right);
/* A row of empty cells: its first one, valid until the next row. */
struct grid_cell *grid_add_row(struct grid *g);

/* Sets a cell; a number that is NAN leaves it empty. */
void grid_set_text(struct grid_cell *c, const char *s);
void grid_set_num(struct grid_cell *c, double v, int decimals);
/* Shown in this form; `exact` stays. */
void grid_set_shown(struct grid_cell *c, const char *s);

/* Decimals with which the smallest of `n` numbers has three digits; `whole`:
 * none when all are whole numbers. */
int grid_decimals(const double *v, size_t n, bool whole);

void grid_put(
    struct fm_buf *b, const struct grid *g, enum grid_format f, bool colour);

/* Is stdout a terminal that wants colour? */
bool grid_colour(FILE *f);

#endif
