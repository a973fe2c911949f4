/*
 * The start and the end of a program. Prints and exits, so that nothing else
 * in the library has to.
 */
#include "prog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "json.h"

/*
 * A file opened as descriptor 0, 1 or 2 by accident would be overwritten.
 * What goes to a standard output that was closed is lost, and must not look
 * written: nothing can be, to a descriptor for reading.
 */
static void
open_standard(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
}

static void
put_version(struct fm_buf *b, const struct fm_cmd *cmd)
{
	fm_buf_printf(b, "%s %s\n", cmd->name, FM_VERSION);
}

static const struct {
	const char *word;
	void (*put)(struct fm_buf *b, const struct fm_cmd *cmd);
} answers[] = {
	{ "--help", fm_opt_put_help },
	{ "--version", put_version },
	{ "--bash_completion", fm_opt_put_completion },
	{ "--bash-completion", fm_opt_put_completion },
	{ "--synopsis", fm_opt_put_synopsis },
	{ "--options", fm_opt_put_mdoc },
};

static void
answer(const struct fm_cmd *cmd, const char *word)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof answers / sizeof *answers; i++) {
		if (strcmp(word, answers[i].word) != 0)
			continue;
		answers[i].put(&b, cmd);
		fputs(b.s, stdout);
		fm_buf_release(&b);
		exit(fm_prog_end(cmd->name, 0));
	}
}

void
fm_prog_start(
    const struct fm_cmd *cmd, enum fm_sigpipe sigpipe, int argc, char **argv)
{
	const struct fm_cmd *sub = fm_opt_sub(cmd, argc, argv);
	int i;

	open_standard();
	fm_json_start();
	(void)signal(SIGPIPE, sigpipe == FM_SIGPIPE_DIE ? SIG_DFL : SIG_IGN);
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		answer(sub ? sub : cmd, argv[i]);
}

void
fm_prog_say(const char *name, const char *fmt, ...)
{
	struct fm_buf b = FM_BUF_INIT;
	va_list ap;

	fm_buf_printf(&b, "%s: ", name);
	va_start(ap, fmt);
	fm_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	fm_buf_putc(&b, '\n');
	(void)fflush(stdout);
	(void)fputs(b.s, stderr);
	fm_buf_release(&b);
}

int
fm_prog_fail(const char *name, const struct fm_err *err)
{
	fm_prog_say(name, "%s", err->text);
	return fm_code_status(err->code);
}

int
fm_prog_end(const char *name, int status)
{
	bool bad = ferror(stdout) != 0;

	/* A pipe or a full disk may tell only now. */
	errno = 0;
	if (fclose(stdout) == 0 && !bad)
		return status;
	fm_prog_say(name, "cannot write the output: %s",
	    errno ? strerror(errno) : "an earlier write failed");
	return 3;
}

/* Cuts the last component off. */
static void
parent(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
}

/* "<prefix>/<under>/fm/<name>" */
static char *
place(const char *under, const char *name)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	exe[n < 0 ? 0 : n] = '\0';
	parent(exe);
	/* A backend lives in libexec/fm, a program in bin. */
	if (strcmp(fm_io_base(exe), "fm") == 0)
		parent(exe);
	parent(exe);
	return fm_strdupf("%s/%s/fm/%s", exe, under, name);
}

char *
fm_prog_libexec(const char *name)
{
	return place("libexec", name);
}

char *
fm_prog_share(const char *name)
{
	return place("share", name);
}
