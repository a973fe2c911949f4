/*
 * Reading .safetensors headers: eight bytes of length, a JSON object of
 * tensors, the data. Everything in it is checked against the size of the file
 * before anybody believes it; the data itself is never touched.
 */
#define _XOPEN_SOURCE 700 /* realpath */
#include "model/weights.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "err.h"
#include "io.h"
#include "json.h"

enum {
	HEADER_MAX = 100 << 20 /* bytes; the limit of the format */
};

static uint64_t
little_endian(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* Elements times size, or UINT64_MAX when that does not fit. */
static uint64_t
size_of(const struct fm_weight *t)
{
	uint64_t n = fm_type_size(t->type);

	for (int i = 0; i < t->rank; i++) {
		uint64_t d = (uint64_t)t->dims[i];

		if (d && n > UINT64_MAX / 2 / d)
			return UINT64_MAX;
		n *= d;
	}
	return n;
}

static int
read_shape(struct fm_weight *t, const json_t *shape)
{
	size_t n = json_array_size(shape);

	if (!json_is_array(shape) || n > FM_DIMS_MAX)
		return -1;
	t->rank = (int)n;
	for (size_t i = 0; i < n; i++) {
		const json_t *d = json_array_get(shape, i);

		if (!json_is_integer(d) || json_integer_value(d) < 0)
			return -1;
		t->dims[i] = json_integer_value(d);
	}
	return 0;
}

/* One member of the header; `begin` and `end` bound the data in the file. */
static int
read_tensor(struct fm_weights *w, const char *path, const char *name,
    const json_t *v, uint64_t begin, uint64_t end, struct fm_err *err)
{
	const char *dtype = fm_json_str(v, "dtype", "");
	const json_t *offsets = json_object_get(v, "data_offsets");
	int64_t from = json_integer_value(json_array_get(offsets, 0));
	int64_t to = json_integer_value(json_array_get(offsets, 1));
	struct fm_weight t = { .file = w->files.n - 1 };

	t.type = fm_type_of(dtype);
	if (!*dtype || json_array_size(offsets) != 2 || from < 0 || to < from ||
	    read_shape(&t, json_object_get(v, "shape")))
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': tensor '%.200s' has a malformed header entry", path,
		    name);
	if ((uint64_t)to > end - begin)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s' is truncated: tensor '%.200s' ends at byte %" PRIu64
		    ", the file has %" PRIu64,
		    path, name, begin + (uint64_t)to, end);
	t.bytes = (uint64_t)(to - from);
	t.offset = begin + (uint64_t)from;
	if (fm_type_size(t.type) > 0 && size_of(&t) != t.bytes)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s': tensor '%.200s' has %" PRIu64
		    " bytes, which is not what its shape and type need",
		    path, name, t.bytes);
	t.name = fm_strdup(name);
	memcpy(t.dtype, dtype, strnlen(dtype, sizeof t.dtype - 1));
	FM_GROW(w->v, w->cap, w->n + 1);
	w->v[w->n++] = t;
	return 0;
}

static int
read_header(struct fm_weights *w, const char *path, const struct fm_map *m,
    struct fm_err *err)
{
	uint64_t len = m->n >= 8 ? little_endian(m->p) : 0;
	const char *name;
	json_t *root, *v;
	int r = 0;

	if (m->n < 8 || (len <= HEADER_MAX && len > m->n - 8))
		return fm_err_set(err, FM_NOMODEL,
		    "'%s' is truncated: its header ends at byte %" PRIu64
		    ", the file has %zu",
		    path, len + 8, m->n);
	if (len > HEADER_MAX)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s' is not a safetensors file: header of %" PRIu64
		    " bytes",
		    path, len);
	root =
	    fm_json_parse((const char *)m->p + 8, (size_t)len, "header", err);
	if (!json_is_object(root)) {
		json_decref(root);
		(void)fm_err_set(err, FM_NOMODEL, "header: not a JSON object");
		return fm_err_wrap(err, "'%s' is not a safetensors file", path);
	}
	json_object_foreach (root, name, v) {
		if (strcmp(name, "__metadata__") == 0)
			continue;
		r = read_tensor(w, path, name, v, len + 8, m->n, err);
		if (r)
			break;
	}
	json_decref(root);
	return r;
}

static int
read_file(struct fm_weights *w, const char *path, struct fm_err *err)
{
	struct fm_map m = { NULL, 0 };
	struct fm_err bad = FM_ERR_INIT;
	int r;

	if (fm_map_open(&m, path, err))
		return -1;
	r = read_header(w, path, &m, &bad);
	fm_map_release(&m);
	if (r) {
		bad.code = FM_NOMODEL;
		return fm_err_set(err, bad.code, "%s", bad.text);
	}
	return 0;
}

/* The names of the files, relative to the folder. */
static int
read_index(struct fm_strs *names, const char *path, struct fm_err *err)
{
	json_t *root = fm_json_read_file(path, err);
	json_t *map = json_object_get(root, "weight_map");
	const char *key;
	json_t *v;
	int r = 0;

	if (!root)
		return -1;
	if (json_object_size(map) == 0)
		r = fm_err_set(
		    err, FM_NOMODEL, "'%s': no 'weight_map' in it", path);
	json_object_foreach (map, key, v) {
		const char *s = json_string_value(v);

		if (!s || !*s || strchr(s, '/')) {
			r = fm_err_set(err, FM_NOMODEL,
			    "'%s': '%.200s' is not in a file beside it", path,
			    key);
			break;
		}
		if (fm_strs_find(names, s) < 0)
			fm_strs_add(names, s);
	}
	json_decref(root);
	return r;
}

static char *
parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? fm_strdup("/")
			     : fm_strndup(path, (size_t)(slash - path));
}

char *
fm_weights_folder_of(const char *path)
{
	char *real = realpath(path, NULL);
	char *dir = real ? parent(real) : NULL;

	free(real);
	return dir;
}

/*
 * ONNX Runtime refuses links that lead out of the folder it is given, and the
 * hub's cache consists of such links. So the folder is the one in which the
 * files really lie; files of several folders get hard links in `work`.
 */
static int
link_into(struct fm_weights *w, const struct fm_strs *real, const char *work,
    struct fm_err *err)
{
	for (size_t i = 0; i < real->n; i++) {
		char *name = fm_strdupf("weights-%zu.safetensors", i + 1);
		char *to = fm_io_join(work, name);

		fm_strs_add_take(&w->files, name);
		if (link(real->v[i], to) && errno != EEXIST) {
			free(to);
			return fm_err_sys(err, FM_NOMODEL,
			    "'%s' cannot be linked into '%s': put all weight "
			    "files into one folder",
			    real->v[i], work);
		}
		free(to);
	}
	w->dir = fm_strdup(work);
	return 0;
}

static int
place_files(struct fm_weights *w, const struct fm_strs *real, const char *work,
    struct fm_err *err)
{
	bool one = true;
	char *dir;

	assert(real->n > 0);
	dir = parent(real->v[0]);
	for (size_t i = 1; one && i < real->n; i++) {
		char *other = parent(real->v[i]);

		one = strcmp(dir, other) == 0;
		free(other);
	}
	if (!one) {
		free(dir);
		return link_into(w, real, work, err);
	}
	w->dir = dir;
	for (size_t i = 0; i < real->n; i++)
		fm_strs_add(&w->files, fm_io_base(real->v[i]));
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct fm_weight *)a)->name,
	    ((const struct fm_weight *)b)->name);
}

static int
real_names(struct fm_strs *real, const char *folder,
    const struct fm_strs *names, struct fm_err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		char *path = fm_io_join(folder, names->v[i]);
		char *r = realpath(path, NULL);

		if (!r)
			(void)fm_err_sys(err, FM_NOMODEL,
			    "weights '%s' cannot be opened", path);
		free(path);
		if (!r)
			return -1;
		fm_strs_add_take(real, r);
	}
	return 0;
}

/* Also a link that leads nowhere: what it should be is not "no weights". */
static bool
is_there(const char *path)
{
	struct stat s;

	return lstat(path, &s) == 0;
}

int
fm_weights_open(struct fm_weights *w, const char *folder, const char *work,
    struct fm_err *err)
{
	static const char single[] = "model.safetensors";
	static const char index[] = "model.safetensors.index.json";
	struct fm_strs names = FM_STRS_INIT, real = FM_STRS_INIT, files;
	char *one = fm_io_join(folder, single);
	char *many = fm_io_join(folder, index);
	int r = 0;

	memset(w, 0, sizeof *w);
	if (is_there(one))
		fm_strs_add(&names, single);
	else if (is_there(many))
		r = read_index(&names, many, err);
	else
		r = 1;
	if (r == 0)
		r = real_names(&real, folder, &names, err);
	if (r == 0)
		r = place_files(w, &real, work, err);
	files = w->files;
	for (size_t i = 0; r == 0 && i < real.n; i++) {
		w->files.n = i + 1;
		r = read_file(w, real.v[i], err);
	}
	w->files = files;
	if (w->n)
		qsort(w->v, w->n, sizeof *w->v, by_name);
	free(one);
	free(many);
	fm_strs_release(&names);
	fm_strs_release(&real);
	return r;
}

void
fm_weights_release(struct fm_weights *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i].name);
	free(w->v);
	free(w->dir);
	fm_strs_release(&w->files);
	memset(w, 0, sizeof *w);
}

static int
is_named(const void *name, const void *w)
{
	return strcmp(name, ((const struct fm_weight *)w)->name);
}

const struct fm_weight *
fm_weights_find(const struct fm_weights *w, const char *name)
{
	return w->n ? bsearch(name, w->v, w->n, sizeof *w->v, is_named) : NULL;
}
