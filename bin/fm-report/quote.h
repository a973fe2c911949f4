/*
 * Text from records is hostile. Each place that text is put has its function
 * here, and nothing from a record goes there without it. All take bytes that
 * may not be UTF-8 and end the text with no line end.
 */
#ifndef QUOTE_H
#define QUOTE_H

#include <stdbool.h>
#include <stddef.h>

struct fm_buf;

typedef void quote_put(struct fm_buf *b, const char *s);

/* A terminal or a plain file: control characters become \xNN. */
void quote_text(struct fm_buf *b, const char *s);
/* Lines of text: control characters but the line end become blanks. */
void quote_plain(struct fm_buf *b, const char *s);
/* A cell of a Markdown table. */
void quote_md(struct fm_buf *b, const char *s);
/* Text or a quoted attribute of HTML and XML. */
void quote_html(struct fm_buf *b, const char *s);
/* A field of CSV (RFC 4180); a leading = + - @ is kept from spreadsheets. */
void quote_csv(struct fm_buf *b, const char *s);
/* A field of TSV: tab, line ends and backslash as \t \n \r \\. */
void quote_tsv(struct fm_buf *b, const char *s);
/* A string of gnuplot, with its quotes. */
void quote_gnuplot(struct fm_buf *b, const char *s);
/* The value of a Prometheus label, without its quotes. */
void quote_prom(struct fm_buf *b, const char *s);
/* One word of a benchmark's name in Go's text: no blanks, '/' or '='. */
void quote_word(struct fm_buf *b, const char *s);

/*
 * A copy of at most `chars` characters and `bytes` bytes (8 or more): a long
 * text is cut in its middle, since names often differ at their ends only.
 * The caller frees.
 */
char *quote_short(const char *s, size_t chars, size_t bytes);

/* Characters of UTF-8 text: what it takes on a terminal, nearly. */
size_t quote_width(const char *s);

#endif
