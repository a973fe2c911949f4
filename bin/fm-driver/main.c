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
#include "lists.h"
#include "measure.h"
#include "prog.h"
#include "script.h"
#include "session.h"
#include "text.h"

/* The worse of two exit statuses, by the order in which they are noticed. */
static int
worse(int a, int b)
{
	return a > b ? a : b;
}

/* SIGINT and SIGTERM become a readable descriptor: no handler, no globals. */
static int
watch_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
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

	ic.in = s->c->infer;
	ic.out = s->c->out;
	ic.pad = s->c->pad;
	ic.expect = s->c->expect;
	ic.rtol = s->c->rtol;
	ic.atol = s->c->atol;
	if (!s->has_model)
		return fm_err_set(err, FM_USAGE,
		    "--infer: backend '%s' runs no model", s->p.backend);
	return infer_run(s->peer, &s->m, &ic, stdout, err);
}

/* One platform: 0, 1 when something failed, -1 with err. */
static int
run_platform(struct session *s, const struct conf *c, struct text *t,
    const char *platform, int wake_fd, struct fm_err *err)
{
	if (session_start(s, c, t, platform, wake_fd, err) != 0)
		return -1;
	if (c->list_devices)
		return list_devices(s, err);
	if (c->list_options)
		return list_options(s);
	if (session_import(s, err) != 0)
		return -1;
	if (c->dry_run)
		return list_points(s);
	if (c->build_only)
		return session_show_build(s, err);
	if (session_open(s, err) != 0)
		return -1;
	if (c->calibrate)
		return list_calibration(s, err);
	if (c->profile)
		return list_profile(s, err);
	return c->infer ? infer(s, err) : measure_all(s, err);
}

/* What a run keeps from model to model. */
struct run {
	struct text t;
	int wake_fd, status;
};

/* The row of a failure; may the run go on? */
static bool
failed(struct run *r, const struct fm_err *err)
{
	if (err->code == FM_STOPPED)
		return false;
	text_failure(&r->t, err);
	r->status = worse(r->status, fm_prog_fail("fm-driver", err));
	return !r->t.failed;
}

/* A model on all platforms: 0, or -1 when nothing more is to be done. */
static int
run_model(void *arg, const struct conf *c, struct fm_err *err)
{
	struct run *r = arg;
	size_t i;

	for (i = 0; i < c->platforms.n; i++) {
		struct session s;
		int rc = run_platform(
		    &s, c, &r->t, c->platforms.v[i], r->wake_fd, err);

		session_end(&s);
		if (rc > 0)
			r->status = worse(r->status, rc);
		if (rc < 0 && !failed(r, err))
			return -1;
		fm_err_clear(err);
	}
	return 0;
}

/* Each of a script's models is an experiment of its own in the log. */
static int
run_found(void *arg, const struct conf *c, struct fm_err *err)
{
	struct run *r = arg;

	text_args(&r->t, c);
	return run_model(r, c, err);
}

static void
run_scripts(struct run *r, const struct conf *c)
{
	struct fm_err err = FM_ERR_INIT;
	int rc = script_each(c, &r->t, r->wake_fd, run_found, r, &err);

	if (rc > 0)
		r->status = worse(r->status, rc);
	else if (rc < 0 && !r->t.failed)
		(void)failed(r, &err);
}

static int
run(const struct conf *c, int wake_fd)
{
	struct fm_err err = FM_ERR_INIT;
	struct run r = { .wake_fd = wake_fd };

	text_init(&r.t, STDOUT_FILENO);
	r.t.quiet = c->list_devices || c->list_options || c->dry_run ||
		    c->infer || c->calibrate || c->profile;
	if (script_is(c))
		run_scripts(&r, c);
	else
		(void)run_found(&r, c, &err);
	text_end(&r.t);
	text_release(&r.t);
	return r.status;
}

/* What needs no backend and makes nothing. */
static int
look(const struct conf *c, int wake_fd)
{
	struct fm_err err = FM_ERR_INIT;
	int rc = c->explain
		     ? session_explain(c, c->platforms.v[0], wake_fd, &err)
		     : analyze_run(c, &err);

	return rc < 0 ? fm_prog_fail("fm-driver", &err) : rc;
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
	else if (c.explain || (c.analyze_only && !script_is(&c)))
		status = look(&c, wake_fd);
	else
		status = run(&c, wake_fd);
	conf_release(&c);
	stopped = signal_status(wake_fd);
	return fm_prog_end("fm-driver", stopped ? stopped : status);
}
