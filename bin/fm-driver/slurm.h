/*
 * fm-driver --use_slurm: the points of a sweep as one Slurm job array. Each
 * task of the array is a shard, run by fm-driver itself with a log of its
 * own; what a task has measured is appended to our log when it has ended.
 *
 * All that is known of an array lies in a folder that the nodes see too, so
 * that another fm-driver can go on with it (--attach).
 */
#ifndef SLURM_H
#define SLURM_H

#include <stdbool.h>

#include "err.h"

struct conf;

/* Does the command line want this file: --use_slurm, --attach? */
bool slurm_is(const struct conf *c);

/* Rules between Slurm's options and the others. */
int slurm_check(const struct conf *c, struct fm_err *err);

/*
 * Submits the array and waits for it, or leaves with --detach, or goes on
 * with one. An exit status, or -1 with err. `wake_fd` is the descriptor of
 * signals: SIGINT and SIGTERM cancel the array, SIGHUP leaves it alone.
 */
int slurm_run(const struct conf *c, int wake_fd, struct fm_err *err);

#endif
