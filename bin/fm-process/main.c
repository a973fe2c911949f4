/*
 * fm-process: turns FMWORK logs into records. Read it from the bottom.
 */
#include <string.h>

#include "compat.h"
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
read_records(struct conf *c, struct out *out)
{
	struct parse ps;
	int status;

	parse_init(&ps, c, out);
	status = read_all(&ps, &c->paths);
	parse_release(&ps);
	return status;
}

static int
read_as_fmwork(struct conf *c, struct out *out, const struct errors *errors)
{
	struct compat k = { c, out, errors, NULL, FM_BUF_INIT, 0 };
	struct fm_err err = FM_ERR_INIT;
	int status = 0;
	size_t i;

	for (i = 0; i < c->paths.n; i++) {
		if (compat_read(&k, c->paths.v[i], &err) == 0)
			continue;
		fm_prog_say(conf_cmd.name, "%s", err.text);
		fm_err_clear(&err);
		status = 1;
	}
	fm_buf_release(&k.text);
	return k.faults ? 1 : status;
}

static int
process(struct conf *c, struct fm_err *err)
{
	struct errors errors;
	struct out out;
	int status;

	if (out_open(&out, c, err) != 0)
		return fm_prog_fail(conf_cmd.name, err);
	if (errors_load(&errors, &c->errors, err) != 0)
		status = fm_prog_fail(conf_cmd.name, err);
	else if (c->schema == SCHEMA_FMWORK)
		status = read_as_fmwork(c, &out, &errors);
	else
		status = read_records(c, &out);
	errors_release(&errors);
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
	fm_strs_release(&c.errors);
	return fm_prog_end(conf_cmd.name, status);
}
