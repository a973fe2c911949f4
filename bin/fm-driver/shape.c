/*
 * Open dimensions: names, sizes, and the messages about them.
 */
#include "shape.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "conf.h"
#include "json.h"
#include "model/model.h"

typedef void each_dim(void *arg, const char *name, enum fm_axis axis);

/* Calls f for every open dimension of every input. */
static void
for_each(const struct fm_model *m, each_dim *f, void *arg)
{
	size_t i;
	int k;

	for (i = 0; i < m->n_inputs; i++)
		for (k = 0; k < m->inputs[i].rank; k++) {
			const char *name = m->inputs[i].syms[k];

			if (name)
				f(arg, name, fm_model_axis(name));
		}
}

/* --- finding out what follows what --- */

struct finder {
	struct shape *s;
	struct fm_buf open; /* names of dimensions nothing follows */
	struct fm_buf all;
	struct fm_strs seen;
};

static void
find(void *arg, const char *name, enum fm_axis axis)
{
	struct finder *f = arg;
	int64_t size;

	if (fm_strs_find(&f->seen, name) >= 0)
		return;
	fm_strs_add(&f->seen, name);
	fm_buf_printf(&f->all, " %s", name);
	size = fm_json_int(f->s->extra, name, 0);
	if (size && axis == FM_AXIS_BATCH)
		f->s->set_batch = size;
	else if (size && axis == FM_AXIS_SEQUENCE)
		f->s->set_input = size;
	else if (size)
		return;
	else if (axis == FM_AXIS_BATCH)
		f->s->open_batch = true;
	else if (axis == FM_AXIS_SEQUENCE)
		f->s->open_input = true;
	else
		fm_buf_printf(&f->open, " %s", name);
}

static int
check_names(const struct conf *c, const struct fm_model *m,
    const struct finder *f, struct fm_err *err)
{
	const char *key, *odd = NULL;
	json_t *v;

	json_object_foreach (c->dim_values, key, v)
		if (fm_strs_find(&f->seen, key) < 0)
			odd = key;
	if (odd)
		return fm_err_set(err, FM_USAGE,
		    "--dim: '%s' is not an open dimension of '%s', which has:"
		    "%s",
		    odd, m->path, f->all.len ? f->all.s : " none");
	/* With --infer the files of a case have them, each its own. */
	if (f->open.len && !c->infer)
		return fm_err_set(err, FM_USAGE,
		    "dimensions of '%s' without a size:%s (all open ones:%s); "
		    "set each with --dim NAME=N",
		    m->path, f->open.s, f->all.s);
	return 0;
}

/* --- sizes --- */

static void
set_sizes(int64_t **v, size_t *n, const int64_t *from, size_t count)
{
	*v = fm_calloc(count, sizeof **v);
	memcpy(*v, from, count * sizeof **v);
	*n = count;
}

static void
set_one(int64_t **v, size_t *n, int64_t size)
{
	set_sizes(v, n, &size, 1);
}

/* The leading dimension of the first input: the batch of a fixed model. */
static int64_t
leading(const struct shape *s, const struct fm_model *m)
{
	const struct fm_model_port *p = m->n_inputs ? &m->inputs[0] : NULL;

	if (s->set_batch)
		return s->set_batch;
	return p && p->rank > 0 && p->dims[0] > 0 ? p->dims[0] : 1;
}

static int
choose_batch(struct shape *s, const struct conf *c, const struct fm_model *m,
    struct fm_err *err)
{
	int64_t fixed = leading(s, m);

	if (s->open_batch) {
		set_sizes(&s->sizes.batches, &s->sizes.n_batches, c->batch,
		    c->n_batch);
		return 0;
	}
	if (c->batch_sizes && (c->n_batch != 1 || c->batch[0] != fixed))
		return fm_err_set(err, FM_USAGE,
		    "--batch_sizes '%s': the batch of '%s' is fixed at %lld",
		    c->batch_sizes, m->path, (long long)fixed);
	set_one(&s->sizes.batches, &s->sizes.n_batches, fixed);
	return 0;
}

static int
choose_input(struct shape *s, const struct conf *c, const struct fm_model *m,
    struct fm_err *err)
{
	size_t i;

	if (!s->open_input) {
		if (c->input_sizes && s->set_input &&
		    (c->n_input != 1 || c->input[0] != s->set_input))
			return fm_err_set(err, FM_USAGE,
			    "--input_sizes '%s': the sequence of '%s' is fixed "
			    "at %lld",
			    c->input_sizes, m->path, (long long)s->set_input);
		if (c->input_sizes && !s->set_input)
			return fm_err_set(err, FM_USAGE,
			    "--input_sizes '%s': no open dimension of '%s' is "
			    "a sequence",
			    c->input_sizes, m->path);
		set_one(&s->sizes.inputs, &s->sizes.n_inputs, s->set_input);
		return 0;
	}
	set_sizes(&s->sizes.inputs, &s->sizes.n_inputs, c->input, c->n_input);
	if (!c->input_sizes && m->positions && c->input[0] > m->positions)
		s->sizes.inputs[0] = m->positions;
	for (i = 0; m->positions && i < s->sizes.n_inputs; i++)
		if (s->sizes.inputs[i] > m->positions)
			return fm_err_set(err, FM_USAGE,
			    "--input_sizes: %lld tokens are more than the %lld "
			    "positions of '%s'",
			    (long long)s->sizes.inputs[i],
			    (long long)m->positions, m->path);
	return 0;
}

/* Without a model any size goes. */
static int
choose(struct shape *s, const struct conf *c, const struct fm_model *m,
    struct fm_err *err)
{
	if (m)
		return choose_batch(s, c, m, err) || choose_input(s, c, m, err)
			   ? -1
			   : 0;
	set_sizes(&s->sizes.batches, &s->sizes.n_batches, c->batch, c->n_batch);
	set_sizes(&s->sizes.inputs, &s->sizes.n_inputs, c->input, c->n_input);
	return 0;
}

int
shape_init(struct shape *s, const struct conf *c, const struct fm_model *m,
    const json_t *given, struct fm_err *err)
{
	struct finder f = { s, FM_BUF_INIT, FM_BUF_INIT, FM_STRS_INIT };
	int rc = 0;

	memset(s, 0, sizeof *s);
	s->extra = given ? json_deep_copy(given) : json_object();
	(void)json_object_update(s->extra, c->dim_values);
	if (m) {
		for_each(m, find, &f);
		rc = check_names(c, m, &f, err);
	}
	fm_buf_release(&f.open);
	fm_buf_release(&f.all);
	fm_strs_release(&f.seen);
	if (rc != 0 || choose(s, c, m, err) != 0)
		return -1;
	if (c->n_output)
		set_sizes(&s->sizes.outputs, &s->sizes.n_outputs, c->output,
		    c->n_output);
	return fm_sweep_points(&s->sizes,
	    c->n_output ? FM_SWEEP_INFER : FM_SWEEP_EMBED, &s->points,
	    &s->n_points, err);
}

void
shape_release(struct shape *s)
{
	json_decref(s->extra);
	free(s->sizes.inputs);
	free(s->sizes.outputs);
	free(s->sizes.batches);
	free(s->points);
	memset(s, 0, sizeof *s);
}

struct setter {
	const struct shape *s;
	json_t *dims;
	const struct fm_point *at;
};

static void
set(void *arg, const char *name, enum fm_axis axis)
{
	struct setter *t = arg;
	int64_t v = axis == FM_AXIS_BATCH ? t->at->batch : t->at->input;

	fm_json_set_int(t->dims, name, fm_json_int(t->s->extra, name, v));
}

json_t *
shape_dims(
    const struct shape *s, const struct fm_model *m, const struct fm_point *at)
{
	struct setter t = { s, json_object(), at };

	if (m)
		for_each(m, set, &t);
	return t.dims;
}

json_t *
shape_inputs(const struct fm_model *m)
{
	json_t *all = json_array();
	size_t i;
	int k;

	for (i = 0; i < m->n_inputs; i++) {
		const struct fm_model_port *p = &m->inputs[i];
		json_t *one = json_object(), *dims = json_array();

		for (k = 0; k < p->rank; k++) {
			if (p->syms[k])
				json_array_append_new(
				    dims, json_string(p->syms[k]));
			else
				json_array_append_new(
				    dims, json_integer(p->dims[k]));
		}
		fm_json_set_str(one, "name", p->name);
		fm_json_set_str(one, "type", fm_type_name(p->type));
		json_object_set_new(one, "shape", dims);
		json_object_set(one, "fill", p->fill);
		json_array_append_new(all, one);
	}
	return all;
}
