/*
 * The table of fields.
 */
#include "field.h"

#include <jansson.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"

#define MS(name, better)                                                       \
	{                                                                      \
		name, NULL, "ms", "stats." name, 1000, FIELD_PATH, better      \
	}
#define STAT(name, unit)                                                       \
	{                                                                      \
		name, NULL, unit, "stats." name, 0, FIELD_PATH, 0              \
	}

static const struct field fields[] = {
	{ "latency", NULL, "ms", NULL, 1000, FIELD_LATENCY, -1 },
	{ "lo", NULL, "ms", "stats.ci95.0", 1000, FIELD_PATH, 0 },
	{ "hi", NULL, "ms", "stats.ci95.1", 1000, FIELD_PATH, 0 },
	{ "throughput", NULL, "/s", "thp", 0, FIELD_PATH, 1 },
	{ "thp", "throughput", "/s", "thp", 0, FIELD_PATH, 1 },
	{ "ttft", NULL, "ms", "ttft", 1000, FIELD_PATH, -1 },
	{ "itl", NULL, "ms", "itl", 0, FIELD_PATH, -1 },
	{ "setup", NULL, "s", "setup", 0, FIELD_PATH, -1 },
	{ "warmup", NULL, "s", "warmup", 0, FIELD_PATH, -1 },
	MS("mean", -1),
	MS("sd", 0),
	MS("mad", 0),
	MS("min", -1),
	MS("max", -1),
	MS("first", -1),
	MS("p25", -1),
	MS("p50", -1),
	MS("p75", -1),
	MS("p90", -1),
	MS("p95", -1),
	MS("p99", -1),
	MS("p999", -1),
	STAT("n", ""),
	STAT("dropped", ""),
	STAT("rho1", ""),
	STAT("ess", ""),
	STAT("steady", ""),
	STAT("rule", ""),
	{ "drift", NULL, "%", "stats.drift.percent", 0, FIELD_PATH, 0 },
	{ "time", NULL, "s", "timestamp", 0, FIELD_TIME, 0 },
	{ "date", NULL, "UTC", "timestamp", 0, FIELD_DATE, 0 },
	{ "run", NULL, "", "run_id", 0, FIELD_PATH, 0 },
	{ "class", NULL, "", "model_class", 0, FIELD_PATH, 0 },
	{ "error", NULL, "", "error_msg", 0, FIELD_PATH, 0 },
	{ "what", "options", "", "opts", 0, FIELD_WHAT, 0 },
	{ "tokens_per_s", NULL, "/s", "sim.tokens_per_s", 0, FIELD_PATH, 1 },
	{ "mj_per_token", NULL, "mJ", "sim.mj_per_token", 0, FIELD_PATH, -1 },
};

const struct field *
field_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof fields / sizeof *fields; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

const char *const field_identity[] = { "model", "input", "output", "batch",
	"precision", "tp", "platform", "backend", "device", "engine",
	"metadata_id", "simulated", "what", NULL };

/* Options that a point does not depend on, or that its sizes tell. */
static bool
passing(const char *opt)
{
	static const char *const names[] = { "input_sizes", "output_sizes",
		"batch_sizes", "reps", "seconds", "until", "model_root",
		"model_name", "model", "platform", "output", "out", "timeout",
		"state", "resume", "order", "seed", "min_reps", "max_reps",
		"max_seconds", "retries", "stop", "prune", "isolate",
		"progress_fd", NULL };
	size_t i, n;

	while (*opt == '-')
		opt++;
	n = strcspn(opt, " =");
	for (i = 0; names[i]; i++)
		if (strlen(names[i]) == n && memcmp(names[i], opt, n) == 0)
			return true;
	return false;
}

char *
field_what(const char *opts, size_t n)
{
	json_t *list = json_loadb(opts, n, 0, NULL);
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s && !passing(s))
			fm_buf_printf(&b, "%s%s", b.len ? " " : "", s);
	}
	json_decref(list);
	return fm_buf_detach(&b);
}
