/*
 * What one operation costs on one device, or on several that share it: FLOPs,
 * traffic, time, energy. Knows nothing of what comes before or after.
 */
#ifndef STEP_H
#define STEP_H

#include "mapping.h"
#include "result.h"

struct step {
	const struct fm_layer *layer; /* the first one of those alike */
	const struct device *device;
	const struct device *from; /* its input is there; NULL: already here */
	bool each;     /* transfers are per expert that a token visits */
	int64_t count; /* layers alike */
	int64_t heads, kv_heads, window; /* of attention */
};

/* What all operations of a pass have in common. */
struct pass {
	enum dtype dtype;
	int64_t tp;            /* devices that share it */
	int64_t batch, tokens; /* tokens: new ones of each sequence */
	int64_t length;        /* tokens so far, with the new ones */
};

/* Bytes of a weight, an activation, an element of the cache. */
double step_weight_bytes(enum dtype t);
double step_value_bytes(enum dtype t);

/* Sets everything but `start_ns`, `pass` and `gen` of `op`. */
void step_cost(const struct step *s, const struct pass *p, struct op *op);

/* Operations, whatever they are of. */
double step_flop(const struct step *s, const struct pass *p);

/* Does the cost depend on the length? */
bool step_grows(const struct step *s);

/* Bytes that its weights, and its cache of `length` tokens, take of each of
 * the devices. */
double step_weights(const struct step *s, const struct pass *p);
double step_cache(const struct step *s, const struct pass *p);
/* Bytes of its inputs and outputs. */
double step_values(const struct step *s, const struct pass *p);

/* ns to send `bytes` to a neighbour. */
double step_link_ns(const struct device *d, double bytes);

#endif
