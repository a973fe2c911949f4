/*
 * Lists: --list_devices, --list_options, --dry_run, --profile. Lines of fields
 * parted by tabs, on stdout.
 */
#include "lists.h"

#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "estimate.h"
#include "json.h"
#include "policy.h"
#include "prog.h"
#include "record.h"
#include "session.h"

int
list_devices(struct session *s, struct fm_err *err)
{
	json_t *q =
	    json_pack("{s:s, s:O}", "op", "devices", "env", s->c->env_values);
	int rc = fm_peer_send(s->peer, q, err);
	const char *body;
	char *line;
	size_t n;

	json_decref(q);
	if (rc != 0)
		return -1;
	while ((rc = fm_peer_line(s->peer, &line, &n, err)) == 1)
		if (fm_record_tag(line, n, &body) == FM_TAG_DEV)
			printf("%s\t%s\n", s->p.name, body);
	return rc;
}

int
list_options(struct session *s)
{
	const json_t *opts = fm_peer_opts(s->peer), *o;
	size_t i;

	for (i = 0; i < json_array_size(opts); i++) {
		o = json_array_get(opts, i);
		printf("--%s:%s\t%s\t%s\t%s\n", s->p.backend,
		    fm_json_str(o, "name", ""), fm_json_str(o, "type", ""),
		    fm_json_str(o, "def", ""), fm_json_str(o, "help", ""));
	}
	return 0;
}

int
list_calibration(struct session *s, struct fm_err *err)
{
	static const char say[] = "FMWORK SAY ";
	json_t *q = json_pack("{s:s, s:i}", "op", "run", "reps", 1);
	int rc = fm_peer_send(s->peer, q, err);
	char *line;
	size_t n;

	json_decref(q);
	if (rc != 0)
		return -1;
	while ((rc = fm_peer_line(s->peer, &line, &n, err)) == 1)
		if (strncmp(line, say, sizeof say - 1) == 0)
			(void)puts(line + sizeof say - 1);
	return rc;
}

/* Seconds that a point may take; negative when nothing is known. */
static double
expect(struct policy *p, const struct conf *c, const struct fm_point *at)
{
	int64_t ns = policy_expect_ns(p, at, c->reps + c->warmup);

	if (c->seconds > 0)
		return c->seconds;
	return ns < 0 ? -1 : (double)ns / 1e9;
}

/* One point; what it adds to the whole. */
static double
put_point(const struct session *s, const struct fm_point *at, double seconds)
{
	const struct conf *c = s->c;

	printf("%s\t%s\t%lld\t%lld\t", s->p.name,
	    c->model_name ? c->model_name : s->p.backend, (long long)at->input,
	    (long long)at->batch);
	if (c->seconds > 0)
		printf("%gs\t", c->seconds);
	else
		printf("%lld\t", (long long)c->reps);
	printf("%lld\t", (long long)at->output);
	if (seconds < 0)
		printf("-\n");
	else
		printf("%.3f\n", seconds);
	return seconds < 0 ? 0 : seconds;
}

int
list_points(struct session *s, struct fm_err *err)
{
	const struct conf *c = s->c;
	struct policy p;
	double sum = 0;
	size_t i;
	int rc = 0;

	policy_init(&p, c);
	if (c->how.log)
		rc = estimate_learn(&p, c->how.log,
		    c->model_name ? c->model_name : s->p.backend, s->p.name,
		    err);
	for (i = 0; i < s->shape.n_points && rc == 0; i++) {
		const struct fm_point *at = &s->shape.points[i];

		sum += put_point(s, at, expect(&p, c, at));
	}
	if (rc == 0 && sum > 0)
		fm_prog_say("fm-driver", "%zu points, about %.0f s", i, sum);
	policy_release(&p);
	return rc;
}

/* --- --profile --- */

/* One field; names come from models and may hold anything. */
static void
put_field(const json_t *row, const char *key, const char *end)
{
	const json_t *v = json_object_get(row, key);
	const char *c = json_string_value(v);

	if (json_is_real(v))
		printf("%.6f", json_real_value(v));
	else if (json_is_integer(v))
		printf("%lld", (long long)json_integer_value(v));
	for (; c && *c; c++)
		putchar(*c == '\t' || *c == '\n' ? ' ' : *c);
	printf("%s", end);
}

/* The time of a row, or the one that has it. */
static void
put_time(const json_t *row)
{
	if (json_object_get(row, "in_row"))
		putchar('=');
	put_field(row, json_object_get(row, "ms") ? "ms" : "in_row", "\t");
}

static void
put_row(const json_t *row)
{
	static const char *const keys[] = { "phase", "pass", "kind", "type",
		"path", "in", "out" };
	size_t i;

	put_field(row, "id", "\t");
	put_field(row, "start_ms", "\t");
	put_time(row);
	for (i = 0; i < sizeof keys / sizeof *keys; i++)
		put_field(row, keys[i], "\t");
	(void)puts(
	    fm_json_bool(row, "simulated", false) ? "simulated" : "measured");
}

static int
take_row(const char *line, struct fm_err *err)
{
	static const char prof[] = "FMWORK PROF ", say[] = "FMWORK SAY ";
	json_t *row;

	if (strncmp(line, say, sizeof say - 1) == 0)
		printf("%s\n", line + sizeof say - 1);
	if (strncmp(line, prof, sizeof prof - 1) != 0)
		return 0;
	line += sizeof prof - 1;
	row = fm_json_parse(line, strlen(line), "PROF line", err);
	if (!row)
		return -1;
	put_row(row);
	json_decref(row);
	return 0;
}

static int
profile_point(struct session *s, const struct fm_point *at, struct fm_err *err)
{
	json_t *q = json_pack("{s:s, s:o, s:I, s:I, s:I, s:I}", "op", "profile",
	    "dims", shape_dims(&s->shape, s->has_model ? &s->m : NULL, at),
	    "input", (json_int_t)at->input, "output", (json_int_t)at->output,
	    "batch", (json_int_t)at->batch, "seed", (json_int_t)s->c->seed);
	char *line;
	size_t n;
	int rc;

	if (s->fill)
		json_object_set(q, "fill", s->fill);
	rc = session_fit(s, json_object_get(q, "dims"), err);
	if (rc == 0)
		rc = fm_peer_send(s->peer, q, err);
	json_decref(q);
	printf("# %lld tokens, %lld more, batch %lld%s\n", (long long)at->input,
	    (long long)at->output - 1, (long long)at->batch,
	    fm_json_bool(s->sys, "simulated", false) ? ", simulated" : "");
	printf("id\tstart_ms\tms\tphase\tpass\tkind\ttype\tpath\tin\tout\t"
	       "source\n");
	while (rc == 0 && (rc = fm_peer_line(s->peer, &line, &n, err)) == 1)
		rc = take_row(line, err);
	return rc;
}

/* A point that does not fit costs that point, as it does a sweep. */
int
list_profile(struct session *s, struct fm_err *err)
{
	size_t i;
	int status = 0;

	for (i = 0; i < s->shape.n_points; i++) {
		const struct fm_point *at = &s->shape.points[i];

		if (profile_point(s, at, err) == 0)
			continue;
		if (err->code != FM_OOM)
			return -1;
		(void)fm_err_wrap(err, "%lld x %lld", (long long)at->input,
		    (long long)at->batch);
		(void)fm_prog_fail("fm-driver", err);
		fm_err_clear(err);
		status = 1;
	}
	return status;
}
