/*
 * The backend for ONNX Runtime: a session per model, an I/O binding per
 * shape, and nothing but the run call between the clock's readings.
 *
 * Outputs are allocated by the runtime in the first call of a shape: only it
 * knows their sizes, and a first call is cold anyway. Those whose shape
 * follows from the inputs' keep that memory for all later calls; the others
 * (detected objects, say) are allocated in each.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "api.h"
#include "backend.h"
#include "io.h"
#include "json.h"
#include "session.h"
#include "strs.h"

struct output {
	char *name;              /* the runtime's allocator frees it */
	bool follows;            /* its shape is fixed or named dimensions */
	struct ort_value *value; /* of the last call, once asked for */
};

struct input {
	struct ort_value *value; /* a view of the input's host memory */
};

struct ort {
	struct ort_api api;
	struct ort_env *env;
	struct ort_session *session;
	struct ort_memory_info *host;
	struct ort_allocator *allocator; /* the runtime's own, not ours */
	bool accelerator;                /* inputs are copied to a device */
	size_t n_outputs;
	struct output *outputs;

	struct ort_binding *binding; /* for the shapes prepared last */
	size_t n_inputs;
	struct input *inputs;
	int64_t calls; /* with this binding */
};

static const struct fm_backend_opt opts[] = {
	{ "intra_op_num_threads", "int", "0",
	    "threads inside one operator, 0 = all cores", 0, 4096 },
	{ "inter_op_num_threads", "int", "0",
	    "threads between operators when execution_mode is parallel", 0,
	    4096 },
	{ "graph_optimization_level", "disable|basic|extended|all", "all",
	    "how far the runtime rewrites the graph", 0, 0 },
	{ "execution_mode", "sequential|parallel", "sequential",
	    "whether independent operators run side by side", 0, 0 },
	{ "provider", "list", "",
	    "execution providers, most wanted first; the CPU's is always last",
	    0, 0 },
	{ "provider_options", "set", "", "settings of the first provider", 0,
	    0 },
	{ "config", "set", "",
	    "session configuration entries, as in "
	    "config:session.intra_op.allow_spinning 0",
	    0, 0 },
	{ "mem_pattern", "bool", "true",
	    "plan memory from the first call of a shape", 0, 0 },
	{ "cpu_arena", "bool", "true", "keep freed memory for later calls", 0,
	    0 },
	{ "log_severity", "verbose|info|warning|error|fatal", "error",
	    "least severe message the runtime prints on stderr", 0, 0 },
	{ "save_optimized", "str", "",
	    "file to write the graph to, as the runtime has rewritten it", 0,
	    0 },
	{ "library", "str", "", "ONNX Runtime's shared library", 0, 0 },
	{ NULL, NULL, NULL, NULL, 0, 0 },
};

static int
load(struct fm_backend *b, struct fm_err *err)
{
	struct ort *o = b->self;
	const struct ort_api *api = &o->api;

	if (ort_api_load(
		&o->api, fm_json_str(b->options, "library", NULL), err) ||
	    ort_api_check(api,
		api->CreateEnv(ort_session_severity(b->options), "fm", &o->env),
		"cannot start", err) ||
	    ort_api_check(api,
		api->CreateCpuMemoryInfo(
		    ORT_ARENA_ALLOCATOR, ORT_MEM_DEFAULT, &o->host),
		"cannot start", err))
		return -1;
	return ort_api_check(api,
	    api->GetAllocatorWithDefaultOptions(&o->allocator), "cannot start",
	    err);
}

/* --- open --- */

/*
 * The dimensions of an input's or output's type: sizes, or -1 and a name,
 * which is empty or made up by the runtime when the model has none. Names live
 * as long as `type`, which the caller releases. A rank of -1: not a tensor.
 */
struct dims {
	struct ort_type_info *type;
	int rank;
	int64_t sizes[FM_DIMS_MAX];
	const char *names[FM_DIMS_MAX];
};

static int
read_dims(const struct ort_api *api, struct dims *d, const char *what,
    struct fm_err *err)
{
	const struct ort_shape_info *shape = NULL;
	size_t rank = 0;

	d->rank = -1;
	if (ort_api_check(
		api, api->CastTypeInfoToTensorInfo(d->type, &shape), what, err))
		return -1;
	if (!shape)
		return 0;
	if (ort_api_check(
		api, api->GetDimensionsCount(shape, &rank), what, err))
		return -1;
	if (rank > FM_DIMS_MAX)
		return 0;
	d->rank = (int)rank;
	if (ort_api_check(
		api, api->GetDimensions(shape, d->sizes, rank), what, err))
		return -1;
	return ort_api_check(
	    api, api->GetSymbolicDimensions(shape, d->names, rank), what, err);
}

/* The names of all dimensions of inputs. */
static int
list_names(struct ort *o, struct fm_strs *names, struct fm_err *err)
{
	const struct ort_api *api = &o->api;
	size_t i, n = 0;
	int rc, k;

	rc = ort_api_check(
	    api, api->SessionGetInputCount(o->session, &n), "inputs", err);
	for (i = 0; rc == 0 && i < n; i++) {
		struct dims d;

		if (ort_api_check(api,
			api->SessionGetInputTypeInfo(o->session, i, &d.type),
			"inputs", err))
			return -1;
		rc = read_dims(api, &d, "inputs", err);
		for (k = 0; rc == 0 && k < d.rank; k++)
			if (*d.names[k])
				fm_strs_add(names, d.names[k]);
		api->ReleaseTypeInfo(d.type);
	}
	return rc;
}

/* Does the shape of output k hold nothing but sizes and `names`? */
static int
set_follows(
    struct ort *o, size_t k, const struct fm_strs *names, struct fm_err *err)
{
	const struct ort_api *api = &o->api;
	struct output *out = &o->outputs[k];
	struct dims d;
	int rc, i;

	if (ort_api_check(api,
		api->SessionGetOutputTypeInfo(o->session, k, &d.type),
		out->name, err))
		return -1;
	rc = read_dims(api, &d, out->name, err);
	out->follows = rc == 0 && d.rank >= 0;
	for (i = 0; rc == 0 && i < d.rank; i++)
		if (d.sizes[i] < 0 && fm_strs_find(names, d.names[i]) < 0)
			out->follows = false;
	api->ReleaseTypeInfo(d.type);
	return rc;
}

static int
list_outputs(struct ort *o, struct fm_err *err)
{
	const struct ort_api *api = &o->api;
	struct fm_strs names = FM_STRS_INIT;
	size_t n = 0;
	int rc = list_names(o, &names, err);

	if (rc == 0)
		rc = ort_api_check(api,
		    api->SessionGetOutputCount(o->session, &n), "outputs", err);
	o->outputs = fm_calloc(n, sizeof *o->outputs);
	while (rc == 0 && o->n_outputs < n) {
		size_t k = o->n_outputs;

		rc = ort_api_check(api,
		    api->SessionGetOutputName(
			o->session, k, o->allocator, &o->outputs[k].name),
		    "outputs", err);
		if (rc)
			break;
		o->n_outputs++;
		rc = set_follows(o, k, &names, err);
	}
	fm_strs_release(&names);
	return rc;
}

/* The threads that appeared are the pools' sizes less one each. */
static void
say_threads(json_t *settings, const json_t *options, int appeared)
{
	int64_t intra = fm_json_int(options, "intra_op_num_threads", 0);
	int64_t inter = fm_json_int(options, "inter_op_num_threads", 0);
	const char *mode = fm_json_str(options, "execution_mode", "");

	if (strcmp(mode, "parallel") != 0) {
		intra = appeared + 1;
		inter = 1;
	} else if (intra) {
		inter = appeared - (intra - 1) + 1;
	} else if (inter) {
		intra = appeared - (inter - 1) + 1;
	} else {
		intra = inter = appeared / 2 + 1;
	}
	fm_json_set_int(settings, "intra_op_num_threads", intra);
	fm_json_set_int(settings, "inter_op_num_threads", inter);
}

static int
say_facts(struct fm_backend *b, json_t *sys, const char *provider, int appeared,
    struct fm_err *err)
{
	json_t *settings = json_object_get(sys, "settings");
	struct ort *o = b->self;
	json_t *providers = ort_session_providers(&o->api, err);
	char *runtime = fm_strdupf("ONNX Runtime %s", o->api.version);
	char *cpu = ort_session_cpu();

	fm_json_set_str(sys, "runtime", runtime);
	fm_json_set_str(sys, "provider", provider);
	fm_json_set_str(sys, "device", o->accelerator ? provider : cpu);
	say_threads(settings, b->options, appeared);
	(void)json_object_del(settings, "library");
	(void)json_object_del(settings, "log_severity");
	fm_json_set_str(sys, "library", fm_io_base(o->api.path));
	if (providers)
		json_object_set_new(sys, "providers", providers);
	free(runtime);
	free(cpu);
	return providers ? 0 : -1;
}

static int
create_session(
    struct fm_backend *b, const char *path, char **provider, struct fm_err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? fm_strndup(path, (size_t)(slash - path) + 1)
			     : fm_strdup(".");
	struct ort *o = b->self;
	const struct ort_api *api = &o->api;
	struct ort_options *options = NULL;
	struct fm_map map = { NULL, 0 };
	int rc = 0;

	if (!fm_io_is_file(path))
		rc = fm_err_set(err, FM_NOMODEL, "no model file '%s'", path);
	if (rc == 0)
		rc = fm_map_open(&map, path, err);
	if (rc == 0 && map.n == 0)
		rc = fm_err_set(
		    err, FM_NOMODEL, "'%s' is empty, not a model", path);
	if (rc == 0)
		rc = ort_session_options(api, b->options,
		    fm_json_str(b->model, "weights", folder), &options,
		    provider, &o->accelerator, err);
	if (rc == 0)
		rc = ort_api_check(api,
		    api->CreateSessionFromArray(
			o->env, map.p, map.n, options, &o->session),
		    path, err);
	if (options)
		api->ReleaseSessionOptions(options);
	fm_map_release(&map);
	free(folder);
	return rc;
}

static int
ort_open(struct fm_backend *b, json_t *sys, struct fm_err *err)
{
	const char *path = fm_json_str(b->model, "path", NULL);
	struct ort *o = b->self;
	char *provider = NULL;
	int before, rc;

	if (!path)
		return fm_err_set(
		    err, FM_NOMODEL, "a model with a \"path\" is needed");
	if (load(b, err))
		return -1;
	before = ort_session_threads();
	rc = create_session(b, path, &provider, err);
	if (rc == 0)
		rc = list_outputs(o, err);
	if (rc == 0)
		rc = say_facts(
		    b, sys, provider, ort_session_threads() - before, err);
	free(provider);
	return rc;
}

/* --- run --- */

static void
release_values(struct ort *o)
{
	size_t k;

	for (k = 0; k < o->n_outputs; k++) {
		if (o->outputs[k].value)
			o->api.ReleaseValue(o->outputs[k].value);
		o->outputs[k].value = NULL;
	}
}

static void
unbind(struct ort *o)
{
	size_t i;

	release_values(o);
	if (o->binding)
		o->api.ReleaseIoBinding(o->binding);
	for (i = 0; i < o->n_inputs; i++)
		if (o->inputs[i].value)
			o->api.ReleaseValue(o->inputs[i].value);
	free(o->inputs);
	o->binding = NULL;
	o->inputs = NULL;
	o->n_inputs = 0;
	o->calls = 0;
}

static int
bind_inputs(struct ort *o, const struct fm_backend_point *p, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < o->n_inputs; i++)
		if (ort_api_check(&o->api,
			o->api.BindInput(
			    o->binding, p->inputs[i].name, o->inputs[i].value),
			p->inputs[i].name, err))
			return -1;
	return 0;
}

/* The next call allocates it, and calls after that write there again. */
static int
bind_output(struct ort *o, size_t k, struct fm_err *err)
{
	return ort_api_check(&o->api,
	    o->api.BindOutputToDevice(o->binding, o->outputs[k].name, o->host),
	    o->outputs[k].name, err);
}

static int
ort_prepare(
    struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	struct ort *o = b->self;
	const struct ort_api *api = &o->api;
	size_t i;

	unbind(o);
	if (ort_api_check(api, api->CreateIoBinding(o->session, &o->binding),
		"cannot bind", err))
		return -1;
	o->inputs = fm_calloc(p->n_inputs, sizeof *o->inputs);
	o->n_inputs = p->n_inputs;
	for (i = 0; i < p->n_inputs; i++) {
		struct fm_tensor *t = &p->inputs[i].t;

		if (ort_api_check(api,
			api->CreateTensorWithDataAsOrtValue(o->host, t->data,
			    fm_tensor_bytes(t), t->dims, (size_t)t->rank,
			    (int)t->type, &o->inputs[i].value),
			p->inputs[i].name, err))
			return -1;
	}
	for (i = 0; i < o->n_outputs; i++)
		if (bind_output(o, i, err))
			return -1;
	return bind_inputs(o, p, err);
}

/* The values of the last call. */
static int
take_values(struct ort *o, struct fm_err *err)
{
	const struct ort_api *api = &o->api;
	struct ort_value **values = NULL;
	size_t k, n = 0;

	release_values(o);
	if (ort_api_check(api,
		api->GetBoundOutputValues(
		    o->binding, o->allocator, &values, &n),
		"outputs", err))
		return -1;
	for (k = 0; k < n && k < o->n_outputs; k++)
		o->outputs[k].value = values[k];
	return ort_api_check(
	    api, api->AllocatorFree(o->allocator, values), "outputs", err);
}

static int
ort_stage(struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	struct ort *o = b->self;
	size_t k;

	for (k = 0; o->calls && k < o->n_outputs; k++)
		if (!o->outputs[k].follows && bind_output(o, k, err))
			return -1;
	if (!o->accelerator)
		return 0;
	/* Binding is what copies to a device. */
	if (bind_inputs(o, p, err))
		return -1;
	return ort_api_check(
	    &o->api, o->api.SynchronizeBoundInputs(o->binding), "inputs", err);
}

static int
ort_call(struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	struct ort *o = b->self;
	struct ort_status *status;

	(void)p;
	status = o->api.RunWithBinding(o->session, NULL, o->binding);
	if (!status && o->accelerator)
		status = o->api.SynchronizeBoundOutputs(o->binding);
	o->calls++;
	return status ? ort_api_check(&o->api, status, "run", err) : 0;
}

/* --- output --- */

static int
view_value(const struct ort *o, const struct output *out,
    struct fm_tensor *view, struct fm_err *err)
{
	const struct ort_api *api = &o->api;
	struct ort_shape_info *shape = NULL;
	int type = 0, rc;
	size_t rank = 0;

	rc = ort_api_check(
	    api, api->GetValueType(out->value, &type), out->name, err);
	if (rc == 0 && type != ORT_TYPE_TENSOR)
		return fm_err_set(err, FM_USAGE,
		    "output '%s' is not a tensor but a sequence, map or "
		    "optional value, which cannot be written",
		    out->name);
	if (rc ||
	    ort_api_check(api, api->GetTensorTypeAndShape(out->value, &shape),
		out->name, err))
		return -1;
	if (ort_api_check(
		api, api->GetTensorElementType(shape, &type), out->name, err) ||
	    ort_api_check(
		api, api->GetDimensionsCount(shape, &rank), out->name, err))
		rc = -1;
	if (rc == 0 && fm_type_size((enum fm_type)type) == 0)
		rc = fm_err_set(err, FM_USAGE,
		    "output '%s' has element type '%s', which cannot be "
		    "written",
		    out->name, fm_type_name((enum fm_type)type));
	if (rc == 0 && rank > FM_DIMS_MAX)
		rc = fm_err_set(err, FM_USAGE,
		    "output '%s' has %zu dimensions, at most %d are possible",
		    out->name, rank, FM_DIMS_MAX);
	if (rc == 0)
		rc = ort_api_check(api,
		    api->GetDimensions(shape, view->dims, rank), out->name,
		    err);
	if (rc == 0)
		rc = ort_api_check(api,
		    api->GetTensorMutableData(out->value, &view->data),
		    out->name, err);
	view->type = (enum fm_type)type;
	view->rank = (int)rank;
	api->ReleaseTensorTypeAndShapeInfo(shape);
	return rc;
}

static int
ort_output(struct fm_backend *b, size_t k, const char **name,
    struct fm_tensor *view, struct fm_err *err)
{
	struct ort *o = b->self;

	if (k >= o->n_outputs)
		return 0;
	if (k == 0 && take_values(o, err))
		return -1;
	*name = o->outputs[k].name;
	return view_value(o, &o->outputs[k], view, err) ? -1 : 1;
}

/* --- close, devices --- */

static void
ort_close(struct fm_backend *b)
{
	struct ort *o = b->self;
	const struct ort_api *api = &o->api;
	size_t k;

	if (!api->slots)
		return;
	unbind(o);
	for (k = 0; k < o->n_outputs; k++)
		(void)api->AllocatorFree(o->allocator, o->outputs[k].name);
	free(o->outputs);
	if (o->session)
		api->ReleaseSession(o->session);
	if (o->host)
		api->ReleaseMemoryInfo(o->host);
	if (o->env)
		api->ReleaseEnv(o->env);
	ort_api_release(&o->api);
	memset(o, 0, sizeof *o);
}

static int
ort_devices(struct fm_backend *b, struct fm_err *err)
{
	struct ort *o = b->self;
	json_t *providers = NULL, *v;
	char *cpu = ort_session_cpu();
	size_t i, id = 1;
	int rc = load(b, err);

	if (rc == 0) {
		providers = ort_session_providers(&o->api, err);
		rc = providers ? 0 : -1;
		fm_backend_say(
		    b, "FMWORK DEV 0 %s (CPUExecutionProvider)", cpu);
	}
	json_array_foreach (providers, i, v)
		if (strcmp(json_string_value(v), "CPUExecutionProvider") != 0)
			fm_backend_say(
			    b, "FMWORK DEV %zu %s", id++, json_string_value(v));
	json_decref(providers);
	free(cpu);
	ort_close(b);
	return rc;
}

int
main(void)
{
	static const struct fm_backend_ops ops = {
		.name = "ort",
		.opts = opts,
		.self_size = sizeof(struct ort),
		.devices = ort_devices,
		.version = ort_session_version,
		.open = ort_open,
		.prepare = ort_prepare,
		.stage = ort_stage,
		.call = ort_call,
		.output = ort_output,
		.close = ort_close,
	};

	return fm_backend_main(&ops);
}
