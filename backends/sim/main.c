/*
 * A backend that has no device: it computes how long a model would take on
 * one, from the model's layers and a description of the device. Nothing that
 * it prints was measured, and everything says so.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "json.h"
#include "print.h"
#include "prog.h"
#include "record.h"
#include "sim.h"
#include "upmem.h"

static const struct fm_backend_opt opts[] = {
	{ "device", "str", "",
	    "what to simulate: a name of a device file; --platform sim:DEVICE",
	    0, 0 },
	{ "mapping", "str", "",
	    "YAML file of layer or function names with DEVICE[,FLAGS]", 0, 0 },
	{ "extra_archs", "str", "",
	    "one more device file; its devices come before others of their "
	    "name",
	    0, 0 },
	{ "data_type", "int4|int8|float16|bfloat16|float32", "bfloat16",
	    "type of weights and activations", 0, 0 },
	{ "compat", "none|upmem", "none",
	    "upmem: that tool's numbers, with its faults", 0, 0 },
	{ "attention", "sdpa|eager", "sdpa",
	    "attention as one operation, or as two products and a softmax", 0,
	    0 },
	{ "num_key_value_heads", "int", "-1",
	    "key and value heads, instead of the model's", -1, 1e9 },
	{ "sliding_window", "int", "-1",
	    "most tokens attended to, instead of the model's", -1, 2147483647 },
	{ "last_layer", "str", "", "layer that ends a pass [lm_head]", 0, 0 },
	{ "moe_end", "str", "",
	    "with compat: layer whose results come back from every expert", 0,
	    0 },
	{ "experts_per_token", "int", "2", "with compat and moe_end", 1, 1e6 },
	{ "layers", "bool", "false",
	    "print the log of operations in the order of time", 0, 0 },
	{ "report", "none|upmem", "none",
	    "upmem: print the report of that tool, too", 0, 0 },
	{ "strict", "bool", "false",
	    "refuse unused keys of the mapping and layers without a device", 0,
	    0 },
	{ NULL, NULL, NULL, NULL, 0, 0 },
};

static const char *
text(const struct fm_backend *b, const char *name)
{
	const char *s = fm_json_str(b->options, name, "");

	return *s ? s : NULL;
}

/* --- devices ------------------------------------------------------------- */

static int
read_devices(struct sim *s, const char *extra, struct fm_err *err)
{
	char *dir = fm_prog_share("devices");
	int rc = devices_read(&s->devices, dir, extra, err);

	free(dir);
	return rc;
}

static int
sim_devices(struct fm_backend *b, struct fm_err *err)
{
	struct sim *s = b->self;
	size_t i;

	if (read_devices(s, text(b, "extra_archs"), err) != 0)
		return -1;
	for (i = 0; i < s->devices.n; i++)
		fm_backend_say(b, "FMWORK DEV %zu %s", i, s->devices.v[i].name);
	devices_release(&s->devices);
	return 0;
}

/* --- open ---------------------------------------------------------------- */

static void
join(struct fm_buf *b, const struct fm_strs *l)
{
	size_t i;

	for (i = 0; i < l->n && i < 8; i++)
		fm_buf_printf(b, "%s%s", i ? ", " : "", l->v[i]);
	if (l->n > i)
		fm_buf_printf(b, " and %zu more", l->n - i);
}

/* Names that meet nothing: said on stderr, or refused. */
static int
check_names(const struct sim *s, bool strict, struct fm_err *err)
{
	const struct {
		const struct fm_strs *l;
		const char *what;
	} lists[] = {
		{ &s->mapping.unused, "keys that no layer answers to" },
		{ &s->mapping.unmapped, "layers without a device" },
	};
	size_t i;

	for (i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct fm_buf names = FM_BUF_INIT;
		int rc = 0;

		join(&names, lists[i].l);
		if (lists[i].l->n && strict)
			rc = fm_err_set(err, FM_USAGE, "mapping '%s': %s: %s",
			    s->mapping.name, lists[i].what, names.s);
		else if (lists[i].l->n)
			fm_prog_say("fm-backend-sim", "mapping '%s': %s: %s",
			    s->mapping.name, lists[i].what, names.s);
		fm_buf_release(&names);
		if (rc != 0)
			return -1;
	}
	return 0;
}

static bool
has_context(const struct fm_layers *l, const char *context)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].context, context) == 0)
			return true;
	return false;
}

static int
choose_last(struct sim *s, const char *asked, struct fm_err *err)
{
	const char *last = asked ? asked : s->layers.last;

	if (asked && !has_context(&s->layers, asked))
		return fm_err_set(err, FM_USAGE,
		    "last_layer: no layer of this model is called '%s'", asked);
	s->upmem.last = last;
	return 0;
}

static int64_t
positive(const struct fm_backend *b, const char *name)
{
	int64_t v = fm_json_int(b->options, name, 0);

	return v > 0 ? v : 0;
}

static int
settle(struct fm_backend *b, struct fm_err *err)
{
	struct sim *s = b->self;
	struct compat *u = &s->upmem;

	u->layers = &s->layers;
	u->mapping = &s->mapping;
	u->host = devices_find(&s->devices, "HOST", err);
	u->dtype = dtype_of(fm_json_str(b->options, "data_type", "bfloat16"));
	u->kv_heads = positive(b, "num_key_value_heads");
	u->window = positive(b, "sliding_window");
	u->moe_end = text(b, "moe_end");
	u->experts_per_token = fm_json_int(b->options, "experts_per_token", 2);
	return choose_last(s, text(b, "last_layer"), err);
}

static int
read_all(struct fm_backend *b, struct fm_err *err)
{
	struct sim *s = b->self;
	const char *path = fm_json_str(b->model, "path", NULL);
	const char *attention = fm_json_str(b->options, "attention", "sdpa");
	const char *device = text(b, "device");

	if (!path)
		return fm_err_set(err, FM_USAGE,
		    "which model? Name a folder with a config.json or a "
		    ".yaml list of layers");
	s->compat = strcmp(fm_json_str(b->options, "compat", ""), "upmem") == 0;
	if (read_devices(s, text(b, "extra_archs"), err) != 0 ||
	    fm_layers_read(
		&s->layers, path, strcmp(attention, "eager") == 0, err) != 0 ||
	    mapping_make(&s->mapping, &s->layers, &s->devices, device,
		text(b, "mapping"), s->compat, err) != 0)
		return -1;
	s->device = device ? devices_find(&s->devices, device, err) : NULL;
	if (check_names(s, fm_json_bool(b->options, "strict", false), err) != 0)
		return -1;
	return settle(b, err);
}

static void
put_facts(const struct sim *s, const struct fm_backend *b, json_t *sys)
{
	json_object_set_new(sys, "simulated", json_true());
	fm_json_set_str(sys, "runtime", "fm-backend-sim " FM_VERSION);
	fm_json_set_str(
	    sys, "device", s->device ? s->device->name : s->mapping.name);
	fm_json_set_str(sys, "model_class", s->layers.model_class);
	fm_json_set_str(sys, "precision", dtype_word(s->upmem.dtype));
	fm_json_set_int(sys, "parameters", s->layers.params);
	json_object_set(sys, "settings", b->options);
}

static int
sim_open(struct fm_backend *b, json_t *sys, struct fm_err *err)
{
	struct sim *s = b->self;

	if (read_all(b, err) != 0)
		return -1;
	s->clock_ns = fm_clock_epoch_ns(&b->clock, fm_clock_now_ns());
	put_facts(s, b, sys);
	return 0;
}

static void
sim_close(struct fm_backend *b)
{
	struct sim *s = b->self;

	mapping_release(&s->mapping);
	fm_layers_release(&s->layers);
	devices_release(&s->devices);
	memset(s, 0, sizeof *s);
}

/* --- run ----------------------------------------------------------------- */

static void
see(void *arg, const struct op *op)
{
	print_log_op(arg, op);
}

static void
simulate(struct fm_backend *b, const struct point *p, struct result *r)
{
	struct sim *s = b->self;

	if (fm_json_bool(b->options, "layers", false)) {
		s->upmem.seen = see;
		s->upmem.arg = &b->out;
		print_log_head(&b->out);
	}
	compat_run(&s->upmem, p, r);
}

/*
 * The repetitions, all alike: stamps are those of a world in which the device
 * did what it was asked for without a pause.
 */
static void
put_reps(struct fm_backend *b, const struct point *p, const struct result *r,
    int64_t first, int64_t reps)
{
	struct sim *s = b->self;
	double ns = r->sum.c.ns + r->gen.c.ns;
	int64_t dt_ns = ns < 9e18 ? (int64_t)(ns + 0.5) : INT64_MAX, i;

	for (i = first; i < first + reps; i++) {
		struct fm_rep rep = { i, reps, s->clock_ns, s->clock_ns + dt_ns,
			dt_ns };

		fm_record_put_rep(&b->out, &rep);
		if (s->layers.decoder)
			fm_backend_say(b, "FMWORK TOK %lld %.9f %.9f %lld",
			    (long long)i, r->first_ns / 1e9,
			    (ns - r->first_ns) / 1e9,
			    (long long)(p->output * p->batch));
		s->clock_ns += dt_ns;
	}
}

static int
sim_run(struct fm_backend *b, const json_t *request, struct fm_err *err)
{
	struct sim *s = b->self;
	int64_t first = fm_json_int(request, "first", 1);
	int64_t reps = fm_json_int(request, "reps", 0);
	struct point p = { fm_json_int(request, "input", 1),
		fm_json_int(request, "output", 1),
		fm_json_int(request, "batch", 1) };
	struct result r;

	if (p.output > 1 && !s->layers.decoder)
		return fm_err_set(err, FM_USAGE,
		    "'%s' generates nothing: one output token at most",
		    s->layers.model_class);
	simulate(b, &p, &r);
	put_reps(b, &p, &r, first, reps > 0 ? reps : 1);
	print_sim(&b->out, s, &p, &r);
	if (strcmp(fm_json_str(b->options, "report", ""), "upmem") == 0)
		upmem_report(&b->out, s->upmem.dtype, &p, &r);
	return 0;
}

int
main(void)
{
	static const char *const caps[] = { "generate", NULL };
	static const struct fm_backend_ops ops = {
		.name = "sim",
		.caps = caps,
		.opts = opts,
		.self_size = sizeof(struct sim),
		.devices = sim_devices,
		.open = sim_open,
		.run = sim_run,
		.close = sim_close,
	};

	return fm_backend_main(&ops);
}
