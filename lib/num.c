/*
 * Numbers as text. Knows Python's repr() and decimal fractions of integers.
 */
#include "num.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

void
fm_num_put_int(struct fm_buf *b, int64_t v)
{
	char d[24];
	size_t at = sizeof d;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		d[--at] = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		d[--at] = '-';
	fm_buf_put(b, d + at, sizeof d - at);
}

void
fm_num_put_scaled(struct fm_buf *b, int64_t v, int decimals)
{
	char d[48];
	size_t at = sizeof d;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	int i;

	for (i = 0; i < decimals; i++, u /= 10)
		d[--at] = (char)('0' + u % 10);
	if (decimals)
		d[--at] = '.';
	do
		d[--at] = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		d[--at] = '-';
	fm_buf_put(b, d + at, sizeof d - at);
}

/*
 * Does the next decimal above d.ddde+XX read back as `v`? The one below is
 * never asked for: only under a power of two are doubles denser than above
 * it, and then the nearest decimal can be too far below while the next one
 * above is near enough.
 */
static bool
next_reads_back(char *t, double v)
{
	char *d = strchr(t, 'e') - 1;

	for (; d > t && (*d == '9' || *d == '.'); d--)
		if (*d == '9')
			*d = '0';
	if (!isdigit((unsigned char)*d) || *d == '9')
		return false;
	++*d;
	return strtod(t, NULL) == v;
}

/*
 * Python prints the shortest digits that read back, in fixed notation while
 * the decimal exponent is in [-4, 16), else as d.ddde+XX. C gives the digits
 * with %.{0..16}e; the first that reads back is the shortest. A decimal of up
 * to 15 digits is what its double has in 15 digits, but for zeros at its end,
 * so that fewer need not be tried: except where doubles are less precise, and
 * where the next decimal is asked for.
 */
void
fm_num_put_repr(struct fm_buf *b, double v)
{
	char t[40], digits[24];
	int prec, n = 0, exp10, i;
	bool edge = fabs(frexp(v, &i)) == 0.5;
	bool slow = edge || fabs(v) < DBL_MIN;
	const char *e;

	if (!isfinite(v)) {
		fm_buf_puts(b, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
		return;
	}
	for (prec = slow ? 0 : DBL_DIG - 1; prec < 17; prec++) {
		(void)snprintf(t, sizeof t, "%.*e", prec, v);
		if (strtod(t, NULL) == v || (edge && next_reads_back(t, v)))
			break;
	}
	e = strchr(t, 'e');
	exp10 = (int)strtol(e + 1, NULL, 10);
	for (i = 0; t + i < e; i++)
		if (isdigit((unsigned char)t[i]))
			digits[n++] = t[i];
	while (n > 1 && digits[n - 1] == '0')
		n--;
	if (t[0] == '-')
		fm_buf_putc(b, '-');
	if (exp10 < -4 || exp10 >= 16) {
		fm_buf_putc(b, digits[0]);
		if (n > 1) {
			fm_buf_putc(b, '.');
			fm_buf_put(b, digits + 1, (size_t)n - 1);
		}
		fm_buf_printf(b, "e%c%02d", exp10 < 0 ? '-' : '+', abs(exp10));
		return;
	}
	if (exp10 < 0)
		fm_buf_puts(b, "0.");
	for (i = -1; i > exp10; i--)
		fm_buf_putc(b, '0');
	for (i = 0; i < n || i <= exp10; i++) {
		if (i == exp10 + 1 && exp10 >= 0)
			fm_buf_putc(b, '.');
		fm_buf_putc(b, i < n ? digits[i] : '0');
	}
	if (exp10 >= 0 && n <= exp10 + 1)
		fm_buf_puts(b, ".0");
}

bool
fm_num_get_int(const char *s, size_t n, int64_t *v)
{
	return fm_num_get_scaled(s, n, 0, v) && n > 0 && s[n - 1] != '.';
}

bool
fm_num_get_scaled(const char *s, size_t n, int decimals, int64_t *v)
{
	size_t i = 0, start;
	bool neg = false;
	int64_t u = 0;
	int after = -1; /* digits after the point; -1 = no point yet */
	int digit;

	if (i < n && (s[i] == '-' || s[i] == '+'))
		neg = s[i++] == '-';
	start = i;
	for (; i < n; i++) {
		if (s[i] == '.' && after < 0) {
			after = 0;
			continue;
		}
		if (s[i] < '0' || s[i] > '9' || after >= decimals)
			return false;
		digit = neg ? '0' - s[i] : s[i] - '0';
		if (__builtin_mul_overflow(u, 10, &u) ||
		    __builtin_add_overflow(u, digit, &u))
			return false;
		if (after >= 0)
			after++;
	}
	if (i == start || (i == start + 1 && after == 0))
		return false;
	for (i = (size_t)(after < 0 ? 0 : after); i < (size_t)decimals; i++)
		if (__builtin_mul_overflow(u, 10, &u))
			return false;
	*v = u;
	return true;
}

bool
fm_num_get_double(const char *s, size_t n, double *v)
{
	char t[64], *end;

	if (n == 0 || n >= sizeof t || isspace((unsigned char)s[0]))
		return false;
	memcpy(t, s, n);
	t[n] = '\0';
	if (strspn(t, "0123456789+-.eE") != n)
		return false;
	*v = strtod(t, &end);
	return *end == '\0' && isfinite(*v);
}
