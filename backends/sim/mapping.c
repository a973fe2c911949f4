/*
 * Mappings: names to devices. A key is a layer's full name
 * (layers.3.q_proj, layers.0-15.q_proj), the path of its module
 * (model.layers.3.self_attn.q_proj), its context (q_proj), or the name of a
 * function; the first of these that is there counts.
 */
#include "mapping.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "yaml.h"

const char *
mapping_function(enum fm_layer_kind kind)
{
	switch (kind) {
	case FM_LAYER_RMSNORM:
		return "UPM_LlamaRMSNorm";
	case FM_LAYER_SILU:
		return "UPM_SiLUActivation";
	case FM_LAYER_SOFTMAX:
		return "softmax";
	case FM_LAYER_MATMUL:
		return "matmul";
	case FM_LAYER_SDPA:
		return "scaled_dot_product_attention";
	default:
		return NULL;
	}
}

bool
mapping_tracked(enum fm_layer_kind kind)
{
	return kind < FM_LAYER_ACT;
}

void
mapping_release(struct mapping *m)
{
	free(m->name);
	free(m->v);
	fm_strs_release(&m->unused);
	fm_strs_release(&m->unmapped);
	memset(m, 0, sizeof *m);
}

/* --- keys and names ------------------------------------------------------ */

/* One component: equal, or a number within "a-b". */
static bool
part_matches(const char *key, size_t kn, const char *name, size_t nn)
{
	const char *dash = memchr(key, '-', kn);
	int64_t a, b, v;

	if (kn == nn && memcmp(key, name, kn) == 0)
		return true;
	return dash && fm_num_get_int(key, (size_t)(dash - key), &a) &&
	       fm_num_get_int(dash + 1, (size_t)(key + kn - dash - 1), &b) &&
	       fm_num_get_int(name, nn, &v) && v >= a && v <= b;
}

static bool
full_matches(const char *key, const char *name)
{
	for (;;) {
		size_t kn = strcspn(key, "."), nn = strcspn(name, ".");

		if (!part_matches(key, kn, name, nn))
			return false;
		key += kn;
		name += nn;
		if (!*key || !*name)
			return *key == *name;
		key++;
		name++;
	}
}

static bool
by_full_name(const struct fm_layer *l, const char *key, bool compat)
{
	/* "norm" names nothing in the original: it is a context. */
	return (!compat || strchr(key, '.')) && full_matches(key, l->name);
}

/* As in a profile. The original knows no paths. */
static bool
by_path(const struct fm_layer *l, const char *key, bool compat)
{
	return !compat && full_matches(key, l->path);
}

static bool
by_context(const struct fm_layer *l, const char *key, bool compat)
{
	return (!compat || !mapping_function(l->kind)) &&
	       strcmp(key, l->context) == 0;
}

static bool
by_function(const struct fm_layer *l, const char *key, bool compat)
{
	const char *f = mapping_function(l->kind);

	if (f && strcmp(key, f) == 0)
		return true;
	if (compat)
		return false;
	return strcmp(key, fm_layer_word(l->kind)) == 0 ||
	       (f && strncmp(f, "UPM_", 4) == 0 && strcmp(key, f + 4) == 0);
}

/* --- a file -------------------------------------------------------------- */

/* The entries of a mapping file. */
struct entries {
	const char *path;
	const struct fm_buf *text;
	json_t *set;
	struct spot *v; /* in the order of the set */
	bool *used;
};

static int
bad(const struct entries *e, const char *key, const char *what,
    struct fm_err *err)
{
	struct fm_err own = FM_ERR_INIT;
	int line = fm_yaml_line(e->text->s, e->text->len, key);

	(void)fm_err_set(&own, FM_USAGE, "%s", what);
	return fm_err_set(
	    err, FM_USAGE, "%s:%d: '%s': %s", e->path, line, key, own.text);
}

/* "DEVICE[,flags]"; the original looks for letters in the second field. */
static int
read_spot(struct spot *s, const struct entries *e, const char *key,
    const json_t *v, const struct devices *devices, bool compat,
    struct fm_err *err)
{
	const char *text = json_string_value(v), *comma, *flags;
	struct fm_err near = FM_ERR_INIT;
	char *name;
	size_t n;

	if (!text)
		return bad(e, key, "must be DEVICE or DEVICE,FLAGS", err);
	comma = strchr(text, ',');
	flags = comma ? comma + 1 : "";
	n = strcspn(flags, ",");
	if (!compat && strspn(flags, "tm ") != strlen(flags))
		return bad(e, key, "flags must be t, m or tm", err);
	s->t = memchr(flags, 't', n) != NULL;
	s->m = memchr(flags, 'm', n) != NULL;
	name = fm_strndup(text, comma ? (size_t)(comma - text) : strlen(text));
	s->device = devices_find(devices, name, &near);
	free(name);
	return s->device ? 0 : bad(e, key, near.text, err);
}

static int
read_entries(struct entries *e, const struct devices *devices, bool compat,
    struct fm_err *err)
{
	const char *key;
	json_t *v;
	int i = 0;

	if (!json_is_object(e->set) && !json_is_null(e->set))
		return fm_err_set(err, FM_USAGE,
		    "%s:1: a mapping must be a set of names with devices",
		    e->path);
	e->v = fm_calloc(json_object_size(e->set) + 1, sizeof *e->v);
	e->used = fm_calloc(json_object_size(e->set) + 1, sizeof *e->used);
	json_object_foreach (e->set, key, v) {
		e->v[i].key = i;
		if (read_spot(&e->v[i], e, key, v, devices, compat, err) != 0)
			return -1;
		i++;
	}
	return 0;
}

typedef bool matches(const struct fm_layer *l, const char *key, bool compat);

static bool
try_keys(struct spot *to, struct entries *e, const struct fm_layer *l,
    matches *f, bool compat)
{
	const char *key;
	json_t *v;
	int i = 0;

	json_object_foreach (e->set, key, v) {
		if (f(l, key, compat)) {
			*to = e->v[i];
			e->used[i] = true;
			return true;
		}
		i++;
	}
	return false;
}

static void
apply(struct mapping *m, const struct fm_layers *layers, struct entries *e,
    bool compat)
{
	static matches *const ways[] = { by_full_name, by_path, by_context,
		by_function };
	const char *key;
	json_t *v;
	size_t i, w;
	int k = 0;

	for (i = 0; i < layers->n; i++)
		for (w = 0; w < sizeof ways / sizeof *ways; w++)
			if (try_keys(
				&m->v[i], e, &layers->v[i], ways[w], compat))
				break;
	json_object_foreach (e->set, key, v)
		if (!e->used[k++])
			fm_strs_add(&m->unused, key);
	m->n_keys = (size_t)k;
}

static int
read_file(struct mapping *m, const struct fm_layers *layers,
    const struct devices *devices, const char *file, bool compat,
    struct fm_err *err)
{
	struct fm_buf text = FM_BUF_INIT;
	struct entries e = { file, &text, NULL, NULL, NULL };
	int rc = fm_io_read_file(file, &text, err);

	if (rc == 0)
		e.set = fm_yaml_parse(text.s, text.len, file, err);
	else if (err->code == FM_IO)
		err->code = FM_USAGE;
	if (rc == 0)
		rc = e.set ? read_entries(&e, devices, compat, err) : -1;
	if (rc == 0)
		apply(m, layers, &e, compat);
	json_decref(e.set);
	free(e.v);
	free(e.used);
	fm_buf_release(&text);
	return rc;
}

/* --- one device ---------------------------------------------------------- */

/* What the original's scripts map, of what their keys really reach. */
static bool
script_maps(const struct fm_layer *l)
{
	static const char *const names[] = { "q_proj", "k_proj", "v_proj",
		"o_proj", "gate_proj", "up_proj", "down_proj", "lm_head" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(l->context, names[i]) == 0)
			return true;
	return false;
}

/* A model without any of these names has everything on the device. */
static bool
is_scripted(const struct fm_layers *layers)
{
	size_t i;

	for (i = 0; i < layers->n; i++)
		if (script_maps(&layers->v[i]))
			return true;
	return false;
}

static void
fill(struct mapping *m, const struct fm_layers *layers, const struct device *d,
    bool compat)
{
	bool some = compat && is_scripted(layers);
	size_t i;

	for (i = 0; i < layers->n; i++)
		if (!m->v[i].device && (!some || script_maps(&layers->v[i])))
			m->v[i].device = d;
}

int
mapping_make(struct mapping *m, const struct fm_layers *layers,
    const struct devices *devices, const char *device, const char *file,
    bool compat, struct fm_err *err)
{
	const struct device *d = NULL;
	size_t i;

	memset(m, 0, sizeof *m);
	m->v = fm_calloc(layers->n, sizeof *m->v);
	m->name = fm_strdup(file ? fm_io_base(file) : device ? device : "");
	for (i = 0; i < layers->n; i++)
		m->v[i].key = -1;
	if (!device && !file)
		return fm_err_set(err, FM_USAGE,
		    "which device? --platform sim:DEVICE, or --sim:mapping "
		    "FILE");
	if (device && !(d = devices_find(devices, device, err)))
		return -1;
	if (file && read_file(m, layers, devices, file, compat, err) != 0)
		return -1;
	if (d)
		fill(m, layers, d, compat);
	for (i = 0; i < layers->n; i++)
		if (!m->v[i].device && mapping_tracked(layers->v[i].kind))
			fm_strs_add(&m->unmapped, layers->v[i].name);
	return 0;
}
