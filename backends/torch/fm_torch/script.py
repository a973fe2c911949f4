"""Running somebody's script: its arguments, its output in a file of its own,
and whatever way it ends. The answers' descriptor is out of its reach.
"""
import os
import runpy
import shlex
import signal
import sys
import threading
import time

from .errors import Refused, one_line


def arguments(text):
    """In shell form when there are blanks, else parted by commas."""
    if not text:
        return []
    try:
        return shlex.split(text) if " " in text else text.split(",")
    except ValueError as error:
        raise Refused("usage", "--script_args: %s" % error) from None


class Ending:
    """How a script ended: None or a text, and the seconds it took."""

    def __init__(self):
        self.error = None
        self.seconds = 0.0


def end_children():
    """What a script has left running would disturb what is measured. They
    are in the group that the driver has made for this process."""
    me = os.getpid()
    if os.getpgrp() != me:
        return
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and int(name) != me \
                    and os.getpgid(int(name)) == me:
                os.kill(int(name), signal.SIGKILL)
        except OSError:
            pass  # it has ended by itself


class Apart:
    """Standard output and standard error go to a file meanwhile, and
    standard input is empty: the requests are not for the script. What it
    does to the three in sys is done to ones of its own."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        sys.stdout.flush()
        sys.stderr.flush()
        self.kept = os.dup(0), os.dup(1), os.dup(2)
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        null = os.open(os.devnull, os.O_RDONLY)
        for number, to in enumerate((null, fd, fd)):
            os.dup2(to, number)
        os.close(fd)
        os.close(null)
        self.streams = sys.stdin, sys.stdout, sys.stderr
        sys.stdin = open(0, closefd=False)
        sys.stdout, sys.stderr = self.own = [
            open(number, "w", buffering, closefd=False,
                 encoding=old.encoding, errors=old.errors)
            for number, buffering, old in ((1, -1, sys.stdout),
                                           (2, 1, sys.stderr))]

    def __exit__(self, *_):
        for stream in (sys.stdout, sys.stderr, *self.own):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass  # the script has closed it, or put something else there
        sys.stdin, sys.stdout, sys.stderr = self.streams
        for number, fd in enumerate(self.kept):
            os.dup2(fd, number)
            os.close(fd)


class Late(BaseException):
    """The script has had its time; no `except Exception` of it takes this."""


class Limit:
    """Ends a script after so many seconds; 0 is never. One that waits inside
    of a library for ever, or takes the signal for itself, is not ended."""

    def __init__(self, seconds):
        self.seconds = seconds

    def ring(self, *_):
        raise Late("did not end within %g s" % self.seconds)

    def __enter__(self):
        if self.seconds:
            self.kept = signal.signal(signal.SIGALRM, self.ring)
            signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_):
        if self.seconds:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self.kept)


class Exit:
    """os._exit of the script ends the script, not this process with what was
    found. Its children, and threads that call it, end as they want to."""

    def __enter__(self):
        self.kept, me = os._exit, os.getpid()

        def leave_script(status):
            if os.getpid() == me \
                    and threading.current_thread() is threading.main_thread():
                raise SystemExit(status)
            self.kept(status)

        os._exit = leave_script

    def __exit__(self, *_):
        os._exit = self.kept


def how_it_ended(error):
    if isinstance(error, Late):
        return str(error)
    if isinstance(error, SystemExit):
        code = error.code
        return None if code in (None, 0) else "exit %s" % one_line(code)
    return "%s: %s" % (type(error).__name__, one_line(error))


def run(path, args, log, answers_fd, seconds=0):
    """Runs the script to its end, or for so long; gives its Ending."""
    if not os.path.isfile(path):
        raise Refused("nomodel", "there is no script '%s'" % path)
    ending = Ending()
    me, argv, where = os.getpid(), sys.argv, list(sys.path)
    own, main = sys.path[0], sys.modules["__main__"]
    os.register_at_fork(after_in_child=lambda: leave(answers_fd, me))
    sys.argv = [path] + args
    sys.path[:] = [os.path.dirname(os.path.abspath(path))] + [
        p for p in where if p != own]
    start = time.monotonic()
    try:
        with Apart(log):
            try:
                with Limit(seconds), Exit():
                    runpy.run_path(path, run_name="__main__")
            except BaseException as error:
                ending.error = how_it_ended(error)
                if not isinstance(error, SystemExit):
                    import traceback
                    traceback.print_exc()
                del error
            if os.getpid() != me:  # a child of the script, at its end
                os._exit(0)
    finally:
        end_children()
        sys.argv, sys.modules["__main__"] = argv, main
        sys.path[:] = where
    ending.seconds = time.monotonic() - start
    return ending


def leave(answers_fd, parent):
    """In a child that the script has forked: answers are not its business."""
    if os.getpid() != parent:
        try:
            os.close(answers_fd)
        except OSError:
            pass
