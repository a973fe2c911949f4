/*
 * Models of the command line: files, folders of them, and FILE::HASH,HASH for
 * those of a folder whose content has one of these hashes.
 */
#include "analyze.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "buf.h"
#include "build_stage.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "model/analyze.h"
#include "model/model.h"
#include "prog.h"

/* --- which ---------------------------------------------------------------- */

static bool
is_model(const char *path)
{
	static const char *const names[] = { "config.json", "model.onnx" };
	size_t i, n = strlen(path);

	if (!fm_io_is_dir(path))
		return n > 5 && strcmp(path + n - 5, ".onnx") == 0;
	for (i = 0; i < 2; i++) {
		char *file = fm_io_join(path, names[i]);
		bool yes = fm_io_is_file(file);

		free(file);
		if (yes)
			return true;
	}
	return false;
}

/* The models that lie in a folder, not below it. */
static int
add_folder(struct fm_strs *paths, const char *dir, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t i, n = paths->n;

	if (!d)
		return fm_err_sys(
		    err, FM_NOMODEL, "cannot open folder '%s'", dir);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			fm_strs_add(&names, e->d_name);
	(void)closedir(d);
	fm_strs_sort(&names);
	for (i = 0; i < names.n; i++) {
		char *path = fm_io_join(dir, names.v[i]);

		if (is_model(path))
			fm_strs_add(paths, path);
		free(path);
	}
	fm_strs_release(&names);
	if (paths->n == n)
		return fm_err_set(err, FM_NOMODEL,
		    "'%s' holds no model: no folder with a config.json, no "
		    ".onnx file",
		    dir);
	return 0;
}

/* --- one ------------------------------------------------------------------ */

/* Sizes of the open dimensions: those of the first point. */
static json_t *
sizes(const struct fm_model *m, const struct conf *c)
{
	json_t *dims = json_object();
	int64_t input = c->input[0];
	size_t i;
	int k;

	if (!c->input_sizes && m->positions > 0 && input > m->positions)
		input = m->positions;
	for (i = 0; i < m->n_inputs; i++)
		for (k = 0; k < m->inputs[i].rank; k++) {
			const char *sym = m->inputs[i].syms[k];
			enum fm_axis axis =
			    sym ? fm_model_axis(sym) : FM_AXIS_OTHER;

			if (sym && axis == FM_AXIS_BATCH)
				fm_json_set_int(dims, sym, c->batch[0]);
			else if (sym && axis == FM_AXIS_SEQUENCE)
				fm_json_set_int(dims, sym, input);
		}
	(void)json_object_update(dims, c->dim_values);
	return dims;
}

static json_t *
facts(struct fm_model *m, const struct conf *c, struct fm_err *err)
{
	json_t *o = json_object(), *dims = sizes(m, c), *a;

	fm_json_set_str(o, "name", fm_io_base(m->path));
	fm_json_set_str(o, "location", m->path);
	if (fm_model_hash(m, err) != 0)
		goto fail;
	build_set_facts(o, m);
	a = fm_model_analyze(m, dims, err);
	if (!a)
		goto fail;
	json_object_set_new(o, "sizes", dims);
	(void)json_object_update(o, a);
	json_decref(a);
	return o;
fail:
	json_decref(dims);
	json_decref(o);
	return NULL;
}

static json_t *
analyze(const char *path, const struct conf *c, struct fm_err *err)
{
	struct fm_model_opts o = { 0 };
	struct fm_model m;
	json_t *v = NULL;
	char *work = fm_io_tmpdir("fm", err);
	struct fm_err ignored = FM_ERR_INIT;

	if (!work)
		return NULL;
	o.model_class = c->model_class;
	o.dummy = c->load_format == LOAD_DUMMY;
	o.seed = (uint64_t)c->seed;
	o.work = work;
	if (fm_model_load(&m, path, &o, err) == 0) {
		v = facts(&m, c, err);
		fm_model_release(&m);
	}
	(void)fm_io_remove_tree(work, &ignored);
	free(work);
	return v;
}

/* Is its hash among those asked for (by any beginning)? */
static bool
is_chosen(const json_t *facts_of, const struct fm_strs *hashes)
{
	const char *hash = fm_json_str(facts_of, "hash", "");
	size_t i;

	for (i = 0; i < hashes->n; i++)
		if (strncmp(hash, hashes->v[i], strlen(hashes->v[i])) == 0)
			return true;
	return hashes->n == 0;
}

/* --- printing ------------------------------------------------------------- */

static void
put_ports(const char *title, const json_t *ports)
{
	size_t i, k;

	for (i = 0; i < json_array_size(ports); i++) {
		const json_t *p = json_array_get(ports, i);
		const json_t *shape = json_object_get(p, "shape");

		printf("  %-11s %s %s[", i ? "" : title,
		    fm_json_str(p, "name", ""), fm_json_str(p, "type", ""));
		for (k = 0; k < json_array_size(shape); k++) {
			const json_t *d = json_array_get(shape, k);

			if (json_is_integer(d))
				printf("%s%lld", k ? "," : "",
				    (long long)json_integer_value(d));
			else
				printf(
				    "%s%s", k ? "," : "", json_string_value(d));
		}
		(void)puts(shape ? "]" : "...]");
	}
}

/* A number of operations or bytes; "?" when it is not known. */
static void
put_amount(const json_t *o, const char *key)
{
	double v = (double)fm_json_int(o, key, -1);

	if (v < 0)
		printf(" %12s", "?");
	else if (v >= 1e9)
		printf(" %11.3fG", v / 1e9);
	else
		printf(" %11.3fM", v / 1e6);
}

static void
put_operators(const json_t *o)
{
	union {
		const json_t *c;
		json_t *v;
	} dims = { json_object_get(o, "sizes") };
	const json_t *ops = json_object_get(o, "operators");
	const char *sym;
	json_t *v;
	size_t i;

	printf("  operators   count        flops        bytes");
	json_object_foreach (dims.v, sym, v)
		printf("%s %s %lld",
		    v == json_object_iter_value(json_object_iter(dims.v))
			? "   at"
			: ",",
		    sym, (long long)json_integer_value(v));
	(void)putchar('\n');
	for (i = 0; i < json_array_size(ops); i++) {
		const json_t *op = json_array_get(ops, i);

		printf("  %5lld", (long long)fm_json_int(op, "count", 0));
		put_amount(op, "flops");
		put_amount(op, "bytes");
		printf("  %s\n", fm_json_str(op, "type", ""));
	}
	printf("  total");
	put_amount(o, "flops");
	put_amount(o, "bytes");
	(void)putchar('\n');
}

static void
put_table(const json_t *o)
{
	union {
		const json_t *c;
		json_t *v;
	} opset = { json_object_get(o, "opset") };
	const char *domain;
	json_t *v;

	printf("%s\n", fm_json_str(o, "name", ""));
	printf("  %-11s %s\n", "type", fm_json_str(o, "type", ""));
	printf("  %-11s %s\n", "class", fm_json_str(o, "class", ""));
	printf("  %-11s %s\n", "location", fm_json_str(o, "location", ""));
	printf("  %-11s %lld (%.1f MB, %s)\n", "parameters",
	    (long long)fm_json_int(o, "parameters", 0),
	    (double)fm_json_int(o, "size", 0) / 1e6,
	    fm_json_str(o, "dtype", ""));
	put_ports("inputs", json_object_get(o, "inputs"));
	put_ports("outputs", json_object_get(o, "outputs"));
	printf("  %-11s", "opset");
	json_object_foreach (opset.v, domain, v)
		printf(" %s %lld", domain, (long long)json_integer_value(v));
	printf("\n  %-11s %s\n", "hash", fm_json_str(o, "hash", ""));
	put_operators(o);
}

/* --- the whole ------------------------------------------------------------ */

/* One word of the command line, with its hashes: adds to `all`. */
static int
take_word(json_t *all, const struct conf *c, const char *word, size_t *failed,
    struct fm_err *err)
{
	const char *at = strstr(word, "::");
	char *path =
	    at ? fm_strndup(word, (size_t)(at - word)) : fm_strdup(word);
	char *full =
	    fm_io_join(c->search_dir ? c->search_dir : c->model_root, path);
	struct fm_strs hashes = FM_STRS_INIT, paths = FM_STRS_INIT;
	size_t i, n = json_array_size(all);
	int rc = 0;

	if (at)
		fm_strs_split(&hashes, at + 2, ",");
	if (fm_io_is_dir(full) && !is_model(full))
		rc = add_folder(&paths, full, err);
	else
		fm_strs_add(&paths, full);
	for (i = 0; rc == 0 && i < paths.n; i++) {
		struct fm_err bad = FM_ERR_INIT;
		json_t *v = analyze(paths.v[i], c, &bad);

		if (!v && paths.n > 1) {
			fm_prog_say("fm-driver", "%s", bad.text);
			(*failed)++;
		} else if (!v)
			rc = fm_err_set(err, bad.code, "%s", bad.text);
		else if (is_chosen(v, &hashes))
			json_array_append(all, v);
		json_decref(v);
	}
	if (rc == 0 && at && json_array_size(all) == n)
		rc = fm_err_set(err, FM_USAGE,
		    "no model of '%s' has a hash that begins with '%s'", path,
		    at + 2);
	fm_strs_release(&hashes);
	fm_strs_release(&paths);
	free(full);
	free(path);
	return rc;
}

static void
print(const json_t *all, bool json)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	if (json) {
		fm_json_put_py(&b, all);
		fm_buf_putc(&b, '\n');
		(void)fwrite(b.s, 1, b.len, stdout);
	}
	for (i = 0; !json && i < json_array_size(all); i++)
		put_table(json_array_get(all, i));
	fm_buf_release(&b);
}

/* A model that cannot be read does not keep the others. */
int
analyze_run(const struct conf *c, struct fm_err *err)
{
	struct fm_strs words = FM_STRS_INIT;
	json_t *all = json_array();
	size_t i, failed = 0;

	if (c->all)
		fm_strs_add(&words, ".");
	else if (c->args.rest.n == 0)
		fm_strs_add(&words, c->model_name);
	for (i = 0; !c->all && i < c->args.rest.n; i++)
		fm_strs_add(&words, c->args.rest.v[i]);
	for (i = 0; i < words.n; i++) {
		struct fm_err bad = FM_ERR_INIT;
		const struct how *h = &c->how;

		if (h->shards &&
		    (int64_t)(i % (size_t)h->shards) != h->shard_no)
			continue;
		if (take_word(all, c, words.v[i], &failed, &bad) == 0)
			continue;
		failed++;
		if (words.n > 1)
			fm_prog_say("fm-driver", "%s", bad.text);
		else
			*err = bad;
	}
	print(all, c->json);
	json_decref(all);
	fm_strs_release(&words);
	return err->code ? -1 : failed ? 1 : 0;
}
