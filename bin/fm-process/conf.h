/*
 * What the command line of fm-process says.
 */
#ifndef CONF_H
#define CONF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "opt.h"
#include "stat.h"
#include "strs.h"

enum format {
	FORMAT_JSON,
	FORMAT_JSONL,
	FORMAT_CSV,
	FORMAT_TSV,
	FORMAT_SQL,
	FORMAT_QAIC
};

enum schema {
	SCHEMA_FULL,
	SCHEMA_FMWORK,
	SCHEMA_QAIC
};

/* fmwork's scripts, by what they read */
enum compat_script {
	COMPAT_AUTO,
	COMPAT_EMBED,
	COMPAT_INFER,
	COMPAT_INFER_4FAB875,
	COMPAT_JSONFY,
	COMPAT_LOG2CSV
};

/* whose files they are */
enum from_tool {
	FROM_FMWORK,
	FROM_LLAMA_BENCH,
	FROM_TRTEXEC,
	FROM_HYPERFINE,
	FROM_GBENCH,
	FROM_ORT_PERF
};

struct conf {
	struct fm_strs paths;
	struct fm_strs errors; /* files of error patterns */
	const char *output;
	const char *metadata_id; /* NULL, a word, or "auto" */
	const char *precision;   /* NULL = as the dialect does */
	const char *model;       /* NULL = as the log says */
	int format;
	int schema;
	int from;         /* enum from_tool */
	int compat;       /* enum compat_script */
	const char *drop; /* fmwork, mser, none, "20%" */
	bool basic;       /* basic statistics only */
	bool no_stats;
	bool type7;
	bool with_sys;
	bool strict;
	bool recursive;
	bool dedup;
	const char *metadata; /* file of members for every record */
	const char *profile;  /* of ONNX Runtime, instead of logs */
	int64_t jobs;
	bool drop_given;
	json_t *own; /* what `metadata` holds, or NULL */

	struct fm_stat_conf stat; /* made of the above */
};

extern const struct fm_cmd conf_cmd;

/* Checks what the table cannot, and fills `stat`. */
int conf_finish(struct conf *c, struct fm_err *err);

#endif
