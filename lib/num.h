/*
 * Numbers as text, without the locale and without losing digits: integers of
 * nanoseconds as decimal seconds, and doubles as Python prints them.
 */
#ifndef FM_NUM_H
#define FM_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct fm_buf;

/*
 * Eight digits at once, in a 64-bit word whose lowest byte is the first digit:
 * pairs, fours, eight, with a multiplication for each step. Reading trusts
 * them to be digits; writing wants v below 10^8.
 */
static inline uint32_t
fm_num_get_eight(const char *s)
{
	uint64_t x;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&x, s, 8);
	x -= UINT64_C(0x3030303030303030);
	x = x * 10 + (x >> 8);
	x = ((x & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
		((x >> 16) & UINT64_C(0x000000ff000000ff)) *
		    UINT64_C(0x0000271000000001)) >>
	    32;
#else
	int i;

	for (x = 0, i = 0; i < 8; i++)
		x = x * 10 + (uint64_t)(s[i] - '0');
#endif
	return (uint32_t)x;
}

static inline void
fm_num_put_eight(char *p, uint32_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32, q;

	q = (x * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
	x = q | (x - q * 100) << 16;
	q = (x * 103 >> 10) & UINT64_C(0x000f000f000f000f);
	x = q | (x - q * 10) << 8 | UINT64_C(0x3030303030303030);
	memcpy(p, &x, 8);
#else
	int i;

	for (i = 7; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
#endif
}

void fm_num_put_int(struct fm_buf *b, int64_t v);

/* `v` / 10^decimals as a decimal fraction: 57057369, 9 gives 0.057057369. */
void fm_num_put_scaled(struct fm_buf *b, int64_t v, int decimals);

/*
 * The shortest text that reads back as `v`, in the form of Python's repr():
 * 5042.0, 1e-05, 1e+16, nan, inf, -inf.
 */
void fm_num_put_repr(struct fm_buf *b, double v);

/* A whole decimal integer and nothing else; false on overflow or garbage. */
bool fm_num_get_int(const char *s, size_t n, int64_t *v);

/*
 * A decimal fraction with at most `decimals` digits after the point, scaled
 * to an integer: "0.057", 9 gives 57000000. An empty integer part counts as
 * 0. False on anything else and on overflow.
 */
bool fm_num_get_scaled(const char *s, size_t n, int decimals, int64_t *v);

/* A finite decimal number, as strtod in the C locale reads it. */
bool fm_num_get_double(const char *s, size_t n, double *v);

#endif
