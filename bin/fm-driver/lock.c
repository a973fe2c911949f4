/*
 * Locks by flock(). A whole platform is one file, locked by whoever uses all
 * of it and shared by those that use some devices; each device is another.
 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "io.h"
#include "prog.h"

enum {
	RETRY_MS = 100
};

static int
lock(int fd, int kind, const char *what, int how, int wake_fd,
    struct fm_err *err)
{
	struct pollfd wake = { wake_fd, POLLIN, 0 };
	bool told = false;

	while (flock(fd, kind | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fm_err_sys(err, FM_IO, "cannot lock %s", what);
		if (how == LOCK_FAIL)
			return fm_err_set(err, FM_BUSY,
			    "%s is in use by another fm-driver", what);
		if (!told)
			fm_prog_say("fm-driver",
			    "waiting for %s, which another fm-driver uses",
			    what);
		told = true;
		if (poll(&wake, 1, RETRY_MS) > 0)
			return fm_err_set(err, FM_STOPPED, "stopped");
	}
	return 0;
}

int
lock_file(int fd, const char *what, int how, int wake_fd, struct fm_err *err)
{
	char *name;
	int rc;

	if (how == LOCK_NONE)
		return 0;
	name = fm_strdupf("'%s'", what);
	rc = lock(fd, LOCK_EX, name, how, wake_fd, err);
	free(name);
	return rc;
}

/* --- devices --- */

/* Everybody's, as /tmp is; who made it does not matter. */
static char *
folder(struct fm_err *err)
{
	const char *own = getenv("FM_LOCK_DIR");
	const char *dir = own && *own ? own : "/tmp/fm-lock";

	if (mkdir(dir, 0777) == 0)
		(void)chmod(dir, 01777);
	else if (errno != EEXIST) {
		(void)fm_err_sys(err, FM_IO, "cannot make '%s'", dir);
		return NULL;
	}
	return fm_strdup(dir);
}

static int
add(struct lock_set *s, const char *dir, const char *name, int kind, int how,
    int wake_fd, struct fm_err *err)
{
	char *file = fm_strdupf("%s.lock", name);
	char *path = fm_io_join(dir, file);
	char *what = fm_strdupf("device %s", name);
	/* Without O_CREAT first: the kernel may refuse that for a file of
	 * somebody else's in a folder that is everybody's. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc = -1;

	if (fd < 0 && errno == ENOENT)
		fd =
		    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0) {
		(void)fm_err_sys(
		    err, FM_IO, "cannot lock %s: '%s'", what, path);
	} else {
		(void)fchmod(fd, 0666);
		FM_GROW(s->fd, s->cap, s->n + 1);
		s->fd[s->n++] = fd;
		rc = lock(fd, kind, what, how, wake_fd, err);
	}
	free(file);
	free(path);
	free(what);
	return rc;
}

static int
by_value(const void *a, const void *b)
{
	json_int_t x = *(const json_int_t *)a, y = *(const json_int_t *)b;

	return (x > y) - (x < y);
}

/* In one order everywhere, so that nobody waits for one who waits for him. */
static int
add_each(struct lock_set *s, const char *dir, const char *platform,
    const json_t *devices, int how, int wake_fd, struct fm_err *err)
{
	size_t i, n = json_array_size(devices);
	json_int_t *v = fm_calloc(n, sizeof *v);
	int rc = 0;

	for (i = 0; i < n; i++)
		v[i] = json_integer_value(json_array_get(devices, i));
	qsort(v, n, sizeof *v, by_value);
	for (i = 0; i < n && rc == 0; i++) {
		char *name = fm_strdupf("%s-%lld", platform, (long long)v[i]);

		rc = add(s, dir, name, LOCK_EX, how, wake_fd, err);
		free(name);
	}
	free(v);
	return rc;
}

int
lock_devices(struct lock_set *s, const char *platform, const json_t *devices,
    int how, int wake_fd, struct fm_err *err)
{
	bool some = json_array_size(devices) > 0;
	char *dir;
	int rc;

	if (how == LOCK_NONE)
		return 0;
	dir = folder(err);
	if (!dir)
		return -1;
	rc = add(s, dir, platform, some ? LOCK_SH : LOCK_EX, how, wake_fd, err);
	if (rc == 0 && some)
		rc = add_each(s, dir, platform, devices, how, wake_fd, err);
	free(dir);
	return rc;
}

void
lock_release(struct lock_set *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		(void)close(s->fd[i]);
	free(s->fd);
	memset(s, 0, sizeof *s);
}
