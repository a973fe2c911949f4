/*
 * Records in the full schema: the order of the keys is fm-record(5)'s.
 */
#include "rec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "num.h"
#include "table.h"

void
rec_release(struct rec *r)
{
	fm_strs_release(&r->notes);
}

void
rec_clear(struct rec *r)
{
	fm_strs_release(&r->notes);
	memset(r, 0, sizeof *r);
}

static void
put_text(struct emit *e, const char *key, struct fm_text t)
{
	emit_key(e, key);
	emit_str(e, t.n ? t.s : NULL, t.n);
}

static void
put_str(struct emit *e, const char *key, const char *s)
{
	emit_key(e, key);
	emit_str(e, s, s ? strlen(s) : 0);
}

static void
put_num(struct emit *e, const char *key, struct fm_text t)
{
	emit_key(e, key);
	emit_num(e, t);
}

static void
put_numstr(struct emit *e, const char *key, const char *s)
{
	put_num(e, key, (struct fm_text){ s, s ? strlen(s) : 0 });
}

static void
put_ns(struct emit *e, const char *key, int64_t ns)
{
	emit_key(e, key);
	emit_scaled(e, ns, 9, 9);
}

/* Tenths of a nanosecond are more than a double of seconds keeps anyway. */
static void
put_real_ns(struct emit *e, const char *key, double ns)
{
	emit_key(e, key);
	if (isfinite(ns) && fabs(ns) < 9e16)
		emit_scaled(e, llround(ns * 10), 10, 9);
	else
		emit_null(e);
}

static void
put_real(struct emit *e, const char *key, double v, int decimals)
{
	static const double scale[] = { 1, 10, 100, 1000 };

	emit_key(e, key);
	if (isfinite(v) && fabs(v) < 9e15)
		emit_scaled(e, llround(v * scale[decimals]), decimals, 0 + 1);
	else
		emit_null(e);
}

static void
put_strs(struct emit *e, const struct fm_strs *l)
{
	size_t i;

	emit_open(e, '[');
	for (i = 0; i < l->n; i++) {
		emit_item(e);
		emit_str(e, l->v[i], strlen(l->v[i]));
	}
	emit_close(e, ']');
}

/* The same options for every point: made once for each experiment. */
static void
put_opts(struct emit *e, struct exper *x)
{
	struct emit t;

	emit_key(e, "opts");
	if (x->opts_json.len == 0) {
		emit_init(&t, &x->opts_json, e->pretty, e->depth);
		put_strs(&t, &x->opts);
	}
	emit_raw(e, x->opts_json.s, x->opts_json.len);
}

/* --- statistics ---------------------------------------------------------- */

static void
put_full(struct emit *e, const struct fm_stat *s, bool samples)
{
	static const char *const names[FM_STAT_QUANTILES] = { "p25", "p50",
		"p75", "p90", "p95", "p99", "p999" };
	int i;

	for (i = 0; i < FM_STAT_QUANTILES; i++)
		put_real_ns(e, names[i],
		    s->has_quantile[i] ? s->quantile[i] : (double)NAN);
	emit_key(e, "ci95");
	if (s->has_ci) {
		emit_open(e, '[');
		emit_item(e);
		emit_scaled(e, s->ci_lo, 9, 9);
		emit_item(e);
		emit_scaled(e, s->ci_hi, 9, 9);
		emit_close(e, ']');
	} else {
		emit_null(e);
	}
	put_real(e, "rho1", s->rho1, 3);
	put_real(e, "ess", s->ess, 1);
	emit_key(e, "drift");
	if (s->has_drift) {
		emit_open(e, '{');
		put_real(e, "percent", s->drift, 3);
		put_real(e, "lo", s->drift_lo, 3);
		put_real(e, "hi", s->drift_hi, 3);
		emit_close(e, '}');
	} else {
		emit_null(e);
	}
	emit_key(e, "steady");
	if (s->steady < 0)
		emit_null(e);
	else
		emit_bool(e, s->steady);
	emit_key(e, "outliers");
	if (!samples) {
		emit_null(e);
		return;
	}
	emit_open(e, '{');
	emit_key(e, "low_severe");
	emit_int(e, (int64_t)s->low_severe);
	emit_key(e, "low_mild");
	emit_int(e, (int64_t)s->low_mild);
	emit_key(e, "high_mild");
	emit_int(e, (int64_t)s->high_mild);
	emit_key(e, "high_severe");
	emit_int(e, (int64_t)s->high_severe);
	emit_close(e, '}');
}

/* What the tool said; what it did not is null. */
static void
put_given(struct emit *e, const struct rec_given *g, const struct conf *c)
{
	struct fm_stat none = {
		.rho1 = (double)NAN, .ess = (double)NAN, .steady = -1
	};
	int i;

	for (i = 0; i < FM_STAT_QUANTILES; i++) {
		none.quantile[i] = g->quantile[i];
		none.has_quantile[i] = true;
	}
	emit_open(e, '{');
	emit_key(e, "n");
	if (g->n)
		emit_int(e, g->n);
	else
		emit_null(e);
	put_str(e, "dropped", NULL);
	put_str(e, "rule", NULL);
	put_str(e, "first", NULL);
	put_real_ns(e, "mean", g->mean);
	put_real_ns(e, "sd", g->sd);
	put_real_ns(e, "median", g->median);
	put_str(e, "mad", NULL);
	put_real_ns(e, "min", g->min);
	put_real_ns(e, "max", g->max);
	if (c->stat.full)
		put_full(e, &none, false);
	emit_close(e, '}');
}

static bool
has_given(const struct rec_given *g)
{
	return g && (isfinite(g->mean) || isfinite(g->median));
}

static void
put_stats(struct emit *e, const struct rec *r, struct point *p,
    const struct conf *c, struct fm_stat_work *w)
{
	struct fm_stat s;

	emit_key(e, "stats");
	if (has_given(r->given) && !c->no_stats) {
		put_given(e, r->given, c);
		return;
	}
	if (p == NULL || p->dt.n == 0 || c->no_stats) {
		emit_null(e);
		return;
	}
	s = *point_describe(p, &c->stat, w);
	emit_open(e, '{');
	emit_key(e, "n");
	emit_int(e, (int64_t)s.n);
	emit_key(e, "dropped");
	emit_int(e, (int64_t)s.dropped);
	put_str(e, "rule", c->drop);
	put_ns(e, "first", s.first);
	put_real_ns(e, "mean", s.mean);
	put_real_ns(e, "sd", s.sd);
	emit_key(e, "median");
	emit_scaled(e, s.median2 * 5, 10, 9);
	emit_key(e, "mad");
	emit_scaled(e, s.mad4 * 25, 11, 9);
	put_ns(e, "min", s.min);
	put_ns(e, "max", s.max);
	if (c->stat.full)
		put_full(e, &s, true);
	emit_close(e, '}');
}

/* --- tokens -------------------------------------------------------------- */

/* {"n":…,"median":…,"p90":…,"p99":…,"max":…} of unordered samples */
static void
put_spread(struct emit *e, const char *key, const struct samples *v,
    const struct conf *c, struct fm_stat_work *w)
{
	struct fm_stat_conf all = { FM_STAT_NONE, 0, true, c->type7 };
	struct fm_stat s;

	emit_key(e, key);
	if (v->n == 0) {
		emit_null(e);
		return;
	}
	fm_stat_describe(&s, v->v, v->n, &all, w);
	emit_open(e, '{');
	emit_key(e, "n");
	emit_int(e, (int64_t)s.n);
	put_real_ns(e, "mean", s.mean);
	emit_key(e, "median");
	emit_scaled(e, s.median2 * 5, 10, 9);
	put_real_ns(e, "p90", s.has_quantile[3] ? s.quantile[3] : (double)NAN);
	put_real_ns(e, "p99", s.has_quantile[5] ? s.quantile[5] : (double)NAN);
	put_ns(e, "max", s.max);
	emit_close(e, '}');
}

static void
put_tokens(struct emit *e, const struct point *p, const struct conf *c,
    struct fm_stat_work *w)
{
	if (p == NULL || (p->ttft.n == 0 && p->gaps.n == 0))
		return;
	emit_key(e, "tokens");
	emit_open(e, '{');
	emit_key(e, "requests");
	emit_int(e, (int64_t)p->ttft.n);
	emit_key(e, "tokens");
	emit_int(e, p->tokens);
	put_spread(e, "ttft", &p->ttft, c, w);
	put_spread(e, "gen", &p->gen, c, w);
	put_spread(e, "itl", &p->gaps, c, w);
	emit_close(e, '}');
}

/* --- the record ---------------------------------------------------------- */

static void
put_engine(struct emit *e, const struct rec *r, const struct exper *x)
{
	const char *backend = fm_json_str(x->sys, "backend", NULL);
	char word[80];

	if (r->engine) {
		put_str(e, "engine", r->engine);
	} else if (backend) {
		(void)snprintf(word, sizeof word, "fm/%s", backend);
		put_str(e, "engine", word);
	} else {
		put_str(e, "engine", fm_dialect_engine(r->dialect));
	}
}

static const char *
metadata_id(const struct conf *c, const struct exper *x)
{
	if (c->metadata_id && strcmp(c->metadata_id, "auto") == 0)
		return x->sys_id[0] ? x->sys_id : NULL;
	return c->metadata_id;
}

static void
put_model(struct emit *e, const struct rec *r, const struct exper *x,
    const struct conf *c)
{
	if (c->model)
		put_str(e, "model", c->model);
	else if (r->model.n)
		put_text(e, "model", r->model);
	else
		put_str(e, "model", x->model);
}

/* The fifteen keys that fmwork has, too. */
static void
put_fmwork(
    struct emit *e, const struct rec *r, struct exper *x, const struct conf *c)
{
	put_text(e, "timestamp", r->timestamp);
	put_str(e, "metadata_id", metadata_id(c, x));
	put_engine(e, r, x);
	put_model(e, r, x, c);
	put_str(e, "precision",
	    c->precision ? c->precision
			 : fm_json_str(x->sys, "precision", NULL));
	put_num(e, "input", r->input);
	put_num(e, "output", r->output);
	put_num(e, "batch", r->batch);
	put_num(e, "tp", r->tp);
	put_opts(e, x);
	put_numstr(e, "warmup", x->warmup);
	put_numstr(e, "setup", x->setup);
	put_num(e, "ttft", r->ttft);
	put_num(e, "itl", r->itl);
	put_num(e, "thp", r->thp);
}

static void
put_ours(
    struct emit *e, const struct rec *r, struct exper *x, const struct point *p)
{
	struct fm_text stamp = r->timestamp;

	emit_key(e, "schema");
	emit_int(e, 1);
	put_str(e, "status", r->status ? r->status : "OK");
	put_text(e, "error_msg", r->error);
	emit_key(e, "notes");
	put_strs(e, &r->notes);
	if (r->model_class.n)
		put_text(e, "model_class", r->model_class);
	else
		put_str(e, "model_class", x->model_class);
	put_str(e, "platform", fm_json_str(x->sys, "platform", x->platform));
	put_str(e, "backend", fm_json_str(x->sys, "backend", NULL));
	put_str(e, "device", fm_json_str(x->sys, "device", NULL));
	put_str(e, "host", fm_json_str(x->sys, "host", NULL));
	put_text(e, "time_end", r->time_end);
	put_text(e, "key",
	    (struct fm_text){ p ? p->key.s : NULL, p ? p->key.len : 0 });
	put_str(e, "sys_id", x->sys_id[0] ? x->sys_id : NULL);
	emit_key(e, "simulated");
	emit_bool(e, r->sim.n > 0);
	put_str(e, "run_id", exper_run_id(x, stamp));
}

/* JSON from the log is passed through, when that is what it is; on one line
 * as it stands, with its digits. */
static void
put_passed(struct emit *e, const char *key, struct fm_text t)
{
	json_t *v = t.n ? json_loadb(t.s, t.n, 0, NULL) : NULL;

	if (v == NULL)
		return;
	emit_key(e, key);
	if (e->pretty)
		emit_json(e, v);
	else
		emit_raw(e, t.s, t.n);
	json_decref(v);
}

void
rec_put(struct emit *e, const struct rec *r, struct exper *x, struct point *p,
    const struct conf *c, struct fm_stat_work *w, json_t *extra)
{
	const char *key;
	json_t *v;

	emit_open(e, '{');
	put_fmwork(e, r, x, c);
	put_ours(e, r, x, p);
	put_stats(e, r, p, c, w);
	put_passed(e, "noise", r->obs);
	put_passed(e, "sim", r->sim);
	put_passed(e, "failure", r->fail);
	put_tokens(e, p, c, w);
	if (r->serving) {
		emit_key(e, "serving");
		emit_json(e, r->serving);
	}
	if (c->with_sys && x->sys) {
		emit_key(e, "sys");
		emit_json(e, x->sys);
	}
	json_object_foreach (json_object_get(x->sys, "metadata"), key, v)
		if (!json_object_get(extra, key) && !table_knows(key)) {
			emit_key(e, key);
			emit_json(e, v);
		}
	json_object_foreach (extra, key, v) {
		emit_key(e, key);
		emit_json(e, v);
	}
	emit_close(e, '}');
}
