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
#include "model/layers.h"
#include "result.h"

struct sim {
	struct devices devices;
	struct fm_layers layers;
	struct mapping mapping;
	const struct device *device; /* the one of all layers, or NULL */
	bool compat;                 /* UPMEM's model of computation */
	struct compat upmem;
	int64_t clock_ns; /* of the simulated world, since the epoch */
};

#endif
