/*
 * Which layer runs on which device: a mapping file, or one device for all of
 * them, applied to a list of layers. Knows names, not times.
 */
#ifndef MAPPING_H
#define MAPPING_H

#include <stdbool.h>

#include "device.h"
#include "err.h"
#include "model/layers.h"
#include "strs.h"

/* Where one layer runs. */
struct spot {
	const struct device *device; /* NULL: nothing was said */
	bool t;                      /* its input always comes from the host */
	bool m;  /* its input comes from the host once for all experts */
	int key; /* number of the mapping's entry, -1 = none */
};

struct mapping {
	char *name;     /* "H100", or the file's name */
	struct spot *v; /* one for every layer */
	size_t n_keys;
	struct fm_strs unused;   /* keys that no layer answers to */
	struct fm_strs unmapped; /* names of layers no key answers to */
};

/*
 * `file` NULL: everything on `device`. With both, the file comes first. In
 * UPMEM's manner (`compat`) only those layers are mapped that its examples
 * map, modules by their context and functions by the name of the function.
 */
int mapping_make(struct mapping *m, const struct fm_layers *layers,
    const struct devices *devices, const char *device, const char *file,
    bool compat, struct fm_err *err);
void mapping_release(struct mapping *m);

/* Is it a function in UPMEM's sense, mapped by this name? Else NULL. */
const char *mapping_function(enum fm_layer_kind kind);
/* Does UPMEM's tool see operations of this kind at all? */
bool mapping_tracked(enum fm_layer_kind kind);

#endif
