/*
 * Which script reads a log, and what the scripts share.
 */
#include "compat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "exper.h"
#include "prog.h"
#include "py.h"

void
compat_fault(struct compat *c, int64_t line, const char *why)
{
	c->faults++;
	if (c->faults <= 50)
		fm_prog_say(
		    conf_cmd.name, "%s:%" PRId64 ": %s", c->file, line, why);
}

bool
compat_stops(const struct compat *c)
{
	return c->conf->strict && c->faults > 0;
}

void
compat_str(struct emit *e, const char *key, const char *s)
{
	emit_key(e, key);
	emit_str(e, s, s ? strlen(s) : 0);
}

void
compat_text(struct emit *e, const char *key, struct fm_text t)
{
	emit_key(e, key);
	emit_str(e, t.s, t.n);
}

void
compat_null(struct emit *e, const char *key)
{
	emit_key(e, key);
	emit_null(e);
}

void
compat_strs(struct emit *e, const char *key, const struct fm_strs *l)
{
	size_t i;

	emit_key(e, key);
	emit_open(e, '[');
	for (i = 0; i < l->n; i++) {
		emit_item(e);
		emit_str(e, l->v[i], strlen(l->v[i]));
	}
	emit_close(e, ']');
}

void
compat_id(struct compat *c, struct emit *e)
{
	const char *id = c->conf->metadata_id;

	if (id && strcmp(id, "auto") == 0)
		id = c->sys_id[0] ? c->sys_id : NULL;
	compat_str(e, "metadata_id", id);
}

void
compat_sys(struct compat *c, struct fm_text t)
{
	static const char tag[] = "FMWORK SYS ";
	struct exper x;

	if (!py_begins(t, tag))
		return;
	exper_init(&x);
	if (exper_sys(&x, t.s + sizeof tag - 1, t.n - (sizeof tag - 1)))
		memcpy(c->sys_id, x.sys_id, sizeof c->sys_id);
	exper_release(&x);
}

void
compat_end(struct compat *c, struct emit *e)
{
	const char *key;
	json_t *v;

	json_object_foreach (c->conf->own, key, v) {
		emit_key(e, key);
		emit_json(e, v);
	}
	emit_close(e, '}');
	out_end(c->out);
}

bool
compat_says_fp8(struct fm_text t)
{
	size_t i;

	for (i = 0; i + 3 <= t.n; i++)
		if ((t.s[i] | 0x20) == 'f' && (t.s[i + 1] | 0x20) == 'p' &&
		    t.s[i + 2] == '8')
			return true;
	return false;
}

bool
compat_is_int(struct fm_text t)
{
	struct fm_buf b = FM_BUF_INIT;
	bool good = t.s && py_int(&b, t);

	fm_buf_release(&b);
	return good;
}

bool
compat_is_float(struct fm_text t)
{
	double v;

	return t.s && py_float(t, &v);
}

void
compat_int(struct emit *e, const char *key, struct fm_text t)
{
	emit_key(e, key);
	(void)py_int(e->b, t);
}

void
compat_float(struct emit *e, const char *key, struct fm_text t)
{
	double v = 0;

	emit_key(e, key);
	if (py_float(t, &v))
		py_emit_float(e, v);
}

/* --- which script -------------------------------------------------------- */

typedef void script(struct compat *c);

static script *const scripts[] = {
	[COMPAT_EMBED] = compat_embed,
	[COMPAT_INFER] = compat_infer,
	[COMPAT_INFER_4FAB875] = compat_infer_4fab875,
	[COMPAT_JSONFY] = compat_jsonfy,
};

/* By the first line of results; without one, embeddings have no output. */
static enum compat_script
script_for(const struct compat *c)
{
	enum compat_script which = COMPAT_EMBED;
	struct py_lines lines;
	struct fm_text t;
	struct fm_line l;

	py_lines_init(&lines, c->text.s, c->text.len);
	while (py_lines_next(&lines, &t)) {
		if (py_begins(t, "FMWORK ARG --output_sizes "))
			which = COMPAT_INFER;
		if (!py_begins(t, "FMWORK ") || !fm_line_get(&l, t.s, t.n))
			continue;
		if (fm_form_tag(l.form) != FM_TAG_REP &&
		    fm_form_tag(l.form) != FM_TAG_RES &&
		    fm_form_tag(l.form) != FM_TAG_GEN)
			continue;
		switch (fm_form_dialect(l.form)) {
		case FM_DIALECT_EMBED:
		case FM_DIALECT_EMBED0:
			return COMPAT_EMBED;
		case FM_DIALECT_INFER:
			return COMPAT_INFER;
		default:
			return COMPAT_JSONFY;
		}
	}
	return which;
}

static int
read_log(struct compat *c, const char *path, enum compat_script which,
    struct fm_err *err)
{
	bool in = strcmp(path, "-") == 0;

	c->file = in ? "stdin" : path;
	fm_buf_clear(&c->text);
	c->sys_id[0] = '\0';
	if (fm_io_read_file(in ? "/dev/stdin" : path, &c->text, err))
		return -1;
	if (which == COMPAT_AUTO)
		which = script_for(c);
	scripts[which](c);
	return 0;
}

static int
read_folder(struct compat *c, const char *path, enum compat_script which,
    struct fm_err *err)
{
	enum folder_kind kind = folder_kind_of(path);
	struct folder f;
	char *log;
	int rc;

	switch (kind) {
	case FOLDER_NONE:
		return fm_err_set(err, FM_IO,
		    "'%s' has neither 'driver.log' nor 'server.log'", path);
	case FOLDER_DIRECT:
	case FOLDER_OLD:
		log = fm_io_join(
		    path, kind == FOLDER_OLD ? "exp.log" : "driver.log");
		rc = read_log(
		    c, log, which == COMPAT_AUTO ? COMPAT_INFER : which, err);
		free(log);
		return rc;
	case FOLDER_SERVER:
		break;
	}
	c->file = path;
	if (folder_read(&f, path, err) != 0)
		return -1;
	compat_server(c, &f, which);
	folder_release(&f);
	return 0;
}

int
compat_read(struct compat *c, const char *path, struct fm_err *err)
{
	enum compat_script which = (enum compat_script)c->conf->compat;

	if (which == COMPAT_LOG2CSV) {
		compat_log2csv(c, path, err);
		return err->code == FM_OK ? 0 : -1;
	}
	if (fm_io_is_dir(path))
		return read_folder(c, path, which, err);
	return read_log(c, path, which, err);
}
