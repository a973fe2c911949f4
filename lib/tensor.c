/*
 * Tensors in memory: the one table of element types, conversion of the two
 * 16-bit floats, shapes, and single elements as doubles. Knows no files.
 */
#include "tensor.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "err.h"

/* Accelerators' kernels and the cache like it; and a measurement must not
 * depend on where malloc happened to put its input. */
enum {
	ALIGNMENT = 64
};

static const struct {
	const char *name;     /* ONNX's, in lower case */
	size_t size;          /* bytes */
	const char *numpy;    /* kind and bytes, as .npy files say it */
	const char *words[3]; /* other names: numpy's and safetensors' */
} types[] = {
	[FM_TYPE_NONE] = { "", 0, "", { NULL } },
	[FM_TYPE_FLOAT] = { "float", 4, "f4", { "float32", "F32" } },
	[FM_TYPE_UINT8] = { "uint8", 1, "u1", { "U8" } },
	[FM_TYPE_INT8] = { "int8", 1, "i1", { "I8" } },
	[FM_TYPE_UINT16] = { "uint16", 2, "u2", { "U16" } },
	[FM_TYPE_INT16] = { "int16", 2, "i2", { "I16" } },
	[FM_TYPE_INT32] = { "int32", 4, "i4", { "I32" } },
	[FM_TYPE_INT64] = { "int64", 8, "i8", { "I64" } },
	[FM_TYPE_STRING] = { "string", 0, "", { NULL } },
	[FM_TYPE_BOOL] = { "bool", 1, "b1", { "BOOL" } },
	[FM_TYPE_FLOAT16] = { "float16", 2, "f2", { "F16", "half" } },
	[FM_TYPE_DOUBLE] = { "double", 8, "f8", { "float64", "F64" } },
	[FM_TYPE_UINT32] = { "uint32", 4, "u4", { "U32" } },
	[FM_TYPE_UINT64] = { "uint64", 8, "u8", { "U64" } },
	[FM_TYPE_COMPLEX64] = { "complex64", 8, "c8", { "C64" } },
	[FM_TYPE_COMPLEX128] = { "complex128", 16, "c16", { "C128" } },
	[FM_TYPE_BFLOAT16] = { "bfloat16", 2, "V2", { "BF16" } },
};

enum {
	N_TYPES = sizeof types / sizeof *types
};

static bool
known(enum fm_type t)
{
	return (unsigned)t < N_TYPES;
}

const char *
fm_type_name(enum fm_type t)
{
	return known(t) ? types[t].name : "";
}

enum fm_type
fm_type_of(const char *name)
{
	const char *const *w;
	int i;

	for (i = 1; i < N_TYPES; i++) {
		if (strcmp(types[i].name, name) == 0)
			return (enum fm_type)i;
		for (w = types[i].words; *w; w++)
			if (strcmp(*w, name) == 0)
				return (enum fm_type)i;
	}
	return fm_type_of_numpy(name);
}

const char *
fm_type_numpy(enum fm_type t)
{
	return known(t) ? types[t].numpy : "";
}

enum fm_type
fm_type_of_numpy(const char *kind)
{
	int i;

	for (i = 1; i < N_TYPES; i++)
		if (types[i].size && strcmp(types[i].numpy, kind) == 0)
			return (enum fm_type)i;
	return FM_TYPE_NONE;
}

size_t
fm_type_size(enum fm_type t)
{
	return known(t) ? types[t].size : 0;
}

bool
fm_type_is_float(enum fm_type t)
{
	return t == FM_TYPE_FLOAT || t == FM_TYPE_FLOAT16 ||
	       t == FM_TYPE_DOUBLE || t == FM_TYPE_BFLOAT16;
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

float
fm_half_to_float(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16;
	uint32_t e = h >> 10 & 31, m = h & 0x3ff;

	if (e == 0) /* zero and subnormals: m * 2^-24, which is exact */
		return float_of(sign | bits_of((float)m * 0x1p-24f));
	if (e == 31) /* infinity, and NaN with its payload */
		return float_of(sign | 0x7f800000 | m << 13);
	return float_of(sign | (e + 112) << 23 | m << 13);
}

/* A half's subnormal for 2^-25 < |f| < 2^-14: units of 2^-24. */
static uint32_t
half_subnormal(uint32_t u)
{
	uint32_t m = (u & 0x7fffff) | 0x800000, shift = 126 - (u >> 23);
	uint32_t r = m >> shift, rest = m & ((1u << shift) - 1);
	uint32_t tie = 1u << (shift - 1);

	return r + (rest > tie || (rest == tie && (r & 1)));
}

uint16_t
fm_float_to_half(float f)
{
	uint32_t u = bits_of(f), sign = u >> 16 & 0x8000, r;

	u &= 0x7fffffff;
	if (u > 0x7f800000) { /* NaN: a payload that is lost must not be 0 */
		r = 0x7c00 | (u >> 13 & 0x3ff);
		r += r == 0x7c00;
	} else if (u >= 0x477ff000) { /* 65520 and more round to infinity */
		r = 0x7c00;
	} else if (u >= 0x38800000) { /* a carry moves into the exponent */
		r = (u - 0x38000000 + 0xfff + (u >> 13 & 1)) >> 13;
	} else {
		r = u > 0x33000000 ? half_subnormal(u) : 0;
	}
	return (uint16_t)(sign | r);
}

float
fm_bf16_to_float(uint16_t h)
{
	return float_of((uint32_t)h << 16);
}

uint16_t
fm_float_to_bf16(float f)
{
	uint32_t u = bits_of(f);

	if ((u & 0x7fffffff) > 0x7f800000) {
		u >>= 16;
		return (uint16_t)(u + ((u & 0x7f) == 0));
	}
	return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

void
fm_tensor_release(struct fm_tensor *t)
{
	free(t->data);
	*t = (struct fm_tensor)FM_TENSOR_INIT;
}

/* Elements of a shape, or -1 when that has no sense or does not fit. */
static int64_t
count(int rank, const int64_t *dims)
{
	bool empty = false, over = false;
	int64_t n = 1;
	int i;

	for (i = 0; i < rank; i++) {
		if (dims[i] < 0)
			return -1;
		if (dims[i] == 0)
			empty = true;
		else if (__builtin_mul_overflow(n, dims[i], &n))
			over = true;
	}
	return empty ? 0 : over ? -1 : n;
}

static void
put_shape(struct fm_buf *b, enum fm_type type, int rank, const int64_t *dims)
{
	int i;

	fm_buf_printf(b, "%s[", fm_type_name(type));
	for (i = 0; i < rank; i++)
		fm_buf_printf(b, "%s%" PRId64, i ? "," : "", dims[i]);
	fm_buf_putc(b, ']');
}

static int
wrong_shape(
    enum fm_type type, int rank, const int64_t *dims, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;

	put_shape(&b, type, rank, dims);
	(void)fm_err_set(
	    err, FM_USAGE, "shape '%s' has no size that can be held", b.s);
	fm_buf_release(&b);
	return -1;
}

int
fm_tensor_shape(struct fm_tensor *t, enum fm_type type, int rank,
    const int64_t *dims, struct fm_err *err)
{
	size_t size = fm_type_size(type), need;
	int64_t n;

	if (size == 0)
		return fm_err_set(err, FM_USAGE,
		    "element type '%s' is not supported",
		    fm_type_name(type)[0] ? fm_type_name(type) : "unknown");
	if (rank < 0 || rank > FM_DIMS_MAX)
		return fm_err_set(err, FM_USAGE,
		    "a tensor has at most %d dimensions, got %d", FM_DIMS_MAX,
		    rank);
	n = count(rank, dims);
	if (n < 0 || (uint64_t)n > (PTRDIFF_MAX - ALIGNMENT) / size)
		return wrong_shape(type, rank, dims, err);
	need = (size_t)n * size + (n == 0);
	need = (need + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (need > t->cap) {
		/* Freed first: old and new need not fit side by side. Too
		 * large a point is a result, not the end of the program. */
		fm_tensor_release(t);
		t->data = aligned_alloc(ALIGNMENT, need);
		if (!t->data)
			return fm_err_set(
			    err, FM_OOM, "cannot allocate %zu bytes", need);
		t->cap = need;
	}
	t->type = type;
	t->rank = rank;
	if (rank)
		memmove(t->dims, dims, (size_t)rank * sizeof *dims);
	return 0;
}

int64_t
fm_tensor_elems(const struct fm_tensor *t)
{
	return t->type == FM_TYPE_NONE ? 0 : count(t->rank, t->dims);
}

size_t
fm_tensor_bytes(const struct fm_tensor *t)
{
	return (size_t)fm_tensor_elems(t) * fm_type_size(t->type);
}

void
fm_tensor_put_text(struct fm_buf *b, const struct fm_tensor *t)
{
	put_shape(b, t->type, t->rank, t->dims);
}

#define AT(ctype) (((ctype *)t->data)[i])

double
fm_tensor_get(const struct fm_tensor *t, int64_t i)
{
	switch (t->type) {
	case FM_TYPE_FLOAT:
		return (double)AT(const float);
	case FM_TYPE_UINT8:
	case FM_TYPE_BOOL:
		return AT(const uint8_t);
	case FM_TYPE_INT8:
		return AT(const int8_t);
	case FM_TYPE_UINT16:
		return AT(const uint16_t);
	case FM_TYPE_INT16:
		return AT(const int16_t);
	case FM_TYPE_INT32:
		return AT(const int32_t);
	case FM_TYPE_INT64:
		return (double)AT(const int64_t);
	case FM_TYPE_FLOAT16:
		return (double)fm_half_to_float(AT(const uint16_t));
	case FM_TYPE_DOUBLE:
		return AT(const double);
	case FM_TYPE_UINT32:
		return AT(const uint32_t);
	case FM_TYPE_UINT64:
		return (double)AT(const uint64_t);
	case FM_TYPE_COMPLEX64:
		i *= 2;
		return (double)AT(const float);
	case FM_TYPE_COMPLEX128:
		i *= 2;
		return AT(const double);
	case FM_TYPE_BFLOAT16:
		return (double)fm_bf16_to_float(AT(const uint16_t));
	case FM_TYPE_NONE:
	case FM_TYPE_STRING:
		break;
	}
	return (double)NAN;
}

/*
 * To a float, rounding to odd: an inexact result has its last bit set. A
 * second rounding to 16 bits then sees that there was more, so that the two
 * roundings together equal one.
 */
static float
float_to_odd(double v)
{
	float f = (float)v;
	uint32_t u = bits_of(f);

	if (isnan(v) || (double)f == v)
		return f;
	if (fabs((double)f) > fabs(v))
		u--;
	return float_of(u | 1);
}

/* Truncates into [lo, hi]; NaN gives 0. hi and lo are exact or beyond. */
static int64_t
to_int(double v, int64_t lo, int64_t hi)
{
	if (isnan(v))
		return 0;
	if (v <= (double)lo)
		return lo;
	return v >= (double)hi ? hi : (int64_t)v;
}

static uint64_t
to_uint64(double v)
{
	if (isnan(v) || v <= 0)
		return 0;
	return v >= 0x1p64 ? UINT64_MAX : (uint64_t)v;
}

void
fm_tensor_set(struct fm_tensor *t, int64_t i, double v)
{
	switch (t->type) {
	case FM_TYPE_FLOAT:
		AT(float) = (float)v;
		break;
	case FM_TYPE_UINT8:
		AT(uint8_t) = (uint8_t)to_int(v, 0, UINT8_MAX);
		break;
	case FM_TYPE_INT8:
		AT(int8_t) = (int8_t)to_int(v, INT8_MIN, INT8_MAX);
		break;
	case FM_TYPE_UINT16:
		AT(uint16_t) = (uint16_t)to_int(v, 0, UINT16_MAX);
		break;
	case FM_TYPE_INT16:
		AT(int16_t) = (int16_t)to_int(v, INT16_MIN, INT16_MAX);
		break;
	case FM_TYPE_INT32:
		AT(int32_t) = (int32_t)to_int(v, INT32_MIN, INT32_MAX);
		break;
	case FM_TYPE_INT64:
		AT(int64_t) = to_int(v, INT64_MIN, INT64_MAX);
		break;
	case FM_TYPE_BOOL:
		AT(uint8_t) = v != 0;
		break;
	case FM_TYPE_FLOAT16:
		AT(uint16_t) = fm_float_to_half(float_to_odd(v));
		break;
	case FM_TYPE_DOUBLE:
		AT(double) = v;
		break;
	case FM_TYPE_UINT32:
		AT(uint32_t) = (uint32_t)to_int(v, 0, UINT32_MAX);
		break;
	case FM_TYPE_UINT64:
		AT(uint64_t) = to_uint64(v);
		break;
	case FM_TYPE_COMPLEX64:
		i *= 2;
		AT(float) = (float)v;
		i++;
		AT(float) = 0;
		break;
	case FM_TYPE_COMPLEX128:
		i *= 2;
		AT(double) = v;
		i++;
		AT(double) = 0;
		break;
	case FM_TYPE_BFLOAT16:
		AT(uint16_t) = fm_float_to_bf16(float_to_odd(v));
		break;
	case FM_TYPE_NONE:
	case FM_TYPE_STRING:
		break;
	}
}
