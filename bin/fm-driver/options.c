/*
 * fm-driver's option table: everything that --help, the man page and the
 * completion print comes from here.
 */
#include <stddef.h>
#include <stdint.h>

#include "conf.h"

static const char *const load_formats[] = { "auto", "safetensors", "dummy",
	NULL };
static const char *const levels[] = { "none", "basic", "extended", "all",
	NULL };
static const char *const precisions[] = { "model", "fp32", "fp16", "bf16",
	"int8", NULL };
static const char *const orders[] = { "fmwork", "reload", "random", "smallest",
	NULL };
static const char *const locks[] = { "wait", "fail", "none", NULL };
static const char *const rebuilds[] = { "if_needed", "always", "never", NULL };

/* name, letter, alias, type, member, placeholder, default, min, max */
#define STR(n, l, a, m, p, d, h)                                               \
	{                                                                      \
		n, l, a, FM_OPT_STR, offsetof(struct conf, m), p, d, 0, 0,     \
		    NULL, h                                                    \
	}
#define INT(n, l, m, p, d, lo, hi, h)                                          \
	{                                                                      \
		n, l, NULL, FM_OPT_INT, offsetof(struct conf, m), p, d, lo,    \
		    hi, NULL, h                                                \
	}
#define REAL(n, m, p, d, h)                                                    \
	{                                                                      \
		n, 0, NULL, FM_OPT_REAL, offsetof(struct conf, m), p, d, 0, 0, \
		    NULL, h                                                    \
	}
#define FLAG(n, m, h)                                                          \
	{                                                                      \
		n, 0, NULL, FM_OPT_FLAG, offsetof(struct conf, m), NULL, NULL, \
		    0, 0, NULL, h                                              \
	}
#define LIST(n, m, p, h)                                                       \
	{                                                                      \
		n, 0, NULL, FM_OPT_LIST, offsetof(struct conf, m), p, NULL, 0, \
		    0, NULL, h                                                 \
	}

static const struct fm_opt options[] = {
	FM_OPT_TITLE("What is measured"),
	STR("platform", 0, "device devices", platform, "LIST", "cpu",
	    "where to run: words of share/platforms.yaml, separated by commas"),
	STR("model_root", 0, NULL, model_root, "DIR", NULL,
	    "folder in which models are; not printed as part of the name"),
	STR("model_name", 0, NULL, model_name, "NAME", NULL,
	    "model: a folder from the Hugging Face hub or an .onnx file"),
	STR("model_class", 0, NULL, model_class, "CLASS", NULL,
	    "BertModel, RobertaModel, XLMRobertaModel, DistilBertModel or "
	    "MPNetModel; AutoModel or none: what the model's config says"),
	FLAG("compile", compile,
	    "compile the model, where the backend knows that as a choice"),
	FLAG("eval", eval,
	    "evaluation mode, where the backend knows that as a choice"),
	STR("input_sizes", 'i', NULL, input_sizes, "LIST", NULL,
	    "tokens per sequence: numbers and ranges such as 1-8, 128-1024*2 "
	    "or 16-64+16, separated by commas [128]"),
	STR("output_sizes", 0, NULL, output_sizes, "LIST", NULL,
	    "tokens to generate per sequence, written like --input_sizes; 1 "
	    "comes first in a list that wants GEN lines"),
	STR("batch_sizes", 'b', NULL, batch_sizes, "LIST", NULL,
	    "sequences per batch, written like --input_sizes [1]"),
	INT("tp_size", 0, tp_size, "N", "1", 1, 65536,
	    "devices that share the model by tensor parallelism"),
	STR("inputs", 0, NULL, inputs, "DIR", NULL,
	    "take the inputs from the .npy or .pb files of DIR instead of "
	    "random values"),
	STR("prompt", 0, NULL, prompt, "TEXT", NULL,
	    "with --output_sizes: what every sequence begins with, instead of "
	    "random tokens; @FILE is the text in a file"),
	LIST("dim", dims, "NAME=N",
	    "size of an open dimension of the model, once for each"),
	{ "load_format", 0, NULL, FM_OPT_CHOICE,
	    offsetof(struct conf, load_format), NULL, "auto", 0, 0,
	    load_formats,
	    "dummy: random weights; auto: random ones when there are none" },
	INT("seed", 0, seed, "N", "0", 0, INT64_MAX,
	    "seed of random inputs and of random weights"),
	FLAG("strict", strict,
	    "refuse what the backend would otherwise only warn of"),
	FLAG("estimate", estimate,
	    "a simulated device adds the transfer of inputs and outputs"),
	FM_OPT_TITLE("How a point is measured"),
	INT("reps", 'r', reps, "N", "100", 1, INT64_C(1000000000),
	    "timed repetitions of every point"),
	INT("warmup", 'w', warmup, "N", "0", 0, INT64_C(1000000000),
	    "repetitions before those, neither timed nor printed"),
	REAL("seconds", seconds, "S", NULL,
	    "repeat every point for S seconds, instead of --reps"),
	STR("until", 0, NULL, until, "RULE", NULL,
	    "repeat until RULE is true and times are steady, instead of "
	    "--reps: 'ci<1%' for the median's 95 % interval"),
	INT("min_reps", 0, min_reps, "N", "10", 1, INT64_C(1000000000),
	    "with --until: repetitions at least"),
	INT("max_reps", 0, max_reps, "N", "10000", 1, INT64_C(1000000000),
	    "with --until: repetitions at most"),
	REAL("max_seconds", max_seconds, "S", "60",
	    "with --until: no more repetitions after S seconds of a point"),
	REAL("delay", delay, "S", NULL,
	    "wait S seconds between repetitions, outside the timing"),
	INT("threads", 't', threads, "N", NULL, 1, 65536,
	    "threads inside one operator; without it the runtime decides"),
	STR("cpus", 0, NULL, how.cpus, "LIST", NULL,
	    "CPUs that the backend runs on, such as 0-3,8, and whose memory it "
	    "takes; several lists with colons between are as many lanes"),
	INT("require_quiet", 0, require_quiet, "S", NULL, 0, INT64_C(1000000),
	    "before each point, wait up to S seconds until nothing else uses "
	    "the CPUs or the device; else measure and mark the point"),
	STR("timeout", 0, NULL, timeout, "S", NULL,
	    "longest time for one answer of the backend: seconds, or as in "
	    "300% a part of the time expected from the points before, or "
	    "both with a comma [no limit]"),
	INT("retries", 0, retries, "N", "0", 0, 1000,
	    "try a point again that failed as busy, io or timeout, up to N "
	    "times"),
	LIST("stop", stop, "RULE",
	    "skip points at least as large as one of which RULE is true, "
	    "such as 'latency>50ms'; once for each"),
	{ "prune", 0, NULL, FM_OPT_FLAG, offsetof(struct conf, prune), NULL,
	    "true", 0, 0, NULL,
	    "skip points at least as large as one that ran out of memory" },
	FLAG("isolate", isolate, "a fresh backend process for every point"),
	FLAG("token_times", token_times,
	    "with --output_sizes: time every token, not only the first"),
	FLAG("time_transfers", time_transfers,
	    "copy inputs to the device and outputs back inside the timed "
	    "region"),
	FM_OPT_TITLE("Where"),
	STR("backend", 0, "runtime", backend, "NAME", "local",
	    "program fm-backend-NAME; local is the platform's own, remote the "
	    "same on a host"),
	STR("via", 0, NULL, via, "WORDS", NULL,
	    "words in front of the backend's command, such as 'ssh -T host'; "
	    "a last word that ends in / is the backend's folder over there"),
	STR("host", 0, NULL, how.host, "LIST", NULL,
	    "hosts to measure on, as ssh takes them, separated by commas; "
	    "backend and model are copied there when they are not there "
	    "[with --backend remote $FM_HOST]"),
	STR("device_sets", 0, NULL, how.device_sets, "SETS", NULL,
	    "devices of lanes that measure side by side: 0:1:2,3 are three "
	    "lanes, the last with two devices"),
	LIST("env", env, "NAME=VALUE",
	    "environment variable of the backend, once for each; NAME="
	    "__UNSET__ removes it"),
	FLAG("use_slurm", how.use_slurm,
	    "run the points as an array of Slurm jobs; --slurm:OPTION VALUE "
	    "is for sbatch, true and false are for its flags"),
	INT("jobs", 0, how.jobs, "N", NULL, 1, 1000000,
	    "with --use_slurm: so many of them at a time"),
	FLAG("detach", how.detach,
	    "with --use_slurm: print the job's number, and leave"),
	STR("attach", 0, NULL, how.attach, "JOB", NULL,
	    "go on with a job of --use_slurm: wait for it, print its log"),
	FM_OPT_TITLE("Sweeps and logs"),
	LIST("sweep", how.sweeps, "FILE",
	    "models, platforms, precisions and sizes to measure (YAML); given "
	    "again: another series"),
	INT("runs", 0, how.runs, "N", "1", 1, RUNS_MAX,
	    "repeat the whole sweep N times, each a run of its own"),
	FLAG("interleave", how.interleave,
	    "with several --sweep: their runs alternate, A B, B A, A B"),
	{ "order", 0, NULL, FM_OPT_CHOICE, offsetof(struct conf, how.order),
	    NULL, "fmwork", 0, 0, orders,
	    "order of the points: fmwork's loops, those with all runs of a "
	    "model together, random in every run, or the smallest first" },
	INT("shuffle_seed", 0, how.shuffle_seed, "N", NULL, 1, INT64_MAX,
	    "seed of --order random; without it another one every time"),
	LIST("exclude", exclude, "RULE",
	    "leave out points for which RULE is true, such as 'input * batch > "
	    "65536'; once for each rule"),
	STR("shard", 0, NULL, how.shard, "I/N", NULL,
	    "measure only the I-th of N parts of the plan"),
	STR("run_id", 0, NULL, how.run_id, "ID", NULL,
	    "name of the run in the log, instead of a random one"),
	STR("log", 0, NULL, how.log, "FILE", NULL,
	    "append the log to FILE instead of printing it; every point is on "
	    "the disk before the next one begins"),
	FLAG("resume", how.resume,
	    "skip points that --log FILE holds already, measured or failed"),
	FLAG("resume_failed", how.resume_failed,
	    "skip those that were measured, and try again what failed"),
	{ "lock", 0, NULL, FM_OPT_CHOICE, offsetof(struct conf, how.lock), NULL,
	    "wait", 0, 0, locks,
	    "what to do while another fm-driver uses the log or the device" },
	INT("progress_fd", 0, progress_fd, "N", "-1", -1, 1000000,
	    "tell programs how far it is: a line of JSON for every event to "
	    "descriptor N"),
	FLAG("dry_run", dry_run, "print the points without running them"),
	FM_OPT_TITLE("Models in Python scripts"),
	STR("script_args", 0, NULL, script_args, "WORDS", NULL,
	    "arguments of a Python script, parted by commas or as in a shell"),
	INT("max_depth", 0, max_depth, "N", "0", 0, 1000,
	    "models inside of a script's models to look for, so many levels "
	    "down"),
	STR("search_dir", 's', NULL, search_dir, "DIR", NULL,
	    "folder of Python scripts, or with --analyze_only of models"),
	FLAG("all", all, "take everything in --search_dir"),
	INT("onnx_opset", 0, onnx_opset, "N", NULL, 7, 100,
	    "opset of the export; without it the newest known"),
	FM_OPT_TITLE("Builds"),
	STR("cache_dir", 'd', NULL, cache_dir, "DIR", NULL,
	    "where builds are kept [$FM_CACHE_DIR, or ~/.cache/fm]"),
	STR("build_name", 0, NULL, build_name, "NAME", NULL,
	    "name of the build, instead of one from model and key"),
	{ "rebuild", 0, NULL, FM_OPT_CHOICE, offsetof(struct conf, rebuild),
	    NULL, "if_needed", 0, 0, rebuilds,
	    "whether the model is built when there is a build of it" },
	{ "optimize", 0, NULL, FM_OPT_CHOICE, offsetof(struct conf, optimize),
	    NULL, "none", 0, 0, levels,
	    "keep the graph as ONNX Runtime rewrites it up to this level" },
	{ "precision", 0, NULL, FM_OPT_CHOICE, offsetof(struct conf, precision),
	    NULL, "model", 0, 0, precisions,
	    "convert the model; fp16 and bf16 are available, model leaves it "
	    "as "
	    "it is" },
	STR("sequence", 0, "sequence_file", sequence, "FILE", NULL,
	    "stages of the build and their options (YAML)"),
	{ "monitor", 0, NULL, FM_OPT_FLAG, offsetof(struct conf, monitor), NULL,
	    "true", 0, 0, NULL, "show the stages of a build on a terminal" },
	FLAG("lean_cache", lean_cache,
	    "remove the build's artifacts after the run; logs and results "
	    "stay"),
	FLAG("groqview", groqview,
	    "keep what GroqView shows of a build, for fm-cache open"),
	FLAG("build_only", build_only,
	    "make the build, and measure nothing; a script's models are "
	    "exported into --out, if given"),
	FLAG("explain", explain,
	    "print why the build would be made again, and make nothing"),
	FM_OPT_TITLE("Instead of measuring"),
	FLAG("analyze_only", analyze_only,
	    "print what the models are, of a script or of files and folders "
	    "of models, FILE::HASH some of them, and no more"),
	FLAG("json", json, "with --analyze_only: print JSON"),
	STR("infer", 0, NULL, infer, "DIR", NULL,
	    "run the model once on the input files of DIR, or on each of its "
	    "numbered folders, instead of measuring"),
	STR("out", 'o', NULL, out, "DIR", NULL,
	    "with --infer: where the outputs are written as .npy files"),
	STR("pad", 0, NULL, pad, "VALUE", NULL,
	    "with --infer: fill inputs that are too short with VALUE"),
	STR("expect", 0, NULL, expect, "DIR", NULL,
	    "with --infer: compare with the outputs in DIR; a difference is "
	    "exit status 1"),
	REAL("rtol", rtol, "X", "0.001",
	    "with --expect: relative tolerance, of the expected value"),
	REAL("atol", atol, "X", "1e-5", "with --expect: absolute tolerance"),
	FLAG("profile", profile,
	    "print where the time of one repetition of every point goes, a "
	    "row for each layer and function"),
	FLAG("list_devices", list_devices,
	    "print the devices of every platform asked for"),
	FLAG("list_options", list_options,
	    "print the sub-options of the backend"),
	FLAG("selftest", selftest,
	    "measure the harness itself: can it tell 2 % on this machine?"),
	STR("setup", 0, NULL, setup, "NAME", NULL,
	    "install what a backend needs and a machine may lack; there is "
	    "torch"),
	FM_OPT_END,
};

const struct fm_cmd fm_driver_cmd = {
	"fm-driver",
	"run a model on a device over a grid of sizes and print every "
	"repetition",
	"[MODEL]",
	options,
	NULL,
	"Sub-options of a backend are written --SET:KEY VALUE, or --SET:KEY@ "
	"VALUE for a Python literal; --list_options prints them. fm-driver(1) "
	"has examples.",
};

const char *
conf_precision(const struct conf *c)
{
	return precisions[c->precision];
}

bool
conf_is_how(const struct fm_opt *o)
{
	return o->off - offsetof(struct conf, how) < sizeof(struct how);
}
