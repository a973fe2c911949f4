/*
 * --schema fmwork: records exactly as fmwork's own scripts print them, fault
 * by fault, for those who feed other tools with them. Each script is one
 * function here; what it cannot read costs the line, not the output.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include "conf.h"
#include "errors.h"
#include "folder.h"
#include "hash.h"
#include "out.h"

struct compat {
	const struct conf *conf;
	struct out *out;
	struct errors *errors;
	const char *file;
	struct fm_buf text;       /* the file */
	char sys_id[FM_HASH_HEX]; /* of the SYS line read last, "" = none */
	int64_t faults;
};

/* A log file, standard input ("-"), or an experiment folder. */
int compat_read(struct compat *c, const char *path, struct fm_err *err);

/* Says what is wrong with a line, and counts it. */
void compat_fault(struct compat *c, int64_t line, const char *why);
/* Was that one too many? */
bool compat_stops(const struct compat *c);

/* Each reads c->text. */
void compat_embed(struct compat *c);
void compat_infer(struct compat *c);
void compat_infer_4fab875(struct compat *c);
void compat_jsonfy(struct compat *c);
/* These read a folder. */
void compat_server(
    struct compat *c, const struct folder *f, enum compat_script which);
void compat_log2csv(struct compat *c, const char *path, struct fm_err *err);

/* --- shared by the scripts --- */

void compat_str(struct emit *e, const char *key, const char *s);
void compat_text(struct emit *e, const char *key, struct fm_text t);
void compat_null(struct emit *e, const char *key);
void compat_strs(struct emit *e, const char *key, const struct fm_strs *l);
/* What --metadata_id says; of "auto", the id of the system, or null. */
void compat_id(struct compat *c, struct emit *e);
/* A line of a log: perhaps the facts of the system. */
void compat_sys(struct compat *c, struct fm_text t);
/* The record ends, with the members of --metadata. */
void compat_end(struct compat *c, struct emit *e);
/* The letters fp8, in any case. */
bool compat_says_fp8(struct fm_text t);
/* False, with nothing written, when Python could not read it. */
bool compat_is_int(struct fm_text t);
bool compat_is_float(struct fm_text t);
void compat_int(struct emit *e, const char *key, struct fm_text t);
void compat_float(struct emit *e, const char *key, struct fm_text t);
/* Name, or that of --model, and version, as infer/vllm's at 4fab875. */
void compat_model_4fab875(
    struct compat *c, struct emit *e, struct fm_text name);

#endif
