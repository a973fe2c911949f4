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
#include "hangup.h"
#include "host.h"
#include "io.h"
#include "json.h"
#include "prog.h"
#include "record.h"

enum {
	PROTOCOL = 1,
	GATHER_NS = 100000000, /* the oldest a REP line may get */
	GATHER_BYTES = 65536   /* what a pipe takes at once */
};

/* More repetitions than anybody lives to see; sums of them still fit. */
#define COUNT_MAX INT64_C(1000000000000000)

/* One conversation. */
struct talk {
	struct fm_backend b;
	const struct fm_backend_ops *ops;
	struct fm_hangup hangup;
	struct fm_feed feed;
	bool is_open;
	int64_t version_ns;  /* what loading for `version` took, for SETUP */
	bool broken;         /* nobody reads our answers any more */
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

static int
set_env(json_t *env, struct fm_err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach (env, key, v) {
		const char *s = json_string_value(v);

		if (!s && !json_is_null(v))
			return fm_err_set(err, FM_USAGE,
			    "\"env\" must hold text, '%s' is something else",
			    key);
		if (s ? setenv(key, s, 1) : unsetenv(key))
			return fm_err_sys(
			    err, FM_USAGE, "cannot set '%s'", key);
	}
	return 0;
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
	return set_env(json_object_get(req, "env"), err);
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

/* How long a run goes on. */
struct plan {
	int64_t first, reps; /* reps 0: until `ns` have passed */
	int64_t warmup;
	int64_t ns; /* from the start of the first timed repetition */
};

static int
read_plan(struct plan *plan, const json_t *req, struct fm_err *err)
{
	double seconds = fm_json_num(req, "seconds", 0);

	plan->first = fm_json_int(req, "first", 1);
	plan->warmup = fm_json_int(req, "warmup", 0);
	plan->reps = fm_json_int(req, "reps", 0);
	seconds = seconds > 0 ? seconds : 0;
	plan->ns = (int64_t)((seconds < 4e9 ? seconds : 4e9) * 1e9);
	if (plan->first < 1 || plan->warmup < 0 || plan->reps < 0)
		return fm_err_set(err, FM_USAGE,
		    "\"first\" must be 1 or more, \"warmup\" and \"reps\" 0 "
		    "or more");
	if (plan->first > COUNT_MAX || plan->warmup > COUNT_MAX ||
	    plan->reps > COUNT_MAX)
		return fm_err_set(err, FM_USAGE,
		    "\"first\", \"warmup\" and \"reps\" go up to %lld",
		    (long long)COUNT_MAX);
	if ((plan->reps > 0) == (plan->ns > 0))
		return fm_err_set(err, FM_USAGE,
		    "a run needs either \"reps\" or \"seconds\" above 0");
	return 0;
}

static int
warm_up(
    struct talk *t, struct fm_backend_point *p, int64_t n, struct fm_err *err)
{
	int64_t t0, t1;

	for (p->rep = 1 - n; p->rep < 1; p->rep++) {
		if (repeat(t, p, &t0, &t1, err))
			return -1;
		if (fm_hangup_seen(&t->hangup))
			break;
	}
	return 0;
}

static int
measure(struct talk *t, struct fm_backend_point *p, const struct plan *plan,
    struct fm_err *err)
{
	int64_t last = plan->reps ? plan->first + plan->reps - 1 : INT64_MAX;
	int64_t t0, t1, end_ns = INT64_MAX;

	for (p->rep = plan->first; p->rep <= last; p->rep++) {
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

static int
op_run(struct talk *t, const json_t *req, struct fm_err *err)
{
	struct fm_backend_point p = {
		.input = fm_json_int(req, "input", 0),
		.output = fm_json_int(req, "output", 0),
		.batch = fm_json_int(req, "batch", 0),
		.seed = (uint64_t)fm_json_int(req, "seed", 0),
		.dims = json_object_get(req, "dims"),
	};
	struct plan plan;

	if (need_open(t, err) || read_plan(&plan, req, err))
		return -1;
	if (t->ops->run)
		return t->ops->run(&t->b, req, err);
	t->points += plan.first == 1;
	p.number = t->points;
	if (shape(t, req, &p, err))
		return -1;
	t->flushed_ns = fm_clock_now_ns();
	if (warm_up(t, &p, plan.warmup, err))
		return -1;
	return measure(t, &p, &plan, err);
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

/*
 * The protocol goes through a descriptor that nobody else knows; what a
 * chatty library prints on stdout goes to stderr.
 */
static int
take_stdout(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd ? O_WRONLY : O_RDONLY);
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	return fd;
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
	t.b.out_fd = take_stdout();
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
	free(t.b.self);
	return t.broken ? 3 : 0;
}
