/*
 * The stages of a build: what there is to do, doing it in order, and loading
 * the model that came of it.
 */
#ifndef BUILD_STAGE_H
#define BUILD_STAGE_H

#include <jansson.h>

#include "err.h"
#include "model/model.h"

struct conf;
struct monitor;

/* Builds of another one are made again; bump it when a stage's result
 * changes. */
#define BUILD_VERSION "0.2"

struct stage_work {
	const struct conf *c;
	const char *dir; /* where logs and artifacts go */
	json_t *state;   /* of the build; stages add to it */
	int wake_fd;
	fm_model_hasher *hash;
	void *hash_arg;
	char *source; /* the model that was exported; NULL: c->model_path */
	int64_t before_ns; /* a stage's work that was done before it began */
	char *graph;       /* file with the graph, as the last stage left it */
	char *weights;     /* folder its external data lies in */
	struct monitor *monitor;
	json_t *inputs; /* as a backend's open request has them */
};

/* Sets what is known of a model: type, class, hash, parameters, ports. */
void build_set_facts(json_t *model, const struct fm_model *m);

/* Runs them; the error names the stage. */
int build_run_stages(
    struct stage_work *w, const json_t *sequence, struct fm_err *err);

/* The model of a build that is complete, with its hash. `stale`: as the state
 * has it, whatever is asked for now. */
int build_load(struct fm_model *m, const char *dir, const json_t *state,
    bool stale, const struct conf *c, struct fm_err *err);

#endif
