/*
 * Fills a cache with many builds, for the bench: N copies of one build, each
 * with a key, a name and results of its own. usage: cache-fill DIR BUILD
 * RESULTS N
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "cache.h"
#include "err.h"
#include "io.h"

static int
put(const char *dir, const char *name, const struct fm_buf *b)
{
	char *path = fm_io_join(dir, name);
	FILE *f = fopen(path, "we");
	bool good = f && fwrite(b->s, 1, b->len, f) == b->len;

	good = f && fclose(f) == 0 && good;
	free(path);
	return good ? 0 : -1;
}

static int
fill(const struct fm_cache *c, const struct fm_buf *parts, long i,
    struct fm_err *err)
{
	static const char *const files[] = { "state.yaml", "model.onnx",
		"log_import.txt" };
	char key[FM_HASH_HEX], *dir, *name, *results;
	int rc = 0;

	fm_hash_of(&i, sizeof i, key);
	dir = fm_cache_obj(c, key);
	name = fm_cache_name_make("some-model-with-a-name", key);
	results = fm_strdupf("%s/results/%s.jsonl", c->dir, key);
	rc = fm_io_mkdirs(dir, err);
	for (size_t k = 0; rc == 0 && k < 3; k++)
		rc = put(dir, files[k], &parts[k]);
	if (rc == 0)
		rc = put(NULL, results, &parts[3]);
	if (rc == 0)
		rc = fm_cache_name_set(c, name, key, err);
	free(results);
	free(name);
	free(dir);
	return rc;
}

int
main(int argc, char **argv)
{
	static const char *const files[] = { "state.yaml", "model.onnx",
		"log_import.txt" };
	struct fm_err err = FM_ERR_INIT;
	struct fm_cache c = FM_CACHE_INIT;
	struct fm_buf parts[4] = { FM_BUF_INIT, FM_BUF_INIT, FM_BUF_INIT,
		FM_BUF_INIT };
	int rc = argc == 5 ? 0 : -1;

	if (rc == 0)
		rc = fm_cache_open(&c, argv[1], FM_CACHE_CREATE, &err);
	for (size_t k = 0; rc == 0 && k < 3; k++) {
		char *path = fm_io_join(argv[2], files[k]);

		rc = fm_io_read_file(path, &parts[k], &err);
		free(path);
	}
	if (rc == 0)
		rc = fm_io_read_file(argv[3], &parts[3], &err);
	for (long i = 0; rc == 0 && i < strtol(argv[4], NULL, 10); i++)
		rc = fill(&c, parts, i, &err);
	if (rc != 0)
		(void)fprintf(stderr, "cache-fill: %s\n", err.text);
	for (size_t k = 0; k < 4; k++)
		fm_buf_release(&parts[k]);
	fm_cache_release(&c);
	return rc == 0 ? 0 : 1;
}
