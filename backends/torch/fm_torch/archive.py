"""Models in files: TorchScript (.pt) and programs of torch.export (.pt2).

Such a file is loaded, never unpickled: a .pt that torch.save made is refused.
What the inputs of the model are like comes from the caller's own files, or
from the example inputs that torch.jit.trace and torch.export leave in it.
"""
import collections
import inspect
import io
import os
import pickle
import warnings

import torch

from . import npy
from .errors import Refused, is_oom, one_line
from .fill import NAMES

KINDS = {".pt": "TorchScript", ".pt2": "torch.export"}


def kind(path):
    """"TorchScript", "torch.export", or None."""
    return KINDS.get(os.path.splitext(path)[1])


def first_words(error):
    return one_line(str(error).split(". ")[0], 160)


class Archive:
    """A model as a file has it."""

    def __init__(self, module, names, args, kwargs):
        self.module = module
        self.names = names    # of the inputs, in the order of the call
        self.args = args      # example values by position; may be fewer
        self.kwargs = kwargs  # and by name

    def examples(self):
        """{name: value} as far as the file has them."""
        return {**dict(zip(self.names, self.args)), **self.kwargs}

    def call_of(self, function):
        """A function of named inputs that calls `function` as the program
        was exported: by position what was given so."""
        at = len(self.args)
        first, others = self.names[:at], self.names[at:]
        kept = self.examples()

        def call(**inputs):
            values = {**kept, **inputs}
            return function(*[values[n] for n in first],
                            **{n: values[n] for n in others if n in values})

        return call


# --- TorchScript ---

def stand_in(dtype, size):
    """The file has types and shapes of what was traced, no values."""
    if not dtype.is_floating_point:
        return torch.zeros(size, dtype=dtype)
    random = torch.Generator().manual_seed(0)
    return (torch.rand(size, generator=random) * 2 - 1).to(dtype)


class Examples(pickle.Unpickler):
    """The values of traced_inputs.pkl: tensors, lists and texts; any other
    class in it is an error, and none is imported."""

    KNOWN = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"):
        lambda dtype, offset, size, *_: stand_in(dtype, size),
        ("torch.jit._pickle", "restore_type_tag"): lambda v, tag: v,
    }

    def find_class(self, module, name):
        if module == "torch" and name.endswith("Storage"):
            return getattr(torch, name).dtype
        if (module, name) not in self.KNOWN:
            raise pickle.UnpicklingError("%s.%s" % (module, name))
        return self.KNOWN[module, name]

    def persistent_load(self, pid):
        return pid[1]  # the type is all there is of a storage


def traced_inputs(path):
    """What forward() was traced with, or nothing."""
    reader = torch._C.PyTorchFileReader(path)
    if not reader.has_record("traced_inputs.pkl"):
        return ()
    record = io.BytesIO(reader.get_record("traced_inputs.pkl"))
    try:
        with warnings.catch_warnings():  # of storages with a type
            warnings.simplefilter("ignore")
            return tuple(Examples(record).load().get("forward") or ())
    except Exception:  # of whatever form: then there is none
        return ()


def load_script(path, device):
    try:
        module = torch.jit.load(path, map_location=device)
        arguments = module.forward.schema.arguments[1:]
    except (RuntimeError, ValueError, AttributeError) as error:
        if is_oom(error):
            raise
        raise Refused("nomodel", "'%s' is no TorchScript file, as "
                      "torch.jit.save makes them: %s"
                      % (path, first_words(error))) from None
    needed = [a for a in arguments if not a.has_default_value()]
    for a in needed:
        if str(a.type) != "Tensor":
            raise Refused("nomodel", "'%s': input '%s' is %s, and only "
                          "tensors can be given" % (path, a.name, a.type))
    names = [a.name for a in arguments]
    examples = [v for v in traced_inputs(path)
                if isinstance(v, torch.Tensor)]
    return Archive(module, [a.name for a in needed] or names,
                   examples[:len(names)], {})


# --- torch.export ---

def is_at(program, device):
    """Is all of it on this device?"""
    values = (program.state_dict, program.constants, program.example_inputs)
    return all(t.device == device
               for t in torch.utils._pytree.tree_leaves(values)
               if isinstance(t, torch.Tensor))


def load_program(path, device):
    try:
        program = torch.export.load(path)
        if not is_at(program, torch.device(device)):
            from torch.export.passes import move_to_device_pass
            program = move_to_device_pass(program, str(device))
        module = program.module()
    except Exception as error:
        if is_oom(error):
            raise
        raise Refused("nomodel", "'%s' is no program that torch.export.save "
                      "has made: %s" % (path, first_words(error))
                      ) from None
    names = list(inspect.signature(module.forward).parameters)
    args, kwargs = program.example_inputs or ((), {})
    return Archive(module, names, tuple(args), dict(kwargs))


def load(path, device="cpu"):
    if not os.path.isfile(path):
        raise Refused("nomodel", "there is no file '%s'" % path)
    if kind(path) == "TorchScript":
        return load_script(path, device)
    return load_program(path, device)


# --- inputs ---

def given(folder, names):
    """{name: tensor} of the .npy files in a folder."""
    paths = {n: os.path.join(folder, n + ".npy") for n in names}
    return {n: npy.read(p) for n, p in paths.items() if os.path.exists(p)}


def inputs(one, path, folder=None):
    """{name: tensor} to call it with; names the inputs nothing tells of."""
    values = {n: v for n, v in one.examples().items()
              if isinstance(v, torch.Tensor)}
    if folder:
        values.update(given(folder, one.names))
    missing = [n for n in one.names
               if n not in values and n not in one.examples()]
    if missing:
        raise Refused("usage", "'%s' does not tell the shape of its input%s "
                      "%s: give --inputs DIR with %s.npy"
                      % (path, "s"[:len(missing) > 1], ", ".join(missing),
                         missing[0]))
    return {n: values[n] for n in one.names if n in values}


def fill(tensor):
    """As for other graphs; whole numbers of the range the example has."""
    if tensor.is_floating_point():
        return {"uniform": [-1, 1]}
    if not tensor.numel() or int(tensor.min()) < 0:
        return {"value": 0}
    return {"tokens": [[int(tensor.min()), int(tensor.max()) + 1]]}


def ports(values):
    """The "inputs" of the model, of fixed shapes."""
    out = []
    for name, tensor in values.items():
        if tensor.dtype not in NAMES:
            raise Refused("nomodel", "input '%s' is %s, which cannot be made"
                          % (name, tensor.dtype))
        out.append({"name": name, "type": NAMES[tensor.dtype],
                    "shape": list(tensor.shape), "fill": fill(tensor)})
    return out
