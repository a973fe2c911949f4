"""Values of sub-options in Python: JSON with tags for what it has no word
for, and the text of torch.call and torch.set. Literals and dotted names below
torch are understood; nothing is evaluated.
"""
import ast
import importlib
import types

from .errors import Refused


def torch_name(dotted):
    """The object torch.<dotted>: nothing outside torch's own modules."""
    import torch
    where, path = torch, "torch"
    for part in dotted.split("."):
        if part.startswith("__"):
            raise Refused("usage", "'torch.%s' is not allowed" % dotted)
        path += "." + part
        try:
            value = getattr(where, part)
        except AttributeError:
            value = submodule(path, dotted)
        if isinstance(value, types.ModuleType) and not (
                value.__name__ + ".").startswith("torch."):
            raise Refused("usage", "'%s' is not part of torch" % path)
        where = value
    if getattr(where, "__module__", None) and not str(
            where.__module__ + ".").startswith("torch"):
        raise Refused("usage", "'torch.%s' is not part of torch" % dotted)
    return where


def submodule(path, dotted):
    try:
        return importlib.import_module(path)
    except ImportError:
        raise Refused("usage",
                      "there is no 'torch.%s'" % dotted) from None


def from_json(value):
    """A value as fm-driver sends it, in Python."""
    if isinstance(value, list):
        return [from_json(v) for v in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (tag, content), = value.items()
        if tag == "@tuple":
            return tuple(from_json(v) for v in content)
        if tag == "@torch":
            return torch_name(content)
        if tag == "@dict":
            return {from_json(k): from_json(v) for k, v in content}
        if tag == "@float":
            return float(content)
    return {k: from_json(v) for k, v in value.items()}


def dotted_name(node):
    """"torch.a.b" of an expression, without "torch.", or None."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name) and node.id == "torch" and parts:
        return ".".join(reversed(parts))
    return None


def from_node(node):
    """The value of a literal expression with torch names in it."""
    name = dotted_name(node)
    if name:
        return torch_name(name)
    if isinstance(node, ast.List):
        return [from_node(n) for n in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(from_node(n) for n in node.elts)
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {from_node(k): from_node(v)
                for k, v in zip(node.keys, node.values)}
    return ast.literal_eval(node)


def arguments(text):
    """Positional and named arguments of fmwork's torch.NAME(<text>)."""
    try:
        call = ast.parse("f(%s\n)" % text, mode="eval").body
        if not isinstance(call, ast.Call) or dotted_name(call.func):
            raise ValueError(text)
        return ([from_node(a) for a in call.args],
                {k.arg: from_node(k.value) for k in call.keywords if k.arg})
    except (SyntaxError, ValueError, TypeError):
        return [text], {}


def leaves(values, path=""):
    """(dotted name, value) of nested sub-options."""
    for key, value in values.items():
        if isinstance(value, dict) and not (
                len(value) == 1 and next(iter(value)).startswith("@")):
            yield from leaves(value, path + key + ".")
        else:
            yield path + key, value


def apply_calls(calls):
    """torch.call: torch.NAME(VALUE) for each."""
    for name, value in leaves(calls):
        function = torch_name(name)
        if not callable(function):
            raise Refused("usage",
                          "--torch.call:%s: torch.%s cannot be called"
                          % (name, name))
        args, named = (arguments(value) if isinstance(value, str)
                       else ([from_json(value)], {}))
        try:
            function(*args, **named)
        except Exception as error:
            raise Refused("usage", "--torch.call:%s: %s"
                          % (name, error)) from error


def apply_sets(sets):
    """torch.set: torch.NAME = VALUE for each."""
    import torch
    for name, value in leaves(sets):
        head, _, last = name.rpartition(".")
        owner = torch_name(head) if head else torch
        if not hasattr(owner, last):
            raise Refused("usage", "--torch.set:%s: there is no 'torch.%s'"
                          % (name, name))
        if isinstance(value, str):
            args, _ = arguments(value)
            value = args[0] if len(args) == 1 else tuple(args)
        else:
            value = from_json(value)
        try:
            setattr(owner, last, value)
        except Exception as error:
            raise Refused("usage", "--torch.set:%s: %s"
                          % (name, error)) from error
