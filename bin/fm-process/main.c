/*
 * fm-process: turns FMWORK logs into records. Read it from the bottom.
 */
#include <string.h>

#include "conf.h"
#include "input.h"
#include "out.h"
#include "parse.h"
#include "prog.h"

static int
read_log(struct parse *ps, const char *path, struct fm_err *err)
{
	struct input in;
	const char *p;
	size_t n;
	bool cut;
	int rc = 0;

	if (input_open(&in, path, err) != 0)
		return -1;
	parse_begin(ps, in.name);
	while (!ps->stop && (rc = input_next(&in, &p, &n, &cut, err)) > 0)
		parse_block(ps, p, n, cut);
	parse_end(ps);
	input_close(&in);
	return ps->stop ? 0 : rc;
}

/* One input that cannot be read costs that input. */
static int
read_all(struct parse *ps, const struct fm_strs *paths)
{
	struct fm_err err = FM_ERR_INIT;
	int status = 0;
	size_t i;

	for (i = 0; i < paths->n && !ps->stop; i++) {
		if (read_log(ps, paths->v[i], &err) == 0)
			continue;
		fm_prog_say(conf_cmd.name, "%s", err.text);
		fm_err_clear(&err);
		status = 1;
	}
	return ps->faults ? 1 : status;
}

static int
process(struct conf *c, struct fm_err *err)
{
	struct parse ps;
	struct out out;
	int status;

	if (out_open(&out, c, err) != 0)
		return fm_prog_fail(conf_cmd.name, err);
	parse_init(&ps, c, &out);
	status = read_all(&ps, &c->paths);
	parse_release(&ps);
	if (out_close(&out, err) != 0)
		return fm_prog_fail(conf_cmd.name, err);
	return status;
}

int
main(int argc, char **argv)
{
	struct conf c;
	struct fm_args args = FM_ARGS_INIT;
	struct fm_err err = FM_ERR_INIT;
	size_t i;
	int status;

	fm_prog_start(&conf_cmd, FM_SIGPIPE_DIE, argc, argv);
	memset(&c, 0, sizeof c);
	if (fm_opt_parse(&conf_cmd, &c, argc, argv, NULL, &args, &err) != 0 ||
	    conf_finish(&c, &err) != 0) {
		status = fm_prog_fail(conf_cmd.name, &err);
	} else {
		for (i = 0; i < args.rest.n; i++)
			fm_strs_add(&c.paths, args.rest.v[i]);
		if (c.paths.n == 0)
			fm_strs_add(&c.paths, "-");
		status = process(&c, &err);
	}
	fm_args_release(&args);
	fm_strs_release(&c.paths);
	return fm_prog_end(conf_cmd.name, status);
}
