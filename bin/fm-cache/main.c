/*
 * fm-cache: lists, explains, checks, reports and deletes prepared models. Read
 * it from the bottom.
 */
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "conf.h"
#include "prog.h"
#include "report.h"
#include "show.h"

static const struct {
	const char *word;
	int (*run)(const struct conf *c, struct fm_err *err);
} commands[] = {
	{ "list", show_list },
	{ "stats", show_stats },
	{ "print", show_stats },
	{ "path", show_path },
	{ "location", show_location },
	{ "why", show_why },
	{ "open", show_open },
	{ "verify", show_verify },
	{ "report", report_write },
	{ "delete", change_delete },
	{ "clean", change_clean },
	{ "gc", change_gc },
	{ "pin", change_pin },
	{ "unpin", change_unpin },
};

static int
run(const struct fm_cmd *sub, const struct conf *c, struct fm_err *err)
{
	const char *word = strrchr(sub->name, ' ') + 1;
	size_t i;

	if (!*sub->args && c->args.rest.n)
		return fm_err_set(err, FM_USAGE,
		    "%s takes no names: what is '%s'?", sub->name,
		    c->args.rest.v[0]);
	for (i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].word, word) == 0)
			return commands[i].run(c, err);
	return fm_err_set(err, FM_INTERNAL, "no command '%s'", word);
}

int
main(int argc, char **argv)
{
	const struct fm_cmd *sub = fm_opt_sub(&conf_cmd, argc, argv);
	struct fm_err err = FM_ERR_INIT;
	struct conf c;
	int rc = -1;

	memset(&c, 0, sizeof c);
	fm_prog_start(&conf_cmd, FM_SIGPIPE_DIE, argc, argv);
	if (!sub)
		(void)fm_err_set(&err, FM_USAGE,
		    argc > 1 ? "no such command: '%s'; --help lists them all"
			     : "which command? --help lists them all",
		    argc > 1 ? argv[1] : "");
	else if (fm_opt_parse(
		     sub, &c, argc - 1, argv + 1, NULL, &c.args, &err) == 0)
		rc = run(sub, &c, &err);
	if (rc < 0)
		rc = fm_prog_fail("fm-cache", &err);
	fm_strs_release(&c.dirs);
	fm_args_release(&c.args);
	return fm_prog_end("fm-cache", rc);
}
