/*
 * Tensor files of the ONNX project (TensorProto), as its test cases have them.
 * The elements are either raw bytes in the order of memory, or a list of the
 * next wider type that protobuf has; which list is the format's table.
 */
#include "model/model.h"

#include <string.h>

#include <onnx.pb-c.h>

#include "alloc.h"
#include "err.h"
#include "io.h"

/* A list of numbers: where it is, how many, and the bytes of each. */
struct list {
	const void *v;
	size_t n, size;
};

static struct list
list_of(const Onnx__TensorProto *p)
{
	switch (p->data_type) {
	case FM_TYPE_FLOAT:
	case FM_TYPE_COMPLEX64:
		return (struct list){ p->float_data, p->n_float_data, 4 };
	case FM_TYPE_DOUBLE:
	case FM_TYPE_COMPLEX128:
		return (struct list){ p->double_data, p->n_double_data, 8 };
	case FM_TYPE_INT64:
		return (struct list){ p->int64_data, p->n_int64_data, 8 };
	case FM_TYPE_UINT32:
	case FM_TYPE_UINT64:
		return (struct list){ p->uint64_data, p->n_uint64_data, 8 };
	default:
		return (struct list){ p->int32_data, p->n_int32_data, 4 };
	}
}

/* Bytes of elements that the file has, in a tensor's own size. */
static size_t
bytes_in(const Onnx__TensorProto *p)
{
	size_t size = fm_type_size((enum fm_type)p->data_type);
	struct list l = list_of(p);

	if (p->has_raw_data)
		return p->raw_data.len;
	return l.n * (size < l.size ? size : l.size);
}

/* Is this what the shape needs? Known before memory is asked for. */
static bool
fits(const Onnx__TensorProto *p)
{
	int64_t n = (int64_t)fm_type_size((enum fm_type)p->data_type);

	for (size_t i = 0; i < p->n_dims; i++)
		if (p->dims[i] < 0 || __builtin_mul_overflow(n, p->dims[i], &n))
			return false;
	return (uint64_t)n == bytes_in(p);
}

/* Elements narrower than the list's are its low bytes: little-endian. */
static void
copy(struct fm_tensor *t, const Onnx__TensorProto *p)
{
	struct list l = list_of(p);
	size_t size = fm_type_size(t->type);

	if (p->has_raw_data)
		l = (struct list){ p->raw_data.data, p->raw_data.len, 1 };
	if (l.n == 0)
		return;
	if (size >= l.size) {
		memcpy(t->data, l.v, l.n * l.size);
		return;
	}
	for (size_t i = 0; i < l.n; i++)
		memcpy((char *)t->data + i * size,
		    (const char *)l.v + i * l.size, size);
}

static int
check(const Onnx__TensorProto *p, const char *path, struct fm_err *err)
{
	enum fm_type type;

	if (!p || p->data_type == 0 || p->segment || p->n_dims > FM_DIMS_MAX)
		return fm_err_set(err, FM_USAGE,
		    "'%s' is not an ONNX tensor file; sequences and optional "
		    "values are not supported",
		    path);
	type = (enum fm_type)p->data_type;
	if (type == FM_TYPE_STRING)
		return fm_err_set(err, FM_USAGE,
		    "'%s' holds strings, which are not supported", path);
	if (fm_type_size(type) == 0)
		return fm_err_set(err, FM_USAGE,
		    "'%s' holds elements of ONNX type %d, which is not "
		    "supported",
		    path, p->data_type);
	if (p->has_data_location &&
	    p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
		return fm_err_set(err, FM_USAGE,
		    "'%s' has its data in another file, which is not "
		    "supported",
		    path);
	return 0;
}

static int
convert(struct fm_tensor *t, const Onnx__TensorProto *p, const char *path,
    struct fm_err *err)
{
	if (check(p, path, err))
		return -1;
	if (!fits(p))
		return fm_err_set(err, FM_USAGE,
		    "'%s' is truncated or no tensor: its data is not what its "
		    "shape needs",
		    path);
	if (fm_tensor_shape(
		t, (enum fm_type)p->data_type, (int)p->n_dims, p->dims, err))
		return -1;
	copy(t, p);
	return 0;
}

int
fm_model_read_pb(
    const char *path, struct fm_tensor *t, char **name, struct fm_err *err)
{
	Onnx__TensorProto *p;
	struct fm_map f;
	int r;

	if (fm_map_open(&f, path, err))
		return -1;
	p = onnx__tensor_proto__unpack(NULL, f.n, f.p);
	fm_map_release(&f);
	r = convert(t, p, path, err);
	if (r == 0)
		*name = fm_strdup(p->name ? p->name : "");
	if (p)
		onnx__tensor_proto__free_unpacked(p, NULL);
	return r;
}
