/*
 * The cache's folder by itself: names, locks, builds put in place, reasons,
 * results after a torn line, hashes that are remembered and those that must
 * not be.
 */
#include "cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../tap.h"
#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "err.h"
#include "io.h"
#include "json.h"

static const char k1[] = "0123456789abcdef0123456789abcdef";
static const char k2[] = "0123456789abcdeffedcba9876543210";

static char *dir;

static char *
at(const char *name)
{
	return fm_io_join(dir, name);
}

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (f) {
		(void)fputs(text, f);
		(void)fclose(f);
	}
}

static void
open_cache(struct fm_cache *c)
{
	struct fm_err err = FM_ERR_INIT;
	char *path = at("cache");

	if (fm_cache_open(c, path, FM_CACHE_CREATE, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	free(path);
}

static void
test_names(void)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "-x", "obj",
		"files", "a\nb" };
	struct fm_cache c = FM_CACHE_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_strs names = FM_STRS_INIT;
	char key[FM_HASH_HEX], *name;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct fm_err e = FM_ERR_INIT;

		is_int(fm_cache_name_check(bad[i], &e), -1, "a bad name");
	}
	is_int(fm_cache_name_check("model.v2_x", &err), 0, "a good name");
	name = fm_cache_name_make("../a b/gr\xc3\xa4n ite/", k1);
	is_str(name, "gr__n_ite_01234567", "odd bytes are replaced");
	free(name);
	open_cache(&c);
	is_int(fm_cache_name_set(&c, "one", k1, &err), 0, "a name");
	is_int(fm_cache_name_set(&c, "one", k2, &err), 0, "moves");
	ok(fm_cache_name_key(&c, "one", key), "it is one");
	is_str(key, k2, "and points there");
	fm_cache_name_drop(&c, "one", k1);
	ok(fm_cache_name_key(&c, "one", key), "not another build's to drop");
	is_int(fm_cache_names(&c, &names, &err), 0, "names");
	is_int((intmax_t)names.n, 1, "one of them, and no leftovers");
	fm_cache_name_drop(&c, "one", k2);
	ok(!fm_cache_name_key(&c, "one", key), "dropped");
	fm_strs_release(&names);
	fm_cache_release(&c);
}

static void
test_locks(void)
{
	struct fm_cache a = FM_CACHE_INIT, b = FM_CACHE_INIT;
	struct fm_err err = FM_ERR_INIT;
	int64_t t0 = fm_clock_now_ns();

	open_cache(&a);
	open_cache(&b);
	is_int(fm_cache_lock(&a, k1, FM_CACHE_MAKE, 0, -1, &err), 0, "mine");
	is_int(fm_cache_lock(&b, k1, FM_CACHE_MAKE, 20000000, -1, &err), 1,
	    "not yours");
	ok(fm_clock_now_ns() - t0 >= 20000000, "after waiting");
	ok(fm_cache_making(&b, k1), "you see that it is being made");
	ok(!fm_cache_making(&a, k1), "I do not wait for myself");
	is_int(fm_cache_lock(&b, k1, FM_CACHE_RESULTS, 0, -1, &err), 0,
	    "its results are another matter");
	fm_cache_unlock(&a, k1, FM_CACHE_MAKE);
	is_int(fm_cache_lock(&b, k1, FM_CACHE_MAKE, 0, -1, &err), 0, "yours");
	is_int(fm_cache_lock(&a, k1, FM_CACHE_USE, 0, -1, &err), 0, "many");
	is_int(fm_cache_lock(&b, k1, FM_CACHE_USE, 0, -1, &err), 0, "use it");
	is_int(fm_cache_lock(&a, k1, FM_CACHE_ALONE, 0, -1, &err), 1,
	    "none takes it away then");
	fm_cache_unlock(&b, k1, FM_CACHE_USE);
	is_int(fm_cache_lock(&a, k1, FM_CACHE_ALONE, 0, -1, &err), 0,
	    "the last one may");
	fm_cache_release(&a);
	is_int(fm_cache_lock(&b, k1, FM_CACHE_ALONE, 0, -1, &err), 0,
	    "a lock goes with its owner");
	fm_cache_release(&b);
}

static void
test_builds(void)
{
	struct fm_cache c = FM_CACHE_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_strs names = FM_STRS_INIT;
	char *tmp, *file, *obj;
	json_t *s;

	open_cache(&c);
	tmp = fm_cache_begin(&c, k1, &err);
	file = fm_io_join(tmp, "left");
	put(file, "of a dead one");
	free(tmp);
	s = fm_cache_state(&c, k1, &err);
	is_str(fm_json_str(s, "build_status", ""), "killed",
	    "begun, and nobody there");
	json_decref(s);
	tmp = fm_cache_begin(&c, k1, &err);
	ok(!fm_io_is_file(file), "what a dead one left is gone");
	free(file);
	s = json_pack("{s:s}", "build_status", "successful_build");
	is_int(fm_cache_state_write(tmp, s, &err), 0, "a state");
	is_int(fm_cache_commit(&c, k1, &err), 0, "in place");
	free(fm_cache_begin(&c, k1, &err));
	fm_json_set_str(s, "build_status", "other");
	is_int(fm_cache_state_write(tmp, s, &err), 0, "another one");
	is_int(fm_cache_commit(&c, k1, &err), 0, "in its place");
	json_decref(s);
	s = fm_cache_state(&c, k1, &err);
	is_str(fm_json_str(s, "build_status", ""), "other", "is the new one");
	json_decref(s);
	ok(!fm_io_is_dir(tmp), "and the old one is gone");
	obj = fm_cache_obj(&c, k1);
	ok(fm_cache_weigh(&c, k1).bytes > 0, "it weighs something");
	is_int(fm_cache_delete(&c, k1, &names, &err), 0, "deleted");
	ok(!fm_io_is_dir(obj), "it is gone");
	ok(!fm_cache_state(&c, k1, &err), "and has no state");
	free(obj);
	free(tmp);
	fm_cache_release(&c);
}

static void
test_diff(void)
{
	json_t *a = json_pack("{s:s, s:[{s:s}, {s:s, s:s}], s:{s:[i,i]}}",
	    "precision", "fp32", "sequence", "stage", "import", "stage",
	    "optimize", "level", "basic", "shapes", "batch", 1, 128);
	json_t *b = json_deep_copy(a);
	struct fm_strs r = FM_STRS_INIT;

	fm_cache_diff(&r, a, b, NULL);
	is_int((intmax_t)r.n, 0, "the same: no reason");
	fm_json_set_str(b, "precision", "fp16");
	fm_json_set_str(
	    json_array_get(json_object_get(b, "sequence"), 1), "level", "all");
	json_object_set_new(
	    json_object_get(b, "shapes"), "batch", json_pack("[i,i]", 8, 128));
	fm_json_set_int(b, "seed", 3);
	fm_cache_diff(&r, a, b, NULL);
	is_int((intmax_t)r.n, 4, "four reasons");
	is_str(r.v[0], "the precision changed from 'fp32' to 'fp16'", "text");
	is_str(r.v[1],
	    "the level of stage 'optimize' changed from 'basic' to 'all'",
	    "an option of a stage");
	is_str(r.v[2], "the batch input changed from [1,128] to [8,128]",
	    "a shape");
	is_str(r.v[3], "the seed of the weights changed from none to 3",
	    "something new");
	fm_strs_release(&r);
	json_array_clear(json_object_get(b, "sequence"));
	fm_cache_diff(&r, a, b, NULL);
	is_str(r.v[1],
	    "the list of stages changed from [\"import\",\"optimize\"] to []",
	    "the stages themselves");
	fm_strs_release(&r);
	json_decref(a);
	json_decref(b);
}

static void
test_results(void)
{
	struct fm_cache c = FM_CACHE_INIT;
	struct fm_err err = FM_ERR_INIT;
	json_t *r = json_pack("{s:i}", "n", 1), *all;
	char *path;

	open_cache(&c);
	path = fm_strdupf("%s/results/%s.jsonl", c.dir, k2);
	put(path, "{\"n\": 0}\n{\"n\": ");
	is_int(fm_cache_result_add(&c, k2, r, &err), 0, "after a torn line");
	all = fm_cache_results(&c, k2);
	is_int((intmax_t)json_array_size(all), 2,
	    "the whole ones are there, the torn one is not");
	json_decref(all);
	json_decref(r);
	free(path);
	fm_cache_release(&c);
}

/* Overwrites what is remembered of the only file with another hash. */
static bool
forge(const struct fm_cache *c, const char *path)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	char hex[FM_HASH_HEX], *file;
	bool there;

	fm_hash_of(path, strlen(path), hex);
	file = fm_strdupf("%s/files/%s", c->dir, hex);
	there = fm_io_read_file(file, &b, &err) == 0;
	if (there) {
		memset(b.s + b.len - FM_HASH_HEX, 'a', FM_HASH_HEX - 1);
		put(file, b.s);
	}
	fm_buf_release(&b);
	free(file);
	return there;
}

static void
test_memory(void)
{
	static const char forged[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct timespec old[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
	struct fm_cache c = FM_CACHE_INIT;
	struct fm_err err = FM_ERR_INIT;
	char a[FM_HASH_HEX], b[FM_HASH_HEX], *path = at("weights");

	open_cache(&c);
	put(path, "some weights");
	(void)fm_cache_file_hash(&c, path, a, &err);
	ok(!forge(&c, path), "a file that was just written is not remembered");
	fm_clock_sleep_ns(3200000000);
	(void)fm_cache_file_hash(&c, path, b, &err);
	is_str(b, a, "the same hash");
	ok(forge(&c, path), "now it is");
	(void)fm_cache_file_hash(&c, path, b, &err);
	is_str(b, forged, "and not read again");
	put(path, "other weight");
	(void)utimensat(AT_FDCWD, path, old, 0);
	(void)fm_cache_file_hash(&c, path, b, &err);
	ok(strcmp(b, a) != 0 && strcmp(b, forged) != 0,
	    "until it changes, whatever its date says");
	is_int(fm_cache_file_hash(&c, "/nonexistent", a, &err), -1,
	    "a file that is not there");
	free(path);
	fm_cache_release(&c);
}

int
main(void)
{
	struct fm_err err = FM_ERR_INIT;

	dir = fm_io_tmpdir("fm-test", &err);
	test_names();
	test_locks();
	test_builds();
	test_diff();
	test_results();
	test_memory();
	(void)fm_io_remove_tree(dir, &err);
	free(dir);
	return done();
}
