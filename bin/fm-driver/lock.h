/*
 * Who may use a log or a device: the kernel's own locks, which end with the
 * process that holds them, however it ends.
 *
 * Devices are locked by files below $FM_LOCK_DIR, or /tmp/fm-lock.
 */
#ifndef LOCK_H
#define LOCK_H

#include <jansson.h>
#include <stddef.h>

#include "err.h"

/* --lock, in the order of its words. */
enum lock {
	LOCK_WAIT,
	LOCK_FAIL,
	LOCK_NONE
};

/* Locks an open file; `what` is for messages. FM_BUSY, or FM_STOPPED. */
int lock_file(
    int fd, const char *what, int how, int wake_fd, struct fm_err *err);

/* Devices that are ours. */
struct lock_set {
	int *fd;
	size_t n, cap;
};

/*
 * Locks the devices of a platform ("cuda"): those of the list, or, with NULL,
 * all of them.
 */
int lock_devices(struct lock_set *s, const char *platform,
    const json_t *devices, int how, int wake_fd, struct fm_err *err);
void lock_release(struct lock_set *s);

#endif
