"""Values of a model's inputs: splitmix64 seeded with the run's seed, the
index of the input and the repetition, the same numbers as in every other
backend (fm-backend(7)). Works on 64-bit tensors, which wrap around.
"""
import torch

from . import npy
from .errors import Refused

M = (1 << 64) - 1
G = 0x9E3779B97F4A7C15
A, B = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

TYPES = {
    "float": torch.float32, "uint8": torch.uint8, "int8": torch.int8,
    "int16": torch.int16, "int32": torch.int32, "int64": torch.int64,
    "bool": torch.bool, "float16": torch.float16, "double": torch.float64,
    "bfloat16": torch.bfloat16,
}
NAMES = {v: k for k, v in TYPES.items()}


def mix(z):
    z = (z ^ z >> 30) * A & M
    z = (z ^ z >> 27) * B & M
    return z ^ z >> 31


def key(seed, index, repetition):
    z = mix(seed + G & M)
    z = mix(z ^ (index + G & M))
    return mix(z ^ (repetition + G & M))


def signed(x):
    """The same 64 bits as a tensor element."""
    x &= M
    return x - (1 << 64) if x >> 63 else x


def shift(z, n):
    """Right, filling with zeros."""
    return z >> n & ((1 << 64 - n) - 1)


def words(start, n):
    """x_0 … x_(n-1) of the stream with that key."""
    z = torch.arange(1, n + 1, dtype=torch.int64)
    z.mul_(signed(G)).add_(signed(start))
    z = (z ^ shift(z, 30)) * signed(A)
    z = (z ^ shift(z, 27)) * signed(B)
    return z ^ shift(z, 31)


def scaled(x, total):
    """(x >> 32) * total >> 32; the product may need all of 64 bits."""
    x = shift(x, 32)
    return ((x >> 16) * total + ((x & 0xFFFF) * total >> 16)) >> 16


def tokens(ranges, x):
    at = scaled(x, sum(hi - lo for lo, hi in ranges))
    ids = torch.empty_like(at)
    first = 0
    for lo, hi in ranges:
        here = (at >= first) & (at < first + hi - lo)
        ids[here] = at[here] - first + lo
        first += hi - lo
    return ids


def uniform(bounds, x):
    lo, hi = bounds
    return lo + (hi - lo) * (shift(x, 11).to(torch.float64) * 2.0 ** -53)


class Input:
    """An input as a request declares it."""

    def __init__(self, port):
        try:
            self.name = port["name"]
            self.type = port["type"]
            self.shape = list(port["shape"])
        except (KeyError, TypeError):
            raise Refused("usage", 'an input needs "name", "type" and '
                          '"shape"') from None
        if self.type not in TYPES:
            raise Refused("usage", "input '%s' has type '%s', which cannot "
                          "be held" % (self.name, self.type))
        self.fill = port.get("fill") or {"value": 0}

    def sizes(self, dims):
        out = []
        for d in self.shape:
            size = dims.get(d) if isinstance(d, str) else d
            if not isinstance(size, int) or size < 0:
                raise Refused("usage", "dimension '%s' of input '%s' has no "
                              'size in "dims"' % (d, self.name))
            out.append(size)
        return out

    def is_fixed(self, fill):
        return "value" in fill or "file" in fill

    def make(self, sizes, fill, stream):
        """A new tensor on the host."""
        kind, what = next(iter(fill.items())) if len(fill) == 1 else (0, 0)
        n = 1
        for size in sizes:
            n *= size
        if kind == "value":
            return torch.full(sizes, what, dtype=TYPES[self.type])
        if kind == "file":
            return self.read(what, sizes)
        if kind == "tokens":
            data = tokens(what, words(stream, n))
        elif kind == "uniform":
            data = uniform(what, words(stream, n))
        else:
            raise Refused("usage", "input '%s': a fill must be one of value, "
                          "tokens, uniform and file" % self.name)
        return data.to(TYPES[self.type]).reshape(sizes)

    def read(self, path, sizes):
        data = npy.read(path)
        if data.dtype != TYPES[self.type] or list(data.shape) != sizes:
            raise Refused("usage", "input '%s' must be %s%s, '%s' has %s%s"
                          % (self.name, self.type, sizes, path,
                             NAMES[data.dtype], list(data.shape)))
        return data


class Feed:
    """All inputs of a model, for the sizes now asked for."""

    def __init__(self, ports):
        self.inputs = [Input(p) for p in ports]

    def shape(self, dims, fills):
        """Keeps sizes and fills; makes what never changes."""
        self.now = []
        for one in self.inputs:
            sizes = one.sizes(dims)
            fill = (fills or {}).get(one.name) or one.fill
            fixed = (one.make(sizes, fill, 0) if one.is_fixed(fill)
                     else None)
            self.now.append((one, sizes, fill, fixed))

    def fill(self, seed, repetition):
        """{name: tensor on the host} of a repetition."""
        out = {}
        for index, (one, sizes, fill, fixed) in enumerate(self.now):
            out[one.name] = fixed if fixed is not None else one.make(
                sizes, fill, key(seed, index, repetition & M))
        return out

    def load(self, files):
        """{name: tensor} from .npy files, {"name","file"} each."""
        known = {one.name: one for one in self.inputs}
        out = {}
        for entry in files or []:
            name = entry.get("name")
            if name not in known:
                raise Refused("usage", "the model has no input '%s'; it has: "
                              "%s" % (name, ", ".join(known)))
            out[name] = npy.read(entry["file"])
        for name, one in known.items():
            if name not in out:
                raise Refused("usage", "input '%s' is missing" % name)
            if out[name].dtype != TYPES[one.type]:
                raise Refused("usage", "input '%s' must be %s, the file has "
                              "%s" % (name, one.type,
                                      NAMES[out[name].dtype]))
        return out
