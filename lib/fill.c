/*
 * Input values: the mixing function and the key of a stream.
 */
#include "fill.h"

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
