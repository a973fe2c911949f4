#!/usr/bin/env python3
"""What the torch backend's loop adds to the calls it times.

usage: torch-loop.py FOLDER-OF-THE-BACKEND MODEL-DIR [INPUT BATCH ROUNDS]

The same model is called by the backend's loop and by a plain one with the
same inputs, ten repetitions of each in turn, in an order drawn anew for each
round. Prints both medians in milliseconds, their ratio, the middle half of
the ratios within a round, and what printing a repetition costs outside of the
timed region in microseconds.
"""
import os
import random
import statistics
import sys
import time

sys.path.insert(0, sys.argv[1])

import torch  # noqa: E402

from fm_torch import load, measure, options, pipe  # noqa: E402
from fm_torch.device import Device  # noqa: E402
from fm_torch.fill import Feed  # noqa: E402

CHUNK = 10


class Nobody:
    gone = False


def backend_loop(runner, request):
    """Seconds of its repetitions, as it prints them."""
    answers = pipe.Answers(os.open(os.devnull, os.O_WRONLY))
    answers.flush = lambda: None
    runner.run(request, answers, Nobody(), 0)
    os.close(answers.fd)
    return [float(line.split()[6]) for line in answers.lines
            if line.startswith("FMWORK REP ")]


def plain_loop(loaded, device, feed, request):
    times = []
    for n in range(1 - request["warmup"], CHUNK + 1):
        inputs = device.move(feed.fill(0, n))
        start = time.monotonic_ns()
        loaded.call(**inputs)
        device.synchronize()
        if n > 0:
            times.append((time.monotonic_ns() - start) / 1e9)
    return times


def main(path, length=32, batch=1, rounds=20):
    torch.set_grad_enabled(False)
    device = Device("cuda" if torch.cuda.is_available() else "cpu")
    loaded = load.load({"model": {"path": path}, "eval": True}, device)
    feed = Feed(load.ports(loaded))
    runner = measure.Runner(loaded, device, feed, options.read({}))
    request = {"dims": {"batch": batch, "sequence": length}, "warmup": 5,
               "reps": CHUNK, "first": 1}
    runner.shape(request)
    ways = [lambda: backend_loop(runner, request),
            lambda: plain_loop(loaded, device, feed, request)]
    times, ratios = ([], []), []
    for _ in range(rounds):
        order = random.sample((0, 1), 2)
        now = dict((i, ways[i]()) for i in order)
        for i in order:
            times[i].extend(now[i])
        ratios.append(statistics.median(now[0]) / statistics.median(now[1]))
    a, b = (statistics.median(t) * 1e3 for t in times)
    low, _, high = statistics.quantiles(ratios, n=4)
    print("backend %.4f ms, plain %.4f ms, ratio %.4f" % (a, b, a / b))
    print("ratio within a round: %.4f, half of them from %.4f to %.4f"
          % (statistics.median(ratios), low, high))
    print("printing a repetition: %.1f us"
          % printing(os.open(os.devnull, os.O_WRONLY)))


def printing(null):
    """Median microseconds to make and gather one REP line."""
    answers = pipe.Answers(null)
    costs = []
    for n in range(5000):
        t0 = time.monotonic_ns()
        answers.say("REP", n, 5000, measure.stamp(t0), measure.stamp(t0 + 1),
                    measure.stamp(1))
        answers.flush_soon(t0)
        costs.append((time.monotonic_ns() - t0) / 1e3)
    return statistics.median(costs)


if __name__ == "__main__":
    main(sys.argv[2], *map(int, sys.argv[3:]))
