/*
 * What the command line asks for.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "opt.h"
#include "strs.h"

struct conf {
	/* which records, and how they are put together */
	const char *where, *by, *rows, *cols, *columns, *sort;
	int format;
	const char *output; /* NULL = stdout */
	bool strict;
	/* Records that cannot be read were told of before: 1 those of the
	 * files, 2 also those of the base and the history. */
	int quiet;
	/* plot */
	const char *kind; /* first argument; NULL = none */
	const char *x, *y, *series, *terminal, *template, *title, *roofs;
	bool keep;
	/* diff */
	const char *metric, *threshold, *match;
	double alpha;
	struct fm_strs history;
	const char *base; /* html, junit */

	struct fm_args args;
	struct fm_strs files; /* args.rest without what is no file */
};

enum command {
	CMD_TABLE,
	CMD_PLOT,
	CMD_DIFF,
	CMD_HTML,
	CMD_PROM,
	CMD_BENCHSTAT,
	CMD_JUNIT,
	CMD_GITHUB,
	COMMANDS
};

extern const struct fm_cmd conf_cmd;

/* Which command argv names: COMMANDS and err when none. */
enum command conf_command(int argc, char **argv, struct fm_err *err);

int conf_read(struct conf *c, enum command cmd, int argc, char **argv,
    struct fm_err *err);
void conf_release(struct conf *c);

#endif
