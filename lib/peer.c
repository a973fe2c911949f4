/*
 * Talking to a backend: greeting, requests, answers and their limits. Knows
 * where an answer ends; what its lines mean is the caller's business, and how
 * the bytes move is pump's.
 */
#include "peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "alloc.h"
#include "clock.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "pump.h"
#include "record.h"

#define SECOND INT64_C(1000000000)
#define HELLO_NS (60 * SECOND)
#define SILENCE_NS (60 * SECOND)
#define GRACE_NS (10 * SECOND)
#define TERM_NS (5 * SECOND)
#define STOP_NS SECOND       /* grace after FM_STOPPED: a person waits */
#define LAST_WORDS_NS SECOND /* from the end of its stdout to its own */
#define TOLD_NS (SECOND / 5) /* from its SIGTERM to ours */

enum {
	PROTOCOL = 1,
	BANNER_LINES = 64, /* before HELLO */
	LINE_MIB = 64      /* longest line */
};

struct fm_peer {
	struct fm_peer_conf conf; /* limits filled in; argv not kept */
	struct fm_pump pump;
	char *name; /* from HELLO; before it, from argv */
	struct fm_strs caps;
	json_t *opts;
	bool alive; /* can be asked something */
	bool asked; /* a request has no full answer yet */
	bool greeted;
	bool stopped; /* by the caller's wake-up */
	/* Time we have waited since the request, and since it last said
	 * anything. What the caller does meanwhile is not its fault. */
	int64_t waited_ns, silent_ns;
	int64_t since_ns; /* counted up to here in this call; 0 = not yet */
};

static bool
starts(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* --- failures --- */

/* Stores "backend 'ort' <what>: <its last words>". */
static int
fail(struct fm_peer *p, enum fm_code code, const char *what, struct fm_err *err)
{
	const char *last = fm_pump_last(&p->pump);

	p->alive = false;
	return fm_err_set(err, code, "backend '%s' %s%s%s", p->name, what,
	    last ? ": " : "", last ? last : "");
}

static int
stop(struct fm_peer *p, struct fm_err *err)
{
	p->alive = false;
	p->stopped = true;
	return fm_err_set(
	    err, FM_STOPPED, "stopped while waiting for backend '%s'", p->name);
}

/* A scheduler ends all processes of a job at once: it may have been told
 * before us, and that is no failure of its. */
static bool
is_stop(struct fm_peer *p)
{
	int s = p->pump.proc.done ? p->pump.proc.status : -1;
	bool told = s >= 0 && WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM;

	return fm_pump_turn(&p->pump, told ? TOLD_NS : 0, true) ==
	       FM_PUMP_WOKEN;
}

/* Its output has ended, or it does not listen: no more answers. */
static int
gone(struct fm_peer *p, struct fm_err *err)
{
	char what[120], status[100];
	const char *torn;
	size_t n = fm_pump_rest(&p->pump, &torn);

	if (!starts(torn, "FMWORK "))
		(void)fm_pump_keep(&p->pump, torn, n);
	if (!fm_pump_to_end(&p->pump, LAST_WORDS_NS))
		return fail(p, FM_DIED,
		    p->pump.deaf ? "closed its input"
				 : "closed its output without an answer",
		    err);
	if (is_stop(p))
		return stop(p, err);
	(void)snprintf(what, sizeof what, "died: %s",
	    fm_proc_status_text(&p->pump.proc, status, sizeof status));
	return fail(p, FM_DIED, what, err);
}

static int
late(struct fm_peer *p, const char *what, int64_t ns, struct fm_err *err)
{
	char text[100];

	(void)snprintf(text, sizeof text, "%s %g s", what, (double)ns / 1e9);
	return fail(p, FM_TIMEOUT, text, err);
}

/* --- lines --- */

/* How long we may wait still; 0 with err set when it has been too long. */
static int64_t
time_left(struct fm_peer *p, struct fm_err *err)
{
	int64_t ns = p->greeted ? p->conf.answer_ns : p->conf.hello_ns;
	int64_t quiet = p->conf.silence_ns - p->silent_ns;
	int64_t left = ns ? ns - p->waited_ns : INT64_MAX;

	if (left <= 0) {
		(void)late(p,
		    p->greeted ? "did not answer within"
			       : "did not say hello within",
		    ns, err);
		return 0;
	}
	if (!fm_peer_can(p, "heartbeat"))
		return left;
	if (quiet <= 0) {
		(void)late(p, "was silent for", p->conf.silence_ns, err);
		return 0;
	}
	return quiet < left ? quiet : left;
}

/* One turn of the pump, with the time it takes: 0, or -1. */
static int
wait_turn(struct fm_peer *p, struct fm_err *err)
{
	int64_t ns = time_left(p, err);
	const char *s;
	size_t had = fm_pump_rest(&p->pump, &s);

	if (ns == 0)
		return -1;
	if (p->since_ns == 0)
		p->since_ns = fm_clock_now_ns();
	if (fm_pump_turn(&p->pump, ns, true) == FM_PUMP_WOKEN)
		return stop(p, err);
	ns = fm_clock_now_ns() - p->since_ns;
	p->since_ns += ns;
	p->waited_ns += ns;
	p->silent_ns += ns;
	if (fm_pump_rest(&p->pump, &s) > had)
		p->silent_ns = 0;
	return 0;
}

/* Waits for a line of any kind. */
static int
wait_line(struct fm_peer *p, char **line, size_t *len, struct fm_err *err)
{
	char text[100];
	const char *s;

	while (!(*line = fm_pump_line(&p->pump, len))) {
		if (p->pump.out_eof || p->pump.deaf)
			return gone(p, err);
		if (fm_pump_rest(&p->pump, &s) >> 20 >= LINE_MIB) {
			(void)snprintf(text, sizeof text,
			    "sent a line of more than %d MiB", LINE_MIB);
			return fail(p, FM_INTERNAL, text, err);
		}
		if (wait_turn(p, err) != 0)
			return -1;
	}
	return 0;
}

/* The end of an answer by an ERR line. */
static int
said_err(const char *line, size_t len, struct fm_err *err)
{
	struct fm_err_line e;

	if (!fm_record_get_err(line, len, &e))
		return fm_err_set(err, FM_INTERNAL, "%s", line);
	/* These two mean something else on this side. */
	if (e.code == FM_OK || e.code == FM_STOPPED)
		e.code = FM_INTERNAL;
	return fm_err_set(err, e.code, "%s", e.text);
}

int
fm_peer_line(struct fm_peer *p, char **line, size_t *len, struct fm_err *err)
{
	const char *body;

	if (!p->asked || !p->alive)
		return fm_err_set(err, FM_INTERNAL,
		    "backend '%s' was not asked anything", p->name);
	p->since_ns = 0;
	for (;;) {
		if (wait_line(p, line, len, err) != 0)
			return -1;
		if (starts(*line, "FMWORK "))
			break;
		(void)fm_pump_keep(&p->pump, *line, *len);
	}
	body = *line + strlen("FMWORK ");
	if (strcmp(body, "OK") == 0) {
		p->asked = false;
		return 0;
	}
	if (starts(body, "ERR ")) {
		p->asked = false;
		return said_err(*line, *len, err);
	}
	return 1;
}

int
fm_peer_finish(struct fm_peer *p, struct fm_err *err)
{
	char *line;
	size_t len;
	int rc;

	do
		rc = fm_peer_line(p, &line, &len, err);
	while (rc == 1);
	return rc;
}

/* --- requests --- */

/*
 * An answer of two ends would shift all that follow by one, and samples would
 * be filed under the wrong point: better no answer than that.
 */
static int
check_quiet(struct fm_peer *p, struct fm_err *err)
{
	char *line;
	size_t len;

	(void)fm_pump_turn(&p->pump, 0, false);
	while ((line = fm_pump_line(&p->pump, &len))) {
		(void)fm_pump_keep(&p->pump, line, len);
		if (starts(line, "FMWORK "))
			return fail(p, FM_INTERNAL,
			    "said more than it was asked for", err);
	}
	return p->pump.out_eof ? gone(p, err) : 0;
}

static int
ask(struct fm_peer *p, const json_t *request, struct fm_err *err)
{
	fm_json_put(&p->pump.in, request);
	fm_buf_putc(&p->pump.in, '\n');
	p->asked = true;
	p->waited_ns = p->silent_ns = p->since_ns = 0;
	/* What the pipe does not take goes out while we wait. */
	fm_pump_give(&p->pump);
	return p->pump.deaf ? gone(p, err) : 0;
}

void
fm_peer_limit(struct fm_peer *p, int64_t answer_ns)
{
	p->conf.answer_ns = answer_ns;
}

int
fm_peer_send(struct fm_peer *p, const json_t *request, struct fm_err *err)
{
	if (!p->alive)
		return fm_err_set(
		    err, FM_DIED, "backend '%s' has ended", p->name);
	if (p->asked)
		return fm_err_set(err, FM_INTERNAL,
		    "backend '%s' was asked before it had answered", p->name);
	if (check_quiet(p, err) != 0)
		return -1;
	return ask(p, request, err);
}

/* --- the greeting --- */

/* The next word of `*s`, ended by one blank; may be empty. New string. */
static char *
take_word(const char **s)
{
	size_t n = strcspn(*s, " ");
	char *w = fm_strndup(*s, n);

	*s += n + ((*s)[n] == ' ');
	return w;
}

static void
learn_opt(struct fm_peer *p, const char *s)
{
	static const char *const keys[] = { "name", "type", "def" };
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < sizeof keys / sizeof *keys; i++) {
		char *w = take_word(&s);

		/* No default is written as a dash. */
		fm_json_set_str(o, keys[i], strcmp(w, "-") == 0 ? "" : w);
		free(w);
	}
	fm_json_set_str(o, "help", s);
	(void)json_array_append_new(p->opts, o);
}

/* FMWORK HELLO <protocol> <name> */
static int
learn_hello(struct fm_peer *p, const char *s, struct fm_err *err)
{
	char *number = take_word(&s);
	int64_t v = 0;
	int rc = 0;

	if (!fm_num_get_int(number, strlen(number), &v) || v != PROTOCOL)
		rc = fm_err_set(err, FM_NODEVICE,
		    "backend '%s' speaks protocol '%s', not %d: install the "
		    "programs and the backends of one version",
		    p->name, number, PROTOCOL);
	free(number);
	if (rc == 0 && *s) {
		free(p->name);
		p->name = take_word(&s);
	}
	return rc;
}

/* Reads up to HELLO; login banners may stand before it. */
static int
wait_hello(struct fm_peer *p, struct fm_err *err)
{
	char *line, text[100];
	size_t len, n;

	for (n = 0; n <= BANNER_LINES; n++) {
		if (wait_line(p, &line, &len, err) != 0)
			return -1;
		if (starts(line, "FMWORK HELLO "))
			return learn_hello(
			    p, line + strlen("FMWORK HELLO "), err);
		if (starts(line, "FMWORK ERR ")) {
			(void)said_err(line, len, err);
			return fm_err_wrap(err, "backend '%s'", p->name);
		}
		(void)fm_pump_keep(&p->pump, line, len);
	}
	(void)snprintf(text, sizeof text,
	    "did not say hello in its first %d lines", BANNER_LINES);
	return fail(p, FM_DIED, text, err);
}

static int
greet(struct fm_peer *p, struct fm_err *err)
{
	json_t *hello = json_pack("{s:s,s:i}", "op", "hello", "protocol", 1);
	char *line;
	size_t len;
	int rc = ask(p, hello, err);

	json_decref(hello);
	if (rc == 0)
		rc = wait_hello(p, err);
	while (rc == 0 && (rc = fm_peer_line(p, &line, &len, err)) == 1) {
		rc = 0;
		if (starts(line, "FMWORK CAP "))
			fm_strs_add(&p->caps, line + strlen("FMWORK CAP "));
		else if (starts(line, "FMWORK OPT "))
			learn_opt(p, line + strlen("FMWORK OPT "));
	}
	p->greeted = rc == 0;
	return rc;
}

/* --- start and end --- */

static int64_t
or_default(int64_t ns, int64_t def)
{
	return ns ? ns : def;
}

/* Until it has said its name: "ort" of /…/fm-backend-ort. */
static char *
name_of(const struct fm_strs *argv)
{
	const char *base = fm_io_base(argv->v[argv->n - 1]);

	if (starts(base, "fm-backend-"))
		base += strlen("fm-backend-");
	return fm_strdup(base);
}

struct fm_peer *
fm_peer_start(const struct fm_peer_conf *conf, struct fm_err *err)
{
	struct fm_peer *p = fm_calloc(1, sizeof *p);

	p->conf = *conf;
	p->conf.argv = NULL;
	p->conf.hello_ns = or_default(conf->hello_ns, HELLO_NS);
	p->conf.silence_ns = or_default(conf->silence_ns, SILENCE_NS);
	p->conf.grace_ns = or_default(conf->grace_ns, GRACE_NS);
	p->conf.term_ns = or_default(conf->term_ns, TERM_NS);
	p->name = name_of(conf->argv);
	p->opts = json_array();
	if (fm_pump_start(&p->pump, conf->argv->v, conf->wake_fd,
		conf->stderr_fd, err) != 0) {
		(void)fm_err_wrap(err, "backend '%s'", p->name);
	} else {
		p->alive = true;
		if (greet(p, err) == 0)
			return p;
	}
	fm_peer_end(p);
	return NULL;
}

void
fm_peer_end(struct fm_peer *p)
{
	struct fm_err err = FM_ERR_INIT;
	json_t *bye;
	int64_t grace;

	if (!p)
		return;
	bye = json_pack("{s:s}", "op", "close");
	if (p->alive && !p->asked)
		(void)fm_peer_send(p, bye, &err);
	json_decref(bye);
	grace = p->conf.grace_ns;
	if (p->stopped && grace > STOP_NS)
		grace = STOP_NS;
	fm_pump_end(&p->pump, grace, p->conf.term_ns);
	free(p->name);
	json_decref(p->opts);
	fm_strs_release(&p->caps);
	free(p);
}

/* --- what is known about it --- */

const char *
fm_peer_name(const struct fm_peer *p)
{
	return p->name;
}

bool
fm_peer_can(const struct fm_peer *p, const char *cap)
{
	return fm_strs_find(&p->caps, cap) >= 0;
}

const json_t *
fm_peer_opts(const struct fm_peer *p)
{
	return p->opts;
}

bool
fm_peer_alive(const struct fm_peer *p)
{
	return p && p->alive;
}

const struct fm_proc *
fm_peer_proc(const struct fm_peer *p)
{
	return &p->pump.proc;
}

const struct fm_strs *
fm_peer_tail(const struct fm_peer *p)
{
	return &p->pump.tail;
}
