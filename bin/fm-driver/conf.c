/*
 * What follows from the options: lists of sizes, sub-options, the path of the
 * model, and which of them exclude one another.
 */
#include "conf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "alloc.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "place.h"
#include "policy.h"
#include "progress.h"
#include "slurm.h"
#include "subopt.h"
#include "sweep.h"
#include "until.h"

/* Splits NAME=VALUE. */
static int
pair(const char *word, const char *what, size_t *n, struct fm_err *err)
{
	const char *eq = strchr(word, '=');

	*n = 0;
	if (!eq || eq == word)
		return fm_err_set(err, FM_USAGE,
		    "--%s: '%s' must have the form NAME=VALUE", what, word);
	*n = (size_t)(eq - word);
	return 0;
}

static int
read_pairs(struct conf *c, struct fm_err *err)
{
	size_t i, n;
	int64_t v;

	c->dim_values = json_object();
	c->env_values = json_object();
	for (i = 0; i < c->dims.n; i++) {
		const char *w = c->dims.v[i];

		if (pair(w, "dim", &n, err) != 0)
			return -1;
		if (!fm_num_get_int(w + n + 1, strlen(w + n + 1), &v) || v < 1)
			return fm_err_set(err, FM_USAGE,
			    "--dim: '%s' must be a whole number from 1 up", w);
		json_object_setn_new(c->dim_values, w, n, json_integer(v));
	}
	for (i = 0; i < c->env.n; i++) {
		const char *w = c->env.v[i];

		if (pair(w, "env", &n, err) != 0)
			return -1;
		/* As fmwork's runner has it; null removes it over there. */
		json_object_setn_new(c->env_values, w, n,
		    strcmp(w + n + 1, "__UNSET__") == 0
			? json_null()
			: json_string(w + n + 1));
	}
	return 0;
}

static int
read_sizes(struct conf *c, struct fm_err *err)
{
	const char *in = c->input_sizes ? c->input_sizes : "128";
	const char *batch = c->batch_sizes ? c->batch_sizes : "1";

	if (fm_sweep_sizes(in, "--input_sizes", &c->input, &c->n_input, err))
		return -1;
	if (c->output_sizes && fm_sweep_sizes(c->output_sizes, "--output_sizes",
				   &c->output, &c->n_output, err))
		return -1;
	return fm_sweep_sizes(
	    batch, "--batch_sizes", &c->batch, &c->n_batch, err);
}

static json_t *
int_list(const int64_t *v, size_t n)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(a, json_integer(v[i]));
	return a;
}

/*
 * The names and values of fmwork's `args`, in the order of its JSON: sorted.
 * Options it does not have appear only when they were given, so that an
 * existing command line gives the same text.
 */
static void
collect_args(struct conf *c)
{
	json_t *a = json_object();
	size_t i;

	fm_json_set_str(a, "platform", c->platform);
	fm_json_set_str(a, "model_class", c->model_class);
	fm_json_set_str(a, "model_root", c->model_root);
	fm_json_set_str(a, "model_name", c->model_name);
	fm_json_set_str(a, "model_path", c->model_path);
	json_object_set_new(a, "compile", json_boolean(c->compile));
	json_object_set_new(a, "eval", json_boolean(c->eval));
	json_object_set_new(a, "input_sizes", int_list(c->input, c->n_input));
	if (c->n_output)
		json_object_set_new(
		    a, "output_sizes", int_list(c->output, c->n_output));
	json_object_set_new(a, "batch_sizes", int_list(c->batch, c->n_batch));
	json_object_set_new(a, "reps",
	    c->seconds > 0 || c->until ? json_null() : json_integer(c->reps));
	for (i = 0; i < c->args.n_given; i++) {
		const struct fm_opt_given *g = &c->args.given[i];
		int64_t v;

		if (!g->opt || conf_is_how(g->opt) ||
		    json_object_get(a, g->name))
			continue;
		if (!g->value)
			json_object_set_new(a, g->name, json_true());
		else if (g->opt->type == FM_OPT_INT &&
			 fm_num_get_int(g->value, strlen(g->value), &v))
			fm_json_set_int(a, g->name, v);
		else
			fm_json_set_str(a, g->name, g->value);
	}
	c->arg_values = a;
}

static int
read_subs(struct conf *c, struct fm_err *err)
{
	size_t i;

	c->subs = json_object();
	for (i = 0; i < c->args.n_given; i++) {
		const struct fm_opt_given *g = &c->args.given[i];

		if (!g->opt && fm_subopt_add(c->subs, g->name, g->value,
				   c->arg_values, err) != 0)
			return -1;
	}
	return 0;
}

/* Is the simulator to be fitted instead of asked? */
static bool
is_calibration(const struct conf *c)
{
	size_t i;

	for (i = 0; i < c->args.n_given; i++)
		if (strcmp(c->args.given[i].name, "--sim:calibrate") == 0)
			return true;
	return false;
}

size_t
conf_points(const struct conf *c)
{
	return c->n_input * c->n_batch * (c->n_output ? c->n_output : 1);
}

/* "2/5": the second of five. */
static int
read_shard(struct how *h, struct fm_err *err)
{
	const char *slash = h->shard ? strchr(h->shard, '/') : NULL;

	if (!h->shard)
		return 0;
	if (slash &&
	    fm_num_get_int(
		h->shard, (size_t)(slash - h->shard), &h->shard_no) &&
	    fm_num_get_int(slash + 1, strlen(slash + 1), &h->shards) &&
	    h->shard_no >= 1 && h->shard_no <= h->shards) {
		h->shard_no--;
		return 0;
	}
	return fm_err_set(err, FM_USAGE,
	    "--shard '%s' must be I/N, such as 1/4 for the first of four",
	    h->shard);
}

static int
read_how(struct conf *c, struct fm_err *err)
{
	struct how *h = &c->how;

	if (h->resume_failed)
		h->resume = true;
	if (h->resume && !h->log)
		return fm_err_set(err, FM_USAGE, "--resume needs --log FILE");
	if (h->interleave && h->sweeps.n < 2)
		return fm_err_set(
		    err, FM_USAGE, "--interleave needs --sweep twice");
	if (h->interleave && h->order == ORDER_RELOAD)
		return fm_err_set(err, FM_USAGE,
		    "--interleave and --order reload exclude one another");
	if (h->runs * (int64_t)(h->sweeps.n ? h->sweeps.n : 1) > RUNS_MAX)
		return fm_err_set(err, FM_USAGE, "--runs: more than %d in all",
		    (int)RUNS_MAX);
	while (h->order == ORDER_RANDOM && h->shuffle_seed < 1)
		if (getrandom(&h->shuffle_seed, sizeof(uint32_t), 0) < 0)
			h->shuffle_seed = 1;
	return read_shard(h, err);
}

/* Rules between options. */
static int
check(struct conf *c, struct fm_err *err)
{
	if (fm_opt_was(&c->args, "seconds") && !(c->seconds > 0))
		return fm_err_set(
		    err, FM_USAGE, "--seconds must be more than 0");
	if (c->seconds > 0 && fm_opt_was(&c->args, "reps"))
		return fm_err_set(err, FM_USAGE,
		    "--reps and --seconds exclude one another: give one");
	if (c->args.rest.n && c->model_name)
		return fm_err_set(err, FM_USAGE,
		    "the model is named twice: '%s' and --model_name '%s'",
		    c->args.rest.v[0], c->model_name);
	if (c->infer && !c->out && !c->expect)
		return fm_err_set(err, FM_USAGE,
		    "--infer needs --out DIR, --expect DIR, or both");
	if (!c->infer &&
	    (c->expect || (c->out && !c->build_only && !is_calibration(c))))
		return fm_err_set(
		    err, FM_USAGE, "--out and --expect belong to --infer DIR");
	if (c->token_times && !c->output_sizes)
		return fm_err_set(
		    err, FM_USAGE, "--token_times belongs to --output_sizes");
	if (c->prompt && !c->output_sizes)
		return fm_err_set(
		    err, FM_USAGE, "--prompt belongs to --output_sizes");
	if (c->all && (c->model_name || c->args.rest.n))
		return fm_err_set(err, FM_USAGE,
		    "--all takes everything in --search_dir DIR, and no "
		    "others");
	if (c->json && !c->analyze_only)
		return fm_err_set(
		    err, FM_USAGE, "--json belongs to --analyze_only");
	if (!c->infer && c->pad)
		return fm_err_set(
		    err, FM_USAGE, "--pad belongs to --infer DIR");
	if ((c->build_only || c->explain || c->analyze_only) &&
	    !c->args.rest.n && !c->model_name && !c->all)
		return fm_err_set(err, FM_USAGE,
		    "which model? --build_only, --explain and --analyze_only "
		    "need one");
	if (c->precision == PRECISION_INT8)
		return fm_err_set(err, FM_USAGE,
		    "--precision %s: this conversion is not available; fp16 "
		    "and bf16 are",
		    conf_precision(c));
	if (c->sequence && c->precision)
		return fm_err_set(err, FM_USAGE,
		    "--sequence and --precision exclude one another: name the "
		    "stage in the file");
	if (c->sequence && c->optimize)
		return fm_err_set(err, FM_USAGE,
		    "--sequence and --optimize exclude one another: name the "
		    "stage in the file");
	if (policy_check(c, err) != 0 || until_check(c, err) != 0 ||
	    progress_check(c, err) != 0)
		return -1;
	if (c->platforms.n == 0)
		return fm_err_set(err, FM_USAGE, "--platform: no platform");
	return 0;
}

int
conf_read(struct conf *c, int argc, char **argv, struct fm_err *err)
{
	memset(c, 0, sizeof *c);
	if (fm_opt_parse(&fm_driver_cmd, c, argc, argv, fm_subopt_is, &c->args,
		err) != 0)
		return -1;
	fm_strs_split(&c->platforms, c->platform, ",");
	if (check(c, err) != 0 || read_how(c, err) != 0 ||
	    place_hosts(c, err) != 0)
		return -1;
	if (c->args.rest.n)
		c->model_name = c->args.rest.v[0];
	if (c->model_name)
		c->model_path = fm_io_join(c->model_root, c->model_name);
	if (read_sizes(c, err) != 0 || read_pairs(c, err) != 0)
		return -1;
	c->calibrate = is_calibration(c);
	collect_args(c);
	if (read_subs(c, err) != 0)
		return -1;
	if (!c->profile &&
	    json_object_get(json_object_get(c->subs, "ort"), "save_profile"))
		return fm_err_set(
		    err, FM_USAGE, "--ort:save_profile belongs to --profile");
	return slurm_check(c, err);
}

void
conf_release(struct conf *c)
{
	fm_args_release(&c->args);
	fm_strs_release(&c->platforms);
	fm_strs_release(&c->how.hosts);
	fm_strs_release(&c->dims);
	fm_strs_release(&c->env);
	fm_strs_release(&c->stop);
	fm_strs_release(&c->exclude);
	fm_strs_release(&c->how.sweeps);
	json_decref(c->metadata);
	free(c->model_path);
	free(c->input);
	free(c->output);
	free(c->batch);
	json_decref(c->dim_values);
	json_decref(c->env_values);
	json_decref(c->subs);
	json_decref(c->arg_values);
	memset(c, 0, sizeof *c);
}
