/*
 * lib/num.h: numbers to text and back. num-repr.h holds what Python prints.
 */
#include "num.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../tap.h"
#include "buf.h"

#include "num-repr.h"

static void
test_repr(void)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i;
	double d;

	for (i = 0; i < sizeof reprs / sizeof *reprs; i++) {
		memcpy(&d, &reprs[i].bits, sizeof d);
		fm_buf_clear(&b);
		fm_num_put_repr(&b, d);
		is_str(b.s, reprs[i].repr, reprs[i].repr);
	}
	fm_buf_clear(&b);
	fm_num_put_repr(&b, HUGE_VAL);
	fm_buf_putc(&b, ' ');
	fm_num_put_repr(&b, -HUGE_VAL);
	fm_buf_putc(&b, ' ');
	fm_num_put_repr(&b, (double)NAN);
	is_str(b.s, "inf -inf nan", "what is no number");
	fm_buf_release(&b);
}

static void
test_put(void)
{
	static const struct {
		int64_t v;
		int decimals;
		const char *want;
	} cases[] = {
		{ 0, 0, "0" },
		{ 0, 9, "0.000000000" },
		{ 5, 9, "0.000000005" },
		{ 57057369, 9, "0.057057369" },
		{ INT64_C(1108911088153850000), 9, "1108911088.153850000" },
		{ -5, 3, "-0.005" },
		{ -12345, 3, "-12.345" },
		{ INT64_MAX, 0, "9223372036854775807" },
		{ INT64_MIN, 0, "-9223372036854775808" },
		{ INT64_MIN, 18, "-9.223372036854775808" },
	};
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		fm_buf_clear(&b);
		fm_num_put_scaled(&b, cases[i].v, cases[i].decimals);
		is_str(b.s, cases[i].want, cases[i].want);
		if (cases[i].decimals)
			continue;
		fm_buf_clear(&b);
		fm_num_put_int(&b, cases[i].v);
		is_str(b.s, cases[i].want, cases[i].want);
	}
	fm_buf_release(&b);
}

static void
test_get_int(void)
{
	static const char *const bad[] = { "", "-", "+", ".", "1.", ".5", "1 ",
		" 1", "1a", "0x1", "1e3", "9223372036854775808",
		"-9223372036854775809", "--1" };
	int64_t v = 7;
	size_t i;

	ok(fm_num_get_int("0", 1, &v) && v == 0, "0");
	ok(fm_num_get_int("-12", 3, &v) && v == -12, "-12");
	ok(fm_num_get_int("+12", 3, &v) && v == 12, "+12");
	ok(fm_num_get_int("007", 3, &v) && v == 7, "007");
	ok(fm_num_get_int("12345", 2, &v) && v == 12, "only so many bytes");
	ok(fm_num_get_int("9223372036854775807", 19, &v) && v == INT64_MAX,
	    "the largest");
	ok(fm_num_get_int("-9223372036854775808", 20, &v) && v == INT64_MIN,
	    "the smallest");
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!fm_num_get_int(bad[i], strlen(bad[i]), &v), bad[i]);
}

static void
test_get_scaled(void)
{
	static const struct {
		const char *s;
		int decimals;
		bool good;
		int64_t v;
	} cases[] = {
		{ "0.057", 9, true, 57000000 },
		{ ".000000005", 9, true, 5 },
		{ "1.", 3, true, 1000 },
		{ "-1.5", 1, true, -15 },
		{ "1.55", 1, false, 0 },
		{ "9223372036.854775807", 9, true, INT64_MAX },
		{ "9223372036.854775808", 9, false, 0 },
		{ "9223372037", 9, false, 0 },
		{ ".", 9, false, 0 },
		{ "-", 9, false, 0 },
		{ "-.", 9, false, 0 },
		{ "", 9, false, 0 },
		{ "1.2.3", 9, false, 0 },
		{ "nan", 9, false, 0 },
	};
	int64_t v;
	size_t i;
	bool good;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		v = 0;
		good = fm_num_get_scaled(
		    cases[i].s, strlen(cases[i].s), cases[i].decimals, &v);
		ok(good == cases[i].good && (!good || v == cases[i].v),
		    cases[i].s);
	}
}

static void
test_get_double(void)
{
	static const char *const bad[] = { "", " 1", "1 ", "inf", "nan",
		"1e999", "0x1p3", "1e", "abc", "1,5", "--1",
		"0."
		"0000000000000000000000000000000000000000000000000000000000000"
		"1" };
	double d;
	size_t i;

	ok(fm_num_get_double("1.5", 3, &d) && d == 1.5, "1.5");
	ok(fm_num_get_double("-1e-3", 5, &d) && d == -1e-3, "-1e-3");
	ok(fm_num_get_double("12", 1, &d) && d == 1.0, "only so many bytes");
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!fm_num_get_double(bad[i], strlen(bad[i]), &d), bad[i]);
}

int
main(void)
{
	test_repr();
	test_put();
	test_get_int();
	test_get_scaled();
	test_get_double();
	return done();
}
