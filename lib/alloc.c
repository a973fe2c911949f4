/*
 * Memory that never fails: out of memory is said once, on stderr, and ends
 * the program with status 3. Knows nothing else.
 */
#include "alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *
check(void *p)
{
	static const char text[] = "fm: out of memory\n";

	if (p)
		return p;
	if (write(2, text, sizeof text - 1) < 0)
		_exit(3);
	_exit(3);
}

void *
fm_malloc(size_t n)
{
	return check(malloc(n ? n : 1));
}

void *
fm_calloc(size_t n, size_t size)
{
	return check(calloc(n ? n : 1, size ? size : 1));
}

void *
fm_realloc(void *p, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		check(NULL);
	return check(realloc(p, n && size ? n * size : 1));
}

char *
fm_strndup(const char *s, size_t n)
{
	char *p = fm_malloc(n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *
fm_strdup(const char *s)
{
	return fm_strndup(s, strlen(s));
}

char *
fm_strdupf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		check(NULL);
	p = fm_malloc((size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
