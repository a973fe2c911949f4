/*
 * Tensors in memory: element types, shapes, comparison, .npy files. Element
 * types carry ONNX's numbers (TensorProto.DataType), which are also those of
 * ONNX Runtime; the table in tensor.c is the only one.
 */
#ifndef FM_TENSOR_H
#define FM_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fm_err;
struct fm_buf;

enum fm_type {
	FM_TYPE_NONE = 0,
	FM_TYPE_FLOAT = 1,
	FM_TYPE_UINT8 = 2,
	FM_TYPE_INT8 = 3,
	FM_TYPE_UINT16 = 4,
	FM_TYPE_INT16 = 5,
	FM_TYPE_INT32 = 6,
	FM_TYPE_INT64 = 7,
	FM_TYPE_STRING = 8, /* known by name, has no size: not supported */
	FM_TYPE_BOOL = 9,
	FM_TYPE_FLOAT16 = 10,
	FM_TYPE_DOUBLE = 11,
	FM_TYPE_UINT32 = 12,
	FM_TYPE_UINT64 = 13,
	FM_TYPE_COMPLEX64 = 14,
	FM_TYPE_COMPLEX128 = 15,
	FM_TYPE_BFLOAT16 = 16
};

/* "float", "int64" … as ONNX spells them in lower case; "" if unknown. */
const char *fm_type_name(enum fm_type t);
/* Also numpy's and safetensors' words: float32, f4, F32, BF16 … */
enum fm_type fm_type_of(const char *name);
/* The kind and size of .npy files: "f4", "V2" (bfloat16) …; "" if none. */
const char *fm_type_numpy(enum fm_type t);
enum fm_type fm_type_of_numpy(const char *kind);
/* Bytes per element, 0 for a type we cannot hold. */
size_t fm_type_size(enum fm_type t);
bool fm_type_is_float(enum fm_type t); /* any width, not complex */

enum {
	FM_DIMS_MAX = 16
};

struct fm_tensor {
	enum fm_type type;
	int rank;                  /* 0 = a scalar, one element */
	int64_t dims[FM_DIMS_MAX]; /* row-major */
	void *data;                /* owned; fm_tensor_bytes() of it */
	size_t cap;                /* bytes allocated */
};

#define FM_TENSOR_INIT                                                         \
	{                                                                      \
		FM_TYPE_NONE, 0, { 0 }, NULL, 0                                \
	}

void fm_tensor_release(struct fm_tensor *t);
/*
 * Gives it a type and a shape; memory is reused and grows, never cleared.
 * FM_OOM when it cannot be had: `t` is then empty.
 */
int fm_tensor_shape(struct fm_tensor *t, enum fm_type type, int rank,
    const int64_t *dims, struct fm_err *err);
/* -1 for a shape that fm_tensor_shape() would refuse. */
int64_t fm_tensor_elems(const struct fm_tensor *t);
size_t fm_tensor_bytes(const struct fm_tensor *t);
/* "float[1,128]" */
void fm_tensor_put_text(struct fm_buf *b, const struct fm_tensor *t);

/* The element as a double (complex: its real part), or stored from one with
 * rounding to nearest even and, for integers, truncation. */
double fm_tensor_get(const struct fm_tensor *t, int64_t i);
void fm_tensor_set(struct fm_tensor *t, int64_t i, double v);

float fm_half_to_float(uint16_t h);
uint16_t fm_float_to_half(float f);
float fm_bf16_to_float(uint16_t h);
uint16_t fm_float_to_bf16(float f);

/* How far one tensor is from another. */
struct fm_tensor_diff {
	int64_t wrong;  /* elements beyond the tolerance */
	double max_abs; /* largest |a - b|; inf where only one is NaN or inf */
	double max_rel; /* largest |a - b| / |b| where b is not 0 */
	int64_t worst;  /* the element most beyond (or closest to) it */
};

/*
 * Compares as numpy.allclose(a, b, rtol, atol, equal_nan=True) does: an
 * element is right when |a - b| <= atol + rtol * |b|, both are NaN, or both
 * the same infinity. Types and shapes must be equal. Differences of 64-bit
 * integers are exact.
 */
void fm_tensor_compare(struct fm_tensor_diff *d, const struct fm_tensor *a,
    const struct fm_tensor *b, double rtol, double atol);

/*
 * The file of the tensor called `name` in a folder: "dir/name.npy", with '_'
 * for whatever is not a letter, digit, '.', '-' or '_' (and for a '.' in
 * front), and at most 200 characters of the name. The caller frees.
 */
char *fm_npy_path(const char *dir, const char *name);

/*
 * numpy's .npy, format versions 1 to 3, either byte order, Fortran order
 * turned to C order; two-byte voids ('<V2') are bfloat16. Messages begin with
 * the path. After an error the contents of `t` are not defined.
 */
int fm_npy_read(const char *path, struct fm_tensor *t, struct fm_err *err);
/* Version 1, this machine's byte order; overwrites. */
int fm_npy_write(
    const char *path, const struct fm_tensor *t, struct fm_err *err);

#endif
