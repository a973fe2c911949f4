"""The two ends of the conversation: requests from stdin, answers through a
private descriptor, and the watchdog that ends a backend nobody listens to.
"""
import json
import os
import select
import signal
import threading
import time

from . import interpreter

GATHER_NS = 100_000_000  # the oldest a line of an answer may get
GATHER_BYTES = 65536     # what a pipe takes at once


class Gone(Exception):
    """The other end does not read any more."""


class Requests:
    """Lines of stdin, read without keeping anything back but a part of one:
    the process may be replaced between two requests."""

    def __init__(self, fd=0):
        self.fd = fd
        self.rest = b""

    def __iter__(self):
        while True:
            at = self.rest.find(b"\n")
            if at >= 0:
                line, self.rest = self.rest[:at], self.rest[at + 1:]
                yield line
                continue
            more = os.read(self.fd, 65536)
            if not more:
                return
            self.rest += more


class Answers:
    """FMWORK lines, gathered and written whole."""

    def __init__(self, fd):
        self.fd = fd
        self.lines = []
        self.size = 0
        self.flushed = time.monotonic_ns()

    def say(self, tag, *fields):
        line = " ".join(("FMWORK", tag) + tuple(map(str, fields))) + "\n"
        self.lines.append(line)
        self.size += len(line)

    def say_json(self, tag, value, *fields):
        self.say(tag, *fields, json.dumps(value, separators=(",", ":")))

    def flush(self):
        data = "".join(self.lines).encode("utf-8", "replace")
        self.lines, self.size = [], 0
        self.flushed = time.monotonic_ns()
        try:
            while data:
                data = data[os.write(self.fd, data):]
        except OSError as error:
            raise Gone(str(error)) from None

    def flush_soon(self, now):
        if now - self.flushed > GATHER_NS or self.size > GATHER_BYTES:
            self.flush()


def take_stdout():
    """The answers' descriptor; what prints on stdout reaches stderr."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    answers = os.dup(1)
    os.dup2(2, 1)
    return answers


def open_ends():
    """(answers' descriptor, request that a former Python left or None)"""
    left = interpreter.pending()
    return left if left else (take_stdout(), None)


class Watchdog:
    """A second after the other end is gone `gone` is set; ten seconds after,
    the process group is ended, whatever the main thread is stuck in."""

    def __init__(self, fd=0):
        self.gone = False
        self.fd = os.dup(fd)  # a script's stdin is another one
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        poll = select.poll()
        poll.register(self.fd, getattr(select, "POLLRDHUP", 0))
        if poll.poll()[0][1] & select.POLLNVAL:
            return
        time.sleep(1)
        self.gone = True
        time.sleep(9)
        leader = os.getpgrp() == os.getpid()
        os.kill(0 if leader else os.getpid(), signal.SIGKILL)
