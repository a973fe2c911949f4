/*
 * Known texts of failures (share/errors.yaml and files of one's own): which
 * of them a log holds. Knows patterns and lines, nothing of records.
 */
#ifndef ERRORS_H
#define ERRORS_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "strs.h"

struct fm_err;

struct error_text {
	char *code;
	char *pattern;
	bool says_line; /* the message quotes the line, not the pattern */
	bool fmwork;    /* known to fmwork's script, too */
	bool compiled;
	regex_t re;
};

enum {
	ERROR_BITS = 12 /* of the hash of four bytes */
};

struct errors {
	struct error_text *v;
	size_t n, cap;
	/* Hashes of the first bytes of the words that a match must hold; all
	 * ones when a pattern has no such word. */
	uint64_t filter[(1 << ERROR_BITS) / 64];
};

/* The product's table, behind the files of `more`. */
int errors_load(
    struct errors *e, const struct fm_strs *more, struct fm_err *err);
void errors_release(struct errors *e);

/* What was found in a log so far. */
struct errors_found {
	size_t best;        /* index of the pattern; SIZE_MAX = nothing */
	struct fm_buf line; /* where it was, stripped */
};
void errors_found_init(struct errors_found *f);
void errors_found_release(struct errors_found *f);
void errors_found_clear(struct errors_found *f);

/* Looks at one line. `fmwork`: only what fmwork's script knows. */
void errors_look(struct errors *e, struct errors_found *f, bool fmwork,
    const char *s, size_t n);

/* Could the line hold any such text? Cheap, and true too often. */
bool errors_suspect(const struct errors *e, const char *s, size_t n);

/* `<code> | "<text>"` */
void errors_message(
    const struct errors *e, const struct errors_found *f, struct fm_buf *b);

#endif
