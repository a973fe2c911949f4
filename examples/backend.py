#!/usr/bin/env python3
"""A complete backend for fm, in another language: its device sorts numbers.

Use it as any other: put it where fm-driver looks for backends under the name
fm-backend-sorter, or try it by hand:

    printf '%s\n' '{"op":"hello","protocol":1}' | examples/backend.py

fm-backend(7) is the protocol. The order of this file is the order of its
rules: answers go through a private descriptor, a watchdog looks for hang-up,
inputs come from the generator, and between the two readings of the clock
stands the call and nothing else.
"""
import json
import os
import select
import signal
import sys
import threading
import time

# Rule 1: whatever else prints on stdout reaches stderr, not the driver.
OUT = os.dup(1)
os.dup2(2, 1)

# Stamps are epoch time that never steps back.
EPOCH = time.time_ns() - time.monotonic_ns()

OPTIONS = {"descending": ("bool", "false", "sort downwards")}
CODES = {MemoryError: "oom", OSError: "io"}


def watchdog():
    """Rule 2: ten seconds after the other end is gone, all is over."""
    poll = select.poll()
    poll.register(0, 0)
    poll.poll()
    time.sleep(10)
    leader = os.getpgrp() == os.getpid()
    os.kill(0 if leader else os.getpid(), signal.SIGKILL)


class Refused(Exception):
    """A request that cannot be done: its ERR line."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


# --- inputs: the same values in every backend -------------------------------

M = (1 << 64) - 1
G = 0x9E3779B97F4A7C15


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M
    return z ^ z >> 31


def key(seed, index, repetition):
    z = mix(seed + G & M)
    z = mix(z ^ (index + G & M))
    return mix(z ^ (repetition + G & M))


def element(fill, x):
    if "tokens" in fill:
        at = (x >> 32) * sum(hi - lo for lo, hi in fill["tokens"]) >> 32
        for lo, hi in fill["tokens"]:
            if at < hi - lo:
                return lo + at
            at -= hi - lo
    if "uniform" in fill:
        lo, hi = fill["uniform"]
        return lo + (hi - lo) * ((x >> 11) * 2.0 ** -53)
    if "value" in fill:
        return fill["value"]
    raise Refused("usage", "this backend fills no inputs from files")


def values(port, index, dims, seed, repetition):
    n = 1
    for d in port["shape"]:
        n *= dims[d] if isinstance(d, str) else d
    k = key(seed, index, repetition & M)
    fill = port.get("fill") or {"value": 0}
    return [element(fill, mix(k + (i + 1) * G & M)) for i in range(n)]


# --- operations --------------------------------------------------------------

class Sorter:
    def __init__(self):
        self.ports = None

    def hello(self, request):
        if request.get("protocol", 1) != 1:
            raise Refused("usage", "only protocol 1 is spoken here")
        yield "HELLO 1 sorter"
        for name, (kind, default, text) in OPTIONS.items():
            yield f"OPT {name} {kind} {default} {text}"

    def devices(self, request):
        yield "DEV 0 the Python interpreter"

    def open(self, request):
        start = time.monotonic_ns()
        options = request.get("options") or {}
        for name in options:
            if name not in OPTIONS:
                raise Refused("usage", f"sorter has no option '{name}'; "
                              "it has: " + ", ".join(OPTIONS))
        os.environ.update(request.get("env") or {})
        self.descending = str(options.get("descending")).lower() == "true"
        self.ports = request.get("inputs") or []
        facts = {"backend": "sorter", "runtime": sys.version.split()[0],
                 "device": "the Python interpreter",
                 "descending": self.descending}
        yield "SYS " + json.dumps(facts)
        yield "SETUP %.6f" % ((time.monotonic_ns() - start) / 1e9)

    def run(self, request):
        if self.ports is None:
            raise Refused("usage", "no model is open")
        first, reps = request.get("first", 1), request.get("reps") or 0
        limit = (request.get("seconds") or 0) * 1e9
        start, n, checksum = None, first, 0
        for n in range(1 - request.get("warmup", 0), 1):
            self.repeat(request, n)
        n = first
        while not reps or n < first + reps:
            t0, t1, result = self.repeat(request, n)
            checksum = sum(result)
            yield "REP %d %d %s %s %s" % (
                n, reps, stamp(EPOCH + t0), stamp(EPOCH + t1),
                stamp(t1 - t0))
            start = start or t0
            if not reps and t1 - start >= limit:
                break
            n += 1
        yield "OBS %d %d %d %s" % (*point(request),
                                   json.dumps({"checksum": checksum}))

    def repeat(self, request, n):
        dims, seed = request.get("dims") or {}, request.get("seed", 0)
        data = []
        for index, port in enumerate(self.ports):
            data += values(port, index, dims, seed, n)
        t0 = time.monotonic_ns()
        result = sorted(data, reverse=self.descending)
        t1 = time.monotonic_ns()
        return t0, t1, result

    def close(self, request):
        self.ports = None
        return []


def stamp(ns):
    return "%d.%09d" % divmod(ns, 10 ** 9)


def point(request):
    return [request.get(k) or 0 for k in ("input", "output", "batch")]


def say(line):
    text = ("FMWORK " + line + "\n").encode()
    while text:
        text = text[os.write(OUT, text):]


def answer(backend, line):
    """Exactly one OK or ERR ends an answer, and the backend goes on."""
    request = {}
    try:
        request = json.loads(line)
        op = request.get("op")
        if op not in ("hello", "devices", "open", "run", "close"):
            raise Refused("usage", f"unknown operation '{op}'")
        for text in getattr(backend, op)(request):
            say(text)
        say("OK")
    except BrokenPipeError:
        raise
    except Exception as e:
        if not isinstance(request, dict):
            request = {}
        code = getattr(e, "code", None) or next(
            (c for t, c in CODES.items() if isinstance(e, t)), "internal")
        if isinstance(e, json.JSONDecodeError):
            code = "usage"
        text = " ".join(str(e).split()) or type(e).__name__
        say("ERR %s %d %d %d %s" % (code, *point(request), text))


def main():
    threading.Thread(target=watchdog, daemon=True).start()
    backend = Sorter()
    for line in sys.stdin:
        if line.strip():
            try:
                answer(backend, line)
            except BrokenPipeError:
                break


main()
