/*
 * fm-process: turns FMWORK logs into records. Read it from the bottom.
 */
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "conf.h"
#include "from.h"
#include "input.h"
#include "io.h"
#include "jobs.h"
#include "out.h"
#include "parse.h"
#include "profile.h"
#include "prog.h"
#include "server.h"
#include "yaml.h"

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
	while (!ps->stop && (rc = input_next(&in, &p, &n, &cut, err)) > 0) {
		parse_block(ps, p, n, cut);
		if (in.live)
			out_flush(ps->out);
	}
	parse_end(ps);
	input_close(&in);
	return ps->stop ? 0 : rc;
}

/* An error anywhere in the log of a folder holds for all its records, as for
 * fmwork; so it is looked for first. A log without an FMWORK line is of a
 * driver that died at once. */
static int
read_direct(struct parse *ps, const char *path, bool old, struct fm_err *err)
{
	char *log = fm_io_join(path, old ? "exp.log" : "driver.log");
	struct input in;
	const char *p;
	size_t n;
	bool cut;
	int rc = input_open(&in, log, err);

	if (rc == 0) {
		while ((rc = input_next(&in, &p, &n, &cut, err)) > 0)
			parse_look(ps, p, n);
		input_close(&in);
	}
	ps->sure = rc == 0;
	if (rc == 0 && old)
		ps->x.model = folder_old_model(path);
	if (rc == 0)
		rc = read_log(ps, log, err);
	free(log);
	return rc;
}

static int
read_folder(struct parse *ps, const char *path, struct fm_err *err)
{
	struct folder f;

	switch (folder_kind_of(path)) {
	case FOLDER_NONE:
		return fm_err_set(err, FM_IO,
		    "'%s' has no 'driver.log', 'server.log' or 'exp.log'; "
		    "-r looks below it",
		    path);
	case FOLDER_DIRECT:
		return read_direct(ps, path, false, err);
	case FOLDER_OLD:
		return read_direct(ps, path, true, err);
	case FOLDER_SERVER:
		break;
	}
	if (folder_read(&f, path, err) != 0)
		return -1;
	parse_begin(ps, path);
	server_records(ps, &f);
	folder_release(&f);
	return 0;
}

static int
read_one(struct parse *ps, const char *path, struct fm_err *err)
{
	if (ps->conf->from) {
		parse_begin(ps, path);
		return from_read(ps, path, err);
	}
	if (fm_io_is_dir(path))
		return read_folder(ps, path, err);
	return read_log(ps, path, err);
}

/* What --metadata names; its fields may not be the record's own. */
static json_t *
read_metadata(const struct conf *c, struct fm_err *err)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	json_t *v = fm_yaml_read_file(c->metadata, err);
	const char *key;
	void *at;

	if (v && !json_is_object(v))
		(void)fm_err_set(
		    err, FM_USAGE, "%s: must be a mapping", c->metadata);
	for (at = json_object_iter(v); at; at = json_object_iter_next(v, at)) {
		key = json_object_iter_key(at);
		if (table_knows(key))
			(void)fm_err_set(err, FM_USAGE,
			    "%s: '%s' is a key that records have already",
			    c->metadata, key);
		if (!key[0] || key[strspn(key, letters)])
			(void)fm_err_set(err, FM_USAGE,
			    "%s: a key must be of letters, digits, '_' and "
			    "'-', got '%s'",
			    c->metadata, key);
	}
	if (err->code != FM_OK) {
		json_decref(v);
		return NULL;
	}
	return v;
}

/* One input that cannot be read costs that input. */
static int
read_some(struct parse *ps, const struct fm_strs *paths, size_t from, size_t to)
{
	struct fm_err err = FM_ERR_INIT;
	int status = 0;

	for (; from < to && !ps->stop; from++) {
		if (read_one(ps, paths->v[from], &err) == 0)
			continue;
		fm_prog_say(conf_cmd.name, "%s", err.text);
		fm_err_clear(&err);
		status = 1;
	}
	return ps->faults ? 1 : status;
}

static int
read_range(const struct conf *c, size_t from, size_t to, struct out *out)
{
	struct fm_err err = FM_ERR_INIT;
	struct errors errors;
	struct parse ps;
	int status;

	if (errors_load(&errors, &c->errors, &err) != 0) {
		status = fm_prog_fail(conf_cmd.name, &err);
	} else {
		parse_init(&ps, c, c->own, out, &errors);
		status = read_some(&ps, &c->paths, from, to);
		parse_release(&ps);
	}
	errors_release(&errors);
	return status;
}

static int
read_nth(const struct conf *c, size_t i, struct out *out)
{
	return read_range(c, i, i + 1, out);
}

static int
read_as_fmwork(const struct conf *c, struct out *out)
{
	struct errors errors;
	struct compat k = { c, out, &errors, NULL, FM_BUF_INIT, "", 0 };
	struct fm_err err = FM_ERR_INIT;
	bool known = errors_load(&errors, &c->errors, &err) == 0;
	int status = known ? 0 : fm_prog_fail(conf_cmd.name, &err);
	size_t i;

	for (i = 0; known && i < c->paths.n && !compat_stops(&k); i++) {
		if (compat_read(&k, c->paths.v[i], &err) == 0)
			continue;
		fm_prog_say(conf_cmd.name, "%s", err.text);
		fm_err_clear(&err);
		status = 1;
	}
	fm_buf_release(&k.text);
	errors_release(&errors);
	return k.faults ? 1 : status;
}

/* With -r, folders stand for all experiments below them. */
static int
find_folders(struct conf *c, struct fm_err *err)
{
	struct fm_strs all = FM_STRS_INIT;
	int rc = 0;
	size_t i;

	for (i = 0; i < c->paths.n && rc == 0; i++)
		if (c->recursive && fm_io_is_dir(c->paths.v[i]))
			rc = folder_walk(&all, c->paths.v[i], err);
		else
			fm_strs_add(&all, c->paths.v[i]);
	fm_strs_release(&c->paths);
	c->paths = all;
	return rc;
}

static int
write_records(struct conf *c, struct out *out, struct fm_err *err)
{
	if (c->profile)
		return profile_read(c, out, err);
	if (c->schema == SCHEMA_FMWORK)
		return read_as_fmwork(c, out);
	if (c->jobs > 1)
		return jobs_run(c, c->own, out, read_nth, err);
	return read_range(c, 0, c->paths.n, out);
}

/* What is wrong with a file of one's own is said before anything is done. */
static int
check_files(struct conf *c, struct fm_err *err)
{
	struct errors errors;

	if (c->errors.n > 0) {
		(void)errors_load(&errors, &c->errors, err);
		errors_release(&errors);
	}
	if (c->metadata)
		c->own = read_metadata(c, err);
	return err->code == FM_OK ? find_folders(c, err) : -1;
}

static int
process(struct conf *c, struct fm_err *err)
{
	struct out out;
	int status;

	if (check_files(c, err) != 0 || out_open(&out, c, c->own, err) != 0)
		return fm_prog_fail(conf_cmd.name, err);
	status = write_records(c, &out, err);
	if (err->code != FM_OK)
		out_abandon(&out);
	else
		(void)out_close(&out, err);
	return err->code == FM_OK ? status : fm_prog_fail(conf_cmd.name, err);
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
	if (fm_opt_parse(&conf_cmd, &c, argc, argv, NULL, &args, &err) == 0) {
		c.drop_given = fm_opt_was(&args, "drop");
		(void)conf_finish(&c, &err);
	}
	if (err.code != FM_OK) {
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
	json_decref(c.own);
	return fm_prog_end(conf_cmd.name, status);
}
