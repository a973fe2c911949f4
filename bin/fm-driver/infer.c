/*
 * Cases, one after the other: inputs from a folder, one request to the
 * backend, outputs in a folder, a comparison. What lies in a folder is
 * given.c's knowledge.
 */
#include "infer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "given.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "prog.h"
#include "remote.h"
#include "session.h"

struct run {
	struct fm_peer *peer;
	const struct fm_model *m;
	const struct infer_conf *c;
	FILE *out;
	char *work; /* folder of our own, for what has to be converted */
};

/* --- which cases ---------------------------------------------------------- */

/* "7" and "test_data_set_7" are 7; anything else is -1. */
static int64_t
case_number(const char *name)
{
	static const char prefix[] = "test_data_set_";
	int64_t v;

	if (strncmp(name, prefix, sizeof prefix - 1) == 0)
		name += sizeof prefix - 1;
	if (*name < '0' || *name > '9' ||
	    !fm_num_get_int(name, strlen(name), &v))
		return -1;
	return v;
}

static int
by_number(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int64_t m = case_number(x), n = case_number(y);

	return m != n ? (m > n) - (m < n) : strcmp(x, y);
}

static bool
is_tensor(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".npy") == 0 ||
			  (strcmp(dot, ".pb") == 0 &&
			      strncmp(name, "input_", 6) == 0));
}

/* The numbered folders in `dir`, in their order; none = it is one case. */
static int
list_cases(const struct fm_model *m, const char *dir, struct fm_strs *cases,
    struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	bool tensors = m->n_inputs == 0;
	int rc = given_list(dir, &names, err);
	size_t i;

	for (i = 0; i < names.n && rc == 0; i++) {
		char *path = fm_io_join(dir, names.v[i]);

		if (is_tensor(names.v[i]))
			tensors = true;
		else if (case_number(names.v[i]) >= 0 && fm_io_is_dir(path))
			fm_strs_add(cases, names.v[i]);
		free(path);
	}
	fm_strs_release(&names);
	if (rc)
		return -1;
	if (cases->n && tensors && m->n_inputs)
		return fm_err_set(err, FM_USAGE,
		    "'%s' holds both tensors and numbered folders", dir);
	if (!cases->n && !tensors)
		return fm_err_set(err, FM_USAGE,
		    "'%s' holds no <input>.npy, no input_<k>.pb, and no "
		    "numbered folders of them",
		    dir);
	if (cases->n)
		qsort(cases->v, cases->n, sizeof *cases->v, by_number);
	return 0;
}

/* --- one case ------------------------------------------------------------- */

/* What was written on a host, for the folder here. */
static int
bring_outputs(
    struct run *r, const char *from, const char *to, struct fm_err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < r->m->n_outputs && rc == 0; i++) {
		char *there = fm_npy_path(from, r->m->outputs[i].name);
		char *here = fm_npy_path(to, r->m->outputs[i].name);

		rc = remote_get(r->c->remote, there, here, err);
		free(there);
		free(here);
	}
	return rc;
}

/* Inputs go to the host, and outputs come back. */
static int
request_away(struct run *r, json_t *q, const char *outdir, struct fm_err *err)
{
	const char *there = remote_outdir(r->c->remote, err);

	if (!there ||
	    remote_inputs(r->c->remote, json_object_get(q, "inputs"), err) != 0)
		return -1;
	fm_json_set_str(q, "outdir", there);
	if (fm_peer_send(r->peer, q, err) != 0 ||
	    fm_peer_finish(r->peer, err) != 0)
		return -1;
	return bring_outputs(r, there, outdir, err);
}

static int
request(struct run *r, const struct given *g, const char *outdir,
    struct fm_err *err)
{
	json_t *q = json_object(), *inputs = json_array(), *in;
	size_t i;
	int rc;

	fm_json_set_str(q, "op", "infer");
	for (i = 0; i < g->n; i++) {
		in = json_object();
		fm_json_set_str(in, "name", r->m->inputs[i].name);
		fm_json_set_str(in, "file", g->v[i].path);
		(void)json_array_append_new(inputs, in);
	}
	(void)json_object_set_new(q, "inputs", inputs);
	fm_json_set_str(q, "outdir", outdir);
	if (r->c->remote)
		rc = request_away(r, q, outdir, err);
	else if ((rc = fm_peer_send(r->peer, q, err)) == 0)
		rc = fm_peer_finish(r->peer, err);
	json_decref(q);
	return rc;
}

/* The folder of a case; the only case is the folder itself. */
static char *
case_dir(const char *base, const char *name)
{
	return *name ? fm_io_join(base, name) : fm_strdup(base);
}

/* Outputs of an earlier run go: one that this run does not write must be seen
 * to be missing. */
static int
remove_outputs(const struct fm_model *m, const char *dir, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < m->n_outputs; i++) {
		char *path = fm_npy_path(dir, m->outputs[i].name);

		if (unlink(path) != 0 && errno != ENOENT)
			(void)fm_err_sys(
			    err, FM_IO, "cannot replace '%s'", path);
		free(path);
	}
	return err->code == FM_OK ? 0 : -1;
}

/* Makes the folder for a case's outputs; its absolute name, or NULL. */
static char *
make_outdir(struct run *r, const char *name, struct fm_err *err)
{
	char *dir =
	    r->c->out ? case_dir(r->c->out, name) : fm_io_join(r->work, "out");
	char *full = given_absolute(dir, err);

	if (full &&
	    (fm_io_mkdirs(dir, err) || remove_outputs(r->m, dir, err))) {
		free(full);
		full = NULL;
	}
	free(dir);
	return full;
}

/* --- comparison ----------------------------------------------------------- */

static void
put_place(struct fm_buf *b, const struct fm_tensor *t, int64_t at)
{
	int64_t index[FM_DIMS_MAX];
	int k;

	for (k = t->rank - 1; k >= 0; k--) {
		index[k] = at % t->dims[k];
		at /= t->dims[k];
	}
	for (k = 0; k < t->rank; k++)
		fm_buf_printf(b, "%c%" PRId64, k ? ',' : '[', index[k]);
	fm_buf_puts(b, t->rank ? "]" : "[]");
}

/* Appends how the two differ; true when they are equal. */
static bool
put_diff(struct fm_buf *b, const struct fm_tensor *got,
    const struct fm_tensor *want, const struct infer_conf *c)
{
	struct fm_tensor_diff d;
	int64_t n = fm_tensor_elems(want);

	if (got->type != want->type || got->rank != want->rank ||
	    memcmp(got->dims, want->dims,
		(size_t)want->rank * sizeof *want->dims) != 0) {
		fm_buf_puts(b, "differs: got ");
		fm_tensor_put_text(b, got);
		fm_buf_puts(b, ", expected ");
		fm_tensor_put_text(b, want);
		return false;
	}
	fm_tensor_compare(&d, got, want, c->rtol, c->atol);
	if (d.wrong)
		fm_buf_printf(
		    b, "differs in %" PRId64 " of %" PRId64, d.wrong, n);
	else
		fm_buf_puts(b, "equal");
	fm_buf_printf(b, ", max abs %.3g, max rel %.3g", d.max_abs, d.max_rel);
	if (d.max_abs > 0) {
		fm_buf_puts(b, ", worst at ");
		put_place(b, want, d.worst);
		fm_buf_puts(b, ": got ");
		fm_num_put_repr(b, fm_tensor_get(got, d.worst));
		fm_buf_puts(b, ", expected ");
		fm_num_put_repr(b, fm_tensor_get(want, d.worst));
	}
	return d.wrong == 0;
}

/* What was converted is compared in the type of what is expected. */
static int
widen(struct fm_tensor *t, const struct fm_model_port *p,
    const struct fm_tensor *want, struct fm_err *err)
{
	struct fm_tensor to = FM_TENSOR_INIT;
	int64_t i, n = fm_tensor_elems(t);

	if (!p->was_float || t->type != p->type || want->type != FM_TYPE_FLOAT)
		return 0;
	if (fm_tensor_shape(&to, FM_TYPE_FLOAT, t->rank, t->dims, err) != 0)
		return -1;
	for (i = 0; i < n; i++)
		fm_tensor_set(&to, i, fm_tensor_get(t, i));
	fm_tensor_release(t);
	*t = to;
	return 0;
}

/* One output against what is expected; 0 equal, 1 not, -1 error. */
static int
compare_output(struct run *r, const char *name, const char *outdir,
    const struct fm_model_port *p, const struct fm_tensor *want,
    struct fm_err *err)
{
	struct fm_tensor got = FM_TENSOR_INIT;
	char *path = fm_npy_path(outdir, p->name);
	struct fm_buf b = FM_BUF_INIT;
	bool same = false;
	int rc = 0;

	fm_buf_printf(&b, "%s%s%s: ", name, *name ? "/" : "", p->name);
	if (!fm_io_is_file(path))
		fm_buf_puts(&b, "missing");
	else if ((rc = fm_npy_read(path, &got, err)) == 0 &&
		 (rc = widen(&got, p, want, err)) == 0)
		same = put_diff(&b, &got, want, r->c);
	if (rc == 0)
		(void)fprintf(r->out, "%s\n", b.s);
	fm_buf_release(&b);
	fm_tensor_release(&got);
	free(path);
	return rc ? -1 : !same;
}

/* A .npy that belongs neither to an output nor to an input is a mistake. */
static int
unknown_output(
    struct run *r, const char *dir, const char *file, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i, n = strlen(file);

	if (n < 4 || strcmp(file + n - 4, ".npy") != 0 ||
	    given_npy_port(r->m->inputs, r->m->n_inputs, file) >= 0)
		return 0;
	for (i = 0; i < r->m->n_outputs; i++)
		fm_buf_printf(&b, "%s%s", i ? ", " : "", r->m->outputs[i].name);
	(void)fm_err_set(err, FM_USAGE,
	    "'%s/%s' belongs to no output; the model's outputs: %s", dir, file,
	    b.s);
	fm_buf_release(&b);
	return -1;
}

/* Everything that is expected of a case; 0 equal, 1 not, -1 error. */
static int
compare(struct run *r, const char *name, const char *outdir, struct fm_err *err)
{
	struct fm_strs files = FM_STRS_INIT;
	struct fm_tensor want = FM_TENSOR_INIT;
	char *dir = case_dir(r->c->expect, name);
	int rc = given_list(dir, &files, err), worst = 0, port;
	size_t i, n = 0;

	for (i = 0; i < files.n && rc >= 0; i++) {
		port = given_port(r->m->outputs, r->m->n_outputs, "output", dir,
		    files.v[i], &want, err);
		if (port == -1)
			rc = unknown_output(r, dir, files.v[i], err);
		else if (port < 0)
			rc = -1;
		else
			rc = compare_output(
			    r, name, outdir, &r->m->outputs[port], &want, err);
		n += port >= 0;
		worst = rc > worst ? rc : worst;
	}
	if (rc >= 0 && n == 0)
		rc = fm_err_set(err, FM_USAGE,
		    "'%s' holds no <output>.npy and no output_<k>.pb", dir);
	fm_strs_release(&files);
	fm_tensor_release(&want);
	free(dir);
	return rc < 0 ? -1 : worst;
}

/* --- the whole ------------------------------------------------------------ */

static int
run_case(struct run *r, const char *name, struct fm_err *err)
{
	char *dir = case_dir(r->c->in, name), *outdir = NULL;
	struct given g = { 0 };
	int rc;

	rc = given_read(&g, r->m, dir, r->c->pad, r->work, err);
	if (rc == 0) {
		outdir = make_outdir(r, name, err);
		if (outdir && r->c->session &&
		    session_fit(r->c->session, g.dims, err) != 0)
			rc = -1;
	}
	if (rc == 0) {
		rc = outdir ? request(r, &g, outdir, err) : -1;
	}
	if (rc == 0 && r->c->expect)
		rc = compare(r, name, outdir, err);
	given_release(&g);
	free(outdir);
	free(dir);
	return rc;
}

/* Would the next case fail of the same? */
static bool
fatal(const struct run *r, const struct fm_err *err)
{
	return err->code == FM_IO || err->code == FM_STOPPED ||
	       !fm_peer_alive(r->peer);
}

static int
run_cases(struct run *r, const struct fm_strs *cases, struct fm_err *err)
{
	int worst = 0, rc;
	size_t i;

	for (i = 0; i < cases->n; i++) {
		rc = run_case(r, cases->v[i], err);
		if (rc < 0) {
			(void)fm_err_wrap(err, "case %s", cases->v[i]);
			if (fatal(r, err))
				return -1;
			fm_prog_say("fm-driver", "%s", err->text);
			fm_err_clear(err);
		}
		if (rc)
			worst = 1;
	}
	return worst;
}

/* Writing outputs over what they are to be compared with proves nothing. */
static int
check_conf(const struct infer_conf *c, struct fm_err *err)
{
	struct stat a, b;

	if (!c->out && !c->expect)
		return fm_err_set(
		    err, FM_USAGE, "--infer needs --out DIR or --expect DIR");
	if (c->out && c->expect && stat(c->out, &a) == 0 &&
	    stat(c->expect, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino)
		return fm_err_set(err, FM_USAGE,
		    "--out and --expect are the same folder '%s'", c->out);
	return 0;
}

/* Two outputs in one file would be one output. */
static int
check_outputs(const struct fm_model *m, struct fm_err *err)
{
	struct fm_strs files = FM_STRS_INIT;
	ptrdiff_t same;
	size_t i;

	for (i = 0; i < m->n_outputs && err->code == FM_OK; i++) {
		char *file = fm_npy_path("", m->outputs[i].name);

		same = fm_strs_find(&files, file);
		if (same >= 0)
			(void)fm_err_set(err, FM_USAGE,
			    "outputs '%s' and '%s' of '%s' would both be "
			    "written to '%s'",
			    m->outputs[same].name, m->outputs[i].name, m->path,
			    file + 1);
		fm_strs_add_take(&files, file);
	}
	fm_strs_release(&files);
	return err->code == FM_OK ? 0 : -1;
}

int
infer_run(struct fm_peer *peer, const struct fm_model *m,
    const struct infer_conf *c, FILE *out, struct fm_err *err)
{
	struct run r = { peer, m, c, out, NULL };
	struct fm_strs cases = FM_STRS_INIT;
	int rc = -1;

	if (check_conf(c, err) || check_outputs(m, err) ||
	    list_cases(m, c->in, &cases, err))
		goto out;
	r.work = fm_io_tmpdir("fm-infer", err);
	if (!r.work)
		goto out;
	rc = cases.n ? run_cases(&r, &cases, err) : run_case(&r, "", err);
	if (fm_io_remove_tree(r.work, err))
		rc = -1;
out:
	fm_strs_release(&cases);
	free(r.work);
	return rc;
}

int
infer_inputs(const char *dir, const struct fm_model *m, const char *work,
    json_t **files, json_t **dims, struct fm_err *err)
{
	struct given g;
	size_t i;

	if (given_read(&g, m, dir, NULL, work, err))
		return -1;
	*files = json_object();
	for (i = 0; i < g.n; i++)
		fm_json_set_str(*files, m->inputs[i].name, g.v[i].path);
	*dims = json_incref(g.dims);
	given_release(&g);
	return 0;
}

json_t *
infer_sizes(const char *dir, const struct fm_model *m, const char *pad,
    const char *work, struct fm_err *err)
{
	struct fm_strs cases = FM_STRS_INIT;
	json_t *sizes = NULL;
	struct given g;
	char *first;

	if (list_cases(m, dir, &cases, err) == 0) {
		first = case_dir(dir, cases.n ? cases.v[0] : "");
		if (given_read(&g, m, first, pad, work, err) == 0) {
			sizes = json_incref(g.dims);
			given_release(&g);
		}
		free(first);
	}
	fm_strs_release(&cases);
	return sizes;
}
