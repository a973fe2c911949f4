/*
 * The connection: an ssh that is the master of all others and has a shell at
 * its far end. The shell reads lines and evaluates them; each answer ends
 * with a line that begins with a random mark, so that nothing a login script
 * prints can be taken for one.
 */
#include "remote_ssh.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "io.h"
#include "num.h"
#include "prog.h"

#define SECOND INT64_C(1000000000)
#define ANSWER_NS (60 * SECOND) /* as long as a backend may take to greet */
#define ALIVE_NS (10 * SECOND)  /* for an answer to the question "are you?" */
#define GRACE_NS (2 * SECOND)

enum {
	RETRIES = 10, /* unless $FM_SSH_RETRIES says otherwise */
	/* A socket's name has room for 108 bytes, and ssh adds 17 of its own
	 * while it makes it. */
	SOCKET_BYTES = 80
};

/* What it is told besides the user's own configuration. */
static const char *const ssh_options[] = {
	"-T",
	"-oBatchMode=yes",           /* never asks anybody anything */
	"-oRemoteCommand=none",      /* the command is ours */
	"-oClearAllForwardings=yes", /* its ports may be in use */
	"-oServerAliveInterval=15",  /* a host that went without a word */
	"-oServerAliveCountMax=4",
	NULL,
};

static const char shell_loop[] = "while IFS= read -r l; do eval \"$l\"; done";

/* --- quoting --- */

/*
 * A backslash before all that could mean something to any shell. They agree
 * on what it does outside quotes, and on little else.
 */
static void
quote_any(struct fm_buf *b, const char *word)
{
	const char *s;

	if (!*word)
		fm_buf_puts(b, "''");
	for (s = word; *s; s++) {
		bool plain = (*s >= 'a' && *s <= 'z') ||
			     (*s >= 'A' && *s <= 'Z') ||
			     (*s >= '0' && *s <= '9') || strchr("/._-", *s) ||
			     (unsigned char)*s >= 0x80;

		if (!plain)
			fm_buf_putc(b, '\\');
		fm_buf_putc(b, *s);
	}
}

void
remote_ssh_quote(struct fm_buf *b, const char *word)
{
	fm_buf_putc(b, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			fm_buf_puts(b, "'\\'");
		fm_buf_putc(b, *word);
	}
	fm_buf_putc(b, '\'');
}

static void
add_words(const struct remote_ssh *s, struct fm_strs *argv)
{
	size_t i;

	for (i = 0; i < s->words.n; i++)
		fm_strs_add(argv, s->words.v[i]);
	if (!s->shared)
		fm_strs_add(argv, s->control);
}

static void
add_quoted(struct fm_strs *argv, const char *word)
{
	struct fm_buf b = FM_BUF_INIT;

	quote_any(&b, word);
	fm_strs_add_take(argv, fm_buf_detach(&b));
}

/* `exec sh -c` is the same in every login shell. The mark does nothing there
 * but stand among the words of the process. */
static void
add_command(const struct remote_ssh *s, struct fm_strs *argv,
    const char *script, const char *const *args)
{
	char *marked = fm_strdupf(": %s; %s", s->mark, script);

	fm_strs_add(argv, s->host);
	fm_strs_add(argv, "exec");
	fm_strs_add(argv, "sh");
	fm_strs_add(argv, "-c");
	add_quoted(argv, marked);
	free(marked);
	while (args && *args)
		add_quoted(argv, *args++);
}

void
remote_ssh_argv(const struct remote_ssh *s, struct fm_strs *argv,
    const char *script, const char *const *args)
{
	add_words(s, argv);
	add_command(s, argv, script, args);
}

/* --- start and end --- */

static void
make_mark(char mark[20])
{
	unsigned char r[8] = { 0 };
	size_t i;

	if (getrandom(r, sizeof r, 0) < 0)
		memset(r, 0, sizeof r);
	(void)snprintf(mark, 20, "FM-");
	for (i = 0; i < sizeof r; i++)
		(void)snprintf(mark + 3 + 2 * i, 3, "%02x", r[i]);
}

/* A long $TMPDIR has no room for a socket; then each channel is a connection
 * of its own, which is slower and works. */
static int
make_dir(struct remote_ssh *s, struct fm_err *err)
{
	s->dir = fm_io_tmpdir("fm-ssh", err);
	if (!s->dir)
		return -1;
	s->control = strlen(s->dir) < SOCKET_BYTES
			 ? fm_strdupf("-oControlPath=%s/s", s->dir)
			 : fm_strdup("-oControlPath=none");
	return 0;
}

int
remote_ssh_init(
    struct remote_ssh *s, const char *host, int wake_fd, struct fm_err *err)
{
	const char *command = getenv("FM_SSH");
	size_t i;

	*s = (struct remote_ssh){ .wake_fd = wake_fd };
	s->host = fm_strdup(host);
	if (host[0] == '-' || strpbrk(host, " \t\n"))
		return fm_err_set(
		    err, FM_USAGE, "--host: '%s' is no name of a host", host);
	if (fm_strs_words(&s->words, command ? command : "ssh", err) != 0)
		return fm_err_wrap(err, "FM_SSH");
	if (s->words.n == 0)
		return fm_err_set(err, FM_USAGE, "FM_SSH: no words");
	for (i = 0; ssh_options[i]; i++)
		fm_strs_add(&s->words, ssh_options[i]);
	make_mark(s->mark);
	return make_dir(s, err);
}

static void
disconnect(struct remote_ssh *s)
{
	/* A connection that is lost has nothing to end in peace. */
	if (s->master.proc.pid)
		fm_pump_end(&s->master, s->up ? GRACE_NS : 0, SECOND);
	s->up = false;
}

void
remote_ssh_release(struct remote_ssh *s)
{
	struct fm_err ignored = FM_ERR_INIT;

	disconnect(s);
	if (s->dir)
		(void)fm_io_remove_tree(s->dir, &ignored);
	free(s->dir);
	free(s->control);
	free(s->host);
	fm_strs_release(&s->words);
	*s = (struct remote_ssh){ .wake_fd = -1 };
}

/* --- asking --- */

/* The connection has ended, or never came up: ssh's last line says why. */
static int
gone(struct remote_ssh *s, struct fm_err *err)
{
	const char *last;
	char text[100];

	s->up = false;
	(void)fm_pump_to_end(&s->master, SECOND);
	last = fm_pump_last(&s->master);
	if (!last)
		last = fm_proc_status_text(&s->master.proc, text, sizeof text);
	return fm_err_set(err, FM_DIED, "host '%s': %s", s->host, last);
}

/* The next line of any kind: 0, or -1. */
static int
next_line(struct remote_ssh *s, char **line, size_t *n, int64_t until_ns,
    struct fm_err *err)
{
	while (!(*line = fm_pump_line(&s->master, n))) {
		int64_t left = until_ns - fm_clock_now_ns();

		if (s->master.out_eof || s->master.deaf)
			return gone(s, err);
		if (left <= 0) {
			s->up = false;
			return fm_err_set(err, FM_TIMEOUT,
			    "host '%s' did not answer within %d s", s->host,
			    (int)(ANSWER_NS / SECOND));
		}
		if (fm_pump_turn(&s->master, left, s->wake_fd >= 0) ==
		    FM_PUMP_WOKEN) {
			s->up = false;
			return fm_err_set(err, FM_STOPPED,
			    "stopped while waiting for host '%s'", s->host);
		}
	}
	return 0;
}

/* The status in the last line of an answer; -1 = it is another line. */
static int
mark_status(const struct remote_ssh *s, const char *line)
{
	size_t n = strlen(s->mark);
	int64_t v;

	if (strncmp(line, s->mark, n) != 0 || line[n] != ' ' ||
	    !fm_num_get_int(line + n + 1, strlen(line + n + 1), &v))
		return -1;
	return (int)(v & 255);
}

static int
ask(struct remote_ssh *s, const char *script, struct fm_buf *out, int64_t ns,
    struct fm_err *err)
{
	int64_t until = fm_clock_now_ns() + ns;
	char *line;
	size_t n;
	int status;

	fm_buf_printf(&s->master.in, "{ %s; } </dev/null 2>&1; echo %s $?\n",
	    script, s->mark);
	fm_pump_give(&s->master);
	for (;;) {
		if (next_line(s, &line, &n, until, err) != 0)
			return -1;
		status = mark_status(s, line);
		if (status >= 0)
			return status;
		if (out) {
			fm_buf_put(out, line, n);
			fm_buf_putc(out, '\n');
		}
	}
}

int
remote_ssh_ask(struct remote_ssh *s, const char *script, struct fm_buf *out,
    struct fm_err *err)
{
	if (!s->up)
		return fm_err_set(
		    err, FM_DIED, "host '%s' is not connected", s->host);
	return ask(s, script, out, ANSWER_NS, err);
}

char *
remote_ssh_last_line(struct fm_buf *out)
{
	char *end;

	while (out->len && out->s[out->len - 1] == '\n')
		fm_buf_cut(out, out->len - 1);
	end = strrchr(out->s, '\n');
	return end ? end + 1 : out->s;
}

bool
remote_ssh_lost(struct remote_ssh *s)
{
	struct fm_err ignored = FM_ERR_INIT;

	if (s->up && ask(s, ":", NULL, ALIVE_NS, &ignored) != 0)
		s->up = ignored.code == FM_STOPPED;
	return !s->up;
}

/*
 * What was left running may not know yet that we are gone, and would disturb
 * what is measured next. It is all that has our mark among its words, and is a
 * shell of ours: on this very machine, the ssh that we use has it, too. The
 * pattern does not find itself.
 */
int
remote_ssh_sweep(struct remote_ssh *s, struct fm_err *err)
{
	char *script = fm_strdupf(
	    "for f in $(grep -ls \"[F]M%s\" /proc/[0-9]*/cmdline); do "
	    "p=${f#/proc/}; p=${p%%/cmdline}; "
	    "case $p-$(tr \"\\0\" \" \" <$f) in $$-*) ;; "
	    "*-\"sh -c \"*) kill -9 -$p || kill -9 $p ;; esac; done",
	    s->mark + 2);
	int rc = remote_ssh_ask(s, script, NULL, err);

	free(script);
	return rc < 0 ? -1 : 0;
}

/* --- connecting --- */

/*
 * Does the user keep a connection to the host open (ControlMaster)? Some hosts
 * let nobody in without a person who types what a telephone shows.
 */
static bool
kept_open(const struct remote_ssh *s)
{
	struct fm_strs argv = FM_STRS_INIT;
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_pump p;
	bool yes = false;
	size_t i;

	for (i = 0; i < s->words.n; i++)
		fm_strs_add(&argv, s->words.v[i]);
	fm_strs_add(&argv, "-Ocheck");
	fm_strs_add(&argv, s->host);
	if (fm_pump_start(&p, argv.v, -1, -1, &ignored) == 0) {
		yes = fm_pump_to_end(&p, ALIVE_NS) && p.proc.status == 0;
		fm_pump_end(&p, 0, 0);
	}
	fm_strs_release(&argv);
	return yes;
}

int
remote_ssh_connect(struct remote_ssh *s, struct fm_err *err)
{
	struct fm_strs argv = FM_STRS_INIT;
	int debug = getenv("FM_DEBUG") ? STDERR_FILENO : -1;
	int rc;

	disconnect(s);
	s->shared = kept_open(s);
	add_words(s, &argv);
	if (!s->shared) {
		fm_strs_add(&argv, "-oControlMaster=yes");
		fm_strs_add(&argv, "-oControlPersist=no");
	}
	add_command(s, &argv, shell_loop, NULL);
	/* It serves one thread after the other. */
	rc = fm_pump_start_loose(&s->master, argv.v, s->wake_fd, debug, err);
	fm_strs_release(&argv);
	if (rc != 0)
		return fm_err_wrap(err, "host '%s'", s->host);
	rc = ask(s, ":", NULL, ANSWER_NS, err);
	if (rc > 0)
		rc = fm_err_set(err, FM_DIED,
		    "host '%s': its sh ends with status %d", s->host, rc);
	s->up = rc == 0;
	if (rc != 0)
		disconnect(s);
	else
		s->given_up = false;
	return rc;
}

int
remote_ssh_wait(const struct remote_ssh *s, int64_t seconds, struct fm_err *err)
{
	struct pollfd f = { s->wake_fd, POLLIN, 0 };

	if (seconds > 0 && poll(&f, 1, (int)seconds * 1000) > 0)
		return fm_err_set(err, FM_STOPPED,
		    "stopped while waiting for host '%s'", s->host);
	return 0;
}

int64_t
remote_ssh_retries(void)
{
	const char *s = getenv("FM_SSH_RETRIES");
	int64_t n;

	if (!s || !fm_num_get_int(s, strlen(s), &n) || n < 0 || n > 30)
		return RETRIES;
	return n;
}

/* Before the i-th time: 0, 1, 2, 4 … and never more than a minute. */
static int64_t
pause_s(int64_t i)
{
	if (i < 2)
		return 0;
	return i > 7 ? 60 : INT64_C(1) << (i - 2);
}

int
remote_ssh_again(struct remote_ssh *s, struct fm_err *err)
{
	int64_t n = s->given_up ? 1 : remote_ssh_retries(), i;

	for (i = 1; i <= n; i++) {
		fm_prog_say("fm-driver",
		    "host '%s': the connection is lost; trying again (%lld of "
		    "%lld)",
		    s->host, (long long)i, (long long)n);
		fm_err_clear(err);
		if (remote_ssh_wait(s, pause_s(i), err) == 0 &&
		    remote_ssh_connect(s, err) == 0 &&
		    remote_ssh_sweep(s, err) == 0)
			return 0;
		if (err->code == FM_STOPPED)
			return -1;
	}
	s->given_up = true;
	return -1;
}
