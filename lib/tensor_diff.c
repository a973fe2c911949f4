/*
 * Comparison of two tensors of one type and shape, with numpy's meaning of
 * "close".
 */
#include "tensor.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* The element as the two parts of a complex number. */
static void
parts(const struct fm_tensor *t, int64_t i, double *re, double *im)
{
	*re = fm_tensor_get(t, i);
	*im = 0;
	if (t->type == FM_TYPE_COMPLEX64)
		*im = (double)((const float *)t->data)[2 * i + 1];
	else if (t->type == FM_TYPE_COMPLEX128)
		*im = ((const double *)t->data)[2 * i + 1];
}

static double
distance_parts(double a, double b)
{
	if (a == b || (isnan(a) && isnan(b)))
		return 0;
	if (!isfinite(a) || !isfinite(b))
		return HUGE_VAL;
	return fabs(a - b);
}

/* |a - b| of 64-bit integers, whose neighbours may be one double. */
static double
distance_64(const struct fm_tensor *a, const struct fm_tensor *b, int64_t i)
{
	uint64_t x = ((const uint64_t *)a->data)[i];
	uint64_t y = ((const uint64_t *)b->data)[i];

	if (a->type == FM_TYPE_INT64)
		return (double)((int64_t)x > (int64_t)y ? x - y : y - x);
	return (double)(x > y ? x - y : y - x);
}

static double
distance(const struct fm_tensor *a, const struct fm_tensor *b, int64_t i,
    double *size_b)
{
	double re_a, im_a, re_b, im_b;

	parts(a, i, &re_a, &im_a);
	parts(b, i, &re_b, &im_b);
	*size_b = im_b == 0 ? fabs(re_b) : hypot(re_b, im_b);
	if (a->type == FM_TYPE_INT64 || a->type == FM_TYPE_UINT64)
		return distance_64(a, b, i);
	return hypot(distance_parts(re_a, re_b), distance_parts(im_a, im_b));
}

void
fm_tensor_compare(struct fm_tensor_diff *d, const struct fm_tensor *a,
    const struct fm_tensor *b, double rtol, double atol)
{
	int64_t n = fm_tensor_elems(a), i;
	double most = -HUGE_VAL, far, size, beyond;

	assert(a->type == b->type && n == fm_tensor_elems(b));
	*d = (struct fm_tensor_diff){ 0 };
	for (i = 0; i < n; i++) {
		far = distance(a, b, i, &size);
		beyond = far;
		if (isfinite(far) && isfinite(size))
			beyond -= atol + rtol * size;
		if (far != 0 && beyond > 0)
			d->wrong++;
		if (beyond > most) {
			most = beyond;
			d->worst = i;
		}
		if (far > d->max_abs)
			d->max_abs = far;
		if (size > 0 && far / size > d->max_rel)
			d->max_rel = far / size;
	}
}
