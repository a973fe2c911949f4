/*
 * Content hashes: xxhsum's digits, in pieces as at once, and of files.
 */
#include "../tap.h"

#include <stdlib.h>

#include "alloc.h"
#include "err.h"
#include "hash.h"
#include "io.h"

static void
test_pieces(void)
{
	struct fm_hash *h = fm_hash_new();
	char hex[FM_HASH_HEX];

	fm_hash_of("", 0, hex);
	is_str(hex, "99aa06d3014798d86001c324468d497f", "of nothing");
	fm_hash_hex(h, hex);
	is_str(hex, "99aa06d3014798d86001c324468d497f", "nothing put");
	fm_hash_of("abc", 3, hex);
	is_str(hex, "06b05ab6733a618578af5f94892f3950", "of three bytes");
	fm_hash_put(h, "a", 1);
	fm_hash_put(h, "bc", 2);
	fm_hash_hex(h, hex);
	is_str(hex, "06b05ab6733a618578af5f94892f3950", "in pieces");
	fm_hash_puts(h, "d");
	fm_hash_hex(h, hex);
	{
		char whole[FM_HASH_HEX];

		fm_hash_of("abcd", 5, whole);
		is_str(hex, whole, "a string counts with its end");
	}
	fm_hash_free(h);
	fm_hash_free(NULL);
}

static void
test_files(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_hash *h = fm_hash_new();
	char *dir = fm_io_tmpdir("fm-test", &err);
	char *path = fm_io_join(dir, "file");
	char hex[FM_HASH_HEX], want[FM_HASH_HEX];
	size_t n = 3000000;
	char *p = fm_malloc(n);
	FILE *f = fopen(path, "w");

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * i >> 7);
	ok(f && fwrite(p, 1, n, f) == n && fclose(f) == 0, "a file");
	fm_hash_of(p, n, want);
	is_int(fm_hash_put_file(h, path, &err), 0, "is read");
	fm_hash_hex(h, hex);
	is_str(hex, want, "and hashed as its content");
	(void)fm_io_remove_tree(dir, &err);
	is_int(fm_hash_put_file(h, path, &err), -1, "no file");
	is_int(err.code, FM_IO, "is an error");
	fm_hash_free(h);
	free(p);
	free(path);
	free(dir);
}

int
main(void)
{
	test_pieces();
	test_files();
	return done();
}
