/*
 * A sweep under Slurm: its shards, and the folder that keeps what another
 * fm-driver needs to go on with it.
 *
 *     script       the batch script, the same for every task
 *     state.json   what was submitted, which shards are over
 *     lock         held by the fm-driver that looks after the array
 *     shard-I.log  what task I has printed
 *     shard-I.err  what it and Slurm had to say besides
 *     shard-I.end  its exit status: it has come to an end of its own
 *     shard-I.rows ERR rows of what it did not come to
 *
 * Beside the folder, job-ID is a link to it.
 */
#ifndef SLURM_JOB_H
#define SLURM_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "err.h"
#include "plan.h"
#include "slurm_state.h"
#include "strs.h"

struct slurm_task {
	char *job;  /* array that it is in now */
	int tries;  /* times it was submitted */
	int status; /* exit status when it is over, else -1 */
	const struct slurm_state *state; /* as it was last seen */
	char *reason; /* Slurm's word for why it waits, or NULL */
	int polls;    /* in a row with this state */
	bool seen;    /* in the latest one */
	bool told;    /* that it is held */
};

struct slurm {
	const struct conf *c; /* of this fm-driver */
	int wake_fd;
	struct conf task;      /* of the tasks, but for the shard */
	struct fm_strs argv;   /* the same as words, with the program */
	struct fm_strs sbatch; /* all but the array and the script */
	struct plan plan;      /* what they measure */
	bool planned;
	bool whole;       /* a shard's output is no log */
	bool retries;     /* --resume_failed */
	char *dir, *name; /* its folder, with the last part of it */
	char *run_id;
	char *log;     /* ours, or NULL */
	size_t seed;   /* bytes that shards' logs begin with: of ours */
	char *cluster; /* in which it is, or NULL */
	int64_t jobs;  /* that run at a time, 0 = all */
	int lock_fd;
	struct slurm_task *tasks; /* task i is shard i + 1 */
	size_t n;
};

/* Reads the plan, and makes a folder for a new array. */
int slurm_job_new(struct slurm *s, const char *run_id, struct fm_err *err);
/* Begins every shard's log with what is known of old points. */
int slurm_job_seed(
    struct slurm *s, const char *log, size_t n, struct fm_err *err);
/* The one of an array that was submitted. */
int slurm_job_open(struct slurm *s, const char *job, struct fm_err *err);
void slurm_job_release(struct slurm *s);

/* After anything of it has changed. */
int slurm_job_save(const struct slurm *s, struct fm_err *err);
/* Makes job-ID known. */
void slurm_job_link(const struct slurm *s, const char *job);

/* "DIR/shard-3.log" of tasks[2] and "log"; the caller frees. */
char *slurm_job_file(const struct slurm *s, size_t task, const char *ending);
/* Its exit status, -1 while there is none. */
int slurm_job_end(const struct slurm *s, size_t task);
/* Adds the last lines of what it had to say. */
void slurm_job_tail(const struct slurm *s, size_t task, struct fm_strs *lines);

#endif
