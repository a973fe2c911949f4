/*
 * Talking to a backend. One poll() serves its stdout, its stderr, its stdin
 * while a request is on the way, its end, and the caller's wake-up: whatever
 * the backend does, it is never blocked by us and never blocks us. Knows
 * where an answer ends; what its lines mean is the caller's business.
 */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "io.h"
#include "json.h"
#include "num.h"

#define SECOND INT64_C(1000000000)

enum {
	PROTOCOL = 1,
	BANNER_LINES = 64, /* before HELLO */
	TAIL_LINES = 20,
	TAIL_BYTES = 500,  /* of one of them */
	READ_BYTES = 65536 /* what a pipe holds */
};

#define LINE_BYTES ((size_t)64 << 20)
#define HELLO_NS (60 * SECOND)
#define SILENCE_NS (60 * SECOND)
#define GRACE_NS (10 * SECOND)
#define TERM_NS (5 * SECOND)
#define STOP_NS (SECOND)       /* grace after FM_STOPPED: a person waits */
#define LAST_WORDS_NS (SECOND) /* between the end of stdout and its own */
#define NAP_NS (10000000)      /* where its end wakes no poll() */

struct fm_peer {
	struct fm_peer_conf conf; /* limits filled in; argv not kept */
	struct fm_proc proc;
	char *name; /* from HELLO; before it, from argv */
	struct fm_strs caps;
	json_t *opts;

	struct fm_buf in;   /* of a request: what is not sent yet */
	struct fm_buf out;  /* of an answer: lines from `at` are not read */
	size_t at, seen;    /* no line end in out.s[at .. at + seen) */
	struct fm_buf errs; /* an unfinished line of stderr, cut */
	struct fm_strs tail;

	bool asked; /* a request has no full answer yet */
	bool alive; /* can be asked something */
	bool greeted;
	bool stopped; /* by the caller's wake-up */
	bool deaf;    /* its stdin is closed at the other end */
	bool out_eof, err_eof;
	int64_t asked_ns, heard_ns; /* request sent, stdout last read */
};

/* --- what it said --- */

/* Keeps a line, cut, and with nothing in it that a terminal obeys. */
static void
tail_add(struct fm_peer *p, const char *s, size_t n)
{
	char *line, *c;

	while (n && (s[n - 1] == '\r' || s[n - 1] == ' '))
		n--;
	if (n == 0)
		return;
	line = fm_strndup(s, n < TAIL_BYTES ? n : TAIL_BYTES);
	for (c = line; c < line + (n < TAIL_BYTES ? n : TAIL_BYTES); c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	if (p->tail.n == TAIL_LINES) {
		free(p->tail.v[0]);
		p->tail.n--;
		memmove(
		    p->tail.v, p->tail.v + 1, p->tail.n * sizeof *p->tail.v);
	}
	fm_strs_add_take(&p->tail, line);
}

/* A progress bar ends its lines with '\r' alone. */
static void
hear_errs(struct fm_peer *p, const char *s, size_t n)
{
	size_t i, start = 0, room;

	for (i = 0; i <= n; i++) {
		if (i < n && s[i] != '\n' && s[i] != '\r')
			continue;
		room = TAIL_BYTES - p->errs.len;
		if (i > start && room)
			fm_buf_put(&p->errs, s + start,
			    i - start < room ? i - start : room);
		start = i + 1;
		if (i < n) {
			tail_add(p, p->errs.s, p->errs.len);
			fm_buf_clear(&p->errs);
		}
	}
}

/* ": " and its last words, for the end of a message; "" without any. */
static const char *
last_words(const struct fm_peer *p, char *b, size_t n)
{
	b[0] = '\0';
	if (p->tail.n)
		(void)snprintf(b, n, ": %s", p->tail.v[p->tail.n - 1]);
	return b;
}

/* --- the pump --- */

static int
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* One read; false when there is nothing now. The end clears `*fd`. */
static bool
take_out(struct fm_peer *p)
{
	ptrdiff_t n;

	if (p->at) {
		fm_buf_consume(&p->out, p->at);
		p->at = 0;
	}
	n = read(p->proc.out, fm_buf_reserve(&p->out, READ_BYTES), READ_BYTES);
	if (n > 0) {
		fm_buf_commit(&p->out, (size_t)n);
		p->heard_ns = fm_clock_now_ns();
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	p->out_eof = true;
	return false;
}

static bool
take_err(struct fm_peer *p)
{
	char b[8192];
	ptrdiff_t n = read(p->proc.errfd, b, sizeof b);

	if (n > 0) {
		if (p->conf.stderr_fd >= 0)
			(void)fm_io_write_all(p->conf.stderr_fd, b, (size_t)n);
		hear_errs(p, b, (size_t)n);
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	p->err_eof = true;
	tail_add(p, p->errs.s, p->errs.len);
	fm_buf_clear(&p->errs);
	return false;
}

/* Sends what the pipe takes. */
static void
give_in(struct fm_peer *p)
{
	ptrdiff_t n = write(p->proc.in, p->in.s, p->in.len);

	if (n >= 0) {
		fm_buf_consume(&p->in, (size_t)n);
	} else if (errno != EAGAIN && errno != EINTR) {
		p->deaf = true;
		fm_buf_clear(&p->in);
	}
}

/*
 * Its end is seen by its descriptor, not by the end of its output: a process
 * it has left behind may hold that. All the same nothing it said is lost: the
 * rest of both pipes is read once the group has been killed.
 */
static void
hear_rest(struct fm_peer *p)
{
	while (!p->out_eof && take_out(p))
		if (p->out.len - p->at > LINE_BYTES)
			break;
	while (!p->err_eof && take_err(p))
		continue;
	p->out_eof = true;
	if (!p->err_eof)
		tail_add(p, p->errs.s, p->errs.len);
	fm_buf_clear(&p->errs);
	p->err_eof = true;
}

enum pump {
	PUMP_MOVED,  /* something came, went or ended */
	PUMP_WAITED, /* the time is over */
	PUMP_WOKEN   /* the caller wants us to stop */
};

/* Poll's milliseconds until `until_ns`, rounded up; -1 = no limit. */
static int
poll_ms(const struct fm_peer *p, int64_t until_ns)
{
	int64_t left = until_ns - fm_clock_now_ns();

	if (p->proc.ended < 0 && left > NAP_NS)
		left = NAP_NS;
	else if (until_ns == INT64_MAX)
		return -1;
	if (left <= 0)
		return 0;
	left = left / 1000000 + 1;
	return left > 3600000 ? 3600000 : (int)left;
}

/* One turn: waits until something moves, at most until `until_ns`. */
static enum pump
pump(struct fm_peer *p, int64_t until_ns, bool wake)
{
	struct pollfd f[5] = {
		{ p->out_eof ? -1 : p->proc.out, POLLIN, 0 },
		{ p->err_eof ? -1 : p->proc.errfd, POLLIN, 0 },
		{ p->in.len ? p->proc.in : -1, POLLOUT, 0 },
		{ p->proc.done ? -1 : p->proc.ended, POLLIN, 0 },
		{ wake ? p->conf.wake_fd : -1, POLLIN, 0 },
	};
	int n = poll(f, 5, poll_ms(p, until_ns));

	if (n > 0 && f[4].revents)
		return PUMP_WOKEN;
	if (n > 0 && f[0].revents)
		(void)take_out(p);
	if (n > 0 && f[1].revents)
		(void)take_err(p);
	if (n > 0 && f[2].revents)
		give_in(p);
	if (!p->proc.done && (p->proc.ended < 0 || f[3].revents) &&
	    fm_proc_wait(&p->proc, 0))
		hear_rest(p);
	if (n == 0 && fm_clock_now_ns() >= until_ns)
		return PUMP_WAITED;
	return PUMP_MOVED;
}

/* Reads what it says until it has ended: true, or until time is over. */
static bool
pump_to_end(struct fm_peer *p, int64_t ns)
{
	int64_t until = fm_clock_now_ns() + ns;

	while (!p->proc.done && pump(p, until, false) != PUMP_WAITED) {
		/* Nobody asks for these any more. */
		p->at = p->out.len;
		p->seen = 0;
	}
	return p->proc.done;
}

/* --- lines --- */

/* The next line that is there as a whole, or NULL. */
static char *
next_line(struct fm_peer *p, size_t *len)
{
	char *s = p->out.s + p->at;
	size_t n = p->out.len - p->at;
	char *end = memchr(s + p->seen, '\n', n - p->seen);

	if (!end) {
		p->seen = n;
		return NULL;
	}
	p->seen = 0;
	p->at += (size_t)(end - s) + 1;
	if (end > s && end[-1] == '\r')
		end--;
	*end = '\0';
	*len = (size_t)(end - s);
	return s;
}

static bool
starts(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* Its output has ended, or it does not listen: no more answers. */
static int
gone(struct fm_peer *p, struct fm_err *err)
{
	char why[100], last[TAIL_BYTES + 8];
	const char *torn = p->out.s + p->at;

	p->alive = false;
	if (!starts(torn, "FMWORK "))
		tail_add(p, torn, p->out.len - p->at);
	if (!pump_to_end(p, LAST_WORDS_NS))
		return fm_err_set(err, FM_DIED,
		    "backend '%s' closed its %s without an answer%s", p->name,
		    p->deaf ? "input" : "output",
		    last_words(p, last, sizeof last));
	return fm_err_set(err, FM_DIED, "backend '%s' died: %s%s", p->name,
	    fm_proc_status_text(&p->proc, why, sizeof why),
	    last_words(p, last, sizeof last));
}

/* When it must have answered; *silent: by saying anything at all. */
static int64_t
limit(const struct fm_peer *p, bool *silent)
{
	int64_t heard = p->heard_ns > p->asked_ns ? p->heard_ns : p->asked_ns;
	int64_t ns = p->greeted ? p->conf.answer_ns : p->conf.hello_ns;
	int64_t end = ns ? p->asked_ns + ns : INT64_MAX;

	*silent =
	    fm_peer_can(p, "heartbeat") && heard + p->conf.silence_ns < end;
	return *silent ? heard + p->conf.silence_ns : end;
}

static int
late(struct fm_peer *p, bool silent, struct fm_err *err)
{
	int64_t ns = silent       ? p->conf.silence_ns
		     : p->greeted ? p->conf.answer_ns
				  : p->conf.hello_ns;
	char last[TAIL_BYTES + 8];

	p->alive = false;
	return fm_err_set(err, FM_TIMEOUT, "backend '%s' %s %g s%s", p->name,
	    silent       ? "was silent for"
	    : p->greeted ? "did not answer within"
			 : "did not say hello within",
	    (double)ns / 1e9, last_words(p, last, sizeof last));
}

/* Waits for a line of any kind: 1, or -1. */
static int
wait_line(struct fm_peer *p, char **line, size_t *len, struct fm_err *err)
{
	bool silent;
	enum pump moved;

	while (!(*line = next_line(p, len))) {
		if (p->out_eof || p->deaf)
			return gone(p, err);
		if (p->out.len - p->at > LINE_BYTES) {
			p->alive = false;
			return fm_err_set(err, FM_INTERNAL,
			    "backend '%s' sent a line of more than %zu MiB",
			    p->name, LINE_BYTES >> 20);
		}
		moved = pump(p, limit(p, &silent), true);
		if (moved == PUMP_WAITED)
			return late(p, silent, err);
		if (moved == PUMP_WOKEN) {
			p->alive = false;
			p->stopped = true;
			return fm_err_set(err, FM_STOPPED,
			    "stopped while backend '%s' was at work", p->name);
		}
	}
	return 1;
}

/* The end of an answer by ERR <code> <in> <out> <batch> <text>. */
static int
said_err(const char *s, struct fm_err *err)
{
	enum fm_code code;
	char word[16];
	int at = 0;

	if (sscanf(s, "%15s %*s %*s %*s %n", word, &at) != 1 || at == 0)
		return fm_err_set(err, FM_INTERNAL, "%s", s);
	code = fm_code_of(word);
	if (code == FM_OK || code == FM_STOPPED)
		code = FM_INTERNAL;
	return fm_err_set(err, code, "%s", s + at);
}

int
fm_peer_line(struct fm_peer *p, char **line, size_t *len, struct fm_err *err)
{
	const char *body;

	if (!p->asked || !p->alive)
		return fm_err_set(err, FM_INTERNAL,
		    "backend '%s' was not asked anything", p->name);
	for (;;) {
		if (wait_line(p, line, len, err) < 0)
			return -1;
		if (starts(*line, "FMWORK "))
			break;
		tail_add(p, *line, *len);
	}
	body = *line + strlen("FMWORK ");
	if (strcmp(body, "OK") == 0) {
		p->asked = false;
		return 0;
	}
	if (starts(body, "ERR ")) {
		p->asked = false;
		return said_err(body + strlen("ERR "), err);
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

	(void)pump(p, 0, false);
	while ((line = next_line(p, &len))) {
		if (starts(line, "FMWORK ")) {
			p->alive = false;
			return fm_err_set(err, FM_INTERNAL,
			    "backend '%s' said more than it was asked: %.100s",
			    p->name, line);
		}
		tail_add(p, line, len);
	}
	return p->out_eof ? gone(p, err) : 0;
}

static int
send(struct fm_peer *p, const json_t *request, struct fm_err *err)
{
	fm_json_put(&p->in, request);
	fm_buf_putc(&p->in, '\n');
	p->asked = true;
	p->asked_ns = fm_clock_now_ns();
	/* What the pipe does not take goes out while we wait. */
	give_in(p);
	return p->deaf ? gone(p, err) : 0;
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
	return send(p, request, err);
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

		fm_json_set_str(o, keys[i], w);
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
	char *line, last[TAIL_BYTES + 8];
	size_t len, n;

	for (n = 0; n <= BANNER_LINES; n++) {
		if (wait_line(p, &line, &len, err) < 0)
			return -1;
		if (starts(line, "FMWORK HELLO "))
			return learn_hello(
			    p, line + strlen("FMWORK HELLO "), err);
		if (starts(line, "FMWORK ERR "))
			return said_err(line + strlen("FMWORK ERR "), err);
		tail_add(p, line, len);
	}
	return fm_err_set(err, FM_DIED,
	    "backend '%s' did not say hello in its first %d lines%s", p->name,
	    BANNER_LINES, last_words(p, last, sizeof last));
}

static int
greet(struct fm_peer *p, struct fm_err *err)
{
	json_t *hello = json_pack("{s:s,s:i}", "op", "hello", "protocol", 1);
	char *line;
	size_t len;
	int rc = send(p, hello, err);

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

static struct fm_peer *
new_peer(const struct fm_peer_conf *conf)
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
	fm_buf_init(&p->in);
	fm_buf_init(&p->out);
	fm_buf_init(&p->errs);
	p->proc = (struct fm_proc)FM_PROC_INIT;
	return p;
}

struct fm_peer *
fm_peer_start(const struct fm_peer_conf *conf, struct fm_err *err)
{
	struct fm_peer *p = new_peer(conf);

	if (fm_proc_start(&p->proc, conf->argv->v, err) != 0) {
		(void)fm_err_wrap(err, "backend '%s'", p->name);
		goto out;
	}
	if (set_nonblocking(p->proc.in) != 0 ||
	    set_nonblocking(p->proc.out) != 0 ||
	    set_nonblocking(p->proc.errfd) != 0) {
		(void)fm_err_sys(err, FM_IO, "cannot set up a pipe");
		goto out;
	}
	p->alive = true;
	if (greet(p, err) == 0)
		return p;
out:
	fm_peer_end(p);
	return NULL;
}

/* Close, hang up, ask to end; fm_proc_end() then makes sure. */
static void
part(struct fm_peer *p)
{
	int64_t grace = p->conf.grace_ns;
	struct fm_err err = FM_ERR_INIT;
	json_t *bye = json_pack("{s:s}", "op", "close");

	if (p->alive && !p->asked)
		(void)fm_peer_send(p, bye, &err);
	json_decref(bye);
	fm_buf_clear(&p->in);
	(void)close(p->proc.in);
	p->proc.in = -1;
	if (p->stopped && grace > STOP_NS)
		grace = STOP_NS;
	if (pump_to_end(p, grace))
		return;
	(void)kill(-p->proc.pid, SIGTERM);
	(void)pump_to_end(p, p->conf.term_ns);
}

void
fm_peer_end(struct fm_peer *p)
{
	if (!p)
		return;
	if (p->proc.pid) {
		part(p);
		fm_proc_end(&p->proc, 0, 0);
	}
	fm_proc_release(&p->proc);
	free(p->name);
	json_decref(p->opts);
	fm_strs_release(&p->caps);
	fm_strs_release(&p->tail);
	fm_buf_release(&p->in);
	fm_buf_release(&p->out);
	fm_buf_release(&p->errs);
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
	return p->alive;
}

const struct fm_strs *
fm_peer_tail(const struct fm_peer *p)
{
	return &p->tail;
}
