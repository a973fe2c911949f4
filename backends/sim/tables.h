/*
 * Tables over the operations of a point: gathered one by one as they are
 * seen, alike ones in a row, and printed in several forms.
 */
#ifndef TABLES_H
#define TABLES_H

#include "buf.h"
#include "result.h"

struct row {
	const struct fm_layer *layer; /* the first one */
	bool gen;
	const struct device *device;
	int rank, w_rank;
	int64_t shape[FM_LAYER_RANK], weights[FM_LAYER_RANK];
	int64_t times; /* executed */
	struct cost c; /* of all of them */
};

struct tables {
	struct row *v;
	size_t n, cap;
};

void tables_release(struct tables *t);

/* Rows are by phase, context, kind, device and weights. */
void tables_see(struct tables *t, const struct op *op);

/* What bounds each, intensity, and how much of the device it used. */
void tables_summary(
    struct fm_buf *b, const struct tables *t, enum dtype type, int64_t devices);

/* UPMEM's: layers, functions, and the summaries of its log. */
void tables_layers(
    struct fm_buf *b, const struct tables *t, const struct result *r);
void tables_functions(struct fm_buf *b, const struct tables *t);
void tables_log(
    struct fm_buf *b, const struct tables *t, const struct result *r);

#endif
