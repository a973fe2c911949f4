/*
 * The driver's end of the talk, against a double that behaves badly on
 * purpose: tests/shims/backend, told how by $FAULT and $NUMBER. Run from the
 * top of the tree.
 */
#include "peer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "io.h"
#include "json.h"

#define MS INT64_C(1000000)

/* Limits short enough for a test and long enough for a busy machine. */
static const struct fm_peer_conf quick = {
	.wake_fd = -1,
	.stderr_fd = -1,
	.hello_ns = 5000 * MS,
	.answer_ns = 5000 * MS,
	.grace_ns = 100 * MS,
	.term_ns = 100 * MS,
};

static struct fm_peer *
start(const struct fm_peer_conf *conf, const char *fault, const char *number,
    struct fm_err *err)
{
	struct fm_peer_conf c = *conf;
	struct fm_strs argv = FM_STRS_INIT;
	struct fm_peer *p;

	fm_err_clear(err);
	fm_strs_add(&argv, "env");
	fm_strs_add_take(&argv, fm_strdupf("FAULT=%s", fault));
	fm_strs_add_take(&argv, fm_strdupf("NUMBER=%s", number ? number : ""));
	fm_strs_add(&argv, "tests/shims/backend");
	c.argv = &argv;
	p = fm_peer_start(&c, err);
	fm_strs_release(&argv);
	return p;
}

/* One that greets well. */
static struct fm_peer *
greeted(const struct fm_peer_conf *conf, const char *fault, const char *number)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_peer *p = start(conf, fault, number, &err);

	if (!p) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return p;
}

static int
ask(struct fm_peer *p, const char *op, struct fm_err *err)
{
	json_t *r = json_pack("{s:s}", "op", op);
	int rc;

	fm_err_clear(err);
	rc = fm_peer_send(p, r, err);
	json_decref(r);
	return rc;
}

/* Asks for a run and counts the lines of the answer. */
static int
run(struct fm_peer *p, int *lines, struct fm_err *err)
{
	char *line;
	size_t len;
	int rc = ask(p, "run", err);

	*lines = 0;
	while (rc == 0 && (rc = fm_peer_line(p, &line, &len, err)) == 1) {
		++*lines;
		rc = 0;
		if (strlen(line) != len)
			printf("# length %zu of '%s'\n", len, line);
		else
			continue;
		return -2;
	}
	return rc;
}

/* --- the greeting --- */

static void
test_greeting(void)
{
	struct fm_peer *p = greeted(&quick, "none", NULL);
	const json_t *o = fm_peer_opts(p);
	struct fm_err err;
	char *line;
	size_t len;

	is_str(fm_peer_name(p), "double", "the name is that of HELLO");
	ok(fm_peer_can(p, "generate"), "a CAP is known");
	ok(!fm_peer_can(p, "heartbeat"), "another is not");
	is_int((intmax_t)json_array_size(o), 2, "OPT lines");
	o = json_array_get(o, 0);
	is_str(fm_json_str(o, "name", NULL), "threads", "option: name");
	is_str(fm_json_str(o, "type", NULL), "int", "option: type");
	is_str(fm_json_str(o, "def", NULL), "0", "option: default");
	is_str(fm_json_str(o, "help", NULL), "threads inside one operator",
	    "option: help");
	o = json_array_get(fm_peer_opts(p), 1);
	is_str(fm_json_str(o, "def", NULL), "", "option: no default");
	is_str(fm_json_str(o, "help", NULL), "a name that is empty",
	    "option: help after no default");

	is_int(ask(p, "run", &err), 0, "a request is sent");
	is_int(fm_peer_line(p, &line, &len, &err), 1, "a line comes");
	is_str(line, "FMWORK REP 1 3 1.000000000 1.500000000 0.500000000",
	    "as it was sent");
	is_int((intmax_t)len, (intmax_t)strlen(line), "with its length");
	is_int(fm_peer_line(p, &line, &len, &err), 0, "then the end");
	is_int(fm_peer_line(p, &line, &len, &err), -1, "and no more");
	is_str(err.text, "backend 'double' was not asked anything", "no more");
	is_int(ask(p, "open", &err), 0, "another request");
	is_int(fm_peer_finish(p, &err), 0, "finished unread");
	is_int(ask(p, "open", &err), 0, "another one");
	is_int(ask(p, "open", &err), -1, "not two at a time");
	is_str(err.text, "backend 'double' was asked before it had answered",
	    "not two at a time");
	ok(fm_peer_alive(p), "it lives");
	fm_peer_end(p);
	fm_peer_end(NULL);
}

static void
refused(
    const char *fault, const char *number, enum fm_code code, const char *text)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_peer_conf c = quick;

	if (strcmp(fault, "hang-hello") == 0)
		c.hello_ns = 200 * MS;
	ok(!start(&c, fault, number, &err), fault);
	is_str(err.text, text, text);
	is_str(fm_code_word(err.code), fm_code_word(code), "its code");
}

static void
test_no_greeting(void)
{
	struct fm_strs argv = FM_STRS_INIT;
	struct fm_peer_conf c = quick;
	struct fm_err err = FM_ERR_INIT;

	refused("die-hello", NULL, FM_DIED,
	    "backend 'backend' died: exit status 3: cannot load "
	    "libdevice.so");
	refused("segv-hello", NULL, FM_DIED,
	    "backend 'backend' died: killed by SIGSEGV (signal 11)");
	refused("hang-hello", NULL, FM_TIMEOUT,
	    "backend 'backend' did not say hello within 0.2 s");
	refused("protocol", "2", FM_NODEVICE,
	    "backend 'backend' speaks protocol '2', not 1: install the "
	    "programs and the backends of one version");
	refused("protocol", "1x", FM_NODEVICE,
	    "backend 'backend' speaks protocol '1x', not 1: install the "
	    "programs and the backends of one version");
	refused(
	    "refuse", NULL, FM_NODEVICE, "backend 'backend': no device here");
	refused("banner", "65", FM_DIED,
	    "backend 'backend' did not say hello in its first 64 lines: "
	    "Welcome, line 65");
	fm_strs_add(&argv, "/no/such/fm-backend-odd");
	c.argv = &argv;
	ok(!fm_peer_start(&c, &err), "no such program");
	is_str(err.text,
	    "backend 'odd': cannot start '/no/such/fm-backend-odd': No such "
	    "file or directory",
	    "no such program");
	fm_strs_release(&argv);
}

static void
test_banner(void)
{
	struct fm_peer *p = greeted(&quick, "banner", "64");
	const struct fm_strs *tail = fm_peer_tail(p);

	is_int((intmax_t)tail->n, 20, "the last 20 lines of a banner");
	if (tail->n == 20) {
		is_str(tail->v[0], "Welcome, line 45", "from here");
		is_str(tail->v[19], "Welcome, line 64", "to here");
	}
	fm_peer_end(p);
}

/* --- answers --- */

/* A fault in the run: how many lines came, and how it ended. */
static void
fault(const char *name, int lines, enum fm_code code, const char *text,
    bool alive)
{
	struct fm_peer_conf c = quick;
	struct fm_peer *p;
	struct fm_err err;
	int n, rc;

	if (code == FM_TIMEOUT)
		c.answer_ns = 500 * MS;
	if (strcmp(name, "silent") == 0) {
		c.answer_ns = 0;
		c.silence_ns = 500 * MS;
	}
	p = greeted(&c, name, NULL);
	rc = run(p, &n, &err);
	is_int(rc, code == FM_OK ? 0 : -1, name);
	is_int(n, lines, "lines before the end");
	is_str(err.text, text, text);
	is_str(fm_code_word(err.code), fm_code_word(code), "its code");
	is_int(fm_peer_alive(p), alive, alive ? "it lives" : "it is gone");
	is_int(ask(p, "open", &err), alive ? 0 : -1, "the next request");
	if (alive)
		is_int(fm_peer_finish(p, &err), 0, "is answered");
	else
		is_str(err.text, "backend 'double' has ended", "is refused");
	fm_peer_end(p);
}

static void
test_faults(void)
{
	fault("none", 1, FM_OK, "", true);
	fault("crlf", 1, FM_OK, "", true);
	fault("err", 1, FM_OOM, "cannot allocate 12884901888 bytes", true);
	fault("err-odd", 1, FM_INTERNAL, "FMWORK ERR stopped", true);
	fault("err-stop", 1, FM_INTERNAL, "by whom", true);
	fault("die-run", 1, FM_DIED,
	    "backend 'double' died: exit status 7: last words", false);
	fault("segv-run", 1, FM_DIED,
	    "backend 'double' died: killed by SIGSEGV (signal 11): about to "
	    "crash",
	    false);
	fault(
	    "torn", 1, FM_DIED, "backend 'double' died: exit status 0", false);
	fault("torn-ok", 1, FM_DIED, "backend 'double' died: exit status 0",
	    false);
	fault("torn-text", 1, FM_DIED,
	    "backend 'double' died: exit status 1: Segm", false);
	fault("bar", 1, FM_DIED, "backend 'double' died: exit status 1: 30%",
	    false);
	fault("close-run", 1, FM_DIED,
	    "backend 'double' closed its output without an answer", false);
	fault("hang-run", 1, FM_TIMEOUT,
	    "backend 'double' did not answer within 0.5 s: waiting for the "
	    "device",
	    false);
	fault("silent", 1, FM_TIMEOUT, "backend 'double' was silent for 0.5 s",
	    false);
	fault("babble", 1, FM_TIMEOUT,
	    "backend 'double' did not answer within 0.5 s: y", false);
	fault("long-out", 1, FM_INTERNAL,
	    "backend 'double' sent a line of more than 64 MiB", false);
}

/* What it says beside its answers does not disturb them. */
static void
test_noise(void)
{
	struct fm_peer *p = greeted(&quick, "noise", NULL);
	const struct fm_strs *tail = fm_peer_tail(p);
	struct fm_err err;
	int n;

	is_int(run(p, &n, &err), 0, "stray lines on stdout");
	is_int(n, 1, "are not part of the answer");
	is_int((intmax_t)tail->n, 2, "but kept");
	is_str(tail->n > 1 ? tail->v[1] : NULL, "bad  [31mcolour",
	    "without what terminals obey");
	fm_peer_end(p);

	p = greeted(&quick, "flood-err", NULL);
	is_int(run(p, &n, &err), 0, "10 MB on stderr do not block it");
	is_int((intmax_t)fm_peer_tail(p)->n, 20, "20 lines are kept");
	fm_peer_end(p);

	p = greeted(&quick, "long-err", NULL);
	is_int(run(p, &n, &err), -1, "nor does a line of 10 MB");
	tail = fm_peer_tail(p);
	is_int((intmax_t)tail->n, 1, "one line is kept");
	is_int(tail->n ? (intmax_t)strlen(tail->v[0]) : 0, 500, "but cut");
	fm_peer_end(p);
}

/* Two ends of one answer would shift all that follow. */
static void
test_twice(void)
{
	struct fm_peer *p = greeted(&quick, "twice", NULL);
	struct fm_err err;
	int n;

	is_int(run(p, &n, &err), 0, "the first end");
	fm_clock_sleep_ns(50 * MS);
	is_int(ask(p, "run", &err), -1, "the second is noticed");
	is_str(err.text,
	    "backend 'double' said more than it was asked for: FMWORK OK",
	    "and named");
	ok(!fm_peer_alive(p), "it is not trusted any more");
	fm_peer_end(p);
}

static void
test_heartbeat(void)
{
	struct fm_peer_conf c = quick;
	struct fm_peer *p;
	struct fm_err err;
	int n;

	c.answer_ns = 0;
	c.silence_ns = 500 * MS;
	p = greeted(&c, "chatty", NULL);
	is_int(run(p, &n, &err), 0, "PROG lines keep it from being silent");
	is_int(n, 9, "and are handed on");
	fm_peer_end(p);
}

/* The caller's time is not the backend's. */
static void
test_slow_caller(void)
{
	struct fm_peer_conf c = quick;
	struct fm_peer *p;
	struct fm_err err;

	c.answer_ns = 500 * MS;
	p = greeted(&c, "none", NULL);
	is_int(ask(p, "run", &err), 0, "asked");
	fm_clock_sleep_ns(700 * MS);
	is_int(fm_peer_finish(p, &err), 0, "read late, but it was in time");
	fm_peer_end(p);
}

static void
test_big_request(void)
{
	struct fm_peer *p = greeted(&quick, "none", NULL);
	struct fm_err err = FM_ERR_INIT;
	char *line, *big = fm_malloc(1000001);
	json_t *r;
	size_t len;

	memset(big, 'x', 1000000);
	big[1000000] = '\0';
	r = json_pack("{s:s,s:s}", "op", "echo", "data", big);
	is_int(fm_peer_send(p, r, &err), 0, "a request of 1 MB is sent");
	is_int(fm_peer_line(p, &line, &len, &err), 1, "and answered");
	is_str(line, "FMWORK LEN 1000023", "whole");
	is_int(fm_peer_finish(p, &err), 0, "to its end");
	json_decref(r);
	free(big);
	fm_peer_end(p);
}

static void
test_wake(void)
{
	struct fm_peer_conf c = quick;
	struct fm_peer *p;
	struct fm_err err;
	int fd[2], n;
	int64_t t0;

	if (pipe(fd) != 0)
		return;
	c.wake_fd = fd[0];
	p = greeted(&c, "hang-run", NULL);
	(void)fm_io_write_all(fd[1], "x", 1);
	t0 = fm_clock_now_ns();
	is_int(run(p, &n, &err), -1, "woken while waiting");
	is_int(err.code, FM_STOPPED, "stopped");
	is_str(
	    err.text, "stopped while waiting for backend 'double'", "stopped");
	ok(fm_clock_now_ns() - t0 < 2000 * MS, "at once");
	fm_peer_end(p);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

static void
test_stderr_copy(void)
{
	struct fm_peer_conf c = quick;
	struct fm_buf b = FM_BUF_INIT;
	struct fm_peer *p;
	struct fm_err err;
	int fd[2], n;
	ptrdiff_t got;

	if (pipe(fd) != 0)
		return;
	c.stderr_fd = fd[1];
	p = greeted(&c, "die-run", NULL);
	is_int(run(p, &n, &err), -1, "died");
	fm_peer_end(p);
	(void)close(fd[1]);
	while ((got = fm_io_read_some(fd[0], fm_buf_reserve(&b, 99), 99)) > 0)
		fm_buf_commit(&b, (size_t)got);
	is_str(b.s, "first words\nlast words\n", "its stderr is copied");
	fm_buf_release(&b);
	(void)close(fd[0]);
}

/* --- the end --- */

static void
test_end(const char *name, int64_t grace_ns, int64_t least_ns)
{
	struct fm_peer_conf c = quick;
	struct fm_peer *p;
	int64_t t0, t;

	c.grace_ns = grace_ns;
	p = greeted(&c, name, NULL);
	t0 = fm_clock_now_ns();
	fm_peer_end(p);
	t = fm_clock_now_ns() - t0;
	if (!ok(t >= least_ns && t < 3000 * MS, name))
		printf("# took %" PRId64 " ms\n", t / MS);
}

static void
test_grandchild(void)
{
	struct fm_peer *p = greeted(&quick, "grandchild", NULL);
	int64_t t0 = fm_clock_now_ns();
	struct fm_err err;
	int n;

	is_int(run(p, &n, &err), -1, "one that leaves a child behind");
	is_int(n, 2, "all it said before is read");
	is_str(err.text, "backend 'double' died: killed by SIGKILL (signal 9)",
	    "its end is seen though its output stays open");
	ok(fm_clock_now_ns() - t0 < 2000 * MS, "at once");
	fm_peer_end(p);
}

/* Not a test of speed, but of the order of it: nothing is copied per line. */
static void
test_many(void)
{
	struct fm_peer *p = greeted(&quick, "many", "100000");
	struct fm_err err;
	int64_t t0 = fm_clock_now_ns();
	int n;

	is_int(run(p, &n, &err), 0, "100000 lines");
	is_int(n, 100001, "all of them");
	printf("# %.0f ns a line\n", (double)(fm_clock_now_ns() - t0) / 100001);
	fm_peer_end(p);
}

int
main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	test_greeting();
	test_no_greeting();
	test_banner();
	test_faults();
	test_noise();
	test_twice();
	test_heartbeat();
	test_slow_caller();
	test_big_request();
	test_wake();
	test_stderr_copy();
	test_end("none", 20000 * MS, 0);
	test_end("stay", 100 * MS, 100 * MS);
	test_end("ignore-term", 100 * MS, 200 * MS);
	test_grandchild();
	test_many();
	return done();
}
