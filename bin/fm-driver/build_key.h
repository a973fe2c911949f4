/*
 * What a build is made from, and the key that follows from it.
 */
#ifndef BUILD_KEY_H
#define BUILD_KEY_H

#include "build.h"
#include "err.h"

struct conf;

/* Builds of another one are made again; bump it when a stage's result
 * changes. */
#define BUILD_VERSION "0.3"

/* Sets b->config and b->key; b->cache is open. */
int build_key(struct build *b, const struct conf *c, const struct build_for *f,
    struct fm_err *err);

/* An fm_model_hasher that remembers; `cache` is a struct fm_cache. */
int build_hash_file(
    void *cache, const char *path, char hex[FM_HASH_HEX], struct fm_err *err);

#endif
