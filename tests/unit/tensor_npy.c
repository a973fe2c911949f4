/*
 * .npy files: those numpy has written (tests/data/infer/npy), what we write,
 * and headers that are wrong in every way that has a message of its own.
 * Runs in the project's root.
 */
#include "tensor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../tap.h"
#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"

#define DATA "tests/data/infer/npy/"

static char *dir; /* of this test's own */

static void
test_read(void)
{
	static const struct {
		const char *name, *text;
		double last;
	} rows[] = {
		{ "float", "float[2,3]", 5 },
		{ "float-big", "float[2,3]", 5 },
		{ "float-fortran", "float[2,3]", 5 },
		{ "float-v2", "float[2,3]", 5 },
		{ "float-v3", "float[2,3]", 5 },
		{ "half", "float16[2,3]", 5 },
		{ "bfloat16", "bfloat16[2,3]", 5 },
		{ "int64", "int64[2,3]", 5 },
		{ "int64-big-fortran", "int64[2,3]", 5 },
		{ "bool", "bool[2,3]", 1 },
		{ "complex64-big", "complex64[2,3]", 5 },
		{ "scalar", "uint16[]", 5 },
		{ "empty", "int32[2,0]", 0 },
	};
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	int64_t i, n;
	size_t r;

	for (r = 0; r < sizeof rows / sizeof *rows; r++) {
		char *path = fm_strdupf(DATA "%s.npy", rows[r].name);
		struct fm_err err = FM_ERR_INIT;

		fm_buf_clear(&b);
		if (fm_npy_read(path, &t, &err))
			fm_buf_puts(&b, err.text);
		else
			fm_tensor_put_text(&b, &t);
		is_str(b.s, rows[r].text, rows[r].name);
		n = fm_tensor_elems(&t);
		/* 0, 1 … up to the last, in order */
		for (i = 0; i < n; i++)
			if (fm_tensor_get(&t, i) !=
			    (n == 1                        ? rows[r].last
				: (double)i < rows[r].last ? (double)i
							   : rows[r].last))
				break;
		is_int(i, n, "its elements");
		free(path);
	}
	fm_buf_release(&b);
	fm_tensor_release(&t);
}

/* What numpy wrote in this machine's order comes out the same, bytewise. */
static void
test_write(void)
{
	static const char *const names[] = { "float", "half", "bfloat16",
		"int64", "bool", "scalar", "empty" };
	struct fm_tensor t = FM_TENSOR_INIT;
	char *out = fm_io_join(dir, "out.npy");
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = fm_strdupf(DATA "%s.npy", names[i]);
		struct fm_buf a = FM_BUF_INIT, b = FM_BUF_INIT;
		struct fm_err err = FM_ERR_INIT;

		ok(fm_npy_read(path, &t, &err) == 0 &&
			fm_npy_write(out, &t, &err) == 0 &&
			fm_io_read_file(path, &a, &err) == 0 &&
			fm_io_read_file(out, &b, &err) == 0 && a.len == b.len &&
			memcmp(a.s, b.s, a.len) == 0,
		    names[i]);
		fm_buf_release(&a);
		fm_buf_release(&b);
		free(path);
	}
	free(out);
	fm_tensor_release(&t);
}

/* No file may be longer than 100 bytes, and the header alone is. */
static void
test_half(const struct fm_tensor *t)
{
	struct rlimit old, low;
	struct fm_err err = FM_ERR_INIT;
	char *path = fm_io_join(dir, "half.npy");
	int rc;

	(void)signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &old);
	low = old;
	low.rlim_cur = 100;
	(void)setrlimit(RLIMIT_FSIZE, &low);
	rc = fm_npy_write(path, t, &err);
	(void)setrlimit(RLIMIT_FSIZE, &old);
	is_int(rc, -1, "a file that is cut off");
	ok(access(path, F_OK) != 0, "is not left behind");
	free(path);
}

static void
test_write_errors(void)
{
	static const int64_t dims[] = { 1 };
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;

	is_int(fm_npy_write("x.npy", &t, &err), -1, "nothing to write");
	is_str(err.text, "'x.npy': element type '' cannot be written", "said");
	fm_err_clear(&err);
	(void)fm_tensor_shape(&t, FM_TYPE_INT8, 1, dims, &err);
	fm_tensor_set(&t, 0, 1);
	is_int(fm_npy_write("/dev/full", &t, &err), -1, "full disk");
	is_str(err.text, "cannot write '/dev/full': No space left on device",
	    "is said");
	is_int(err.code, FM_IO, "as an I/O error");
	fm_err_clear(&err);
	test_half(&t);
	is_int(fm_npy_write("/nowhere/x.npy", &t, &err), -1, "no folder");
	is_str(err.text,
	    "cannot write '/nowhere/x.npy': No such file or directory", "said");
	fm_tensor_release(&t);
}

static void
write_file(const char *path, const struct fm_buf *b)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(b->s, 1, b->len, f) != b->len || fclose(f))
		abort();
}

/* Reads bytes as a file; the message without "'…/in.npy': ". */
static void
reads(const struct fm_buf *bytes, const char *want, const char *name)
{
	char *path = fm_io_join(dir, "in.npy");
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	size_t skip_len = strlen(path) + 2;

	write_file(path, bytes);
	if (fm_npy_read(path, &t, &err) == 0)
		fm_tensor_put_text(&b, &t);
	else if (strlen(err.text) > skip_len)
		fm_buf_puts(&b, err.text + skip_len);
	is_str(b.s, want, name);
	fm_buf_release(&b);
	fm_tensor_release(&t);
	free(path);
}

/* A file with this header and four bytes of elements. */
static void
header_reads(const char *header, const char *want)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t n = strlen(header);

	fm_buf_put(&b, "\x93NUMPY\x01", 8);
	fm_buf_putc(&b, (char)(n & 0xff));
	fm_buf_putc(&b, (char)(n >> 8));
	fm_buf_put(&b, header, n);
	fm_buf_put(&b, "\0\0\0", 4);
	reads(&b, want, header);
	fm_buf_release(&b);
}

#define D "'descr': "
#define F "'fortran_order': False"
#define S "'shape': "

static void
test_headers(void)
{
	static const struct {
		const char *header, *want;
	} rows[] = {
		{ "{" D "'<f4', " F ", " S "(1,), }  \n", "float[1]" },
		{ "{" S "(),\t" F "," D "\"<f4\"}", "float[]" },
		{ "{" D "'f4', " F ", " S "(1L, 1,)}", "float[1,1]" },
		{ "{" D "'|V2', " F ", " S "(2,)}", "bfloat16[2]" },
		{ "", ": the header is not a dict" },
		{ "[]", ": the header is not a dict" },
		{ "{" D "'<f4', " F ", " S "(1,)",
		    ": the header is not a dict" },
		{ "{" D "'<f4' " F ", " S "(1,)}",
		    ": the header is not a dict" },
		{ "{" D "'<f4', " F ", " S "(1,)} + 1",
		    ": the header is not a dict" },
		{ "{descr: '<f4'}", ": the header is not a dict" },
		{ "{'descr\\x00': '<f4'}", ": the header is not a dict" },
		{ "{}", ": the header lacks 'descr'" },
		{ "{" D "'<f4', " F "}", ": the header lacks 'shape'" },
		{ "{" D "'<f4', " D "'<f4'}",
		    ": unexpected 'descr' in the header" },
		{ "{'x': 1}", ": unexpected 'x' in the header" },
		{ "{" D "4}", ": 'descr' in the header is not a type" },
		{ "{" D "'<f4}", ": 'descr' in the header is not a type" },
		{ "{" D "'<m8[ns]'}",
		    ": element type '<m8[ns]' is not supported" },
		{ "{" D "''}", ": element type '' is not supported" },
		{ "{" D "'<float32'}",
		    ": element type '<float32' is not supported" },
		{ "{'fortran_order': 0}",
		    ": 'fortran_order' in the header is not True or False" },
		{ "{" S "(1)}",
		    ": 'shape' in the header is not a tuple of whole "
		    "numbers" },
		{ "{" S "[1]}",
		    ": 'shape' in the header is not a tuple of whole "
		    "numbers" },
		{ "{" S "(-1,)}",
		    ": 'shape' in the header is not a tuple of whole "
		    "numbers" },
		{ "{" S "(1,,)}",
		    ": 'shape' in the header is not a tuple of whole "
		    "numbers" },
		{ "{" S "(9223372036854775808,)}",
		    ": 'shape' in the header is not a tuple of whole "
		    "numbers" },
		{ "{" S "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}",
		    ": more than 16 dimensions" },
		{ "{" D "'<f4', " F ", " S "(4611686018427387904,)}",
		    ": the shape is too big" },
		{ "{" D "'<i1', " F ", " S "(1000000000000,)}",
		    ": the shape needs 1000000000000 bytes, "
		    "the file holds 4" },
		{ "{" D "'<i1', " F ", " S "(3,)}",
		    ": the shape needs 3 bytes, the file holds 4" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		header_reads(rows[i].header, rows[i].want);
}

static void
test_files(void)
{
	static const struct {
		const char *path, *text;
	} rows[] = {
		{ "/nowhere.npy",
		    "cannot open '/nowhere.npy': No such file or directory" },
		{ "tests", "cannot read 'tests': Is a directory" },
		{ DATA "object.npy",
		    "'" DATA "object.npy': holds Python objects (a pickle), "
		    "which are never read; save an array of numbers" },
		{ DATA "text.npy",
		    "'" DATA "text.npy': holds text ('<U2'), which is not "
		    "supported" },
		{ DATA "fields.npy",
		    "'" DATA "fields.npy': records of several fields are not "
		    "read" },
	};
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fm_err err = FM_ERR_INIT;

		is_int(fm_npy_read(rows[i].path, &t, &err), -1, rows[i].path);
		is_str(err.text, rows[i].text, "says why");
	}
	reads(&b, ": the file is cut short", "an empty file");
	fm_buf_puts(&b, "PK\x03\x04 and so on");
	reads(&b, " is not a .npy file", "another format");
	fm_buf_clear(&b);
	fm_buf_put(&b, "\x93NUMPY\x04", 8);
	reads(&b, ": .npy version 4 is not known", "a version to come");
	fm_buf_clear(&b);
	fm_buf_put(&b, "\x93NUMPY\x02\0\xff\xff\xff\xff", 12);
	reads(&b, ": a header of 4294967295 bytes is too long", "long header");
	fm_buf_release(&b);
	fm_tensor_release(&t);
}

static void
test_path(void)
{
	static const struct {
		const char *name, *file;
	} rows[] = {
		{ "last_hidden_state", "d/last_hidden_state.npy" },
		{ "/encoder/out:0", "d/_encoder_out_0.npy" },
		{ "..", "d/_..npy" },
		{ "", "d/_.npy" },
	};
	char name[300], *path;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		path = fm_npy_path("d", rows[i].name);
		is_str(path, rows[i].file, "file of a name");
		free(path);
	}
	memset(name, 'x', sizeof name);
	name[sizeof name - 1] = '\0';
	path = fm_npy_path("", name);
	is_int((intmax_t)strlen(path), 1 + 200 + 4, "a long one is cut");
	free(path);
}

int
main(void)
{
	struct fm_err err = FM_ERR_INIT;

	dir = fm_io_tmpdir("fm-test", &err);
	if (!dir)
		return 1;
	test_read();
	test_write();
	test_write_errors();
	test_headers();
	test_files();
	test_path();
	(void)fm_io_remove_tree(dir, &err);
	free(dir);
	return done();
}
