"""numpy's .npy files, read into tensors and written from them; little-endian,
row-major. bfloat16, which numpy has no word for, is kind V2.
"""
import ast
import struct
import sys

import torch

from .errors import Refused

MAGIC = b"\x93NUMPY"
KINDS = {
    "f4": torch.float32, "f8": torch.float64, "f2": torch.float16,
    "V2": torch.bfloat16, "i8": torch.int64, "i4": torch.int32,
    "i2": torch.int16, "i1": torch.int8, "u1": torch.uint8,
    "b1": torch.bool,
}
OF_TYPE = {v: k for k, v in KINDS.items()}


def header(f, path):
    start = f.read(8)
    if start[:6] != MAGIC:
        raise Refused("usage", "'%s' is no .npy file" % path)
    wide = start[6] > 1
    size, = struct.unpack("<I" if wide else "<H", f.read(4 if wide else 2))
    try:
        return ast.literal_eval(f.read(size).decode("latin-1").strip())
    except (ValueError, SyntaxError):
        raise Refused("usage", "'%s': the header cannot be read"
                      % path) from None


def read(path):
    try:
        with open(path, "rb") as f:
            h = header(f, path)
            data = bytearray(f.read())
    except OSError as error:
        raise Refused("io", "cannot read '%s': %s"
                      % (path, error.strerror)) from None
    descr, shape = str(h.get("descr")), tuple(h.get("shape", ()))
    dtype = KINDS.get(descr.lstrip("<>|="))
    if dtype is None or (descr[0] == ">" and descr[2:] != "1"):
        raise Refused("usage", "'%s': element type '%s' cannot be used here"
                      % (path, descr))
    want = dtype.itemsize
    for size in shape:
        want *= size
    if len(data) != want:
        raise Refused("usage", "'%s': %d bytes of elements, the header says "
                      "%d" % (path, len(data), want))
    flat = (torch.frombuffer(data, dtype=dtype) if want
            else torch.empty(0, dtype=dtype))
    if h.get("fortran_order") and len(shape) > 1:
        return flat.reshape(shape[::-1]).permute(
            *reversed(range(len(shape)))).contiguous()
    return flat.reshape(shape)


def write(path, tensor):
    tensor = tensor.detach().cpu().contiguous()
    if tensor.dtype not in OF_TYPE:
        raise Refused("usage", "an output of type %s cannot be written"
                      % tensor.dtype)
    kind = OF_TYPE[tensor.dtype]
    order = "|" if kind[1] == "1" else "<"
    if sys.byteorder != "little":
        raise Refused("usage", "outputs are written on little-endian "
                      "machines only")
    text = ("{'descr': '%s%s', 'fortran_order': False, 'shape': %s, }"
            % (order, kind, tuple(tensor.shape))).encode()
    pad = -(len(text) + 11) % 64
    text += b" " * pad + b"\n"
    raw = tensor.reshape(-1).view(torch.uint8) if tensor.numel() else None
    try:
        with open(path, "wb") as f:
            f.write(MAGIC + b"\x01\x00" + struct.pack("<H", len(text)) + text)
            if raw is not None:
                f.write(raw.numpy().tobytes())
    except OSError as error:
        raise Refused("io", "cannot write '%s': %s"
                      % (path, error.strerror)) from None
