/*
 * The null device looks at the clock until a given time has passed: what it
 * takes is known, so what is measured of it shows the harness. Or it turns a
 * loop a given number of times: that shows the machine, too. A side is one
 * speed of it; sides are measured in turn, each time by a fresh process, and
 * in another order in every run.
 */
#include "selftest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "failure.h"
#include "json.h"
#include "judge.h"
#include "peer.h"
#include "platform.h"
#include "record.h"
#include "stat.h"

enum {
	SIDES = 4,
	RUNS = 6,
	POINTS = 8,
	REPS = 40,
	EMPTY_REPS = 50000,
	CLOCK_READINGS = 100000
};

/* What is told apart, as a part of the time. */
static const double threshold = 0.01;

static const struct {
	const char *name;
	double slower;
	enum fm_verdict right;
} sides[SIDES] = {
	{ "base", 0, FM_VERDICT_OK },
	{ "none", 0, FM_VERDICT_OK },
	{ "2 %", 0.02, FM_VERDICT_REGRESSED },
	{ "5 %", 0.05, FM_VERDICT_REGRESSED },
};

/* What a token is to the null device. */
static const struct {
	const char *title;
	double token_us;
	double spin; /* turns */
} devices[] = {
	{ "a device that takes a given time", 20, 0 },
	{ "a device that does given work", 0, 10000 },
};
enum {
	DEVICES = sizeof devices / sizeof *devices,
	FIRST_SIZE = 6 /* tokens; the points follow one another */
};

struct test {
	struct platform p;
	int wake_fd;
	int64_t start_ns; /* of starting a backend */
	/* Medians of the runs, as logarithms. */
	double log_ns[SIDES][POINTS][RUNS];
	int64_t *dt_ns; /* of one request */
	size_t n;
};

/* --- one backend --- */

static struct fm_peer *
start(struct test *t, double token_us, double spin, struct fm_err *err)
{
	struct fm_peer_conf pc = { .argv = &t->p.argv,
		.wake_fd = t->wake_fd,
		.stderr_fd = failure_stderr() };
	int64_t begun = fm_clock_now_ns();
	struct fm_peer *peer = fm_peer_start(&pc, err);
	json_t *open = json_pack("{s:s, s:{s:f, s:I, s:b}}", "op", "open",
	    "options", "token_us", token_us, "spin", (json_int_t)(spin + 0.5),
	    "busy", 1);

	if (peer && (fm_peer_send(peer, open, err) != 0 ||
			fm_peer_finish(peer, err) != 0)) {
		fm_peer_end(peer);
		peer = NULL;
	}
	json_decref(open);
	t->start_ns = fm_clock_now_ns() - begun;
	return peer;
}

/* Repetitions of a size; their times are in t->dt_ns then. */
static int
ask(struct test *t, struct fm_peer *peer, int size, int reps,
    struct fm_err *err)
{
	json_t *q = json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i}", "op",
	    "run", "input", size, "output", 1, "batch", 1, "first", 1, "reps",
	    reps, "seed", 0);
	struct fm_rep rep;
	char *line;
	size_t n;
	int rc = fm_peer_send(peer, q, err);

	t->n = 0;
	while (rc == 0 && (rc = fm_peer_line(peer, &line, &n, err)) == 1) {
		rc = 0;
		if (t->n < EMPTY_REPS && fm_record_get_rep(line, n, &rep))
			t->dt_ns[t->n++] = rep.dt_ns;
	}
	json_decref(q);
	if (rc == 0 && t->n == 0)
		rc = fm_err_set(err, FM_INTERNAL, "no repetition");
	return rc;
}

/* --- what it costs --- */

static int
costs(struct test *t, struct fm_err *err)
{
	int64_t cost, resolution, begun;
	struct fm_peer *peer = start(t, 0, 0, err);
	double overhead, each;
	int rc = peer ? 0 : -1;

	fm_clock_measure(CLOCK_READINGS, &cost, &resolution);
	if (rc == 0)
		rc = ask(t, peer, 1, REPS, err);
	begun = fm_clock_now_ns();
	if (rc == 0)
		rc = ask(t, peer, 1, EMPTY_REPS, err);
	each = (double)(fm_clock_now_ns() - begun) / EMPTY_REPS;
	fm_peer_end(peer);
	if (rc != 0)
		return -1;
	overhead = fm_stat_median_ns(t->dt_ns, t->n);
	(void)printf("clock       %lld ns a reading, steps of %lld ns\n"
		     "timing      %.0f ns of an empty repetition: below 0.1 %% "
		     "of those from %.1f us up\n"
		     "repetition  %.3f us from one to the next, printed and "
		     "read\n"
		     "process     %.3f ms to start a backend\n",
	    (long long)cost, (long long)resolution, overhead, overhead,
	    each / 1e3, (double)t->start_ns / 1e6);
	return 0;
}

/* --- what it can tell --- */

static int
measure_side(struct test *t, int device, int side, int run, struct fm_err *err)
{
	double times = 1 + sides[side].slower;
	struct fm_peer *peer = start(t, devices[device].token_us * times,
	    devices[device].spin * times, err);
	int i, rc = peer ? 0 : -1;

	for (i = 0; i < POINTS && rc == 0; i++) {
		rc = ask(t, peer, FIRST_SIZE + i, REPS, err);
		if (rc == 0)
			t->log_ns[side][i][run] =
			    log(fm_stat_median_ns(t->dt_ns, t->n));
	}
	fm_peer_end(peer);
	return rc;
}

/* One row; was every point called right? */
static bool
judge_side(const struct test *t, int side)
{
	const struct fm_judge_conf c = { 0.05, threshold, 1 };
	struct fm_judge_point p[POINTS];
	double shift[POINTS], sd[POINTS];
	int i, right = 0;

	memset(p, 0, sizeof p);
	for (i = 0; i < POINTS; i++) {
		p[i].base = t->log_ns[0][i];
		p[i].next = t->log_ns[side][i];
		p[i].n_base = p[i].n_next = RUNS;
		p[i].within = (double)NAN;
	}
	fm_judge(p, POINTS, &c);
	for (i = 0; i < POINTS; i++) {
		right += p[i].verdict == sides[side].right;
		shift[i] = expm1(p[i].shift) * 100;
		sd[i] = isnan(p[i].sd) ? 0 : p[i].sd * 100;
	}
	(void)printf("%-12s%d of %d called right, median %+.3f %%, %.3f %% "
		     "between runs\n",
	    sides[side].name, right, POINTS, fm_compare_median(shift, POINTS),
	    fm_compare_median(sd, POINTS));
	return right == POINTS;
}

/* 1 able, 0 not, -1 with err. */
static int
tell_apart(struct test *t, int device, struct fm_err *err)
{
	bool able = true;
	int run, k;

	for (run = 0; run < RUNS; run++)
		for (k = 0; k < SIDES; k++)
			if (measure_side(
				t, device, (run + k) % SIDES, run, err) != 0)
				return -1;
	(void)printf("\n%s, slower by\n", devices[device].title);
	for (k = 1; k < SIDES; k++)
		able = judge_side(t, k) && able;
	return able;
}

static int
conclude(struct test *t, struct fm_err *err)
{
	int device, rc, able = 1;

	for (device = 0; device < DEVICES; device++) {
		rc = tell_apart(t, device, err);
		if (rc < 0)
			return -1;
		able &= rc;
	}
	(void)printf("\n%d runs a side, %d points of %d repetitions; more than "
		     "%.0f %% counts\n%s\n",
	    RUNS, POINTS, REPS, threshold * 100,
	    able ? "able to tell 2 % on this machine"
		 : "NOT able to tell 2 % on this machine as it is now: what "
		   "else is running?");
	return able ? 0 : 1;
}

int
selftest_run(int wake_fd, struct fm_err *err)
{
	struct test *t = fm_calloc(1, sizeof *t);
	int rc;

	t->wake_fd = wake_fd;
	t->dt_ns = fm_calloc(EMPTY_REPS, sizeof *t->dt_ns);
	rc = platform_find(&t->p, "cpu", "null", NULL, err);
	if (rc == 0)
		rc = costs(t, err);
	if (rc == 0)
		rc = conclude(t, err);
	platform_release(&t->p);
	free(t->dt_ns);
	free(t);
	return rc;
}
