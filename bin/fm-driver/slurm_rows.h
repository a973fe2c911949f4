/*
 * ERR rows of the points that a task did not come to, written beside its log.
 */
#ifndef SLURM_ROWS_H
#define SLURM_ROWS_H

#include <stddef.h>

#include "err.h"

struct slurm;

/* Once only: rows that are there stay. `why` is their code and text. */
int slurm_rows(const struct slurm *s, size_t task, const struct fm_err *why,
    struct fm_err *err);

#endif
