/*
 * The text of the log around the FMWORK lines, as fmwork's embed/tf driver
 * prints it: banners, arguments, blocks. And the way out: lines are gathered
 * and written whole.
 */
#ifndef TEXT_H
#define TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct conf;
struct fm_model;
struct fm_point;
struct journal;
struct platform;

/* What one lane writes into the log. */
struct text {
	struct fm_buf b; /* whole lines, not written yet */
	struct journal *j;
	int64_t flushed_ns; /* monotonic time of the last write */
	bool failed;        /* a write was refused: the log has ended */
	bool quiet;         /* no log is wanted: nothing is kept */
	bool begun;         /* something was written */
	bool held;          /* others write too: only whole points go out */
	bool idle;          /* nothing goes out before there is a point */
	struct fm_buf sys;  /* the SYS line, for when others wrote last */
};

void text_init(struct text *t, struct journal *j);
void text_release(struct text *t);

/* Writes what was gathered, unless it is held or idle; FM_IO when the other
 * end or the disk refuses. */
int text_flush(struct text *t, struct fm_err *err);
/* Does so when the last write is 50 ms old. */
int text_flush_soon(struct text *t, struct fm_err *err);
/* The end of a point: writes everything, onto the disk if it is a file. */
int text_point(struct text *t, struct fm_err *err);
/* What was gathered goes out in front of the first point that anybody
 * writes, or never. */
void text_defer(struct text *t);
/* The SYS line of what follows. */
void text_sys(struct text *t, const json_t *sys);

void text_line(struct text *t, const char *line, size_t n);
void text_banner(struct text *t, const char *title);
/* The title of a point: "RUN 128 / 1". */
void text_run_title(
    char *b, size_t n, const struct conf *c, const struct fm_point *at);
/* EXP lines, and the ARGS block: ARG lines and the JSON of all arguments. */
void text_args(struct text *t, const struct conf *c);
/* The RUNTIME block: the sets a backend gets, and those it ignores. */
void text_runtime(
    struct text *t, const struct conf *c, const struct platform *p);
/* What stands where fmwork prints the repr of the model. */
void text_model(struct text *t, const struct fm_model *m);

/*
 * Something failed before a point: its row, with zeros. Wrong usage is no
 * result: it leaves no log.
 */
void text_failure(struct text *t, const struct fm_err *e);
/* The blank line at the end of the log; writes what is left. */
void text_end(struct text *t);

/* The words of the command line that this backend ignores: "--compile …" */
void text_ignored(
    struct fm_buf *b, const struct conf *c, const struct platform *p);

#endif
