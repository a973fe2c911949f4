/*
 * One experiment: what holds for all points of one start of a driver. A log
 * may hold several, one after the other; each keeps its own options.
 */
#ifndef EXPER_H
#define EXPER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "hash.h"
#include "record_form.h"
#include "strs.h"

struct exper {
	enum fm_dialect dialect; /* of the lines read last, or NONE */
	bool begun;          /* something besides ARG, EXP and ENV was seen */
	bool announced;      /* its first banner was seen */
	bool settled;        /* all of its ARG lines were seen */
	struct fm_strs opts; /* "--reps 3", "--env A=B" */
	char *model;         /* from ARG, PARAMS or "Model path:"; or NULL */
	char *model_class;
	char *platform;
	char *setup;        /* seconds, as text */
	char *warmup;       /* seconds, as text */
	int64_t multiplier; /* batch_multiplier: divides times; or 1 */
	int64_t times;      /* batch_size_times: the same, and a fault; or 1 */
	json_t *sys;        /* of the SYS line, or NULL */
	char sys_id[FM_HASH_HEX]; /* hash of its lasting facts, "" = none */
	char run_id[65];          /* from SYS, or made from the first stamp */
	struct fm_buf opts_json;  /* opts in the output's form, once made */
};

void exper_init(struct exper *x);
void exper_release(struct exper *x);
/* Forgets everything, for the next experiment. */
void exper_clear(struct exper *x);

/* The text of an ARG line, or of an EXP line. */
void exper_arg(struct exper *x, const char *s, size_t n);
void exper_env(struct exper *x, const char *s, size_t n);
/* The JSON of a SYS line; false when it is none. */
bool exper_sys(struct exper *x, const char *s, size_t n);
/* "model_path = /models/x" of a PARAMS block; other lines do nothing. */
void exper_param(struct exper *x, const char *s, size_t n);

void exper_set(char **where, const char *s, size_t n);

/* The run id; made from this first stamp when SYS named none. */
const char *exper_run_id(struct exper *x, struct fm_text stamp);

#endif
