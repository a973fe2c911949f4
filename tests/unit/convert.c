/*
 * Rounding to half precision by the rules of conversion.
 */
#include "model/convert.h"

#include <math.h>

#include "../tap.h"

int
main(void)
{
	is_int(fm_convert_value(FM_TYPE_FLOAT16, 0.0F), 0x0000, "zero");
	is_int(
	    fm_convert_value(FM_TYPE_FLOAT16, -0.0F), 0x8000, "its other half");
	is_int(fm_convert_value(FM_TYPE_FLOAT16, 1.0F), 0x3c00, "one");
	is_int(fm_convert_value(FM_TYPE_FLOAT16, 1e-9F), 0x0002,
	    "a tiny one is not lost");
	is_int(fm_convert_value(FM_TYPE_FLOAT16, -1e-9F), 0x8002,
	    "nor below zero");
	is_int(fm_convert_value(FM_TYPE_FLOAT16, 1e-7F), 0x0002, "1e-7 itself");
	is_int(fm_convert_value(FM_TYPE_FLOAT16, 1e4F), 0x70e2, "1e4 itself");
	is_int(
	    fm_convert_value(FM_TYPE_FLOAT16, 65504.0F), 0x70e2, "more is 1e4");
	is_int(fm_convert_value(FM_TYPE_FLOAT16, -1e30F), 0xf0e2, "or less");
	is_int(fm_convert_value(FM_TYPE_FLOAT16, INFINITY), 0x7c00,
	    "infinity stays");
	is_int(fm_convert_value(FM_TYPE_FLOAT16, -INFINITY), 0xfc00,
	    "so does its opposite");
	ok((fm_convert_value(FM_TYPE_FLOAT16, NAN) & 0x7fff) > 0x7c00,
	    "and what is no number");
	is_int(fm_convert_value(FM_TYPE_FLOAT16, 2049.0F), 0x6800,
	    "ties to even, down");
	is_int(fm_convert_value(FM_TYPE_FLOAT16, 2051.0F), 0x6802, "and up");
	return done();
}
