/*
 * A graph in half precision: float weights, constants, inputs and outputs
 * become float16, and so does what is computed between them, except by the
 * operators that the runtimes have no half-precision form of.
 */
#ifndef FM_CONVERT_H
#define FM_CONVERT_H

#include "model/model.h"

/*
 * Writes `dir`/NAME.onnx and, with its data, `dir`/NAME.weights. Values are
 * rounded to nearest, ties to even; those too small for a half become the
 * smallest that is not lost (1e-7), those beyond 1e4 become 1e4, so that sums
 * of them have room. Infinities and NaN stay.
 */
int fm_model_to_half(const struct fm_model *m, const char *dir,
    const char *name, struct fm_err *err);

/* One value by these rules. */
uint16_t fm_convert_half(float v);

#endif
