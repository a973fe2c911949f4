/*
 * Where the time of a call goes: ONNX Runtime's own profile of a second
 * session, as rows of the layers that the graph has (model/layers.h).
 *
 * A kernel's time goes to the row of its node. What the runtime has renamed
 * or added, and what only moves data, goes to a row of the same module. A row
 * whose node is gone was put together with another one. The rest are nodes of
 * no layer: a sum of what only moves data, and rows of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "model/layers.h"
#include "ort.h"
#include "strs.h"

struct row {
	const struct fm_layer *layer; /* NULL: a node that is in no list */
	int64_t id;                   /* place in the list, then on from it */
	int64_t in_id;                /* of the row that has its time, or -1 */
	int64_t calls, us;
	int64_t start_us; /* of the first call, since the run's start */
	char *path;       /* without a layer */
	const json_t *by; /* "args" of the node itself */
};

struct profile {
	struct fm_layers layers;
	struct row *v;
	size_t n, cap;
	int64_t run_us, start_us; /* of the call */
	int64_t rest_us, rest;    /* nodes of no layer that compute nothing */
	struct fm_strs rest_ops;
};

static void
profile_release(struct profile *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free(f->v[i].path);
	free(f->v);
	fm_strs_release(&f->rest_ops);
	fm_layers_release(&f->layers);
}

/* --- a profiled call ----------------------------------------------------- */

static int
call_twice(struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	int i;

	if (ort_prepare(b, p, err))
		return -1;
	for (i = 0; i < 2; i++)
		if (ort_stage(b, p, err) || ort_call(b, p, err))
			return -1;
	return 0;
}

/* The runtime decides the name of its file. */
static int
end_profile(struct ort *o, struct fm_buf *text, struct fm_err *err)
{
	const struct ort_api *api = &o->api;
	char *path = NULL;
	int rc;

	if (ort_api_check(api,
		api->SessionEndProfiling(o->session, o->allocator, &path),
		"profile", err))
		return -1;
	rc = fm_io_read_file(path, text, err);
	return ort_api_check(
		   api, api->AllocatorFree(o->allocator, path), "profile", err)
		   ? -1
		   : rc;
}

/* The session that is measured stays as it is. */
static int
record(struct fm_backend *b, struct fm_backend_point *p, const char *dir,
    struct fm_buf *text, struct fm_err *err)
{
	struct ort *own = b->self, o = *own;
	char *prefix = fm_io_join(dir, "profile"), *provider = NULL;
	int rc;

	o.session = NULL;
	o.binding = NULL;
	o.inputs = NULL;
	o.n_inputs = 0;
	o.calls = 0;
	o.outputs = fm_calloc(o.n_outputs, sizeof *o.outputs);
	if (o.n_outputs)
		memcpy(
		    o.outputs, own->outputs, o.n_outputs * sizeof *o.outputs);
	for (size_t k = 0; k < o.n_outputs; k++)
		o.outputs[k].value = NULL;
	b->self = &o;
	rc = ort_session_open(b, prefix, &o.session, &provider, err);
	if (rc == 0)
		rc = call_twice(b, p, err);
	if (rc == 0)
		rc = end_profile(&o, text, err);
	ort_unbind(&o);
	if (o.session)
		o.api.ReleaseSession(o.session);
	b->self = own;
	free(o.outputs);
	free(provider);
	free(prefix);
	return rc;
}

static int
save(const char *path, const struct fm_buf *text, struct fm_err *err)
{
	struct fm_out out;

	if (fm_out_open(&out, path, err) != 0)
		return -1;
	(void)fwrite(text->s, 1, text->len, out.f);
	return fm_out_close(&out, err);
}

static json_t *
events_of(struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	const char *to = fm_json_str(b->options, "save_profile", NULL);
	struct fm_buf text = FM_BUF_INIT;
	char *dir = fm_io_tmpdir("fm-profile", err);
	struct fm_err ignored = FM_ERR_INIT;
	json_t *events = NULL;
	int rc = dir ? record(b, p, dir, &text, err) : -1;

	if (rc == 0 && to)
		rc = save(to, &text, err);
	if (rc == 0)
		events = fm_json_parse(
		    text.s, text.len, "ONNX Runtime's profile", err);
	if (dir)
		(void)fm_io_remove_tree(dir, &ignored);
	free(dir);
	fm_buf_release(&text);
	return events;
}

/* --- rows ---------------------------------------------------------------- */

static struct row *
add_row(struct profile *f, const struct fm_layer *layer)
{
	struct row *r;

	FM_GROW(f->v, f->cap, f->n + 1);
	r = &f->v[f->n];
	memset(r, 0, sizeof *r);
	r->layer = layer;
	r->id = (int64_t)f->n++;
	r->in_id = -1;
	return r;
}

/* A graph of which nothing is known still has nodes. */
static void
list_rows(struct profile *f, const char *path)
{
	struct fm_err ignored = FM_ERR_INIT;
	size_t i;

	if (fm_layers_read(&f->layers, path, false, &ignored) != 0)
		fm_layers_release(&f->layers);
	for (i = 0; i < f->layers.n; i++)
		(void)add_row(f, &f->layers.v[i]);
}

static struct row *
row_of(struct profile *f, const char *node, const char *path, bool *itself)
{
	struct row *of_path = NULL;
	size_t i;

	*itself = true;
	for (i = 0; i < f->n; i++) {
		const struct fm_layer *l = f->v[i].layer;

		if (l ? l->node && strcmp(l->node, node) == 0
		      : strcmp(f->v[i].path, node) == 0)
			return &f->v[i];
		if (!of_path && l && l->node && *path &&
		    strcmp(l->path, path) == 0)
			of_path = &f->v[i];
	}
	*itself = false;
	return of_path;
}

static void
count(struct row *r, const json_t *event, int64_t start_us)
{
	int64_t at_us = fm_json_int(event, "ts", 0) - start_us;

	if (r->calls++ == 0 || at_us < r->start_us)
		r->start_us = at_us;
	r->us += fm_json_int(event, "dur", 0);
}

/* Sums of token numbers and the like are no layer's work. */
static bool
is_whole(const json_t *args)
{
	static const char *const real[] = { "float", "float16", "double",
		"bfloat16" };
	const json_t *list = json_object_get(args, "output_type_shape"), *v;
	size_t i, k;

	json_array_foreach (list, i, v)
		for (k = 0; k < sizeof real / sizeof *real; k++)
			if (json_object_get(v, real[k]))
				return false;
	return json_array_size(list) > 0;
}

static void
take_kernel(struct profile *f, const json_t *event, const char *name)
{
	const json_t *args = json_object_get(event, "args");
	const char *op = fm_json_str(args, "op_name", "");
	/* "fused /pooler/dense/Gemm" */
	const char *space = strrchr(name, ' ');
	const char *node = space ? space + 1 : name;
	char *path = fm_layers_path(node);
	bool itself;
	struct row *r = row_of(f, node, path, &itself);

	if (!r && !fm_layers_is_free(op) && !is_whole(args)) {
		r = add_row(f, NULL);
		r->path = fm_strdup(node);
		itself = true;
	}
	if (r) {
		if (itself)
			r->by = args;
		count(r, event, f->start_us);
	} else {
		f->rest++;
		f->rest_us += fm_json_int(event, "dur", 0);
		if (fm_strs_find(&f->rest_ops, op) < 0)
			fm_strs_add(&f->rest_ops, op);
	}
	free(path);
}

/* The name of the node whose kernel an event is, or NULL; the caller frees. */
static char *
kernel(const json_t *event)
{
	static const char end[] = "_kernel_time";
	const char *name = fm_json_str(event, "name", "");
	size_t n = strlen(name), k = sizeof end - 1;

	if (strcmp(fm_json_str(event, "cat", ""), "Node") != 0 || n <= k ||
	    strcmp(name + n - k, end) != 0)
		return NULL;
	return fm_strndup(name, n - k);
}

/* The last run's: the one before it was cold. */
static int
take_events(struct profile *f, const json_t *events, struct fm_err *err)
{
	const json_t *e;
	size_t i;

	f->start_us = -1;
	json_array_foreach (events, i, e)
		if (strcmp(fm_json_str(e, "name", ""), "model_run") == 0 &&
		    fm_json_int(e, "ts", 0) > f->start_us) {
			f->start_us = fm_json_int(e, "ts", 0);
			f->run_us = fm_json_int(e, "dur", 0);
		}
	if (f->start_us < 0)
		return fm_err_set(err, FM_INTERNAL,
		    "ONNX Runtime's profile has no 'model_run'");
	json_array_foreach (events, i, e) {
		char *node = kernel(e);

		if (node && fm_json_int(e, "ts", 0) >= f->start_us)
			take_kernel(f, e, node);
		free(node);
	}
	return 0;
}

/* Where the time of rows is that have no call. */
static void
join_rows(struct profile *f)
{
	size_t i, at, n = f->layers.n;

	for (i = 0; i < n; i++) {
		struct row *r = &f->v[i];

		if (r->calls)
			continue;
		at = i;
		if (r->layer->node)
			while (at > 0 && !f->v[at].calls)
				at--;
		while (at < n && !f->v[at].calls)
			at++;
		if (at == n)
			continue;
		r->in_id = f->v[at].id;
		r->start_us = f->v[at].start_us;
	}
}

static int
by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->start_us != y->start_us)
		return x->start_us < y->start_us ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* --- lines --------------------------------------------------------------- */

/* "1x16x384 384" of [{"float": [1, 16, 384]}, {"float": [384]}]. */
static void
set_shapes(json_t *row, const char *key, const json_t *list)
{
	struct fm_buf b = FM_BUF_INIT;
	const json_t *entry, *dims, *d;
	size_t i, k;

	json_array_foreach (list, i, entry) {
		dims = json_object_iter_value(
		    json_object_iter(json_array_get(list, i)));
		fm_buf_puts(&b, i ? " " : "");
		if (json_array_size(dims) == 0)
			fm_buf_puts(&b, "1");
		json_array_foreach (dims, k, d)
			fm_buf_printf(&b, "%s%lld", k ? "x" : "",
			    (long long)json_integer_value(d));
	}
	fm_json_set_str(row, key, b.len ? b.s : "");
	fm_buf_release(&b);
}

static json_t *
about(const struct row *r, const struct fm_backend_point *p)
{
	const struct fm_layer_point at = { p->batch, p->input, p->input };
	json_t *row = r->layer ? fm_layer_row(r->layer, &at) : json_object();
	char *path = r->layer ? NULL : fm_layers_path(r->path);

	if (!r->layer) {
		fm_json_set_str(row, "kind", "function");
		fm_json_set_str(row, "path", *path ? path : r->path);
	}
	if (r->by) {
		fm_json_set_str(row, "type", fm_json_str(r->by, "op_name", ""));
		set_shapes(
		    row, "in", json_object_get(r->by, "input_type_shape"));
		set_shapes(
		    row, "out", json_object_get(r->by, "output_type_shape"));
	}
	free(path);
	return row;
}

static void
say_row(
    struct fm_backend *b, const struct row *r, const struct fm_backend_point *p)
{
	json_t *row = about(r, p);

	fm_json_set_int(row, "id", r->id);
	fm_json_set_str(row, "phase", "prefill");
	fm_json_set_int(row, "pass", 1);
	json_object_set_new(
	    row, "start_ms", json_real((double)r->start_us / 1e3));
	if (r->calls)
		json_object_set_new(row, "ms", json_real((double)r->us / 1e3));
	else if (r->in_id >= 0)
		fm_json_set_int(row, "in_row", r->in_id);
	fm_buf_puts(&b->out, "FMWORK PROF ");
	fm_json_put(&b->out, row);
	fm_buf_putc(&b->out, '\n');
	json_decref(row);
}

static void
say_rows(
    struct fm_backend *b, struct profile *f, const struct fm_backend_point *p)
{
	int64_t us = 0;
	size_t i;

	if (f->n)
		qsort(f->v, f->n, sizeof *f->v, by_time);
	for (i = 0; i < f->n; i++) {
		say_row(b, &f->v[i], p);
		us += f->v[i].us;
	}
	fm_buf_printf(&b->out,
	    "FMWORK SAY # the call %.3f ms, these rows %.3f ms, %lld other "
	    "nodes %.3f ms",
	    (double)f->run_us / 1e3, (double)us / 1e3, (long long)f->rest,
	    (double)f->rest_us / 1e3);
	for (i = 0; i < f->rest_ops.n; i++)
		fm_buf_printf(
		    &b->out, "%s %s", i ? "," : ":", f->rest_ops.v[i]);
	fm_buf_putc(&b->out, '\n');
}

int
ort_profile(
    struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	struct profile f;
	json_t *events = events_of(b, p, err);
	int rc = events ? 0 : -1;

	memset(&f, 0, sizeof f);
	if (rc == 0) {
		list_rows(&f, fm_json_str(b->model, "path", ""));
		rc = take_events(&f, events, err);
	}
	if (rc == 0) {
		join_rows(&f);
		say_rows(b, &f, p);
	}
	profile_release(&f);
	json_decref(events);
	return rc;
}
