/*
 * Settings of a session. Providers other than the CPU's come by two ways:
 * some have four functions of their own in the table, all of one shape, the
 * rest one function for all.
 */
#include "session.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "backend.h"
#include "buf.h"
#include "cpus.h"
#include "err.h"
#include "json.h"

static const char suffix[] = "ExecutionProvider";

/* The keys and values of a set, as two arrays that point into it. */
struct pairs {
	const char **keys, **values;
	size_t n;
};

static void
take_pairs(struct pairs *p, json_t *set)
{
	const char *key;
	json_t *v;

	p->n = 0;
	p->keys = fm_calloc(json_object_size(set), sizeof *p->keys);
	p->values = fm_calloc(json_object_size(set), sizeof *p->values);
	json_object_foreach (set, key, v) {
		p->keys[p->n] = key;
		p->values[p->n++] = json_string_value(v);
	}
}

static void
release_pairs(struct pairs *p)
{
	free(p->keys);
	free(p->values);
}

/* Positions of a provider's own functions. */
static const struct own {
	const char *provider;
	size_t create, update, append, release;
} own_functions[] = {
	{ "CUDAExecutionProvider", 205, 206, 204, 208 },
	{ "TensorrtExecutionProvider", 171, 172, 170, 174 },
	{ "CANNExecutionProvider", 221, 222, 220, 224 },
	{ "DnnlExecutionProvider", 240, 241, 239, 243 },
};

static int
append_own(const struct ort_api *api, const struct own *own,
    struct ort_options *o, const struct pairs *p, struct fm_err *err)
{
	struct ort_status *(*create)(void **);
	struct ort_status *(*update)(
	    void *, const char *const *, const char *const *, size_t);
	struct ort_status *(*append)(struct ort_options *, const void *);
	void (*release)(void *);
	void *settings = NULL;
	int rc;

	ort_api_slot(api, own->create, &create);
	ort_api_slot(api, own->update, &update);
	ort_api_slot(api, own->append, &append);
	ort_api_slot(api, own->release, &release);
	rc = ort_api_check(api, create(&settings), own->provider, err);
	if (rc == 0 && p->n)
		rc = ort_api_check(api,
		    update(settings, p->keys, p->values, p->n), own->provider,
		    err);
	if (rc == 0)
		rc =
		    ort_api_check(api, append(o, settings), own->provider, err);
	release(settings);
	return rc;
}

/* The function for all others has short names, some of them its own. */
static int
append_other(const struct ort_api *api, const char *provider,
    struct ort_options *o, const struct pairs *p, struct fm_err *err)
{
	static const char *const own[][2] = {
		{ "XnnpackExecutionProvider", "XNNPACK" },
		{ "AzureExecutionProvider", "AZURE" },
		{ "WebGpuExecutionProvider", "WebGPU" },
		{ "NvTensorRTRTXExecutionProvider", "NvTensorRtRtx" },
	};
	size_t i, len = strlen(provider);
	char *name;
	int rc;

	if (len > sizeof suffix - 1)
		len -= sizeof suffix - 1;
	name = fm_strndup(provider, len);
	for (i = 0; i < sizeof own / sizeof *own; i++) {
		if (strcmp(provider, own[i][0]) == 0) {
			free(name);
			name = fm_strdup(own[i][1]);
		}
	}
	rc = ort_api_check(api,
	    api->SessionOptionsAppendExecutionProvider(
		o, name, p->keys, p->values, p->n),
	    provider, err);
	free(name);
	return rc;
}

static int
append_provider(const struct ort_api *api, const char *provider,
    struct ort_options *o, json_t *settings, struct fm_err *err)
{
	struct pairs p;
	size_t i;
	int rc = 1;

	take_pairs(&p, settings);
	for (i = 0; i < sizeof own_functions / sizeof *own_functions; i++)
		if (strcmp(provider, own_functions[i].provider) == 0)
			rc = append_own(api, &own_functions[i], o, &p, err);
	if (rc == 1)
		rc = append_other(api, provider, o, &p, err);
	release_pairs(&p);
	return rc;
}

json_t *
ort_session_providers(const struct ort_api *api, struct fm_err *err)
{
	json_t *list = json_array();
	char **names;
	int i, n;

	if (ort_api_check(api, api->GetAvailableProviders(&names, &n),
		"cannot list providers", err)) {
		json_decref(list);
		return NULL;
	}
	for (i = 0; i < n; i++)
		json_array_append_new(list, json_string(names[i]));
	(void)ort_api_check(
	    api, api->ReleaseAvailableProviders(names, n), "providers", err);
	return list;
}

/* The full name of a provider given in full or without "ExecutionProvider",
 * in any case: a member of `have`, or NULL. */
static const char *
full_name(const json_t *have, const char *name)
{
	const json_t *v;
	size_t i, len = strlen(name);

	json_array_foreach (have, i, v) {
		const char *full = json_string_value(v);

		if (strncasecmp(full, name, len) == 0 &&
		    (!full[len] || strcmp(full + len, suffix) == 0))
			return full;
	}
	return NULL;
}

/* Adds one provider and says what it is called in full. */
static const char *
add_provider(const struct ort_api *api, const json_t *have, const char *name,
    struct ort_options *o, json_t *settings, struct fm_err *err)
{
	const char *full = full_name(have, name);
	struct fm_buf text = FM_BUF_INIT;
	size_t i;

	if (full && strcmp(full, "CPUExecutionProvider") != 0 &&
	    append_provider(api, full, o, settings, err) != 0)
		return NULL;
	if (full)
		return full;
	for (i = 0; i < json_array_size(have); i++)
		fm_buf_printf(&text, "%s%s", i ? ", " : "",
		    json_string_value(json_array_get(have, i)));
	(void)fm_err_set(err, FM_NODEVICE,
	    "this ONNX Runtime has no provider '%s'; it has: %s", name, text.s);
	fm_buf_release(&text);
	return NULL;
}

static int
add_providers(const struct ort_api *api, const json_t *options,
    struct ort_options *o, char **provider, bool *accelerator,
    struct fm_err *err)
{
	const json_t *wanted = json_object_get(options, "provider");
	json_t *settings = json_object_get(options, "provider_options");
	json_t *have = ort_session_providers(api, err);
	size_t i;

	if (!have)
		return -1;
	for (i = 0; i < json_array_size(wanted); i++) {
		const char *full = add_provider(api, have,
		    json_string_value(json_array_get(wanted, i)), o,
		    i ? NULL : settings, err);

		if (!full) {
			json_decref(have);
			return -1;
		}
		if (i == 0)
			*provider = fm_strdup(full);
		if (strcmp(full, "CPUExecutionProvider") != 0)
			*accelerator = true;
	}
	if (!*provider)
		*provider = fm_strdup("CPUExecutionProvider");
	json_decref(have);
	if (json_object_size(settings) &&
	    strcmp(*provider, "CPUExecutionProvider") == 0)
		return fm_err_set(err, FM_USAGE,
		    "provider_options: the CPU's provider has none; name one "
		    "with provider");
	return 0;
}

static int
choice(const json_t *options, const char *key, const char *const *words,
    const int *values)
{
	const char *s = fm_json_str(options, key, words[0]);
	size_t i;

	for (i = 0; words[i]; i++)
		if (strcmp(s, words[i]) == 0)
			return values[i];
	return values[0];
}

static int
level(const json_t *options)
{
	static const char *const words[] = { "all", "extended", "basic",
		"disable", NULL };
	static const int values[] = { 99, 2, 1, 0 };

	return choice(options, "graph_optimization_level", words, values);
}

static int
mode(const json_t *options)
{
	static const char *const words[] = { "sequential", "parallel", NULL };
	static const int values[] = { 0, 1 };

	return choice(options, "execution_mode", words, values);
}

int
ort_session_severity(const json_t *options)
{
	static const char *const words[] = { "warning", "verbose", "info",
		"error", "fatal", NULL };
	static const int values[] = { 2, 0, 1, 3, 4 };

	return choice(options, "log_severity", words, values);
}

static int
set_config(const struct ort_api *api, json_t *config, const char *folder,
    struct ort_options *o, struct fm_err *err)
{
	const char *key;
	json_t *v;

	if (folder &&
	    ort_api_check(api,
		api->AddSessionConfigEntry(o,
		    "session.model_external_initializers_file_folder_path",
		    folder),
		"folder of the weights", err))
		return -1;
	json_object_foreach (config, key, v)
		if (ort_api_check(api,
			api->AddSessionConfigEntry(
			    o, key, json_string_value(v)),
			key, err))
			return -1;
	return 0;
}

int
ort_session_options(const struct ort_api *api, const json_t *options,
    const char *folder, struct ort_options **out, char **provider,
    bool *accelerator, struct fm_err *err)
{
	int intra = (int)fm_json_int(options, "intra_op_num_threads", 0);
	int inter = (int)fm_json_int(options, "inter_op_num_threads", 0);
	bool pattern = fm_json_bool(options, "mem_pattern", true);
	bool arena = fm_json_bool(options, "cpu_arena", true);
	const char *save = fm_json_str(options, "save_optimized", NULL);
	struct ort_options *o;

	*accelerator = false;
	*provider = NULL;
	if (ort_api_check(
		api, api->CreateSessionOptions(out), "session options", err))
		return -1;
	o = *out;
	if (ort_api_check(api, api->SetIntraOpNumThreads(o, intra),
		"intra_op_num_threads", err) ||
	    ort_api_check(api, api->SetInterOpNumThreads(o, inter),
		"inter_op_num_threads", err) ||
	    ort_api_check(api,
		api->SetSessionGraphOptimizationLevel(o, level(options)),
		"graph_optimization_level", err) ||
	    ort_api_check(api, api->SetSessionExecutionMode(o, mode(options)),
		"execution_mode", err) ||
	    ort_api_check(api,
		api->SetSessionLogSeverityLevel(
		    o, ort_session_severity(options)),
		"log_severity", err) ||
	    ort_api_check(api,
		pattern ? api->EnableMemPattern(o) : api->DisableMemPattern(o),
		"mem_pattern", err) ||
	    ort_api_check(api,
		arena ? api->EnableCpuMemArena(o) : api->DisableCpuMemArena(o),
		"cpu_arena", err) ||
	    (save && ort_api_check(api, api->SetOptimizedModelFilePath(o, save),
			 "save_optimized", err)) ||
	    set_config(api, json_object_get(options, "config"), folder, o, err))
		return -1;
	return add_providers(api, options, o, provider, accelerator, err);
}

/* --- facts about where it runs --- */

/* Arm processors have numbers, not a name, in /proc/cpuinfo. */
static const char *
arm_core(unsigned long part)
{
	static const struct {
		unsigned long part;
		const char *name;
	} cores[] = {
		{ 0xd03, "Cortex-A53" },
		{ 0xd05, "Cortex-A55" },
		{ 0xd07, "Cortex-A57" },
		{ 0xd08, "Cortex-A72" },
		{ 0xd0b, "Cortex-A76" },
		{ 0xd0c, "Neoverse-N1" },
		{ 0xd40, "Neoverse-V1" },
		{ 0xd41, "Cortex-A78" },
		{ 0xd42, "Cortex-A78AE" },
		{ 0xd44, "Cortex-X1" },
		{ 0xd49, "Neoverse-N2" },
		{ 0xd4f, "Neoverse-V2" },
	};
	size_t i;

	for (i = 0; i < sizeof cores / sizeof *cores; i++)
		if (cores[i].part == part)
			return cores[i].name;
	return NULL;
}

char *
ort_session_cpu(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[1024], *name = NULL, *colon;
	unsigned long implementer = 0, part = 0;

	while (f && !name && fgets(line, sizeof line, f)) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		colon[strcspn(colon, "\n")] = '\0';
		if (strncmp(line, "model name", 10) == 0)
			name = fm_strdup(colon + 1 + strspn(colon + 1, " "));
		else if (strncmp(line, "CPU implementer", 15) == 0)
			implementer = strtoul(colon + 1, NULL, 16);
		else if (strncmp(line, "CPU part", 8) == 0)
			part = strtoul(colon + 1, NULL, 16);
	}
	if (f)
		(void)fclose(f);
	if (name)
		return name;
	if (implementer == 0x41 && arm_core(part))
		return fm_strdupf("Arm %s", arm_core(part));
	if (implementer)
		return fm_strdupf(
		    "Arm implementer 0x%02lx part 0x%03lx", implementer, part);
	return fm_strdup("unknown processor");
}

int
ort_session_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		(void)closedir(d);
	return n;
}

int
ort_session_version(struct fm_backend *b, struct fm_err *err)
{
	struct ort_api api;
	size_t n;

	if (ort_api_load(&api, fm_json_str(b->options, "library", NULL), err))
		return -1;
	/* Major and minor: a patch rewrites graphs as before. */
	n = strcspn(api.version, ".");
	n += strcspn(api.version + n + 1, ".") + 1;
	fm_backend_say(
	    b, "FMWORK VERSION ONNX Runtime %.*s", (int)n, api.version);
	ort_api_release(&api);
	return 0;
}

/*
 * Left to itself the runtime makes a thread for each core of the machine and
 * pins it there, also to cores that are not ours. Told a number, it leaves
 * the threads where we are.
 */
void
ort_session_keep_to_cpus(json_t *options)
{
	struct fm_cpus mine, online;

	fm_cpus_mine(&mine);
	fm_cpus_online(&online);
	if (fm_json_int(options, "intra_op_num_threads", 0) == 0 &&
	    fm_cpus_count(&mine) > 0 && !fm_cpus_same(&mine, &online))
		fm_json_set_int(options, "intra_op_num_threads",
		    (int64_t)fm_cpus_cores(&mine));
}
