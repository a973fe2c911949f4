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
 * All modulo 2^64. Inputs count from 0 in the order of the request; repetition
 * is 1 for the first timed one, 0 and below (two's complement) for warm-up.
 * The k-th element in row-major order is, by the kind of fill,
 *
 *   tokens [[lo, hi], …]  element (x_k >> 32) * total >> 32 of the ranges
 *                         lo <= id < hi laid end to end; 1 <= total < 2^32
 *   uniform [lo, hi]      lo + (hi - lo) * ((x_k >> 11) * 2^-53)
 *   value v               v
 *   file "x.npy"          what the file has there
 *
 * converted to the element type of the input.
 */
#ifndef FM_FILL_H
#define FM_FILL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fm_err;
struct fm_tensor;

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

enum fm_fill_kind {
	FM_FILL_VALUE,
	FM_FILL_TOKENS,
	FM_FILL_UNIFORM,
	FM_FILL_FILE
};

struct fm_fill_range {
	int64_t lo, hi; /* lo <= id < hi */
};

/* A fill, read from its JSON. */
struct fm_fill {
	enum fm_fill_kind kind;
	double lo, hi;   /* UNIFORM; VALUE: lo */
	int64_t whole;   /* VALUE: when it is a whole number */
	bool is_whole;   /* VALUE */
	uint64_t total;  /* TOKENS: ids in all ranges */
	size_t n_ranges; /* TOKENS */
	struct fm_fill_range *ranges;
	char *path; /* FILE */
};

/*
 * Reads {"tokens":…}, {"uniform":…}, {"value":…} or {"file":…}; none or null
 * is {"value":0}. On failure there is nothing to release.
 */
int fm_fill_read(struct fm_fill *f, const json_t *spec, struct fm_err *err);
void fm_fill_release(struct fm_fill *f);

/* Does it give the same values for every repetition? */
bool fm_fill_is_fixed(const struct fm_fill *f);

/*
 * Fills a shaped tensor, of any kind but FILE, which is fm_npy_read()'s: the
 * caller reads it and checks type and shape against what it wants.
 */
void fm_fill_tensor(const struct fm_fill *f, struct fm_tensor *t, uint64_t key);

#endif
