/*
 * Running sbatch, squeue, scontrol, sacct and scancel. What they print is
 * small; what they complain of is told in one line.
 */
#include "slurm_cmd.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "alloc.h"
#include "clock.h"
#include "pump.h"

enum {
	LAST_LINES = 4, /* of complaints */
	MOST_BYTES = 64 << 20
};

/* An hour of waiting for a controller is of no use to anybody. */
#define LIMIT_NS INT64_C(120000000000)

void
slurm_cmd_words(struct fm_strs *argv, const char *word, ...)
{
	va_list ap;

	va_start(ap, word);
	for (; word; word = va_arg(ap, const char *))
		fm_strs_add(argv, word);
	va_end(ap);
}

/* "sbatch: error: no such partition" without who says it. */
static const char *
text_of(const char *line)
{
	const char *at = strstr(line, "error: ");

	return at ? at + 7 : line;
}

static char *
complaints(const struct fm_strs *tail)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i = tail->n > LAST_LINES ? tail->n - LAST_LINES : 0;

	for (; i < tail->n; i++)
		fm_buf_printf(
		    &b, "%s%s", b.len ? "; " : "", text_of(tail->v[i]));
	if (b.len)
		return fm_buf_detach(&b);
	fm_buf_release(&b);
	return NULL;
}

static int
to_the_end(struct fm_pump *p, const char *name, bool wake, struct fm_err *err)
{
	int64_t until = fm_clock_now_ns() + LIMIT_NS, left = LIMIT_NS;

	while (!p->proc.done) {
		if (left <= 0 || p->out.len > MOST_BYTES)
			return fm_err_set(
			    err, FM_TIMEOUT, "'%s' does not end", name);
		if (fm_pump_turn(p, left, wake) == FM_PUMP_WOKEN)
			return fm_err_set(
			    err, FM_STOPPED, "'%s' was broken off", name);
		left = until - fm_clock_now_ns();
	}
	return 0;
}

int
slurm_cmd_run(struct slurm_cmd *r, const struct fm_strs *argv, int wake_fd,
    struct fm_err *err)
{
	struct fm_pump p;
	const char *s;
	size_t n;
	int rc;

	fm_buf_init(&r->out);
	r->why = NULL;
	r->good = false;
	if (fm_pump_start(&p, argv->v, wake_fd, -1, err) != 0)
		return fm_err_wrap(
		    err, "--use_slurm: is Slurm on this machine?");
	fm_proc_hang_up(&p.proc);
	rc = to_the_end(&p, argv->v[0], wake_fd >= 0, err);
	if (rc == 0) {
		n = fm_pump_rest(&p, &s);
		fm_buf_put(&r->out, s, n);
		r->why = complaints(&p.tail);
		r->good =
		    WIFEXITED(p.proc.status) && WEXITSTATUS(p.proc.status) == 0;
	}
	fm_pump_end(&p, 0, 0);
	return rc;
}

void
slurm_cmd_release(struct slurm_cmd *r)
{
	fm_buf_release(&r->out);
	free(r->why);
	r->why = NULL;
}
