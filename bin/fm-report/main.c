/*
 * fm-report: records in; tables, plots, a page, a verdict out. Read it from
 * the bottom.
 */
#include "conf.h"
#include "diff.h"
#include "export.h"
#include "html.h"
#include "plot.h"
#include "prog.h"
#include "table.h"

typedef int run_fn(const struct conf *c, struct fm_err *err);

static run_fn *const commands[COMMANDS] = {
	[CMD_TABLE] = table_run,
	[CMD_PLOT] = plot_run,
	[CMD_DIFF] = diff_run,
	[CMD_HTML] = html_run,
	[CMD_PROM] = export_prom,
	[CMD_BENCHSTAT] = export_benchstat,
	[CMD_JUNIT] = export_junit,
	[CMD_GITHUB] = export_github,
};

int
main(int argc, char **argv)
{
	struct fm_err err = FM_ERR_INIT;
	struct conf c = { 0 };
	enum command cmd;
	int status = -1;

	fm_prog_start(&conf_cmd, FM_SIGPIPE_DIE, argc, argv);
	cmd = conf_command(argc, argv, &err);
	if (cmd != COMMANDS && conf_read(&c, cmd, argc, argv, &err) == 0)
		status = commands[cmd](&c, &err);
	if (status < 0)
		status = fm_prog_fail("fm-report", &err);
	conf_release(&c);
	return fm_prog_end("fm-report", status);
}
