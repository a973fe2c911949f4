/*
 * gnuplot. It is given no files of its own (-d): what a person has in
 * ~/.gnuplot does not change our pictures.
 */
#include "gnuplot.h"

#include <signal.h>
#include <string.h>

#include "io.h"
#include "proc.h"

enum {
	SECONDS = 120, /* for one picture */
	SAID = 4000    /* bytes of what it says that are looked at */
};

/* All it says until it closes its stderr; more than SAID is dropped. */
static void
listen(int fd, struct fm_buf *b)
{
	char part[4096];
	ptrdiff_t n;

	while ((n = fm_io_read_some(fd, part, sizeof part)) > 0)
		if (b->len < SAID)
			fm_buf_put(b, part, (size_t)n);
}

/* Its last line that says something. */
static const char *
last_line(struct fm_buf *b)
{
	char *nl;

	while (b->len && strchr("\n ", b->s[b->len - 1]))
		b->s[--b->len] = '\0';
	nl = strrchr(b->s, '\n');
	return nl ? nl + 1 : b->s;
}

int
gnuplot_run(const struct fm_buf *script, struct fm_err *err)
{
	static char name[] = "gnuplot", defaults[] = "-d";
	char *argv[] = { name, defaults, NULL };
	struct fm_proc p;
	struct fm_buf said = FM_BUF_INIT;
	char how[80];
	int rc = 0;
	void (*old)(int);

	if (fm_proc_start(&p, argv, err) != 0) {
		/* The word of the table is for backends. */
		err->code = FM_IO;
		return fm_err_wrap(err, "plots are drawn by gnuplot");
	}
	old = signal(SIGPIPE, SIG_IGN);
	/* It stops reading when it has found an error: then it says so. */
	(void)fm_io_write_all(p.in, script->s, script->len);
	(void)signal(SIGPIPE, old);
	fm_proc_hang_up(&p);
	listen(p.errfd, &said);
	if (!fm_proc_wait(&p, (int64_t)SECONDS * 1000000000))
		rc = fm_err_set(err, FM_IO,
		    "gnuplot did not end within %d seconds", (int)SECONDS);
	else if (p.status != 0)
		rc = fm_err_set(err, FM_IO, "gnuplot: %s%s%s",
		    fm_proc_status_text(&p, how, sizeof how),
		    said.len ? ": " : "", last_line(&said));
	fm_proc_end(&p, 0, 0);
	fm_proc_release(&p);
	fm_buf_release(&said);
	return rc;
}
