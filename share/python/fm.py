"""fm from Python: benchmark a model that you have in hand, or a script.

    import fm
    record = fm.benchmark_model(model, {"x": torch.rand(1, 8)}, reps=100)
    print(record["stats"]["median"], "s")

    for record in fm.benchmark_script("train.py", devices=["cpu"]):
        print(record["model"], record["itl"], "ms")

    with fm.profile(model) as table:
        model(x)
    print(table)

The model is saved with torch.export (or else as TorchScript), fm-driver makes
a build of it and measures that in a process of its own, and what comes back
are fm's records (fm-record(5)) as dictionaries. fm-driver and fm-process are
looked for in $FM_BIN, beside this file's share folder, and in PATH. This file
needs nothing but PyTorch.
"""
import contextlib
import functools
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

__all__ = ["Error", "benchmark_model", "benchmark_script", "profile"]

HERE = os.path.dirname(os.path.realpath(__file__))
PREFIX = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))


class Error(RuntimeError):
    """fm-driver or fm-process failed: its own words."""


def program(name):
    """The path of one of fm's programs."""
    for folder in (os.environ.get("FM_BIN"), os.path.join(PREFIX, "bin"),
                   os.path.join(os.path.dirname(os.path.dirname(HERE)),
                                "build", "bin")):
        path = os.path.join(folder, name) if folder else ""
        if folder and os.access(path, os.X_OK):
            return path
    path = shutil.which(name)
    if not path:
        raise Error("there is no '%s': put it into PATH or set FM_BIN" % name)
    return path


def records(arguments, metadata_id=None):
    """The records of one run of fm-driver."""
    here = dict(os.environ)
    here.setdefault("FM_PYTHON", sys.executable)  # it has torch
    driver = subprocess.run([program("fm-driver")] + arguments, env=here,
                            stdin=subprocess.DEVNULL, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = driver.stderr.decode("utf-8", "replace").strip()
    if driver.returncode not in (0, 1) and b"\nFMWORK RES " not in \
            driver.stdout:
        raise Error(said.splitlines()[-1] if said else "fm-driver: status %d"
                    % driver.returncode)
    process = subprocess.run(
        [program("fm-process"), "--metadata_id", metadata_id or "auto"],
        input=driver.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        check=False)
    try:
        return json.loads(process.stdout)
    except ValueError:
        raise Error(process.stderr.decode("utf-8", "replace").strip()
                    ) from None


def options(given):
    """{reps: 5, analyze: True} as words of a command line."""
    words = []
    for name, value in given.items():
        if value is True:
            words.append("--" + name)
        elif value is not None and value is not False:
            words += ["--" + name, str(value)]
    return words


def arranged(model, inputs):
    """(positional, named) inputs as forward() takes them."""
    import torch
    if not isinstance(model, torch.nn.Module):
        raise Error("the model must be a torch.nn.Module, got %s"
                    % type(model).__name__)
    if isinstance(inputs, torch.Tensor):
        inputs = (inputs,)
    names = list(inspect.signature(model.forward).parameters)
    if not isinstance(inputs, dict):
        inputs = dict(zip(names, inputs))
    first = []
    for name in names:
        if name not in inputs:
            break
        first.append(inputs[name])
    return tuple(first), {k: v for k, v in inputs.items()
                          if k not in names[:len(first)]}, dict(inputs)


@contextlib.contextmanager
def evaluation(model):
    """Evaluation mode for a while; every part gets its own mode back."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def save(model, inputs, folder, name):
    """A file that fm-driver takes as a model, and one .npy for each tensor
    among the inputs; gives the path of the model."""
    import torch
    args, kwargs, everything = arranged(model, inputs)
    path = os.path.join(folder, name)
    with evaluation(model), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program = torch.export.export(model, args, kwargs or None)
            path += ".pt2"
            torch.export.save(program, path)
        except Exception as error:
            try:
                traced = torch.jit.trace(model, args, strict=False)
            except Exception:
                raise Error("the model cannot be exported: %s" % (
                    str(error).strip() or type(error).__name__
                ).splitlines()[0]) from error
            path += ".pt"
            torch.jit.save(traced, path)
    for key, value in everything.items():
        if isinstance(value, torch.Tensor):
            write_npy(os.path.join(folder, key + ".npy"), value)
    return path


def write_npy(path, tensor):
    import numpy
    import torch
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:  # numpy has no word for it
        array = tensor.contiguous().view(torch.int16).numpy().view("V2")
    else:
        array = tensor.numpy()
    numpy.save(path, array)


def benchmark_model(model, inputs, device="cpu", reps=100, opset=None,
                    build_name=None, metadata_id=None, **driver):
    """Measures a torch.nn.Module on `inputs`: {name: tensor}, a tuple, or a
    tensor. Further keywords are options of fm-driver. Gives its record."""
    folder = tempfile.mkdtemp(prefix="fm-model.")
    try:
        path = save(model, inputs, folder, type(model).__name__)
        return records(
            ["--model_root", folder, "--model_name", os.path.basename(path),
             "--inputs", folder, "--platform", device, "--reps",
             str(reps)] + options(dict(driver, build_name=build_name,
                                       onnx_opset=opset)), metadata_id)[0]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def benchmark_script(script, devices=("cpu",), reps=100, metadata_id=None,
                     **driver):
    """Measures the models that a script calls, each on all devices. The
    script may be "path.py::hash,hash". Gives a list of records."""
    return records([script, "--platform", ",".join(devices), "--reps",
                    str(reps)] + options(driver), metadata_id)


class Table(list):
    """Rows of a profile, in the order of time: dictionaries with start_ms,
    ms, name, type, inputs, outputs and depth."""

    COLUMNS = ("start_ms", "ms", "depth", "type", "name", "inputs", "outputs")

    def __str__(self):
        lines = ["\t".join(self.COLUMNS)]
        for row in self:
            lines.append("\t".join(
                "%.3f" % row[c] if isinstance(row[c], float)
                else str(row[c]) for c in self.COLUMNS))
        return "\n".join(lines)


def sizes(value):
    """The shapes of the tensors in a value, as text: "2x8 2x4"."""
    import torch
    if isinstance(value, torch.Tensor):
        return "x".join(map(str, value.shape)) or "scalar"
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return " ".join(filter(None, map(sizes, value)))
    return ""


def waits_of(model):
    """For each device the model is on that must be waited for: how."""
    import torch
    waits = []
    for device in {t.device for t in (*model.parameters(), *model.buffers())}:
        wait = getattr(getattr(torch, device.type, None), "synchronize", None)
        if wait and device.type == "mps":
            waits.append(wait)
        elif wait and device.type != "cpu":
            waits.append(functools.partial(wait, device))
    return waits


@contextlib.contextmanager
def profile(model):
    """Times every part of a model that is called inside the `with`. On a GPU
    each part is waited for, so the sum is more than the model needs."""
    table, open_rows, hooks = Table(), [], []
    start = time.perf_counter()
    waits = waits_of(model)

    def now():
        for wait in waits:
            wait()
        return (time.perf_counter() - start) * 1e3

    def enter(name, part):
        def hook(_, args, kwargs):
            row = {"start_ms": now(), "ms": None, "name": name or "(model)",
                   "type": type(part).__name__, "depth": len(open_rows),
                   "inputs": sizes([args, kwargs]), "outputs": ""}
            table.append(row)
            open_rows.append(row)
        return hook

    def leave(_, args, kwargs, result):
        row = open_rows.pop()
        row["ms"] = now() - row["start_ms"]
        row["outputs"] = sizes(result)

    for name, part in model.named_modules():
        hooks.append(part.register_forward_pre_hook(
            enter(name, part), with_kwargs=True))
        hooks.append(part.register_forward_hook(leave, with_kwargs=True))
    try:
        yield table
    finally:
        for hook in hooks:
            hook.remove()
