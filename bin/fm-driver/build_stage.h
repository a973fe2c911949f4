/*
 * The stages of a build: what there is to do, and doing it in order.
 */
#ifndef BUILD_STAGE_H
#define BUILD_STAGE_H

#include <jansson.h>

#include "err.h"
#include "model/model.h"

struct build_for;
struct conf;
struct monitor;

struct stage_work {
	const struct conf *c;
	const struct build_for *f;
	const char *dir; /* where logs and artifacts go */
	json_t *state;   /* of the build; stages add to it */
	fm_model_hasher *hash;
	void *hash_arg;
	char *source; /* the model that was exported; NULL: c->model_path */
	int64_t before_ns; /* a stage's work that was done before it began */
	char *graph;       /* file with the graph, as the last stage left it */
	char *weights;     /* folder its external data lies in */
	struct monitor *monitor;
};

/* Sets what is known of a model: type, class, hash, parameters, ports. */
void build_set_facts(json_t *model, const struct fm_model *m);

/* How a model is imported whose files go to `dir`. */
struct fm_model_opts build_model_opts(const struct conf *c, const char *dir);

/* The model as the stages so far have left it. */
int build_load_current(
    struct fm_model *m, const struct stage_work *w, struct fm_err *err);

/* What comes next finds this graph of the build, with its weights. */
void build_use_graph(struct stage_work *w, const char *name);

/* Runs them; the error names the stage. */
int build_run_stages(
    struct stage_work *w, const json_t *sequence, struct fm_err *err);

#endif
