/*
 * The option tables of fm-report's commands.
 */
#include "conf.h"

#include <stddef.h>
#include <string.h>

#include "grid.h"

#define AT(member) offsetof(struct conf, member)
#define STR(name, letter, member, arg, def, help)                              \
	{                                                                      \
		name, letter, NULL, FM_OPT_STR, AT(member), arg, def, 0, 0,    \
		    NULL, help                                                 \
	}
#define FLAG(name, member, help)                                               \
	{                                                                      \
		name, 0, NULL, FM_OPT_FLAG, AT(member), NULL, NULL, 0, 0,      \
		    NULL, help                                                 \
	}
#define FORMAT                                                                 \
	{                                                                      \
		"format", 'f', NULL, FM_OPT_CHOICE, AT(format), NULL, "text",  \
		    0, 0, grid_formats, "form of the table"                    \
	}
#define WHERE                                                                  \
	STR("where", 'w', where, "EXPR", NULL,                                 \
	    "only records of which this is true")
#define OUTPUT                                                                 \
	STR("output", 'o', output, "FILE", NULL,                               \
	    "write there, when all went well, instead of stdout")
#define STRICT                                                                 \
	FLAG("strict", strict, "stop at the first record that cannot be read")

#define OUTPUT_PICTURE                                                         \
	STR("output", 'o', output, "FILE", NULL,                               \
	    "write the picture there: FILE.svg, FILE.png or FILE.pdf")

/* diff, and whatever compares */
#define METRIC                                                                 \
	STR("metric", 'm', metric, "FIELD", "latency", "what is compared")
#define THRESHOLD                                                              \
	STR("threshold", 't', threshold, "N%", NULL,                           \
	    "what counts as a difference [0% for the verdict of a point, 3% "  \
	    "for the exit status]")
#define ALPHA                                                                  \
	{                                                                      \
		"alpha", 0, NULL, FM_OPT_REAL, AT(alpha), "P", "0.05", 0, 0,   \
		    NULL, "chance of a false alarm that is accepted"           \
	}
#define MATCH                                                                  \
	STR("match", 0, match, "FIELDS", NULL,                                 \
	    "fields that define a point [all but metadata_id and host]")
#define HISTORY                                                                \
	{                                                                      \
		"history", 0, NULL, FM_OPT_LIST, AT(history), "FILE", NULL, 0, \
		    0, NULL,                                                   \
		    "records of earlier runs, from which the noise between "   \
		    "runs is taken; may be given many times"                   \
	}

static const struct fm_opt none[] = { FM_OPT_END };

static const struct fm_opt table[] = {
	WHERE,
	STR("by", 'b', by, "FIELDS", NULL,
	    "merge records that agree in these fields; with --rows or "
	    "--cols: a table for each, in csv, tsv and json columns in front "
	    "[what defines a point]"),
	STR("rows", 0, rows, "FIELDS", NULL,
	    "a table in two directions: a row for each of their values"),
	STR("cols", 0, cols, "FIELDS", NULL,
	    "a table in two directions: a column for each of their values"),
	STR("columns", 'c', columns, "FIELDS", NULL,
	    "what to show; with --rows or --cols the one field in the cells "
	    "[what varies, latency, its interval, throughput, status]"),
	STR("sort", 's', sort, "FIELDS", NULL,
	    "order of the rows; -FIELD is downwards"),
	FORMAT,
	OUTPUT,
	STRICT,
	FM_OPT_END,
};

static const struct fm_opt plot[] = {
	WHERE,
	OUTPUT_PICTURE,
	STR("terminal", 'T', terminal, "TYPE", NULL,
	    "svg, png, pdf or text [by the name of the output, text on a "
	    "terminal, else svg]"),
	STR("x", 'x', x, "FIELD", NULL,
	    "latency, throughput, phases: along the axis [batch, or input when "
	    "only that varies]"),
	STR("y", 'y', y, "FIELD", NULL,
	    "what is shown, instead of what the kind is called after"),
	STR("series", 0, series, "FIELDS", NULL,
	    "a line for each of their values [all fields that vary]"),
	STR("title", 0, title, "TEXT", NULL, "instead of the kind's own"),
	STR("template", 0, template, "FILE", NULL,
	    "gnuplot commands instead of those in share/fm/plot/KIND.gp"),
	FLAG("keep", keep,
	    "keep what gnuplot was given: FILE.gp and FILE.dat beside FILE"),
	METRIC,
	THRESHOLD,
	ALPHA,
	MATCH,
	HISTORY,
	STRICT,
	FM_OPT_END,
};

static const struct fm_opt diff[] = {
	WHERE,
	METRIC,
	THRESHOLD,
	ALPHA,
	MATCH,
	HISTORY,
	FORMAT,
	OUTPUT,
	STRICT,
	FM_OPT_END,
};

static const struct fm_opt html[] = {
	WHERE,
	STR("output", 'o', output, "FILE", NULL,
	    "write the page there instead of to stdout"),
	STR("base", 0, base, "FILE", NULL,
	    "records of a baseline: the page has a comparison with them"),
	STR("title", 0, title, "TEXT", NULL, "heading of the page"),
	STR("columns", 'c', columns, "FIELDS", NULL,
	    "of the table of points [as in fm-report table]"),
	STR("sort", 's', sort, "FIELDS", NULL, "order of the table of points"),
	METRIC,
	THRESHOLD,
	ALPHA,
	MATCH,
	HISTORY,
	STRICT,
	FM_OPT_END,
};

#define EXPORT WHERE, OUTPUT, STRICT

static const struct fm_opt export[] = { EXPORT, FM_OPT_END };

static const struct fm_opt junit[] = {
	EXPORT,
	STR("base", 0, base, "FILE", NULL,
	    "records of a baseline: the verdicts of fm-report diff are the "
	    "tests"),
	METRIC,
	THRESHOLD,
	ALPHA,
	MATCH,
	HISTORY,
	FM_OPT_END,
};

#define SUB(name, brief, args, opts)                                           \
	{                                                                      \
		"fm-report " name, brief, args, opts, NULL, NULL               \
	}
static const struct fm_cmd commands[COMMANDS + 1] = {
	[CMD_TABLE] =
	    SUB("table", "print records as a table", "[FILE ...]", table),
	[CMD_DIFF] = SUB("diff",
	    "compare two sets of records, point by point; the exit status is "
	    "the verdict",
	    "BASE NEW", diff),
	[CMD_PLOT] = SUB("plot",
	    "draw records, or the repetitions of a log, with gnuplot",
	    "KIND [FILE ...]", plot),
	[CMD_HTML] = SUB("html",
	    "write a page with tables, plots and the comparison to a baseline",
	    "[FILE ...]", html),
	[CMD_PROM] = SUB("prom",
	    "write metrics for the textfile collector of Prometheus' "
	    "node_exporter",
	    "[FILE ...]", export),
	[CMD_BENCHSTAT] =
	    SUB("benchstat", "write the text of Go benchmarks, for benchstat",
		"[FILE ...]", export),
	[CMD_JUNIT] = SUB("junit", "write JUnit XML: a test for each point",
	    "[FILE ...]", junit),
	[CMD_GITHUB] = SUB("github",
	    "write JSON for github-action-benchmark, customSmallerIsBetter",
	    "[FILE ...]", export),
	[COMMANDS] = { NULL, NULL, NULL, NULL, NULL, NULL },
};

const struct fm_cmd conf_cmd = {
	"fm-report",
	"tables, plots, a page and a verdict from records",
	"COMMAND [FILE ...]",
	none,
	commands,
	"fm-report COMMAND --help tells the options of a command.",
};

enum command
conf_command(int argc, char **argv, struct fm_err *err)
{
	const struct fm_cmd *sub = fm_opt_sub(&conf_cmd, argc, argv);

	if (sub)
		return (enum command)(sub - commands);
	(void)fm_err_set(err, FM_USAGE,
	    argc > 1 ? "'%s' is no command: see fm-report --help"
		     : "a command is missing: see fm-report --help",
	    argc > 1 ? argv[1] : "");
	return COMMANDS;
}

int
conf_read(
    struct conf *c, enum command cmd, int argc, char **argv, struct fm_err *err)
{
	size_t i;

	memset(c, 0, sizeof *c);
	if (fm_opt_parse(&commands[cmd], c, argc - 1, argv + 1, NULL, &c->args,
		err) != 0)
		return -1;
	i = 0;
	if (cmd == CMD_PLOT && c->args.rest.n)
		c->kind = c->args.rest.v[i++];
	for (; i < c->args.rest.n; i++)
		fm_strs_add(&c->files, c->args.rest.v[i]);
	return 0;
}

void
conf_release(struct conf *c)
{
	fm_args_release(&c->args);
	fm_strs_release(&c->files);
	fm_strs_release(&c->history);
}
