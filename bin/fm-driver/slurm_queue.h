/*
 * What Slurm is asked and told about an array: submit, look, cancel.
 */
#ifndef SLURM_QUEUE_H
#define SLURM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct slurm;
struct fm_strs;

/* Submits the tasks that `wanted` names (NULL = all), as one array. */
int slurm_submit(struct slurm *s, const bool *wanted, struct fm_err *err);

/* The words that slurm_submit() runs. */
void slurm_submit_words(
    const struct slurm *s, const bool *wanted, struct fm_strs *argv);

/* Asks once for all tasks that are not over and sets state, reason and polls
 * of each. -1: Slurm did not answer, or a signal came (FM_STOPPED). */
int slurm_look(struct slurm *s, struct fm_err *err);

/* "exit status 3" of a task, where Slurm tells; the caller frees, or NULL. */
char *slurm_how(const struct slurm *s, size_t task);

int slurm_cancel(const struct slurm *s, struct fm_err *err);

#endif
