/*
 * One of Slurm's commands: run to its end, with what it said.
 */
#ifndef SLURM_CMD_H
#define SLURM_CMD_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "strs.h"

struct slurm_cmd {
	struct fm_buf out; /* its stdout */
	char *why;         /* its complaints in one line, or NULL */
	bool good;         /* exit status 0 */
};

/*
 * 0 when it ran and ended, however; -1 when it could not be started, took
 * longer than two minutes or, with `wake_fd` >= 0, a signal came
 * (FM_STOPPED). The caller releases `r` in any case.
 */
int slurm_cmd_run(struct slurm_cmd *r, const struct fm_strs *argv, int wake_fd,
    struct fm_err *err);
void slurm_cmd_release(struct slurm_cmd *r);

/* Adds words up to a NULL. */
void slurm_cmd_words(struct fm_strs *argv, const char *word, ...);

#endif
