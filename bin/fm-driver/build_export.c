/*
 * The export itself was made before, while the script's process was there;
 * here it is taken from a temporary folder, perhaps of another file system.
 * It stays there: several lanes may each make the build.
 */
#include "build_export.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "build_key.h"
#include "build_seq.h"
#include "build_stage.h"
#include "conf.h"
#include "found.h"
#include "given.h"
#include "io.h"
#include "json.h"

json_t *
build_export_config(const struct conf *c, const struct build_for *f,
    bool native, fm_model_hasher *hash, void *arg, struct fm_err *err)
{
	const json_t *facts = c->found->facts;
	json_t *v = json_object();
	json_t *sequence =
	    native ? json_array() : build_sequence(c, f, hash, arg, err);

	if (!sequence) {
		json_decref(v);
		return NULL;
	}
	json_array_insert_new(sequence, 0,
	    json_pack("{s:s, s:s}", "stage", "export", "format",
		found_format(native)));
	fm_json_set_str(v, "model", fm_json_str(facts, "hash", "?"));
	(void)json_object_update(v, json_object_get(facts, "build"));
	if (native) {
		(void)json_object_del(v, "opset");
		(void)json_object_del(v, "exporter");
	}
	json_object_set_new(v, "sequence", sequence);
	fm_json_set_str(v, "fm", BUILD_VERSION);
	return v;
}

/* --- the stage --- */

static int
copy(int in, int out)
{
	enum {
		PART = 1 << 20
	};
	char *part = fm_malloc(PART);
	ptrdiff_t n;
	int rc = 0;

	while (rc == 0 && (n = fm_io_read_some(in, part, PART)) != 0)
		rc = n < 0 ? -1 : fm_io_write_all(out, part, (size_t)n);
	free(part);
	return rc;
}

static int
put(const char *from, const char *to, struct fm_err *err)
{
	int in, out, rc = -1;

	if (link(from, to) == 0)
		return 0;
	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (in >= 0 && out >= 0)
		rc = copy(in, out);
	if (in >= 0)
		(void)close(in);
	if (out >= 0 && close(out) != 0)
		rc = -1;
	return rc ? fm_err_sys(err, FM_IO, "cannot write '%s'", to) : 0;
}

/* What the exporter printed goes into the stage's log. */
static void
take_log(const char *path, FILE *log)
{
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;

	if (fm_io_read_file(path, &b, &ignored) == 0)
		(void)fwrite(b.s, 1, b.len, log);
	fm_buf_release(&b);
}

static int
take_files(const char *from, const char *to, FILE *log, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	int rc = given_list(from, &names, err);
	size_t i;

	for (i = 0; rc == 0 && i < names.n; i++) {
		char *a = fm_io_join(from, names.v[i]);
		char *b = fm_io_join(to, names.v[i]);

		if (strcmp(names.v[i], "export.log") == 0)
			take_log(a, log);
		else
			rc = put(a, b, err);
		free(a);
		free(b);
	}
	fm_strs_release(&names);
	return rc;
}

/* What the state says of a model whose graph is not looked into. */
static void
set_facts(json_t *model, const struct found *f)
{
	fm_json_set_str(model, "type", "pytorch");
	fm_json_set_str(model, "class", fm_json_str(f->facts, "class", "?"));
	fm_json_set_str(model, "hash", fm_json_str(f->facts, "hash", "?"));
	fm_json_set_int(
	    model, "parameters", fm_json_int(f->facts, "parameters", 0));
	fm_json_set_int(model, "size", fm_json_int(f->facts, "bytes", 0));
}

int
build_export(
    struct stage_work *w, const json_t *options, FILE *log, struct fm_err *err)
{
	const struct found *f = w->c->found;
	const char *format = fm_json_str(options, "format", "onnx");
	const json_t *e = f ? json_object_get(f->exports, format) : NULL;
	char *from, *name;
	int rc;

	if (!e)
		return fm_err_set(err, FM_INTERNAL,
		    "the build was removed meanwhile: try again");
	w->before_ns = (int64_t)(fm_json_num(e, "seconds", 0) * 1e9);
	from = fm_io_join(f->dir, format);
	name = fm_strdupf("model.%s", format);
	rc = take_files(from, w->dir, log, err);
	if (rc == 0 && strcmp(fm_json_str(e, "status", ""), "ok") != 0)
		rc = fm_err_set(
		    err, FM_NOMODEL, "%s", fm_json_str(e, "text", "failed"));
	if (rc == 0) {
		w->source = fm_io_join(w->dir, name);
		set_facts(json_object_get(w->state, "model"), f);
	}
	free(name);
	free(from);
	return rc;
}
