/*
 * Devices of a host, locked there as lock.c locks those that are here, and
 * against the same others: by flock(1), on descriptors of the shell that the
 * connection has. They end with it.
 */
#ifndef REMOTE_LOCK_H
#define REMOTE_LOCK_H

#include <jansson.h>

#include "err.h"
#include "strs.h"

struct remote_ssh;

/* What is to be locked: "s" (shared) or "x" and a name. */
void remote_lock_names(
    struct fm_strs *names, const char *platform, const json_t *devices);

/* Locks all of them, or waits, as --lock says (enum lock). A host without
 * flock(1) cannot; that is told. */
int remote_lock_take(struct remote_ssh *ssh, const struct fm_strs *names,
    int how, struct fm_err *err);
void remote_lock_drop(struct remote_ssh *ssh, const struct fm_strs *names);

#endif
