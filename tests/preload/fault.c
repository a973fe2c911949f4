/*
 * Makes one call of the C library fail, for tests of error paths:
 *
 *   FM_FAULT=write:3:ENOSPC LD_PRELOAD=build/tests/preload/fault.so command
 *
 * fails the third write() and every later one; "write:3!" only that one.
 * Calls: write (also writev), fsync, rename, open, malloc (also calloc and
 * realloc). Writes to descriptor 2 are left alone, so that the message can be
 * read. The C library's own calls are not seen: what goes through a FILE
 * fails with /dev/full or `ulimit -f` instead.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct {
	const char *name;
	int err;
} errors[] = { { "ENOSPC", ENOSPC }, { "EIO", EIO }, { "ENOMEM", ENOMEM },
	{ "EINTR", EINTR }, { "EAGAIN", EAGAIN }, { "EMFILE", EMFILE },
	{ "EPIPE", EPIPE }, { "EACCES", EACCES } };

/* Is it time for this call to fail? Sets errno. Allocates nothing. */
static bool
fails(const char *call, atomic_long *count)
{
	const char *plan = getenv("FM_FAULT");
	size_t n = strlen(call), i;
	bool once;
	char *end;
	long at, now;

	if (!plan || strncmp(plan, call, n) != 0 || plan[n] != ':')
		return false;
	at = strtol(plan + n + 1, &end, 10);
	once = *end == '!';
	end += once;
	now = atomic_fetch_add(count, 1) + 1;
	if (once ? now != at : now < at)
		return false;
	errno = EIO;
	for (i = 0; *end == ':' && i < sizeof errors / sizeof *errors; i++)
		if (strcmp(end + 1, errors[i].name) == 0)
			errno = errors[i].err;
	return true;
}

static atomic_long writes, fsyncs, renames, mallocs, opens;

ssize_t
write(int fd, const void *p, size_t n)
{
	if (fd != STDERR_FILENO && fails("write", &writes))
		return -1;
	return syscall(SYS_write, fd, p, n);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	if (fd != STDERR_FILENO && fails("write", &writes))
		return -1;
	return syscall(SYS_writev, fd, v, n);
}

int
fsync(int fd)
{
	return fails("fsync", &fsyncs) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
rename(const char *from, const char *to)
{
	if (fails("rename", &renames))
		return -1;
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, int) : 0;
	va_end(ap);
	if (fails("open", &opens))
		return -1;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* The allocator under the names that cannot be replaced. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *
malloc(size_t n)
{
	return fails("malloc", &mallocs) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails("malloc", &mallocs) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails("malloc", &mallocs) ? NULL : __libc_realloc(p, n);
}
