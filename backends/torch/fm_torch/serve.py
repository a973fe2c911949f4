"""The loop: a request, its operation, an answer that ends in exactly one OK
or ERR. Order of this file: what a session keeps, the operations, the loop.
torch is imported by the first operation that needs it.
"""
import json
import os
import sys
import time

from . import cpus, host, interpreter, options
from .errors import Refused, line_of
from .pipe import Answers, Gone, Requests, Watchdog, open_ends

PROTOCOL = 1
CAPS = ("generate", "profile", "prompt", "cpus", "observe")


class Session:
    """The conversation and the model that is open."""

    def __init__(self, answers):
        self.answers = answers
        self.watchdog = Watchdog()
        self.epoch = time.time_ns() - time.monotonic_ns()
        self.raw = b""       # the request as it came
        self.device = None
        self.runner = None
        self.loaded = None
        self.feed = None
        self.memory_bound = False
        self.found = {}      # models of the last build, by hash

    # --- operations ---

    def hello(self, request):
        if request.get("protocol", PROTOCOL) != PROTOCOL:
            raise Refused("usage", "protocol %s is not spoken here, only %d"
                          % (request["protocol"], PROTOCOL))
        self.answers.say("HELLO", PROTOCOL, "torch")
        for word in CAPS:
            self.answers.say("CAP", word)
        for name, kind, default, text in options.TABLE:
            self.answers.say("OPT", name, kind, default or "-", text)

    def settle(self, request):
        """Options and environment, before torch is there; another Python."""
        given = options.read(request.get("options") or {})
        for key, value in (request.get("env") or {}).items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = str(value)
        try:
            interpreter.change(given.get("python"), self.raw,
                               self.answers.fd)
        except OSError as error:
            raise Refused("nodevice", str(error)) from None
        if request.get("cpus") is not None:
            self.memory_bound = cpus.pin(request["cpus"])
        interpreter.need_torch()
        return given

    def host_facts(self):
        facts = host.facts()
        mine = os.sched_getaffinity(0)
        facts["cpus"] = cpus.text_of(mine)
        facts["numa_nodes"] = cpus.text_of(cpus.nodes(mine)) or None
        facts["memory_bound"] = self.memory_bound or None
        return {k: v for k, v in facts.items() if v is not None}

    def devices(self, request):
        self.settle(request)
        from .device import listed
        for name, text in listed():
            self.answers.say("DEV", name, text)

    def open(self, request):
        self.close(request)
        given = self.settle(request)
        from . import model
        try:
            self.device = model.start(request, given)
            self.loaded = model.load(request, self.device)
            told, facts = model.facts(request, self.loaded, self.device,
                                      given)
            self.feed, self.runner = model.runner(
                request, told, self.loaded, self.device, given)
        except BaseException:
            self.drop()  # the device is told when the exception is gone
            raise
        self.answers.say_json("SYS", {**facts, **clock_facts(),
                                      **self.host_facts(), "model": told})
        self.answers.say("SETUP", "%.6f" % (self.loaded.setup_ns / 1e9))

    def need_open(self):
        if not self.runner:
            raise Refused("usage", "no model is open: 'open' must come "
                          "before")

    def run(self, request):
        self.need_open()
        self.runner.run(request, self.answers, self.watchdog, self.epoch)

    def observe(self, request):
        self.need_open()
        seconds = request.get("seconds", 0.5)
        if not 0 < seconds <= 10:
            raise Refused("usage", '"seconds" must be from 0 to 10')
        from .measure import say_obs
        say_obs(self.answers, self.runner.observe(seconds), request)

    def infer(self, request):
        self.need_open()
        from .infer import infer
        infer(request, self.loaded, self.feed, self.device)

    def profile(self, request):
        self.need_open()
        from .profile import profile
        profile(request, self.runner, self.answers)

    def find(self, request):
        self.settle(request)
        from .find import find
        self.found = find(request, self.answers)

    def export(self, request):
        from .find import run_export
        run_export(request, self.found, self.answers)

    def drop(self):
        self.runner = self.loaded = self.feed = None

    def close(self, request):
        self.drop()
        if self.device:
            self.device.forget()
        self.device = None

    # --- the loop ---

    OPERATIONS = ("hello", "devices", "open", "run", "observe", "infer",
                  "profile", "find", "export", "close")

    def answer(self, line):
        request, failure = {}, None
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                request = {}
                raise Refused("usage", "a request must be a JSON object")
            op = request.get("op")
            if op not in self.OPERATIONS:
                raise Refused("usage", "unknown operation '%s'" % op)
            self.raw = line
            getattr(self, op)(request)
            self.answers.say("OK")
        except (Gone, KeyboardInterrupt):
            raise
        except ValueError as error:
            if isinstance(error, json.JSONDecodeError):
                error = Refused("usage", "request: %s" % error)
            failure = failure_of(error)
        except BaseException as error:
            failure = failure_of(error)
        if failure:
            self.refuse(request, *failure)
        self.answers.flush()

    def refuse(self, request, code, text):
        """The row of a failure. The exception is gone by now: as long as it
        is there, the frames it came through keep their tensors."""
        if self.device and (code == "oom" or not self.runner):
            self.device.forget()
        self.answers.say("ERR", code, *(request.get(k) or 0 for k in
                                        ("input", "output", "batch")), text)


def failure_of(error):
    """(code, text) of a failure; a traceback for people goes to stderr."""
    code, text = line_of(error)
    if code == "internal":
        import traceback
        traceback.print_exception(
            type(error), error, error.__traceback__, file=sys.stderr)
    return code, text


def clock_facts():
    """Cost and resolution of the clock: of a thousand readings in a row."""
    reads = [time.monotonic_ns() for _ in range(1001)]
    steps = [b - a for a, b in zip(reads, reads[1:])]
    return {"clock_cost_ns": (reads[-1] - reads[0]) // 1000,
            "clock_resolution_ns": min((s for s in steps if s), default=0)}


def main():
    fd, left = open_ends()
    session = Session(Answers(fd))
    try:
        if left:
            session.answer(left)
        for line in Requests():
            if line.strip():
                session.answer(line)
    except Gone:
        os._exit(3)
    except KeyboardInterrupt:
        os._exit(130)
    sys.stderr.flush()
    os._exit(0)
