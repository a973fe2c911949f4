/*
 * The values of a model's inputs. Every backend, in every language, feeds the
 * same numbers: they come from splitmix64 (Steele, Lea, Flood 2014), seeded
 * with the run's seed, the index of the input and the repetition.
 *
 *   mix(z): z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9
 *           z = (z ^ z >> 27) * 0x94d049bb133111eb;  z ^ z >> 31
 *   key   = mix(mix(mix(seed + G) ^ (input + G)) ^ (repetition + G))
 *   x_k   = mix(key + (k + 1) * G),  k = 0, 1, 2 …,  G = 0x9e3779b97f4a7c15
 *
 * All modulo 2^64; repetition is 1 for the first timed one. The k-th element in
 * row-major order is tokens [[lo, hi], …]  element (x_k >> 32) * total >> 32 of
 * the ranges laid end to end, each lo <= id < hi; total < 2^32 uniform [lo, hi]
 * lo + (hi - lo) * (x_k >> 11) * 2^-53 value v               v converted to the
 * element type of the input.
 */
#ifndef FM_FILL_H
#define FM_FILL_H

#include <stddef.h>
#include <stdint.h>

uint64_t fm_fill_mix(uint64_t z);
uint64_t fm_fill_key(uint64_t seed, uint64_t input, uint64_t repetition);

static inline uint64_t
fm_fill_word(uint64_t key, uint64_t k)
{
	uint64_t z = key + (k + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

#endif
