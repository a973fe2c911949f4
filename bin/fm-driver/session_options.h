/*
 * The options of a session against what its backend says that it takes.
 */
#ifndef SESSION_OPTIONS_H
#define SESSION_OPTIONS_H

#include <jansson.h>

#include "err.h"

struct session;

/* Are there sets that this backend neither takes nor ignores? */
int session_check_sets(const struct session *s, struct fm_err *err);

/* The options of the open request: its own set, --threads and other settings,
 * in a new object; an error for one that it does not have. */
json_t *session_options(const struct session *s, struct fm_err *err);

/* Tells the user what this backend ignores. */
void session_say_ignored(const struct session *s);

#endif
