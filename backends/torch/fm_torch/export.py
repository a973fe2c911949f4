"""Exports of a model that was found, to ONNX or as a program of torch.export,
and all that such an export is made from: two models with equal inputs_of()
have equal exports.
"""
import hashlib
import importlib.util
import inspect
import os
import secrets
import sys
import warnings

import torch

from . import npy
from .discover import shapes


# --- which exporter ---

def uses_dynamo(module):
    """PyTorch's newer exporter, where its package is there; it does not take
    TorchScript."""
    return (importlib.util.find_spec("onnxscript") is not None
            and not isinstance(module, torch.jit.ScriptModule))


def newest_opset(dynamo):
    """The newest that the exporter writes by itself."""
    from torch.onnx import _constants as known
    name = ("ONNX_DEFAULT_OPSET" if dynamo
            else "ONNX_TORCHSCRIPT_EXPORTER_MAX_OPSET")
    return getattr(known, name, 17)


def exporter(module):
    if not uses_dynamo(module):
        return "torch.onnx (TorchScript)"
    import onnxscript
    return "torch.onnx (torch.export), onnxscript %s" % ".".join(
        onnxscript.__version__.split(".")[:2])


# --- what it is made from ---

def file_hash(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()[:32]


def bytes_of(tensor):
    tensor = tensor.detach()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    flat = tensor.cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes()


def tensors(value):
    """All tensors in a value, or None when there is something else in it."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        parts = [tensors(v) for v in value]
        return None if None in parts else [t for p in parts for t in p]
    return [] if isinstance(value, (int, float, str, type(None))) else None


def weights_hash(module):
    """Of all that a model keeps. What cannot be read makes a hash of its
    own: such a model is never taken for an equal one."""
    h = hashlib.sha256()
    try:
        kept = {**dict(module.named_buffers()), **module.state_dict()}
        for name, value in sorted(kept.items()):
            found = tensors(value)
            if found is None:
                return secrets.token_hex(16)
            h.update(("%s %r\0" % (name, value if not found else "")).encode())
            for tensor in found:
                h.update(bytes_of(tensor))
    except (RuntimeError, TypeError, NotImplementedError, AttributeError):
        return secrets.token_hex(16)
    return h.hexdigest()[:32]


def plain(value):
    """Text of a value that a forward may compute with, or None."""
    if isinstance(value, (bool, int, float, str, type(None))):
        return repr(value)
    if isinstance(value, (list, tuple)) and all(
            plain(v) is not None for v in value):
        return repr(value)
    return None


def source_of(cls):
    """The file of a class, unless it is torch's, which has a version, or
    the script's."""
    if cls.__module__.split(".")[0] in ("torch", "__main__"):
        return None
    try:
        return inspect.getsourcefile(cls)
    except TypeError:  # made in a script that has run
        return getattr(sys.modules.get(cls.__module__), "__file__", None)


def code_hash(one, path, request):
    """Of the script, its arguments, the files its classes are in, the
    settings of the modules, and what the call had besides tensors."""
    h = hashlib.sha256(str(request.get("script_args")).encode())
    h.update(repr([plain(a) for a in one.args]).encode())
    h.update(repr([(k, plain(a)) for k, a in one.kwargs.items()]).encode())
    files = {path}
    for name, part in one.module.named_modules():
        files.add(source_of(type(part)))
        told = {k: plain(v) for k, v in vars(part).items()
                if not k.startswith("_") and k != "training"}
        h.update(("%s %s\0" % (name, sorted(
            (k, v) for k, v in told.items() if v is not None))).encode())
    for file in sorted(f for f in files if f and os.path.isfile(f)):
        h.update(file_hash(file).encode())
    return h.hexdigest()[:32]


def inputs_of(one, path, request):
    """All that decides what an export has in it. Of the values it was called
    with only the shapes: those of a script differ from run to run."""
    return {
        "weights": (weights_hash(one.module) if one.kind == "torch.nn.Module"
                    else file_hash(path)),
        "code": code_hash(one, path, request),
        "inputs": shapes(one.inputs),
        "opset": request.get("opset") or newest_opset(
            uses_dynamo(one.module)),
        "exporter": exporter(one.module),
        "torch": ".".join(torch.__version__.split(".")[:2]),
    }


# --- writing ---

class OfTensors(torch.nn.Module):
    """A model as a function of the tensors of a call, in the order of their
    names; what else the call had is part of it. Exporters have orders of
    their own for arguments by name, and for those between the tensors."""

    def __init__(self, one):
        super().__init__()
        self.module, self.one, self.training = one.module, one, False

    def forward(self, *tensors):
        values = dict(zip(self.one.inputs, tensors))
        first = iter([v for name, v in values.items()
                      if name not in self.one.kwargs])
        return self.module(
            *[next(first) if isinstance(a, torch.Tensor) else a
              for a in self.one.args],
            **{name: values.get(name, a)
               for name, a in self.one.kwargs.items()})


def only_tensors(one):
    """(module, its arguments) for an exporter."""
    others = [a for a in (*one.args, *one.kwargs.values())
              if not isinstance(a, torch.Tensor)]
    if any(tensors(a) != [] for a in others):
        return one.module, tuple(one.args), one.kwargs or None
    if not others and not one.kwargs:
        return one.module, tuple(one.args), None
    return OfTensors(one), tuple(one.inputs.values()), None


def to_onnx(one, path, opset):
    dynamo = uses_dynamo(one.module)
    if one.kind == "torch.export":  # has no modes, and exporters set one
        one.module.train = one.module.eval = lambda *_: one.module
    module, args, kwargs = only_tensors(one)
    torch.onnx.export(
        module, args, path, kwargs=kwargs,
        input_names=list(one.inputs), dynamo=dynamo, verbose=False,
        opset_version=opset or newest_opset(dynamo))


def to_program(one, path):
    torch.export.save(torch.export.export(
        one.module, tuple(one.args), one.kwargs or None), path)


class Evaluation:
    """Evaluation mode for a while, for a module that has one."""

    def __init__(self, module):
        self.module = module

    def set(self, on):
        try:
            self.module.train(on)
        except NotImplementedError:
            pass  # a program of torch.export is as it was exported

    def __enter__(self):
        self.was = self.module.training
        self.set(False)

    def __exit__(self, *_):
        self.set(self.was)


def write(one, folder, form, opset):
    """model.onnx or model.pt2, and <input>.npy, in `folder`."""
    path = os.path.join(folder, "model." + form)
    with Evaluation(one.module), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if form == "onnx":
            to_onnx(one, path, opset)
        else:
            to_program(one, path)
    for name, tensor in one.inputs.items():
        npy.write(os.path.join(folder, name + ".npy"), tensor)
