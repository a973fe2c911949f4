/*
 * The builds of a cache as its commands see them: by name, or by key when no
 * name points to them; ours, or those of a folder of MLAgility or GroqFlow.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include <jansson.h>
#include <stddef.h>

#include "cache.h"

struct conf;
struct fm_err;

struct entry {
	char *name;            /* or the key */
	char key[FM_HASH_HEX]; /* "" in a foreign cache */
	int64_t bytes;         /* of the build, 0 = not known yet */
};

struct entries {
	struct entry *v; /* sorted by name */
	size_t n, cap;
};

/* Opens the cache that the options name. */
int entry_open(struct fm_cache *c, const struct conf *conf,
    enum fm_cache_use use, struct fm_err *err);

int entries_all(struct entries *e, struct fm_cache *c, struct fm_err *err);
/* Those of the command line; one that is not there is an error. */
int entries_given(struct entries *e, struct fm_cache *c,
    const struct fm_strs *names, struct fm_err *err);
void entries_release(struct entries *e);

/* Its state, in our form also when it is foreign. New reference. */
json_t *entry_state(
    struct fm_cache *c, const struct entry *e, struct fm_err *err);
/* Its results; an array. New reference. */
json_t *entry_results(const struct fm_cache *c, const struct entry *e);
/* The folder it lies in; the caller frees. */
char *entry_dir(const struct fm_cache *c, const struct entry *e);

#endif
