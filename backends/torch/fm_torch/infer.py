"""One call on given inputs; every tensor of the answer becomes a file."""
import os

import torch

from . import npy
from .errors import Refused
from .load import named

GOOD = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


def file_name(name):
    """The name of an output as one component of a path."""
    word = "".join(c if c in GOOD else "_" for c in name[:200]) or "_"
    return ("_" + word[1:] if word[0] == "." else word) + ".npy"


def infer(request, loaded, feed, device):
    folder = request.get("outdir")
    if not folder:
        raise Refused("usage", 'infer needs "outdir"')
    inputs = device.move(feed.load(request.get("inputs")))
    with torch.no_grad():
        result = loaded.call(**inputs)
    device.synchronize()
    os.makedirs(folder, exist_ok=True)
    for name, tensor in named(result):
        npy.write(os.path.join(folder, file_name(name)), tensor)
