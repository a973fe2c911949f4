/*
 * Reads the tensors of a folder and fits them to a model's inputs. Knows the
 * names of files and the shapes of the model; knows no backend and no cases.
 */
#include "given.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "model/convert.h"
#include "num.h"

int
given_list(const char *dir, struct fm_strs *names, struct fm_err *err)
{
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return fm_err_sys(err, FM_IO, "cannot open folder '%s'", dir);
	while (errno = 0, (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			fm_strs_add(names, e->d_name);
	if (errno)
		(void)fm_err_sys(err, FM_IO, "cannot read folder '%s'", dir);
	(void)closedir(d);
	fm_strs_sort(names);
	return err->code == FM_OK ? 0 : -1;
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && strcmp(s + n - k, end) == 0;
}

int
given_npy_port(const struct fm_model_port *ports, size_t n, const char *file)
{
	size_t len = strlen(file) - strlen(".npy"), i;
	int port = -1;

	if (!ends_with(file, ".npy"))
		return -1;
	for (i = 0; i < n; i++) {
		char *path = fm_npy_path("", ports[i].name);
		bool exact = strlen(ports[i].name) == len &&
			     strncmp(ports[i].name, file, len) == 0;

		if (exact || (port < 0 && strcmp(path + 1, file) == 0))
			port = (int)i;
		free(path);
	}
	return port;
}

/* "input_3.pb" gives 3; -1 = not of that form. */
static int64_t
pb_index(const char *kind, const char *file)
{
	size_t k = strlen(kind), n = strlen(file);
	int64_t v;

	if (strncmp(file, kind, k) != 0 || file[k] != '_' ||
	    !ends_with(file, ".pb") || n < k + 4 ||
	    !fm_num_get_int(file + k + 1, n - k - 4, &v) || v < 0)
		return -1;
	return v;
}

static int
pb_port(const struct fm_model_port *ports, size_t n, const char *path,
    int64_t index, struct fm_tensor *t, struct fm_err *err)
{
	char *name = NULL;
	size_t i;

	if (fm_model_read_pb(path, t, &name, err))
		return -2;
	for (i = 0; i < n; i++)
		if (name && strcmp(ports[i].name, name) == 0)
			index = (int64_t)i;
	free(name);
	if (index < (int64_t)n)
		return (int)index;
	(void)fm_err_set(err, FM_USAGE,
	    "'%s': the model has only %zu such tensors", path, n);
	return -2;
}

int
given_port(const struct fm_model_port *ports, size_t n, const char *kind,
    const char *dir, const char *file, struct fm_tensor *t, struct fm_err *err)
{
	int64_t index = pb_index(kind, file);
	char *path = fm_io_join(dir, file);
	int port = -1;

	if (index >= 0)
		port = pb_port(ports, n, path, index, t, err);
	else
		port = given_npy_port(ports, n, file);
	if (port >= 0 && index < 0 && fm_npy_read(path, t, err))
		port = -2;
	free(path);
	return port;
}

static void
put_port(struct fm_buf *b, const struct fm_model_port *p)
{
	int i;

	fm_buf_puts(b, fm_type_name(p->type));
	if (p->rank < 0) {
		fm_buf_puts(b, " of any shape");
		return;
	}
	fm_buf_putc(b, '[');
	for (i = 0; i < p->rank; i++) {
		if (i)
			fm_buf_putc(b, ',');
		if (p->dims[i] >= 0)
			fm_num_put_int(b, p->dims[i]);
		else
			fm_buf_puts(b, p->syms[i] ? p->syms[i] : "?");
	}
	fm_buf_putc(b, ']');
}

/* Names what the model has: the answer to a name it does not have. */
static int
unknown_input(const struct fm_model *m, const char *dir, const char *file,
    struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < m->n_inputs; i++) {
		fm_buf_printf(&b, "%s%s ", i ? ", " : "", m->inputs[i].name);
		put_port(&b, &m->inputs[i]);
	}
	(void)fm_err_set(err, FM_USAGE,
	    "'%s/%s' belongs to no input; the model's inputs: %s", dir, file,
	    m->n_inputs ? b.s : "none");
	fm_buf_release(&b);
	return -1;
}

/* Takes one file of the folder, if it is a tensor. */
static int
read_file(struct given *g, const struct fm_model *m, const char *dir,
    const char *file, struct fm_err *err)
{
	struct fm_tensor t = FM_TENSOR_INIT;
	int i = given_port(m->inputs, m->n_inputs, "input", dir, file, &t, err);

	if (i < 0) {
		fm_tensor_release(&t);
		if (i == -1 && ends_with(file, ".npy") &&
		    given_npy_port(m->outputs, m->n_outputs, file) < 0)
			return unknown_input(m, dir, file, err);
		return i == -1 ? 0 : -1;
	}
	if (g->v[i].file) {
		fm_tensor_release(&t);
		return fm_err_set(err, FM_USAGE,
		    "'%s': input '%s' is given twice, in %s and %s", dir,
		    m->inputs[i].name, g->v[i].file, file);
	}
	g->v[i].file = fm_strdup(file);
	g->v[i].t = t;
	g->v[i].changed = ends_with(file, ".pb");
	return 0;
}

static int
wrong_shape(const struct given_input *in, const struct fm_model_port *p,
    const char *hint, struct fm_err *err)
{
	struct fm_buf have = FM_BUF_INIT, want = FM_BUF_INIT;

	fm_tensor_put_text(&have, &in->t);
	put_port(&want, p);
	(void)fm_err_set(err, FM_USAGE,
	    "%s is %s, the model wants %s for '%s'%s", in->file, have.s, want.s,
	    p->name, hint);
	fm_buf_release(&have);
	fm_buf_release(&want);
	return -1;
}

/* Data of the model as it was before it was converted. */
static int
convert_input(
    struct given_input *in, const struct fm_model_port *p, struct fm_err *err)
{
	struct fm_tensor to = FM_TENSOR_INIT;
	int64_t i, n = fm_tensor_elems(&in->t);
	const float *from = in->t.data;

	if (!p->was_float || in->t.type != FM_TYPE_FLOAT)
		return 0;
	if (fm_tensor_shape(&to, p->type, in->t.rank, in->t.dims, err))
		return fm_err_wrap(err, "%s", in->file);
	for (i = 0; i < n; i++)
		((uint16_t *)to.data)[i] = fm_convert_value(p->type, from[i]);
	fm_tensor_release(&in->t);
	in->t = to;
	in->changed = true;
	return 0;
}

/* The longest that any input has for the open dimension `sym`. */
static int64_t
longest(const struct given *g, const struct fm_model *m, const char *sym)
{
	int64_t most = 0;
	size_t i;
	int k;

	for (i = 0; i < g->n; i++) {
		const struct fm_model_port *p = &m->inputs[i];

		for (k = 0; k < p->rank && k < g->v[i].t.rank; k++)
			if (p->syms[k] && strcmp(p->syms[k], sym) == 0 &&
			    g->v[i].t.dims[k] > most)
				most = g->v[i].t.dims[k];
	}
	return most;
}

/* The shape that an input must get; `dims` is set. */
static int
wanted_shape(const struct given *g, const struct fm_model *m, size_t i,
    bool pad, int64_t *dims, struct fm_err *err)
{
	const struct fm_model_port *p = &m->inputs[i];
	const struct fm_tensor *t = &g->v[i].t;
	int k;

	memcpy(dims, t->dims, sizeof t->dims);
	if (p->type != t->type || (p->rank >= 0 && p->rank != t->rank))
		return wrong_shape(&g->v[i], p, "", err);
	for (k = 0; k < p->rank; k++) {
		if (p->dims[k] >= 0)
			dims[k] = p->dims[k];
		else if (pad && p->syms[k])
			dims[k] = longest(g, m, p->syms[k]);
		if (t->dims[k] > dims[k])
			return wrong_shape(&g->v[i], p, "", err);
		if (t->dims[k] < dims[k] && !pad)
			return wrong_shape(&g->v[i], p,
			    "; with --infer, --pad VALUE fills what is short",
			    err);
	}
	return 0;
}

/* Copies `from` into the low corner of `to`, row by row. */
static void
copy_corner(struct fm_tensor *to, const struct fm_tensor *from)
{
	size_t size = fm_type_size(from->type), row = size, at, k, off;
	int64_t index[FM_DIMS_MAX] = { 0 };
	int last = from->rank - 1, d;

	if (last >= 0)
		row = (size_t)from->dims[last] * size;
	for (at = 0; at < fm_tensor_bytes(from); at += row) {
		for (off = 0, d = 0; d <= last; d++)
			off = off * (size_t)to->dims[d] + (size_t)index[d];
		k = off * size;
		memcpy((char *)to->data + k, (char *)from->data + at, row);
		for (d = last - 1; d >= 0; d--) {
			if (++index[d] < from->dims[d])
				break;
			index[d] = 0;
		}
	}
}

static int
pad_input(struct given_input *in, const int64_t *dims, double value,
    struct fm_err *err)
{
	struct fm_tensor to = FM_TENSOR_INIT;
	int64_t i, n;

	if (fm_tensor_shape(&to, in->t.type, in->t.rank, dims, err))
		return fm_err_wrap(err, "%s", in->file);
	n = fm_tensor_elems(&to);
	for (i = 0; i < n; i++)
		fm_tensor_set(&to, i, value);
	if (n > 0 && !fm_type_is_float(to.type) &&
	    fm_tensor_get(&to, 0) != value) {
		fm_tensor_release(&to);
		return fm_err_set(err, FM_USAGE,
		    "%s: --pad %g is not a value of its type %s", in->file,
		    value, fm_type_name(in->t.type));
	}
	copy_corner(&to, &in->t);
	fm_tensor_release(&in->t);
	in->t = to;
	in->changed = true;
	return 0;
}

/* Enters the sizes of an input's open dimensions. */
static int
add_dims(json_t *dims, const struct fm_model_port *p,
    const struct given_input *in, struct fm_err *err)
{
	int k;

	for (k = 0; k < p->rank; k++) {
		const json_t *had;

		if (!p->syms[k])
			continue;
		had = json_object_get(dims, p->syms[k]);
		if (had && json_integer_value(had) != in->t.dims[k])
			return fm_err_set(err, FM_USAGE,
			    "%s has %" PRId64 " for dimension '%s', an input "
			    "before it %" PRId64
			    "; with --infer, --pad VALUE fills what is short",
			    in->file, in->t.dims[k], p->syms[k],
			    (int64_t)json_integer_value(had));
		fm_json_set_int(dims, p->syms[k], in->t.dims[k]);
	}
	return 0;
}

/* Types and shapes of all, before anything is padded. */
static int
fit(struct given *g, const struct fm_model *m, const char *dir, const char *pad,
    struct fm_err *err)
{
	int64_t(*dims)[FM_DIMS_MAX] = fm_calloc(g->n, sizeof *dims);
	double value = 0;
	size_t i;
	int rc = -1;

	if (pad && !fm_num_get_double(pad, strlen(pad), &value)) {
		(void)fm_err_set(
		    err, FM_USAGE, "--pad must be a number, got '%s'", pad);
		goto out;
	}
	for (i = 0; i < g->n; i++) {
		if (!g->v[i].file) {
			char *file = fm_npy_path("", m->inputs[i].name);

			(void)fm_err_set(err, FM_USAGE,
			    "'%s' lacks input '%s': no %s and no input_%zu.pb",
			    dir, m->inputs[i].name, file + 1, i);
			free(file);
			goto out;
		}
		if (convert_input(&g->v[i], &m->inputs[i], err) ||
		    wanted_shape(g, m, i, pad != NULL, dims[i], err)) {
			(void)fm_err_wrap(err, "'%s'", dir);
			goto out;
		}
	}
	rc = 0;
	for (i = 0; i < g->n && rc == 0; i++) {
		if (memcmp(dims[i], g->v[i].t.dims,
			(size_t)g->v[i].t.rank * sizeof **dims) != 0)
			rc = pad_input(&g->v[i], dims[i], value, err);
		if (rc == 0)
			rc = add_dims(g->dims, &m->inputs[i], &g->v[i], err);
	}
	if (rc)
		(void)fm_err_wrap(err, "'%s'", dir);
out:
	free(dims);
	return rc;
}

char *
given_absolute(const char *path, struct fm_err *err)
{
	char here[4096];

	if (path[0] == '/')
		return fm_strdup(path);
	if (!getcwd(here, sizeof here)) {
		(void)fm_err_sys(err, FM_IO, "cannot name the current folder");
		return NULL;
	}
	return fm_io_join(here, path);
}

/* Gives each input its absolute path. */
static int
set_paths(
    struct given *g, const char *dir, const char *work, struct fm_err *err)
{
	char *path;
	size_t i;
	int rc;

	for (i = 0; i < g->n; i++) {
		struct given_input *in = &g->v[i];

		path = in->changed ? fm_strdupf("%s/input_%zu.npy", work, i)
				   : fm_io_join(dir, in->file);
		in->path = given_absolute(path, err);
		rc = in->path ? 0 : -1;
		if (rc == 0 && in->changed)
			rc = fm_npy_write(path, &in->t, err);
		free(path);
		if (rc)
			return -1;
	}
	return 0;
}

/* A table of positions ends somewhere, and the runtime says so badly. */
static int
check_positions(const struct given *g, const struct fm_model *m,
    const char *dir, struct fm_err *err)
{
	const char *name;
	json_t *size;

	json_object_foreach (g->dims, name, size)
		if (m->positions && fm_model_axis(name) == FM_AXIS_SEQUENCE &&
		    json_integer_value(size) > m->positions)
			return fm_err_set(err, FM_USAGE,
			    "'%s': %lld tokens are more than the %lld "
			    "positions of '%s'",
			    dir, (long long)json_integer_value(size),
			    (long long)m->positions, m->path);
	return 0;
}

int
given_read(struct given *g, const struct fm_model *m, const char *dir,
    const char *pad, const char *work, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	size_t i;
	int rc;

	g->n = m->n_inputs;
	g->v = fm_calloc(g->n, sizeof *g->v);
	g->dims = json_object();
	rc = given_list(dir, &names, err);
	for (i = 0; i < names.n && rc == 0; i++)
		rc = read_file(g, m, dir, names.v[i], err);
	if (rc == 0)
		rc = fit(g, m, dir, pad, err);
	if (rc == 0)
		rc = check_positions(g, m, dir, err);
	if (rc == 0)
		rc = set_paths(g, dir, work, err);
	fm_strs_release(&names);
	if (rc)
		given_release(g);
	return rc;
}

void
given_release(struct given *g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		free(g->v[i].file);
		free(g->v[i].path);
		fm_tensor_release(&g->v[i].t);
	}
	free(g->v);
	json_decref(g->dims);
	g->v = NULL;
	g->dims = NULL;
	g->n = 0;
}
