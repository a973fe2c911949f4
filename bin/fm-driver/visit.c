/*
 * Requests of a point and what comes back.
 */
#include "visit.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "conf.h"
#include "failure.h"
#include "gen.h"
#include "json.h"
#include "policy.h"
#include "prog.h"
#include "progress.h"
#include "record.h"
#include "remote.h"
#include "session.h"
#include "text.h"
#include "until.h"

/* --- reading the answer --- */

static int
take_rep(struct reps *r, const struct fm_rep *rep)
{
	FM_GROW(r->dt_ns, r->cap, r->n + 1);
	if (r->n == 0)
		r->t0_ns = rep->t0_ns;
	r->t1_ns = rep->t1_ns;
	r->dt_ns[r->n++] = rep->dt_ns;
	return 0;
}

/* The backend knows neither how its repetitions are printed nor, of a piece,
 * how many there will be. */
static void
put_rep(struct visit *v, struct fm_rep *rep, const char *line, size_t n)
{
	struct session *s = v->s;

	if (v->until)
		rep->reps = 0;
	if (s->gen)
		gen_put_rep(&s->t->b, s, rep, v->at);
	else if (v->until)
		fm_record_put_rep(&s->t->b, rep);
	else
		text_line(s->t, line, n);
}

static int
on_rep(struct visit *v, const char *line, size_t n, struct fm_err *err)
{
	struct fm_err io = FM_ERR_INIT;
	struct fm_rep rep;

	if (!fm_record_get_rep(line, n, &rep)) {
		(void)fm_err_set(err, FM_INTERNAL,
		    "the backend sent a broken line: '%.80s'", line);
		(void)fm_peer_finish(v->s->peer, &io);
		return -1;
	}
	put_rep(v, &rep, line, n);
	progress_tick(v->pr, v->r.n + 1);
	return take_rep(&v->r, &rep);
}

/* Of a point in pieces each piece tells of all before; what is observed by
 * several hands is one object. */
static void
on_obs(struct visit *v, const char *body, size_t n)
{
	const char *json = memchr(body, '{', n);
	struct fm_err none = FM_ERR_INIT;
	json_t *more = json ? fm_json_parse(json, n - (size_t)(json - body),
				  "OBS line", &none)
			    : NULL;

	if (!json_is_object(more))
		fm_prog_say("fm-driver", "OBS is not followed by an object");
	else
		(void)json_object_update(v->obs, more);
	json_decref(more);
}

static int
read_answer(struct visit *v, struct fm_err *err)
{
	static const char say[] = "FMWORK SAY ";
	struct session *s = v->s;
	const char *body;
	char *line;
	size_t n;
	int rc;

	fm_buf_clear(&v->r.after);
	while ((rc = fm_peer_line(s->peer, &line, &n, err)) == 1) {
		switch (fm_record_tag(line, n, &body)) {
		case FM_TAG_REP:
			if (on_rep(v, line, n, err) != 0)
				return -1;
			break;
		case FM_TAG_TOK:
		case FM_TAG_GAP:
			text_line(s->t, line, n);
			break;
		case FM_TAG_OBS:
			on_obs(v, body, n - (size_t)(body - line));
			break;
		case FM_TAG_SIM:
			fm_buf_printf(&v->r.after, "%s\n", line);
			break;
		default:
			if (strncmp(line, say, sizeof say - 1) == 0)
				fm_buf_printf(
				    &v->r.after, "%s\n", line + sizeof say - 1);
		}
		if (!v->hold && text_flush_soon(s->t, err) != 0)
			return -1;
	}
	return rc;
}

/* --- running it --- */

static json_t *
request(const struct session *s, const json_t *dims, const struct fm_point *at)
{
	const struct conf *c = s->c;
	json_t *q = json_object();

	fm_json_set_str(q, "op", "run");
	json_object_set_new(q, "dims", json_deep_copy(dims));
	fm_json_set_int(q, "input", at->input);
	fm_json_set_int(q, "output", at->output);
	fm_json_set_int(q, "batch", at->batch);
	fm_json_set_int(q, "warmup", c->warmup);
	fm_json_set_int(q, "first", 1);
	if (c->seconds > 0) {
		json_object_set_new(q, "reps", json_null());
		json_object_set_new(q, "seconds", json_real(c->seconds));
	} else {
		fm_json_set_int(q, "reps", c->reps);
		json_object_set_new(q, "seconds", json_null());
	}
	fm_json_set_int(q, "seed", c->seed);
	if (c->delay > 0)
		json_object_set_new(q, "delay", json_real(c->delay));
	if (c->token_times)
		json_object_set_new(q, "token_times", json_true());
	if (s->fill)
		json_object_set(q, "fill", s->fill);
	return q;
}

/* A backend with the model open, of this point's own if it must be. */
static int
ready(struct visit *v, struct fm_err *err)
{
	struct session *s = v->s;

	if (session_fit(s, json_object_get(v->q, "dims"), err) != 0)
		return -1;
	if (s->peer && fm_peer_alive(s->peer) && !s->stale &&
	    !(s->c->isolate && s->used))
		return 0;
	v->fresh = true;
	return session_again(s, err);
}

static void
limit(struct visit *v, int64_t reps)
{
	int64_t ns = policy_limit_ns(v->po, v->at, reps);

	fm_peer_limit(v->s->peer, ns);
	if (!failure_debug())
		return;
	progress_hide(v->pr);
	fm_prog_say("fm-driver",
	    "%lld x %lld: %lld repetitions, expected %.3f s, at most %.3f s",
	    (long long)v->at->input, (long long)v->at->batch, (long long)reps,
	    (double)policy_expect_ns(v->po, v->at, reps) / 1e9,
	    (double)ns / 1e9);
}

/* One request. */
static int
ask(struct visit *v, int64_t reps, struct fm_err *err)
{
	struct session *s = v->s;

	if (v->until) {
		fm_json_set_int(v->q, "first", (int64_t)v->r.n + 1);
		fm_json_set_int(v->q, "reps", reps);
		fm_json_set_int(v->q, "warmup", v->r.n ? 0 : s->c->warmup);
	}
	limit(v, reps);
	s->used = v->asked = true;
	if (fm_peer_send(s->peer, v->q, err) != 0)
		return -1;
	return read_answer(v, err);
}

static int
ask_pieces(struct visit *v, struct fm_err *err)
{
	struct until *u = v->until;
	int64_t n;

	while ((n = until_piece(u, v->r.dt_ns, v->r.n,
		    fm_clock_now_ns() - v->begun_ns)) > 0) {
		size_t had = v->r.n;
		int rc = ask(v, n, err);

		/* A recorded log has no more than it has. */
		if (rc != 0 && had && err->code == FM_SKIPPED)
			fm_err_clear(err);
		else if (rc != 0)
			return -1;
		if (v->r.n - had < (size_t)n) {
			u->why = v->r.n > had ? u->why : "end";
			(void)until_piece(u, v->r.dt_ns, v->r.n, 0);
			u->why = "end";
			return 0;
		}
	}
	return 0;
}

static int
attempt(struct visit *v, struct fm_err *err)
{
	int rc = ready(v, err);

	if (rc == 0)
		rc = quiet_wait(&v->quiet, v->s, err);
	v->begun_ns = fm_clock_now_ns();
	if (rc == 0)
		rc = v->until ? ask_pieces(v, err)
			      : ask(v, v->s->c->seconds > 0 ? 1 : v->s->c->reps,
				    err);
	if (rc == 0 && v->r.n == 0)
		rc = fm_err_set(
		    err, FM_INTERNAL, "the backend measured no repetition");
	return rc;
}

/* Waits before the next attempt, unless a signal comes. */
static int
back_off(struct visit *v, const struct fm_err *e, struct fm_err *err)
{
	int64_t ns = policy_backoff_ns(v->attempts);
	struct pollfd f = { v->s->e.wake_fd, POLLIN, 0 };

	progress_hide(v->pr);
	fm_prog_say("fm-driver", "%lld x %lld: %s: trying again in %.1f s",
	    (long long)v->at->input, (long long)v->at->batch, e->text,
	    (double)ns / 1e9);
	if (poll(&f, 1, (int)(ns / 1000000)) > 0)
		return fm_err_set(err, FM_STOPPED,
		    "stopped while waiting to try a point again");
	return 0;
}

/* An attempt that failed is remembered in OBS. */
static void
remember(struct visit *v, const struct fm_err *e)
{
	if (!v->retried)
		v->retried = json_array();
	json_array_append_new(
	    v->retried, json_pack("{s:s, s:s}", "code", fm_code_word(e->code),
			    "text", e->text));
}

/* It is as if the point had not been begun. */
static void
forget(struct visit *v, size_t text)
{
	fm_buf_cut(&v->s->t->b, text);
	v->r.n = 0;
	json_object_clear(v->obs);
	if (v->until)
		v->until->why = NULL;
}

static int
attempts(struct visit *v, struct fm_err *err)
{
	struct remote *remote = v->s->remote;
	size_t text = v->s->t->b.len;

	for (;;) {
		struct fm_err e = FM_ERR_INIT;

		v->attempts++;
		v->hold = remote || policy_again(v->po, FM_BUSY, v->attempts);
		if (attempt(v, &e) == 0)
			break;
		if (remote_retry(remote, &e)) {
			v->attempts--;
		} else if (policy_again(v->po, e.code, v->attempts)) {
			if (back_off(v, &e, err) != 0)
				return -1;
			remember(v, &e);
		} else {
			*err = e;
			return -1;
		}
		forget(v, text);
	}
	remote_fine(remote);
	return 0;
}

int
visit_run(struct visit *v, const json_t *dims, struct fm_err *err)
{
	v->q = request(v->s, dims, v->at);
	return attempts(v, err);
}

void
visit_release(struct visit *v)
{
	free(v->r.dt_ns);
	fm_buf_release(&v->r.after);
	json_decref(v->retried);
	json_decref(v->obs);
	json_decref(v->q);
	quiet_release(&v->quiet);
	memset(v, 0, sizeof *v);
}
