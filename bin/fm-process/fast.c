/*
 * The fast lane. The idea: of two REP lines that follow each other, all bytes
 * behind the number are equal or digits at the same place. With x = byte XOR
 * the byte expected ('0' at digits), a digit gives 0 to 9 and an equal byte 0.
 * x + 6 at digits and x + 15 elsewhere have an empty upper half exactly then,
 * so a line is checked by a few vector instructions, and its digits are known
 * to be digits when they are read, eight with three multiplications. The
 * number is compared with the text it must have.
 *
 *	 100 1732170000.088153850 1732170000.145211219 0.057057369\n
 *	======DDDDDDDDD=DDDDDDDDD==DDDDDDDDD=DDDDDDDDD=D=DDDDDDDDD=
 */
#include "fast.h"

#include <string.h>

#include "alloc.h"
#include "num.h"
#include "simd.h"

typedef unsigned char v32 __attribute__((vector_size(32)));
typedef unsigned char v16 __attribute__((vector_size(16)));
typedef uint64_t v2u64 __attribute__((vector_size(16)));

static const char prefix[] = "FMWORK REP ";

enum {
	PREFIX = sizeof prefix - 1,
	SHORTEST = 32, /* what is compared: one vector */
	NUMBER = 8     /* bytes of the longest number, and its padding */
};

/* --- forms --------------------------------------------------------------- */

static void
form_set(struct form *f, size_t i, char c, bool digit)
{
	f->same[i] = digit ? '0' : (unsigned char)c;
	f->add[i] = digit ? 6 : 15;
}

/* The high halves of bytes that are not as they should be. */
FM_SIMD_BODY void
differs(const struct form *f, const char *s, size_t at, v32 *bad)
{
	v32 x, same, add;

	memcpy(&x, s + at, sizeof x);
	memcpy(&same, f->same + at, sizeof same);
	memcpy(&add, f->add + at, sizeof add);
	x ^= same;
	*bad |= (x + add) | x;
}

FM_SIMD_BODY bool
matches(const struct form *f, const char *s)
{
	v32 bad = { 0 };
	v16 half[2];
	v2u64 w;
	size_t i;

	for (i = 0; i + sizeof bad < f->len; i += sizeof bad)
		differs(f, s, i, &bad);
	differs(f, s, f->len - sizeof bad, &bad);
	memcpy(half, &bad, sizeof half);
	half[0] = (half[0] | half[1]) & 0xf0;
	memcpy(&w, half, sizeof w);
	return (w[0] | w[1]) == 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* --- what a form of REP lines is ----------------------------------------- */

/* Are there seconds with nine decimals that fit into 64 bits of nanoseconds,
 * whatever their digits are, if the first one stays? */
static bool
is_stamp(struct fm_text t)
{
	return t.n > 10 && t.n <= 20 && t.s[t.n - 10] == '.' && *t.s != '9';
}

/* A whole part of at most six digits, and nine decimals unless the stamps
 * say it better. */
static bool
is_time(struct fm_text t, bool by_stamps)
{
	const char *dot = memchr(t.s, '.', t.n);

	return dot && dot > t.s && dot - t.s <= 6 && is_digit(*t.s) &&
	       (by_stamps || t.s + t.n - dot == 10);
}

static void
free_digits(struct form *f, const char *tail, struct fm_text t, size_t from)
{
	size_t i, at = (size_t)(t.s - tail);

	for (i = from; i < t.n; i++)
		if (is_digit(t.s[i]))
			form_set(f, at + i, '0', true);
}

void
fast_learn(struct fast *f, const char *line, size_t n, const struct fm_line *l,
    const struct rep *r)
{
	struct fm_text t0 = l->f[FM_F_T0], t1 = l->f[FM_F_T1];
	struct fm_text dt = l->f[FM_F_DT], number = l->f[FM_F_REP];
	const char *tail;
	size_t i;

	f->tail.len = 0;
	f->by_stamps = l->f[FM_F_ITL].n > 0;
	if (!number.n || !is_stamp(t0) || !is_stamp(t1) || !dt.n ||
	    !is_time(dt, f->by_stamps))
		return;
	tail = number.s + number.n;
	n -= (size_t)(tail - line);
	if (n < SHORTEST || n >= FAST_MAX)
		return;
	for (i = 0; i < n; i++)
		form_set(&f->tail, i, tail[i], false);
	form_set(&f->tail, n, '\n', false);
	free_digits(&f->tail, tail, t0, 1);
	free_digits(&f->tail, tail, t1, 1);
	free_digits(&f->tail, tail, dt, 0);
	free_digits(&f->tail, tail, l->f[FM_F_ITL], 0);
	free_digits(&f->tail, tail, l->f[FM_F_THP], 0);
	f->tail.len = n + 1;
	f->width =
	    number.s > line + PREFIX ? (size_t)(tail - line) - PREFIX : 0;
	f->dialect = r->dialect;
	f->reps = r->reps;
	f->has_sizes = r->has_sizes;
	f->has_model = r->model.n > 0;
	f->sizes = r->sizes;
	f->t0 = (size_t)(t0.s - tail);
	f->n0 = t0.n;
	f->t1 = (size_t)(t1.s - tail);
	f->n1 = t1.n;
	f->dt = (size_t)(dt.s - tail);
	f->whole = (size_t)((const char *)memchr(dt.s, '.', dt.n) - dt.s);
}

/* --- reading ------------------------------------------------------------- */

/* Whole seconds and nine decimals. */
static inline int64_t
nanoseconds(const char *s, size_t whole)
{
	int64_t v = 0;

	if (whole >= 8) {
		v = fm_num_get_eight(s);
		s += 8;
		whole -= 8;
	}
	for (; whole; whole--)
		v = v * 10 + (*s++ - '0');
	return (v * 10 + (s[1] - '0')) * 100000000 + fm_num_get_eight(s + 2);
}

/* The text of the next number, and what makes it that of the one after it
 * while its last digit is not 9. */
struct number {
	uint64_t text, mask, step;
	size_t len;
	int left; /* numbers with the same digits before the last */
};

/* A text in a word, as memory has it, with one more byte in front. */
static inline uint64_t
in_front(uint64_t c, uint64_t text)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return text << 8 | c;
#else
	return text >> 8 | c << 56;
#endif
}

static void
number_set(struct number *c, int64_t v, size_t width)
{
	c->left = (int)(10 - v % 10);
	c->text = c->mask = c->step = 0;
	for (c->len = 0; v || c->len < width; c->len++, v /= 10) {
		c->text = in_front(v ? '0' + (uint64_t)(v % 10) : ' ', c->text);
		c->mask = in_front(255, c->mask);
		c->step = in_front(c->len == 0, c->step);
	}
}

FM_SIMD_BODY bool
is_next(const struct fast *f, const struct number *c, const char *s,
    const char *end)
{
	uint64_t x;

	if ((size_t)(end - s) < PREFIX + c->len + f->tail.len ||
	    memcmp(s, prefix, PREFIX) != 0)
		return false;
	memcpy(&x, s + PREFIX, sizeof x);
	return ((x ^ c->text) & c->mask) == 0 &&
	       matches(&f->tail, s + PREFIX + c->len);
}

FM_SIMD_BODY bool
duration(const struct fast *f, const char *tail, int64_t *dt)
{
	if (!f->by_stamps) {
		*dt = nanoseconds(tail + f->dt, f->whole);
		return true;
	}
	*dt = nanoseconds(tail + f->t1, f->n1 - 10) -
	      nanoseconds(tail + f->t0, f->n0 - 10);
	return *dt > -FM_STAT_MAX_NS && *dt < FM_STAT_MAX_NS;
}

bool
fast_first(const struct fast *f, const char *s, const char *end)
{
	struct number c;
	int64_t dt;

	if (f->tail.len == 0 || f->has_sizes || f->has_model)
		return false;
	number_set(&c, 1, f->width);
	return c.len <= NUMBER && is_next(f, &c, s, end) &&
	       duration(f, s + PREFIX + c.len, &dt);
}

/* What the slow way would know after the last line. */
static void
keep_last(
    const struct fast *f, struct point *p, const char *before, const char *tail)
{
	if (before)
		p->last_t1_ns = nanoseconds(before + f->t1, f->n1 - 10);
	p->pause_ns = nanoseconds(tail + f->t0, f->n0 - 10) - p->last_t1_ns;
	p->last_t1_ns = nanoseconds(tail + f->t1, f->n1 - 10);
	p->reps = f->reps;
	p->described = false;
	fm_buf_clear(&p->t1);
	fm_buf_put(&p->t1, tail + f->t1, f->n1);
}

FM_SIMD_BODY const char *
reps(const struct fast *f, struct point *p, const char *s, const char *end,
    int64_t *lines)
{
	const char *before = NULL, *last = NULL, *tail;
	size_t n = p->dt.n, n_before = n;
	struct number c;
	int64_t dt;

	number_set(&c, p->last + 1, f->width);
	while (c.len <= NUMBER && is_next(f, &c, s, end)) {
		tail = s + PREFIX + c.len;
		if (!duration(f, tail, &dt))
			break;
		if (n == 0)
			fm_buf_put(&p->t0, tail + f->t0, f->n0);
		FM_GROW(p->dt.v, p->dt.cap, n + 1);
		p->dt.v[n++] = dt;
		before = last;
		last = tail;
		s = tail + f->tail.len;
		c.text += c.step;
		if (--c.left == 0)
			number_set(&c, p->last + (int64_t)(n - n_before) + 1,
			    f->width);
	}
	*lines += (int64_t)(n - n_before);
	p->last += (int64_t)(n - n_before);
	p->dt.n = n;
	if (last)
		keep_last(f, p, before, last);
	return s;
}

FM_SIMD_WIDE static const char *
reps_wide(const struct fast *f, struct point *p, const char *s, const char *end,
    int64_t *lines)
{
	return reps(f, p, s, end, lines);
}

const char *
fast_reps(const struct fast *f, struct point *p, const char *s, const char *end,
    int64_t *lines)
{
	return fm_simd_wide() ? reps_wide(f, p, s, end, lines)
			      : reps(f, p, s, end, lines);
}

/* --- not reading --------------------------------------------------------- */

/* Bytes below ' ', and some that no such line has: the highest bit is set. */
FM_SIMD_BODY void
control(const char *s, v32 *bad)
{
	v32 x;

	memcpy(&x, s, sizeof x);
	*bad |= x - ' ';
}

/* Is this a REP line of `n` bytes, `vectors` and some, in which no other one
 * ends? */
FM_SIMD_BODY bool
is_plain(const char *s, size_t n, size_t vectors)
{
	v32 bad = { 0 };
	v16 half[2];
	v2u64 w;
	size_t i;

	if (s[n - 1] != '\n' || !is_digit(s[n - 2]) ||
	    memcmp(s, prefix, PREFIX) != 0)
		return false;
	for (i = 0; i < vectors; i++)
		control(s + i * sizeof bad, &bad);
	control(s + n - 1 - sizeof bad, &bad);
	memcpy(half, &bad, sizeof half);
	half[0] = (half[0] | half[1]) & 0x80;
	memcpy(&w, half, sizeof w);
	return (w[0] | w[1]) == 0;
}

FM_SIMD_BODY const char *
skip_alike(const char *s, size_t n, const char *end, int64_t *lines)
{
	size_t v = (n - 2) / sizeof(v32);

	if (n <= SHORTEST)
		return s;
	if (v == 2) /* most logs: a number that the compiler may unroll */
		for (; (size_t)(end - s) >= n && is_plain(s, n, 2); s += n)
			++*lines;
	for (; (size_t)(end - s) >= n && is_plain(s, n, v); s += n)
		++*lines;
	return s;
}

FM_SIMD_WIDE static const char *
skip_alike_wide(const char *s, size_t n, const char *end, int64_t *lines)
{
	return skip_alike(s, n, end, lines);
}

const char *
fast_skip(const char *s, const char *end, int64_t *lines)
{
	bool wide = fm_simd_wide();
	const char *q;
	size_t n;

	while ((size_t)(end - s) > PREFIX && memcmp(s, prefix, PREFIX) == 0) {
		q = memchr(s, '\n', (size_t)(end - s));
		if (q == NULL)
			break;
		n = (size_t)(q - s) + 1;
		if (memchr(s, '\r', n - 2) ||
		    fm_record_is_resume(s, n - 1 - (q[-1] == '\r')))
			break;
		++*lines;
		s = wide ? skip_alike_wide(q + 1, n, end, lines)
			 : skip_alike(q + 1, n, end, lines);
	}
	return s;
}
