/*
 * The option table of fm-process.
 */
#include "conf.h"

#include <stddef.h>
#include <string.h>

#include "err.h"
#include "num.h"

static const char *const formats[] = { "json", "jsonl", "csv", "tsv", "sql",
	"qaic", NULL };
static const char *const schemas[] = { "full", "fmwork", "qaic", NULL };

static const char *const scripts[] = { "auto", "embed", "infer",
	"infer-4fab875", "jsonfy", "log2csv", NULL };

static const char *const tools[] = { "fmwork", "llama-bench", "trtexec",
	"hyperfine", "gbench", "ort-perf", NULL };

#define AT(member) offsetof(struct conf, member)

/* clang-format off */
static const struct fm_opt opts[] = {
	{ "path", 0, NULL, FM_OPT_LIST, AT(paths), "FILE", NULL, 0, 0, NULL,
	  "read this log or experiment folder; may be given many times" },
	{ "from", 0, NULL, FM_OPT_CHOICE, AT(from), NULL, "fmwork", 0, 0, tools,
	  "whose results the files are" },
	{ "recursive", 'r', NULL, FM_OPT_FLAG, AT(recursive), NULL, NULL, 0, 0,
	  NULL, "folders: read all experiments below them" },
	{ "metadata_id", 0, NULL, FM_OPT_STR, AT(metadata_id), "ID", NULL, 0,
	  0, NULL, "the id in every record; auto: the hash of the system" },
	{ "metadata", 0, NULL, FM_OPT_STR, AT(metadata), "FILE", NULL, 0, 0,
	  NULL, "join the fields of this YAML or JSON file to every record" },
	{ "precision", 0, NULL, FM_OPT_STR, AT(precision), "WORD", NULL, 0, 0,
	  NULL, "the precision in every record" },
	{ "model", 0, NULL, FM_OPT_STR, AT(model), "NAME", NULL, 0, 0, NULL,
	  "the model's name in every record" },
	{ "format", 'f', NULL, FM_OPT_CHOICE, AT(format), NULL, "json", 0, 0,
	  formats, "the form of the output" },
	{ "schema", 0, NULL, FM_OPT_CHOICE, AT(schema), NULL, "full", 0, 0,
	  schemas, "which keys: all, or those of fmwork's own script" },
	{ "compat", 0, NULL, FM_OPT_CHOICE, AT(compat), NULL, "auto", 0, 0,
	  scripts, "which of fmwork's scripts to be, with --schema fmwork" },
	{ "output", 'o', NULL, FM_OPT_STR, AT(output), "FILE", NULL, 0, 0,
	  NULL, "write there, when all went well, instead of stdout" },
	{ "errors", 0, NULL, FM_OPT_LIST, AT(errors), "FILE", NULL, 0, 0, NULL,
	  "error patterns (YAML) to try before the known ones" },
	{ "drop", 0, NULL, FM_OPT_STR, AT(drop), "RULE", "fmwork", 0, 0, NULL,
	  "which first repetitions are warm-up: fmwork, mser, N% or none" },
	{ "basic", 0, NULL, FM_OPT_FLAG, AT(basic), NULL, NULL, 0, 0, NULL,
	  "only the basic statistics" },
	{ "no_stats", 0, NULL, FM_OPT_FLAG, AT(no_stats), NULL, NULL, 0, 0,
	  NULL, "no statistics: REP lines are not read" },
	{ "type7", 0, NULL, FM_OPT_FLAG, AT(type7), NULL, NULL, 0, 0, NULL,
	  "interpolate percentiles instead of taking the nearest rank" },
	{ "with_sys", 0, NULL, FM_OPT_FLAG, AT(with_sys), NULL, NULL, 0, 0,
	  NULL, "repeat the facts of the system in every record" },
	{ "profile", 0, NULL, FM_OPT_STR, AT(profile), "FILE", NULL, 0, 0, NULL,
	  "sum up a profile of ONNX Runtime instead of logs" },
	{ "dedup", 0, NULL, FM_OPT_FLAG, AT(dedup), NULL, NULL, 0, 0, NULL,
	  "leave out records that were there before" },
	{ "jobs", 'j', NULL, FM_OPT_INT, AT(jobs), "N", "1", 1, 1024, NULL,
	  "read so many inputs at a time" },
	{ "strict", 0, NULL, FM_OPT_FLAG, AT(strict), NULL, NULL, 0, 0, NULL,
	  "stop at the first line that cannot be read" },
	FM_OPT_END
};

const struct fm_cmd conf_cmd = {
	"fm-process", "turn FMWORK logs into records", "[FILE ...]", opts,
	NULL, NULL
};
/* clang-format on */

static int
set_drop(struct conf *c, struct fm_err *err)
{
	static const struct {
		const char *word;
		enum fm_stat_rule rule;
	} rules[] = { { "fmwork", FM_STAT_FMWORK }, { "mser", FM_STAT_MSER },
		{ "none", FM_STAT_NONE } };
	size_t i, n = strlen(c->drop);

	for (i = 0; i < sizeof rules / sizeof *rules; i++)
		if (strcmp(c->drop, rules[i].word) == 0) {
			c->stat.rule = rules[i].rule;
			return 0;
		}
	c->stat.rule = FM_STAT_PERCENT;
	if (n > 1 && c->drop[n - 1] == '%' &&
	    fm_num_get_int(c->drop, n - 1, &c->stat.percent) &&
	    c->stat.percent >= 0 && c->stat.percent < 100)
		return 0;
	return fm_err_set(err, FM_USAGE,
	    "'--drop' must be fmwork, mser, none or 0%% to 99%%, got '%s'",
	    c->drop);
}

int
conf_finish(struct conf *c, struct fm_err *err)
{
	c->stat.full = !c->basic;
	c->stat.type7 = c->type7;
	if (c->format == FORMAT_QAIC)
		c->schema = SCHEMA_QAIC;
	/* The tables of a profile have keys of their own. */
	if (c->profile && c->format == FORMAT_QAIC)
		return fm_err_set(
		    err, FM_USAGE, "'--profile' has no form 'qaic'");
	if (c->from && (c->profile || c->schema == SCHEMA_FMWORK))
		return fm_err_set(err, FM_USAGE,
		    "'--from %s' goes with neither '--profile' nor '--schema "
		    "fmwork'",
		    tools[c->from]);
	/* Other tools leave warm-up out themselves. */
	if (c->from && !c->drop_given)
		c->drop = "none";
	if (c->profile)
		c->schema = SCHEMA_FMWORK;
	/* These need all records in one place, or all inputs in their order. */
	if (c->dedup || c->strict || c->schema == SCHEMA_FMWORK)
		c->jobs = 1;
	return set_drop(c, err);
}
