/*
 * The simulator's state between open and close: what was asked for, and what
 * was read.
 */
#ifndef SIM_H
#define SIM_H

#include <jansson.h>

#include "compat.h"
#include "device.h"
#include "mapping.h"
#include "model.h"
#include "model/layers.h"
#include "result.h"

struct sim {
	struct devices devices;
	struct fm_layers layers;
	struct mapping mapping;
	const struct device *device; /* the one of all layers, or NULL */
	enum dtype dtype;
	bool compat;   /* UPMEM's model of computation */
	bool estimate; /* with the transfer of inputs and outputs */
	struct compat upmem;
	struct model ours;
	int64_t clock_ns; /* of the simulated world, since the epoch */
};

#endif
