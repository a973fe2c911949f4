/*
 * Errors. A library function that can fail returns 0 or -1 (or NULL) and takes
 * a `struct fm_err *` last. The first error wins: a second one is not stored.
 * A code is the word of an FMWORK ERR line, and decides the exit status.
 *
 * Texts: lower case, no full stop, what failed first, the subject in single
 * quotes, its place when there is one, and what to do.
 */
#ifndef FM_ERR_H
#define FM_ERR_H

#include <stdarg.h>

enum fm_code {
	FM_OK = 0,
	FM_USAGE,     /* wrong arguments, sweep, mapping or device file */
	FM_NOMODEL,   /* no such model, or not one we can read */
	FM_NODEVICE,  /* device, vendor library or backend is not here */
	FM_OOM,       /* the device or the host had too little memory */
	FM_BUSY,      /* the device is in use: may pass */
	FM_IO,        /* read, write, pipe: may pass */
	FM_TIMEOUT,   /* no answer within the limit */
	FM_DIED,      /* the backend ended without an answer */
	FM_INTERNAL,  /* a fault of the runtime or of fm itself */
	FM_SKIPPED,   /* not tried, on purpose */
	FM_PREEMPTED, /* taken away by the scheduler */
	FM_STOPPED,   /* by a signal: what was asked for was broken off */
	FM_CODES
};

struct fm_err {
	enum fm_code code; /* FM_OK while nothing has failed */
	char text[1000];   /* one line, cut to fit */
};

#define FM_ERR_INIT                                                            \
	{                                                                      \
		FM_OK, ""                                                      \
	}

/* Stores the first error; always returns -1, so `return fm_err_set(…)`. */
int fm_err_set(struct fm_err *err, enum fm_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with ": " and the text of errno at the end. */
int fm_err_sys(struct fm_err *err, enum fm_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "text: " in front of a stored error, to say where it was met. */
int fm_err_wrap(struct fm_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void fm_err_clear(struct fm_err *err);

/* "oom", "io" …, the second word of an FMWORK ERR line. */
const char *fm_code_word(enum fm_code code);

/* The code of a word, FM_INTERNAL for one that is not known. */
enum fm_code fm_code_of(const char *word);

/* The exit status (fm(7)) of a program that ends because of `code`. */
int fm_code_status(enum fm_code code);

#endif
