/*
 * Logs of shards, appended to one: points that are complete, none twice.
 *
 * A point is known by its KEY line and the run that its log's SYS line names;
 * a row without a key by its text. What failed before and was measured now is
 * appended too.
 */
#ifndef SLURM_MERGE_H
#define SLURM_MERGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct slurm_merge {
	json_t *known;           /* point: was it measured? */
	struct fm_buf b;         /* to be written */
	size_t measured, failed; /* points appended so far */
};

void slurm_merge_init(struct slurm_merge *m);
void slurm_merge_release(struct slurm_merge *m);

/* The points of a log that is there already. */
void slurm_merge_know(struct slurm_merge *m, const char *log, size_t n);

/* Adds to `b` what is new in a log; its last line may be torn. */
void slurm_merge_add(struct slurm_merge *m, const char *log, size_t n);

/*
 * How many points of each kind are complete: {slurm_merge_title(): n}, and of
 * a unit that failed before its points {slurm_merge_title(args, "", 0, "")}.
 * New reference.
 */
json_t *slurm_merge_titles(const char *log, size_t n);

/* What tells points apart that have no key: hash of the text of the unit's
 * arguments, platform, run, "RUN 128 / 1". The caller frees. */
char *slurm_merge_title(
    const char *args, const char *platform, int64_t run, const char *title);

#endif
