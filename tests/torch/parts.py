#!/usr/bin/env python3
"""Parts of the torch backend by themselves: inputs, values, .npy files,
options, errors. usage: parts.py FOLDER-OF-THE-BACKEND; prints TAP.
"""
import os
import sys
import tempfile

sys.path.insert(0, sys.argv[1])

import numpy as np  # noqa: E402
import torch  # noqa: E402

from fm_torch import (errors, fill, npy, options, values,  # noqa: E402
                      vocabulary)

done = []


def check(name, got, want=True):
    done.append(got == want)
    print("%s %d - %s" % ("ok" if got == want else "not ok", len(done), name))
    if got != want:
        print("# got:    %r\n# wanted: %r" % (got, want))


def refused(name, text, function, *args):
    try:
        function(*args)
    except errors.Refused as error:
        check(name, text in str(error) or str(error))
    else:
        check(name, "not refused", text)


# --- the generator, from its definition in plain integers ---

M, G = (1 << 64) - 1, 0x9E3779B97F4A7C15


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M
    return z ^ z >> 31


def stream(seed, index, rep, n):
    k = mix(seed + G & M)
    k = mix(k ^ (index + G & M))
    k = mix(k ^ ((rep & M) + G & M))
    return [mix(k + (i + 1) * G & M) for i in range(n)]


def feed(ports, dims, seed, rep):
    f = fill.Feed(ports)
    f.shape(dims, None)
    return f.fill(seed, rep)


RANGES = [[3, 7], [9, 50264]]
ports = [
    {"name": "a", "type": "int64", "shape": ["b", 5],
     "fill": {"tokens": RANGES}},
    {"name": "b", "type": "float", "shape": ["b"],
     "fill": {"uniform": [-1, 3]}},
    {"name": "c", "type": "int64", "shape": [2], "fill": {"value": 1}},
    {"name": "d", "type": "int64", "shape": [400],
     "fill": {"tokens": [[0, 4294967295]]}},
]
for seed, rep in ((0, 1), (7, 3), (2 ** 63 + 5, 0), (1, -4)):
    got = feed(ports, {"b": 40}, seed, rep)
    ids = [i for lo, hi in RANGES for i in range(lo, hi)]
    want = [ids[(x >> 32) * len(ids) >> 32]
            for x in stream(seed, 0, rep, 200)]
    check("tokens, seed %d, repetition %d" % (seed, rep),
          got["a"].reshape(-1).tolist(), want)
    want = [np.float32(-1 + 4 * ((x >> 11) * 2.0 ** -53))
            for x in stream(seed, 1, rep, 40)]
    check("uniform", got["b"].tolist(), [float(v) for v in want])
    want = [(x >> 32) * 4294967295 >> 32 for x in stream(seed, 3, rep, 400)]
    check("as many ids as there can be", got["d"].tolist(), want)
check("a value", got["c"].tolist(), [1, 1])
check("shapes", [list(v.shape) for v in got.values()],
      [[40, 5], [40], [2], [400]])
refused("an open dimension without a size", "dimension 'b' of input 'a'",
        feed, ports, {}, 0, 1)
refused("a type nobody holds", "type 'string'", fill.Feed,
        [{"name": "x", "type": "string", "shape": []}])

# --- .npy files, against numpy ---

folder = tempfile.mkdtemp()
path = os.path.join(folder, "x.npy")
for array in (np.arange(6, dtype=np.int64).reshape(2, 3),
              np.float32([1.5, -2]), np.array(3.25), np.zeros((0, 4)),
              np.array([True, False]),
              np.asfortranarray(np.arange(6.).reshape(2, 3))):
    np.save(path, array)
    t = npy.read(path)
    check("read %s" % array.dtype, t.tolist(), array.tolist())
    npy.write(path, t)
    back = np.load(path)
    check("write %s%s" % (array.dtype, array.shape),
          (back.dtype, back.shape, back.tolist()),
          (array.dtype, array.shape, array.tolist()))
half = torch.tensor([1.5, -3.0], dtype=torch.bfloat16)
npy.write(path, half)
check("bfloat16 is V2", str(np.load(path).dtype), "|V2")
check("and comes back", npy.read(path).tolist(), [1.5, -3.0])
open(path, "wb").write(b"no array")
refused("not a .npy file", "is no .npy file", npy.read, path)
refused("no such file", "cannot read", npy.read, path + "x")
os.remove(path)
os.rmdir(folder)

# --- values ---

check("tagged values", values.from_json(
    {"a": {"@tuple": [1, {"@torch": "bfloat16"}]}, "b": {"@float": "inf"},
     "c": {"@dict": [[1, 2]]}, "d": [None, True]}),
    {"a": (1, torch.bfloat16), "b": float("inf"), "c": {1: 2},
     "d": [None, True]})
for text, want in (("7", ([7], {})), ("'high'", (["high"], {})),
                   ("torch.float16", ([torch.float16], {})),
                   ("1, x=[2]", ([1], {"x": [2]})), ("", ([], {})),
                   ("high", (["high"], {})),
                   ("__import__('os')", (["__import__('os')"], {})),
                   ("(lambda: 1)()", (["(lambda: 1)()"], {}))):
    check("text of a call: " + text, values.arguments(text), want)
for name in ("os.system", "sys.exit", "hub.os.system", "__builtins__"):
    refused("torch.%s is out of reach" % name, "torch",
            values.torch_name, name)
refused("a name torch does not have", "there is no 'torch.no.such'",
        values.torch_name, "no.such")
values.apply_calls({"set_num_threads": "1"})
check("torch.call with text", torch.get_num_threads(), 1)
values.apply_sets({"backends.cudnn.benchmark": True})
check("torch.set", torch.backends.cudnn.benchmark)
refused("torch.set of nothing", "there is no 'torch.backends.nosuch'",
        values.apply_sets, {"backends.nosuch": True})
refused("torch.call of what fails", "--torch.call:set_num_threads",
        values.apply_calls, {"set_num_threads": "'x'"})
refused("torch.call of no function", "cannot be called",
        values.apply_calls, {"float16": ""})

# --- options, errors, token ids ---

check("options", options.read({"threads": "3", "events": "True"}),
      {"threads": 3, "events": True, "time_transfers": False,
       "report": "none"})
refused("unknown option", "no option 'x'; it has: python, threads",
        options.read, {"x": 1})
refused("not a number", "'threads' must be a whole number",
        options.read, {"threads": "-1"})
refused("not a truth", "'events' must be true or false",
        options.read, {"events": "maybe"})
check("one line", errors.one_line("a\n b\x1b[0m\t c"), "a b[0m c")
check("long lines are cut", len(errors.one_line("x" * 5000)), 900)
check("running out of memory", [errors.line_of(e)[0] for e in (
    MemoryError(), torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate "
                 "memory: you tried to allocate 1 bytes"),
    RuntimeError("Invalid buffer size: 64.00 GiB"),  # of mps
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"))], ["oom"] * 5)
try:
    torch.full([2 ** 31, 2 ** 31], 1)
except RuntimeError as error:
    check("more than can be addressed", errors.line_of(error)[0], "oom")
check("what is not installed", errors.line_of(
    ModuleNotFoundError("no", name="torch_sendnn.x"))[0], "nodevice")
check("ids without special ones", vocabulary.ranges(10, [0, 3, 3, 9, 12]),
      [[1, 3], [4, 9]])
check("nothing left: all", vocabulary.ranges(1, [0]), [[0, 1]])

print("1..%d" % len(done))
sys.exit(not all(done))
