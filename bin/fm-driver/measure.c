/*
 * Measuring points. Knows fmwork's loop order and its rule for RES; the
 * numbers themselves come from the backend.
 */
#include "measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "conf.h"
#include "failure.h"
#include "gen.h"
#include "hash.h"
#include "journal.h"
#include "json.h"
#include "lane.h"
#include "policy.h"
#include "prog.h"
#include "progress.h"
#include "quiet.h"
#include "record.h"
#include "remote.h"
#include "result.h"
#include "session.h"
#include "stat.h"
#include "text.h"
#include "until.h"
#include "visit.h"

/* --- KEY --- */

/* What the backend is asked to do with it, and how often. */
static json_t *
asked_of(const struct session *s)
{
	const struct conf *c = s->c;
	json_t *all = json_object();

	fm_json_set_int(all, "warmup", c->warmup);
	fm_json_set_int(all, "seed", c->seed);
	if (c->until) {
		fm_json_set_str(all, "until", c->until);
		fm_json_set_int(all, "min_reps", c->min_reps);
		fm_json_set_int(all, "max_reps", c->max_reps);
		json_object_set_new(
		    all, "max_seconds", json_real(c->max_seconds));
	} else if (c->seconds > 0) {
		json_object_set_new(all, "seconds", json_real(c->seconds));
	} else {
		fm_json_set_int(all, "reps", c->reps);
	}
	if (c->delay > 0)
		json_object_set_new(all, "delay", json_real(c->delay));
	if (c->token_times)
		json_object_set_new(all, "token_times", json_true());
	json_object_set(all, "prompt", json_object_get(s->open, "prompt"));
	json_object_set(all, "inputs", s->fed);
	return all;
}

/* Everything that defines the point, in a fixed order; fm-log(5). */
static void
key_of(struct session *s, const json_t *dims, const struct fm_point *at,
    char hex[FM_HASH_HEX])
{
	static const char *const facts[] = { "model_hash", "precision",
		"backend", "backend_version", "runtime", "provider", "device",
		"settings" };
	json_t *all = json_object();
	struct fm_buf b = FM_BUF_INIT;
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
	/* Of all lanes: a point may be measured in any. */
	if (s->c->how.cpus)
		fm_json_set_str(all, "cpus", s->c->how.cpus);
	json_object_set_new(all, "asked", asked_of(s));
	fm_json_put(&b, all);
	fm_hash_of(b.s, b.len, hex);
	fm_buf_release(&b);
	json_decref(all);
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

	quiet_mark(&v->quiet, obs);
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

/* --- points --- */

static void
put_head(struct session *s, const struct fm_point *at, const char *key)
{
	char title[80];

	text_run_title(title, sizeof title, s->c, at);
	s->t->idle = false;
	text_banner(s->t, title);
	fm_record_put_text(&s->t->b, FM_TAG_KEY, key);
}

/* What an earlier log says of it; fresh without --resume. */
static enum journal_state
known(const struct session *s, const struct fm_point *at, const char *key)
{
	enum journal_state k = JOURNAL_NEW;
	struct journal_times times = { 0, 0, NULL, 0 };

	if (s->c->how.resume)
		k = journal_find(s->e.journal, key, s->e.run, &times);
	if (k == JOURNAL_DONE && s->gen && times.n) {
		struct fm_gen_res res = { times.t0_ns, times.t1_ns, 0, 0 };

		gen_know(s->gen, at, &res, times.dt_ns, times.n);
	}
	if (k != JOURNAL_DONE && s->c->how.resume_failed)
		k = JOURNAL_NEW;
	return k;
}

/* How a point ended. */
enum end {
	BROKEN_OFF = -1,
	MEASURED,
	FAILED, /* the row is written */
	SKIPPED /* so is this one's */
};

static enum end
visit(struct visit *v, const json_t *dims, struct fm_err *err)
{
	struct session *s = v->s;
	struct fm_err e = FM_ERR_INIT;
	struct kept k = { NULL, 0, 0 };
	int rc;

	policy_skip(v->po, v->at, &e);
	rc = e.code == FM_OK ? text_flush(s->t, &e) : -1;
	if (rc == 0)
		rc = visit_run(v, dims, &e);
	progress_hide(v->pr);
	if (rc == 0)
		measured(v, &k);
	else if (e.code != FM_STOPPED && !s->t->failed)
		failed(v, &e);
	if (e.code == FM_STOPPED || s->t->failed)
		*err = e;
	else if (text_point(s->t, err) == 0 && k.n)
		tell(s, &k, v->at);
	if (err->code != FM_OK)
		return BROKEN_OFF;
	return rc == 0 ? MEASURED : v->attempts ? FAILED : SKIPPED;
}

static enum end
measure_point(struct session *s, struct policy *po, const struct fm_point *at,
    const json_t *dims, const char *key, struct fm_err *err)
{
	struct visit v = { .s = s,
		.po = po,
		.pr = s->e.progress,
		.at = at,
		.r = { .after = FM_BUF_INIT },
		.quiet = QUIET_INIT };
	struct until u;
	enum end end;

	v.obs = json_object();
	if (s->c->until) {
		until_init(&u, s->c);
		v.until = &u;
	}
	put_head(s, at, key);
	progress_begin(v.pr, s->name, s->p.name, at);
	end = visit(&v, dims, err);
	if (v.until)
		until_release(&u);
	visit_release(&v);
	return end;
}

/* As measure_point(); what an earlier log holds is not done again. */
static enum end
take_point(struct session *s, struct policy *po, const struct fm_point *at,
    struct fm_err *err)
{
	json_t *dims = shape_dims(&s->shape, s->has_model ? &s->m : NULL, at);
	char key[FM_HASH_HEX];
	enum journal_state k;
	enum end end;

	key_of(s, dims, at, key);
	k = known(s, at, key);
	/* What was learnt then holds now. */
	if (k == JOURNAL_OOM)
		policy_failed(po, at, FM_OOM);
	if (k == JOURNAL_NEW) {
		end = measure_point(s, po, at, dims, key, err);
	} else {
		progress_known(s->e.progress, at);
		end = k == JOURNAL_DONE      ? MEASURED
		      : k == JOURNAL_SKIPPED ? SKIPPED
					     : FAILED;
	}
	json_decref(dims);
	return end;
}

int
measure_all(
    struct session *s, struct queue *q, struct policy *po, struct fm_err *err)
{
	size_t i, failures = 0, done = 0;
	enum end end = MEASURED;
	bool left = false;

	s->gen = q->gen;
	while (end != BROKEN_OFF && queue_next(q, &i)) {
		end = take_point(s, po, &s->shape.points[i], err);
		done += end == MEASURED;
		if (end == MEASURED)
			journal_has(s->e.journal);
		failures += end == FAILED;
		if (end == FAILED && remote_gone(s->remote) && queue_leave(q)) {
			remote_say_left(s->remote);
			left = true;
			break;
		}
	}
	s->gen = NULL;
	if (end == BROKEN_OFF)
		return -1;
	if (failures && done == 0 && !left &&
	    !(s->peer && fm_peer_alive(s->peer)))
		return fm_code_status(FM_DIED);
	return failures ? 1 : 0;
}
