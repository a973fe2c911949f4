/*
 * The model of a session: what session.c needs of it besides importing.
 */
#ifndef SESSION_MODEL_H
#define SESSION_MODEL_H

#include "session.h"

/* Sizes and given inputs against the model, or without one. */
int session_plan(struct session *s, struct fm_err *err);

/* Builds for sizes of open dimensions, in place of the build there is; sets
 * what the open request says of it. */
int session_build(struct session *s, const json_t *dims, struct fm_err *err);
/* For the first point from the i-th on that this works for: one that is too
 * large must not end the sweep. `*i` gets its number. */
int session_build_some(struct session *s, size_t *i, struct fm_err *err);
/* Can it be that another size does not fail? */
bool session_may_fit(const struct fm_err *err);

/* What is computed in: "fp32", … */
const char *session_precision(const struct session *s);

/* With --lean_cache its artifacts go. */
void session_release_build(struct session *s);

#endif
