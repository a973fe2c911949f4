/*
 * What a simulated point costs, the same for both models of computation:
 * phases with their parts, and the operations one by one for whoever wants
 * to print them.
 */
#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"
#include "model/layers.h"

/* What the time of an operation was spent on. Parts may overlap. */
enum part {
	PART_H2D,
	PART_D2H,
	PART_COMPUTE,
	PART_MEM,
	PART_KV,
	PART_LINK,
	PART_LAUNCH,
	PARTS
};

/* Where energy goes, of one of the first of those. */
enum {
	ENERGY_H2D,
	ENERGY_D2H,
	ENERGY_COMPUTE,
	ENERGY_MEM,
	ENERGY_LINK,
	ENERGY_IDLE,
	ENERGIES
};

/* What an operation waits for. */
enum bound {
	BOUND_COMPUTE,
	BOUND_MEMORY,
	BOUND_TRANSFER,
	BOUND_LINK,
	BOUNDS
};

struct cost {
	double ns; /* elapsed */
	double part_ns[PARTS];
	double pj[ENERGIES];
	double h2d_bytes, d2h_bytes;
	double flop, mem_bytes, link_bytes; /* of all devices */
	double bound_ns[BOUNDS];
};

/* A phase: summarization (prompt) or generation. */
struct phase {
	struct cost c;
	int64_t passes;
};

struct point {
	int64_t input, output, batch;
};

struct result {
	struct phase sum, gen;
	double first_ns;      /* until the first token is there */
	double in_ns, out_ns; /* transfers of the request, with estimate */
	double need_bytes, have_bytes; /* memory of one device; have 0 = not
					* known */
	bool over_tdp;                 /* more power than the device may take */
};

/* One operation as it ran. */
struct op {
	const struct fm_layer *layer;
	int64_t expert; /* which of several, from 0 */
	const struct device *device;
	bool gen;
	int64_t pass; /* from 1 */
	double start_ns;
	struct fm_layer_point at; /* sizes of what it works on */
	int rank;
	int64_t shape[FM_LAYER_RANK]; /* of the input */
	int w_rank;
	int64_t weights[FM_LAYER_RANK]; /* as UPMEM prints them */
	enum bound bound;
	struct cost c;
};

typedef void op_seen(void *arg, const struct op *op);

/* All of it. */
double total_ns(const struct result *r);

/* a += b * times. */
void cost_add(struct cost *a, const struct cost *b, double times);

/* What one operation waits for: the longest part. Sets `bound_ns`, too. */
enum bound cost_bind(struct cost *c);

/* The dimensions of a layer's input at a point in a pass. */
void op_shape(struct op *op, const struct fm_layer *l, int64_t batch,
    int64_t tokens, int64_t length);

#endif
