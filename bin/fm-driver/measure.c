/*
 * Measuring points. Knows fmwork's loop order and its rule for RES; the
 * numbers themselves come from the backend.
 */
#include "measure.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "conf.h"
#include "failure.h"
#include "gen.h"
#include "hash.h"
#include "json.h"
#include "obs.h"
#include "policy.h"
#include "prog.h"
#include "progress.h"
#include "record.h"
#include "result.h"
#include "session.h"
#include "stat.h"
#include "text.h"
#include "until.h"

/* The repetitions of one point. */
struct reps {
	int64_t *dt_ns; /* in order */
	size_t n, cap;
	int64_t t0_ns, t1_ns; /* start of the first, end of the last */
	struct fm_buf after;  /* lines that follow RES */
};

/* A point on its way. */
struct visit {
	struct session *s;
	struct policy *po;
	struct progress *pr;
	const struct fm_point *at;
	json_t *q;           /* the request */
	json_t *obs;         /* what was observed */
	json_t *retried;     /* why attempts failed, or NULL */
	struct until *until; /* NULL: the repetitions are one piece */
	struct reps r;
	int64_t begun_ns; /* of the last attempt, with its backend ready */
	int attempts;
	bool fresh; /* its backend was opened for this point */
	bool hold;  /* lines wait: they may be forgotten */
	bool asked; /* a backend was told of its sizes */
};

/* --- KEY --- */

/* Everything that defines the point, in a fixed order; fm-log(5). */
static void
put_key(struct session *s, const json_t *dims, const struct fm_point *at)
{
	static const char *const facts[] = { "model_hash", "precision",
		"backend", "backend_version", "runtime", "provider", "device",
		"settings" };
	json_t *all = json_object();
	struct fm_buf b = FM_BUF_INIT;
	char hex[FM_HASH_HEX];
	size_t i;

	for (i = 0; i < sizeof facts / sizeof *facts; i++)
		json_object_set(
		    all, facts[i], json_object_get(s->sys, facts[i]));
	/* A backend that does not tell its settings has those asked for. */
	if (!json_object_get(s->sys, "settings"))
		json_object_set(
		    all, "settings", json_object_get(s->open, "options"));
	fm_json_set_str(all, "model", s->has_model ? NULL : s->name);
	json_object_set(all, "env", s->c->env_values);
	json_object_set_new(all, "dims", json_deep_copy(dims));
	fm_json_set_int(all, "input", at->input);
	fm_json_set_int(all, "output", at->output);
	fm_json_set_int(all, "batch", at->batch);
	fm_json_put(&b, all);
	fm_hash_of(b.s, b.len, hex);
	fm_record_put_text(&s->t->b, FM_TAG_KEY, hex);
	fm_buf_release(&b);
	json_decref(all);
}

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

/* What was observed in several pieces, or by several hands, is one object. */
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
		obs_join(v->obs, more);
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

/* --- closing a point --- */

/* The kept repetitions of a point. */
struct kept {
	int64_t *dt_ns;
	size_t n;
	double med_s; /* seconds */
};

static struct kept
keep(const struct reps *r)
{
	size_t drop = fm_stat_fmwork_drop(r->n);
	struct kept k = { r->dt_ns + drop, r->n - drop, 0 };

	k.med_s = fm_stat_median_s(k.dt_ns, k.n);
	return k;
}

/* What the driver knows of how the point went. */
static void
add_obs(struct visit *v)
{
	json_t *obs = v->obs;

	if (v->until) {
		double ci = until_ci(&v->until->stat);

		fm_json_set_str(obs, "stop", v->until->why);
		json_object_set_new(obs, "ci",
		    isnan(ci) ? json_null() : json_real(round(ci * 1e6) / 1e6));
	}
	if (v->attempts > 1) {
		fm_json_set_int(obs, "attempts", v->attempts);
		json_object_set(obs, "retried", v->retried);
	}
	if (v->fresh)
		json_object_set_new(obs, "setup_s", json_real(v->s->setup_s));
}

static void
put_res(struct visit *v, const struct kept *k)
{
	const struct fm_point *at = v->at;
	struct session *s = v->s;
	struct reps *r = &v->r;
	struct fm_res res = { r->t0_ns, r->t1_ns, s->name, s->model_class,
		at->input, at->batch, k->med_s };
	struct fm_gen_res gen = { r->t0_ns, r->t1_ns, 0, 0 };

	if (s->gen) {
		gen_put_res(s->gen, &s->t->b, s, at, &gen, k->dt_ns, k->n);
	} else {
		fm_buf_putc(&s->t->b, '\n');
		fm_record_put_res(&s->t->b, &res);
	}
	add_obs(v);
	if (json_object_size(v->obs))
		fm_record_put_at(&s->t->b, FM_TAG_OBS, at->input, at->output,
		    at->batch, v->obs);
	fm_buf_put(&s->t->b, r->after.s, r->after.len);
}

/* For people: one line on the terminal, after the log's. */
static void
tell(const struct session *s, const struct kept *k, const struct fm_point *at)
{
	const char *device = fm_json_str(s->sys, "device", s->p.name);
	size_t i;

	if (k->n == 1 && !fm_json_bool(s->sys, "simulated", false))
		fm_prog_say("fm-driver",
		    "%lld x %lld: one repetition: there is no spread",
		    (long long)at->input, (long long)at->batch);
	if (!isatty(STDERR_FILENO))
		return;
	for (i = 0; i < k->n; i++)
		k->dt_ns[i] = llabs(k->dt_ns[i] - (int64_t)(k->med_s * 1e9));
	fm_prog_say("fm-driver",
	    "%s on %s, %lld x %lld: %.3f ms (median of %zu, +- %.3f median "
	    "deviation), %.1f sequences/s",
	    s->name, device, (long long)at->input, (long long)at->batch,
	    k->med_s * 1e3, k->n, fm_stat_median_ns(k->dt_ns, k->n) / 1e6,
	    (double)at->batch / k->med_s);
}

/* The median's interval, for the rules that speak of it. */
static double
interval(const struct visit *v)
{
	static const struct fm_stat_conf conf = { FM_STAT_FMWORK, 0, true,
		false };
	struct fm_stat_work work = { 0 };
	struct fm_stat st;

	if (v->until)
		return until_ci(&v->until->stat);
	if (v->s->c->stop.n == 0)
		return (double)NAN;
	fm_stat_describe(&st, v->r.dt_ns, v->r.n, &conf, &work);
	fm_stat_work_release(&work);
	return until_ci(&st);
}

static void
measured(struct visit *v, struct kept *k)
{
	struct reps *r = &v->r;
	int64_t took = fm_clock_now_ns() - v->begun_ns;
	int64_t span = r->t1_ns - r->t0_ns < took ? r->t1_ns - r->t0_ns : took;
	struct policy_seen seen = { took - span, span / (int64_t)r->n, 0,
		interval(v) };
	struct progress_end end = { FM_OK, 0, took };

	result_point(v->s, v->at, r->dt_ns, r->n);
	*k = keep(r);
	seen.latency_ns = k->med_s * 1e9;
	end.latency_s = k->med_s;
	put_res(v, k);
	policy_measured(v->po, v->at, &seen);
	progress_end(v->pr, v->at, &end);
}

/* The error as a row. */
static void
put_err(struct visit *v, const struct fm_err *e)
{
	const struct fm_point *at = v->at;

	fm_record_put_err(
	    &v->s->t->b, e->code, at->input, at->output, at->batch, e->text);
	if (e->code == FM_SKIPPED && !v->asked)
		return;
	fm_prog_say("fm-driver", "%lld x %lld: %s", (long long)at->input,
	    (long long)at->batch, e->text);
}

static void
failed(struct visit *v, const struct fm_err *e)
{
	int64_t took = v->begun_ns ? fm_clock_now_ns() - v->begun_ns : 0;
	struct progress_end end = { e->code, 0, took };

	result_failed(v->s, v->at, e);
	progress_end(v->pr, v->at, &end);
	if (v->attempts)
		failure_put(&v->s->t->b, v->s, v->at, e, took, v->attempts);
	put_err(v, e);
	/* Running out while the model is loaded says nothing of sizes. */
	if (v->asked)
		policy_failed(v->po, v->at, e->code);
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
	struct pollfd f = { v->s->wake_fd, POLLIN, 0 };

	progress_hide(v->pr);
	fm_prog_say("fm-driver", "%lld x %lld: %s: trying again in %.1f s",
	    (long long)v->at->input, (long long)v->at->batch, e->text,
	    (double)ns / 1e9);
	if (poll(&f, 1, (int)(ns / 1000000)) > 0)
		return fm_err_set(err, FM_STOPPED,
		    "stopped while waiting to try a point again");
	return 0;
}

/* Forgets an attempt that failed; it is remembered in OBS or FAIL. */
static void
forget(struct visit *v, const struct fm_err *e, size_t text)
{
	json_t *why = json_pack(
	    "{s:s, s:s}", "code", fm_code_word(e->code), "text", e->text);

	if (!v->retried)
		v->retried = json_array();
	json_array_append_new(v->retried, why);
	v->s->t->b.len = text;
	v->s->t->b.s[text] = '\0';
	v->r.n = 0;
	json_object_clear(v->obs);
	if (v->until)
		v->until->why = NULL;
}

static int
attempts(struct visit *v, struct fm_err *err)
{
	size_t text = v->s->t->b.len;
	struct fm_err e;
	int rc;

	for (;;) {
		e = (struct fm_err)FM_ERR_INIT;
		v->attempts++;
		v->hold = policy_again(v->po, FM_BUSY, v->attempts);
		rc = attempt(v, &e);
		if (rc == 0)
			return 0;
		if (!policy_again(v->po, e.code, v->attempts))
			break;
		if (back_off(v, &e, err) != 0)
			return -1;
		forget(v, &e, text);
	}
	*err = e;
	return -1;
}

/* --- points --- */

static void
put_title(const struct session *s, const struct fm_point *at)
{
	char title[80];

	if (s->gen)
		(void)snprintf(title, sizeof title, "RUN %lld / %lld / %lld",
		    (long long)at->input, (long long)at->output,
		    (long long)at->batch);
	else
		(void)snprintf(title, sizeof title, "RUN %lld / %lld",
		    (long long)at->input, (long long)at->batch);
	text_banner(s->t, title);
}

/* 0 measured, 1 failed (the row is written), 2 skipped, -1 broken off. */
static int
visit(struct visit *v, struct fm_err *err)
{
	struct session *s = v->s;
	struct fm_err e = FM_ERR_INIT;
	struct kept k = { NULL, 0, 0 };
	int rc;

	policy_skip(v->po, v->at, &e);
	rc = e.code == FM_OK ? text_flush(s->t, &e) : -1;
	if (rc == 0)
		rc = attempts(v, &e);
	progress_hide(v->pr);
	if (rc == 0)
		measured(v, &k);
	else if (e.code != FM_STOPPED && !s->t->failed)
		failed(v, &e);
	if (e.code == FM_STOPPED || s->t->failed)
		*err = e;
	else if (text_flush(s->t, err) == 0 && k.n)
		tell(s, &k, v->at);
	if (err->code != FM_OK)
		return -1;
	return rc == 0 ? 0 : v->attempts ? 1 : 2;
}

static int
measure_point(struct session *s, struct policy *po, struct progress *pr,
    const struct fm_point *at, struct fm_err *err)
{
	json_t *dims = shape_dims(&s->shape, s->has_model ? &s->m : NULL, at);
	struct visit v = { .s = s, .po = po, .pr = pr, .at = at };
	struct until u;
	int rc;

	v.q = request(s, dims, at);
	v.obs = json_object();
	if (s->c->until) {
		until_init(&u, s->c);
		v.until = &u;
	}
	put_title(s, at);
	put_key(s, dims, at);
	progress_begin(pr, s->name, s->p.name, at);
	rc = visit(&v, err);
	if (v.until)
		until_release(&u);
	free(v.r.dt_ns);
	fm_buf_release(&v.r.after);
	json_decref(v.retried);
	json_decref(v.obs);
	json_decref(v.q);
	json_decref(dims);
	return rc;
}

int
measure_all(struct session *s, struct policy *po, struct progress *pr,
    struct fm_err *err)
{
	struct gen gen = { NULL, 0, 0 };
	size_t i, failures = 0, done = 0;
	int rc = 0;

	s->gen = s->c->n_output ? &gen : NULL;
	progress_plan(pr, s->shape.points, s->shape.n_points);
	for (i = 0; i < s->shape.n_points && rc >= 0; i++) {
		rc = measure_point(s, po, pr, &s->shape.points[i], err);
		done += rc == 0;
		failures += rc == 1;
	}
	s->gen = NULL;
	gen_release(&gen);
	if (rc < 0)
		return -1;
	if (failures && done == 0 && !(s->peer && fm_peer_alive(s->peer))) {
		fm_prog_say("fm-driver",
		    "nothing could be measured: the backend has gone");
		return fm_code_status(FM_DIED);
	}
	return failures ? 1 : 0;
}
