/*
 * The backend's end of the conversation: reads requests, one JSON object a
 * line, and answers in FMWORK lines. Knows the order of things (inputs, stage,
 * clock, call, clock) and no device.
 */
#include "backend.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "backend_req.h"
#include "cpus.h"
#include "hangup.h"
#include "host.h"
#include "io.h"
#include "json.h"
#include "noise.h"
#include "prog.h"
#include "record.h"

enum {
	PROTOCOL = 1,
	GATHER_NS = 100000000, /* the oldest a REP line may get */
	GATHER_BYTES = 65536   /* what a pipe takes at once */
};

/* One conversation. */
struct talk {
	struct fm_backend b;
	const struct fm_backend_ops *ops;
	struct fm_hangup hangup;
	struct fm_feed feed;
	bool is_open;
	int64_t version_ns; /* what loading for `version` took, for SETUP */
	bool broken;        /* nobody reads our answers any more */
	bool bound_memory;  /* to the nodes of the CPUs */
	struct fm_noise before, after; /* of the point */
	json_t *bound;       /* dims and fills the buffers are for, or NULL */
	int64_t points;      /* runs with "first" 1 */
	int64_t flushed_ns;  /* when lines were written last */
	struct fm_buf lines; /* complete, not written yet */
};

void
fm_backend_say(struct fm_backend *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fm_buf_vprintf(&b->out, fmt, ap);
	va_end(ap);
	fm_buf_putc(&b->out, '\n');
}

/* What the backend said stands after the repetition it was said in. */
static void
take_said(struct talk *t)
{
	if (!t->b.out.len)
		return;
	fm_buf_put(&t->lines, t->b.out.s, t->b.out.len);
	fm_buf_clear(&t->b.out);
}

static void
flush(struct talk *t)
{
	struct fm_buf *out = &t->lines;

	if (fm_io_write_all(t->b.out_fd, out->s, out->len))
		t->broken = true;
	fm_buf_clear(out);
	t->flushed_ns = fm_clock_now_ns();
}

/* --- hello, devices, open, close --- */

static int
op_hello(struct talk *t, const json_t *req, struct fm_err *err)
{
	int64_t protocol = fm_json_int(req, "protocol", PROTOCOL);
	const struct fm_backend_opt *o;
	const char *const *cap;

	if (protocol != PROTOCOL)
		return fm_err_set(err, FM_USAGE,
		    "protocol %lld is not spoken here, only %d",
		    (long long)protocol, PROTOCOL);
	fm_backend_say(&t->b, "FMWORK HELLO %d %s", PROTOCOL, t->ops->name);
	for (cap = t->ops->caps; cap && *cap; cap++)
		fm_backend_say(&t->b, "FMWORK CAP %s", *cap);
	if (!t->ops->run) {
		fm_backend_say(&t->b, "FMWORK CAP cpus");
		fm_backend_say(&t->b, "FMWORK CAP observe");
	}
	if (t->ops->profile)
		fm_backend_say(&t->b, "FMWORK CAP profile");
	for (o = t->ops->opts; o->name; o++)
		fm_backend_say(&t->b, "FMWORK OPT %s %s %s %s", o->name,
		    o->type, *o->def ? o->def : "-", o->help);
	return 0;
}

static void
close_model(struct talk *t)
{
	if (t->is_open && t->ops->close)
		t->ops->close(&t->b);
	t->is_open = false;
	fm_feed_release(&t->feed);
	json_decref(t->bound);
	json_decref(t->b.model);
	json_decref(t->b.options);
	t->bound = t->b.model = t->b.options = NULL;
}

/* What must be known before the vendor's library is loaded. */
static int
take_settings(struct talk *t, const json_t *req, struct fm_err *err)
{
	close_model(t);
	t->b.options = fm_backend_options(
	    t->ops->name, t->ops->opts, json_object_get(req, "options"), err);
	if (!t->b.options)
		return -1;
	return fm_backend_settle(req, &t->bound_memory, err);
}

static int
op_devices(struct talk *t, const json_t *req, struct fm_err *err)
{
	if (take_settings(t, req, err))
		return -1;
	return t->ops->devices ? t->ops->devices(&t->b, err) : 0;
}

static int
op_version(struct talk *t, const json_t *req, struct fm_err *err)
{
	int64_t t0 = fm_clock_now_ns();
	int rc;

	if (take_settings(t, req, err))
		return -1;
	if (t->ops->version) {
		rc = t->ops->version(&t->b, err);
		t->version_ns += fm_clock_now_ns() - t0;
		return rc;
	}
	fm_backend_say(&t->b, "FMWORK VERSION %s %s", t->ops->name, FM_VERSION);
	return 0;
}

static int
op_build(struct talk *t, const json_t *req, struct fm_err *err)
{
	const char *dir = fm_json_str(req, "dir", NULL);
	int rc;

	if (!t->ops->build)
		return fm_err_set(err, FM_USAGE,
		    "backend %s has nothing to build", t->ops->name);
	if (!dir)
		return fm_err_set(err, FM_USAGE, "build needs \"dir\"");
	if (take_settings(t, req, err))
		return -1;
	t->b.model = json_incref(json_object_get(req, "model"));
	rc = t->ops->build(&t->b, req, dir, err);
	close_model(t);
	return rc;
}

static void
say_sys(struct talk *t, json_t *sys)
{
	int64_t cost_ns, resolution_ns;

	fm_clock_measure(1000, &cost_ns, &resolution_ns);
	fm_json_set_str(sys, "backend", t->ops->name);
	fm_json_set_str(sys, "backend_version", FM_VERSION);
	fm_json_set_int(sys, "clock_cost_ns", cost_ns);
	fm_json_set_int(sys, "clock_resolution_ns", resolution_ns);
	if (t->bound_memory)
		json_object_set_new(sys, "memory_bound", json_true());
	fm_host_facts(sys);
	fm_record_put_json(&t->b.out, FM_TAG_SYS, sys);
}

static int
op_open(struct talk *t, const json_t *req, struct fm_err *err)
{
	json_t *sys;
	int64_t t0;
	int rc = 0;

	if (take_settings(t, req, err) ||
	    fm_feed_open(&t->feed, json_object_get(req, "inputs"), err))
		return -1;
	t->b.model = json_incref(json_object_get(req, "model"));
	t->is_open = true;
	sys = json_object();
	json_object_set_new(sys, "settings", json_deep_copy(t->b.options));
	t->b.setup_ns = -1;
	t0 = fm_clock_now_ns() - t->version_ns;
	t->version_ns = 0;
	if (t->ops->open)
		rc = t->ops->open(&t->b, sys, err);
	if (rc == 0) {
		t0 = fm_clock_now_ns() - t0;
		say_sys(t, sys);
		fm_record_put_setup(
		    &t->b.out, t->b.setup_ns < 0 ? t0 : t->b.setup_ns);
	} else {
		close_model(t);
	}
	json_decref(sys);
	return rc;
}

static int
op_close(struct talk *t, const json_t *req, struct fm_err *err)
{
	(void)req;
	(void)err;
	close_model(t);
	return 0;
}

/* --- run --- */

static int
need_open(const struct talk *t, struct fm_err *err)
{
	if (t->is_open)
		return 0;
	return fm_err_set(
	    err, FM_USAGE, "no model is open: 'open' must come before");
}

static int
bind(struct talk *t, struct fm_backend_point *p, struct fm_err *err)
{
	p->n_inputs = t->feed.n;
	p->inputs = t->feed.inputs;
	return t->ops->prepare ? t->ops->prepare(&t->b, p, err) : 0;
}

/* Shapes inputs and binds buffers, unless they are as before. */
static int
shape(struct talk *t, const json_t *req, struct fm_backend_point *p,
    struct fm_err *err)
{
	json_t *dims = json_object_get(req, "dims");
	json_t *fills = json_object_get(req, "fill");
	json_t *want = json_pack("{s:O*, s:O*}", "dims", dims, "fill", fills);
	int rc = 0;

	if (!t->bound || !json_equal(t->bound, want)) {
		json_decref(t->bound);
		t->bound = NULL;
		rc = fm_feed_shape(&t->feed, dims, fills, err);
		if (rc == 0)
			rc = bind(t, p, err);
		if (rc == 0)
			t->bound = json_incref(want);
	}
	p->n_inputs = t->feed.n;
	p->inputs = t->feed.inputs;
	json_decref(want);
	return rc;
}

/* Between the two readings stands the call and nothing else. */
static int
repeat(struct talk *t, struct fm_backend_point *p, int64_t *t0, int64_t *t1,
    struct fm_err *err)
{
	int rc;

	fm_feed_fill(&t->feed, p->seed, p->rep);
	if (t->ops->stage && t->ops->stage(&t->b, p, err))
		return -1;
	*t0 = fm_clock_now_ns();
	rc = t->ops->call(&t->b, p, err);
	*t1 = fm_clock_now_ns();
	return rc;
}

/* Between two repetitions; what was measured does not wait with us. */
static void
pause_between(struct talk *t, int64_t ns)
{
	if (ns == 0)
		return;
	if (ns > GATHER_NS / 2 && t->lines.len)
		flush(t);
	fm_clock_sleep_ns(ns);
}

static int
warm_up(struct talk *t, struct fm_backend_point *p,
    const struct fm_backend_plan *plan, struct fm_err *err)
{
	int64_t t0, t1;

	for (p->rep = 1 - plan->warmup; p->rep < 1; p->rep++) {
		if (p->rep > 1 - plan->warmup)
			pause_between(t, plan->delay_ns);
		if (repeat(t, p, &t0, &t1, err))
			return -1;
		if (fm_hangup_seen(&t->hangup))
			break;
	}
	return 0;
}

static int
measure(struct talk *t, struct fm_backend_point *p,
    const struct fm_backend_plan *plan, struct fm_err *err)
{
	int64_t last = plan->reps ? plan->first + plan->reps - 1 : INT64_MAX;
	int64_t t0, t1, end_ns = INT64_MAX;

	for (p->rep = plan->first; p->rep <= last; p->rep++) {
		if (p->rep > 1 || plan->warmup)
			pause_between(t, plan->delay_ns);
		if (repeat(t, p, &t0, &t1, err))
			return -1;
		fm_record_put_rep(&t->lines,
		    &(struct fm_rep){ p->rep, plan->reps,
			fm_clock_epoch_ns(&t->b.clock, t0),
			fm_clock_epoch_ns(&t->b.clock, t1), t1 - t0 });
		take_said(t);
		if (t1 - t->flushed_ns > GATHER_NS ||
		    t->lines.len > GATHER_BYTES)
			flush(t);
		if (t->broken || fm_hangup_seen(&t->hangup))
			return fm_err_set(err, FM_PREEMPTED,
			    "the other end has gone: stopped after "
			    "repetition %lld",
			    (long long)p->rep);
		if (plan->ns && end_ns == INT64_MAX)
			end_ns = t0 + plan->ns;
		if (t1 >= end_ns)
			break;
	}
	return 0;
}

/* --- noise --- */

static void
say_obs(struct talk *t, const json_t *req)
{
	json_t *obs = fm_noise_between(&t->before, &t->after);

	fm_record_put_at(&t->b.out, FM_TAG_OBS, fm_json_int(req, "input", 0),
	    fm_json_int(req, "output", 0), fm_json_int(req, "batch", 0), obs);
	json_decref(obs);
}

/* A run in pieces is observed as a whole: each piece tells of all before. */
static int
measure_observed(struct talk *t, const json_t *req, struct fm_backend_point *p,
    const struct fm_backend_plan *plan, struct fm_err *err)
{
	if (plan->first == 1 || !t->before.last.at_ns)
		fm_noise_take(&t->before, "");
	if (measure(t, p, plan, err))
		return -1;
	fm_noise_take(&t->after, "");
	say_obs(t, req);
	return 0;
}

/* What goes on when we do nothing. */
static int
op_observe(struct talk *t, const json_t *req, struct fm_err *err)
{
	double seconds = fm_json_num(req, "seconds", 0.5);

	if (t->ops->run)
		return fm_err_set(err, FM_USAGE,
		    "backend %s has nothing to observe", t->ops->name);
	if (!(seconds > 0 && seconds <= 10))
		return fm_err_set(
		    err, FM_USAGE, "\"seconds\" must be from 0 to 10");
	fm_noise_take(&t->before, "");
	fm_clock_sleep_ns((int64_t)(seconds * 1e9));
	fm_noise_take(&t->after, "");
	say_obs(t, req);
	return 0;
}

static struct fm_backend_point
read_point(const json_t *req)
{
	return (struct fm_backend_point){
		.input = fm_json_int(req, "input", 0),
		.output = fm_json_int(req, "output", 0),
		.batch = fm_json_int(req, "batch", 0),
		.seed = (uint64_t)fm_json_int(req, "seed", 0),
		.dims = json_object_get(req, "dims"),
	};
}

static int
op_run(struct talk *t, const json_t *req, struct fm_err *err)
{
	struct fm_backend_point p = read_point(req);
	struct fm_backend_plan plan = { 0 };

	if (need_open(t, err) || fm_backend_plan_read(&plan, req, err))
		return -1;
	if (t->ops->run)
		return t->ops->run(&t->b, req, err);
	t->points += plan.first == 1;
	p.number = t->points;
	if (shape(t, req, &p, err))
		return -1;
	t->flushed_ns = fm_clock_now_ns();
	if (warm_up(t, &p, &plan, err))
		return -1;
	return measure_observed(t, req, &p, &plan, err);
}

/* --- profile --- */

static int
op_profile(struct talk *t, const json_t *req, struct fm_err *err)
{
	struct fm_backend_point p = read_point(req);

	if (need_open(t, err))
		return -1;
	if (!t->ops->profile)
		return fm_err_set(err, FM_USAGE,
		    "backend %s cannot look into a model", t->ops->name);
	p.rep = 1;
	if (!t->ops->run) {
		if (shape(t, req, &p, err))
			return -1;
		fm_feed_fill(&t->feed, p.seed, p.rep);
	}
	return t->ops->profile(&t->b, &p, err);
}

/* --- infer --- */

static int
write_outputs(struct talk *t, const char *dir, struct fm_err *err)
{
	struct fm_tensor view = FM_TENSOR_INIT;
	const char *name;
	size_t k;
	int rc = 0;

	if (fm_io_mkdirs(dir, err))
		return -1;
	for (k = 0; rc == 0; k++) {
		char *path;

		rc = t->ops->output(&t->b, k, &name, &view, err);
		if (rc <= 0)
			return rc;
		path = fm_npy_path(dir, name);
		rc = fm_npy_write(path, &view, err);
		free(path);
	}
	return rc;
}

static int
op_infer(struct talk *t, const json_t *req, struct fm_err *err)
{
	const char *dir = fm_json_str(req, "outdir", NULL);
	json_t *dims = json_object();
	struct fm_backend_point p = { .rep = 1, .dims = dims };
	int rc = need_open(t, err);

	if (rc == 0 && !t->ops->output)
		rc = fm_err_set(err, FM_USAGE,
		    "backend %s has no outputs to write", t->ops->name);
	if (rc == 0 && !dir)
		rc = fm_err_set(err, FM_USAGE, "infer needs \"outdir\"");
	/* The next run shapes and fills its inputs anew. */
	json_decref(t->bound);
	t->bound = NULL;
	if (rc == 0)
		rc = fm_feed_load(
		    &t->feed, json_object_get(req, "inputs"), dims, err);
	if (rc == 0)
		rc = bind(t, &p, err);
	if (rc == 0 && t->ops->stage)
		rc = t->ops->stage(&t->b, &p, err);
	if (rc == 0)
		rc = t->ops->call(&t->b, &p, err);
	if (rc == 0)
		rc = write_outputs(t, dir, err);
	json_decref(dims);
	return rc;
}

/* --- the loop --- */

static const struct {
	const char *name;
	int (*op)(struct talk *t, const json_t *req, struct fm_err *err);
} ops_table[] = {
	{ "hello", op_hello },
	{ "devices", op_devices },
	{ "version", op_version },
	{ "build", op_build },
	{ "open", op_open },
	{ "run", op_run },
	{ "observe", op_observe },
	{ "profile", op_profile },
	{ "infer", op_infer },
	{ "close", op_close },
};

static int
dispatch(struct talk *t, const json_t *req, struct fm_err *err)
{
	const char *op = fm_json_str(req, "op", "");
	size_t i;

	for (i = 0; i < sizeof ops_table / sizeof *ops_table; i++)
		if (strcmp(op, ops_table[i].name) == 0)
			return ops_table[i].op(t, req, err);
	return fm_err_set(err, FM_USAGE, "unknown operation '%s'", op);
}

/* Answers one line, and ends the answer. */
static void
answer(struct talk *t, const char *line, size_t len)
{
	struct fm_err err = FM_ERR_INIT;
	json_t *req = fm_json_parse(line, len, "request", &err);
	bool done = req && dispatch(t, req, &err) == 0;

	take_said(t);
	if (done)
		fm_buf_puts(&t->lines, "FMWORK OK\n");
	else
		fm_record_put_err(&t->lines, err.code,
		    fm_json_int(req, "input", 0), fm_json_int(req, "output", 0),
		    fm_json_int(req, "batch", 0), err.text);
	json_decref(req);
	flush(t);
}

int
fm_backend_main(const struct fm_backend_ops *ops)
{
	struct talk t = { .ops = ops, .feed = FM_FEED_INIT };
	struct fm_err err = FM_ERR_INIT;
	struct fm_reader in;
	char *line;
	size_t len;

	fm_json_start();
	t.b.out_fd = fm_backend_take_stdout();
	(void)signal(SIGPIPE, SIG_IGN);
	fm_clock_start(&t.b.clock);
	fm_buf_init(&t.b.out);
	fm_buf_init(&t.lines);
	t.b.self = fm_calloc(1, ops->self_size);
	fm_reader_init(&in, STDIN_FILENO);
	if (fm_hangup_watch(&t.hangup, STDIN_FILENO, &err))
		return fm_prog_fail(ops->name, &err);
	while (!t.broken && fm_reader_next(&in, &line, &len) > 0)
		if (len)
			answer(&t, line, len);
	fm_hangup_stop(&t.hangup);
	close_model(&t);
	fm_reader_release(&in);
	fm_buf_release(&t.b.out);
	fm_buf_release(&t.lines);
	fm_noise_release(&t.before);
	fm_noise_release(&t.after);
	free(t.b.self);
	return t.broken ? 3 : 0;
}
