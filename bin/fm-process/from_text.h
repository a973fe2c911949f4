/*
 * Numbers behind words, in what tools print for people.
 */
#ifndef FROM_TEXT_H
#define FROM_TEXT_H

#include <stdbool.h>

#include "buf.h"
#include "record_form.h"

/* The next line, without its end; `*at` is NULL at first. */
bool from_line(const struct fm_buf *b, const char **at, struct fm_text *line);

/* What follows these words in the line, or NULL. */
const char *from_after(struct fm_text line, const char *words);

/* The number that follows, or NAN. */
double from_number(struct fm_text line, const char *words);

#endif
