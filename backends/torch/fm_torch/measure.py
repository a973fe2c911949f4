"""Timed repetitions. Between the two readings of the clock stand the call and
the wait for the device, and nothing else; inputs are made and moved before,
lines are printed after.
"""
import time

from . import noise
from .errors import Refused
from .load import named


class Plan:
    """How long a run goes on."""

    def __init__(self, request):
        self.first = request.get("first", 1)
        self.reps = request.get("reps") or 0
        self.warmup = request.get("warmup") or 0
        self.limit = int((request.get("seconds") or 0) * 1e9)
        self.delay = request.get("delay") or 0
        if not 0 <= self.delay <= 86400:
            raise Refused("usage", '"delay" must be from 0 to 86400 seconds')
        if self.first < 1 or self.warmup < 0:
            raise Refused("usage", '"first" must be 1 or more and "warmup" 0 '
                          "or more")
        if (self.reps > 0) == (self.limit > 0):
            raise Refused("usage", 'a run needs either "reps" or "seconds" '
                          "above 0")

    def warm_numbers(self):
        return range(1 - self.warmup, 1)

    def pause(self, n, answers):
        """Waits between repetitions, of which `n` comes next."""
        if self.delay and n > 1 - self.warmup:
            answers.flush()
            time.sleep(self.delay)

    def numbers(self):
        n = self.first
        while not self.reps or n < self.first + self.reps:
            yield n
            n += 1


def stamp(ns):
    return "%d.%09d" % divmod(ns, 1_000_000_000)


def once(call, device, inputs):
    """One timed call: (start, end), nanoseconds of the monotonic clock."""
    t0 = time.monotonic_ns()
    call(**inputs)
    device.synchronize()
    return t0, time.monotonic_ns()


def with_transfers(call, device):
    """The same call from tensors on the host to the first output there."""
    def whole(**inputs):
        result = call(**{k: v.to(device.torch) for k, v in inputs.items()})
        first = next(named(result), None)
        if first is not None:
            first[1].detach().to("cpu")

    return whole


class Runner:
    """A loaded model on its device, asked for repetitions."""

    def __init__(self, loaded, device, feed, options):
        self.call = loaded.call
        self.module = loaded.module
        self.device = device
        self.feed = feed
        self.transfers = options["time_transfers"]
        self.report = options["report"]
        self.before = None
        self.device_ms = []
        self.whole = (with_transfers(self.call, device) if self.transfers
                      else self.call)
        self.events = device.events() if options["events"] else None
        if options["events"] and not self.events:
            raise Refused("usage", "--torch:events: the device '%s' has no "
                          "events that take times" % device.torch)

    def repeat(self, seed, n):
        """(start, end, milliseconds between events or None)"""
        inputs = self.feed.fill(seed, n)
        if not self.transfers:
            inputs = self.device.move(inputs)
        if not self.events:
            return (*once(self.whole, self.device, inputs), None)
        begin, end = self.events
        self.device.record(begin)
        t0, t1 = once(self.recorded, self.device, inputs)
        return t0, t1, begin.elapsed_time(end)

    def recorded(self, **inputs):
        self.whole(**inputs)
        self.device.record(self.events[1])

    def shape(self, request):
        self.feed.shape(request.get("dims") or {}, request.get("fill"))

    def warm_up(self, request, n):
        self.repeat(request.get("seed", 0), n)

    def timed(self, request, n, plan, answers, epoch):
        """One repetition and its line; (start, end)"""
        t0, t1, ms = self.repeat(request.get("seed", 0), n)
        answers.say("REP", n, plan.reps, stamp(epoch + t0),
                    stamp(epoch + t1), stamp(t1 - t0))
        if ms is not None:
            self.device_ms.append(round(ms, 6))
        return t0, t1

    def begin(self, plan):
        """A run in pieces is observed as a whole: each piece tells of all
        before."""
        if plan.first == 1 or not self.before:
            self.device_ms = []
            self.before = noise.Snapshot()

    def observed(self):
        obs = noise.between(self.before, noise.Snapshot())
        obs.update(self.device.state(idle=False))
        if self.device_ms:
            obs["event_ms"] = self.device_ms
        return obs

    def observe(self, seconds):
        """What goes on when we do nothing."""
        before = noise.Snapshot()
        time.sleep(seconds)
        obs = noise.between(before, noise.Snapshot())
        obs.update(self.device.state(idle=True))
        return obs

    def run(self, request, answers, watchdog, epoch):
        plan = Plan(request)
        self.shape(request)
        for n in plan.warm_numbers():
            plan.pause(n, answers)
            self.warm_up(request, n)
        self.begin(plan)
        end = None
        for n in plan.numbers():
            plan.pause(n, answers)
            t0, t1 = self.timed(request, n, plan, answers, epoch)
            answers.flush_soon(t1)
            if watchdog.gone:
                raise Refused("preempted", "the other end has gone: stopped "
                              "after repetition %d" % n)
            end = end or t0 + plan.limit
            if plan.limit and t1 >= end:
                break
        say_obs(answers, self.observed(), request)


def say_obs(answers, obs, request):
    answers.say_json("OBS", obs, *(request.get(k) or 0 for k in
                                   ("input", "output", "batch")))
