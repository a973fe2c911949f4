/*
 * The one error value, and the one table of error codes.
 */
#include "err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word; /* in FMWORK ERR lines */
	int status;       /* exit status of a program that ends of it */
} codes[FM_CODES] = {
	[FM_OK] = { "ok", 0 },
	[FM_USAGE] = { "usage", 2 },
	[FM_NOMODEL] = { "nomodel", 2 },
	[FM_NODEVICE] = { "nodevice", 4 },
	[FM_OOM] = { "oom", 3 },
	[FM_BUSY] = { "busy", 4 },
	[FM_IO] = { "io", 3 },
	[FM_TIMEOUT] = { "timeout", 4 },
	[FM_DIED] = { "died", 4 },
	[FM_INTERNAL] = { "internal", 4 },
	[FM_SKIPPED] = { "skipped", 1 },
	[FM_PREEMPTED] = { "preempted", 4 },
	[FM_STOPPED] = { "stopped", 130 },
};

__attribute__((format(printf, 3, 0))) static void
store(struct fm_err *err, enum fm_code code, const char *fmt, va_list ap,
    const char *why)
{
	size_t n;

	err->code = code;
	(void)vsnprintf(err->text, sizeof err->text, fmt, ap);
	n = strlen(err->text);
	if (why)
		(void)snprintf(
		    err->text + n, sizeof err->text - n, ": %s", why);
	/* One error is one line, whatever a vendor library put into it. */
	for (n = 0; err->text[n]; n++)
		if (err->text[n] == '\n' || err->text[n] == '\r')
			err->text[n] = ' ';
	while (n && err->text[n - 1] == ' ')
		err->text[--n] = '\0';
}

int
fm_err_set(struct fm_err *err, enum fm_code code, const char *fmt, ...)
{
	va_list ap;

	if (err->code != FM_OK)
		return -1;
	va_start(ap, fmt);
	store(err, code, fmt, ap, NULL);
	va_end(ap);
	return -1;
}

int
fm_err_sys(struct fm_err *err, enum fm_code code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (err->code != FM_OK)
		return -1;
	va_start(ap, fmt);
	store(err, code, fmt, ap, strerror(saved));
	va_end(ap);
	return -1;
}

int
fm_err_wrap(struct fm_err *err, const char *fmt, ...)
{
	char inner[sizeof err->text];
	va_list ap;

	memcpy(inner, err->text, sizeof inner);
	va_start(ap, fmt);
	store(err, err->code, fmt, ap, inner);
	va_end(ap);
	return -1;
}

void
fm_err_clear(struct fm_err *err)
{
	err->code = FM_OK;
	err->text[0] = '\0';
}

const char *
fm_code_word(enum fm_code code)
{
	return codes[code].word;
}

enum fm_code
fm_code_of(const char *word)
{
	int i;

	for (i = 0; i < FM_CODES; i++)
		if (strcmp(codes[i].word, word) == 0)
			return (enum fm_code)i;
	return FM_INTERNAL;
}

int
fm_code_status(enum fm_code code)
{
	return codes[code].status;
}
