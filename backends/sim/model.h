/*
 * Our model of computation: a roofline for every operation, with the traffic
 * of weights, activations and cache, several devices, links, and the memory a
 * point needs. Formulas: fm-backend-sim(7).
 */
#ifndef MODEL_H
#define MODEL_H

#include "mapping.h"
#include "result.h"

struct step; /* operations that are alike in everything but their name */

struct model {
	const struct fm_layers *layers;
	const struct mapping *mapping;
	enum dtype dtype;
	int64_t kv_heads; /* instead of the model's, 0 = the model's */
	int64_t window;   /* the same for the window */
	int64_t tp;       /* devices that share every layer */
	int64_t pp;       /* groups of those, one after the other */
	int64_t parts;    /* microbatches of a pass through the groups */
	/* made by model_plan() */
	struct step *steps;
	size_t n_steps, cap;
	size_t *of; /* step of every layer */
};

/* What does not depend on a point: once, after the fields above are set. */
int model_plan(struct model *m, struct fm_err *err);
void model_release(struct model *m);

/*
 * FM_OOM when the point does not fit into the memory of a device, as far as
 * that is known; the text has the numbers.
 */
int model_run(const struct model *m, const struct point *p, struct result *r,
    struct fm_err *err);

/* Every operation of every pass, in the order of time. */
void model_walk(
    const struct model *m, const struct point *p, op_seen *seen, void *arg);

/* Device that the first operation runs on, for the transfers of a request. */
const struct device *model_first(const struct model *m);

#endif
