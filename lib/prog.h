/*
 * The start and the end of a program: signals, standard descriptors, --help
 * and its relatives, messages, and the check that output really went out.
 * The only part of the library, besides alloc, that prints or exits.
 */
#ifndef FM_PROG_H
#define FM_PROG_H

#include "err.h"
#include "opt.h"

#define FM_VERSION "0.1.0"

enum fm_sigpipe {
	FM_SIGPIPE_DIE,   /* filters: end quietly */
	FM_SIGPIPE_IGNORE /* fm-driver: notice, stop, tell */
};

/*
 * First act of main: opens descriptors 0-2 when they are closed, sets
 * SIGPIPE, answers --help, --version and --bash_completion, and --synopsis
 * and --options (mdoc for the man page), and ends the program after those.
 */
void fm_prog_start(
    const struct fm_cmd *cmd, enum fm_sigpipe sigpipe, int argc, char **argv);

/* "fm-driver: text" on stderr. */
void fm_prog_say(const char *name, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Says what went wrong; returns the exit status that goes with it. */
int fm_prog_fail(const char *name, const struct fm_err *err);

/*
 * Last act of main: flushes stdout and checks it; returns `status`, or 3
 * with a message when something could not be written.
 */
int fm_prog_end(const char *name, int status);

/*
 * Where the program's files are, found from the place of its executable:
 * "<prefix>/libexec/fm/NAME" and "<prefix>/share/fm/NAME". The caller frees.
 */
char *fm_prog_libexec(const char *name);
char *fm_prog_share(const char *name);

#endif
