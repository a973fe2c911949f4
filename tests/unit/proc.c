/*
 * Child processes: start, the ways to end, and that nothing is left behind.
 */
#include "proc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "buf.h"
#include "clock.h"
#include "io.h"

#define MS INT64_C(1000000)

/* execvp() takes what it does not change as changeable. */
static char *
words(const char *s)
{
	return (char *)(uintptr_t)s;
}

static struct fm_proc
start(const char *script)
{
	char *argv[] = { words("/bin/sh"), words("-c"), words(script), NULL };
	struct fm_err err = FM_ERR_INIT;
	struct fm_proc p;

	if (fm_proc_start(&p, argv, &err) != 0) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return p;
}

static void
slurp(int fd, struct fm_buf *b)
{
	ptrdiff_t n;

	while ((n = fm_io_read_some(fd, fm_buf_reserve(b, 4096), 4096)) > 0)
		fm_buf_commit(b, (size_t)n);
}

/* What the script says on stdout. */
static void
says(const char *script, const char *want, const char *name)
{
	struct fm_proc p = start(script);
	struct fm_buf b = FM_BUF_INIT;

	fm_proc_hang_up(&p);
	slurp(p.out, &b);
	is_str(b.s, want, name);
	fm_proc_end(&p, -1, 0);
	fm_proc_release(&p);
	fm_buf_release(&b);
}

static void
ends(const char *script, const char *want)
{
	struct fm_proc p = start(script);
	char text[100];

	is_int(fm_proc_wait(&p, 5000 * MS), 1, script);
	is_str(fm_proc_status_text(&p, text, sizeof text), want, want);
	fm_proc_end(&p, 0, 0);
	fm_proc_release(&p);
}

static void
fails(const char *name, enum fm_code code, const char *want)
{
	char *argv[] = { words(name), NULL };
	struct fm_err err = FM_ERR_INIT;
	struct fm_proc p;

	is_int(fm_proc_start(&p, argv, &err), -1, name);
	is_int(err.code, code, "its code");
	is_str(err.text, want, "its text");
	is_int(p.pid, 0, "no process");
	is_int(p.out, -1, "no pipe");
	fm_proc_release(&p);
}

static void
test_start(void)
{
	says("echo one; echo two", "one\ntwo\n", "stdout is read");
	says("cat; echo end", "end\n", "a closed stdin is an end");
	says("echo x >&2", "", "stderr is apart");
	fails("/no/such/program", FM_NODEVICE,
	    "cannot start '/no/such/program': No such file or directory");
	fails("fm-no-such-program", FM_NODEVICE,
	    "cannot start 'fm-no-such-program': No such file or directory");
	fails("/dev/null", FM_NODEVICE,
	    "cannot start '/dev/null': Permission denied");
}

static void
test_inherits(void)
{
	sigset_t set;
	int fd = open("/dev/null", O_RDONLY);

	says("ls /proc/self/fd | grep -vx '[0123]' | wc -l | tr -d ' '", "0\n",
	    "no descriptor is inherited");
	(void)close(fd);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	/* Signals 32 and 33 are the C library's own: nobody can set them. */
	says("grep -E '^Sig(Blk|Ign)' /proc/self/status |"
	     " sed 's/180000000$//' | tr -d '\\t0'",
	    "SigBlk:\nSigIgn:\n", "no signal is blocked or ignored");
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	says("cut -d' ' -f5,6 /proc/$$/stat | tr ' ' '\\n' | uniq | wc -l |"
	     " tr -d ' '; (: >/dev/tty) 2>/dev/null || echo no terminal",
	    "1\nno terminal\n", "a session of its own");
}

/* Descriptors 0 to 2 closed, as some daemons start their children. */
static void
test_closed_std(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct fm_buf b = FM_BUF_INIT;
		struct fm_proc p;

		(void)close(0);
		(void)close(1);
		(void)close(2);
		p = start("read x; echo got $x; echo bad >&2");
		(void)fm_io_write_all(p.in, "it\n", 3);
		slurp(p.out, &b);
		fm_proc_end(&p, -1, 0);
		_exit(strcmp(b.s, "got it\n") != 0 || p.status != 0);
	}
	(void)waitpid(pid, &status, 0);
	is_int(status, 0, "works with closed standard descriptors");
}

static void
test_wait(void)
{
	struct fm_proc p = start("exec sleep 60");
	int64_t t0 = fm_clock_now_ns(), t;
	int fd;

	is_int(fm_proc_wait(&p, 0), 0, "looking does not wait");
	is_int(fm_proc_wait(&p, 50 * MS), 0, "not ended within the limit");
	t = fm_clock_now_ns() - t0;
	ok(t >= 50 * MS && t < 2000 * MS, "and waited that long");
	fm_proc_end(&p, 0, 5000 * MS);
	ok(p.done, "ended");
	is_int(fm_proc_wait(&p, -1), 1, "waiting again returns at once");
	fm_proc_release(&p);

	/* The same where nothing tells of its end. */
	p = start("sleep 0.05; exit 4");
	fd = p.ended;
	p.ended = -1;
	is_int(fm_proc_wait(&p, 0), 0, "without a descriptor: not ended");
	is_int(fm_proc_wait(&p, 5000 * MS), 1, "ended");
	is_int(WEXITSTATUS(p.status), 4, "with its status");
	fm_proc_release(&p);
	if (fd >= 0)
		(void)close(fd);
}

/* Is nothing of this group alive? Its dead wait for process 1. */
static bool
group_gone(pid_t group)
{
	struct fm_buf script = FM_BUF_INIT, b = FM_BUF_INIT;
	struct fm_proc p;
	bool gone;

	fm_buf_printf(&script,
	    "cat /proc/[0-9]*/stat 2>/dev/null |"
	    " awk '$5 == %ld && $3 != \"Z\" { print $2 }'",
	    (long)group);
	p = start(script.s);
	slurp(p.out, &b);
	gone = b.len == 0;
	if (!gone)
		printf("# %s", b.s);
	fm_proc_end(&p, -1, 0);
	fm_proc_release(&p);
	fm_buf_release(&script);
	fm_buf_release(&b);
	return gone;
}

/* The script says "up" once it is as the test wants it. */
static void
test_left(const char *script, int64_t grace_ns, int64_t term_ns,
    const char *want, const char *name)
{
	struct fm_proc p = start(script);
	char b[3], text[100];
	pid_t group = p.pid;

	is_int(fm_io_read_some(p.out, b, sizeof b), 3, name);
	fm_proc_end(&p, grace_ns, term_ns);
	is_str(fm_proc_status_text(&p, text, sizeof text), want, want);
	ok(group_gone(group), "nothing of its group is left");
	fm_proc_release(&p);
}

static void
test_end(void)
{
	test_left("echo up; cat >/dev/null; exit 5", 5000 * MS, 0,
	    "exit status 5", "ends when its stdin is closed");
	test_left("echo up; exec sleep 60", 20 * MS, 5000 * MS,
	    "killed by SIGTERM (signal 15)", "ends of SIGTERM");
	test_left("trap '' TERM; echo up; while :; do sleep 1; done", 0,
	    50 * MS, "killed by SIGKILL (signal 9)", "ignores SIGTERM");
	test_left("sleep 60 & sleep 60 & echo up; exit 0", 5000 * MS, 0,
	    "exit status 0", "leaves grandchildren behind");
	test_left("(trap '' TERM; exec sleep 60) & echo up; wait", 0, 50 * MS,
	    "killed by SIGTERM (signal 15)", "leaves one that ignores SIGTERM");
	test_left("echo up; kill -s STOP $$", 50 * MS, 20 * MS,
	    "killed by SIGKILL (signal 9)", "is stopped");
}

/* When we go, however, the child goes: nobody is left to call end. */
static void
test_parent_dies(void)
{
	int fd[2];
	pid_t pid;

	if (pipe(fd) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		struct fm_proc p = start("echo up; exec sleep 60");
		char up[3];

		(void)fm_io_read_some(p.out, up, sizeof up);
		(void)fm_io_write_all(fd[1], &p.pid, sizeof p.pid);
		(void)kill(getpid(), SIGKILL);
	}
	(void)close(fd[1]);
	(void)waitpid(pid, NULL, 0);
	pid = 0;
	is_int(fm_io_read_some(fd[0], &pid, sizeof pid), sizeof pid,
	    "a child was there");
	(void)close(fd[0]);
#ifdef __linux__
	{
		int64_t t0 = fm_clock_now_ns();

		while (!group_gone(pid) && fm_clock_now_ns() - t0 < 2000 * MS)
			fm_clock_sleep_ns(MS);
		ok(group_gone(pid), "it ends with its parent");
	}
#endif
}

static void
test_sigchld_ignored(void)
{
	struct fm_proc p;
	char text[100];

	(void)signal(SIGCHLD, SIG_IGN);
	p = start("exit 3");
	is_int(fm_proc_wait(&p, 5000 * MS), 1, "SIGCHLD ignored: it ends");
	is_str(fm_proc_status_text(&p, text, sizeof text),
	    "exit status unknown", "and nobody knows how");
	fm_proc_end(&p, 0, 0);
	fm_proc_release(&p);
	(void)signal(SIGCHLD, SIG_DFL);
}

/* Ten megabytes in a variable of the shell. */
static void
test_peak(void)
{
	struct fm_proc none = FM_PROC_INIT;
	struct fm_proc p = start("a=1234567890; for i in 1 2 3 4 5 6 7; do "
				 "a=$a$a$a$a$a$a$a$a$a$a; test ${#a} -gt "
				 "6000000 && break; done; echo up; read x");
	char c;
	int64_t living;

	ok(read(p.out, &c, 1) == 1, "it has taken memory");
	living = fm_proc_peak_bytes(&p);
	ok(living > 6000000 && living < 4000000000, "which is seen from here");
	fm_proc_end(&p, 5000 * MS, 0);
	ok(fm_proc_peak_bytes(&p) >= living * 9 / 10, "and after its end");
	fm_proc_release(&p);
	is_int(fm_proc_peak_bytes(&none), -1, "of none nothing is known");
}

int
main(void)
{
	struct fm_proc none = FM_PROC_INIT;

	test_start();
	test_inherits();
	test_closed_std();
	ends("exit 0", "exit status 0");
	ends("exit 42", "exit status 42");
	ends("kill -s SEGV $$", "killed by SIGSEGV (signal 11)");
	ends("kill -s KILL $$", "killed by SIGKILL (signal 9)");
	ends(
	    "kill -34 $$ || kill -s KILL $$", "killed by a signal (signal 34)");
	test_wait();
	test_end();
	test_parent_dies();
	test_sigchld_ignored();
	test_peak();
	fm_proc_end(&none, 0, 0);
	fm_proc_release(&none);
	ok(true, "ending none is nothing");
	return done();
}
