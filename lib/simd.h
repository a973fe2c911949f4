/*
 * Functions that are compiled twice: for what every machine has, and for
 * vectors of 32 bytes where the machine in use has them. The body is written
 * once, in the vector types of gcc and clang. FM_SIMD_NARROW, defined before,
 * leaves the wide one out.
 */
#ifndef FM_SIMD_H
#define FM_SIMD_H

#include <stdbool.h>

/* The body, made part of either. */
#define FM_SIMD_BODY static inline __attribute__((always_inline))

#if defined __x86_64__ && !defined FM_SIMD_NARROW
#define FM_SIMD_WIDE __attribute__((target("avx2,bmi2")))

static inline bool
fm_simd_wide(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}
#else
#define FM_SIMD_WIDE

static inline bool
fm_simd_wide(void)
{
	return false;
}
#endif

#endif
