/*
 * TAP for unit tests in C: ok(), is_int(), is_str(), and done() as the
 * return value of main.
 */
#ifndef FM_TAP_H
#define FM_TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int tap_n, tap_bad;

static inline bool
tap_ok(bool good, const char *name, const char *file, int line)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_n, name);
	if (!good) {
		printf("# at %s:%d\n", file, line);
		tap_bad++;
	}
	return good;
}

static inline void
tap_int(
    intmax_t got, intmax_t want, const char *name, const char *file, int line)
{
	if (!tap_ok(got == want, name, file, line))
		printf("# got %" PRIdMAX ", wanted %" PRIdMAX "\n", got, want);
}

static inline void
tap_str(const char *got, const char *want, const char *name, const char *file,
    int line)
{
	bool good = got && want ? strcmp(got, want) == 0 : got == want;

	if (!tap_ok(good, name, file, line))
		printf("# got '%s', wanted '%s'\n", got ? got : "(null)",
		    want ? want : "(null)");
}

#define ok(good, name) tap_ok((good), (name), __FILE__, __LINE__)
#define is_int(got, want, name)                                                \
	tap_int((got), (want), (name), __FILE__, __LINE__)
#define is_str(got, want, name)                                                \
	tap_str((got), (want), (name), __FILE__, __LINE__)

static inline void
skip(const char *name, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_n, name, why);
}

static inline int
done(void)
{
	printf("1..%d\n", tap_n);
	return tap_bad ? 1 : 0;
}

#endif
