/*
 * The backend of a platform on a host: a copy of ours, or one of its own.
 */
#ifndef REMOTE_BACKEND_H
#define REMOTE_BACKEND_H

#include "err.h"
#include "strs.h"

struct platform;
struct remote_copy;

/*
 * Finds it, or copies it, and puts the words that start it into `argv`:
 *
 *  1. a copy of the one here, made now or before, when the machine there is
 *     of the same kind or the backend is a script;
 *  2. the first one in the host's $FM_BACKEND_PATH and $PATH, beside its
 *     fm-driver, in ~/.local, /usr/local, /usr and /opt/fm (libexec/fm), and
 *     in libexec/fm of the folder of copies.
 */
int remote_backend_find(struct remote_copy *c, const struct platform *p,
    struct fm_strs *argv, struct fm_err *err);

#endif
