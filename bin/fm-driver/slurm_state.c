/*
 * The one table of states. It decides only about a task that did not come to
 * an end of its own: a task that did has left its exit status, and that
 * counts, whatever Slurm calls it.
 */
#include "slurm_state.h"

#include <stddef.h>
#include <string.h>

static const struct slurm_state states[] = {
	{ "PENDING", SLURM_WAIT, FM_OK, NULL },
	{ "CONFIGURING", SLURM_WAIT, FM_OK, NULL },
	{ "RUNNING", SLURM_WAIT, FM_OK, NULL },
	{ "COMPLETING", SLURM_WAIT, FM_OK, NULL },
	{ "STAGE_OUT", SLURM_WAIT, FM_OK, NULL },
	{ "SUSPENDED", SLURM_WAIT, FM_OK, NULL },
	{ "STOPPED", SLURM_WAIT, FM_OK, NULL },
	{ "SIGNALING", SLURM_WAIT, FM_OK, NULL },
	{ "RESIZING", SLURM_WAIT, FM_OK, NULL },
	{ "REVOKED", SLURM_WAIT, FM_OK, NULL },
	{ "REQUEUED", SLURM_WAIT, FM_OK, NULL },
	{ "REQUEUE_FED", SLURM_WAIT, FM_OK, NULL },
	{ "REQUEUE_HOLD", SLURM_HELD, FM_OK, NULL },
	{ "SPECIAL_EXIT", SLURM_HELD, FM_OK, NULL },
	{ "RESV_DEL_HOLD", SLURM_HELD, FM_OK, NULL },
	{ "COMPLETED", SLURM_ENDED, FM_DIED, NULL },
	{ "FAILED", SLURM_ENDED, FM_DIED, NULL },
	{ "TIMEOUT", SLURM_ENDED, FM_TIMEOUT, "over the job's time limit" },
	{ "DEADLINE", SLURM_ENDED, FM_TIMEOUT, "over the job's deadline" },
	{ "OUT_OF_MEMORY", SLURM_ENDED, FM_OOM, "over the job's memory" },
	{ "CANCELLED", SLURM_ENDED, FM_PREEMPTED, "the job was cancelled" },
	{ "PREEMPTED", SLURM_AGAIN, FM_PREEMPTED, "the job was preempted" },
	{ "NODE_FAIL", SLURM_AGAIN, FM_DIED, "the node failed" },
	{ "BOOT_FAIL", SLURM_AGAIN, FM_NODEVICE, "the node did not boot" },
};

static const struct slurm_state other = { "", SLURM_WAIT, FM_OK, NULL };

static const struct slurm_state gone = { "GONE", SLURM_ENDED, FM_PREEMPTED,
	"Slurm does not know the job any more" };

const struct slurm_state *
slurm_state_find(const char *word)
{
	size_t i, n = strcspn(word, " +|");

	for (i = 0; i < sizeof states / sizeof *states; i++)
		if (strlen(states[i].word) == n &&
		    strncmp(states[i].word, word, n) == 0)
			return &states[i];
	return &other;
}

const struct slurm_state *
slurm_state_gone(void)
{
	return &gone;
}
