/*
 * The driver's end of the conversation with a backend (fm-backend(7)): starts
 * the process, greets it, sends requests and reads answers, with limits. What
 * the backend says on stderr is kept (the last lines) for diagnosis.
 *
 * Limits count the time that is spent waiting in here. SIGPIPE must be ignored
 * in a program that uses this.
 */
#ifndef FM_PEER_H
#define FM_PEER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "proc.h"
#include "strs.h"

struct fm_peer_conf {
	const struct fm_strs *argv; /* words before it (--via) and its path */
	int wake_fd;        /* readable = stop waiting: FM_STOPPED; or -1 */
	int stderr_fd;      /* copy of its stderr goes here; -1 = only kept */
	int64_t hello_ns;   /* limit for the greeting; 0 = 60 s */
	int64_t answer_ns;  /* limit for every other request; 0 = none */
	int64_t silence_ns; /* with CAP heartbeat also for saying nothing at
			     * all; 0 = 60 s */
	int64_t grace_ns;   /* after closing its stdin; 0 = 10 s */
	int64_t term_ns;    /* after SIGTERM to its group; 0 = 5 s */
};

struct fm_peer; /* one backend process and the state of the talk with it */

/* Starts it and says hello. NULL: not found, no greeting, other protocol. */
struct fm_peer *fm_peer_start(
    const struct fm_peer_conf *conf, struct fm_err *err);

/* From the greeting: the name, and what HELLO, CAP and OPT lines said.
 * opts: [{"name","type","def","help"}] */
const char *fm_peer_name(const struct fm_peer *p);
bool fm_peer_can(const struct fm_peer *p, const char *cap);
const json_t *fm_peer_opts(const struct fm_peer *p);

/* The limit for the requests that follow; 0 = none. */
void fm_peer_limit(struct fm_peer *p, int64_t answer_ns);

/*
 * Sends one request; the answer must be read to its end before the next. A
 * backend that has said something since its last answer ended is not trusted
 * any more: its samples could belong to another point.
 */
int fm_peer_send(struct fm_peer *p, const json_t *request, struct fm_err *err);

/*
 * The next line of the answer, without its end: 1 with a line (valid until
 * the next call), 0 when FMWORK OK has ended it, -1 when FMWORK ERR has (err
 * has its code and text, the backend lives), or when it is lost: FM_DIED (err
 * names exit status or signal and the last line of stderr), FM_TIMEOUT,
 * FM_STOPPED, or FM_INTERNAL for a line without end; fm_peer_alive() tells.
 * Lines that are not FMWORK lines are dropped and kept in the tail.
 */
int fm_peer_line(
    struct fm_peer *p, char **line, size_t *len, struct fm_err *err);

/* Reads the rest of an answer, handing nothing on. 0 or -1 as above. */
int fm_peer_finish(struct fm_peer *p, struct fm_err *err);

/* Can it be asked anything? Without it, only fm_peer_end() makes sense. NULL
 * cannot. */
bool fm_peer_alive(const struct fm_peer *p);

/* The last lines of its stderr (and stray stdout), at most 20, cut. */
const struct fm_strs *fm_peer_tail(const struct fm_peer *p);

/* Its process: how it ended, what memory it took. With `--via` it is the
 * command in front. */
const struct fm_proc *fm_peer_proc(const struct fm_peer *p);

/*
 * Says close when it can be asked, closes its stdin, waits grace_ns (at most a
 * second after FM_STOPPED); SIGTERM to its group, waits term_ns; SIGKILL.
 * Frees. NULL is allowed.
 */
void fm_peer_end(struct fm_peer *p);

#endif
