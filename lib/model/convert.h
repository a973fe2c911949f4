/*
 * A graph in 16 bits: float weights, constants, inputs and outputs become
 * float16 or bfloat16, and so does what is computed between them, except by
 * the operators that have no such form.
 */
#ifndef FM_CONVERT_H
#define FM_CONVERT_H

#include "model/model.h"

/*
 * Writes `dir`/NAME.onnx and, with its data, `dir`/NAME.weights; `type` is
 * FM_TYPE_FLOAT16 or FM_TYPE_BFLOAT16. What stays in single precision is told
 * in `notes`, a line for each operator. Fails with FM_NOMODEL where a model
 * cannot be converted: nothing in it is float, or its opset is too old.
 */
int fm_model_convert(const struct fm_model *m, enum fm_type type,
    const char *dir, const char *name, struct fm_strs *notes,
    struct fm_err *err);

/*
 * The bits of one value, rounded to nearest, ties to even. Infinities and NaN
 * stay. Those too small for a half become the smallest that is not lost
 * (1e-7), those beyond 1e4 become 1e4, so that sums of them have room.
 * bfloat16 has float's range; only what is beyond its largest (3.39e38) by
 * rounding becomes the largest instead of infinity: graphs hide what they do
 * not want by the lowest float times zero or one, and infinity times zero is
 * not a number.
 */
uint16_t fm_convert_value(enum fm_type type, float v);

#endif
