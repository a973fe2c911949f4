/*
 * Neither a slow terminal nor a program that does not read may hold up the
 * sweep: a line that does not fit now is left out.
 */
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "json.h"

enum {
	DRAW_NS = 200000000,
	MANY_COLUMNS = 200
};

int
progress_check(const struct conf *c, struct fm_err *err)
{
	if (c->progress_fd < 0)
		return 0;
	if (c->how.use_slurm)
		return fm_err_set(err, FM_USAGE,
		    "--progress_fd: the jobs of --use_slurm are elsewhere");
	if (fcntl((int)c->progress_fd, F_GETFD) < 0)
		return fm_err_sys(err, FM_USAGE,
		    "--progress_fd: descriptor %lld",
		    (long long)c->progress_fd);
	return 0;
}

/* The log itself on the terminal is progress enough. */
static bool
is_watched(const struct conf *c)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) &&
	       (c->how.log || !isatty(STDOUT_FILENO)) && term &&
	       strcmp(term, "dumb") != 0;
}

/* --- time left --- */

/* Seconds, negative when nothing is known. */
static double
seconds_left(const struct progress *p)
{
	const struct progress_sums *s = &p->sums;
	double n_left = (double)(p->total - p->done), d, a, b, wall;
	double w_left = p->work_left;

	if (s->n < 1 || s->t <= 0)
		return -1;
	d = s->n * s->ww - s->w * s->w;
	b = d > 1e-9 * s->n * s->ww ? (s->n * s->wt - s->w * s->t) / d : 0;
	if (b < 0)
		b = 0;
	a = (s->t - b * s->w) / s->n;
	if (a < 0) {
		a = 0;
		b = s->w > 0 ? s->t / s->w : 0;
	}
	/* Of later units nothing is known but their number. */
	n_left += (double)p->later;
	w_left += (double)p->later * s->w / s->n;
	/* Lanes run side by side, and between points there is time, too. */
	wall = (double)(fm_clock_now_ns() - p->begun_ns) / 1e9;
	return (a * n_left + b * w_left) * wall / s->t;
}

static void
put_time(struct fm_buf *b, double s)
{
	if (s < 60)
		fm_buf_printf(b, "%.0f s", s);
	else if (s < 3600)
		fm_buf_printf(b, "%.0f min", s / 60);
	else
		fm_buf_printf(b, "%.1f h", s / 3600);
}

/* --- for programs --- */

static bool
takes(int fd)
{
	struct pollfd f = { fd, POLLOUT, 0 };

	return poll(&f, 1, 0) == 1 && (f.revents & POLLOUT);
}

/* Takes `v`. */
static void
send_event(struct progress *p, const char *event, json_t *v)
{
	struct fm_buf b = FM_BUF_INIT;
	json_t *line;
	double left;

	if (p->fd < 0) {
		json_decref(v);
		return;
	}
	left = seconds_left(p);
	line = json_pack("{s:s, s:I, s:I, s:I, s:I}", "event", event, "done",
	    (json_int_t)p->done, "total",
	    (json_int_t)p->total + (json_int_t)p->later, "failed",
	    (json_int_t)p->failed, "skipped", (json_int_t)p->skipped);
	json_object_set_new(line, "seconds_left",
	    left < 0 ? json_null()
		     : json_real((double)(int64_t)(left * 1e3) / 1e3));
	(void)json_object_update(line, v);
	fm_json_put(&b, line);
	fm_buf_putc(&b, '\n');
	if (takes(p->fd) && write(p->fd, b.s, b.len) < 0 && errno == EPIPE)
		p->fd = -1;
	fm_buf_release(&b);
	json_decref(line);
	json_decref(v);
}

static json_t *
sizes(const struct fm_point *at)
{
	return json_pack("{s:I, s:I, s:I}", "input", (json_int_t)at->input,
	    "output", (json_int_t)at->output, "batch", (json_int_t)at->batch);
}

/* --- for people --- */

/* How wide a line may be; one that wraps cannot be written over. */
static size_t
columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < 2)
		return 79;
	return w.ws_col > MANY_COLUMNS ? MANY_COLUMNS : w.ws_col - 1U;
}

static void
hide(struct progress *p)
{
	static const char wipe[] = "\r\033[K";

	if (p->shown)
		(void)!write(STDERR_FILENO, wipe, sizeof wipe - 1);
	p->shown = false;
}

static void
draw(struct progress *p, size_t reps)
{
	struct fm_buf b = FM_BUF_INIT;
	double left = seconds_left(p);
	size_t width = columns();

	if (!p->tty)
		return;
	fm_buf_printf(&b, "%zu/%zu", p->done, p->total + p->later);
	if (p->failed)
		fm_buf_printf(&b, " (%zu failed)", p->failed);
	if (left >= 0) {
		fm_buf_puts(&b, "  ");
		put_time(&b, left);
		fm_buf_puts(&b, " left");
	}
	fm_buf_printf(&b, "  %s", p->name.s);
	if (reps)
		fm_buf_printf(&b, ", repetition %zu", reps);
	if (p->last.len)
		fm_buf_printf(&b, "  (before: %s)", p->last.s);
	hide(p);
	if (takes(STDERR_FILENO))
		p->shown = write(STDERR_FILENO, b.s,
			       b.len < width ? b.len : width) > 0;
	p->drawn_ns = fm_clock_now_ns();
	fm_buf_release(&b);
}

/* --- events --- */

void
progress_init(struct progress *p, const struct conf *c)
{
	memset(p, 0, sizeof *p);
	(void)pthread_mutex_init(&p->lock, NULL);
	p->fd = (int)c->progress_fd;
	p->tty = is_watched(c);
	p->wanted = p->tty || p->fd >= 0;
	p->begun_ns = fm_clock_now_ns();
	fm_buf_init(&p->name);
	fm_buf_init(&p->last);
}

void
progress_release(struct progress *p)
{
	if (p->planned)
		send_event(p, "end", json_object());
	hide(p);
	fm_buf_release(&p->name);
	fm_buf_release(&p->last);
	(void)pthread_mutex_destroy(&p->lock);
}

static double
work(const struct fm_point *at)
{
	return (double)at->input * (double)at->output * (double)at->batch;
}

void
progress_later(struct progress *p, size_t n)
{
	p->later += n;
}

void
progress_plan(
    struct progress *p, const struct fm_point *v, size_t n, size_t later)
{
	size_t i;

	(void)pthread_mutex_lock(&p->lock);
	for (i = 0; i < n; i++)
		p->work_left += work(&v[i]);
	p->total += n;
	p->planned = true;
	p->later -= later < p->later ? later : p->later;
	send_event(p, "plan", json_object());
	(void)pthread_mutex_unlock(&p->lock);
}

void
progress_begin(struct progress *p, const char *model, const char *platform,
    const struct fm_point *at)
{
	json_t *v;

	if (!p->wanted)
		return;
	(void)pthread_mutex_lock(&p->lock);
	fm_buf_clear(&p->name);
	fm_buf_printf(&p->name, "%s, %lld x %lld", model, (long long)at->input,
	    (long long)at->batch);
	v = sizes(at);
	fm_json_set_str(v, "model", model);
	fm_json_set_str(v, "platform", platform);
	send_event(p, "point", v);
	draw(p, 0);
	(void)pthread_mutex_unlock(&p->lock);
}

void
progress_tick(struct progress *p, size_t reps)
{
	if (!p->tty)
		return;
	(void)pthread_mutex_lock(&p->lock);
	if (fm_clock_now_ns() - p->drawn_ns >= DRAW_NS)
		draw(p, reps);
	(void)pthread_mutex_unlock(&p->lock);
}

/* A point that was measured, or tried for a while, tells of those to come. */
static void
learn(struct progress_sums *s, double w, double t)
{
	s->n++;
	s->w += w;
	s->ww += w * w;
	s->t += t;
	s->wt += w * t;
}

void
progress_end(
    struct progress *p, const struct fm_point *at, const struct progress_end *e)
{
	json_t *v = sizes(at);

	(void)pthread_mutex_lock(&p->lock);
	p->done++;
	p->work_left -= work(at);
	p->skipped += e->code == FM_SKIPPED;
	p->failed += e->code != FM_OK && e->code != FM_SKIPPED;
	if (e->code != FM_SKIPPED)
		learn(&p->sums, work(at), (double)e->ns / 1e9);
	fm_buf_clear(&p->last);
	if (e->code == FM_OK)
		fm_buf_printf(&p->last, "%.3f ms", e->latency_s * 1e3);
	else
		fm_buf_puts(&p->last, fm_code_word(e->code));
	fm_json_set_str(
	    v, "status", e->code == FM_OK ? "OK" : fm_code_word(e->code));
	if (e->code == FM_OK)
		json_object_set_new(
		    v, "latency_ms", json_real(e->latency_s * 1e3));
	send_event(p, "result", v);
	hide(p);
	(void)pthread_mutex_unlock(&p->lock);
}

void
progress_known(struct progress *p, const struct fm_point *at)
{
	(void)pthread_mutex_lock(&p->lock);
	p->total--;
	p->work_left -= work(at);
	(void)pthread_mutex_unlock(&p->lock);
}

void
progress_hide(struct progress *p)
{
	if (!p->tty)
		return;
	(void)pthread_mutex_lock(&p->lock);
	hide(p);
	(void)pthread_mutex_unlock(&p->lock);
}
