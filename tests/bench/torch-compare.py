#!/usr/bin/env python3
"""ONNX Runtime, PyTorch, and PyTorch with torch.compile on one checkpoint:
the three backends are open at once and asked in turn, a few repetitions each,
so that what disturbs one disturbs all. Prints the medians in milliseconds and
how far the outputs for one input are apart.

usage: torch-compare.py MODEL-DIR [INPUT BATCH ROUNDS THREADS]

B names the build folder [build]; FM_PYTHON the Python with torch [this one].
"""
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile

import numpy

BUILD = os.path.abspath(os.environ.get("B", "build"))
LIBEXEC = os.path.join(BUILD, "libexec", "fm")
CHUNK = 5

# Stands in for the backend, and keeps what it was asked to open.
SPY = """#!/bin/sh
tee -a "$KEEP" | exec "$REAL"
"""


class Backend:
    def __init__(self, name, request):
        self.process = subprocess.Popen(
            [os.path.join(LIBEXEC, "fm-backend-" + name)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.ask(request)

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.startswith("FMWORK ERR"):
                sys.exit(line.strip())
            if line == "FMWORK OK\n":
                break
            lines.append(line.split())
        return lines

    def times_ms(self, request):
        return [float(f[6]) * 1e3 for f in self.ask(request)
                if f[1] == "REP"]


def ort_request(model, threads, folder):
    """What fm-driver asks of ONNX Runtime."""
    spy = os.path.join(folder, "fm-backend-ort")
    with open(spy, "w", encoding="utf-8") as f:
        f.write(SPY)
    os.chmod(spy, 0o755)
    keep = os.path.join(folder, "requests")
    subprocess.run(
        [os.path.join(BUILD, "bin", "fm-driver"), model, "--platform", "cpu",
         "--reps", "1", "--input_sizes", "8", "--threads", str(threads)],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "FM_BACKEND_PATH": folder, "KEEP": keep,
             "FM_CACHE_DIR": os.path.join(folder, "cache"),
             "REAL": os.path.join(LIBEXEC, "fm-backend-ort")})
    with open(keep, encoding="utf-8") as f:
        requests = [json.loads(line) for line in f]
    return next(r for r in requests if r["op"] == "open")


def torch_request(model, threads, compiled):
    return {"op": "open", "platform": "cpu", "eval": True,
            "model": {"kind": "hf", "path": model}, "compile": compiled,
            "options": {"threads": threads},
            "sets": {"torch.call": {"set_grad_enabled": False}}}


def output(backend, request, length, batch, folder):
    """The first output for one and the same input."""
    made = numpy.random.default_rng(0)
    files = []
    for one in request["inputs"]:
        path = os.path.join(folder, one["name"] + ".npy")
        value = (made.integers(1000, 2000, (batch, length))
                 if one["name"] == "input_ids" else
                 numpy.full((batch, length), one["fill"]["value"]))
        numpy.save(path, value.astype("int64"))
        files.append({"name": one["name"], "file": path})
    out = tempfile.mkdtemp(dir=folder)
    backend.ask({"op": "infer", "inputs": files, "outdir": out})
    names = sorted(glob.glob(os.path.join(out, "*hidden_state*.npy")))
    return numpy.load(names[0])


def main(model, length=128, batch=1, rounds=20, threads=2):
    model = os.path.abspath(model)
    with tempfile.TemporaryDirectory() as folder:
        ort = ort_request(model, threads, folder)
        three = {
            "ort": Backend("ort", ort),
            "torch eager": Backend("torch",
                                   torch_request(model, threads, False)),
            "torch.compile": Backend("torch",
                                     torch_request(model, threads, True)),
        }
        run = {"op": "run", "dims": {"batch": batch, "sequence": length},
               "input": length, "output": 1, "batch": batch, "seed": 1,
               "warmup": 1, "reps": CHUNK}
        times = {name: [] for name in three}
        for name, one in three.items():
            one.times_ms({**run, "reps": 3})  # compiles
        for _ in range(rounds):
            for name, one in three.items():
                times[name] += one.times_ms(run)
        out = {name: output(one, ort, length, batch, folder)
               for name, one in three.items()}
    print("%d tokens x %d, %d threads, %d repetitions each, in turn by %d"
          % (length, batch, threads, CHUNK * rounds, CHUNK))
    base = statistics.median(times["torch eager"])
    for name, values in times.items():
        median = statistics.median(values)
        apart = float(abs(out[name] - out["torch eager"]).max())
        print("%-14s median %8.3f ms, least %8.3f, %.3f of eager, outputs "
              "apart by %.1e at most" % (name, median, min(values),
                                         median / base, apart))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
