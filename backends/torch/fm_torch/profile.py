"""Where the time of one repetition goes: a row for each layer and for each
function that is called between layers, in the order of time.

A layer is a module without parts of its own; what it calls inside is its own
business. The device is waited for before and after each row, so that the rows
add up to more than a measured repetition: they say where time goes, not how
long the model takes.
"""
import time

import torch
from torch.overrides import TorchFunctionMode

from .errors import Refused
from .generate import Generator


def dimensions(value):
    """Shapes of the tensors in a value: "2x8x32 2x8"."""
    if isinstance(value, torch.Tensor):
        return "x".join(map(str, value.shape)) or "1"
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return " ".join(filter(None, map(dimensions, value)))
    return ""


class Profiler(TorchFunctionMode):
    """Hooks on the layers of a model and on torch's functions."""

    def __init__(self, module, device):
        super().__init__()
        self.module, self.device = module, device
        self.rows = []
        self.stack = []      # paths of the modules we are in
        self.in_layer = 0
        self.passes = 0
        self.start = time.monotonic_ns()

    def now_ms(self):
        self.device.synchronize()
        return (time.monotonic_ns() - self.start) / 1e6

    def row(self, kind, type_name, path, given):
        row = {"id": len(self.rows), "kind": kind, "type": type_name,
               "path": path, "in": dimensions(given), "out": "",
               "phase": "prefill" if self.passes <= 1 else "decode",
               "pass": self.passes, "start_ms": round(self.now_ms(), 6),
               "ms": 0.0}
        self.rows.append(row)
        return row

    def finish(self, row, result):
        row["ms"] = round(self.now_ms() - row["start_ms"], 6)
        row["out"] = dimensions(result)

    # --- layers ---

    def hook(self, name, part):
        leaf = not any(True for _ in part.children())

        def enter(_, args, kwargs):
            if part is self.module:
                self.passes += 1
            if leaf and not self.in_layer:
                self.stack.append(self.row("layer", type(part).__name__,
                                           name, [args, kwargs]))
            else:
                self.stack.append(name)
            self.in_layer += leaf

        def leave(_, args, kwargs, result):
            self.in_layer -= leaf
            top = self.stack.pop()
            if isinstance(top, dict):
                self.finish(top, result)

        return (part.register_forward_pre_hook(enter, with_kwargs=True),
                part.register_forward_hook(leave, with_kwargs=True,
                                           always_call=True))

    def attach(self):
        return [handle for name, part in self.module.named_modules()
                for handle in self.hook(name, part)]

    # --- functions between them ---

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.in_layer or not self.stack:
            return function(*args, **kwargs)
        name = getattr(function, "__name__", str(function))
        row = self.row("function", name, self.stack[-1], [args, kwargs])
        result = function(*args, **kwargs)
        self.finish(row, result)
        if not self.counts(result):
            self.rows.remove(row)
        return result

    @staticmethod
    def counts(result):
        """Something was computed: views, sizes and indices are not."""
        return (isinstance(result, torch.Tensor)
                and result.is_floating_point() and result.numel() > 0
                and not result._is_view())


def profile(request, runner, answers):
    """Answers with FMWORK PROF <json> for each row."""
    if runner.call is not runner.module:
        raise Refused("usage", "a model that is compiled, or comes from a "
                      "file, has no layers to look into: profile it without "
                      "--compile, or in a script")
    runner.shape(request)
    runner.warm_up(request, 0)
    profiler = Profiler(runner.module, runner.device)
    handles = profiler.attach()
    begin = time.monotonic_ns()
    try:
        with profiler:
            runner.warm_up(request, 1)
    finally:
        for handle in handles:
            handle.remove()
    total_ms = (time.monotonic_ns() - begin) / 1e6
    for row in profiler.rows:
        answers.say_json("PROF", row)
    if runner.report == "upmem":
        for line in upmem(request, runner, profiler, total_ms):
            answers.say("SAY", line)


def upmem(request, runner, profiler, total_ms):
    """The report of UPMEM's framework in its mode for processors: what the
    layers of the first pass took, and the rest of the time."""
    batch = request.get("batch") or 1
    tokens = ((request.get("output") or 1) - 1
              if isinstance(runner, Generator) else 0) * batch
    first_s = sum(r["ms"] for r in profiler.rows
                  if r["kind"] == "layer" and r["pass"] == 1) / 1e3
    total_s = total_ms / 1e3
    rest_s = total_s - first_s
    dtype = str(next((p.dtype for p in runner.module.parameters()),
                     None)).replace("torch.", "")
    yield "##### UPMEM PROFILER OUTPUT #####"
    yield ("Total time (SUM + GEN): %r s, with data type: %s, batch size: %d"
           % (total_s, dtype, batch))
    yield ("Generated tokens: %d in %r s, with tokens/s: %r"
           % (tokens, rest_s, tokens / rest_s))
    yield ("Summarization step took: %r s, weight in the execution: SUM: "
           "%r%%, GEN: %r%%" % (first_s, first_s / total_s,
                                rest_s / total_s))
    yield "##### END UPMEM PROFILER OUTPUT #####"
