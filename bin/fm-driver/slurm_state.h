/*
 * Slurm's words for what has become of a job, and what follows from each.
 * Source: "JOB STATE CODES" of squeue(1).
 */
#ifndef SLURM_STATE_H
#define SLURM_STATE_H

#include "err.h"

enum slurm_rule {
	SLURM_WAIT,  /* it waits or runs, or Slurm will run it again */
	SLURM_HELD,  /* it waits for a person */
	SLURM_ENDED, /* what is missing in its log becomes ERR rows */
	SLURM_AGAIN  /* submitted again, a few times; then as SLURM_ENDED */
};

struct slurm_state {
	const char *word;
	enum slurm_rule rule;
	enum fm_code code; /* of the rows */
	const char *text;  /* of the rows; NULL = says how it ended */
};

/* The row of a state, "CANCELLED by 0" and "COMPLETED+" too; an unknown one
 * waits. Never NULL. */
const struct slurm_state *slurm_state_find(const char *word);

/* Of a job that Slurm does not know any more. */
const struct slurm_state *slurm_state_gone(void);

#endif
