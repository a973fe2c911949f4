/*
 * Input in blocks of whole lines through one reused buffer: what a person or
 * a pipe sends, of any size, in memory bound by the longest line. Knows line
 * ends, and nothing of what the lines say.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>

struct fm_err;

struct input {
	const char *name; /* for messages */
	int fd;
	bool live; /* a pipe or a terminal: more may come any time */
	bool owns; /* fd is closed at the end */
	char *s;
	size_t cap;      /* bytes allocated */
	size_t at, fill; /* s[at .. fill) was read and not handed out */
	bool eof;
	bool skipping; /* in the rest of a line that is too long */
};

/* `path` "-" is standard input; FIFOs and devices are as good as files. */
int input_open(struct input *in, const char *path, struct fm_err *err);

/*
 * The next block: 1 with at least one line, 0 at the end, -1. The last line
 * of a block ends with '\n', unless it is the last of the input, or ends with
 * a lone '\r', or was cut because it is longer than 64 MiB (`*cut`).
 */
int input_next(
    struct input *in, const char **p, size_t *n, bool *cut, struct fm_err *err);

void input_close(struct input *in);

#endif
