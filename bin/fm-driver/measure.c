/*
 * Measuring points. Knows fmwork's loop order and its rule for RES; the
 * numbers themselves come from the backend.
 */
#include "measure.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "conf.h"
#include "gen.h"
#include "hash.h"
#include "json.h"
#include "prog.h"
#include "record.h"
#include "result.h"
#include "session.h"
#include "stat.h"
#include "text.h"

/* The repetitions of one point. */
struct reps {
	int64_t *dt_ns; /* in order */
	size_t n, cap;
	int64_t t0_ns, t1_ns; /* start of the first, end of the last */
	struct fm_buf after;  /* lines that follow RES */
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
take_rep(struct reps *r, const char *line, size_t n, struct fm_err *err)
{
	struct fm_rep rep;

	if (!fm_record_get_rep(line, n, &rep))
		return fm_err_set(err, FM_INTERNAL,
		    "the backend sent a broken line: '%.80s'", line);
	FM_GROW(r->dt_ns, r->cap, r->n + 1);
	if (r->n == 0)
		r->t0_ns = rep.t0_ns;
	r->t1_ns = rep.t1_ns;
	r->dt_ns[r->n++] = rep.dt_ns;
	return 0;
}

/* The backend does not know how its repetitions are printed. */
static void
put_rep(
    struct session *s, const struct fm_point *at, const char *line, size_t n)
{
	struct fm_rep rep;

	if (s->gen && fm_record_get_rep(line, n, &rep))
		gen_put_rep(&s->t->b, s, &rep, at);
	else
		text_line(s->t, line, n);
}

static int
read_point(struct session *s, const struct fm_point *at, struct reps *r,
    struct fm_err *err)
{
	static const char say[] = "FMWORK SAY ";
	struct fm_err io = FM_ERR_INIT;
	const char *body;
	char *line;
	size_t n;
	int rc;

	while ((rc = fm_peer_line(s->peer, &line, &n, err)) == 1) {
		switch (fm_record_tag(line, n, &body)) {
		case FM_TAG_REP:
			if (take_rep(r, line, n, err) != 0) {
				(void)fm_peer_finish(s->peer, &io);
				return -1;
			}
			put_rep(s, at, line, n);
			break;
		case FM_TAG_TOK:
		case FM_TAG_GAP:
			text_line(s->t, line, n);
			break;
		case FM_TAG_OBS:
		case FM_TAG_SIM:
			fm_buf_put(&r->after, line, n);
			fm_buf_putc(&r->after, '\n');
			break;
		default:
			if (strncmp(line, say, sizeof say - 1) == 0)
				fm_buf_printf(
				    &r->after, "%s\n", line + sizeof say - 1);
		}
		if (text_flush_soon(s->t, err) != 0)
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

static void
put_res(struct session *s, const struct reps *r, const struct kept *k,
    const struct fm_point *at)
{
	struct fm_res res = { r->t0_ns, r->t1_ns, s->name, s->model_class,
		at->input, at->batch, k->med_s };
	struct fm_gen_res gen = { r->t0_ns, r->t1_ns, 0, 0 };

	if (s->gen) {
		gen_put_res(s->gen, &s->t->b, s, at, &gen, k->dt_ns, k->n);
	} else {
		fm_buf_putc(&s->t->b, '\n');
		fm_record_put_res(&s->t->b, &res);
	}
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
	if (c->token_times)
		json_object_set_new(q, "token_times", json_true());
	if (s->fill)
		json_object_set(q, "fill", s->fill);
	return q;
}

/* The error as a row. */
static void
put_err(struct session *s, const struct fm_err *e, const struct fm_point *at)
{
	fm_record_put_err(
	    &s->t->b, e->code, at->input, at->output, at->batch, e->text);
	fm_prog_say("fm-driver", "%lld x %lld: %s", (long long)at->input,
	    (long long)at->batch, e->text);
}

static int
run_point(struct session *s, const struct fm_point *at, const json_t *q,
    struct reps *r, struct fm_err *err)
{
	if (session_fit(s, json_object_get(q, "dims"), err) != 0)
		return -1;
	if (!fm_peer_alive(s->peer) && session_again(s, err) != 0)
		return -1;
	if (fm_peer_send(s->peer, q, err) != 0 ||
	    read_point(s, at, r, err) != 0)
		return -1;
	if (r->n == 0)
		return fm_err_set(
		    err, FM_INTERNAL, "the backend measured no repetition");
	return 0;
}

/* 0 measured, 1 failed (the row is written), -1 broken off. */
static int
measure_point(struct session *s, const struct fm_point *at, struct fm_err *err)
{
	json_t *dims = shape_dims(&s->shape, s->has_model ? &s->m : NULL, at);
	json_t *q = request(s, dims, at);
	struct reps r = { NULL, 0, 0, 0, 0, FM_BUF_INIT };
	struct fm_err e = FM_ERR_INIT;
	struct kept k = { NULL, 0, 0 };
	char title[80];
	int rc;

	if (s->gen)
		(void)snprintf(title, sizeof title, "RUN %lld / %lld / %lld",
		    (long long)at->input, (long long)at->output,
		    (long long)at->batch);
	else
		(void)snprintf(title, sizeof title, "RUN %lld / %lld",
		    (long long)at->input, (long long)at->batch);
	text_banner(s->t, title);
	put_key(s, dims, at);
	rc = text_flush(s->t, &e);
	if (rc == 0)
		rc = run_point(s, at, q, &r, &e);
	if (rc == 0) {
		result_point(s, at, r.dt_ns, r.n);
		k = keep(&r);
		put_res(s, &r, &k, at);
	} else if (e.code != FM_STOPPED && !s->t->failed) {
		result_failed(s, at, &e);
		put_err(s, &e, at);
	}
	if (e.code == FM_STOPPED || s->t->failed)
		*err = e;
	else if (text_flush(s->t, err) == 0 && k.n)
		tell(s, &k, at);
	free(r.dt_ns);
	fm_buf_release(&r.after);
	json_decref(q);
	json_decref(dims);
	if (err->code != FM_OK)
		return -1;
	return rc == 0 ? 0 : 1;
}

int
measure_all(struct session *s, struct fm_err *err)
{
	struct gen gen = { NULL, 0, 0 };
	size_t i, failed = 0;
	int rc = 0;

	s->gen = s->c->n_output ? &gen : NULL;
	for (i = 0; i < s->shape.n_points && rc >= 0; i++) {
		rc = measure_point(s, &s->shape.points[i], err);
		failed += rc > 0;
	}
	s->gen = NULL;
	gen_release(&gen);
	if (rc < 0)
		return -1;
	if (failed == s->shape.n_points && !fm_peer_alive(s->peer)) {
		fm_prog_say("fm-driver",
		    "nothing could be measured: the backend has gone");
		return fm_code_status(FM_DIED);
	}
	return failed ? 1 : 0;
}
