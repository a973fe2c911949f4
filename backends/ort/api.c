/*
 * Finding and loading ONNX Runtime's library, and the meaning of its errors.
 */
#include "api.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"
#include "strs.h"

/* What the library's one exported function returns. */
struct ort_api_base {
	const void *(*GetApi)(uint32_t version);
	const char *(*GetVersionString)(void);
};

#define HINT "run `make setup`, or name a library with --ort:library PATH"

/* The folder of this executable; the caller frees. */
static char *
own_folder(void)
{
	char exe[4096], *slash;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	exe[n < 0 ? 0 : n] = '\0';
	slash = strrchr(exe, '/');
	if (slash)
		*slash = '\0';
	return fm_strdup(exe);
}

/* The last of dir/libonnxruntime.so*, or NULL; the caller frees. */
static char *
library_in(const char *dir)
{
	static const char stem[] = "libonnxruntime.so";
	struct fm_strs found = FM_STRS_INIT;
	struct dirent *e;
	char *path = NULL;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d)))
		if (strncmp(e->d_name, stem, sizeof stem - 1) == 0)
			fm_strs_add(&found, e->d_name);
	if (d)
		(void)closedir(d);
	fm_strs_sort(&found);
	if (found.n)
		path = fm_io_join(dir, found.v[found.n - 1]);
	fm_strs_release(&found);
	return path;
}

static void *
load_named(struct ort_api *api, const char *path, struct fm_err *err)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (lib)
		api->path = fm_strdup(path);
	else
		(void)fm_err_set(err, FM_NODEVICE,
		    "cannot load ONNX Runtime: %s; " HINT, dlerror());
	return lib;
}

static void *
load_found(struct ort_api *api, struct fm_err *err)
{
	static const char *const names[] = { "libonnxruntime.so.1",
		"libonnxruntime.so" };
	char *dir = own_folder(), *path = library_in(dir);
	void *lib = NULL;
	size_t i;

	if (path)
		lib = load_named(api, path, err);
	for (i = 0; !path && !lib && i < 2; i++) {
		lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
		if (lib)
			api->path = fm_strdup(names[i]);
	}
	if (!path && !lib)
		(void)fm_err_set(err, FM_NODEVICE,
		    "cannot find ONNX Runtime: no libonnxruntime.so* in '%s', "
		    "and the system's loader knows neither "
		    "libonnxruntime.so.1 nor libonnxruntime.so; " HINT,
		    dir);
	free(path);
	free(dir);
	return lib;
}

void
ort_api_slot(const struct ort_api *api, size_t at, void *to)
{
	memcpy(to, &api->slots[at], sizeof api->slots[at]);
}

static void
take_slots(struct ort_api *api)
{
#define TAKE(at, name, rest) ort_api_slot(api, at, &api->name);
	ORT_SLOTS(TAKE)
	ORT_RELEASES(TAKE)
#undef TAKE
	ort_api_slot(api, 1, &api->GetErrorCode);
	ort_api_slot(api, 2, &api->GetErrorMessage);
}

int
ort_api_load(struct ort_api *api, const char *path, struct fm_err *err)
{
	const struct ort_api_base *(*get_base)(void);
	const struct ort_api_base *base;
	void *lib, *symbol;

	memset(api, 0, sizeof *api);
	/* From 1.29 on the library reports about each session to its makers,
	 * by threads, a database and the network, from the moment it starts:
	 * no company for a measurement. It asks the environment only. */
	(void)setenv("ORT_DISABLE_TELEMETRY", "1", 0);
	lib = path ? load_named(api, path, err) : load_found(api, err);
	if (!lib)
		return -1;
	symbol = dlsym(lib, "OrtGetApiBase");
	if (!symbol) {
		(void)fm_err_set(err, FM_NODEVICE,
		    "'%s' is not ONNX Runtime: it has no OrtGetApiBase",
		    api->path);
		goto fail;
	}
	memcpy(&get_base, &symbol, sizeof get_base);
	base = get_base();
	api->version = base->GetVersionString();
	if (strncmp(api->version, "1.", 2) == 0 &&
	    strtol(api->version + 2, NULL, 10) < ORT_API_VERSION) {
		(void)fm_err_set(err, FM_NODEVICE,
		    "ONNX Runtime %s is too old: 1.%d or newer is needed",
		    api->version, ORT_API_VERSION);
		goto fail;
	}
	api->slots = base->GetApi(ORT_API_VERSION);
	if (!api->slots) {
		(void)fm_err_set(err, FM_NODEVICE,
		    "ONNX Runtime %s no longer has version %d of its interface",
		    api->version, ORT_API_VERSION);
		goto fail;
	}
	take_slots(api);
	return 0;
fail:
	ort_api_release(api);
	return -1;
}

void
ort_api_release(struct ort_api *api)
{
	free(api->path);
	memset(api, 0, sizeof *api);
}

/* The runtime has no code for these, only words. */
static enum fm_code
code_of_words(const char *text)
{
	static const struct {
		const char *words;
		enum fm_code code;
	} said[] = {
		{ "allocate memory", FM_OOM },
		{ "bad_alloc", FM_OOM },
		{ "out of memory", FM_OOM },
		{ "OUT_OF_MEMORY", FM_OOM },
		{ "Failed to allocate", FM_OOM },
		{ "smaller than requested bytes", FM_OOM },
		/* Weights that are cut off in their own file. */
		{ "Deserialize tensor", FM_NOMODEL },
		{ "GetExtDataFromTensorProto", FM_NOMODEL },
	};
	size_t i;

	for (i = 0; i < sizeof said / sizeof *said; i++)
		if (strstr(text, said[i].words))
			return said[i].code;
	return FM_INTERNAL;
}

int
ort_api_check(const struct ort_api *api, struct ort_status *status,
    const char *what, struct fm_err *err)
{
	enum fm_code code = FM_INTERNAL;
	const char *text, *hint = "";

	if (!status)
		return 0;
	text = api->GetErrorMessage(status);
	switch (api->GetErrorCode(status)) {
	case ORT_NO_SUCHFILE:
	case ORT_NO_MODEL:
	case ORT_INVALID_PROTOBUF:
	case ORT_INVALID_GRAPH:
		code = FM_NOMODEL;
		break;
	case ORT_NOT_IMPLEMENTED:
		code = FM_NOMODEL;
		hint = "; it lacks this operator for these types on this "
		       "device: another --precision or --ort:provider may do";
		break;
	default:
		code = code_of_words(text);
		break;
	}
	(void)fm_err_set(err, code, "%s: ONNX Runtime: %s%s", what, text, hint);
	api->ReleaseStatus(status);
	return -1;
}
