/*
 * How Python reads text and numbers, where records must come out as its
 * scripts would have printed them.
 */
#ifndef PY_H
#define PY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "emit.h"
#include "record_form.h"

/* A text and where the next line begins. */
struct py_lines {
	const char *p, *end;
	int64_t line; /* number of the line last returned */
	bool wide;    /* also break where str.splitlines() does */
};

/* Lines end with "\n", "\r\n" or "\r". */
void py_lines_init(struct py_lines *l, const char *s, size_t n);
bool py_lines_next(struct py_lines *l, struct fm_text *t);

/* Without white space around it, of any script. */
struct fm_text py_strip(struct fm_text t);
bool py_begins(struct fm_text t, const char *prefix);
bool py_has(struct fm_text t, const char *part);

/* The i-th part between single blanks, as split(' ')[i]; n = 0 and s = NULL
 * when there is none. */
struct fm_text py_part(struct fm_text t, int i);
/* The last word, as split()[-1]. */
struct fm_text py_last(struct fm_text t);

/* int(), into decimal digits appended to `b`. */
bool py_int(struct fm_buf *b, struct fm_text t);
bool py_int64(struct fm_text t, int64_t *v);
/* float() */
bool py_float(struct fm_text t, double *v);
/* round(v, digits) */
double py_round(double v, int digits);

/* json.dumps of a float: its repr, NaN, Infinity. */
void py_emit_float(struct emit *e, double v);

/* Removes the bytes that are not UTF-8: open(errors='ignore'). */
void py_drop_invalid(struct fm_buf *b);
/* "\r\n" and "\r" become "\n". */
void py_newlines(struct fm_buf *b);

#endif
