/*
 * Builds in the folders of MLAgility and GroqFlow, in the words of ours. They
 * are read and never changed.
 */
#ifndef FOREIGN_H
#define FOREIGN_H

#include <jansson.h>
#include <stdbool.h>

#include "cache.h"

struct fm_err;

int foreign_names(
    const struct fm_cache *c, struct fm_strs *names, struct fm_err *err);
bool foreign_is(const struct fm_cache *c, const char *name);

/*
 * The state. Its member "theirs" has what they wrote: {"state", "stats",
 * "labels"}. New reference.
 */
json_t *foreign_state(
    const struct fm_cache *c, const char *name, struct fm_err *err);
json_t *foreign_results(const struct fm_cache *c, const char *name);

#endif
