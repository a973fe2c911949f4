/*
 * Results of benchmarks, kept with the build. A few numbers by fmwork's rule:
 * fm-process computes everything else, from the log.
 */
#include "result.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conf.h"
#include "json.h"
#include "prog.h"
#include "session.h"
#include "stat.h"

static json_t *
record(const struct session *s, const struct fm_point *at, const char *status)
{
	static const char *const facts[] = { "run_id", "platform", "backend",
		"device", "runtime", "backend_version", "precision" };
	time_t now = time(NULL);
	json_t *r = json_object();
	struct tm tm;
	char text[32];
	size_t i;

	(void)gmtime_r(&now, &tm);
	(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	fm_json_set_str(r, "time", text);
	for (i = 0; i < sizeof facts / sizeof *facts; i++)
		json_object_set(r, facts[i], json_object_get(s->sys, facts[i]));
	fm_json_set_int(r, "input", at->input);
	fm_json_set_int(r, "output", at->output);
	fm_json_set_int(r, "batch", at->batch);
	fm_json_set_str(r, "status", status);
	return r;
}

/* Not being able to keep it is said, and no failure of the point: it is in
 * the log. */
static void
keep(struct session *s, json_t *r)
{
	struct fm_err err = FM_ERR_INIT;

	if (build_result(&s->build, r, &err) != 0)
		fm_prog_say("fm-driver", "%s", err.text);
	json_decref(r);
}

void
result_point(struct session *s, const struct fm_point *at, const int64_t *dt_ns,
    size_t n)
{
	struct fm_stat_conf conf = { FM_STAT_FMWORK, 0, false, false };
	struct fm_stat_work work = { 0 };
	struct fm_stat st;
	json_t *r;

	if (!s->build.used)
		return;
	r = record(s, at, "OK");
	fm_stat_describe(&st, dt_ns, n, &conf, &work);
	fm_stat_work_release(&work);
	json_object_set_new(r, "stats",
	    json_pack("{s:I, s:I, s:f, s:f, s:f, s:f}", "n", (json_int_t)st.n,
		"dropped", (json_int_t)st.dropped, "mean", st.mean / 1e9,
		"median", (double)st.median2 / 2e9, "min", (double)st.min / 1e9,
		"max", (double)st.max / 1e9));
	if (st.n - st.dropped > 1)
		json_object_set_new(
		    json_object_get(r, "stats"), "sd", json_real(st.sd / 1e9));
	keep(s, r);
}

void
result_failed(
    struct session *s, const struct fm_point *at, const struct fm_err *why)
{
	char status[32];
	json_t *r;

	if (!s->build.used)
		return;
	(void)snprintf(
	    status, sizeof status, "ERR_%s", fm_code_word(why->code));
	r = record(s, at, status);
	fm_json_set_str(r, "error_msg", why->text);
	keep(s, r);
}
