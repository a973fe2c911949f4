#!/usr/bin/env python3
"""Prints records like fm-process --format jsonl does, with made-up times.

make.py SEED RUNS [slow=INPUT:BATCH:FACTOR] [all=FACTOR] [noise=PERCENT]
        [days=N] [first=DAY] [model=NAME] [fail=INPUT:BATCH] [sim] [tokens]
        [step=DAY:FACTOR] [points=N] [small] [at=INPUT:BATCH] [runid=TEXT]

The files beside it:

    make.py 1 5 small >base.jsonl
    make.py 2 5 small slow=512:8:1.08 >slow.jsonl
    make.py 3 1 small fail=512:64 >one.jsonl
    make.py 4 1 small tokens >tokens.jsonl
    make.py 5 30 at=128:8 days=30 step=18:1.06 >history.jsonl
    make.py 6 1 small sim all=0.2 >sim.jsonl

One record a point and run of a grid of 4 input and 7 batch sizes. Times are a
cost model times lognormal noise between runs; within a run 3 %.
"""
import json
import math
import random
import sys

opt = dict(a.split("=", 1) if "=" in a else (a, True) for a in sys.argv[3:])
seed, runs = int(sys.argv[1]), int(sys.argv[2])
rng = random.Random(seed)
noise = float(opt.get("noise", 1)) / 100
reps, kept = 100, 80
grid = [(i, b) for i in (64, 128, 256, 512) for b in (1, 2, 4, 8, 16, 32, 64)]
if "small" in opt:
    grid = [(i, b) for i in (128, 512) for b in (1, 8, 64)]
if "at" in opt:
    grid = [tuple(int(v) for v in opt["at"].split(":"))]
if "points" in opt:
    grid = [(1 + k // 100, 1 + k % 100) for k in range(int(opt["points"]))]


def sizes(name):
    i, b, *rest = opt[name].split(":")
    return (int(i), int(b)), rest


slow, slow_by = None, 1.0
if "slow" in opt:
    slow, rest = sizes("slow")
    slow_by = float(rest[0])
fail = sizes("fail")[0] if "fail" in opt else None
step_day, step_by = 10**9, 1.0
if "step" in opt:
    step_day, step_by = (float(v) for v in opt["step"].split(":"))

for run in range(runs):
    day = run * float(opt.get("days", 0)) / max(runs, 1)
    start = 1795000000 + 86400 * (day + float(opt.get("first", 0)))
    for k, (i, b) in enumerate(grid):
        base = (0.8e-3 + i * b * 22e-6 / (1 + 2.2 * (1 - math.exp(-i * b / 900))))
        base *= float(opt.get("all", 1))
        if (i, b) == slow:
            base *= slow_by
        if day >= step_day:
            base *= step_by
        med = base * math.exp(rng.gauss(0, noise) + rng.gauss(0, 0.03 * 1.2533 / kept**0.5))
        t = start + k * 10
        failed = (i, b) == fail
        r = {
            "timestamp": "%.9f" % t, "metadata_id": None,
            "engine": "fm/sim" if "sim" in opt else "fm/ort",
            "model": opt.get("model", "granite-embedding-125m"), "precision": "fp32",
            "input": i, "output": 32 if "tokens" in opt else 1, "batch": b, "tp": 1,
            "opts": ["--batch_sizes 1-64*2", "--input_sizes 64-512*2", "--platform cpu"],
            "warmup": None, "setup": 0.25, "ttft": None,
            "itl": None if failed else round(med * 1e3, 3),
            "thp": None if failed else round(b / med, 1),
            "schema": 1, "status": "ERR_oom" if failed else "OK",
            "error_msg": "cannot allocate 12884901888 bytes" if failed else None,
            "notes": [], "model_class": "RobertaModel",
            "platform": "sim:H100" if "sim" in opt else "cpu",
            "backend": "sim" if "sim" in opt else "ort",
            "device": "H100" if "sim" in opt else "AMD EPYC", "host": "node7",
            "time_end": "%.9f" % (t + 9), "key": None, "sys_id": "0123456789abcdef",
            "simulated": "sim" in opt,
            "run_id": "%s%08x%04x" % (opt.get("runid", ""), seed, run),
            "stats": None if failed else {
                "n": reps, "dropped": reps - kept, "rule": "fmwork",
                "first": round(med * 3, 9), "mean": round(med * 1.01, 9),
                "sd": round(med * 0.03, 9), "median": round(med, 9),
                "mad": round(med * 0.02, 9), "min": round(med * 0.93, 9),
                "max": round(med * 1.12, 9), "p25": round(med * 0.98, 9),
                "p50": round(med, 9), "p75": round(med * 1.02, 9),
                "p90": round(med * 1.04, 9), "p95": None, "p99": None, "p999": None,
                "ci95": [round(med * 0.9915, 9), round(med * 1.0085, 9)],
                "rho1": 0.02, "ess": 80.0,
                "drift": {"percent": round(rng.gauss(0, 0.5), 3), "lo": -1.1, "hi": 1.2},
                "steady": True,
                "outliers": {"low_severe": 0, "low_mild": 0, "high_mild": 1, "high_severe": 0},
            },
        }
        if "tokens" in opt and not failed:
            r["ttft"] = round(med, 6)
            r["itl"] = round(0.4 + med * 30, 3)
            r["thp"] = round(b * 1e3 / r["itl"], 1)
        print(json.dumps(r, separators=(",", ":")))
