/*
 * --require_quiet: waits before a point until nothing else uses the machine
 * on which the backend runs. The backend observes (it may be far away), the
 * rules are fm_noise_quiet()'s.
 */
#ifndef QUIET_H
#define QUIET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct session;

/* What was found before a point. */
struct quiet {
	bool asked, quiet;
	int64_t waited_ns;
	struct fm_buf why; /* it was not quiet in the end; or empty */
};

#define QUIET_INIT                                                             \
	{                                                                      \
		false, true, 0, FM_BUF_INIT                                    \
	}

/* Waits, when that is wanted. -1: the backend did not answer. */
int quiet_wait(struct quiet *q, const struct session *s, struct fm_err *err);

/* Adds the verdict to what was observed during the point, and judges that,
 * too. */
void quiet_mark(struct quiet *q, json_t *obs);

void quiet_release(struct quiet *q);

#endif
