/*
 * Locks of the cache: one file, and for every key four bytes of it, far
 * beyond its end. They belong to the open file (not to the process, as the
 * older kind, which goes with any close of the file), vanish with it however
 * the process ends, and leave nothing behind. Two keys that fall on the same
 * bytes wait for one another without need, and that is all.
 */
#define _GNU_SOURCE /* F_OFD_SETLK */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "err.h"
#include "io.h"

static struct flock
range(const char *key, enum fm_cache_lock what, short type)
{
	char head[16] = { 0 };
	struct flock l;

	memcpy(head, key, sizeof head - 1);
	memset(&l, 0, sizeof l);
	l.l_type = type;
	l.l_whence = SEEK_SET;
	l.l_start =
	    (off_t)(strtoull(head, NULL, 16) << 2 |
		    (uint64_t)(what == FM_CACHE_USE ? FM_CACHE_ALONE : what));
	l.l_len = 1;
	return l;
}

static int
open_file(struct fm_cache *c, int flags)
{
	char *path;

	if (c->lock_fd >= 0)
		return 0;
	path = fm_io_join(c->dir, ".lock");
	c->lock_fd = open(path, flags | O_CLOEXEC, 0666);
	free(path);
	return c->lock_fd >= 0 ? 0 : -1;
}

/* Sleeps a little; -1 when woken. */
static int
pause_ms(int ms, int wake_fd)
{
	struct pollfd p = { wake_fd, POLLIN, 0 };

	return poll(&p, 1, ms) > 0 ? -1 : 0;
}

/*
 * Asks again and again instead of waiting in the kernel: a signal that only
 * makes a descriptor readable would not end that.
 */
int
fm_cache_lock(struct fm_cache *c, const char *key, enum fm_cache_lock what,
    int64_t wait_ns, int wake_fd, struct fm_err *err)
{
	struct flock l =
	    range(key, what, what == FM_CACHE_USE ? F_RDLCK : F_WRLCK);
	int64_t end = fm_clock_now_ns() + wait_ns;
	int ms = 1;

	if (open_file(c, O_RDWR | O_CREAT) != 0)
		return fm_err_sys(err, FM_IO, "cannot open '%s/.lock'", c->dir);
	while (fcntl(c->lock_fd, F_OFD_SETLK, &l) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EACCES)
			return fm_err_sys(
			    err, FM_IO, "cannot lock '%s/.lock'", c->dir);
		if (wait_ns >= 0 && fm_clock_now_ns() >= end)
			return 1;
		if (pause_ms(ms, wake_fd) != 0)
			return fm_err_set(err, FM_STOPPED,
			    "stopped while another process %s the build",
			    what == FM_CACHE_MAKE ? "makes" : "uses");
		ms = ms < 50 ? ms * 2 : 50;
	}
	return 0;
}

void
fm_cache_unlock(struct fm_cache *c, const char *key, enum fm_cache_lock what)
{
	struct flock l = range(key, what, F_UNLCK);

	if (c->lock_fd >= 0)
		(void)fcntl(c->lock_fd, F_OFD_SETLK, &l);
}

bool
fm_cache_making(struct fm_cache *c, const char *key)
{
	struct flock l = range(key, FM_CACHE_MAKE, F_RDLCK);

	if (open_file(c, O_RDONLY) != 0)
		return false;
	return fcntl(c->lock_fd, F_OFD_GETLK, &l) == 0 && l.l_type == F_WRLCK;
}
