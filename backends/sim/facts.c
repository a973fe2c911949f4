/*
 * Facts: the layers as a hash, the devices with all their numbers.
 */
#include "facts.h"

#include <math.h>

#include "hash.h"
#include "json.h"
#include "prog.h"

static void
put_ints(struct fm_hash *h, const int64_t *v, size_t n)
{
	fm_hash_put(h, v, n * sizeof *v);
}

static void
put_layer(struct fm_hash *h, const struct fm_layer *l, const struct spot *at)
{
	const int64_t all[] = { (int64_t)l->kind, l->rank, l->in, l->out,
		l->heads, l->kv_heads, l->head_dim, l->window, l->causal,
		l->tied, l->bias, l->last_row, l->experts, l->active,
		(int64_t)l->part, (int64_t)l->shard, at->t, at->m };

	fm_hash_puts(h, l->name);
	fm_hash_puts(h, at->device ? at->device->name : "");
	put_ints(h, all, sizeof all / sizeof *all);
	put_ints(h, l->shape, FM_LAYER_RANK);
	put_ints(h, l->kernel, 2);
	put_ints(h, l->stride, 2);
	put_ints(h, l->padding, 2);
	if (l->extent[0])
		put_ints(h, l->extent, 2);
}

static json_t *
numbers(const struct device *d)
{
	json_t *o = json_object();
	const char *key;
	size_t k;

	for (k = 0; (key = device_field(k)) != NULL; k++)
		if (isfinite(device_get(d, k)))
			json_object_set_new(
			    o, key, json_real(device_get(d, k)));
	return o;
}

void
facts_put(const struct sim *s, const json_t *options, json_t *sys)
{
	struct fm_hash *h = fm_hash_new();
	json_t *settings = json_deep_copy(options), *devices = json_object();
	char hex[FM_HASH_HEX];
	size_t i;

	for (i = 0; i < s->layers.n; i++) {
		const struct spot *at = &s->mapping.v[i];

		put_layer(h, &s->layers.v[i], at);
		if (at->device && !json_object_get(devices, at->device->name))
			json_object_set_new(
			    devices, at->device->name, numbers(at->device));
	}
	fm_hash_hex(h, hex);
	fm_hash_free(h);
	json_object_set_new(settings, "devices", devices);
	json_object_set_new(sys, "simulated", json_true());
	fm_json_set_str(sys, "runtime", "fm-backend-sim " FM_VERSION);
	fm_json_set_str(
	    sys, "device", s->device ? s->device->name : s->mapping.name);
	fm_json_set_str(sys, "model_class", s->layers.model_class);
	fm_json_set_str(sys, "model_hash", hex);
	fm_json_set_str(sys, "precision", dtype_word(s->dtype));
	fm_json_set_int(sys, "parameters", s->layers.params);
	json_object_set_new(sys, "settings", settings);
}
