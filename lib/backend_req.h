/*
 * What a request to a backend asks for: the surroundings of the process, and
 * how long a run goes on.
 */
#ifndef FM_BACKEND_REQ_H
#define FM_BACKEND_REQ_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* How long a run goes on. */
struct fm_backend_plan {
	int64_t first, reps; /* reps 0: until `ns` have passed */
	int64_t warmup;
	int64_t ns;       /* from the start of the first timed repetition */
	int64_t delay_ns; /* between two repetitions, outside the timing */
};

int fm_backend_plan_read(
    struct fm_backend_plan *plan, const json_t *req, struct fm_err *err);

/* Sets "env" and "cpus" of this process; `*bound`: memory is bound to the
 * CPUs' nodes. As it was when there are no "cpus". */
int fm_backend_settle(const json_t *req, bool *bound, struct fm_err *err);

/*
 * The protocol goes through a descriptor that nobody else knows; what a
 * chatty library prints on stdout goes to stderr.
 */
int fm_backend_take_stdout(void);

#endif
