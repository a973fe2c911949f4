/*
 * What is done about one point: how long it may take, whether it is tried
 * again, and whether it is tried at all. A unit (one model on one platform)
 * has one policy, which learns from each of its points; lanes share it.
 */
#ifndef POLICY_H
#define POLICY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "expr.h"
#include "sweep.h"

struct conf;

/* What a point has cost, as time on the wall. */
struct policy_cost {
	struct fm_point at;
	int64_t start_ns; /* all that is not a repetition: warm-up … */
	int64_t rep_ns;   /* from one repetition to the next */
};

/* No point that is as large in every size is tried any more. */
struct policy_bound {
	struct fm_point at;
	const char *rule; /* of --stop; NULL: it ran out of memory */
};

struct policy {
	pthread_mutex_t lock;
	const struct conf *c;
	struct policy_cost *costs;
	size_t n_costs, cap_costs;
	struct policy_bound *bounds;
	size_t n_bounds, cap_bounds;
	struct fm_expr *stops; /* as many as c->stop has */
};

/* Checks --timeout and --stop; 0, or a usage error. */
int policy_check(struct conf *c, struct fm_err *err);

/* `c` has been checked and outlives it. */
void policy_init(struct policy *p, const struct conf *c);
void policy_release(struct policy *p);

/*
 * Is the point not to be tried? Then `why` is FM_SKIPPED with the reason, or
 * FM_OK when it is not.
 */
void policy_skip(
    struct policy *p, const struct fm_point *at, struct fm_err *why);

/*
 * The time that `reps` repetitions with all that comes before them should
 * take: from the points measured, the largest that is not larger (or else the
 * smallest), scaled by input x batch x output when that is more. -1 = nothing
 * is known.
 */
int64_t policy_expect_ns(
    struct policy *p, const struct fm_point *at, int64_t reps);

/* The longest time for an answer of that many repetitions; 0 = any. */
int64_t policy_limit_ns(
    struct policy *p, const struct fm_point *at, int64_t reps);

/* --retries: is an attempt, the n-th from 1, to be followed by another? */
bool policy_again(const struct policy *p, enum fm_code code, int n);
/* How long to wait before it. */
int64_t policy_backoff_ns(int n);

/* What was learnt of a point. Latency in ns, `ci` NAN when not known. */
struct policy_seen {
	int64_t start_ns, rep_ns; /* struct policy_cost */
	double latency_ns;        /* the median that RES tells */
	double ci;                /* half width of its interval, as a part */
};
void policy_measured(struct policy *p, const struct fm_point *at,
    const struct policy_seen *seen);
void policy_failed(
    struct policy *p, const struct fm_point *at, enum fm_code code);

#endif
