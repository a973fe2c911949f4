/*
 * What MLAgility and GroqFlow leave: NAME/NAME_state.yaml as PyYAML writes
 * it, NAME/mlagility_stats.yaml, labels/NAME.txt, and the numbers of the last
 * benchmark in NAME/DEVICE_benchmark/outputs.json, all of them text.
 */
#include "foreign.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "yaml.h"

enum {
	FILE_MAX_BYTES = 4 << 20
};

static char *
state_path(const struct fm_cache *c, const char *name)
{
	return fm_strdupf("%s/%s/%s_state.yaml", c->dir, name, name);
}

/* Has a state, or the mark of one that got no further: an unreadable one. */
bool
foreign_is(const struct fm_cache *c, const char *name)
{
	char *path = state_path(c, name);
	char *mark = fm_strdupf("%s/%s/.mlabuild", c->dir, name);
	bool yes = fm_io_is_file(path) || fm_io_is_file(mark);

	free(mark);
	free(path);
	return yes;
}

int
foreign_names(
    const struct fm_cache *c, struct fm_strs *names, struct fm_err *err)
{
	DIR *d = opendir(c->dir);
	struct dirent *e;

	if (!d)
		return fm_err_sys(err, FM_IO, "cannot open '%s'", c->dir);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && foreign_is(c, e->d_name))
			fm_strs_add(names, e->d_name);
	(void)closedir(d);
	fm_strs_sort(names);
	return 0;
}

/* --- their files ---------------------------------------------------------- */

/* A tuple is a list; the tag says no more than that. */
static void
drop_tuple_tags(char *s)
{
	static const char tag[] = "!!python/tuple";

	while ((s = strstr(s, tag)))
		memset(s, ' ', sizeof tag - 1);
}

/* "hash: 1234e567" is a number to most readers, and none to its writer. */
static void
quote_hashes(struct fm_buf *out, const char *s)
{
	static const char digits[] = "0123456789abcdef";

	while (*s) {
		size_t n = strcspn(s, "\n"), k = strspn(s, " ");
		bool is = strncmp(s + k, "hash: ", 6) == 0 ||
			  strncmp(s + k, "model_hash: ", 12) == 0 ||
			  strncmp(s + k, "uid: ", 5) == 0;
		const char *v = is ? strchr(s, ':') + 2 : s;
		size_t len = is ? strspn(v, digits) : 0;

		if (len && v + len == s + n)
			fm_buf_printf(
			    out, "%.*s'%.*s'", (int)(v - s), s, (int)len, v);
		else
			fm_buf_put(out, s, n);
		fm_buf_putc(out, '\n');
		s += n + (s[n] == '\n');
	}
}

/* A plain file of bearable size; anybody may have put it there. */
static int
read_file(const char *path, struct fm_buf *b, struct fm_err *err)
{
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return fm_err_set(err, FM_USAGE, "'%s' is not a file", path);
	if (st.st_size > FILE_MAX_BYTES)
		return fm_err_set(err, FM_USAGE, "'%s' is too large", path);
	return fm_io_read_file(path, b, err);
}

/* New reference, or NULL: also when there is no such file. */
static json_t *
read_yaml(const char *path, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT, clean = FM_BUF_INIT;
	json_t *v = NULL;

	if (read_file(path, &b, err) == 0) {
		drop_tuple_tags(b.s);
		quote_hashes(&clean, b.s);
		v = fm_yaml_parse(clean.s, clean.len, path, err);
	}
	if (v && !json_is_object(v)) {
		(void)fm_err_set(err, FM_USAGE, "'%s' is not a state", path);
		json_decref(v);
		v = NULL;
	}
	fm_buf_release(&clean);
	fm_buf_release(&b);
	return v;
}

/* `err` is for what is there and cannot be read. */
static json_t *
read_stats(const struct fm_cache *c, const char *name, struct fm_err *err)
{
	char *path = fm_strdupf("%s/%s/mlagility_stats.yaml", c->dir, name);
	json_t *v = access(path, F_OK) == 0 ? read_yaml(path, err) : NULL;

	free(path);
	return v;
}

/* One line: key::v1,v2 key2::v */
static json_t *
read_labels(const struct fm_cache *c, const char *name)
{
	struct fm_err ignored = FM_ERR_INIT;
	char *path = fm_strdupf("%s/labels/%s.txt", c->dir, name);
	struct fm_strs words = FM_STRS_INIT;
	struct fm_buf b = FM_BUF_INIT;
	json_t *o = json_object();
	size_t i;

	if (read_file(path, &b, &ignored) == 0)
		fm_strs_split(&words, b.s, " \t\r\n");
	for (i = 0; i < words.n; i++) {
		char *at = strstr(words.v[i], "::");

		if (!at)
			continue;
		*at = '\0';
		fm_json_set_str(o, words.v[i], at + 2);
	}
	fm_strs_release(&words);
	fm_buf_release(&b);
	free(path);
	return o;
}

/* --- in our words --------------------------------------------------------- */

static json_t *
shapes_of(const json_t *theirs)
{
	union {
		const json_t *c;
		json_t *v;
	} shapes = { json_object_get(theirs, "expected_input_shapes") };
	json_t *types = json_object_get(theirs, "expected_input_dtypes");
	json_t *a = json_array(), *shape, *o;
	const char *key;

	json_object_foreach (shapes.v, key, shape) {
		o = json_object();
		fm_json_set_str(o, "name", key);
		fm_json_set_str(o, "type", fm_json_str(types, key, NULL));
		json_object_set(o, "shape", shape);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *
stages_of(const json_t *theirs)
{
	const json_t *info = json_object_get(theirs, "info");
	const json_t *all = json_object_get(info, "all_build_stages");
	const json_t *times =
	    json_object_get(info, "build_stage_execution_times");
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < json_array_size(all); i++) {
		const char *name = json_string_value(json_array_get(all, i));
		json_t *o = json_object(), *took;

		took = name ? json_object_get(times, name) : NULL;
		fm_json_set_str(o, "name", name);
		fm_json_set_str(
		    o, "status", json_is_number(took) ? "ok" : "not done");
		if (json_is_number(took))
			json_object_set(o, "seconds", took);
		json_array_append_new(a, o);
	}
	return a;
}

/* A state that says "running" was left by one that died. */
static const char *
status_of(const json_t *theirs)
{
	const char *s = fm_json_str(theirs, "build_status", "?");

	return strcmp(s, "build_running") == 0 ? "killed" : s;
}

json_t *
foreign_state(const struct fm_cache *c, const char *name, struct fm_err *err)
{
	char *path = state_path(c, name);
	json_t *theirs = read_yaml(path, err), *s, *model, *stats, *labels;
	struct fm_err bad = FM_ERR_INIT;
	const json_t *params;

	free(path);
	if (!theirs)
		return NULL;
	stats = read_stats(c, name, &bad);
	labels = read_labels(c, name);
	params = json_object_get(stats, "parameters");
	if (!params)
		params = json_object_get(
		    json_object_get(theirs, "info"), "num_parameters");
	s = json_object();
	model = json_object();
	fm_json_set_str(s, "build_name", name);
	fm_json_set_str(s, "build_status", status_of(theirs));
	if (bad.code)
		fm_json_set_str(s, "error", bad.text);
	fm_json_set_str(model, "name", fm_json_str(labels, "name", name));
	fm_json_set_str(model, "type", fm_json_str(theirs, "model_type", NULL));
	fm_json_set_str(model, "class", fm_json_str(labels, "class", NULL));
	fm_json_set_str(model, "hash", fm_json_str(stats, "hash", NULL));
	if (json_is_integer(params))
		fm_json_set_int(
		    model, "parameters", json_integer_value(params));
	json_object_set_new(model, "inputs", shapes_of(theirs));
	json_object_set_new(s, "model", model);
	json_object_set_new(s, "stages", stages_of(theirs));
	json_object_set_new(s, "theirs",
	    json_pack("{s:o, s:o, s:o}", "state", theirs, "stats",
		stats ? stats : json_null(), "labels", labels));
	return s;
}

/* --- results -------------------------------------------------------------- */

static json_t *
result(const char *platform, const char *device, const char *runtime,
    double mean_ms)
{
	return json_pack("{s:s, s:s?, s:s?, s:s, s:{s:f}}", "platform",
	    platform, "device", device, "runtime", runtime, "status", "OK",
	    "stats", "mean", mean_ms / 1e3);
}

static void
add_performance(json_t *results, json_t *performance)
{
	const char *key;
	json_t *p;

	json_object_foreach (performance, key, p) {
		double ms = fm_json_num(p, "mean_latency", 0);

		if (ms > 0)
			json_array_append_new(results,
			    result(fm_json_str(p, "device_type", "x86"),
				fm_json_str(p, "device", key),
				fm_json_str(p, "runtime", NULL), ms));
	}
}

static void
add_outputs(json_t *results, const struct fm_cache *c, const char *name,
    const char *device)
{
	struct fm_err ignored = FM_ERR_INIT;
	char *path =
	    fm_strdupf("%s/%s/%s_benchmark/outputs.json", c->dir, name, device);
	struct fm_buf b = FM_BUF_INIT;
	json_t *o = read_file(path, &b, &ignored) == 0
			? fm_json_parse(b.s, b.len, path, &ignored)
			: NULL;
	const char *text = fm_json_str(o, "Mean Latency(ms)", NULL);
	double ms;

	if (!text)
		text = fm_json_str(
		    json_object_get(o, "Total Latency"), "mean ", NULL);
	while (text && *text == ' ')
		text++;
	if (text && fm_num_get_double(text, strcspn(text, " "), &ms))
		json_array_append_new(results,
		    result(device, fm_json_str(o, "CPU Name", NULL), NULL, ms));
	json_decref(o);
	fm_buf_release(&b);
	free(path);
}

json_t *
foreign_results(const struct fm_cache *c, const char *name)
{
	struct fm_err told = FM_ERR_INIT; /* in the state */
	json_t *results = json_array(), *stats = read_stats(c, name, &told);

	add_performance(results, json_object_get(stats, "performance"));
	if (json_array_size(results) == 0) {
		add_outputs(results, c, name, "x86");
		add_outputs(results, c, name, "nvidia");
	}
	json_decref(stats);
	return results;
}
