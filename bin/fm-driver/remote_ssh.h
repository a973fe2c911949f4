/*
 * A connection to a host by the system's ssh: one that everything shares, a
 * shell at its other end that does small things for us, and channels for
 * programs and files. Knows shells and their quoting; knows no backend and no
 * model.
 *
 * What is said to the other side never depends on its login shell: the words
 * are quoted so that sh, bash, zsh, csh and fish read the same in them, and
 * all they do is to become a POSIX sh.
 */
#ifndef REMOTE_SSH_H
#define REMOTE_SSH_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "pump.h"
#include "strs.h"

struct remote_ssh {
	char *host;            /* as ssh knows it: "user@box" */
	struct fm_strs words;  /* ssh and its options, up to the host */
	char *dir;             /* private, of the control socket; or NULL */
	char *control;         /* the option that names it */
	bool shared;           /* a connection of the user's is used instead */
	struct fm_pump master; /* the connection, and the shell behind it */
	bool up;               /* the shell can be asked */
	bool given_up;         /* it did not come back */
	int wake_fd;           /* readable: stop waiting; or -1 */
	char mark[20];         /* ends an answer, and tells what is ours over
				* there; nobody else can know it */
};

/* Nothing is started yet. A host that ssh would take for an option is an
 * error. */
int remote_ssh_init(
    struct remote_ssh *s, const char *host, int wake_fd, struct fm_err *err);

/* Ends the connection, and all that is left of it here. */
void remote_ssh_release(struct remote_ssh *s);

/* Connects; with why not, in ssh's own words, in `err`. */
int remote_ssh_connect(struct remote_ssh *s, struct fm_err *err);

/* How often a lost connection is tried again: $FM_SSH_RETRIES, or 10. */
int64_t remote_ssh_retries(void);

/*
 * After a loss: connects again, up to so often, at first at once, then after
 * 1, 2, 4 … seconds, at most a minute; when that was in vain, once.
 */
int remote_ssh_again(struct remote_ssh *s, struct fm_err *err);

/* Sleeps, unless a signal comes. */
int remote_ssh_wait(
    const struct remote_ssh *s, int64_t seconds, struct fm_err *err);

/* Ends what others of our channels have left running there. */
int remote_ssh_sweep(struct remote_ssh *s, struct fm_err *err);

/* Is the connection lost? Asks the shell, when that is not known. */
bool remote_ssh_lost(struct remote_ssh *s);

/*
 * Has the shell run one line of sh, with nothing on its stdin; variables and
 * functions stay. What it printed, on stderr too, is appended to `out` (or
 * dropped). Its status, or -1 with err when there is none.
 */
int remote_ssh_ask(struct remote_ssh *s, const char *script, struct fm_buf *out,
    struct fm_err *err);

/* The last line of an answer; cuts its end off. */
char *remote_ssh_last_line(struct fm_buf *out);

/* Adds the words of a process that runs `script` there by sh, with these
 * arguments (NULL or up to a NULL) as $0, $1 …: a channel of its own. */
void remote_ssh_argv(const struct remote_ssh *s, struct fm_strs *argv,
    const char *script, const char *const *args);

/* Appends `word` in single quotes, for sh. */
void remote_ssh_quote(struct fm_buf *b, const char *word);

#endif
