/*
 * What can be said of a failure besides its code and text: the FAIL line that
 * stands before an ERR line (fm-log(5)).
 */
#ifndef FAILURE_H
#define FAILURE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "sweep.h"

struct fm_buf;
struct session;

/*
 * Appends FMWORK FAIL. `peer` may have gone, or never been. `ns`: what
 * was waited for it; `attempts`: 1 unless it was tried again.
 */
void failure_put(struct fm_buf *b, const struct session *s,
    const struct fm_point *at, const struct fm_err *e, int64_t ns,
    int attempts);

/*
 * Is more wanted than a row? FM_DEBUG or MLAGILITY_DEBUG: yes, in everything;
 * FM_TRACEBACK or MLAGILITY_TRACEBACK: of what a backend says. A variable is
 * set when it is there, and is none of "", 0, false and no.
 */
bool failure_debug(void);
bool failure_traceback(void);

/* Where the stderr of a backend goes: a descriptor, or -1. */
int failure_stderr(void);

#endif
