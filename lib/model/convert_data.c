/*
 * The data of a conversion: single values, and tensors in the graph, beside
 * it, or in the new file of weights. Knows no operators.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "err.h"
#include "model/convert_job.h"
#include "num.h"
#include "tensor.h"

enum {
	INLINE_MAX = 1024, /* bytes of a tensor that stays in the graph */
	ALIGN = 64         /* of tensors in the file of weights */
};

static uint16_t
half_of(float v)
{
	float a = fabsf(v);

	if (a > 0 && a < 1e-7F)
		v = copysignf(1e-7F, v);
	else if (a > 1e4F && isfinite(v))
		v = copysignf(1e4F, v);
	return fm_float_to_half(v);
}

/* One less than infinity is the largest, of either sign. */
static uint16_t
bf16_of(float v)
{
	uint16_t h = fm_float_to_bf16(v);

	return (uint16_t)(isfinite(v) && (h & 0x7fff) == 0x7f80 ? h - 1 : h);
}

uint16_t
fm_convert_value(enum fm_type type, float v)
{
	return type == FM_TYPE_FLOAT16 ? half_of(v) : bf16_of(v);
}

static const char *
external(const Onnx__TensorProto *t, const char *key)
{
	for (size_t i = 0; i < t->n_external_data; i++)
		if (t->external_data[i]->key && t->external_data[i]->value &&
		    strcmp(t->external_data[i]->key, key) == 0)
			return t->external_data[i]->value;
	return NULL;
}

static bool
is_external(const Onnx__TensorProto *t)
{
	return t->has_data_location &&
	       t->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

/* Where external data lies: inside a mapped file, checked. */
static const unsigned char *
find_external(const struct fm_convert *j, const Onnx__TensorProto *t, size_t *n)
{
	const char *file = external(t, "location");
	const char *offset = external(t, "offset");
	const char *length = external(t, "length");
	ptrdiff_t k = file ? fm_strs_find(&j->m->files, file) : -1;
	int64_t from = 0, len = 0;

	if (k < 0 || (offset && !fm_num_get_int(offset, strlen(offset), &from)))
		return NULL;
	if (!length)
		len = (int64_t)j->maps[k].n - from;
	else if (!fm_num_get_int(length, strlen(length), &len))
		return NULL;
	if (from < 0 || len < 0 || (uint64_t)from > j->maps[k].n ||
	    (uint64_t)len > j->maps[k].n - (uint64_t)from)
		return NULL;
	*n = (size_t)len;
	return j->maps[k].p + from;
}

/* The bytes of a float tensor in 16 bits each, in a new block. */
static uint8_t *
to_16_bits(enum fm_type type, const unsigned char *p, size_t n)
{
	uint8_t *out = fm_malloc(n / 2 + 1);

	for (size_t i = 0; i + 4 <= n; i += 4) {
		float v;
		uint16_t h;

		memcpy(&v, p + i, sizeof v);
		h = fm_convert_value(type, v);
		memcpy(out + i / 2, &h, sizeof h);
	}
	return out;
}

static void
set_entry(Onnx__StringStringEntryProto *e, const char *key, char *value)
{
	free(e->key);
	free(e->value);
	e->key = fm_strdup(key);
	e->value = value;
}

/* Says in the tensor where its data went. */
static void
point_to(struct fm_convert *j, Onnx__TensorProto *t, uint64_t at, size_t n)
{
	for (size_t i = 0; i < t->n_external_data; i++)
		onnx__string_string_entry_proto__free_unpacked(
		    t->external_data[i], NULL);
	free(t->external_data);
	t->n_external_data = 3;
	t->external_data = fm_calloc(3, sizeof(void *));
	for (size_t i = 0; i < 3; i++) {
		t->external_data[i] = fm_malloc(sizeof **t->external_data);
		onnx__string_string_entry_proto__init(t->external_data[i]);
		t->external_data[i]->key = NULL;
		t->external_data[i]->value = NULL;
	}
	set_entry(t->external_data[0], "location", fm_strdup(j->weights_name));
	set_entry(t->external_data[1], "offset", fm_strdupf("%" PRIu64, at));
	set_entry(t->external_data[2], "length", fm_strdupf("%zu", n));
	t->has_data_location = 1;
	t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

/* Gives the tensor new bytes, in the graph or in the file of weights; takes
 * `p`. */
static void
place(struct fm_convert *j, Onnx__TensorProto *t, uint8_t *p, size_t n,
    bool large)
{
	static const char zeros[ALIGN];
	uint64_t pad = (ALIGN - j->at % ALIGN) % ALIGN;

	if (t->has_raw_data)
		free(t->raw_data.data);
	t->has_raw_data = 0;
	t->raw_data.data = NULL;
	t->raw_data.len = 0;
	if (!large || n <= INLINE_MAX) {
		t->has_raw_data = 1;
		t->raw_data.data = p;
		t->raw_data.len = n;
		t->has_data_location = 0;
		return;
	}
	(void)fwrite(zeros, 1, (size_t)pad, j->weights.f);
	(void)fwrite(p, 1, n, j->weights.f);
	point_to(j, t, j->at + pad, n);
	j->at += pad + n;
	free(p);
}

int
fm_convert_tensor(
    struct fm_convert *j, Onnx__TensorProto *t, bool exact, bool large)
{
	const unsigned char *p = t->raw_data.data;
	size_t n = t->has_raw_data ? t->raw_data.len : 0;
	bool is = t->data_type == FM_TYPE_FLOAT && !exact;
	uint8_t *new;

	if (is_external(t)) {
		p = find_external(j, t, &n);
		if (!p)
			return fm_err_set(j->err, FM_NOMODEL,
			    "the data of '%.100s' is not where the graph says",
			    t->name ? t->name : "");
	} else if (is && t->n_float_data) {
		p = (const unsigned char *)t->float_data;
		n = t->n_float_data * sizeof *t->float_data;
	} else if (!is) {
		return 0;
	}
	if (is) {
		new = to_16_bits(j->type, p, n);
		n /= 2;
		t->data_type = (int32_t)j->type;
		j->n_changed++;
	} else {
		new = fm_malloc(n + 1);
		memcpy(new, p, n);
	}
	free(t->float_data);
	t->float_data = NULL;
	t->n_float_data = 0;
	place(j, t, new, n, large);
	return 0;
}
