/*
 * Records out of files: one JSON object a line, or a JSON array, or several
 * of them one after the other. A record that cannot be read is told, counted
 * and skipped.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "pick.h"
#include "strs.h"

struct input {
	struct pick pick;
	/* Called for each record, with its values in pick.got. */
	void (*row)(void *ctx);
	void *ctx;
	bool strict; /* stop at the first record that cannot be read */
	bool quiet;  /* they were told of when they were read before */
	/* What the files are called in messages; NULL = as they are. */
	const struct fm_strs *names;
	int64_t records; /* read */
	int64_t bad;     /* not readable */
};

void input_release(struct input *in);

/*
 * Reads the files; none or "-" is stdin. -1 with err when one cannot be
 * opened or read, or with `strict`.
 */
int input_read(
    struct input *in, const struct fm_strs *files, struct fm_err *err);

#endif
