/*
 * Numbers as text, without the locale and without losing digits: integers of
 * nanoseconds as decimal seconds, and doubles as Python prints them.
 */
#ifndef FM_NUM_H
#define FM_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fm_buf;

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
