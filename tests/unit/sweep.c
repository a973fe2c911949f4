/*
 * lib/sweep.h: lists of sizes, their messages, and the order of points.
 */
#include "sweep.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "buf.h"
#include "err.h"

static void
test_sizes(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "1", "[1]" },
		{ "128,512", "[128, 512]" },
		{ "8,1,8", "[8, 1, 8]" },
		{ " 1 , 2 ", "[1, 2]" },
		{ "1-4", "[1, 2, 3, 4]" },
		{ "3-3", "[3]" },
		{ "128-1024*2", "[128, 256, 512, 1024]" },
		{ "1-100*10", "[1, 10, 100]" },
		{ "1-99*10", "[1, 10]" },
		{ "16-64+16", "[16, 32, 48, 64]" },
		{ "16-63+16,7", "[16, 32, 48, 7]" },
		{ "2147483647", "[2147483647]" },
		{ "2147483646-2147483647*2147483647", "[2147483646]" },
	};
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	int64_t *v = NULL;
	size_t n, i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		fm_buf_clear(&b);
		if (fm_sweep_sizes(cases[i].text, "-x", &v, &n, &err) == 0)
			fm_sweep_put_list(&b, v, n);
		is_str(b.s, cases[i].want, cases[i].text);
		free(v);
		v = NULL;
	}
	fm_buf_clear(&b);
	fm_sweep_put_list(&b, NULL, 0);
	is_str(b.s, "[]", "an empty list");
	fm_buf_release(&b);
}

static void
test_errors(void)
{
#define WHOLE " must be a whole number from 1 up"
#define LARGE " must be at most 2147483647"
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "''" WHOLE },
		{ "0", "'0'" WHOLE },
		{ "a", "'a'" WHOLE },
		{ "-1", "'-1'" WHOLE },
		{ "+1", "'+1'" WHOLE },
		{ "1.5", "'1.5'" WHOLE },
		{ "1,,2", "''" WHOLE },
		{ "1,", "''" WHOLE },
		{ "1 2", "'1 2'" WHOLE },
		{ "0-4", "'0-4'" WHOLE },
		{ "1-", "'1-'" WHOLE },
		{ "1-4*", "'1-4*'" WHOLE },
		{ "1-4+1x", "'1-4+1x'" WHOLE },
		{ "8-1", "'8-1' must go up" },
		{ "1-8*1", "'1-8*1' must grow: the factor is 2 or more" },
		{ "1-8+0", "'1-8+0' must grow: the step is 1 or more" },
		{ "2147483648", "'2147483648'" LARGE },
		{ "99999999999999999999", "'99999999999999999999'" LARGE },
		{ "5,1-1000000", "'1-1000000' makes more than 1000000 sizes" },
	};
	char want[200];
	int64_t *v = NULL;
	size_t n, i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fm_err err = FM_ERR_INIT;

		(void)snprintf(
		    want, sizeof want, "--input_sizes: %s", cases[i].want);
		ok(fm_sweep_sizes(
		       cases[i].text, "--input_sizes", &v, &n, &err) == -1,
		    cases[i].text);
		is_str(err.text, want, cases[i].text);
	}
}

/* The points as "input/output/batch " each. */
static void
is_points(const struct fm_sweep *s, enum fm_sweep_order order, const char *want,
    const char *name)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	struct fm_point *p = NULL;
	size_t n = 0, i;

	(void)fm_sweep_points(s, order, &p, &n, &err);
	for (i = 0; i < n; i++)
		fm_buf_printf(&b, "%" PRId64 "/%" PRId64 "/%" PRId64 " ",
		    p[i].input, p[i].output, p[i].batch);
	is_str(b.s, want, name);
	fm_buf_release(&b);
	free(p);
}

static void
test_points(void)
{
	static int64_t in[] = { 128, 512 }, out[] = { 1, 64 }, b[] = { 1, 8 };
	struct fm_sweep s = { in, NULL, b, 2, 0, 2 };
	struct fm_err err = FM_ERR_INIT;
	struct fm_point *p;
	size_t n;

	is_points(&s, FM_SWEEP_EMBED, "128/1/1 512/1/1 128/1/8 512/1/8 ",
	    "embed order");
	s.outputs = out;
	s.n_outputs = 2;
	is_points(&s, FM_SWEEP_INFER,
	    "128/1/1 128/1/8 128/64/1 128/64/8 "
	    "512/1/1 512/1/8 512/64/1 512/64/8 ",
	    "infer order");
	s.n_batches = 0;
	is_points(&s, FM_SWEEP_INFER, "", "no batches, no points");
	s.n_inputs = s.n_batches = SIZE_MAX / 2;
	ok(fm_sweep_points(&s, FM_SWEEP_INFER, &p, &n, &err) == -1,
	    "too many points");
	is_str(
	    err.text, "the sweep has more than 10000000 points", "... message");
}

int
main(void)
{
	test_sizes();
	test_errors();
	test_points();
	return done();
}
