/*
 * The model of a session: imported or built, for the sizes asked for, and as
 * the open request tells the backend of it.
 */
#include "session_model.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conf.h"
#include "found.h"
#include "given.h"
#include "infer.h"
#include "io.h"
#include "json.h"
#include "place.h"
#include "points.h"
#include "told.h"

static int
model_request(struct session *s, struct fm_err *err)
{
	json_t *model = json_object();
	char *artifact = build_artifact(&s->build);

	fm_json_set_str(model, "kind", "onnx");
	fm_json_set_str(model, "path", s->m.graph);
	fm_json_set_str(model, "weights", s->m.weights);
	fm_json_set_str(model, "class", s->m.model_class);
	if (artifact)
		fm_json_set_str(model, "artifact", artifact);
	free(artifact);
	if (s->sized)
		json_object_set(s->open, "dims", s->sized);
	json_object_set_new(s->open, "model", model);
	json_object_set_new(s->open, "inputs", shape_inputs(&s->m));
	/* JSON holds no other text. */
	if (json_object_get(model, "path") && json_object_get(model, "weights"))
		return 0;
	return fm_err_set(err, FM_USAGE,
	    "no backend can be told of '%s': file names must be UTF-8",
	    s->m.path);
}

/* Fills of the runs that read the files of --inputs. */
static void
use_files(struct session *s, json_t *files)
{
	const char *name;
	json_t *file;

	if (!files)
		return;
	s->fill = json_object();
	json_object_foreach (files, name, file)
		json_object_set_new(
		    s->fill, name, json_pack("{s:O}", "file", file));
}

/*
 * The word for what is computed with: imported encoders compute in single
 * precision whatever their weights are stored as; other graphs as they say.
 */
static const char *
precision(const struct fm_model *m)
{
	static const struct {
		const char *dtype, *word;
	} words[] = {
		{ "float", "fp32" },
		{ "float16", "fp16" },
		{ "bfloat16", "bf16" },
		{ "double", "fp64" },
		{ "int8", "int8" },
	};
	size_t i;

	if (strcmp(m->model_class, "onnx") != 0)
		return "fp32";
	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].dtype, m->dtype) == 0)
			return words[i].word;
	return m->dtype;
}

void
session_release_build(struct session *s)
{
	if (s->has_model)
		fm_model_release(&s->m);
	s->has_model = false;
	if (s->c->lean_cache)
		build_lean(&s->build);
	build_release(&s->build);
	memset(&s->build, 0, sizeof s->build);
	s->build.cache.lock_fd = s->build.cache.obj_fd = -1;
}

/* Whom it is for; `inputs` only where sizes matter. */
static struct build_for
build_for(const struct session *s, const json_t *dims, const json_t *inputs)
{
	struct build_for f = { 0 };

	f.platform = &s->p;
	f.peer = s->peer;
	f.away = s->remote != NULL;
	f.open = s->open;
	f.dims = dims;
	f.inputs = inputs;
	f.wake_fd = s->e.wake_fd;
	return f;
}

/* The build, for these sizes or (NULL) for all. */
static int
build(struct session *s, const json_t *dims, struct fm_err *err)
{
	json_t *inputs = dims ? shape_inputs(&s->m) : NULL;
	struct build_for f = build_for(s, dims, inputs);
	int rc;

	if (s->c->explain) {
		rc = build_explain(s->c, &f, err);
	} else {
		session_release_build(s);
		rc = build_get(&s->build, &s->m, s->c, &f, err);
		s->has_model = rc == 0;
	}
	json_decref(inputs);
	return rc;
}

/* For lists of points, or to know its inputs: nothing is kept. */
static int
import_only(struct session *s, struct fm_err *err)
{
	struct fm_model_opts o = { 0 };
	char *path = NULL;
	int rc;

	o.model_class = s->c->model_class;
	o.dummy = s->c->load_format == LOAD_DUMMY;
	o.seed = (uint64_t)s->c->seed;
	o.work = s->work;
	if (s->c->found)
		path = found_path(s->c->found, false);
	rc = fm_model_load(&s->m, path ? path : s->c->model_path, &o, err);
	free(path);
	return rc;
}

const char *
session_precision(const struct session *s)
{
	return fm_json_str(s->build.state, "precision", precision(&s->m));
}

static int
import(struct session *s, struct fm_err *err)
{
	bool fixed = fm_peer_can(s->peer, "fixed_shapes");
	int rc;

	if (!fixed && !s->c->dry_run)
		return build(s, NULL, err);
	rc = import_only(s, err);
	s->has_model = rc == 0;
	if (fixed && rc == 0 && !s->c->dry_run)
		s->sized = json_null();
	return rc;
}

static int
check_precision(const struct session *s, struct fm_err *err)
{
	if (s->p.loads && s->c->precision)
		return fm_err_set(err, FM_USAGE,
		    "--precision: backend '%s' loads the model itself; tell "
		    "it, as with --model:torch_dtype@ torch.bfloat16",
		    s->p.backend);
	if (s->c->precision == PRECISION_FP32 &&
	    strcmp(session_precision(s), "fp32") != 0)
		return fm_err_set(err, FM_USAGE,
		    "--precision fp32: the model is %s, and conversion from "
		    "that is not available",
		    session_precision(s));
	return 0;
}

/*
 * Where the model is that the backend reads itself. One that was found is in
 * its build; a file of PyTorch's is the torch backend's own kind of model.
 */
static int
find_path(struct session *s, struct fm_err *err)
{
	const struct found *f = s->c->found;
	struct build_for whom = build_for(s, NULL, NULL);
	bool own = s->p.loads && told_is_file(s->c->model_path);
	char *name;

	if (!f || own || s->c->dry_run) {
		s->path = fm_strdup(s->c->model_path);
		return 0;
	}
	if (s->c->explain)
		return build_explain(s->c, &whom, err);
	if (build_get(&s->build, NULL, s->c, &whom, err) != 0)
		return -1;
	name = fm_strdupf("model.%s", found_format(s->p.loads));
	s->path = fm_io_join(s->build.dir, name);
	free(name);
	return 0;
}

/* The backend reads the model itself: where it is, in words for anybody. */
static int
point_to_model(struct session *s, struct fm_err *err)
{
	const char *path = s->path, *dot = strrchr(path, '.');
	const char *kind = "config";
	char *full = s->c->via ? fm_strdup(path) : given_absolute(path, err);

	if (!full)
		return -1;
	if (dot && strcmp(dot, ".yaml") == 0)
		kind = "layers";
	else if (dot && strcmp(dot, ".onnx") == 0)
		kind = "onnx";
	json_object_set_new(s->open, "model",
	    json_pack("{s:s, s:s}", "kind", kind, "path", full));
	free(full);
	return 0;
}

/* Where its inputs are given; those of a model that was found lie beside it.
 * NULL, or the caller frees. */
static char *
inputs_of(const struct session *s)
{
	const struct conf *c = s->c;

	if (c->inputs)
		return fm_strdup(c->inputs);
	if (!c->found || s->build.dir)
		return c->found ? fm_strdup(s->build.dir) : NULL;
	return fm_io_join(c->found->dir, found_format(false));
}

int
session_plan(struct session *s, struct fm_err *err)
{
	char *dir = inputs_of(s);
	json_t *files = NULL, *given = NULL;
	int rc = 0;

	if (s->has_model && dir)
		rc = infer_inputs(dir, &s->m, s->work, &files, &given, err);
	else if (s->sized && s->c->infer)
		rc = (given = infer_sizes(
			  s->c->infer, &s->m, s->c->pad, s->work, err))
			 ? 0
			 : -1;
	else
		given = json_incref(s->dims);
	if (rc == 0)
		rc = shape_init(
		    &s->shape, s->c, s->has_model ? &s->m : NULL, given, err);
	if (rc == 0)
		rc = points_arrange(&s->shape, s->c, &s->e, err);
	if (rc == 0)
		use_files(s, files);
	json_decref(files);
	json_decref(given);
	free(dir);
	return rc;
}

/* Spyre's compiler makes a program for one shape. */
static int
check_sizes(const struct session *s, struct fm_err *err)
{
	if (strcmp(s->p.name, "spyre") != 0 ||
	    (s->c->n_input == 1 && s->c->n_batch == 1))
		return 0;
	return fm_err_set(err, FM_USAGE,
	    "spyre takes one size at a time: one of --input_sizes and one of "
	    "--batch_sizes");
}

int
session_build(struct session *s, const json_t *dims, struct fm_err *err)
{
	json_decref(s->sized);
	s->sized = json_null();
	if (build(s, dims, err) != 0)
		return -1;
	if (s->c->explain)
		return 0;
	s->sized = json_deep_copy(dims);
	return model_request(s, err) ? -1 : check_precision(s, err);
}

bool
session_may_fit(const struct fm_err *err)
{
	return err->code == FM_OOM || err->code == FM_DIED ||
	       err->code == FM_TIMEOUT || err->code == FM_INTERNAL;
}

int
session_build_some(struct session *s, size_t *i, struct fm_err *err)
{
	struct fm_err first = FM_ERR_INIT;
	int rc = -1;

	for (; *i < s->shape.n_points; ++*i) {
		json_t *dims =
		    shape_dims(&s->shape, &s->m, &s->shape.points[*i]);

		rc = session_build(s, dims, err);
		json_decref(dims);
		if (rc == 0 || !session_may_fit(err))
			break;
		if (first.code == FM_OK)
			first = *err;
		fm_err_clear(err);
	}
	if (rc != 0 && first.code != FM_OK)
		*err = first;
	return rc;
}

int
session_import(struct session *s, struct fm_err *err)
{
	size_t first = 0;

	if (s->p.loads && check_precision(s, err) != 0)
		return -1;
	if (s->p.needs_model && !s->p.plain_model) {
		s->work = fm_io_tmpdir("fm", err);
		if (!s->work)
			return -1;
	}
	json_object_set(s->open, "env", s->c->env_values);
	place_request(s);
	if (s->p.loads || s->p.plain_model) {
		if (find_path(s, err) != 0)
			return -1;
		if (s->c->explain)
			return 0;
	}
	if (s->p.loads)
		return told_request(s->open, s->c, s->path, s->p.name, err) ||
			       session_plan(s, err)
			   ? -1
			   : check_sizes(s, err);
	if (s->p.plain_model ? point_to_model(s, err) != 0
			     : s->p.needs_model && import(s, err) != 0)
		return -1;
	if (s->c->explain && !s->sized)
		return 0;
	if (session_plan(s, err) != 0)
		return -1;
	if (s->sized)
		return session_build_some(s, &first, err);
	if (!s->has_model)
		return 0;
	return model_request(s, err) ? -1 : check_precision(s, err);
}
