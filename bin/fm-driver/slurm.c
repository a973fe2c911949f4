/*
 * A sweep under Slurm, from its submission to its last row. Read it from the
 * bottom.
 */
#include "slurm.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "conf.h"
#include "io.h"
#include "journal.h"
#include "num.h"
#include "prog.h"
#include "slurm_cmd.h"
#include "slurm_conf.h"
#include "slurm_job.h"
#include "slurm_log.h"
#include "slurm_queue.h"
#include "slurm_rows.h"

enum {
	SURE_POLLS = 2, /* that show the same end, before it is believed */
	LOST_POLLS = 20 /* in a row without an answer, before we leave */
};

#define SECOND_NS INT64_C(1000000000)
#define CANCEL_NS (10 * SECOND_NS) /* for tasks to end that are cancelled */

struct watch {
	struct slurm s;
	struct slurm_log log;
	int64_t began_ns, longest_ns; /* between two polls */
	int resubmit;                 /* times */
	bool *again;                  /* tasks to be submitted once more */
	int lost;                     /* polls without an answer */
	int status;
};

static bool
over(const struct watch *w, size_t i)
{
	return w->s.tasks[i].status >= 0;
}

static size_t
n_open(const struct watch *w)
{
	size_t i, n = 0;

	for (i = 0; i < w->s.n; i++)
		n += !over(w, i);
	return n;
}

/* --- signals --- */

/* Waits; the number of a signal, or 0. */
static int
wait_ns(const struct watch *w, int64_t ns)
{
	struct pollfd p = { w->s.wake_fd, POLLIN, 0 };
	struct signalfd_siginfo info;

	if (poll(&p, 1, (int)(ns / 1000000)) <= 0)
		return 0;
	if (read(p.fd, &info, sizeof info) != (ssize_t)sizeof info)
		return 0;
	return (int)info.ssi_signo;
}

/* --- one task --- */

static void
say_end(const struct watch *w, size_t i, const char *text)
{
	fm_prog_say(
	    "fm-driver", "job %s_%zu: %s", w->s.tasks[i].job, i + 1, text);
}

/* Has it come to an end of its own? Then it said everything itself. */
static bool
came_to_end(int status)
{
	return status == 0 || status == 1 || status == 2 || status == 4;
}

/* The last line of what a task had to say, or NULL; the caller frees. */
static char *
last_words(const struct watch *w, size_t i)
{
	struct fm_strs lines = FM_STRS_INIT;
	char *last = NULL;

	slurm_job_tail(&w->s, i, &lines);
	if (lines.n)
		last = fm_strdup(lines.v[lines.n - 1]);
	fm_strs_release(&lines);
	return last;
}

/* Is there a row of a failure, as its exit status 1 says? */
static bool
has_row(const struct watch *w, size_t i)
{
	char *path = slurm_job_file(&w->s, i, "log");
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	bool has;

	(void)fm_io_read_file(path, &b, &ignored);
	has = strstr(b.s, "\nFMWORK ERR ") != NULL;
	fm_buf_release(&b);
	free(path);
	return has;
}

static int
close_task(struct watch *w, size_t i, int status, struct fm_err *err)
{
	char *last;

	if (status > 1 && (last = last_words(w, i))) {
		say_end(w, i, last);
		free(last);
	}
	if (slurm_log_take(&w->log, &w->s, i, err) != 0)
		return -1;
	w->s.tasks[i].status = status;
	return slurm_job_save(&w->s, err);
}

/* Why the rest of a task's points have no result. */
static void
explain(const struct watch *w, size_t i, int status, struct fm_err *why)
{
	const struct slurm_task *t = &w->s.tasks[i];
	const struct slurm_state *state = t->state;
	char *how = slurm_how(&w->s, i);
	char *last = last_words(w, i);
	const char *text = state->text;

	if (!text)
		text = status == 3 ? "the task could not write its log"
				   : "the task did not come to its end";
	(void)fm_err_set(why, !state->text && status == 3 ? FM_IO : state->code,
	    "%s (job %s_%zu: %s%s%s)%s%s", text, t->job, i + 1, state->word,
	    how ? ", " : "", how ? how : "", last ? ": " : "",
	    last ? last : "");
	free(last);
	free(how);
}

/* Slurm has ended it: rows for the rest. */
static int
lose_task(struct watch *w, size_t i, int status, struct fm_err *err)
{
	struct fm_err why = FM_ERR_INIT;

	explain(w, i, status, &why);
	say_end(w, i, why.text);
	if (!w->s.whole && slurm_rows(&w->s, i, &why, err) != 0)
		return -1;
	if (slurm_log_take(&w->log, &w->s, i, err) != 0)
		return -1;
	w->s.tasks[i].status = fm_code_status(FM_DIED);
	return slurm_job_save(&w->s, err);
}

static void
tell_held(struct watch *w, size_t i)
{
	struct slurm_task *t = &w->s.tasks[i];
	bool held = t->state->rule == SLURM_HELD ||
		    (t->reason && (strstr(t->reason, "held") ||
				      strncmp(t->reason, "JobHeld", 7) == 0));

	if (held && !t->told)
		fm_prog_say("fm-driver",
		    "job %s_%zu is held (%s): 'scontrol release %s_%zu' lets "
		    "it go on",
		    t->job, i + 1, t->reason ? t->reason : t->state->word,
		    t->job, i + 1);
	t->told = held;
}

/* What the latest poll means for a task. */
static int
judge(struct watch *w, size_t i, struct fm_err *err)
{
	struct slurm_task *t = &w->s.tasks[i];
	int status;

	if (over(w, i) || !t->state)
		return 0;
	tell_held(w, i);
	if (t->state->rule == SLURM_WAIT || t->state->rule == SLURM_HELD)
		return 0;
	status = slurm_job_end(&w->s, i);
	if (came_to_end(status) && (status != 1 || w->s.whole || has_row(w, i)))
		return close_task(w, i, status, err);
	/* Its last files may not have reached us; it may be queued again. */
	if (t->polls < SURE_POLLS)
		return 0;
	if (t->state->rule == SLURM_AGAIN && t->tries <= w->resubmit) {
		w->again[i] = true;
		return 0;
	}
	return lose_task(w, i, status, err);
}

/* Tasks that Slurm has not queued again itself. */
static int
submit_again(struct watch *w, struct fm_err *err)
{
	size_t i, n = 0;
	int rc = 0;

	for (i = 0; i < w->s.n; i++) {
		n += w->again[i];
		if (w->again[i])
			say_end(w, i, "submitted again");
	}
	if (n)
		rc = slurm_submit(&w->s, w->again, err);
	memset(w->again, 0, w->s.n * sizeof *w->again);
	return n && rc == 0 ? slurm_job_save(&w->s, err) : rc;
}

/* --- polling --- */

/* A tenth of the time it has taken so far, at least a second: what is short
 * ends soon, and what is long disturbs nobody. */
static int64_t
interval(const struct watch *w)
{
	int64_t ns = (fm_clock_now_ns() - w->began_ns) / 10;

	if (ns < SECOND_NS)
		ns = SECOND_NS;
	return ns < w->longest_ns ? ns : w->longest_ns;
}

/* No answer may pass; a signal does not. */
static int
look(struct watch *w, struct fm_err *err)
{
	struct fm_err e = FM_ERR_INIT;

	if (slurm_look(&w->s, &e) == 0) {
		w->lost = 0;
		return 1;
	}
	if (e.code == FM_STOPPED)
		return 0;
	if (++w->lost == 1)
		fm_prog_say("fm-driver", "%s: trying again", e.text);
	if (w->lost < LOST_POLLS)
		return 0;
	return fm_err_set(err, FM_NODEVICE,
	    "%s: the job goes on, --attach %s looks at it again", e.text,
	    w->s.tasks[0].job);
}

static void
tell(const struct watch *w)
{
	size_t i, run = 0, wait = 0;
	const char *reason = NULL;

	if (!isatty(STDERR_FILENO))
		return;
	for (i = 0; i < w->s.n; i++) {
		const struct slurm_task *t = &w->s.tasks[i];

		if (over(w, i) || !t->state)
			continue;
		if (strcmp(t->state->word, "PENDING") == 0) {
			wait++;
			reason = t->reason;
		} else {
			run++;
		}
	}
	(void)fprintf(stderr,
	    "\r\033[Kjob %s: %zu of %zu shards done, %zu running, %zu waiting"
	    "%s%s%s%s",
	    w->s.tasks[0].job, w->s.n - n_open(w), w->s.n, run, wait,
	    reason ? " (" : "", reason ? reason : "", reason ? ")" : "",
	    n_open(w) ? "" : "\n");
}

/* 0, the number of a signal, or -1. */
static int
watch(struct watch *w, struct fm_err *err)
{
	size_t i;
	int rc, stopped = 0;

	while (n_open(w) && !stopped) {
		rc = look(w, err);
		for (i = 0; rc > 0 && i < w->s.n; i++)
			if (judge(w, i, err) != 0)
				rc = -1;
		if (rc < 0 || submit_again(w, err) != 0)
			return -1;
		tell(w);
		if (n_open(w))
			stopped = wait_ns(w, interval(w));
	}
	return stopped;
}

/* --- the ends --- */

/* What was measured before the array was cancelled. */
static int
collect(struct watch *w, struct fm_err *err)
{
	int64_t until = fm_clock_now_ns() + CANCEL_NS;
	struct fm_err ignored = FM_ERR_INIT;
	bool alive = true;
	size_t i;

	while (alive && fm_clock_now_ns() < until) {
		if (wait_ns(w, SECOND_NS / 2))
			break;
		if (slurm_look(&w->s, &ignored) != 0)
			continue;
		alive = false;
		for (i = 0; i < w->s.n; i++)
			alive = alive ||
				(!over(w, i) && w->s.tasks[i].state &&
				    w->s.tasks[i].state->rule == SLURM_WAIT);
	}
	for (i = 0; i < w->s.n; i++)
		if (!over(w, i) && slurm_log_take(&w->log, &w->s, i, err) != 0)
			return -1;
	return 0;
}

/* A signal: the hang-up of a terminal leaves the array to another login. */
static int
stop(struct watch *w, int number, struct fm_err *err)
{
	struct fm_err e = FM_ERR_INIT;

	if (number == SIGHUP)
		return 128 + number;
	if (slurm_cancel(&w->s, &e) != 0)
		fm_prog_say("fm-driver", "%s: job %s may still run", e.text,
		    w->s.tasks[0].job);
	fm_prog_say("fm-driver",
	    "stopped by signal %d: job %s is cancelled, what was measured is "
	    "in the log",
	    number, w->s.tasks[0].job);
	return collect(w, err) == 0 ? 128 + number : -1;
}

/* Nothing measured: as the task says that fared worst; else whether some
 * point failed. */
static int
status(const struct watch *w)
{
	int worst = 0;
	size_t i;

	for (i = 0; i < w->s.n; i++)
		if (w->s.tasks[i].status > worst)
			worst = w->s.tasks[i].status;
	if (worst > 1 && (w->log.m.measured || w->log.m.failed))
		return 1;
	return worst == 0 && w->log.m.failed ? 1 : worst;
}

/* --- the beginning --- */

/* The number of --slurm:KEY, or `def`. */
static int
number(const struct conf *c, const char *key, double def, double *v,
    struct fm_err *err)
{
	const char *s = slurm_conf_own(c, key);

	*v = def;
	if (!s || (fm_num_get_double(s, strlen(s), v) && *v >= 0 && *v <= 3600))
		return 0;
	return fm_err_set(err, FM_USAGE,
	    "--slurm:%s: '%s' must be a number from 0 to 3600", key, s);
}

static int
set_up(struct watch *w, const struct conf *c, struct fm_err *err)
{
	double poll_s, tries;

	if (number(c, "poll", 30, &poll_s, err) != 0 ||
	    number(c, "resubmit", 3, &tries, err) != 0)
		return -1;
	w->longest_ns = (int64_t)(poll_s * 1e9);
	w->resubmit = (int)tries;
	w->began_ns = fm_clock_now_ns();
	return 0;
}

/* --dry_run: what would be submitted. */
static int
show(struct watch *w, struct fm_err *err)
{
	struct fm_strs argv = FM_STRS_INIT;
	struct fm_buf b = FM_BUF_INIT;
	char *path = fm_io_join(w->s.dir, "script");
	size_t i;
	int rc;

	slurm_submit_words(&w->s, NULL, &argv);
	for (i = 0; i < argv.n; i++) {
		fm_buf_puts(&b, i ? " \\\n    " : "");
		slurm_conf_quote(&b, argv.v[i]);
	}
	fm_buf_puts(&b, "\n\n");
	rc = fm_io_read_file(path, &b, err);
	if (rc == 0)
		(void)fwrite(b.s, 1, b.len, stdout);
	if (rc == 0)
		rc = fm_io_remove_tree(w->s.dir, err);
	free(path);
	fm_buf_release(&b);
	fm_strs_release(&argv);
	return rc;
}

static int
begin(struct watch *w, const struct fm_buf *old, struct fm_err *err)
{
	if (w->s.c->how.resume && !w->s.whole &&
	    slurm_job_seed(&w->s, old->s, old->len, err) != 0)
		return -1;
	if (slurm_submit(&w->s, NULL, err) != 0) {
		struct fm_err ignored = FM_ERR_INIT;

		(void)fm_io_remove_tree(w->s.dir, &ignored);
		return -1;
	}
	return slurm_job_save(&w->s, err);
}

/* Shards that were over when another driver looked after them. */
static int
merge_old(struct watch *w, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < w->s.n; i++)
		if (over(w, i) && slurm_log_take(&w->log, &w->s, i, err) != 0)
			return -1;
	return 0;
}

static int
look_after(struct watch *w, struct fm_err *err)
{
	int rc;

	w->again = fm_calloc(w->s.n, sizeof *w->again);
	rc = merge_old(w, err);
	if (rc == 0)
		rc = watch(w, err);
	if (rc > 0)
		return stop(w, rc, err);
	if (rc < 0 && err->code == FM_IO) {
		struct fm_err ignored = FM_ERR_INIT;

		(void)slurm_cancel(&w->s, &ignored);
	}
	return rc < 0 || slurm_log_end(&w->log, &w->s, err) != 0 ? -1
								 : status(w);
}

static int
attach(struct watch *w, const char *job, struct fm_err *err)
{
	struct fm_buf old = FM_BUF_INIT;
	int rc = -1;

	if (slurm_job_open(&w->s, job, err) == 0 &&
	    slurm_log_open(&w->log, &w->s, &old, err) == 0)
		rc = look_after(w, err);
	fm_buf_release(&old);
	return rc;
}

static int
submit(struct watch *w, const struct conf *c, struct fm_err *err)
{
	struct fm_buf old = FM_BUF_INIT;
	int rc = slurm_log_open(&w->log, &w->s, &old, err);

	if (rc == 0)
		rc = slurm_job_new(&w->s, journal_run_id(&w->log.j, 1), err);
	if (rc == 0)
		rc = begin(w, &old, err);
	fm_buf_release(&old);
	if (rc == 0 && !c->how.detach)
		rc = look_after(w, err);
	else if (rc == 0)
		printf("%s\n", w->s.tasks[0].job);
	return rc;
}

static int
run(struct watch *w, const struct conf *c, struct fm_err *err)
{
	if (set_up(w, c, err) != 0)
		return -1;
	if (c->how.attach)
		return attach(w, c->how.attach, err);
	if (c->dry_run)
		return slurm_job_new(&w->s, c->how.run_id, err) == 0
			   ? show(w, err)
			   : -1;
	return submit(w, c, err);
}

int
slurm_run(const struct conf *c, int wake_fd, struct fm_err *err)
{
	struct watch w = { .s = { .c = c, .wake_fd = wake_fd, .lock_fd = -1 } };
	int rc;

	slurm_log_init(&w.log);
	rc = run(&w, c, err);
	slurm_log_release(&w.log);
	free(w.again);
	slurm_job_release(&w.s);
	return rc;
}
