#!/usr/bin/env python3
"""What the torch backend's loop adds to the calls it times.

usage: torch-loop.py FOLDER-OF-THE-BACKEND MODEL-DIR [INPUT BATCH ROUNDS]

The same model is called by the backend's loop and by a plain one with the
same inputs, five repetitions of each in turn. Prints both medians in
milliseconds, their ratio, and what printing a repetition costs outside of the
timed region in microseconds.
"""
import os
import statistics
import sys
import time

sys.path.insert(0, sys.argv[1])

import torch  # noqa: E402

from fm_torch import load, measure, options, pipe  # noqa: E402
from fm_torch.device import Device  # noqa: E402
from fm_torch.fill import Feed  # noqa: E402

CHUNK = 5


class Nobody:
    gone = False


def main(path, length=32, batch=1, rounds=20):
    torch.set_grad_enabled(False)
    device = Device("cuda" if torch.cuda.is_available() else "cpu")
    loaded = load.load({"model": {"path": path}, "eval": True}, device)
    feed = Feed(load.ports(loaded))
    runner = measure.Runner(loaded, device, feed, options.read({}))
    null = os.open(os.devnull, os.O_WRONLY)
    request = {"dims": {"batch": batch, "sequence": length}, "warmup": 5,
               "reps": CHUNK, "first": 1}
    ours, plain = [], []
    for _ in range(rounds):
        answers = pipe.Answers(null)
        answers.flush = lambda: None
        runner.run(request, answers, Nobody(), 0)
        ours += [float(line.split()[6]) for line in answers.lines
                 if line.startswith("FMWORK REP ")]
        for n in range(-4, CHUNK + 1):
            inputs = device.move(feed.fill(0, n))
            start = time.monotonic_ns()
            loaded.call(**inputs)
            device.synchronize()
            if n > 0:
                plain.append((time.monotonic_ns() - start) / 1e9)
    a, b = statistics.median(ours) * 1e3, statistics.median(plain) * 1e3
    print("backend %.4f ms, plain %.4f ms, ratio %.4f" % (a, b, a / b))
    print("printing a repetition: %.1f us" % printing(null))


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
