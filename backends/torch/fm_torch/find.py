"""The requests find and export: a script is run, or a file with a model is
loaded, the models in it are told, and each is exported when it is asked for.

find answers with FMWORK FOUND <json> for each model and FMWORK SCRIPT <json>
for the script; export with FMWORK STAGE export <seconds> <ok|failed> <hash or
text>. An export is a folder: the model as model.onnx or model.pt2, and
<input>.npy with what it was called with.
"""
import os
import time

from . import archive, export, script
from .discover import Found, Tracer, keras_models, merged
from .errors import Refused, one_line


# --- finding ---

def from_script(path, request, log, answers):
    """(what was found, what is said of the script)"""
    tracer = Tracer(path, request.get("max_depth") or 0)
    args = script.arguments(request.get("script_args"))
    with tracer:
        ending = script.run(path, args, log, answers.fd,
                            request.get("timeout") or 0)
    return merged(tracer.order), {
        "error": ending.error, "seconds": round(ending.seconds, 6),
        "keras": keras_models(), "log": log}


def from_file(path, request):
    """The model of a TorchScript file or an exported program."""
    one = archive.load(path)
    inputs = archive.inputs(one, path, request.get("given"))
    if one.kwargs:
        args = [inputs.get(n, v) for n, v in zip(one.names, one.args)]
        kwargs = {n: inputs.get(n, v) for n, v in one.kwargs.items()}
    else:
        kept = {**one.examples(), **inputs}
        args, kwargs = [kept[n] for n in one.names], {}
    found = Found(one.module, None, inputs, args, kwargs)
    found.kind = archive.kind(path)
    found.name, found.file, found.line = (
        os.path.splitext(os.path.basename(path))[0], path, 0)
    return [found], {"error": None, "seconds": 0, "keras": [], "log": None}


def chosen(found, hashes):
    if not hashes:
        return found
    known = {one.hash: one for one in found}
    for h in hashes:
        if h not in known:
            raise Refused("nomodel", "the script has no model '%s'; it has: "
                          "%s" % (h, ", ".join(known) or "none"))
    return [known[h] for h in hashes]


def find(request, answers):
    """{hash: model} of those that were chosen."""
    path = os.path.abspath(request.get("script") or "")
    outdir = request.get("outdir")
    if not outdir:
        raise Refused("usage", 'find needs "outdir"')
    os.makedirs(outdir, exist_ok=True)
    if archive.kind(path):
        found, said = from_file(path, request)
    else:
        stem = os.path.splitext(os.path.basename(path))[0]
        found, said = from_script(
            path, request, os.path.join(outdir, stem + ".log"), answers)
    picked = chosen(found, request.get("hashes"))
    for one in found:
        told = one.told()
        told["chosen"] = one in picked
        if one in picked and not request.get("analyze_only"):
            told["build"] = export.inputs_of(one, path, request)
        answers.say_json("FOUND", told)
    answers.say_json("SCRIPT", said)
    answers.flush()
    return {one.hash: one for one in picked}


# --- exporting ---

def run_export(request, found, answers):
    one = found.get(request.get("hash"))
    if not one:
        raise Refused("usage", "no model '%s' was found: 'find' must come "
                      "before" % request.get("hash"))
    folder = request.get("outdir")
    if not folder:
        raise Refused("usage", 'export needs "outdir"')
    os.makedirs(folder, exist_ok=True)
    start = time.monotonic()
    try:
        with script.Apart(os.path.join(folder, "export.log")):
            export.write(one, folder, request.get("format") or "onnx",
                         request.get("opset"))
        state, text = "ok", one.hash
    except Exception as error:
        state, text = "failed", "%s: %s" % (
            type(error).__name__, one_line(error, 400))
    answers.say("STAGE", "export", "%.6f" % (time.monotonic() - start),
                state, text)
