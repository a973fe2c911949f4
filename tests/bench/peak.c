/*
 * Runs a command and says on descriptor 3 when it was started (nanoseconds of
 * the UNIX epoch), how long it ran (nanoseconds), the most memory that it or
 * one of its descendants had (KiB), and the processor's time (microseconds):
 *
 *   peak COMMAND... 3>FILE
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t
now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static long long
us(const struct timeval *t)
{
	return t->tv_sec * 1000000LL + t->tv_usec;
}

int
main(int argc, char **argv)
{
	int64_t start = now_ns();
	struct rusage use;
	int status = 0;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = fork();
	if (pid == 0) {
		(void)close(3);
		(void)execvp(argv[1], argv + 1);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	(void)getrusage(RUSAGE_CHILDREN, &use);
	(void)dprintf(3, "%lld %lld %ld %lld\n", (long long)start,
	    (long long)(now_ns() - start), use.ru_maxrss,
	    us(&use.ru_utime) + us(&use.ru_stime));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
