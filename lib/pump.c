/*
 * The pipes of a child: whatever it does, it is never blocked by us and never
 * blocks us. Its end is seen by its own descriptor and not by the end of its
 * output, which a process it has left behind may hold open.
 */
#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "io.h"

enum {
	READ_BYTES = 65536, /* what a pipe holds */
	REST_READS = 1024,  /* of a pipe whose writer should be dead */
	NAP_NS = 10000000   /* where its end wakes no poll() */
};

/* --- the tail --- */

bool
fm_pump_keep(struct fm_pump *p, const char *s, size_t n)
{
	char *line, *c;

	while (n && (s[n - 1] == '\r' || s[n - 1] == ' '))
		n--;
	if (n == 0)
		return false;
	if (n > FM_PUMP_TAIL_BYTES)
		n = FM_PUMP_TAIL_BYTES;
	line = fm_strndup(s, n);
	for (c = line; c < line + n; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	if (p->tail.n == FM_PUMP_TAIL_LINES) {
		free(p->tail.v[0]);
		p->tail.n--;
		memmove(
		    p->tail.v, p->tail.v + 1, p->tail.n * sizeof *p->tail.v);
	}
	fm_strs_add_take(&p->tail, line);
	return true;
}

const char *
fm_pump_last(const struct fm_pump *p)
{
	if (p->proc.done && p->last_err)
		return p->last_err;
	return p->tail.n ? p->tail.v[p->tail.n - 1] : NULL;
}

static void
end_errs_line(struct fm_pump *p)
{
	if (fm_pump_keep(p, p->errs.s, p->errs.len)) {
		free(p->last_err);
		p->last_err = fm_strdup(p->tail.v[p->tail.n - 1]);
	}
	fm_buf_clear(&p->errs);
}

/* Lines end with '\n', and with '\r' alone in a progress bar. */
static void
hear_errs(struct fm_pump *p, const char *s, size_t n)
{
	size_t part, room;

	for (;;) {
		for (part = 0; part < n; part++)
			if (s[part] == '\n' || s[part] == '\r')
				break;
		room = FM_PUMP_TAIL_BYTES - p->errs.len;
		fm_buf_put(&p->errs, s, part < room ? part : room);
		if (part == n)
			return;
		end_errs_line(p);
		s += part + 1;
		n -= part + 1;
	}
}

/* --- moving bytes --- */

/* Did the read fail only for now? */
static bool
later(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static bool
take_out(struct fm_pump *p)
{
	ssize_t n;

	fm_buf_consume(&p->out, p->at);
	p->at = 0;
	n = read(p->proc.out, fm_buf_reserve(&p->out, READ_BYTES), READ_BYTES);
	if (n > 0)
		fm_buf_commit(&p->out, (size_t)n);
	else
		p->out_eof = n == 0 || !later();
	return n > 0;
}

static bool
take_err(struct fm_pump *p)
{
	char b[8192];
	ssize_t n = read(p->proc.errfd, b, sizeof b);

	if (n > 0) {
		if (p->stderr_fd >= 0)
			(void)fm_io_write_all(p->stderr_fd, b, (size_t)n);
		hear_errs(p, b, (size_t)n);
	} else if (n == 0 || !later()) {
		p->err_eof = true;
		end_errs_line(p);
	}
	return n > 0;
}

void
fm_pump_give(struct fm_pump *p)
{
	ssize_t n = write(p->proc.in, p->in.s, p->in.len);

	if (n >= 0) {
		fm_buf_consume(&p->in, (size_t)n);
	} else if (!later()) {
		p->deaf = true;
		fm_buf_clear(&p->in);
	}
}

/* It has ended and its group was killed: what it said last is in the pipes,
 * and whoever still holds them is not listened to any more. */
static void
hear_rest(struct fm_pump *p)
{
	int i;

	for (i = 0; i < REST_READS && !p->out_eof && take_out(p); i++)
		continue;
	for (i = 0; i < REST_READS && !p->err_eof && take_err(p); i++)
		continue;
	end_errs_line(p);
	p->out_eof = p->err_eof = true;
}

/* Poll's milliseconds, rounded up; an hour at most, for they are an int. */
static int
poll_ms(const struct fm_pump *p, int64_t ns)
{
	if (p->proc.ended < 0 && (ns < 0 || ns > NAP_NS))
		ns = NAP_NS;
	if (ns <= 0)
		return ns < 0 ? -1 : 0;
	return ns > INT64_C(3600000000000) ? 3600000 : (int)(ns / 1000000) + 1;
}

enum fm_pumped
fm_pump_turn(struct fm_pump *p, int64_t ns, bool wake)
{
	struct pollfd f[5] = {
		{ p->out_eof ? -1 : p->proc.out, POLLIN, 0 },
		{ p->err_eof ? -1 : p->proc.errfd, POLLIN, 0 },
		{ p->in.len ? p->proc.in : -1, POLLOUT, 0 },
		{ p->proc.done ? -1 : p->proc.ended, POLLIN, 0 },
		{ wake ? p->wake_fd : -1, POLLIN, 0 },
	};
	int n = poll(f, 5, poll_ms(p, ns));

	if (n > 0 && f[4].revents)
		return FM_PUMP_WOKEN;
	if (n > 0 && f[0].revents)
		(void)take_out(p);
	if (n > 0 && f[1].revents)
		(void)take_err(p);
	if (n > 0 && f[2].revents)
		fm_pump_give(p);
	if (!p->proc.done && (p->proc.ended < 0 || f[3].revents) &&
	    fm_proc_wait(&p->proc, 0)) {
		hear_rest(p);
		return FM_PUMP_MOVED;
	}
	return n > 0 ? FM_PUMP_MOVED : FM_PUMP_WAITED;
}

/* --- lines --- */

char *
fm_pump_line(struct fm_pump *p, size_t *len)
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

size_t
fm_pump_rest(const struct fm_pump *p, const char **s)
{
	*s = p->out.s + p->at;
	return p->out.len - p->at;
}

/* --- start and end --- */

static int
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int
start(struct fm_pump *p, char *const argv[], bool loose, int wake_fd,
    int stderr_fd, struct fm_err *err)
{
	*p = (struct fm_pump){ .wake_fd = wake_fd, .stderr_fd = stderr_fd };
	fm_buf_init(&p->in);
	fm_buf_init(&p->out);
	fm_buf_init(&p->errs);
	if ((loose ? fm_proc_start_loose(&p->proc, argv, err)
		   : fm_proc_start(&p->proc, argv, err)) != 0)
		return -1;
	if (set_nonblocking(p->proc.in) == 0 &&
	    set_nonblocking(p->proc.out) == 0 &&
	    set_nonblocking(p->proc.errfd) == 0)
		return 0;
	(void)fm_err_sys(err, FM_IO, "cannot set up a pipe");
	fm_pump_end(p, 0, 0);
	return -1;
}

int
fm_pump_start(struct fm_pump *p, char *const argv[], int wake_fd, int stderr_fd,
    struct fm_err *err)
{
	return start(p, argv, false, wake_fd, stderr_fd, err);
}

int
fm_pump_start_loose(struct fm_pump *p, char *const argv[], int wake_fd,
    int stderr_fd, struct fm_err *err)
{
	return start(p, argv, true, wake_fd, stderr_fd, err);
}

bool
fm_pump_to_end(struct fm_pump *p, int64_t ns)
{
	int64_t until = fm_clock_now_ns() + ns, left = ns;

	while (!p->proc.done && left >= 0) {
		(void)fm_pump_turn(p, left, false);
		p->at = p->out.len;
		p->seen = 0;
		left = until - fm_clock_now_ns();
	}
	return p->proc.done;
}

void
fm_pump_end(struct fm_pump *p, int64_t grace_ns, int64_t term_ns)
{
	fm_buf_release(&p->in);
	if (p->proc.pid) {
		fm_proc_hang_up(&p->proc);
		if (!fm_pump_to_end(p, grace_ns)) {
			(void)kill(-p->proc.pid, SIGTERM);
			(void)fm_pump_to_end(p, term_ns);
		}
		fm_proc_end(&p->proc, 0, 0);
	}
	fm_proc_release(&p->proc);
	fm_buf_release(&p->out);
	fm_buf_release(&p->errs);
	fm_strs_release(&p->tail);
	free(p->last_err);
	p->last_err = NULL;
}
