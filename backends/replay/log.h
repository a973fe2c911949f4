/*
 * A recorded log as a list of points, each with its lines in order. Knows the
 * text around FMWORK lines as far as it tells points apart.
 */
#ifndef REPLAY_LOG_H
#define REPLAY_LOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "record.h"

struct log_line {
	enum fm_tag tag; /* REP TOK GAP OBS SIM */
	const char *s;   /* NUL-terminated */
	size_t len;
	struct fm_rep rep; /* of a REP line */
};

struct log_point {
	int64_t input, output, batch;
	size_t n, cap;
	struct log_line *lines;
	struct fm_err err; /* how it ended, when by an ERR line */
	bool played;
};

struct log {
	struct fm_buf text; /* of the file; lines point into it */
	size_t n, cap;
	struct log_point *points;
	json_t *sys;               /* of its first SYS line, or NULL */
	int64_t setup_ns;          /* of its first SETUP line, or -1 */
	char *model, *model_class; /* of its first RES line, or NULL */
	struct fm_err err;         /* of an ERR line that means no point */
	size_t bad;                /* lines that were skipped */
};

/*
 * Reads `path`. Bad lines are skipped; the first few are named on stderr,
 * all are counted.
 */
int log_read(struct log *l, const char *path, struct fm_err *err);
void log_release(struct log *l);

/* The next point of these sizes that was not played; `again`: the one last
 * played. NULL when there is none; *count is how many there are in all. */
struct log_point *log_find(struct log *l, int64_t input, int64_t output,
    int64_t batch, bool again, size_t *count);

#endif
