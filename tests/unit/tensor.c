/*
 * Element types, the two 16-bit floats over all their values, shapes, and
 * elements as doubles.
 */
#include "tensor.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "buf.h"
#include "err.h"

/* Under the address sanitizer, too, memory that cannot be had is NULL. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static uint32_t
bits_of(float f)
{
	uint32_t u;

	memcpy(&u, &f, sizeof u);
	return u;
}

static float
float_of(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof f);
	return f;
}

static void
test_types(void)
{
	static const struct {
		const char *word;
		enum fm_type type;
	} words[] = {
		{ "float", FM_TYPE_FLOAT },
		{ "float32", FM_TYPE_FLOAT },
		{ "f4", FM_TYPE_FLOAT },
		{ "F32", FM_TYPE_FLOAT },
		{ "BF16", FM_TYPE_BFLOAT16 },
		{ "F16", FM_TYPE_FLOAT16 },
		{ "F64", FM_TYPE_DOUBLE },
		{ "double", FM_TYPE_DOUBLE },
		{ "i8", FM_TYPE_INT64 }, /* numpy: bytes */
		{ "I8", FM_TYPE_INT8 },  /* safetensors: bits */
		{ "u8", FM_TYPE_UINT64 },
		{ "U8", FM_TYPE_UINT8 },
		{ "BOOL", FM_TYPE_BOOL },
		{ "string", FM_TYPE_STRING },
		{ "", FM_TYPE_NONE },
		{ "F8_E4M3", FM_TYPE_NONE },
	};
	enum fm_type t;
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		is_int(fm_type_of(words[i].word), words[i].type, words[i].word);
	for (t = FM_TYPE_FLOAT; t <= FM_TYPE_BFLOAT16; t++) {
		is_int(fm_type_of(fm_type_name(t)), t, fm_type_name(t));
		if (t != FM_TYPE_STRING)
			is_int(fm_type_of_numpy(fm_type_numpy(t)), t,
			    fm_type_numpy(t));
	}
	is_str(fm_type_name((enum fm_type)99), "", "no such type: no name");
	is_int((intmax_t)fm_type_size(FM_TYPE_STRING), 0, "strings: no size");
	is_int((intmax_t)fm_type_size(FM_TYPE_COMPLEX128), 16, "complex128");
	ok(fm_type_is_float(FM_TYPE_BFLOAT16) &&
		!fm_type_is_float(FM_TYPE_INT32),
	    "which are floats");
}

/* The value of a 16-bit float by its definition. */
static double
value_of(uint16_t h, int mantissa_bits, int bias)
{
	int e = (h & 0x7fff) >> mantissa_bits;
	int m = h & ((1 << mantissa_bits) - 1);
	double v = e ? ldexp(m + (1 << mantissa_bits), e - bias - mantissa_bits)
		     : ldexp(m, 1 - bias - mantissa_bits);

	return h & 0x8000 ? -v : v;
}

/*
 * Every 16-bit pattern: its value is right, it survives the way there and
 * back, and the midpoint to its neighbour and the floats beside that go to the
 * right one.
 */
static void
test_16_bits(const char *name, float (*to)(uint16_t), uint16_t (*from)(float),
    int mantissa_bits, int bias)
{
	const unsigned inf = 0x7fffu & (unsigned)-(1 << mantissa_bits);
	int wrong_value = 0, wrong_back = 0, wrong_mid = 0;
	unsigned u;

	for (u = 0; u < 65536; u++) {
		uint16_t h = (uint16_t)u;
		float f = to(h), mid;

		if ((u & 0x7fff) > inf)
			wrong_value += !isnan(f);
		else if ((u & 0x7fff) == inf)
			wrong_value += !isinf(f) || !signbit(f) != !(u >> 15);
		else
			wrong_value +=
			    (double)f != value_of(h, mantissa_bits, bias) ||
			    !signbit(f) != !(u >> 15);
		wrong_back += from(f) != h;
		if ((u & 0x7fff) >= inf)
			continue;
		/* One more than the largest counts as its neighbour. */
		mid = (float)((value_of(h, mantissa_bits, bias) +
				  value_of(
				      (uint16_t)(h + 1), mantissa_bits, bias)) /
			      2);
		if (isinf(mid))
			continue;
		wrong_mid += from(mid) != (u & 1 ? u + 1 : u);
		wrong_mid += from(float_of(bits_of(mid) - 1)) != u;
		wrong_mid += from(float_of(bits_of(mid) + 1)) != u + 1;
	}
	is_int(wrong_value, 0, name);
	is_int(wrong_back, 0, "there and back");
	is_int(wrong_mid, 0, "nearest, ties to even");
}

static void
test_16_bit_ends(void)
{
	is_int(fm_float_to_half(65519.996f), 0x7bff, "the largest half");
	is_int(fm_float_to_half(65520.0f), 0x7c00, "and infinity after it");
	is_int(fm_float_to_half(-INFINITY), 0xfc00, "-inf");
	is_int(fm_float_to_half(0x1p-25f), 0, "half the smallest is even: 0");
	is_int(fm_float_to_half(-0.0f), 0x8000, "-0");
	is_int(fm_float_to_half(float_of(0x7f800001)), 0x7c01,
	    "a NaN whose payload is lost stays a NaN");
	is_int(fm_float_to_bf16(FLT_MAX), 0x7f80, "the largest float to bf16");
	is_int(fm_float_to_bf16(float_of(0xff800001)), 0xff81, "bf16: NaN");
}

static void
test_shape(void)
{
	static const int64_t small[] = { 2, 3 }, empty[] = { INT64_MAX, 2, 0 },
			     big[] = { INT64_MAX, 2 }, minus[] = { 2, -1 },
			     huge[] = { INT64_MAX / 32 };
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	void *p;

	is_int(fm_tensor_elems(&t), 0, "nothing yet: no elements");
	is_int(fm_tensor_shape(&t, FM_TYPE_DOUBLE, 2, small, &err), 0, "2x3");
	is_int((intmax_t)fm_tensor_bytes(&t), 48, "48 bytes");
	is_int((intmax_t)((uintptr_t)t.data % 64), 0, "aligned");
	fm_tensor_put_text(&b, &t);
	is_str(b.s, "double[2,3]", "as text");
	p = t.data;
	is_int(fm_tensor_shape(&t, FM_TYPE_FLOAT, 0, NULL, &err), 0, "scalar");
	ok(t.data == p, "memory is reused");
	is_int(fm_tensor_elems(&t), 1, "one element");
	fm_buf_clear(&b);
	fm_tensor_put_text(&b, &t);
	is_str(b.s, "float[]", "as text");
	is_int(fm_tensor_shape(&t, FM_TYPE_INT8, 3, empty, &err), 0, "empty");
	is_int(fm_tensor_elems(&t), 0, "no elements, no overflow");

	is_int(fm_tensor_shape(&t, FM_TYPE_INT8, 2, big, &err), -1, "overflow");
	is_str(err.text,
	    "shape 'int8[9223372036854775807,2]' has no size that can be held",
	    "is said");
	fm_err_clear(&err);
	is_int(fm_tensor_shape(&t, FM_TYPE_INT8, 2, minus, &err), -1, "-1");
	fm_err_clear(&err);
	is_int(fm_tensor_shape(&t, FM_TYPE_INT8, 17, big, &err), -1, "rank 17");
	is_str(err.text, "a tensor has at most 16 dimensions, got 17", "said");
	fm_err_clear(&err);
	is_int(fm_tensor_shape(&t, FM_TYPE_STRING, 0, NULL, &err), -1, "text");
	is_str(err.text, "element type 'string' is not supported", "is said");
	fm_err_clear(&err);
	is_int(fm_tensor_shape(&t, FM_TYPE_DOUBLE, 1, huge, &err), -1,
	    "more memory than there is");
	is_int(err.code, FM_OOM, "is the result oom");
	fm_buf_release(&b);
	fm_tensor_release(&t);
}

static void
test_elements(void)
{
	static const double values[] = { 0, 1, -1, 2.9, -2.9, 300, 1e30,
		-1e30 };
	static const struct {
		enum fm_type type;
		double want[8];
	} rows[] = {
		{ FM_TYPE_DOUBLE, { 0, 1, -1, 2.9, -2.9, 300, 1e30, -1e30 } },
		{ FM_TYPE_COMPLEX128,
		    { 0, 1, -1, 2.9, -2.9, 300, 1e30, -1e30 } },
		{ FM_TYPE_BOOL, { 0, 1, 1, 1, 1, 1, 1, 1 } },
		{ FM_TYPE_UINT8, { 0, 1, 0, 2, 0, 255, 255, 0 } },
		{ FM_TYPE_INT8, { 0, 1, -1, 2, -2, 127, 127, -128 } },
		{ FM_TYPE_UINT16, { 0, 1, 0, 2, 0, 300, 65535, 0 } },
		{ FM_TYPE_INT16, { 0, 1, -1, 2, -2, 300, 32767, -32768 } },
		{ FM_TYPE_UINT32, { 0, 1, 0, 2, 0, 300, 4294967295, 0 } },
		{ FM_TYPE_INT32,
		    { 0, 1, -1, 2, -2, 300, 2147483647, -2147483648 } },
		{ FM_TYPE_UINT64, { 0, 1, 0, 2, 0, 300, 0x1p64, 0 } },
		{ FM_TYPE_INT64, { 0, 1, -1, 2, -2, 300, 0x1p63, -0x1p63 } },
		{ FM_TYPE_FLOAT16, { 0, 1, -1, 0x1.734p1, -0x1.734p1, 300,
				       HUGE_VAL, -HUGE_VAL } },
		{ FM_TYPE_BFLOAT16, { 0, 1, -1, 0x1.74p1, -0x1.74p1, 300,
					0x1.94p99, -0x1.94p99 } },
		{ FM_TYPE_FLOAT, { 0, 1, -1, 0x1.733334p1, -0x1.733334p1, 300,
				     0x1.93e594p99, -0x1.93e594p99 } },
		{ FM_TYPE_COMPLEX64, { 0, 1, -1, 0x1.733334p1, -0x1.733334p1,
					 300, 0x1.93e594p99, -0x1.93e594p99 } },
	};
	static const int64_t dims[] = { 8 };
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	size_t r;
	int i, bad;

	for (r = 0; r < sizeof rows / sizeof *rows; r++) {
		(void)fm_tensor_shape(&t, rows[r].type, 1, dims, &err);
		for (i = 0; i < 8; i++)
			fm_tensor_set(&t, i, values[i]);
		for (i = bad = 0; i < 8; i++)
			bad += fm_tensor_get(&t, i) != rows[r].want[i];
		is_int(bad, 0, fm_type_name(rows[r].type));
	}
	(void)fm_tensor_shape(&t, FM_TYPE_FLOAT16, 1, dims, &err);
	/* A tie for the half when rounded to a float first. */
	fm_tensor_set(&t, 0, 1 + 0x1p-11 + 0x1p-40);
	ok(fm_tensor_get(&t, 0) == 1 + 0x1p-10, "a double is rounded once");
	fm_tensor_set(&t, 0, 1 + 0x1p-11 - 0x1p-40);
	ok(fm_tensor_get(&t, 0) == 1, "from either side");
	fm_tensor_set(&t, 0, (double)NAN);
	ok(isnan(fm_tensor_get(&t, 0)), "NaN");
	(void)fm_tensor_shape(&t, FM_TYPE_INT32, 1, dims, &err);
	fm_tensor_set(&t, 0, (double)NAN);
	ok(fm_tensor_get(&t, 0) == 0, "NaN is 0 as an integer");
	fm_tensor_release(&t);
}

int
main(void)
{
	test_types();
	test_16_bits(
	    "half: all values", fm_half_to_float, fm_float_to_half, 10, 15);
	test_16_bits(
	    "bfloat16: all values", fm_bf16_to_float, fm_float_to_bf16, 7, 127);
	test_16_bit_ends();
	test_shape();
	test_elements();
	return done();
}
