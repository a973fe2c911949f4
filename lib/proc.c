/*
 * Child processes. The rule that shapes this file: nothing a child has
 * started may outlive it. The child leads a group; when it ends, the group is
 * killed before the child is reaped, for only until then does the kernel keep
 * the group's number from being given to somebody else.
 */
#ifdef __linux__
#define _GNU_SOURCE /* syscall(), wait4() */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#endif
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

enum {
	FIRST_NAP_NS = 100000,  /* between looks, where nothing tells us */
	LAST_NAP_NS = 10000000, /* these grow up to this */
	/* How long killed grandchildren may take to vanish. They die at once
	 * unless the kernel is busy for them; dead ones may stay for long
	 * where process 1 is slow to reap them. */
	GONE_NS = 50000000
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/*
 * A pipe whose ends are not inherited and are none of 0, 1, 2: those may be
 * closed in a caller that was started so, and dup2() in the child would then
 * hit one with the other.
 */
static int
open_pipe(int fd[2])
{
	int i;

	if (pipe(fd) != 0) {
		fd[0] = fd[1] = -1;
		return -1;
	}
	for (i = 0; i < 2; i++) {
		int old = fd[i];

		if (old < 3) {
			fd[i] = fcntl(old, F_DUPFD_CLOEXEC, 3);
			(void)close(old);
			if (fd[i] < 0)
				return -1;
		} else if (fcntl(old, F_SETFD, FD_CLOEXEC) != 0) {
			return -1;
		}
	}
	return 0;
}

/* --- in the child, between fork and exec: system calls only --- */

static void
reset_signals(void)
{
	struct sigaction sa;
	sigset_t none;
	int i;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = SIG_DFL;
	for (i = 1; i <= SIGRTMAX; i++)
		(void)sigaction(i, &sa, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Whatever was opened without O_CLOEXEC, by us or by who started us. */
static void
inherit_nothing(void)
{
	long i, n = sysconf(_SC_OPEN_MAX);

#ifdef SYS_close_range
	if (syscall(SYS_close_range, 3U, ~0U, 4U /* set close-on-exec */) == 0)
		return;
#endif
	for (i = 3; i < n; i++)
		(void)fcntl((int)i, F_SETFD, FD_CLOEXEC);
}

static int
die_with(pid_t parent)
{
#ifdef __linux__
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return -1;
#endif
	/* It may have gone before we asked to be told. */
	if (getppid() != parent)
		_exit(127);
	return 0;
}

/* Becomes argv[0], or sends errno down `report`. `parent`: 0 = not to die
 * with it. */
static _Noreturn void
become(char *const argv[], pid_t parent, const int std[3], int report)
{
	int i, why;

	if (setsid() < 0 || (parent && die_with(parent) != 0))
		goto out;
	for (i = 0; i < 3; i++)
		if (dup2(std[i], i) < 0)
			goto out;
	inherit_nothing();
	reset_signals();
	(void)execvp(argv[0], argv);
out:
	why = errno;
	while (write(report, &why, sizeof why) < 0 && errno == EINTR)
		continue;
	_exit(127);
}

/* --- in the parent --- */

/* No handler of ours may run in the child before it has reset them. */
static pid_t
fork_quietly(void)
{
	sigset_t all, old;
	pid_t pid;
	int saved;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid != 0) {
		saved = errno;
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
		errno = saved;
	}
	return pid;
}

/* 0 once the child is the program, else its errno. */
static int
exec_result(int report)
{
	int why = 0;
	ssize_t n;

	do
		n = read(report, &why, sizeof why);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof why ? why : 0;
}

static int
open_ended(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0U);
#else
	(void)pid;
	return -1;
#endif
}

/* Forks into the ends of four pipes; 0, or -1 with errno. */
static int
launch(struct fm_proc *p, char *const argv[], bool loose, int io[4][2])
{
	const int std[3] = { io[0][0], io[1][1], io[2][1] };
	pid_t parent = loose ? 0 : getpid();
	int why;

	p->pid = fork_quietly();
	if (p->pid == 0)
		become(argv, parent, std, io[3][1]);
	if (p->pid < 0)
		return -1;
	close_fd(&io[3][1]);
	why = exec_result(io[3][0]);
	if (why) {
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		errno = why;
		return -1;
	}
	return 0;
}

static int
start(struct fm_proc *p, char *const argv[], bool loose, struct fm_err *err)
{
	int io[4][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int i, rc = 0;

	*p = (struct fm_proc)FM_PROC_INIT;
	for (i = 0; i < 4 && rc == 0; i++)
		rc = open_pipe(io[i]);
	if (rc == 0)
		rc = launch(p, argv, loose, io);
	if (rc == 0) {
		p->in = io[0][1];
		p->out = io[1][0];
		p->errfd = io[2][0];
		io[0][1] = io[1][0] = io[2][0] = -1;
		p->ended = open_ended(p->pid);
	} else {
		p->pid = 0;
		(void)fm_err_sys(err,
		    errno == ENOENT || errno == EACCES || errno == ENOTDIR
			? FM_NODEVICE
			: FM_IO,
		    "cannot start '%s'", argv[0]);
	}
	for (i = 0; i < 4; i++) {
		close_fd(&io[i][0]);
		close_fd(&io[i][1]);
	}
	return rc;
}

int
fm_proc_start(struct fm_proc *p, char *const argv[], struct fm_err *err)
{
	return start(p, argv, false, err);
}

int
fm_proc_start_loose(struct fm_proc *p, char *const argv[], struct fm_err *err)
{
	return start(p, argv, true, err);
}

/* Gives a killed group the time to vanish, devices it holds with it. */
static void
wait_group(pid_t group)
{
	int64_t end = fm_clock_now_ns() + GONE_NS;

	while (kill(-group, 0) == 0 && fm_clock_now_ns() < end)
		fm_clock_sleep_ns(FIRST_NAP_NS);
}

/* Takes the status of a child that has ended, and what it has used. */
static void
collect(struct fm_proc *p)
{
#ifdef __linux__
	struct rusage used;

	while (wait4(p->pid, &p->status, 0, &used) < 0)
		if (errno != EINTR) {
			/* SIGCHLD is ignored: the kernel has reaped it. */
			p->status = -1;
			return;
		}
	p->peak_bytes = (int64_t)used.ru_maxrss * 1024;
#else
	while (waitpid(p->pid, &p->status, 0) < 0)
		if (errno != EINTR) {
			p->status = -1;
			return;
		}
#endif
}

/* Has the child ended? If so, kills its group, and then reaps it. */
static bool
reap(struct fm_proc *p)
{
	siginfo_t si;

	si.si_pid = 0;
	if (waitid(P_PID, (id_t)p->pid, &si, WEXITED | WNOHANG | WNOWAIT) ==
		0 &&
	    si.si_pid == 0)
		return false;
	(void)kill(-p->pid, SIGKILL);
	collect(p);
	p->done = true;
	wait_group(p->pid);
	return true;
}

/* Sleeps until the child ends, but no longer than `ns`. */
static void
doze(const struct fm_proc *p, int64_t ns, int64_t *nap_ns)
{
	struct pollfd f = { p->ended, POLLIN, 0 };

	if (p->ended >= 0) {
		/* Rounded up; an hour at most, poll counts in an int. */
		int64_t ms = ns / 1000000 + 1;

		(void)poll(&f, 1, (int)(ms > 3600000 ? 3600000 : ms));
		return;
	}
	fm_clock_sleep_ns(*nap_ns < ns ? *nap_ns : ns);
	if (*nap_ns < LAST_NAP_NS)
		*nap_ns *= 2;
}

int
fm_proc_wait(struct fm_proc *p, int64_t ns)
{
	int64_t start = fm_clock_now_ns(), nap = FIRST_NAP_NS, left;

	if (p->pid == 0 || p->done)
		return 1;
	while (!reap(p)) {
		left = ns < 0 ? INT64_MAX : ns - (fm_clock_now_ns() - start);
		if (left <= 0)
			return 0;
		doze(p, left, &nap);
	}
	return 1;
}

void
fm_proc_hang_up(struct fm_proc *p)
{
	close_fd(&p->in);
}

void
fm_proc_end(struct fm_proc *p, int64_t grace_ns, int64_t term_ns)
{
	fm_proc_hang_up(p);
	if (fm_proc_wait(p, grace_ns))
		return;
	(void)kill(-p->pid, SIGTERM);
	if (fm_proc_wait(p, term_ns))
		return;
	(void)kill(-p->pid, SIGKILL);
	(void)fm_proc_wait(p, -1);
}

/* strsignal() tells in the words of the locale; people search for these. */
static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGABRT, "SIGABRT" },
	{ SIGALRM, "SIGALRM" },
	{ SIGBUS, "SIGBUS" },
	{ SIGFPE, "SIGFPE" },
	{ SIGHUP, "SIGHUP" },
	{ SIGILL, "SIGILL" },
	{ SIGINT, "SIGINT" },
	{ SIGKILL, "SIGKILL" },
	{ SIGPIPE, "SIGPIPE" },
	{ SIGQUIT, "SIGQUIT" },
	{ SIGSEGV, "SIGSEGV" },
	{ SIGSYS, "SIGSYS" },
	{ SIGTERM, "SIGTERM" },
	{ SIGTRAP, "SIGTRAP" },
	{ SIGUSR1, "SIGUSR1" },
	{ SIGUSR2, "SIGUSR2" },
	{ SIGXCPU, "SIGXCPU" },
	{ SIGXFSZ, "SIGXFSZ" },
};

static const char *
signal_name(int number)
{
	size_t i;

	for (i = 0; i < sizeof signals / sizeof *signals; i++)
		if (signals[i].number == number)
			return signals[i].name;
	return "a signal";
}

const char *
fm_proc_status_text(const struct fm_proc *p, char *b, size_t n)
{
	int s = p->status;

	if (!p->done)
		(void)snprintf(b, n, "still running");
	else if (s >= 0 && WIFEXITED(s))
		(void)snprintf(b, n, "exit status %d", WEXITSTATUS(s));
	else if (s >= 0 && WIFSIGNALED(s))
		(void)snprintf(b, n, "killed by %s (signal %d)",
		    signal_name(WTERMSIG(s)), WTERMSIG(s));
	else
		(void)snprintf(b, n, "exit status unknown");
	return b;
}

int64_t
fm_proc_peak_bytes(const struct fm_proc *p)
{
	static const char key[] = "VmHWM:";
	int64_t kib = -1;
	char path[40], line[256];
	FILE *f;

	if (p->done || p->pid == 0)
		return p->peak_bytes;
	(void)snprintf(path, sizeof path, "/proc/%ld/status", (long)p->pid);
	f = fopen(path, "re");
	while (f && kib < 0 && fgets(line, sizeof line, f))
		if (strncmp(line, key, sizeof key - 1) == 0)
			kib = strtoll(line + sizeof key - 1, NULL, 10);
	if (f)
		(void)fclose(f);
	return kib < 0 ? -1 : kib * 1024;
}

void
fm_proc_release(struct fm_proc *p)
{
	close_fd(&p->in);
	close_fd(&p->out);
	close_fd(&p->errfd);
	close_fd(&p->ended);
	*p = (struct fm_proc)FM_PROC_INIT;
}
