/*
 * A backend without a device. It does nothing in no time, or in a given time,
 * and fails in every way a real one can: that is how the harness and
 * fm-driver are measured and tested. What it builds is a file that says what
 * it was asked to build.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "io.h"
#include "json.h"
#include "num.h"

enum fault {
	NONE,
	DIE,
	HANG,
	OOM,
	NOISE,
	GARBAGE,
	BUSY,
	IO
};

struct null {
	double latency_ns, token_ns; /* of a call, and of one token more */
	double jitter;
	bool busy;    /* look at the clock all the time */
	int64_t spin; /* turns of a loop for each token */
	enum fault fault;
	int64_t fault_point; /* the number of the run that it strikes */
	int64_t wait_ns;     /* of the next call */
};

static const struct fm_backend_opt opts[] = {
	{ "latency_ms", "float", "0", "how long a call takes", 0, 1e9 },
	{ "load_ms", "float", "0", "how long opening takes", 0, 1e9 },
	{ "jitter", "float", "0",
	    "calls take up to this part of latency_ms more or less", 0, 1 },
	{ "token_us", "float", "0",
	    "and how much longer for each token of input x batch", 0, 1e9 },
	{ "busy", "bool", "false",
	    "look at the clock all the time instead of sleeping", 0, 0 },
	{ "spin", "int", "0",
	    "turns of a loop for each token of input x batch: work, whatever "
	    "time it takes",
	    0, 1e12 },
	{ "fault", "str", "",
	    "die, hang, oom, noise, garbage, busy or io, at the first point "
	    "or, "
	    "as in hang@2, at another",
	    0, 0 },
	{ "artifact", "str", "", "name of the file that build writes", 0, 0 },
	{ NULL, NULL, NULL, NULL, 0, 0 },
};

static int
read_fault(struct null *n, const char *s, struct fm_err *err)
{
	static const char *const words[] = { "", "die", "hang", "oom", "noise",
		"garbage", "busy", "io" };
	size_t len = strcspn(s, "@"), i;

	n->fault_point = 1;
	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && strncmp(s, words[i], len) == 0)
			break;
	n->fault = (enum fault)i;
	if (i == sizeof words / sizeof *words || (i == NONE && s[len]) ||
	    (s[len] && (!fm_num_get_int(s + len + 1, strlen(s + len + 1),
			    &n->fault_point) ||
			   n->fault_point < 1)))
		return fm_err_set(err, FM_USAGE,
		    "option 'fault' must be die, hang, oom, noise, garbage, "
		    "busy or io, with @N for the N-th point, got '%s'",
		    s);
	return 0;
}

static int
null_devices(struct fm_backend *b, struct fm_err *err)
{
	(void)err;
	fm_backend_say(b, "FMWORK DEV 0 nothing");
	return 0;
}

/* Writes the request, and leaves out where. */
static int
write_artifact(const char *path, const json_t *request, struct fm_err *err)
{
	json_t *made = json_deep_copy(request);
	struct fm_buf text = FM_BUF_INIT;
	struct fm_out out;
	int rc;

	(void)json_object_del(made, "dir");
	(void)json_object_del(made, "model");
	fm_json_put(&text, made);
	fm_buf_putc(&text, '\n');
	rc = fm_out_open(&out, path, err);
	if (rc == 0) {
		(void)fwrite(text.s, 1, text.len, out.f);
		rc = fm_out_close(&out, err);
	}
	fm_buf_release(&text);
	json_decref(made);
	return rc;
}

static int
null_build(struct fm_backend *b, const json_t *request, const char *dir,
    struct fm_err *err)
{
	const char *name = fm_json_str(b->options, "artifact", NULL);
	char *path;
	int rc;

	if (!name)
		return 0;
	(void)fprintf(stderr, "compiling for nothing\n");
	path = fm_io_join(dir, name);
	rc = write_artifact(path, request, err);
	free(path);
	fm_backend_say(b, "FMWORK ARTIFACT %s", name);
	return rc;
}

/* What was built must be there; what is in it does not matter. */
static int
read_artifact(const struct fm_backend *b, json_t *sys, struct fm_err *err)
{
	const char *path = fm_json_str(b->model, "artifact", NULL);

	if (!path)
		return 0;
	if (!fm_io_is_file(path))
		return fm_err_set(
		    err, FM_NOMODEL, "there is no artifact '%s'", path);
	fm_json_set_str(sys, "program", fm_io_base(path));
	return 0;
}

static int
null_open(struct fm_backend *b, json_t *sys, struct fm_err *err)
{
	struct null *n = b->self;

	if (read_fault(n, fm_json_str(b->options, "fault", ""), err) ||
	    read_artifact(b, sys, err))
		return -1;
	n->latency_ns = fm_json_num(b->options, "latency_ms", 0) * 1e6;
	n->token_ns = fm_json_num(b->options, "token_us", 0) * 1e3;
	n->jitter = fm_json_num(b->options, "jitter", 0);
	n->spin = fm_json_int(b->options, "spin", 0);
	n->busy = fm_json_bool(b->options, "busy", false);
	fm_clock_sleep_ns(
	    (int64_t)(fm_json_num(b->options, "load_ms", 0) * 1e6));
	fm_json_set_str(sys, "runtime", "null");
	fm_json_set_str(sys, "device", "nothing");
	return 0;
}

/* A library that prints, also what looks like an answer, torn and whole. */
static void
make_noise(void)
{
	puts("loading 1 of 1 ...");
	puts("FMWORK REP 9 9 1.000000000 2.000000000 1.000000000");
	puts("FMWORK OK");
	fputs("FMWORK ERR", stdout);
	(void)fflush(stdout);
}

static int
strike(struct fm_backend *b, struct null *n, struct fm_err *err)
{
	switch (n->fault) {
	case NONE:
		break;
	case DIE:
		(void)raise(SIGKILL);
		break;
	case HANG:
		for (;;)
			(void)pause();
	case OOM:
		return fm_err_set(
		    err, FM_OOM, "cannot allocate 12884901888 bytes");
	case BUSY:
		return fm_err_set(err, FM_BUSY, "somebody else has nothing");
	case IO:
		return fm_err_set(err, FM_IO, "cannot read nothing");
	case NOISE:
		make_noise();
		break;
	case GARBAGE:
		fm_backend_say(b, "FMWORK REP x y z");
		fm_backend_say(b, "FMWORK REP 1 1 1.5");
		fm_backend_say(b, "\x01\xff\xfe garbage");
		fm_backend_say(b, "FMWORK");
		break;
	}
	return 0;
}

static int
null_stage(struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	struct null *n = b->self;
	double wait =
	    n->latency_ns + n->token_ns * (double)p->input * (double)p->batch;

	if (n->jitter > 0) {
		uint64_t x = fm_fill_key(p->seed, UINT64_MAX, (uint64_t)p->rep);
		double u = (double)(x >> 11) * 0x1p-52 - 1; /* [-1, 1) */

		wait *= 1 + n->jitter * u;
	}
	n->wait_ns = (int64_t)wait;
	if (n->fault && p->rep == 1 && p->number == n->fault_point)
		return strike(b, n, err);
	return 0;
}

/* Each turn needs the one before: no compiler and no processor gets round it.
 */
static void
work(int64_t turns)
{
	volatile uint64_t keep;
	uint64_t x = 1;

	for (; turns > 0; turns--)
		x = x * UINT64_C(6364136223846793005) + 1;
	keep = x;
	(void)keep;
}

/* Sleeping is late by some 60 us: the rest is spent looking at the clock. */
static int
null_call(struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	const struct null *n = b->self;
	int64_t end_ns;

	(void)err;
	if (n->spin)
		work(n->spin * p->input * p->batch);
	if (n->wait_ns <= 0)
		return 0;
	end_ns = fm_clock_now_ns() + n->wait_ns;
	if (!n->busy)
		fm_clock_sleep_ns(n->wait_ns - 200000);
	while (fm_clock_now_ns() < end_ns)
		continue;
	return 0;
}

int
main(void)
{
	static const char *const caps[] = { "build", NULL };
	static const struct fm_backend_ops ops = {
		.name = "null",
		.caps = caps,
		.opts = opts,
		.self_size = sizeof(struct null),
		.devices = null_devices,
		.build = null_build,
		.open = null_open,
		.stage = null_stage,
		.call = null_call,
	};

	return fm_backend_main(&ops);
}
