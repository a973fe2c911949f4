/*
 * What the command line asks for: the options as they were given, and what
 * follows from them. Knows no device and no model.
 */
#ifndef CONF_H
#define CONF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "opt.h"
#include "strs.h"

enum load_format {
	LOAD_AUTO,
	LOAD_SAFETENSORS,
	LOAD_DUMMY
};

enum precision {
	PRECISION_MODEL,
	PRECISION_FP32,
	PRECISION_FP16,
	PRECISION_BF16,
	PRECISION_INT8
};

/* Of the points of a unit, and of the runs. */
enum order {
	ORDER_FMWORK,   /* fmwork's loops */
	ORDER_RELOAD,   /* the same; all runs of a unit stand together */
	ORDER_RANDOM,   /* another one in every run */
	ORDER_SMALLEST, /* by input, output and batch */
};

enum {
	RUNS_MAX = 1000000 /* of --runs, over all sweep files */
};

/*
 * How the sweep is run. Nothing here says what is measured, and so none of it
 * is echoed in the log: a member is one of these by standing here.
 */
struct how {
	struct fm_strs sweeps;
	int64_t runs;
	bool interleave;
	int order;            /* enum order */
	int64_t shuffle_seed; /* 0: not given; then chosen */
	const char *shard;    /* "2/5", or NULL */
	const char *run_id;
	const char *log;
	bool resume, resume_failed;
	int lock; /* enum lock */
	const char *device_sets;
	const char *cpus; /* lists of CPUs, of each lane */

	const char *host;
	bool use_slurm, detach;
	int64_t jobs;       /* of Slurm's at a time, 0 = all */
	const char *attach; /* number of a job */

	/* what follows */
	struct fm_strs hosts;     /* of --host or $FM_HOST, each once */
	int64_t shard_no, shards; /* from 0; 0 shards: all points */
};

struct conf {
	struct how how;
	/* fmwork's own */
	const char *platform;    /* words of share/platforms.yaml, by commas */
	const char *model_root;  /* folder in front of model_name, or NULL */
	const char *model_name;  /* as printed; NULL for backends without */
	const char *model_class; /* NULL = by config */
	bool compile, eval;
	const char *input_sizes, *batch_sizes; /* as text, or NULL */
	const char *output_sizes;              /* NULL: nothing is generated */
	const char *prompt;                    /* TEXT or @FILE, or NULL */
	int64_t tp_size;
	int64_t reps;
	/* measuring */
	int64_t warmup;
	double seconds; /* instead of reps; 0 = not given */
	int64_t threads;
	int64_t seed;
	/* what happens at a point (policy.h, until.h) */
	const char *timeout; /* as text, or NULL */
	int64_t retries;     /* attempts after the first one */
	double delay;        /* seconds between repetitions */
	struct fm_strs stop; /* rules */
	bool prune, isolate;
	const char *until;          /* a rule, or NULL */
	int64_t min_reps, max_reps; /* of --until */
	double max_seconds;
	int64_t progress_fd; /* -1 = none */
	bool selftest;
	/* what is run where */
	const char *backend, *via, *inputs;
	int load_format;
	struct fm_strs dims; /* NAME=VALUE */
	struct fm_strs env;  /* NAME=VALUE */
	struct fm_strs exclude;
	int64_t require_quiet; /* seconds to wait at most, if it was given */
	/* models in Python scripts, and in files of PyTorch */
	const struct found *found; /* the one that is measured now, or NULL */
	const char *script_args, *search_dir;
	int64_t max_depth, onnx_opset; /* 0 = the newest */
	bool all, analyze_only, json;
	/* the build */
	const char *cache_dir, *build_name;
	const char *sequence;
	int optimize;  /* index of none, basic, extended, all */
	int precision; /* enum precision */
	int rebuild;   /* enum rebuild */
	bool monitor;
	bool lean_cache, groqview, build_only, explain;
	/* instead of measuring */
	const char *infer, *out, *pad, *expect;
	double rtol, atol;
	const char *setup;
	bool profile;
	bool list_devices, list_options, dry_run;
	bool strict, estimate; /* for the backend */
	bool token_times, time_transfers;
	bool calibrate; /* --sim:calibrate was given */

	/* what follows */
	struct fm_args args;
	struct fm_strs platforms;
	int64_t timeout_ns;  /* for an answer, 0 = none */
	double timeout_part; /* of the time expected, 0 = any */
	char *model_path;    /* root and name joined, or NULL */
	int64_t *input, *output, *batch;
	size_t n_input, n_output, n_batch; /* n_output 0: no generation */
	json_t *dim_values;                /* --dim: {name: size} */
	json_t *env_values;                /* --env: {name: value} */
	json_t *subs;       /* sub-options: {set: {key: value}} */
	json_t *arg_values; /* names that args.NAME may have, with values */
	json_t *metadata;   /* of the sweep file, for the records, or NULL */
};

extern const struct fm_cmd fm_driver_cmd;

/* Reads the command line; what is wrong with it is a usage error. */
int conf_read(struct conf *c, int argc, char **argv, struct fm_err *err);
void conf_release(struct conf *c);

/* Does the option set a member of struct how? */
bool conf_is_how(const struct fm_opt *o);
/* How many points it asks of a platform, before anything is left out. */
size_t conf_points(const struct conf *c);
/* The word of --precision. */
const char *conf_precision(const struct conf *c);

#endif
