/*
 * A layer as the row of a profile: what it is, where it stands in the model,
 * and what goes in and out. The same for layers that were simulated and for
 * nodes that were measured, so that their tables can be laid side by side.
 */
#include <string.h>

#include "buf.h"
#include "json.h"
#include "model/layers.h"

int64_t
fm_layer_dim(int64_t dim, const struct fm_layer_point *at)
{
	switch (dim) {
	case FM_DIM_BATCH:
		return at->batch;
	case FM_DIM_TOKENS:
		return at->tokens;
	case FM_DIM_LENGTH:
		return at->length;
	case FM_DIM_ROWS:
		return at->batch * at->tokens;
	default:
		return dim;
	}
}

int64_t
fm_layer_extent(const struct fm_layer *l, int64_t size, int k)
{
	size += 2 * l->padding[k];
	if (l->extent[k])
		return l->extent[k];
	return size < l->kernel[k] ? 0
				   : (size - l->kernel[k]) / l->stride[k] + 1;
}

/* What comes out, in place of what went in; its dimensions. */
static int
turn_out(const struct fm_layer *l, const struct fm_layer_point *at,
    int64_t *dims, int rank)
{
	int i;

	switch (l->kind) {
	case FM_LAYER_LINEAR:
	case FM_LAYER_MATMUL:
		dims[rank - 1] = fm_layer_dim(l->out, at);
		break;
	case FM_LAYER_EMBEDDING:
		if (rank < FM_LAYER_RANK)
			dims[rank++] = l->out;
		break;
	case FM_LAYER_ROTARY:
		dims[rank - 1] = l->out;
		break;
	case FM_LAYER_SDPA:
		if (rank == 4)
			dims[2] = at->tokens;
		break;
	case FM_LAYER_CONV2D:
		dims[1] = l->out;
		for (i = 0; i < 2; i++)
			dims[2 + i] = fm_layer_extent(l, dims[2 + i], i);
		break;
	default:
		break;
	}
	return rank;
}

static void
set_dims(json_t *row, const char *key, const int64_t *dims, int rank)
{
	struct fm_buf b = FM_BUF_INIT;
	int i;

	for (i = 0; i < rank; i++)
		fm_buf_printf(&b, "%s%lld", i ? "x" : "", (long long)dims[i]);
	fm_json_set_str(row, key, b.len ? b.s : "");
	fm_buf_release(&b);
}

json_t *
fm_layer_row(const struct fm_layer *l, const struct fm_layer_point *point)
{
	json_t *row = json_object();
	struct fm_layer_point at = *point;
	int64_t dims[FM_LAYER_RANK];
	int i;

	if (l->last_row)
		at.tokens = 1;
	for (i = 0; i < l->rank; i++)
		dims[i] = fm_layer_dim(l->shape[i], &at);
	fm_json_set_str(row, "kind", l->function ? "function" : "layer");
	fm_json_set_str(row, "type",
	    l->function && l->kind == FM_LAYER_LINEAR ? "linear"
						      : fm_layer_type(l->kind));
	fm_json_set_str(row, "path", l->path);
	set_dims(row, "in", dims, l->rank);
	set_dims(row, "out", dims, turn_out(l, &at, dims, l->rank));
	return row;
}
