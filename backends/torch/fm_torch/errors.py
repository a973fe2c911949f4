"""What goes wrong, as the code and the one line of an FMWORK ERR line."""

import sys

CODES = ("usage", "nomodel", "nodevice", "oom", "busy", "io", "timeout",
         "died", "internal", "skipped", "preempted")

# Not every allocator has an exception of its own.
OOM_TEXTS = ("out of memory", "can't allocate memory", "cannot allocate",
             "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED",
             "CUDNN_STATUS_ALLOC_FAILED", "Failed to allocate",
             "Invalid buffer size", "Storage size calculation overflowed")

INSTALL = {
    "torch": "pip install torch, fm-driver --setup torch, or name a Python "
             "that has it with --torch:python or FM_PYTHON",
    "transformers": "pip install transformers, or fm-driver --setup torch",
    "torch_sendnn": "it comes with the Spyre software stack",
    "onnx": "pip install onnx, or fm-driver --setup torch",
    "onnxscript": "pip install onnxscript, or fm-driver --setup torch",
}


class Refused(Exception):
    """A request that cannot be done, with the code of its ERR line."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def one_line(text, limit=900):
    """Without control characters, without runs of blanks."""
    line = " ".join(str(text).split())
    line = "".join(c for c in line if c.isprintable())
    line = line.encode("utf-8", "replace").decode("utf-8")
    return line if len(line) <= limit else line[:limit - 3] + "..."


def is_oom(error):
    name = type(error).__name__
    return isinstance(error, MemoryError) or name == "OutOfMemoryError" or (
        isinstance(error, (RuntimeError, OSError))
        and any(t in str(error) for t in OOM_TEXTS))


def missing(error):
    """The line for a package that is not installed."""
    name = (error.name or str(error)).split(".")[0]
    how = INSTALL.get(name, "pip install " + name)
    return "package '%s' is not installed for %s: %s" % (
        name, sys.executable, how)


def line_of(error, code="internal"):
    """(code, text) of any exception; `code` when nothing tells better."""
    if isinstance(error, Refused):
        return error.code, one_line(error)
    if is_oom(error):
        return "oom", one_line(str(error) or "out of memory")
    if isinstance(error, ModuleNotFoundError):
        return "nodevice", one_line(missing(error))
    if isinstance(error, ImportError):
        return "nodevice", one_line("a package of %s is broken or does not "
                                    "fit the others: %s"
                                    % (sys.executable, error))
    text = one_line(error)
    name = type(error).__name__
    return code, "%s: %s" % (name, text) if text else name
