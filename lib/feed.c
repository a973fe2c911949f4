/*
 * The inputs of a model in a backend. Every mistake a request can make in
 * them ends as one line that says what was expected.
 */
#include "feed.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "json.h"

/* "int64[batch,sequence]" */
static void
put_declared(struct fm_buf *b, const struct fm_feed_input *in)
{
	const json_t *v;
	size_t i;

	fm_buf_printf(b, "%s[", fm_type_name(in->type));
	json_array_foreach (in->shape, i, v) {
		if (i)
			fm_buf_putc(b, ',');
		if (json_is_string(v))
			fm_buf_puts(b, json_string_value(v));
		else
			fm_buf_printf(
			    b, "%lld", (long long)json_integer_value(v));
	}
	fm_buf_putc(b, ']');
}

static int
check_port(struct fm_feed_input *in, const json_t *port, struct fm_err *err)
{
	const char *type = fm_json_str(port, "type", "");
	const json_t *v;
	size_t i;

	in->name = fm_json_str(port, "name", NULL);
	in->shape = json_object_get(port, "shape");
	if (!in->name || !json_is_array(in->shape))
		return fm_err_set(err, FM_USAGE,
		    "an input needs \"name\", \"type\" and \"shape\"");
	in->type = fm_type_of(type);
	if (fm_type_size(in->type) == 0)
		return fm_err_set(err, FM_USAGE,
		    "input '%s' has type '%s', which cannot be held", in->name,
		    type);
	if (json_array_size(in->shape) > FM_DIMS_MAX)
		return fm_err_set(err, FM_USAGE,
		    "input '%s' has %zu dimensions, at most %d are possible",
		    in->name, json_array_size(in->shape), FM_DIMS_MAX);
	json_array_foreach (in->shape, i, v)
		if (!json_is_string(v) &&
		    !(json_is_integer(v) && json_integer_value(v) >= 0))
			return fm_err_set(err, FM_USAGE,
			    "the shape of input '%s' must hold sizes and names",
			    in->name);
	return 0;
}

int
fm_feed_open(struct fm_feed *f, json_t *ports, struct fm_err *err)
{
	size_t i;

	memset(f, 0, sizeof *f);
	if (ports && !json_is_null(ports) && !json_is_array(ports))
		return fm_err_set(err, FM_USAGE, "\"inputs\" must be a list");
	f->n = json_array_size(ports);
	f->inputs = fm_calloc(f->n, sizeof *f->inputs);
	f->ports = json_incref(ports);
	for (i = 0; i < f->n; i++) {
		if (check_port(&f->inputs[i], json_array_get(ports, i), err)) {
			fm_feed_release(f);
			return -1;
		}
	}
	return 0;
}

void
fm_feed_release(struct fm_feed *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		fm_tensor_release(&f->inputs[i].t);
		fm_fill_release(&f->inputs[i].fill);
	}
	free(f->inputs);
	json_decref(f->ports);
	memset(f, 0, sizeof *f);
}

static int
shape_input(struct fm_feed_input *in, const json_t *dims, struct fm_err *err)
{
	int64_t d[FM_DIMS_MAX];
	const json_t *v, *size;
	size_t i;

	json_array_foreach (in->shape, i, v) {
		size = v;
		if (json_is_string(v))
			size = json_object_get(dims, json_string_value(v));
		if (!json_is_integer(size) || json_integer_value(size) < 0)
			return fm_err_set(err, FM_USAGE,
			    "dimension '%s' of input '%s' has no size in "
			    "\"dims\"",
			    json_string_value(v), in->name);
		d[i] = json_integer_value(size);
	}
	return fm_tensor_shape(
	    &in->t, in->type, (int)json_array_size(in->shape), d, err);
}

/* The file must have exactly the type and shape that `in` has now. */
static int
read_fixed(struct fm_feed_input *in, struct fm_err *err)
{
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_buf want = FM_BUF_INIT, got = FM_BUF_INIT;
	int rc = fm_npy_read(in->fill.path, &t, err);

	if (rc == 0 && (t.type != in->t.type || t.rank != in->t.rank ||
			   memcmp(t.dims, in->t.dims,
			       (size_t)t.rank * sizeof *t.dims) != 0)) {
		fm_tensor_put_text(&want, &in->t);
		fm_tensor_put_text(&got, &t);
		rc = fm_err_set(err, FM_USAGE,
		    "input '%s' must be %s, '%s' has %s", in->name, want.s,
		    in->fill.path, got.s);
	}
	if (rc == 0 && fm_tensor_bytes(&t))
		memcpy(in->t.data, t.data, fm_tensor_bytes(&t));
	fm_buf_release(&want);
	fm_buf_release(&got);
	fm_tensor_release(&t);
	return rc;
}

int
fm_feed_shape(struct fm_feed *f, const json_t *dims, const json_t *fills,
    struct fm_err *err)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		struct fm_feed_input *in = &f->inputs[i];
		const json_t *spec = json_object_get(fills, in->name);

		if (!spec)
			spec = json_object_get(
			    json_array_get(f->ports, i), "fill");
		fm_fill_release(&in->fill);
		if (fm_fill_read(&in->fill, spec, err))
			return fm_err_wrap(err, "input '%s'", in->name);
		if (shape_input(in, dims, err))
			return -1;
		if (in->fill.kind == FM_FILL_FILE && read_fixed(in, err))
			return -1;
		if (in->fill.kind == FM_FILL_VALUE)
			fm_fill_tensor(&in->fill, &in->t, 0);
	}
	return 0;
}

void
fm_feed_fill(struct fm_feed *f, uint64_t seed, int64_t rep)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		struct fm_feed_input *in = &f->inputs[i];

		if (!fm_fill_is_fixed(&in->fill))
			fm_fill_tensor(&in->fill, &in->t,
			    fm_fill_key(seed, i, (uint64_t)rep));
	}
}

/* Does what was read fit the declaration and the sizes seen before it? */
static int
check_loaded(const struct fm_feed_input *in, json_t *dims, struct fm_err *err)
{
	struct fm_buf want = FM_BUF_INIT, got = FM_BUF_INIT;
	size_t i, rank = json_array_size(in->shape);
	const json_t *v;
	int rc = 0;
	bool same = in->t.type == in->type && (size_t)in->t.rank == rank;

	for (i = 0; same && i < rank; i++) {
		v = json_array_get(in->shape, i);
		if (json_is_integer(v)) {
			same = json_integer_value(v) == in->t.dims[i];
			continue;
		}
		if (!json_object_get(dims, json_string_value(v)))
			fm_json_set_int(
			    dims, json_string_value(v), in->t.dims[i]);
		if (fm_json_int(dims, json_string_value(v), 0) != in->t.dims[i])
			rc = fm_err_set(err, FM_USAGE,
			    "dimension '%s' is %lld in input '%s', but %lld in "
			    "one before it",
			    json_string_value(v), (long long)in->t.dims[i],
			    in->name,
			    (long long)fm_json_int(
				dims, json_string_value(v), 0));
	}
	if (!same) {
		put_declared(&want, in);
		fm_tensor_put_text(&got, &in->t);
		rc = fm_err_set(err, FM_USAGE,
		    "input '%s' must be %s, the file has %s", in->name, want.s,
		    got.s);
	}
	fm_buf_release(&want);
	fm_buf_release(&got);
	return rc;
}

static int
check_names(const struct fm_feed *f, const json_t *files, struct fm_err *err)
{
	struct fm_buf have = FM_BUF_INIT;
	const json_t *v;
	size_t i, k;
	int rc = 0;

	for (k = 0; k < f->n; k++)
		fm_buf_printf(&have, "%s%s", k ? ", " : "", f->inputs[k].name);
	json_array_foreach (files, i, v) {
		const char *name = fm_json_str(v, "name", "");

		for (k = 0; k < f->n; k++)
			if (strcmp(f->inputs[k].name, name) == 0)
				break;
		if (k == f->n)
			rc = fm_err_set(err, FM_USAGE,
			    "the model has no input '%s'; it has: %s", name,
			    have.s);
	}
	fm_buf_release(&have);
	return rc;
}

static const char *
file_of(const json_t *files, const char *name)
{
	const json_t *v;
	size_t i;

	json_array_foreach (files, i, v)
		if (strcmp(fm_json_str(v, "name", ""), name) == 0)
			return fm_json_str(v, "file", NULL);
	return NULL;
}

int
fm_feed_load(
    struct fm_feed *f, const json_t *files, json_t *dims, struct fm_err *err)
{
	size_t i;

	if (check_names(f, files, err))
		return -1;
	for (i = 0; i < f->n; i++) {
		struct fm_feed_input *in = &f->inputs[i];
		const char *file = file_of(files, in->name);
		struct fm_buf want = FM_BUF_INIT;

		if (!file) {
			put_declared(&want, in);
			(void)fm_err_set(err, FM_USAGE,
			    "input '%s' is missing: %s", in->name, want.s);
			fm_buf_release(&want);
			return -1;
		}
		if (fm_npy_read(file, &in->t, err) ||
		    check_loaded(in, dims, err))
			return -1;
	}
	return 0;
}
