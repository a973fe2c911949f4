/*
 * A host that measures for us: a backend and models are found there or copied
 * there once, and the backend is started there. Knows what a backend needs;
 * measuring is the session's business, as it is here.
 *
 * One thread uses one of these; sessions one after the other share it, and
 * with it one connection.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include <jansson.h>
#include <stdbool.h>

#include "err.h"
#include "strs.h"

struct platform;
struct remote;

/*
 * Connects to a host ("user@box", as ssh takes it). `cache_dir`: of our own
 * cache, which remembers hashes, or NULL; `wake_fd`: readable when a signal
 * came, or -1.
 */
struct remote *remote_open(
    const char *host, const char *cache_dir, int wake_fd, struct fm_err *err);

/* Ends the connection. NULL is allowed. */
void remote_close(struct remote *r);

/* Locks devices there until remote_unlock(), as lock_devices() does here. */
int remote_lock(struct remote *r, const char *platform, const json_t *devices,
    int how, struct fm_err *err);
void remote_unlock(struct remote *r);

/* The words that start the platform's backend there, in place of those in
 * `argv`. Finds it, or copies ours. */
int remote_backend(struct remote *r, const struct platform *p,
    struct fm_strs *argv, struct fm_err *err);

/*
 * Sends the model of an `open` request, unless it is there, and changes the
 * paths in the request to those over there. `files`: of its weights, relative
 * to their folder; NULL for a backend that reads the model itself. A path
 * that is not here stays as it is.
 */
int remote_model(struct remote *r, json_t *open, const struct fm_strs *files,
    struct fm_err *err);

/* The same for every "file" in a list or an object of objects. */
int remote_inputs(struct remote *r, json_t *inputs, struct fm_err *err);

/* An empty folder there, for outputs; valid until the next call. */
const char *remote_outdir(struct remote *r, struct fm_err *err);
/* Brings a file from there. */
int remote_get(
    struct remote *r, const char *from, const char *to, struct fm_err *err);

/* Ends what a backend that failed has left there. NULL is allowed. */
void remote_sweep(struct remote *r);

/*
 * After a failure: was it that the connection was lost, and is there a new
 * one now? Then what failed can be done again, and `err` is cleared. False
 * too after as many losses as $FM_SSH_RETRIES with nothing done between them;
 * remote_fine() says that something was. NULL was never lost.
 */
bool remote_retry(struct remote *r, struct fm_err *err);
void remote_fine(struct remote *r);

/* Has it not come back? */
bool remote_gone(const struct remote *r);
/* Tells that others go on with what it should have done. */
void remote_say_left(const struct remote *r);

#endif
