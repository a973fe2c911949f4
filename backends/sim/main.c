/*
 * A backend that has no device: it computes how long a model would take on
 * one, from the model's layers and a description of the device. Nothing that
 * it prints was measured, and everything says so.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "calibrate.h"
#include "check.h"
#include "facts.h"
#include "json.h"
#include "print.h"
#include "prog.h"
#include "record.h"
#include "sim.h"
#include "tables.h"
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
	{ "tp_size", "int", "1",
	    "devices that share every layer: tensor parallelism", 1, 65536 },
	{ "pp_size", "int", "1",
	    "groups of devices that share the layers: pipeline parallelism", 1,
	    65536 },
	{ "microbatches", "int", "1",
	    "parts of a batch that follow one another through the groups", 1,
	    65536 },
	{ "estimate", "bool", "false",
	    "add the transfers of the request's inputs and outputs", 0, 0 },
	{ "layers", "bool", "false",
	    "print the log of operations in the order of time", 0, 0 },
	{ "summary", "bool", "false",
	    "print what bounds each kind of operation", 0, 0 },
	{ "verbose", "bool", "false", "print what every operation was spent on",
	    0, 0 },
	{ "print_log", "bool", "false", "the same as layers", 0, 0 },
	{ "print_log_summary", "bool", "false",
	    "print UPMEM's tables of operations for each phase", 0, 0 },
	{ "report_layers", "bool", "false", "print UPMEM's table of layers", 0,
	    0 },
	{ "report_functions", "bool", "false",
	    "print UPMEM's table of functions", 0, 0 },
	{ "report", "none|upmem", "none",
	    "upmem: print the report of that tool, too", 0, 0 },
	{ "calibrate", "str", "",
	    "fit the device to the records of this file instead of simulating",
	    0, 0 },
	{ "calibrate_by", "median|min", "median",
	    "min: the least repetition of all records of a point, for a "
	    "machine that others use too",
	    0, 0 },
	{ "calibrated", "str", "",
	    "with calibrate: device file to write; fm-driver's --out", 0, 0 },
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

/* Sharing and transfers are none of UPMEM's ideas. */
static int
settle_ours(struct fm_backend *b, struct fm_err *err)
{
	struct sim *s = b->self;
	struct model *m = &s->ours;

	m->layers = &s->layers;
	m->mapping = &s->mapping;
	m->dtype = s->dtype;
	m->kv_heads = positive(b, "num_key_value_heads");
	m->window = positive(b, "sliding_window");
	m->tp = fm_json_int(b->options, "tp_size", 1);
	m->pp = fm_json_int(b->options, "pp_size", 1);
	m->parts = fm_json_int(b->options, "microbatches", 1);
	s->estimate = fm_json_bool(b->options, "estimate", false);
	if (s->compat && (m->tp > 1 || m->pp > 1 || s->estimate))
		return fm_err_set(err, FM_USAGE,
		    "compat upmem has neither tp_size, pp_size nor estimate");
	if (m->parts > 1 && m->pp == 1)
		return fm_err_set(
		    err, FM_USAGE, "microbatches belong to pp_size");
	return s->compat ? 0 : model_plan(m, err);
}

static int
settle(struct fm_backend *b, struct fm_err *err)
{
	struct sim *s = b->self;
	struct compat *u = &s->upmem;

	u->layers = &s->layers;
	u->mapping = &s->mapping;
	u->host = devices_find(&s->devices, "HOST", err);
	s->dtype = dtype_of(fm_json_str(b->options, "data_type", "bfloat16"));
	u->dtype = s->dtype;
	u->kv_heads = positive(b, "num_key_value_heads");
	u->window = positive(b, "sliding_window");
	u->moe_end = text(b, "moe_end");
	u->experts_per_token = fm_json_int(b->options, "experts_per_token", 2);
	if (choose_last(s, text(b, "last_layer"), err) != 0)
		return -1;
	return settle_ours(b, err);
}

static int
read_all(struct fm_backend *b, struct fm_err *err)
{
	struct sim *s = b->self;
	const char *path = fm_json_str(b->model, "path", NULL);
	const char *attention = fm_json_str(b->options, "attention", "sdpa");
	const char *device = text(b, "device");
	bool strict;

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
	if (settle(b, err) != 0)
		return -1;
	strict = fm_json_bool(b->options, "strict", false);
	return check_cover(b, strict, err) || check_names(b, strict, err) ? -1
									  : 0;
}

static int
sim_open(struct fm_backend *b, json_t *sys, struct fm_err *err)
{
	struct sim *s = b->self;

	if (read_all(b, err) != 0)
		return -1;
	s->clock_ns = fm_clock_epoch_ns(&b->clock, fm_clock_now_ns());
	facts_put(s, b->options, sys);
	return 0;
}

static void
sim_close(struct fm_backend *b)
{
	struct sim *s = b->self;

	model_release(&s->ours);
	mapping_release(&s->mapping);
	fm_layers_release(&s->layers);
	devices_release(&s->devices);
	memset(s, 0, sizeof *s);
}

/* --- run ----------------------------------------------------------------- */

/* What wants to see every operation. */
struct views {
	struct fm_buf *b;
	bool log, trace;
	struct tables t;
};

static void
see(void *arg, const struct op *op)
{
	struct views *v = arg;

	if (v->log)
		print_log_op(v->b, op);
	if (v->trace)
		print_trace(v->b, op);
	tables_see(&v->t, op);
}

static void
put_tables(const struct fm_backend *b, struct views *v, const struct result *r)
{
	const struct sim *s = b->self;
	const json_t *o = b->options;

	if (fm_json_bool(o, "summary", false))
		tables_summary(v->b, &v->t, s->dtype, s->ours.tp);
	if (fm_json_bool(o, "report_layers", false))
		tables_layers(v->b, &v->t, r);
	if (fm_json_bool(o, "report_functions", false))
		tables_functions(v->b, &v->t);
	if (fm_json_bool(o, "print_log_summary", false))
		tables_log(v->b, &v->t, r);
}

/* Is there a view? They cost more than the numbers. */
static bool
is_watched(const struct fm_backend *b)
{
	static const char *const views[] = { "layers", "print_log", "verbose",
		"summary", "report_layers", "report_functions",
		"print_log_summary" };
	size_t i;

	for (i = 0; i < sizeof views / sizeof *views; i++)
		if (fm_json_bool(b->options, views[i], false))
			return true;
	return false;
}

/* From the host to the device, or back. */
static double
transfer_ns(double bytes, double gbs, double us)
{
	return bytes / gbs + us * 1e3;
}

/* Elements of what comes out of a layer. */
static double
output(const struct fm_layer *l, const struct point *p)
{
	struct op op;
	double n;
	int i;

	op_shape(&op, l, p->batch, p->input, p->input);
	n = (double)(l->out ? l->out : op.shape[op.rank - 1]);
	for (i = 0; i < op.rank - 1; i++)
		n *= (double)op.shape[i];
	return n;
}

/*
 * The request's tensors: token numbers of four bytes and a mask of the same
 * size for a model that embeds tokens, else the input of the first layer; a
 * number for each token, else the output of the model.
 */
static void
estimate(const struct sim *s, const struct point *p, struct result *r)
{
	const struct device *d = model_first(&s->ours);
	const struct fm_layer *first = &s->layers.v[0];
	const struct fm_layer *last = &s->layers.v[s->layers.n - 1];
	bool ids = first->kind == FM_LAYER_EMBEDDING;
	double width = dtype_bytes(s->dtype), in = 1, out;
	struct op op;
	int i;

	op_shape(&op, first, p->batch, p->input, p->input);
	for (i = 0; i < op.rank; i++)
		in *= (double)op.shape[i];
	in *= ids ? 8 : width;
	out = width * output(last, p);
	/* A pooler's result and what it is made from are both returned. */
	while (last > first && strncmp(last->path, "pooler.", 7) == 0)
		last--;
	if (last != &s->layers.v[s->layers.n - 1])
		out += width * output(last, p);
	if (s->layers.decoder)
		out = 4 * (double)p->batch * (double)p->output;
	r->in_ns = transfer_ns(in, d->h2d_gbs, d->transfer_us);
	r->out_ns = transfer_ns(out, d->d2h_gbs, d->transfer_us);
}

static int
simulate(struct fm_backend *b, const struct point *p, struct result *r,
    struct fm_err *err)
{
	struct sim *s = b->self;
	struct views v = { .b = &b->out };
	bool watched = is_watched(b);
	int rc = 0;

	v.log = fm_json_bool(b->options, "layers", false) ||
		fm_json_bool(b->options, "print_log", false);
	v.trace = fm_json_bool(b->options, "verbose", false);
	s->upmem.seen = watched ? see : NULL;
	s->upmem.arg = &v;
	if (v.log)
		print_log_head(v.b);
	if (s->compat)
		compat_run(&s->upmem, p, r);
	else
		rc = model_run(&s->ours, p, r, err);
	if (rc == 0 && !s->compat && watched)
		model_walk(&s->ours, p, see, &v);
	if (rc == 0 && s->estimate)
		estimate(s, p, r);
	if (rc == 0)
		put_tables(b, &v, r);
	tables_release(&v.t);
	return rc;
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
	double ns = total_ns(r), first_ns = r->in_ns + r->first_ns;
	int64_t last = first + (reps > 0 ? reps : 1); /* 0: as few as can be */
	int64_t dt_ns = (int64_t)(ns + 0.5), i;

	for (i = first; i < last; i++) {
		struct fm_rep rep = { i, reps, s->clock_ns, s->clock_ns + dt_ns,
			dt_ns };

		fm_record_put_rep(&b->out, &rep);
		if (s->layers.decoder)
			fm_backend_say(b, "FMWORK TOK %lld %.9f %.9f %lld",
			    (long long)i, first_ns / 1e9, (ns - first_ns) / 1e9,
			    (long long)p->output * p->batch);
		s->clock_ns += dt_ns;
	}
}

static int
fit(struct fm_backend *b, struct fm_err *err)
{
	struct sim *s = b->self;
	const char *out = text(b, "calibrated");

	if (s->compat || !out)
		return fm_err_set(err, FM_USAGE,
		    s->compat ? "calibrate: not with compat upmem"
			      : "calibrate needs --out FILE.yaml");
	return calibrate(&s->ours, text(b, "calibrate"),
	    strcmp(fm_json_str(b->options, "calibrate_by", ""), "min") == 0,
	    out, &b->out, err);
}

static int
check_point(const struct sim *s, const struct point *p, struct fm_err *err)
{
	if (p->output > 1 && !s->layers.decoder)
		return fm_err_set(err, FM_USAGE,
		    "'%s' generates nothing: one output token at most",
		    s->layers.model_class);
	if (s->layers.positions > 0 && p->input > s->layers.positions)
		return fm_err_set(err, FM_USAGE,
		    "%lld tokens are more than the %lld positions of this "
		    "model",
		    (long long)p->input, (long long)s->layers.positions);
	return 0;
}

/* Stamps are nanoseconds since 1970 in 64 bits: they end in the year 2262. */
static int
check_clock(const struct sim *s, const struct result *r, int64_t reps,
    struct fm_err *err)
{
	double left_ns = 9.2e18 - (double)s->clock_ns;
	double ns = total_ns(r) * (double)(reps > 0 ? reps : 1);

	if (ns < left_ns)
		return 0;
	return fm_err_set(err, FM_USAGE,
	    "the device would work for %.3g s: time stamps end after %.3g s",
	    ns / 1e9, left_ns / 1e9);
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

	if (text(b, "calibrate"))
		return fit(b, err);
	if (check_point(s, &p, err) != 0)
		return -1;
	if (simulate(b, &p, &r, err) != 0 || check_clock(s, &r, reps, err) != 0)
		return -1;
	put_reps(b, &p, &r, first, reps);
	print_sim(&b->out, s, &p, &r);
	if (strcmp(fm_json_str(b->options, "report", ""), "upmem") == 0)
		upmem_report(&b->out, s->dtype, &p, &r);
	return 0;
}

/* --- profile ------------------------------------------------------------- */

struct rows {
	struct fm_buf *b;
	int64_t id;
};

static void
see_row(void *arg, const struct op *op)
{
	struct rows *r = arg;

	print_row(r->b, op, r->id++);
}

static int
sim_profile(
    struct fm_backend *b, struct fm_backend_point *at, struct fm_err *err)
{
	struct sim *s = b->self;
	struct point p = { at->input > 0 ? at->input : 1,
		at->output > 0 ? at->output : 1,
		at->batch > 0 ? at->batch : 1 };
	struct rows rows = { &b->out, 0 };
	struct result r;

	if (check_point(s, &p, err) != 0)
		return -1;
	s->upmem.seen = see_row;
	s->upmem.arg = &rows;
	if (s->compat)
		compat_run(&s->upmem, &p, &r);
	else if (model_run(&s->ours, &p, &r, err) != 0)
		return -1;
	else
		model_walk(&s->ours, &p, see_row, &rows);
	if (strcmp(fm_json_str(b->options, "report", ""), "upmem") == 0)
		upmem_report(&b->out, s->dtype, &p, &r);
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
		.profile = sim_profile,
		.close = sim_close,
	};

	return fm_backend_main(&ops);
}
