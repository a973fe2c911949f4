/*
 * Input values: the mixing function, the key of a stream, and the kinds of
 * fills. Knows element types through tensor.h only; int64 and float, which
 * nearly all inputs are, have loops of their own.
 */
#include "fill.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "err.h"
#include "json.h"
#include "tensor.h"

#define G UINT64_C(0x9e3779b97f4a7c15)

uint64_t
fm_fill_mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t
fm_fill_key(uint64_t seed, uint64_t input, uint64_t repetition)
{
	uint64_t z = fm_fill_mix(seed + G);

	z = fm_fill_mix(z ^ (input + G));
	return fm_fill_mix(z ^ (repetition + G));
}

static int
read_value(struct fm_fill *f, const json_t *v, struct fm_err *err)
{
	if (!json_is_number(v) && !json_is_boolean(v))
		return fm_err_set(err, FM_USAGE,
		    "fill 'value' must be a number, true or false");
	f->kind = FM_FILL_VALUE;
	f->is_whole = !json_is_real(v);
	f->whole = json_is_boolean(v) ? json_is_true(v) : json_integer_value(v);
	f->lo = f->is_whole ? (double)f->whole : json_real_value(v);
	return 0;
}

static int
read_uniform(struct fm_fill *f, const json_t *v, struct fm_err *err)
{
	const json_t *lo = json_array_get(v, 0), *hi = json_array_get(v, 1);

	if (json_array_size(v) != 2 || !json_is_number(lo) ||
	    !json_is_number(hi))
		return fm_err_set(err, FM_USAGE,
		    "fill 'uniform' must be two numbers [lo, hi]");
	f->kind = FM_FILL_UNIFORM;
	f->lo = json_number_value(lo);
	f->hi = json_number_value(hi);
	return 0;
}

static int
read_tokens(struct fm_fill *f, const json_t *v, struct fm_err *err)
{
	size_t i, n = json_array_size(v);

	f->kind = FM_FILL_TOKENS;
	f->ranges = fm_calloc(n, sizeof *f->ranges);
	for (i = 0; i < n; i++) {
		const json_t *r = json_array_get(v, i);
		const json_t *lo = json_array_get(r, 0);
		const json_t *hi = json_array_get(r, 1);
		struct fm_fill_range *to = &f->ranges[f->n_ranges++];

		if (json_array_size(r) != 2 || !json_is_integer(lo) ||
		    !json_is_integer(hi))
			goto bad;
		to->lo = json_integer_value(lo);
		to->hi = json_integer_value(hi);
		if (to->lo < 0 || to->hi <= to->lo || to->hi > UINT32_MAX)
			goto bad;
		f->total += (uint64_t)(to->hi - to->lo);
	}
	if (f->total > 0 && f->total <= UINT32_MAX)
		return 0;
bad:
	fm_fill_release(f);
	return fm_err_set(err, FM_USAGE,
	    "fill 'tokens' must be a list of id ranges [lo, hi), "
	    "0 <= lo < hi, of fewer than 4294967296 ids together");
}

static int
read_file(struct fm_fill *f, const json_t *v, struct fm_err *err)
{
	if (!json_is_string(v))
		return fm_err_set(
		    err, FM_USAGE, "fill 'file' must be the name of a file");
	f->kind = FM_FILL_FILE;
	f->path = fm_strdup(json_string_value(v));
	return 0;
}

int
fm_fill_read(struct fm_fill *f, const json_t *spec, struct fm_err *err)
{
	static const struct {
		const char *word;
		int (*read)(
		    struct fm_fill *f, const json_t *v, struct fm_err *err);
	} kinds[] = {
		{ "value", read_value },
		{ "tokens", read_tokens },
		{ "uniform", read_uniform },
		{ "file", read_file },
	};
	size_t i;

	memset(f, 0, sizeof *f);
	f->is_whole = true;
	if (!spec || json_is_null(spec))
		return 0;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const json_t *v = json_object_get(spec, kinds[i].word);

		if (v && json_object_size(spec) == 1)
			return kinds[i].read(f, v, err);
	}
	return fm_err_set(err, FM_USAGE,
	    "a fill must be one of {\"value\": v}, {\"tokens\": [[lo, hi]]}, "
	    "{\"uniform\": [lo, hi]} and {\"file\": name}");
}

void
fm_fill_release(struct fm_fill *f)
{
	free(f->ranges);
	free(f->path);
	memset(f, 0, sizeof *f);
}

bool
fm_fill_is_fixed(const struct fm_fill *f)
{
	return f->kind == FM_FILL_VALUE || f->kind == FM_FILL_FILE;
}

static int64_t
token(const struct fm_fill *f, uint64_t x)
{
	const struct fm_fill_range *r = f->ranges;
	int64_t at = (int64_t)((x >> 32) * f->total >> 32);

	for (; at >= r->hi - r->lo; r++)
		at -= r->hi - r->lo;
	return r->lo + at;
}

static void
fill_tokens(const struct fm_fill *f, struct fm_tensor *t, uint64_t key)
{
	int64_t k, n = fm_tensor_elems(t), *to = t->data;

	if (t->type == FM_TYPE_INT64)
		for (k = 0; k < n; k++)
			to[k] = token(f, fm_fill_word(key, (uint64_t)k));
	else
		for (k = 0; k < n; k++)
			fm_tensor_set(t, k,
			    (double)token(f, fm_fill_word(key, (uint64_t)k)));
}

static double
uniform(const struct fm_fill *f, uint64_t x)
{
	return f->lo + (f->hi - f->lo) * ((double)(x >> 11) * 0x1p-53);
}

static void
fill_uniform(const struct fm_fill *f, struct fm_tensor *t, uint64_t key)
{
	int64_t k, n = fm_tensor_elems(t);
	float *to = t->data;

	if (t->type == FM_TYPE_FLOAT)
		for (k = 0; k < n; k++)
			to[k] =
			    (float)uniform(f, fm_fill_word(key, (uint64_t)k));
	else
		for (k = 0; k < n; k++)
			fm_tensor_set(
			    t, k, uniform(f, fm_fill_word(key, (uint64_t)k)));
}

static void
fill_value(const struct fm_fill *f, struct fm_tensor *t)
{
	int64_t k, n = fm_tensor_elems(t);
	size_t size = fm_type_size(t->type);
	unsigned char *to = t->data;

	if (n == 0)
		return;
	/* A double holds whole numbers to 2^53 only. */
	if (f->is_whole &&
	    (t->type == FM_TYPE_INT64 || t->type == FM_TYPE_UINT64))
		memcpy(to, &f->whole, size);
	else
		fm_tensor_set(t, 0, f->lo);
	for (k = 1; k < n; k++)
		memcpy(to + (size_t)k * size, to, size);
}

void
fm_fill_tensor(const struct fm_fill *f, struct fm_tensor *t, uint64_t key)
{
	switch (f->kind) {
	case FM_FILL_VALUE:
		fill_value(f, t);
		break;
	case FM_FILL_TOKENS:
		fill_tokens(f, t, key);
		break;
	case FM_FILL_UNIFORM:
		fill_uniform(f, t, key);
		break;
	case FM_FILL_FILE:
		break;
	}
}
