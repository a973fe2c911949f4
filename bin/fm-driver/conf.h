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

struct conf {
	/* fmwork's own */
	const char *platform;    /* words of share/platforms.yaml, by commas */
	const char *model_root;  /* folder in front of model_name, or NULL */
	const char *model_name;  /* as printed; NULL for backends without */
	const char *model_class; /* NULL = by config */
	bool compile, eval;
	const char *input_sizes, *batch_sizes; /* as text, or NULL */
	const char *output_sizes;              /* NULL: nothing is generated */
	int64_t tp_size;
	int64_t reps;
	/* measuring */
	int64_t warmup;
	double seconds; /* instead of reps; 0 = not given */
	int64_t threads;
	int64_t seed;
	int64_t timeout; /* seconds for an answer, 0 = none */
	/* what is run where */
	const char *backend, *via, *inputs;
	int load_format;
	struct fm_strs dims; /* NAME=VALUE */
	struct fm_strs env;  /* NAME=VALUE */
	/* models in Python scripts */
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
	char *model_path; /* root and name joined, or NULL */
	int64_t *input, *output, *batch;
	size_t n_input, n_output, n_batch; /* n_output 0: no generation */
	json_t *dim_values;                /* --dim: {name: size} */
	json_t *env_values;                /* --env: {name: value} */
	json_t *subs;       /* sub-options: {set: {key: value}} */
	json_t *arg_values; /* names that args.NAME may have, with values */
};

extern const struct fm_cmd fm_driver_cmd;

/* Reads the command line; what is wrong with it is a usage error. */
int conf_read(struct conf *c, int argc, char **argv, struct fm_err *err);
void conf_release(struct conf *c);

#endif
