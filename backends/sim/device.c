/*
 * Device files: the table of fields, the reader that checks them, and the
 * search for names.
 */
#include "device.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "strs.h"
#include "yaml.h"

#include <dirent.h>

/* What a field may hold. */
enum range {
	ABOVE_0, /* a divisor */
	FROM_0,
	FRACTION, /* above 0, up to 1 */
	TOPOLOGY  /* the words ring and full */
};

#define ABSENT ((double)NAN)

static const struct field {
	const char *key;
	size_t at;
	bool required;
	enum range range;
	double def;
} fields[] = {
#define F(key, member, required, range, def)                                   \
	{                                                                      \
		key, offsetof(struct device, member), required, range, def     \
	}
	F("host_to_device_bw_GBs", h2d_gbs, true, ABOVE_0, 0),
	F("host_to_device_pj_per_bit", h2d_pj, true, FROM_0, 0),
	F("device_to_host_bw_GBs", d2h_gbs, true, ABOVE_0, 0),
	F("device_to_host_pj_per_bit", d2h_pj, true, FROM_0, 0),
	F("mem_bw_GBs", mem_gbs, true, ABOVE_0, 0),
	F("mem_pj_per_bit", mem_pj, true, FROM_0, 0),
	F("tflops", tflops, true, ABOVE_0, 0),
	F("pj_per_tflop", pj_per_tflop, true, FROM_0, 0),
	F("tflops_int4", tflops_int4, false, ABOVE_0, ABSENT),
	F("softmax_ns_per_element", softmax_ns, false, FROM_0, ABSENT),
	F("SiLU_ns_per_element", silu_ns, false, FROM_0, ABSENT),
	F("RMSNorm_ns_per_element", rmsnorm_ns, false, FROM_0, ABSENT),
	F("tflops_int8", tflops_of[DT_INT8], false, ABOVE_0, ABSENT),
	F("tflops_float16", tflops_of[DT_FLOAT16], false, ABOVE_0, ABSENT),
	F("tflops_bfloat16", tflops_of[DT_BFLOAT16], false, ABOVE_0,
	    (double)NAN),
	F("tflops_float32", tflops_of[DT_FLOAT32], false, ABOVE_0, ABSENT),
	F("mem_capacity_GB", capacity_gb, false, ABOVE_0, ABSENT),
	F("efficiency_compute", eff_compute, false, FRACTION, 1),
	F("efficiency_memory", eff_memory, false, FRACTION, 1),
	F("efficiency_link", eff_link, false, FRACTION, 1),
	F("launch_us", launch_us, false, FROM_0, 0),
	F("transfer_us", transfer_us, false, FROM_0, 0),
	F("idle_w", idle_w, false, FROM_0, 0),
	F("tdp_w", tdp_w, false, ABOVE_0, ABSENT),
	F("link_GBs", link_gbs, false, ABOVE_0, ABSENT),
	F("link_latency_us", link_us, false, FROM_0, 0),
	F("link_pj_per_bit", link_pj, false, FROM_0, 0),
	F("link_topology", link_ring, false, TOPOLOGY, 1),
#undef F
};

enum {
	N_FIELDS = sizeof fields / sizeof *fields,
	NEAR = 5 /* names that a message offers */
};

static const struct {
	const char *word;
	double bytes;
} dtypes[DTYPES] = {
	[DT_INT4] = { "int4", 0.5 },
	[DT_INT8] = { "int8", 1 },
	[DT_FLOAT16] = { "float16", 2 },
	[DT_BFLOAT16] = { "bfloat16", 2 },
	[DT_FLOAT32] = { "float32", 4 },
};

enum dtype
dtype_of(const char *word)
{
	int t;

	for (t = 0; t < DTYPES; t++)
		if (strcmp(word, dtypes[t].word) == 0)
			break;
	return (enum dtype)t;
}

const char *
dtype_word(enum dtype t)
{
	return dtypes[t].word;
}

double
dtype_bytes(enum dtype t)
{
	return dtypes[t].bytes;
}

/* --- fields -------------------------------------------------------------- */

const char *
device_field(size_t k)
{
	return k < N_FIELDS ? fields[k].key : NULL;
}

double
device_get(const struct device *d, size_t k)
{
	double v;

	memcpy(&v, (const char *)d + fields[k].at, sizeof v);
	return v;
}

void
device_set(struct device *d, size_t k, double v)
{
	memcpy((char *)d + fields[k].at, &v, sizeof v);
}

double
device_peak(const struct device *d, enum dtype t)
{
	double own = t == DT_INT4 ? d->tflops_int4 : d->tflops_of[t];

	return isnan(own) ? d->tflops : own;
}

static void
set_defaults(struct device *d)
{
	size_t k;

	memset(d, 0, sizeof *d);
	for (k = 0; k < N_FIELDS; k++)
		device_set(d, k, fields[k].def);
	d->tflops_of[DT_INT4] = ABSENT;
}

/* --- reading ------------------------------------------------------------- */

/* A file being read, and a device in it. */
struct source {
	const char *path;
	const struct fm_buf *text;
	const char *device;
};

static int
bad(const struct source *s, const char *field, const char *what,
    struct fm_err *err)
{
	char *path = field ? fm_strdupf("%s.%s", s->device, field)
			   : fm_strdup(s->device);
	int line = fm_yaml_line(s->text->s, s->text->len, path);

	if (line == 0)
		line = fm_yaml_line(s->text->s, s->text->len, s->device);
	free(path);
	return fm_err_set(err, FM_USAGE, "%s:%d: device '%s'%s%s%s %s", s->path,
	    line, s->device, field ? ": '" : "", field ? field : "",
	    field ? "'" : "", what);
}

static int
get_topology(const struct source *s, const char *key, const json_t *v,
    double *to, struct fm_err *err)
{
	const char *word = json_string_value(v);

	*to = word && strcmp(word, "ring") == 0;
	if (word && (*to > 0 || strcmp(word, "full") == 0))
		return 0;
	return bad(s, key, "must be ring or full", err);
}

static int
get_number(const struct source *s, const struct field *f, const json_t *v,
    double *to, struct fm_err *err)
{
	static const char *const wants[] = {
		[ABOVE_0] = "must be a number above 0",
		[FROM_0] = "must be a number from 0 up",
		[FRACTION] = "must be a number above 0, at most 1",
	};
	bool good = json_is_number(v);

	if (f->range == TOPOLOGY)
		return get_topology(s, f->key, v, to, err);
	*to = json_number_value(v);
	good = good && (f->range == FROM_0 ? *to >= 0 : *to > 0) &&
	       (f->range != FRACTION || *to <= 1) && *to < 1e30;
	return good ? 0 : bad(s, f->key, wants[f->range], err);
}

static const struct field *
find_field(const char *key)
{
	size_t k;

	for (k = 0; k < N_FIELDS; k++)
		if (strcmp(fields[k].key, key) == 0)
			return &fields[k];
	return NULL;
}

static int
read_fields(
    struct device *d, const struct source *s, json_t *set, struct fm_err *err)
{
	const struct field *f;
	const char *key;
	json_t *v;
	double got;

	if (!json_is_object(set))
		return bad(s, NULL, "must be a set of fields", err);
	json_object_foreach (set, key, v) {
		f = find_field(key);
		if (!f)
			return bad(s, key, "is no field of a device", err);
		if (get_number(s, f, v, &got, err) != 0)
			return -1;
		memcpy((char *)d + f->at, &got, sizeof got);
	}
	for (f = fields; f < fields + N_FIELDS; f++)
		if (f->required && !json_object_get(set, f->key)) {
			char what[80];

			(void)snprintf(what, sizeof what, "lacks '%s'", f->key);
			return bad(s, NULL, what, err);
		}
	return 0;
}

static char *
canonical(const char *name)
{
	char *s = fm_strdup(name), *c;

	for (c = s; *c; c++)
		if (*c == '-')
			*c = '_';
	return s;
}

static struct device *
find(const struct devices *d, const char *canon)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (strcmp(d->v[i].name, canon) == 0)
			return &d->v[i];
	return NULL;
}

static void
device_release(struct device *d)
{
	free(d->name);
	free(d->file);
}

/* Takes `one`; of two with a name the later file's stays. */
static void
put(struct devices *d, struct device *one)
{
	struct device *old = find(d, one->name);

	if (!old) {
		FM_GROW(d->v, d->cap, d->n + 1);
		old = &d->v[d->n++];
	} else {
		device_release(old);
	}
	*old = *one;
}

static bool
is_twice(const struct devices *d, const struct device *one)
{
	const struct device *old = find(d, one->name);

	return old && strcmp(old->file, one->file) == 0;
}

static int
read_file(struct devices *d, const char *path, struct fm_err *err)
{
	struct fm_buf text = FM_BUF_INIT;
	struct source s = { path, &text, "" };
	json_t *all = NULL, *set;
	const char *name;
	int rc = fm_io_read_file(path, &text, err);

	if (rc != 0 && err->code == FM_IO)
		err->code = FM_USAGE;

	if (rc == 0)
		all = fm_yaml_parse(text.s, text.len, path, err);
	if (rc == 0 && all && !json_is_object(all))
		rc = fm_err_set(err, FM_USAGE,
		    "%s:1: must be devices with their fields", path);
	if (rc == 0)
		rc = all ? 0 : -1;
	json_object_foreach (rc == 0 ? all : NULL, name, set) {
		struct device one;

		set_defaults(&one);
		s.device = name;
		rc = read_fields(&one, &s, set, err);
		if (rc != 0)
			break;
		one.name = canonical(name);
		one.file = fm_strdup(path);
		if (is_twice(d, &one)) {
			rc = bad(
			    &s, NULL, "is here twice: - and _ are alike", err);
			device_release(&one);
			break;
		}
		put(d, &one);
	}
	json_decref(all);
	fm_buf_release(&text);
	return rc;
}

static int
list_files(const char *dir, struct fm_strs *files, struct fm_err *err)
{
	DIR *f = opendir(dir);
	const struct dirent *e;

	if (!f)
		return fm_err_sys(err, FM_USAGE, "cannot read '%s'", dir);
	while ((e = readdir(f)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n > 5 && e->d_name[0] != '.' &&
		    strcmp(e->d_name + n - 5, ".yaml") == 0)
			fm_strs_add_take(files, fm_io_join(dir, e->d_name));
	}
	(void)closedir(f);
	fm_strs_sort(files);
	return 0;
}

/* What runs where nothing else was asked for, as UPMEM has it. */
static void
add_host(struct devices *d)
{
	struct device h;

	set_defaults(&h);
	h.name = fm_strdup("HOST");
	h.file = fm_strdup("");
	h.h2d_gbs = h.d2h_gbs = HUGE_VAL;
	h.mem_gbs = h.mem_pj = h.tflops = h.pj_per_tflop = 1;
	put(d, &h);
}

int
devices_read(
    struct devices *d, const char *dir, const char *extra, struct fm_err *err)
{
	struct fm_strs files = FM_STRS_INIT;
	int rc = list_files(dir, &files, err);
	size_t i;

	memset(d, 0, sizeof *d);
	add_host(d);
	if (extra)
		fm_strs_add(&files, extra);
	for (i = 0; i < files.n && rc == 0; i++)
		rc = read_file(d, files.v[i], err);
	fm_strs_release(&files);
	return rc;
}

void
devices_release(struct devices *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		device_release(&d->v[i]);
	free(d->v);
	memset(d, 0, sizeof *d);
}

/* --- finding ------------------------------------------------------------- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Edits from a to b, letters of both cases alike; long names are cut. */
static int
distance(const char *a, const char *b)
{
	int row[40], i, j, diagonal, n = (int)strlen(b);

	n = n > 39 ? 39 : n;
	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 0; i < 39 && a[i]; i++) {
		diagonal = row[0];
		row[0] = i + 1;
		for (j = 1; j <= n; j++) {
			int best = diagonal + (lower(a[i]) != lower(b[j - 1]));

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[n];
}

static void
put_near(const struct devices *d, const char *canon, struct fm_buf *b)
{
	int taken[NEAR] = { -1, -1, -1, -1, -1 };
	int k, j;
	size_t i;

	for (k = 0; k < NEAR && (size_t)k < d->n; k++) {
		int best = 1000;

		for (i = 0; i < d->n; i++) {
			int dist = distance(canon, d->v[i].name);
			bool used = false;

			for (j = 0; j < k; j++)
				used |= taken[j] == (int)i;
			if (used || dist >= best)
				continue;
			best = dist;
			taken[k] = (int)i;
		}
		fm_buf_printf(b, "%s%s", k ? ", " : "", d->v[taken[k]].name);
	}
}

const struct device *
devices_find(const struct devices *d, const char *name, struct fm_err *err)
{
	char *canon = canonical(name);
	const struct device *found = find(d, canon);
	struct fm_buf near = FM_BUF_INIT;

	if (!found) {
		put_near(d, canon, &near);
		(void)fm_err_set(err, FM_USAGE,
		    "there is no device '%s' among the %zu known; near are %s",
		    name, d->n, near.s);
	}
	fm_buf_release(&near);
	free(canon);
	return found;
}
