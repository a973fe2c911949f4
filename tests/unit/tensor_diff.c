/*
 * Comparison of tensors: each row is one element of either side, checked
 * against what numpy.isclose(a, b, rtol=1e-3, atol=1e-2, equal_nan=True) says.
 */
#include "tensor.h"

#include <math.h>
#include <string.h>

#include "../tap.h"
#include "err.h"

static const int64_t one[] = { 1 };

static struct fm_tensor_diff
compare(enum fm_type type, double a, double b)
{
	struct fm_tensor x = FM_TENSOR_INIT, y = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_tensor_diff d;

	(void)fm_tensor_shape(&x, type, 1, one, &err);
	(void)fm_tensor_shape(&y, type, 1, one, &err);
	fm_tensor_set(&x, 0, a);
	fm_tensor_set(&y, 0, b);
	fm_tensor_compare(&d, &x, &y, 1e-3, 1e-2);
	fm_tensor_release(&x);
	fm_tensor_release(&y);
	return d;
}

static void
test_elements(void)
{
	static const struct {
		const char *name;
		enum fm_type type;
		double a, b;
		bool close;
		double max_abs, max_rel;
	} rows[] = {
		{ "equal", FM_TYPE_DOUBLE, 5, 5, true, 0, 0 },
		{ "within atol", FM_TYPE_DOUBLE, 0.0078125, 0, true, 0.0078125,
		    0 },
		{ "beyond atol", FM_TYPE_DOUBLE, 0.015625, 0, false, 0.015625,
		    0 },
		{ "within rtol of b", FM_TYPE_DOUBLE, 1024, 1025, true, 1,
		    1.0 / 1025 },
		{ "beyond rtol", FM_TYPE_DOUBLE, 1026, 1024, false, 2,
		    2.0 / 1024 },
		{ "both NaN", FM_TYPE_DOUBLE, (double)NAN, (double)NAN, true, 0,
		    0 },
		{ "a NaN", FM_TYPE_DOUBLE, (double)NAN, 0, false, HUGE_VAL, 0 },
		{ "b NaN", FM_TYPE_DOUBLE, 0, (double)NAN, false, HUGE_VAL, 0 },
		{ "inf", FM_TYPE_DOUBLE, HUGE_VAL, HUGE_VAL, true, 0, 0 },
		{ "two infs", FM_TYPE_DOUBLE, -HUGE_VAL, HUGE_VAL, false,
		    HUGE_VAL, 0 },
		{ "b inf", FM_TYPE_DOUBLE, 1, HUGE_VAL, false, HUGE_VAL, 0 },
		{ "a inf", FM_TYPE_DOUBLE, HUGE_VAL, 1, false, HUGE_VAL,
		    HUGE_VAL },
		{ "int", FM_TYPE_INT32, 1, 2, false, 1, 0.5 },
		{ "int within rtol", FM_TYPE_INT32, 5001, 5000, true, 1,
		    1.0 / 5000 },
		{ "bool", FM_TYPE_BOOL, 1, 0, false, 1, 0 },
		{ "half", FM_TYPE_FLOAT16, 0x1.004p10, 0x1p10, true, 1,
		    0x1p-10 },
		{ "int64 from end to end", FM_TYPE_INT64, -0x1p63, 0x1p63,
		    false, 0x1p64, 2 },
	};
	struct fm_tensor_diff d;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		d = compare(rows[i].type, rows[i].a, rows[i].b);
		is_int(d.wrong, !rows[i].close, rows[i].name);
		ok(d.max_abs == rows[i].max_abs, "its absolute error");
		ok(d.max_rel == rows[i].max_rel, "its relative error");
	}
}

/* 2^53 and 2^53 + 1 are the same double. */
static void
test_int64(void)
{
	uint64_t a = (UINT64_C(1) << 53) + 1, b = UINT64_C(1) << 53;
	struct fm_tensor x = FM_TENSOR_INIT, y = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_tensor_diff d;

	(void)fm_tensor_shape(&x, FM_TYPE_UINT64, 1, one, &err);
	(void)fm_tensor_shape(&y, FM_TYPE_UINT64, 1, one, &err);
	memcpy(x.data, &a, sizeof a);
	memcpy(y.data, &b, sizeof b);
	fm_tensor_compare(&d, &x, &y, 0, 0);
	ok(d.wrong == 1 && d.max_abs == 1, "64-bit integers are exact");
	fm_tensor_release(&x);
	fm_tensor_release(&y);
}

static void
test_complex(void)
{
	const double a[] = { 3, 4 }, b[] = { 0, 0 };
	struct fm_tensor x = FM_TENSOR_INIT, y = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_tensor_diff d;

	(void)fm_tensor_shape(&x, FM_TYPE_COMPLEX128, 1, one, &err);
	(void)fm_tensor_shape(&y, FM_TYPE_COMPLEX128, 1, one, &err);
	memcpy(x.data, a, sizeof a);
	memcpy(y.data, b, sizeof b);
	fm_tensor_compare(&d, &x, &y, 0, 4.9);
	ok(d.wrong == 1 && d.max_abs == 5, "complex numbers by magnitude");
	fm_tensor_compare(&d, &x, &y, 0, 5);
	is_int(d.wrong, 0, "with the tolerance included");
	fm_tensor_release(&x);
	fm_tensor_release(&y);
}

static void
test_worst(void)
{
	static const int64_t four[] = { 2, 2 };
	static const float a[] = { 1, 100.5f, 0.5f, 1 },
			   b[] = { 1, 100, 0.25f, 1 };
	struct fm_tensor x = FM_TENSOR_INIT, y = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_tensor_diff d;

	(void)fm_tensor_shape(&x, FM_TYPE_FLOAT, 2, four, &err);
	(void)fm_tensor_shape(&y, FM_TYPE_FLOAT, 2, four, &err);
	memcpy(x.data, a, sizeof a);
	memcpy(y.data, b, sizeof b);
	fm_tensor_compare(&d, &x, &y, 0.01, 0);
	is_int(d.wrong, 1, "one of four is wrong");
	is_int(d.worst, 2, "the worst is that, not the largest difference");
	ok(d.max_abs == 0.5 && d.max_rel == 1, "which is counted as well");
	fm_tensor_release(&x);
	fm_tensor_release(&y);
}

int
main(void)
{
	test_elements();
	test_int64();
	test_complex();
	test_worst();
	return done();
}
