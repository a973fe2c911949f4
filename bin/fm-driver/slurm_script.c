/*
 * The batch script. Everything in it that comes from outside is quoted by
 * slurm_conf_quote(); what it passes on is as long and as odd as it was given.
 */
#include "slurm_script.h"

#include "buf.h"
#include "slurm_conf.h"
#include "slurm_job.h"

static void
put_words(struct fm_buf *b, const struct slurm *s)
{
	size_t i;

	fm_buf_puts(b, "set -- ");
	slurm_conf_quote(b, s->argv.v[0]);
	fm_buf_printf(b, " --shard \"$i/%zu\"", s->n);
	if (!s->whole) {
		fm_buf_puts(b, " --run_id ");
		slurm_conf_quote(b, s->run_id);
		fm_buf_puts(b, " \\\n    --log \"$dir/shard-$i.log\" ");
		fm_buf_puts(b, s->retries ? "--resume_failed" : "--resume");
	}
	for (i = 1; i < s->argv.n; i++) {
		fm_buf_puts(b, " \\\n    ");
		slurm_conf_quote(b, s->argv.v[i]);
	}
	fm_buf_puts(b, "\n");
}

/* Devices that Slurm hands out are ours alone, and numbered from 0 in every
 * job: no other job is to wait for them. */
static void
put_locks(struct fm_buf *b)
{
	fm_buf_puts(b, "if [ -n \"${SLURM_JOB_GPUS:-}\" ]; then\n"
		       "\tFM_LOCK_DIR=${TMPDIR:-/tmp}/fm-lock-$SLURM_JOB_ID\n"
		       "\texport FM_LOCK_DIR\n"
		       "fi\n");
}

/*
 * Not under srun: that would give the program one task's share of what the
 * script has been given. The shell outlives SIGTERM to tell how the program
 * ended; and the end is told by a name that appears at once.
 */
void
slurm_script_put(struct fm_buf *b, const struct slurm *s)
{
	fm_buf_puts(b, "#!/bin/sh\n# A shard of a sweep, by fm-driver.\ndir=");
	slurm_conf_quote(b, s->dir);
	fm_buf_puts(b, "\ni=$SLURM_ARRAY_TASK_ID\n"
		       "rm -f \"$dir/shard-$i.end\"\n"
		       "trap : TERM\n");
	put_locks(b);
	put_words(b, s);
	fm_buf_puts(b, s->whole ? "\"$@\" </dev/null >\"$dir/shard-$i.log\"\n"
				: "\"$@\" </dev/null\n");
	fm_buf_puts(b,
	    "status=$?\n"
	    "echo $status >\"$dir/shard-$i.end.tmp\" &&\n"
	    "    mv \"$dir/shard-$i.end.tmp\" \"$dir/shard-$i.end\"\n"
	    "exit $status\n");
}
