/*
 * The command line of a sweep under Slurm, parted in two: what sbatch gets
 * and what the tasks get.
 */
#ifndef SLURM_CONF_H
#define SLURM_CONF_H

#include <jansson.h>
#include <stddef.h>

#include "err.h"
#include "strs.h"

struct conf;
struct fm_buf;
struct plan;

/* A set that is ours and sbatch's, not a backend's. */
#define SLURM_SET "slurm"

/* --slurm:KEY of our own, or NULL. */
const char *slurm_conf_own(const struct conf *c, const char *key);

/* The words of a task, without its shard. */
void slurm_conf_task(
    const struct conf *c, const char *program, struct fm_strs *argv);

/* Options of sbatch that the user gives. */
int slurm_conf_sbatch(
    const struct conf *c, struct fm_strs *argv, struct fm_err *err);

/* How many shards: what was asked for, or what suits the sweep. */
int slurm_conf_shards(
    const struct conf *c, const struct plan *p, size_t *n, struct fm_err *err);

/* A word that a shell reads back as it is. */
void slurm_conf_quote(struct fm_buf *b, const char *word);

#endif
