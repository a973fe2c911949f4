#!/usr/bin/env python3
"""The torch backend on a device that is not the host, without having one: a
stand-in for torch's module of that name, which notes what it is asked for.
usage: asynchronous.py FOLDER-OF-THE-BACKEND; prints TAP.
"""
import json
import os
import sys
import tempfile
import types
import weakref

sys.path.insert(0, sys.argv[1])

import torch  # noqa: E402

from fm_torch import archive, device, options, serve  # noqa: E402
from fm_torch.device import Device  # noqa: E402
from fm_torch.fill import Feed  # noqa: E402
from fm_torch.measure import Runner  # noqa: E402
from fm_torch.pipe import Answers  # noqa: E402

done, log = [], []


def check(name, got, want=True):
    done.append(got == want)
    print("%s %d - %s" % ("ok" if got == want else "not ok", len(done), name))
    if got != want:
        print("# got:    %r\n# wanted: %r" % (got, want))


class Event:
    def __init__(self, enable_timing):
        self.timing = enable_timing

    def record(self, stream="of the process's device"):
        log.append(("record", stream))

    def elapsed_time(self, end):
        log.append("elapsed")
        return 1.5


class Big:
    """What a call that runs out of memory has on the device."""


def empty_cache():
    log.append("empty with %d" % len(alive))


alive = weakref.WeakSet()
stand_in = types.ModuleType("torch.fmdev")
stand_in.is_available = lambda: True
stand_in.device_count = lambda: 2
stand_in.synchronize = lambda device: log.append(("wait", str(device)))
stand_in.current_stream = lambda device: "stream of %s" % device
stand_in.Event, stand_in.empty_cache = Event, empty_cache
torch.utils.rename_privateuse1_backend("fmdev")
torch.fmdev = stand_in


def model(**_):
    log.append("call")
    return ()


def runner(**given):
    loaded = types.SimpleNamespace(call=model, module=model)
    feed = Feed([])
    feed.shape({}, None)
    return Runner(loaded, Device("fmdev:1"), feed, options.read(given))


wait = ("wait", "fmdev:1")
record = ("record", "stream of fmdev:1")
one = runner()
one.repeat(0, 1)
check("waited for before the clock and before its end", log,
      [wait, "call", wait])
for name, given in (("", {}), (", with transfers", {"time_transfers": True})):
    log.clear()
    one = runner(events=True, **given)
    check("events" + name, one.repeat(0, 1)[2], 1.5)
    check("in the stream of the device" + name,
          [entry for entry in log if entry not in (wait, "elapsed")],
          [record, "call", record])
    check("read when the device is done" + name, log[-3:],
          [record, wait, "elapsed"])

# --- out of memory ---


def fail(**_):
    held = Big()
    alive.add(held)
    raise torch.OutOfMemoryError("out of memory")


def answer(session, line):
    log.clear()
    session.answer(json.dumps(line))
    return log


read, write = os.pipe()
session = serve.Session(Answers(write))
session.device = Device("fmdev:1")
session.runner = runner()
session.runner.whole = fail
check("out of memory: nothing of the call is left when the cache is emptied",
      answer(session, {"op": "run", "reps": 1})[-1], "empty with 0")
check("and it is a row", b"FMWORK ERR oom " in os.read(read, 65536))


def start(request, given):
    return Device("fmdev:1")


from fm_torch import model as steps  # noqa: E402
steps.start = start
steps.load = lambda request, device: fail()
check("so is a model that does not fit",
      answer(session, {"op": "open", "model": {"kind": "hf"}})[-1],
      "empty with 0")
check("and its row", b"FMWORK ERR oom " in os.read(read, 65536))

# --- what nvidia-smi tells ---


def smi(text):
    path = os.path.join(folder, "nvidia-smi")
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\nprintf '%s'\n" % text)
    os.chmod(path, 0o755)
    return device.smi("GPU-1")


with tempfile.TemporaryDirectory() as folder:
    os.environ["PATH"] = folder + ":" + os.environ["PATH"]
    check("what a device does not tell is left out",
          smi("570.1, 345, [N/A], 1980, [Not Supported], , Default\\n"),
          {"driver": "570.1", "clock_sm_mhz": "345",
           "clock_sm_max_mhz": "1980", "compute_mode": "Default"})
    check("or all of it", smi(""), {})

# --- a program that was exported on another device than it runs on ---

with tempfile.TemporaryDirectory() as folder:
    from torch.export import passes  # noqa: E402
    passes.move_to_device_pass = lambda p, to: moved.append(to) or p
    for there in "cpu", "meta":
        path = os.path.join(folder, there + ".pt2")
        torch.export.save(torch.export.export(
            torch.nn.Linear(4, 4, device=there),
            (torch.rand(2, 4, device=there),)), path)
        for to in "cpu", "meta":
            moved = []
            archive.load(path, to)
            check("from %s to %s" % (there, to), moved,
                  [to] * (there != to))

print("1..%d" % len(done))
sys.stdout.flush()
os._exit(not all(done))
