"""Finding the models in a script: torch.nn.Module is called through a hook
that notes which module is called, from where, with what. A model is what is
called from outside of every other module, or from inside of one no deeper
than asked for; bare activations are none.

The hash of a model covers structure and shapes and never weights, so that it
is the same when a script with random ones is run again.
"""
import gc
import hashlib
import inspect
import sys
import threading
import time

import torch

ACTIVATIONS = tuple(
    cls for name, cls in vars(torch.nn.modules.activation).items()
    if inspect.isclass(cls) and issubclass(cls, torch.nn.Module)
    and cls.__module__ == torch.nn.modules.activation.__name__
    and name != "MultiheadAttention")


def digest(*parts):
    h = hashlib.sha256()
    for part in parts:
        h.update(str(part).encode("utf-8", "replace") + b"\0")
    return h.hexdigest()[:8]


def structure(module):
    """Hash of what a module is made of."""
    tensors = list(module.named_parameters()) + list(module.named_buffers())
    return digest(type(module).__qualname__, module,
                  [(name, tuple(t.shape), t.dtype) for name, t in tensors])


def class_name(module):
    """A TorchScript module has the name of what it was made from."""
    return getattr(module, "original_name", None) or type(module).__name__


class Found:
    """One model with one set of input shapes."""

    def __init__(self, module, parent, inputs, args, kwargs):
        self.module, self.parent = module, parent
        self.inputs = inputs        # {name: tensor}, as given
        self.args, self.kwargs = args, kwargs
        self.calls, self.seconds = 0, 0.0
        self.name, self.file, self.line = None, None, None
        self.kind = "torch.nn.Module"
        self.hash = digest(structure(module),
                           parent.hash if parent else None,
                           shapes(inputs))

    @property
    def depth(self):
        return self.parent.depth + 1 if self.parent else 0

    def told(self):
        """As FMWORK FOUND has it."""
        weights = list(self.module.parameters())
        return {
            "hash": self.hash, "name": self.name, "depth": self.depth,
            "kind": self.kind, "class": class_name(self.module),
            "module": type(self.module).__module__,
            "file": self.file, "line": self.line,
            "calls": self.calls, "seconds": round(self.seconds, 6),
            "parent": self.parent.hash if self.parent else None,
            "parameters": sum(p.numel() for p in weights),
            "bytes": sum(p.numel() * p.element_size() for p in weights),
            "inputs": shapes(self.inputs),
        }


def shapes(inputs):
    return {name: [str(t.dtype).replace("torch.", "")] + list(t.shape)
            for name, t in inputs.items()}


def named_arguments(module, args, kwargs):
    """{name: value} of a call, by the names forward gives them."""
    try:
        bound = inspect.signature(module.forward).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return {**{"input_%d" % i: v for i, v in enumerate(args)}, **kwargs}
    out = {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            out.update(("%s_%d" % (name, i), v)
                       for i, v in enumerate(value))
        elif kind is inspect.Parameter.VAR_KEYWORD:
            out.update(value)
        else:
            out[name] = value
    return out


def copied(value):
    """A call's argument as it was, whatever the script does to it later."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(copied(v) for v in value)
    return value


class Tracer:
    """The hook, and what it has found."""

    def __init__(self, script, max_depth):
        self.script, self.max_depth = script, max_depth
        self.found = {}   # (id of the module, parent, shapes): Found
        self.order = []
        self.here = threading.local()
        self.original = None

    def __enter__(self):
        self.original = torch.nn.Module.__call__
        original, tracer = self.original, self

        def hooked(module, *args, **kwargs):
            return tracer.call(original, module, args, kwargs)

        torch.nn.Module.__call__ = hooked
        return self

    def __exit__(self, *_):
        torch.nn.Module.__call__ = self.original

    def wanted(self, module, depth):
        return (depth <= self.max_depth
                and not isinstance(module, ACTIVATIONS)
                and not isinstance(module, torch._dynamo.OptimizedModule)
                and not torch.compiler.is_compiling()
                and not torch.jit.is_tracing())

    def call(self, original, module, args, kwargs):
        stack = getattr(self.here, "stack", None)
        if stack is None:
            stack = self.here.stack = []
        if not self.wanted(module, len(stack)):
            # Deeper ones than wanted, too, as long as this one runs.
            stack.append(None)
            try:
                return original(module, *args, **kwargs)
            finally:
                stack.pop()
        parent = stack[-1] if stack else None
        one = self.note(module, parent, args, kwargs)
        stack.append(one)
        start = time.monotonic()
        try:
            return original(module, *args, **kwargs)
        finally:
            one.seconds += time.monotonic() - start
            one.calls += 1
            stack.pop()

    def note(self, module, parent, args, kwargs):
        inputs = {k: v for k, v in
                  named_arguments(module, args, kwargs).items()
                  if isinstance(v, torch.Tensor)}
        key = (id(module), parent.hash if parent else None,
               str(shapes(inputs)))
        if key not in self.found:
            one = Found(module, parent,
                        {k: copied(v) for k, v in inputs.items()},
                        copied(args),
                        {k: copied(v) for k, v in kwargs.items()})
            self.place(one)
            self.found[key] = one
            self.order.append(one)
        return self.found[key]

    def place(self, one):
        """Where it is called: the script's innermost line, and its name."""
        frame = sys._getframe(4)  # past note, call and hooked
        first = frame
        while frame and frame.f_code.co_filename != self.script:
            frame = frame.f_back
        at = frame or first
        one.file, one.line = at.f_code.co_filename, at.f_lineno
        if one.parent:
            one.name = next(
                (name for name, part in one.parent.module.named_modules()
                 if part is one.module), None)
            return
        while at:
            for names in (at.f_locals, at.f_globals):
                for name, value in list(names.items()):
                    if value is one.module and name != "self":
                        one.name = name
                        return
            at = at.f_back


def merged(order):
    """Modules of one hash are one model: equal ones in a row of layers."""
    by_hash = {}
    for one in order:
        if one.hash in by_hash:
            first = by_hash[one.hash]
            first.calls += one.calls
            first.seconds += one.seconds
        else:
            by_hash[one.hash] = one
    return list(by_hash.values())


def keras_models():
    """Class names of Keras models that are alive; nothing is imported."""
    classes = tuple(
        cls for cls in (getattr(sys.modules.get(name), "Model", None)
                        for name in ("keras", "tensorflow.keras", "tf_keras"))
        if inspect.isclass(cls))
    if not classes:
        return []
    return sorted({type(o).__name__ for o in gc.get_objects()
                   if isinstance(o, classes)})
