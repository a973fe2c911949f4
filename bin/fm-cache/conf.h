/*
 * Commands and options of fm-cache. One struct holds what all of them may be
 * told; each command has its own table.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "opt.h"
#include "strs.h"

struct conf {
	struct fm_strs dirs; /* --cache_dir */
	bool all, yes, dry_run;
	bool json, full;
	const char *max_size, *older_than; /* gc */
	const char *report_dir;
	int viewer;
	struct fm_args args;
};

extern const struct fm_cmd conf_cmd;

#endif
