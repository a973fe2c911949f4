/*
 * From models that were found to builds, and to whatever is to be done with
 * them. Exports are made while the process is there in which the script has
 * run; what is measured is measured after it has ended.
 */
#include "found.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "build.h"
#include "conf.h"
#include "given.h"
#include "io.h"
#include "json.h"
#include "peer.h"
#include "platform.h"
#include "prog.h"
#include "record.h"
#include "text.h"
#include "told.h"

bool
found_loads(const struct conf *c, const char *platform)
{
	struct fm_err ignored = FM_ERR_INIT;
	struct platform p;
	bool loads =
	    platform_find(&p, platform, c->backend, c->via, &ignored) == 0 &&
	    p.loads;

	platform_release(&p);
	return loads;
}

char *
found_path(const struct found *f, bool native)
{
	return fm_strdupf("%s/%s/model.%s", f->dir, found_format(native),
	    found_format(native));
}

/* --- exports --- */

/* STAGE export <seconds> <ok|failed> <text> */
static json_t *
read_stage(const char *line, size_t n)
{
	struct fm_strs words = FM_STRS_INIT;
	const char *body;
	json_t *v = NULL;

	if (fm_record_tag(line, n, &body) != FM_TAG_STAGE)
		return NULL;
	fm_strs_split(&words, body, " ");
	if (words.n > 3)
		v = json_pack("{s:f, s:s, s:s}", "seconds",
		    strtod(words.v[1], NULL), "status", words.v[2], "text",
		    strstr(body, words.v[2]) + strlen(words.v[2]) + 1);
	fm_strs_release(&words);
	return v;
}

/* Has the backend export one into `dir`: {seconds, status, text}, or NULL. */
static json_t *
export_model(const struct script *s, struct fm_peer *peer, const json_t *facts,
    const char *format, const char *dir, struct fm_err *err)
{
	char *full = given_absolute(dir, err), *line;
	json_t *q = json_pack("{s:s, s:s, s:s, s:s*}", "op", "export", "hash",
	    fm_json_str(facts, "hash", ""), "format", format, "outdir", full);
	json_t *done = NULL, *v;
	size_t n;
	int rc;

	if (s->c->onnx_opset)
		fm_json_set_int(q, "opset", s->c->onnx_opset);
	rc = fm_peer_send(peer, q, err);
	while (rc == 0 && (rc = fm_peer_line(peer, &line, &n, err)) == 1) {
		v = read_stage(line, n);
		if (v)
			json_decref(done);
		done = v ? v : done;
		rc = 0;
	}
	if (rc == 0 && !done)
		rc = fm_err_set(err, FM_INTERNAL,
		    "the backend does not say how the export ended");
	json_decref(q);
	free(full);
	if (rc == 0)
		return done;
	json_decref(done);
	return NULL;
}

/* --- each of them --- */

/* The command line, as it is for one of them. */
struct one {
	struct conf c;
	struct found f;
	char *name, *dir;
};

static void
one_init(struct one *o, const struct script *s, json_t *facts)
{
	const char *own = s->c->build_name;

	memset(o, 0, sizeof *o);
	o->name =
	    own ? fm_strdup(own)
		: fm_strdupf("%s_%s", s->stem, fm_json_str(facts, "hash", "?"));
	o->dir = fm_io_join(s->work, o->name);
	o->f.facts = json_incref(facts);
	o->f.exports = json_object();
	o->f.name = o->name;
	o->f.dir = o->dir;
	o->c = *s->c;
	o->c.found = &o->f;
	o->c.model_name = o->name;
	o->c.model_path = s->path;
	o->c.build_name = o->name;
}

static void
one_release(struct one *o)
{
	json_decref(o->f.facts);
	json_decref(o->f.exports);
	free(o->dir);
	free(o->name);
}

/*
 * Must it be exported: 1, 0, or -1 with err. Not for a build that is there;
 * but what a backend's own compiler is given, and so whether the build is
 * there, is not known here.
 */
static int
must_export(const struct one *o, const struct platform *p, struct fm_err *err)
{
	const struct conf *c = &o->c;
	struct build_for f = { .platform = p, .wake_fd = -1 };
	int have;

	if (c->dry_run ||
	    !(p->loads || p->plain_model || strcmp(p->backend, "ort") == 0))
		return 1;
	if (c->explain || c->rebuild == REBUILD_NEVER)
		return 0;
	have = c->rebuild == REBUILD_ALWAYS ? 0 : build_have(c, &f, err);
	return have < 0 ? -1 : !have;
}

/* Exports it for a platform, unless that build is in the cache. */
static int
prepare(struct script *s, struct one *o, struct fm_peer *peer,
    const struct platform *p, struct fm_err *err)
{
	const char *format = found_format(p->loads);
	int must = must_export(o, p, err);
	char *dir;
	json_t *e;

	if (must <= 0 || json_object_get(o->f.exports, format))
		return must < 0 ? -1 : 0;
	dir = fm_io_join(o->dir, format);
	e = export_model(s, peer, o->f.facts, format, dir, err);
	free(dir);
	json_object_set_new(o->f.exports, format, e);
	return e ? 0 : -1;
}

/* All the exports that the platforms need. */
static int
prepare_all(
    struct script *s, struct one *o, struct fm_peer *peer, struct fm_err *err)
{
	const struct conf *c = s->c;
	size_t i;
	int rc = 0;

	for (i = 0; i < c->platforms.n && rc == 0; i++) {
		struct platform p;

		rc = platform_find(
		    &p, c->platforms.v[i], c->backend, c->via, err);
		if (rc == 0 && !(p.loads && told_is_file(s->path)))
			rc = prepare(s, o, peer, &p, err);
		platform_release(&p);
	}
	return rc;
}

/* --build_only --out DIR: the exports are all that is wanted. */
static int
keep(struct script *s, struct one *o, struct fm_peer *peer, struct fm_err *err)
{
	char *dir = fm_io_join(s->c->out, o->name);
	json_t *e = export_model(s, peer, o->f.facts, "onnx", dir, err);
	bool good = e && strcmp(fm_json_str(e, "status", ""), "ok") == 0;

	if (e)
		fm_buf_printf(&s->t->b, "FMWORK STAGE export %.6f %s %s\n",
		    fm_json_num(e, "seconds", 0), good ? "ok" : "failed",
		    good ? dir : fm_json_str(e, "text", ""));
	if (e && !good) {
		s->failed = true;
		fm_prog_say("fm-driver", "%s: stage export: %s", o->name,
		    fm_json_str(e, "text", ""));
	}
	json_decref(e);
	free(dir);
	return e ? 0 : -1;
}

/* While the models are alive: what has to be made of them. */
static int
use_peer(
    struct script *s, struct one *all, struct fm_peer *peer, struct fm_err *err)
{
	size_t i, n = json_array_size(s->found);
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++)
		rc = s->c->build_only && s->c->out
			 ? keep(s, &all[i], peer, err)
			 : prepare_all(s, &all[i], peer, err);
	return rc;
}

/* For a list of points the export itself will do. */
static int
use_export(struct one *o, script_measure *f, void *arg, struct fm_err *err)
{
	const json_t *e = json_object_get(o->f.exports, found_format(false));
	char *dir = fm_io_join(o->dir, found_format(false));
	int rc;

	o->c.model_path = fm_io_join(dir, "model.onnx");
	o->c.inputs = o->c.inputs ? o->c.inputs : dir;
	o->c.found = NULL;
	if (e && strcmp(fm_json_str(e, "status", ""), "ok") != 0)
		rc = fm_err_set(err, FM_INTERNAL, "%s: stage export: %s",
		    o->name, fm_json_str(e, "text", ""));
	else
		rc = f(arg, &o->c, err);
	free(o->c.model_path);
	free(dir);
	return rc;
}

/* The script's process has ended: nothing disturbs what is measured. */
static int
use_models(struct script *s, struct one *all, script_measure *f, void *arg,
    struct fm_err *err)
{
	size_t i, n = json_array_size(s->found);
	int rc = 0;

	if (s->c->build_only && s->c->out)
		return 0;
	for (i = 0; i < n && rc >= 0; i++) {
		if (s->c->dry_run)
			rc = use_export(&all[i], f, arg, err);
		else
			rc = f(arg, &all[i].c, err);
		s->failed |= rc > 0;
	}
	return rc < 0 ? -1 : 0;
}

static int
check_name(const struct script *s, struct fm_err *err)
{
	if (!s->c->build_name || json_array_size(s->found) < 2)
		return 0;
	return fm_err_set(err, FM_USAGE,
	    "--build_name: '%s' has %zu models: choose one by its hash",
	    s->path, json_array_size(s->found));
}

int
found_use(struct script *s, struct fm_peer **peer, script_measure *f, void *arg,
    struct fm_err *err)
{
	size_t i, n = json_array_size(s->found);
	struct one *all = fm_calloc(n ? n : 1, sizeof *all);
	int rc = check_name(s, err);

	for (i = 0; i < n; i++)
		one_init(&all[i], s, json_array_get(s->found, i));
	if (rc == 0)
		rc = use_peer(s, all, *peer, err);
	fm_peer_end(*peer);
	*peer = NULL;
	if (rc == 0)
		rc = use_models(s, all, f, arg, err);
	for (i = 0; i < n; i++)
		one_release(&all[i]);
	free(all);
	return rc;
}
