"""From an open request to a model that can be run: the steps in fmwork's
order, and the facts about them."""
import hashlib
import importlib
import platform
import sys

import torch

from . import values
from .device import Device
from .errors import Refused
from .fill import Feed
from .generate import Generator
from .load import describe, load
from .measure import Runner

__all__ = ["start", "load", "facts", "runner"]

# What the Spyre stack needs, as fmwork's guide says.
SPYRE = "--torch.call:set_grad_enabled@ False, --compile, " \
    "--compile:backend sendnn"


def check_spyre(request):
    """Names what is missing of the three."""
    sets = request.get("sets") or {}
    given = {
        "--torch.call:set_grad_enabled@ False":
        str((sets.get("torch.call") or {}).get("set_grad_enabled"))
        == "False",
        "--compile": bool(request.get("compile")),
        "--compile:backend sendnn":
        (sets.get("compile") or {}).get("backend") == "sendnn",
    }
    missing = [name for name, there in given.items() if not there]
    if missing:
        raise Refused("usage", "spyre needs %s: missing %s"
                      % (SPYRE, ", ".join(missing)))


def start(request, options):
    """Settings of the whole process, then the device."""
    if request.get("model", {}).get("kind") not in ("hf", "file"):
        raise Refused("nomodel", "backend torch takes folders from the "
                      "Hugging Face hub, .pt and .pt2 files; for .onnx files "
                      "use --backend ort")
    sets = request.get("sets") or {}
    word = request.get("platform") or "cpu"
    if word == "spyre":
        check_spyre(request)
    if options["threads"]:
        torch.set_num_threads(options["threads"])
    values.apply_calls(sets.get("torch.call") or {})
    values.apply_sets(sets.get("torch.set") or {})
    if word == "spyre":
        importlib.import_module("torch_sendnn.torch_sendnn")
    return Device(word)


def digest(text):
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def settings(request, options):
    """All that was asked for and changes what is measured."""
    sets = request.get("sets") or {}
    prompt = request.get("prompt")
    return {
        **({} if prompt is None else {"prompt": digest(prompt)}),
        "compile": (sets.get("compile") or {}) if request.get("compile")
        else None,
        "eval": bool(request.get("eval")),
        "model": sets.get("model") or {},
        "torch.call": sets.get("torch.call") or {},
        "torch.set": sets.get("torch.set") or {},
        "grad_enabled": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "time_transfers": options["time_transfers"],
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "default_dtype": str(torch.get_default_dtype()),
    }


def facts(request, loaded, device, options):
    """(what the model says of itself, the rest of SYS)"""
    told = describe(loaded, device, bool(request.get("outputs")))
    runtime = "PyTorch %s" % torch.__version__
    if not loaded.file:
        import transformers
        runtime += ", transformers %s" % transformers.__version__
    return told, {
        "backend_version": request.get("version") or torch.__version__,
        "runtime": runtime,
        "python": platform.python_version(),
        "python_path": sys.executable,
        "precision": told["precision"],
        "settings": settings(request, options),
        "inter_op_threads": torch.get_num_interop_threads(),
        **device.facts(),
    }


def runner(request, told, loaded, device, options):
    """(feed, runner); a prompt says how long the input is."""
    feed = Feed(request.get("inputs") or told["inputs"])
    if not request.get("generate"):
        return feed, Runner(loaded, device, feed, options)
    one = Generator(loaded, device, feed, options)
    if request.get("prompt") is not None:
        told["dims"] = {"sequence": one.take_prompt(request["prompt"])}
    return feed, one
