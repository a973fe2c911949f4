/*
 * The backend for ONNX Runtime: what it takes, and opening a model in a
 * session. Its calls are in run.c, its profile in profile.c.
 */
#include "ort.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "io.h"
#include "json.h"
#include "session.h"
#include "strs.h"

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
	{ "save_profile", "str", "",
	    "file to write the runtime's own profile to, with --profile", 0,
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
	(void)json_object_del(settings, "save_profile");
	fm_json_set_str(sys, "library", fm_io_base(o->api.path));
	if (providers)
		json_object_set_new(sys, "providers", providers);
	free(runtime);
	free(cpu);
	return providers ? 0 : -1;
}

int
ort_session_open(struct fm_backend *b, const char *prefix,
    struct ort_session **session, char **provider, struct fm_err *err)
{
	const char *path = fm_json_str(b->model, "path", "");
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
	if (rc == 0 && prefix)
		rc = ort_api_check(
		    api, api->EnableProfiling(options, prefix), "profile", err);
	if (rc == 0)
		rc = ort_api_check(api,
		    api->CreateSessionFromArray(
			o->env, map.p, map.n, options, session),
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
	ort_session_keep_to_cpus(b->options);
	before = ort_session_threads();
	rc = ort_session_open(b, NULL, &o->session, &provider, err);
	if (rc == 0)
		rc = list_outputs(o, err);
	if (rc == 0)
		rc = say_facts(
		    b, sys, provider, ort_session_threads() - before, err);
	free(provider);
	return rc;
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
	ort_unbind(o);
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
		.profile = ort_profile,
		.close = ort_close,
	};

	return fm_backend_main(&ops);
}
