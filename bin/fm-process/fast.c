/*
 * The fast lane. The idea: of two REP lines that follow each other, all bytes
 * behind the number are equal or digits at the same place. With x = byte XOR
 * the byte expected ('0' at digits), a digit gives 0 to 9 and an equal byte 0.
 * x + 6 at digits and x + 15 elsewhere have an empty upper half exactly then,
 * so a line is checked by a few vector instructions, and its digits are known
 * to be digits when they are read, eight with three multiplications.
 *
 *	 100 1732170000.088153850 1732170000.145211219 0.057057369\n
 *	======DDDDDDDDD=DDDDDDDDD==DDDDDDDDD=DDDDDDDDD=D=DDDDDDDDD=
 */
#include "fast.h"

#include <string.h>

#include "alloc.h"
#include "num.h"

typedef unsigned char v16 __attribute__((vector_size(16)));
typedef uint64_t v2u64 __attribute__((vector_size(16)));

static const char prefix[] = "FMWORK REP ";

enum {
	PREFIX = sizeof prefix - 1
};

/* Where the last blank before s[n] is; 0 = none. */
static size_t
blank_before(const char *s, size_t n)
{
	while (n > 0 && s[n - 1] != ' ')
		n--;
	return n ? n - 1 : 0;
}

void
fast_learn(struct fast *f, const char *line, size_t n)
{
	const char *tail;
	size_t i, dt, t1, t0;

	f->len = 0;
	if (n <= PREFIX)
		return;
	tail = memchr(line + PREFIX, ' ', n - PREFIX);
	if (tail == NULL || (n -= (size_t)(tail - line)) + 1 > FAST_TAIL ||
	    n < 16)
		return;
	dt = blank_before(tail, n) + 1;
	t1 = blank_before(tail, dt - 1) + 1;
	t0 = blank_before(tail, t1 - 1) + 1;
	if (n - dt < 11 || tail[n - 10] != '.' || t0 < 2 || t1 - t0 < 11 ||
	    tail[t1 - 11] != '.' || dt - t1 < 11 || tail[dt - 11] != '.')
		return;
	/* Of ten digits of seconds the first stays, below 9: all fit. What
	 * takes a million seconds goes the slow way. */
	if (t1 - t0 > 21 || dt - t1 > 21 || n - dt > 16 || tail[t0] == '9' ||
	    tail[t1] == '9')
		return;
	for (i = 0; i < n; i++) {
		bool digit =
		    i > t0 && i != t1 && tail[i] >= '0' && tail[i] <= '9';

		f->same[i] = digit ? '0' : (unsigned char)tail[i];
		f->add[i] = digit ? 6 : 15;
	}
	if (!fm_num_get_int(tail + 1, t0 - 2, &f->reps))
		return;
	f->same[n] = '\n';
	f->add[n] = 15;
	f->len = n + 1;
	f->t0 = t0;
	f->t1 = t1;
	f->dt = dt;
	f->dt_int = n - dt - 10;
}

/* The high halves of bytes that are not as they should be. */
static inline v16
differs(const struct fast *f, const char *s, size_t at)
{
	v16 x, same, add;

	memcpy(&x, s + at, sizeof x);
	memcpy(&same, f->same + at, sizeof same);
	memcpy(&add, f->add + at, sizeof add);
	x ^= same;
	return (x + add) | x;
}

static inline bool
matches(const struct fast *f, const char *tail)
{
	v16 bad = differs(f, tail, f->len - 16);
	union {
		v16 bytes;
		v2u64 words;
	} u;
	size_t i;

	for (i = 0; i + 16 < f->len; i += 16)
		bad |= differs(f, tail, i);
	u.bytes = bad & 0xf0;
	return (u.words[0] | u.words[1]) == 0;
}

/* Eight digits at once: pairs, fours, eight. */
static inline uint32_t
eight(const char *s)
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

/* Whole seconds and nine decimals. */
static inline int64_t
nanoseconds(const char *s, size_t whole)
{
	int64_t v = 0;
	size_t i;

	for (i = 0; i < whole; i++)
		v = v * 10 + (s[i] - '0');
	s += whole + 1;
	return (v * 10 + (s[0] - '0')) * 100000000 + eight(s + 1);
}

static inline bool
enough(const char *s, const char *end)
{
	return (size_t)(end - s) > PREFIX + 20 + FAST_TAIL;
}

bool
fast_first(const struct fast *f, const char *s, const char *end)
{
	return f->len && enough(s, end) && memcmp(s, prefix, PREFIX) == 0 &&
	       s[PREFIX] == '1' && matches(f, s + PREFIX + 1);
}

/* What the slow way would know after the last line. */
static void
keep_last(
    const struct fast *f, struct point *p, const char *before, const char *tail)
{
	size_t n = f->dt - 1 - f->t1, whole0 = f->t1 - f->t0 - 11;
	size_t whole1 = n - 10;

	if (before)
		p->last_t1_ns = nanoseconds(before + f->t1, whole1);
	p->pause_ns = nanoseconds(tail + f->t0, whole0) - p->last_t1_ns;
	p->last_t1_ns = nanoseconds(tail + f->t1, whole1);
	p->reps = f->reps;
	p->described = false;
	fm_buf_clear(&p->t1);
	fm_buf_put(&p->t1, tail + f->t1, n);
}

const char *
fast_reps(const struct fast *f, struct point *p, const char *s, const char *end,
    int64_t *lines)
{
	const char *before = NULL, *last = NULL, *q;
	size_t n = p->dt.n;
	int64_t rep;

	while ((size_t)(end - s) > PREFIX + 20 + FAST_TAIL &&
	       memcmp(s, prefix, PREFIX) == 0) {
		for (q = s + PREFIX, rep = 0;
		     *q >= '0' && *q <= '9' && rep < 1000000000; q++)
			rep = rep * 10 + (*q - '0');
		if (rep != p->last + 1 || !matches(f, q))
			break;
		if (n == 0)
			fm_buf_put(&p->t0, q + f->t0, f->t1 - 1 - f->t0);
		FM_GROW(p->dt.v, p->dt.cap, n + 1);
		p->dt.v[n++] = nanoseconds(q + f->dt, f->dt_int);
		p->last = rep;
		before = last;
		last = q;
		s = q + f->len;
	}
	*lines += (int64_t)(n - p->dt.n);
	p->dt.n = n;
	if (last)
		keep_last(f, p, before, last);
	return s;
}
