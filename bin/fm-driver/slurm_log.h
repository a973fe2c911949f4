/*
 * Our log of a sweep under Slurm: it takes from each task what is new.
 */
#ifndef SLURM_LOG_H
#define SLURM_LOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "journal.h"
#include "slurm_merge.h"

struct fm_buf;
struct slurm;

struct slurm_log {
	struct journal j;
	bool opened;
	struct slurm_merge m;
	json_t *all; /* --analyze_only --json: one list of all tasks' */
};

void slurm_log_init(struct slurm_log *l);
void slurm_log_release(struct slurm_log *l);

/*
 * Opens it and looks which points it has: of the job, when another driver has
 * died over it, or with --resume of earlier ones. `old` gets its text.
 */
int slurm_log_open(struct slurm_log *l, const struct slurm *s,
    struct fm_buf *old, struct fm_err *err);

/* Appends what a task has that it has not. */
int slurm_log_take(struct slurm_log *l, const struct slurm *s, size_t task,
    struct fm_err *err);

/* After the last one. */
int slurm_log_end(
    struct slurm_log *l, const struct slurm *s, struct fm_err *err);

#endif
