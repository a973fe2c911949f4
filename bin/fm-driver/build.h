/*
 * The build of a model: made once by a sequence of stages, kept in the cache,
 * and found there the next time. Knows when a build is stale, and why.
 */
#ifndef BUILD_H
#define BUILD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cache.h"
#include "err.h"
#include "model/model.h"

struct conf;
struct fm_buf;
struct fm_peer;
struct platform;

enum rebuild {
	REBUILD_IF_NEEDED,
	REBUILD_ALWAYS,
	REBUILD_NEVER
};

/* Whom it is for: a backend that compiles makes builds for itself alone. */
struct build_for {
	const struct platform *platform;
	struct fm_peer *peer; /* asked, and not changed */
	const json_t *open;   /* its open request, as far as it is made */
	const json_t *inputs; /* with dims: of the model, as open has them */
	const json_t *dims;   /* {name: size} when it wants sizes, or NULL */
	bool away;            /* on another host */
	int wake_fd;          /* readable when a signal came */
};

struct build {
	struct fm_cache cache;
	bool used;             /* its USE lock is held */
	bool hit;              /* it was found, not made */
	bool stale;            /* it was made from other inputs */
	bool native;           /* of a model that was found: a program for the
				* torch backend, no graph */
	char key[FM_HASH_HEX]; /* "" before there is one */
	char *name;
	char *dir;      /* obj/KEY of the cache */
	json_t *config; /* what the key was made from */
	json_t *state;
};

/*
 * Finds the build of c->model_path, or makes it, and loads the model from it.
 * The caller releases both, also after a failure; `m` is valid only after 0,
 * and may be NULL: then the model is not loaded.
 */
int build_get(struct build *b, struct fm_model *m, const struct conf *c,
    const struct build_for *f, struct fm_err *err);
void build_release(struct build *b);

/* What the backend has compiled, or NULL; the caller frees. */
char *build_artifact(const struct build *b);
/* Is it there already: 1, 0, or -1 with err. Nothing is taken or held. */
int build_have(
    const struct conf *c, const struct build_for *f, struct fm_err *err);

/* Prints why it would be made again, and makes nothing. */
int build_explain(
    const struct conf *c, const struct build_for *f, struct fm_err *err);

/* STAGE lines: what each stage took, or that it was done before. */
void build_put_stages(const struct build *b, struct fm_buf *out);

/* Adds the record of a measured point to the build's results. */
int build_result(struct build *b, const json_t *record, struct fm_err *err);

/* Removes the artifacts, unless another process uses the build too. */
void build_lean(struct build *b);

#endif
