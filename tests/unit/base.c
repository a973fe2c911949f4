/*
 * The base: buf, strs, err, clock, alloc.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "err.h"
#include "strs.h"

static void
test_buf(void)
{
	struct fm_buf b = FM_BUF_INIT;
	char *s;

	is_str(b.s, "", "a new buffer is an empty string");
	s = fm_buf_detach(&b);
	is_str(s, "", "... that can be handed over");
	free(s);
	fm_buf_clear(&b);
	fm_buf_puts(&b, "ab");
	fm_buf_putc(&b, 'c');
	fm_buf_put(&b, "\0d", 2);
	fm_buf_printf(&b, "%d-%s", 42, "x");
	is_int((intmax_t)b.len, 9, "length");
	ok(memcmp(b.s, "abc\0d42-x", 10) == 0, "content, NUL at the end");
	fm_buf_consume(&b, 4);
	is_str(b.s, "d42-x", "consume");
	fm_buf_consume(&b, 0);
	is_str(b.s, "d42-x", "consume nothing");
	memcpy(fm_buf_reserve(&b, 3), "yz!", 3);
	is_int((intmax_t)b.len, 5, "reserve does not count");
	fm_buf_commit(&b, 2);
	is_str(b.s, "d42-xyz", "commit does");
	while (b.len < 100000)
		fm_buf_puts(&b, "0123456789");
	ok(b.cap > b.len && b.cap < 4 * b.len, "grows by doubling");
	fm_buf_clear(&b);
	is_str(b.s, "", "clear");
	fm_buf_puts(&b, "z");
	s = fm_buf_detach(&b);
	is_str(s, "z", "detach");
	is_str(b.s, "", "... leaves nothing");
	free(s);
	fm_buf_release(&b);
}

static void
test_strs(void)
{
	struct fm_strs l = FM_STRS_INIT;

	fm_strs_sort(&l);
	is_int(fm_strs_find(&l, "x"), -1, "not in an empty list");
	fm_strs_split(&l, ",,b,a c,,Z,", ",");
	is_int((intmax_t)l.n, 3, "empty parts vanish");
	is_str(l.v[1], "a c", "split");
	ok(l.v[3] == NULL, "a NULL at the end");
	fm_strs_add(&l, "a");
	fm_strs_add_take(&l, fm_strdup("0"));
	fm_strs_sort(&l);
	is_str(l.v[0], "0", "sorted");
	is_str(l.v[1], "Z", "... by byte");
	is_int(fm_strs_find(&l, "b"), 4, "find");
	is_int(fm_strs_find(&l, "B"), -1, "not there");
	fm_strs_release(&l);
	ok(l.v == NULL && l.n == 0, "release");
}

static void
test_err(void)
{
	struct fm_err err = FM_ERR_INIT;
	char longer[1500];
	int i, same = 0;

	is_int(fm_err_set(&err, FM_IO, "one\ntwo %d\n", 3), -1, "is -1");
	is_str(err.text, "one two 3", "a message is one line");
	(void)fm_err_set(&err, FM_OOM, "later");
	is_str(err.text, "one two 3", "the first error wins");
	is_int(err.code, FM_IO, "... its code too");
	(void)fm_err_wrap(&err, "'%s'", "f");
	is_str(err.text, "'f': one two 3", "wrap");
	fm_err_clear(&err);
	is_str(err.text, "", "clear");
	errno = ENOENT;
	is_int(fm_err_sys(&err, FM_IO, "cannot open 'x'"), -1, "is -1");
	is_str(err.text, "cannot open 'x': No such file or directory",
	    "with errno");
	(void)fm_err_sys(&err, FM_OOM, "later");
	is_int(err.code, FM_IO, "the first error wins");
	fm_err_clear(&err);
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	(void)fm_err_set(&err, FM_IO, "%s", longer);
	is_int((intmax_t)strlen(err.text), sizeof err.text - 1, "cut to fit");
	for (i = 0; i < FM_CODES; i++)
		same += fm_code_of(fm_code_word((enum fm_code)i)) ==
			(enum fm_code)i;
	is_int(same, FM_CODES, "words of codes read back");
	is_int(fm_code_of("nonsense"), FM_INTERNAL, "an unknown word");
	is_int(fm_code_status(FM_USAGE), 2, "status of usage");
	is_int(fm_code_status(FM_OK), 0, "status of ok");
}

static void
test_clock(void)
{
	int64_t a = fm_clock_now_ns(), b, cost, step;
	struct fm_clock c;

	fm_clock_sleep_ns(-1);
	fm_clock_sleep_ns(2000000);
	b = fm_clock_now_ns();
	ok(b - a >= 2000000, "sleeps at least so long");
	fm_clock_start(&c);
	b = fm_clock_epoch_ns(&c, fm_clock_now_ns()) -
	    (int64_t)time(NULL) * 1000000000;
	ok(b > -1000000000 && b < 2000000000, "stamps are epoch time");
	ok(fm_clock_epoch_ns(&c, a + 1) - fm_clock_epoch_ns(&c, a) == 1,
	    "... that runs with the monotonic clock");
	fm_clock_measure(1000, &cost, &step);
	ok(cost >= 0 && cost < 1000000 && step > 0, "cost and resolution");
}

static void
test_alloc(void)
{
	char *s = fm_strdupf("%s-%d", "a", 7);
	int *v = NULL;
	size_t cap = 0, i, grown = 0;

	is_str(s, "a-7", "strdupf");
	free(s);
	s = fm_strndup("abc", 2);
	is_str(s, "ab", "strndup");
	free(s);
	free(fm_malloc(0));
	v = fm_calloc(4, sizeof *v);
	ok(v[0] == 0 && v[3] == 0, "calloc clears");
	free(v);
	v = NULL;
	for (i = 0; i < 1000; i++) {
		size_t before = cap;

		FM_GROW(v, cap, i + 1);
		grown += cap != before;
		v[i] = (int)i;
	}
	ok(grown <= 8 && v[999] == 999, "FM_GROW doubles");
	free(v);
}

int
main(void)
{
	test_buf();
	test_strs();
	test_err();
	test_clock();
	test_alloc();
	return done();
}
