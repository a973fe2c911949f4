/*
 * UPMEM's model of computation, faults included: reproduces that tool's
 * numbers. The formulas, one by one, are in fm-backend-sim(7).
 */
#ifndef COMPAT_H
#define COMPAT_H

#include "mapping.h"
#include "result.h"

struct compat {
	const struct fm_layers *layers;
	const struct mapping *mapping;
	const struct device *host;
	enum dtype dtype;
	int64_t kv_heads; /* instead of the heads, 0 = off */
	int64_t window;   /* instead of the length, 0 = off */
	const char *last; /* context that ends a pass, or NULL */
	const char *moe_end;
	int64_t experts_per_token;
	op_seen *seen; /* or NULL */
	void *arg;
};

void compat_run(
    const struct compat *c, const struct point *p, struct result *r);

#endif
