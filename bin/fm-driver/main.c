/*
 * fm-driver: prepares a model, runs it on a device over a grid of sizes, and
 * prints every repetition as FMWORK text. Read it from the bottom.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "alloc.h"
#include "analyze.h"
#include "conf.h"
#include "infer.h"
#include "journal.h"
#include "json.h"
#include "lane.h"
#include "lists.h"
#include "place.h"
#include "plan.h"
#include "prog.h"
#include "progress.h"
#include "script.h"
#include "selftest.h"
#include "session.h"
#include "slurm.h"
#include "text.h"

/* The worse of two exit statuses, by the order in which they are noticed. */
static int
worse(int a, int b)
{
	return a > b ? a : b;
}

/* SIGINT and SIGTERM become a readable descriptor: no handler, no globals. So
 * does SIGHUP, unless nohup(1) has said that it is nothing to us: what is
 * blocked would come although it is ignored. */
static int
watch_signals(void)
{
	struct sigaction hup;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	if (sigaction(SIGHUP, NULL, &hup) != 0 || hup.sa_handler != SIG_IGN)
		(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The status of a program that a signal has ended; 0 when none came. */
static int
signal_status(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
		return 0;
	fm_prog_say("fm-driver",
	    "stopped by signal %u: what was measured is "
	    "in the log",
	    info.ssi_signo);
	return 128 + (int)info.ssi_signo;
}

static int
infer(struct session *s, struct fm_err *err)
{
	struct infer_conf ic = { 0 };
	size_t i;

	ic.session = s;
	ic.remote = s->remote;
	ic.in = s->c->infer;
	ic.out = s->c->out;
	ic.pad = s->c->pad;
	ic.expect = s->c->expect;
	ic.rtol = s->c->rtol;
	ic.atol = s->c->atol;
	if (!s->has_model)
		return fm_err_set(err, FM_USAGE,
		    "--infer: backend '%s' runs no model", s->p.backend);
	/* There is no log to say that the weights are random. */
	for (i = 0; s->m.dummy && i < s->m.notes.n; i++)
		fm_prog_say("fm-driver", "note: %s", s->m.notes.v[i]);
	return infer_run(s->peer, &s->m, &ic, stdout, err);
}

/* Everything but measuring, in one session. */
static int
look_into(struct session *s, const struct conf *c, struct fm_err *err)
{
	if (c->list_devices)
		return list_devices(s, err);
	if (c->list_options)
		return list_options(s);
	if (c->explain && !c->found &&
	    (!s->p.needs_model || s->p.plain_model || s->p.loads))
		return fm_err_set(err, FM_USAGE,
		    "--explain: backend '%s' needs no build", s->p.backend);
	if (session_import(s, err) != 0)
		return -1;
	if (c->explain)
		return 0;
	if (c->dry_run)
		return list_points(s, err);
	if (c->build_only)
		return session_show_build(s, err);
	if (session_open(s, err) != 0)
		return -1;
	if (c->calibrate)
		return list_calibration(s, err);
	if (c->profile)
		return list_profile(s, err);
	return infer(s, err);
}

static bool
measures(const struct conf *c)
{
	return !(c->list_devices || c->list_options || c->dry_run ||
		 c->build_only || c->calibrate || c->profile || c->infer ||
		 c->explain);
}

/* What a run keeps from unit to unit. */
struct run {
	struct journal j;
	struct text t;
	struct plan plan;
	struct places places;
	struct progress progress;
	struct errand e; /* of the turn */
	bool wrong;      /* something was wrong with what was asked */
	json_t *found;   /* for --json: the models of all scripts, or NULL */
	int status;
};

/* One platform: 0, 1 when something failed, -1 with err. */
static int
run_platform(struct run *r, const struct conf *c, struct fm_err *err)
{
	struct session s;
	int rc;

	if (measures(c))
		return lanes_measure(c, &r->e, &r->places, &r->t, err);
	r->e.place = &r->places.v[0];
	rc = session_start(&s, c, &r->t, &r->e, err);
	if (rc == 0)
		rc = look_into(&s, c, err);
	session_end(&s);
	return rc;
}

/* The row of a failure; may the run go on? */
static bool
failed(struct run *r, const struct fm_err *err)
{
	if (err->code == FM_STOPPED)
		return false;
	if (!r->found)
		text_failure(&r->t, err);
	r->wrong = r->wrong || err->code == FM_USAGE;
	r->status = worse(r->status, fm_prog_fail("fm-driver", err));
	return !r->t.failed;
}

/* A model on all platforms: 0, or -1 when nothing more is to be done. */
static int
run_model(struct run *r, const struct conf *c, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < c->platforms.n; i++) {
		int rc;

		r->e.platform = c->platforms.v[i];
		rc = run_platform(r, c, err);
		if (rc > 0)
			r->status = worse(r->status, rc);
		/* Of a lane that was not the first. */
		r->wrong = r->wrong || rc == fm_code_status(FM_USAGE);
		if (rc < 0 && !failed(r, err))
			return -1;
		fm_err_clear(err);
	}
	return 0;
}

/* A unit, or one of a script's models: an experiment of its own in the log,
 * which it does not enter when all of it is there already. */
static int
run_found(void *arg, const struct conf *c, struct fm_err *err)
{
	struct run *r = arg;
	int rc;

	r->t.idle = c->how.resume;
	text_args(&r->t, c);
	rc = run_model(r, c, err);
	if (r->t.idle)
		fm_buf_clear(&r->t.b);
	r->t.idle = false;
	return rc;
}

static int
run_scripts(struct run *r, const struct conf *c, struct fm_err *err)
{
	int rc =
	    script_each(c, &r->t, r->e.wake_fd, r->found, run_found, r, err);

	if (rc > 0)
		r->status = worse(r->status, rc);
	else if (rc < 0 &&
		 ((r->t.failed && r->status >= fm_code_status(FM_IO)) ||
		     !failed(r, err))) /* unless run_found() has said it */
		return -1;
	return 0;
}

static void
put_found(struct run *r)
{
	struct fm_err err = FM_ERR_INIT;

	fm_json_put_py(&r->t.b, r->found);
	if (text_flush(&r->t, &err) != 0)
		(void)failed(r, &err);
}

/* 0, or -1 when nothing more is to be done. */
static int
run_turn(struct run *r, const struct turn *turn)
{
	const struct conf *c = &turn->unit->c;
	struct fm_err err = FM_ERR_INIT;

	r->e.run = turn->run;
	r->e.series = turn->series;
	r->e.unit = turn->number;
	r->e.run_id = journal_run_id(&r->j, turn->run);
	r->t.quiet = !measures(c) && !c->build_only;
	return script_is(c) ? run_scripts(r, c, &err) : run_found(r, c, &err);
}

/* Of what is no points, a shard takes whole units. */
static bool
is_ours(const struct turn *turn)
{
	const struct conf *c = &turn->unit->c;

	return !(c->build_only || c->analyze_only) || !c->how.shards ||
	       (int64_t)(turn->number % (size_t)c->how.shards) ==
		   c->how.shard_no;
}

static void
run_plan(struct run *r)
{
	size_t i, n;
	struct turn *turns = plan_turns(&r->plan, &n);
	/* Nothing but measuring is worth doing twice. */
	bool once = n && !measures(&turns[0].unit->c);

	for (i = 0; i < n; i++)
		progress_later(&r->progress, conf_points(&turns[i].unit->c) *
						 turns[i].unit->c.platforms.n);
	for (i = 0; i < n && r->status < 128; i++)
		if (!(once && turns[i].run > (int64_t)r->plan.n) &&
		    is_ours(&turns[i]) && run_turn(r, &turns[i]) != 0)
			break;
	free(turns);
}

/* What one model has written another one would write over. */
static int
check_outputs(const struct plan *p, struct fm_err *err)
{
	size_t i, k, n = 0;

	for (i = 0; i < p->n; i++)
		for (k = 0; k < p->series[i].n; k++)
			n += p->series[i].units[k].c.platforms.n;
	if (n > 1 && p->c->infer && p->c->out)
		return fm_err_set(err, FM_USAGE,
		    "--out takes the outputs of one model on one platform, "
		    "not of %zu",
		    n);
	return 0;
}

/* Where something was measured, what was not is a failure among others: it
 * has its row. */
static int
among_others(struct run *r)
{
	bool row = r->status == fm_code_status(FM_DIED) ||
		   (r->status == fm_code_status(FM_NOMODEL) && !r->wrong);

	return row && journal_has_any(&r->j) ? 1 : r->status;
}

/* What measures nothing leaves the log alone. */
static int
open_log(
    struct journal *j, const struct conf *c, int wake_fd, struct fm_err *err)
{
	if (measures(c) || c->build_only)
		return journal_open(j, &c->how, wake_fd, err);
	journal_init(j, STDOUT_FILENO);
	return 0;
}

static int
run(const struct conf *c, int wake_fd)
{
	struct fm_err err = FM_ERR_INIT;
	struct run r = { .e.wake_fd = wake_fd };

	if (plan_read(&r.plan, c, &err) == 0 &&
	    check_outputs(&r.plan, &err) == 0 &&
	    places_read(&r.places, c, &err) == 0 &&
	    open_log(&r.j, c, wake_fd, &err) == 0) {
		r.e.journal = &r.j;
		r.e.progress = &r.progress;
		progress_init(&r.progress, c);
		text_init(&r.t, &r.j);
		r.found = c->json ? json_array() : NULL;
		run_plan(&r);
		r.status = among_others(&r);
		if (r.found)
			put_found(&r);
		progress_release(&r.progress);
		text_end(&r.t);
		text_release(&r.t);
	} else if (err.code != FM_STOPPED) {
		r.status = fm_prog_fail("fm-driver", &err);
	}
	json_decref(r.found);
	journal_close(&r.j);
	places_release(&r.places);
	plan_release(&r.plan);
	return r.status;
}

/* What needs no backend and makes nothing. */
static int
look(const struct conf *c)
{
	struct fm_err err = FM_ERR_INIT;
	int rc = analyze_run(c, &err);

	return rc < 0 ? fm_prog_fail("fm-driver", &err) : rc;
}

static int
self_test(int wake_fd)
{
	struct fm_err err = FM_ERR_INIT;
	int rc = selftest_run(wake_fd, &err);

	if (rc >= 0 || err.code == FM_STOPPED)
		return rc < 0 ? 0 : rc;
	return fm_prog_fail("fm-driver", &err);
}

/* Becomes share/fm/setup/NAME.sh; comes back only when that cannot be. */
static int
set_up(const char *name)
{
	char *file = fm_strdupf("setup/%s.sh", name);
	char *path = fm_prog_share(file), *libexec = fm_prog_libexec("");
	char *argv[] = { path, (char[]){ "--libexec" }, libexec, NULL };
	struct fm_err err = FM_ERR_INIT;
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (!strchr(name, '/'))
		(void)execv(path, argv);
	(void)fm_err_set(
	    &err, FM_USAGE, "--setup: there is none for '%s'", name);
	free(file);
	free(path);
	free(libexec);
	return fm_prog_fail("fm-driver", &err);
}

/* Has Slurm run it. */
static int
submit(const struct conf *c, int wake_fd)
{
	struct fm_err err = FM_ERR_INIT;
	int rc = slurm_run(c, wake_fd, &err);

	return rc < 0 ? fm_prog_fail("fm-driver", &err) : rc;
}

int
main(int argc, char **argv)
{
	struct fm_err err = FM_ERR_INIT;
	struct conf c;
	int wake_fd, status, stopped;

	fm_prog_start(&fm_driver_cmd, FM_SIGPIPE_IGNORE, argc, argv);
	wake_fd = watch_signals();
	if (conf_read(&c, argc, argv, &err) != 0)
		status = fm_prog_fail("fm-driver", &err);
	else if (c.setup)
		status = set_up(c.setup);
	else if (c.selftest)
		status = self_test(wake_fd);
	else if (slurm_is(&c))
		status = submit(&c, wake_fd);
	else if (c.analyze_only && !script_is(&c))
		status = look(&c);
	else
		status = run(&c, wake_fd);
	conf_release(&c);
	stopped = signal_status(wake_fd);
	return fm_prog_end("fm-driver", stopped ? stopped : status);
}
