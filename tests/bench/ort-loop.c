/*
 * A bare loop over an ONNX Runtime session: what fm-backend-ort is compared
 * with. No protocol, no fresh inputs, no printing between calls; prints the
 * nanoseconds of every call at the end, one a line.
 *
 *   ort-loop LIBRARY MODEL WEIGHTS THREADS CALLS NAME=TYPE:DIM,DIM:LO:HI ...
 *
 * WEIGHTS is the folder of external data, or "-". Inputs are filled once, with
 * token ids LO <= id < HI. LIBRARY "-" is the one the system finds. Of a
 * single call, stderr gets when it began: nanoseconds of the UNIX epoch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../backends/ort/api.h"
#include "alloc.h"
#include "clock.h"
#include "err.h"
#include "fill.h"
#include "io.h"
#include "num.h"
#include "tensor.h"

struct loop {
	struct ort_api api;
	struct ort_env *env;
	struct ort_session *session;
	struct ort_memory_info *host;
	struct ort_allocator *allocator;
	struct ort_binding *binding;
};

static void
must(const struct loop *l, struct ort_status *status, const char *what)
{
	struct fm_err err = FM_ERR_INIT;

	if (ort_api_check(&l->api, status, what, &err) == 0)
		return;
	fprintf(stderr, "ort-loop: %s\n", err.text);
	exit(1);
}

static void
fail(const struct fm_err *err)
{
	fprintf(stderr, "ort-loop: %s\n", err->text);
	exit(1);
}

static void
open_session(struct loop *l, const char *path, const char *weights, int threads)
{
	const struct ort_api *api = &l->api;
	struct ort_options *o;
	struct fm_err err = FM_ERR_INIT;
	struct fm_map map;

	must(l, api->CreateEnv(3, "loop", &l->env), "start");
	must(l, api->CreateCpuMemoryInfo(1, 0, &l->host), "start");
	must(l, api->GetAllocatorWithDefaultOptions(&l->allocator), "start");
	must(l, api->CreateSessionOptions(&o), "options");
	must(l, api->SetIntraOpNumThreads(o, threads), "threads");
	must(l, api->SetSessionGraphOptimizationLevel(o, 99), "level");
	if (strcmp(weights, "-") != 0)
		must(l,
		    api->AddSessionConfigEntry(o,
			"session.model_external_initializers_file_folder_path",
			weights),
		    "weights");
	if (fm_map_open(&map, path, &err))
		fail(&err);
	must(l,
	    api->CreateSessionFromArray(l->env, map.p, map.n, o, &l->session),
	    path);
	fm_map_release(&map);
	api->ReleaseSessionOptions(o);
	must(l, api->CreateIoBinding(l->session, &l->binding), "bind");
}

/* NAME=TYPE:DIM,DIM:LO:HI */
static void
bind_input(const struct loop *l, const char *spec, size_t index)
{
	const struct ort_api *api = &l->api;
	struct fm_tensor *t = fm_calloc(1, sizeof *t);
	struct fm_fill_range range;
	struct fm_fill fill = {
		.kind = FM_FILL_TOKENS, .n_ranges = 1, .ranges = &range
	};
	struct fm_err err = FM_ERR_INIT;
	struct ort_value *value;
	int64_t dims[FM_DIMS_MAX];
	char *s = fm_strdup(spec), *type = s + strcspn(s, "="), *at;
	int rank = 0;

	*type++ = '\0';
	at = type + strcspn(type, ":");
	do {
		*at = '\0';
		dims[rank++] = strtoll(at + 1, &at, 10);
	} while (*at == ',');
	range.lo = strtoll(at + 1, &at, 10);
	range.hi = strtoll(at + 1, &at, 10);
	fill.total = (uint64_t)(range.hi - range.lo);
	if (fm_tensor_shape(t, fm_type_of(type), rank, dims, &err))
		fail(&err);
	fm_fill_tensor(&fill, t, fm_fill_key(0, index, 1));
	must(l,
	    api->CreateTensorWithDataAsOrtValue(l->host, t->data,
		fm_tensor_bytes(t), dims, (size_t)rank, (int)t->type, &value),
	    s);
	must(l, api->BindInput(l->binding, s, value), s);
}

static void
bind_outputs(const struct loop *l)
{
	const struct ort_api *api = &l->api;
	size_t k, n;
	char *name;

	must(l, api->SessionGetOutputCount(l->session, &n), "outputs");
	for (k = 0; k < n; k++) {
		must(l,
		    api->SessionGetOutputName(
			l->session, k, l->allocator, &name),
		    "outputs");
		must(l, api->BindOutputToDevice(l->binding, name, l->host),
		    name);
	}
}

int
main(int argc, char **argv)
{
	struct loop l = { 0 };
	struct fm_err err = FM_ERR_INIT;
	struct fm_clock clock;
	int64_t i, n, *took;
	int k;

	if (argc < 7) {
		fputs("usage: ort-loop LIBRARY MODEL WEIGHTS THREADS CALLS "
		      "NAME=TYPE:DIM,DIM:LO:HI ...\n",
		    stderr);
		return 2;
	}
	if (ort_api_load(&l.api, strcmp(argv[1], "-") ? argv[1] : NULL, &err))
		fail(&err);
	open_session(&l, argv[2], argv[3], (int)strtol(argv[4], NULL, 10));
	for (k = 6; k < argc; k++)
		bind_input(&l, argv[k], (size_t)k - 6);
	bind_outputs(&l);
	fm_clock_start(&clock);
	n = strtoll(argv[5], NULL, 10);
	if (n == 1)
		(void)fprintf(stderr, "%lld\n",
		    (long long)fm_clock_epoch_ns(&clock, fm_clock_now_ns()));
	took = fm_calloc((size_t)n, sizeof *took);
	for (i = 0; i < n; i++) {
		int64_t t0 = fm_clock_now_ns();
		struct ort_status *status =
		    l.api.RunWithBinding(l.session, NULL, l.binding);

		took[i] = fm_clock_now_ns() - t0;
		must(&l, status, "run");
	}
	for (i = 0; i < n; i++)
		printf("%lld\n", (long long)took[i]);
	return 0;
}
