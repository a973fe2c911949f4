"""The build request: runs a script, tells the models in it, and exports them
to ONNX with the script's own inputs beside them.

Answers with FMWORK FOUND <json> for each model, FMWORK SCRIPT <json> for the
script, and FMWORK STAGE export <seconds> <ok|failed> <name or text> for each
model that is exported.
"""
import importlib.util
import os
import time
import warnings

import torch

from . import npy, script
from .discover import Tracer, keras_models, merged
from .errors import Refused, one_line


def newest_opset(dynamo):
    """The newest that the exporter knows and every backend reads."""
    from torch.onnx import _constants as known
    name = ("ONNX_DEFAULT_OPSET" if dynamo
            else "ONNX_TORCHSCRIPT_EXPORTER_MAX_OPSET")
    return getattr(known, name, 17)


def export(one, folder, opset):
    """model.onnx and <input>.npy in `folder`."""
    dynamo = importlib.util.find_spec("onnxscript") is not None
    os.makedirs(folder, exist_ok=True)
    training = one.module.training
    one.module.eval()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                one.module, tuple(one.args),
                os.path.join(folder, "model.onnx"), kwargs=one.kwargs or None,
                input_names=list(one.inputs), dynamo=dynamo, verbose=False,
                opset_version=opset or newest_opset(dynamo))
    finally:
        one.module.train(training)
    for name, tensor in one.inputs.items():
        npy.write(os.path.join(folder, name + ".npy"), tensor)


def try_export(one, stem, request, answers):
    name = "%s_%s" % (stem, one.hash)
    folder = os.path.join(request["outdir"], name)
    start = time.monotonic()
    try:
        with script.Apart(os.path.join(request["outdir"], name + ".log")):
            export(one, folder, request.get("opset"))
        state, text = "ok", name
    except Exception as error:
        state, text = "failed", "%s: %s: %s" % (
            name, type(error).__name__, one_line(error, 400))
    answers.say("STAGE", "export", "%.6f" % (time.monotonic() - start),
                state, text)
    answers.flush()


def chosen(found, hashes):
    if not hashes:
        return found
    known = {one.hash: one for one in found}
    for h in hashes:
        if h not in known:
            raise Refused("nomodel", "the script has no model '%s'; it has: "
                          "%s" % (h, ", ".join(known) or "none"))
    return [known[h] for h in hashes]


def build(request, answers):
    path = os.path.abspath(request.get("script") or "")
    outdir = request.get("outdir")
    if not outdir:
        raise Refused("usage", 'build needs "outdir"')
    os.makedirs(outdir, exist_ok=True)
    stem = os.path.splitext(os.path.basename(path))[0]
    log = os.path.join(outdir, stem + ".log")
    tracer = Tracer(path, request.get("max_depth") or 0)
    with tracer:
        ending = script.run(path, script.arguments(
            request.get("script_args")), log, answers.fd)
    found = merged(tracer.order)
    for one in found:
        answers.say_json("FOUND", one.told())
    answers.say_json("SCRIPT", {
        "error": ending.error, "seconds": round(ending.seconds, 6),
        "keras": keras_models(), "log": log})
    answers.flush()
    picked = chosen(found, request.get("hashes"))
    if not request.get("analyze_only"):
        for one in picked:
            try_export(one, stem, request, answers)
