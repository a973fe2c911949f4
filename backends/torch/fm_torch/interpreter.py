"""Which Python runs the backend: --torch:python, else $FM_PYTHON, else the
virtual environment that `fm-driver --setup torch` makes beside the backend,
else the one it was started with.

Changing it means exec: the process, its pipes and its place in the process
group stay. A request that asks for another Python is handed to the new one
through a file that has no name.
"""
import os
import shutil
import sys
import tempfile

from .errors import INSTALL, Refused

OLDEST = (2, 5)  # of torch: before it cannot export what a script calls

# What the new program is told; removed from the environment at once. A path
# may be a script that runs another Python: the path it was started by counts.
STARTED = os.environ.pop("FM_TORCH_STARTED", None)
PENDING = "FM_TORCH_PENDING"
ANSWERS = "FM_TORCH_ANSWERS"

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def program():
    """The file that was started: main.py, or fm-backend-torch installed."""
    return os.path.realpath(sys.argv[0])


def environment():
    """The Python of the environment below the libexec folder, or None."""
    path = os.path.join(HERE, "torch-venv", "bin", "python")
    return path if os.access(path, os.X_OK) else None


def wanted(option=None):
    """The Python to use: a path, or None for the present one."""
    named = option or os.environ.get("FM_PYTHON")
    if not named:
        return environment()
    path = shutil.which(named)
    if not path:
        raise FileNotFoundError(
            "Python '%s' is not here or cannot be run" % named)
    return path


def is_this(path):
    """A link into an environment is another Python than its target."""
    return os.path.abspath(path) in (STARTED, os.path.abspath(sys.executable))


def replace(path, **told):
    os.environ.update(told, FM_TORCH_STARTED=os.path.abspath(path))
    os.execv(path, [path, program()])


def enter():
    """At start: change to the wanted Python, once."""
    if STARTED:
        return
    try:
        path = wanted()
    except FileNotFoundError:
        return  # `open` says so, when somebody listens
    if path and not is_this(path):
        replace(path)


def change(option, request, answers):
    """For one request: go on with it in the Python it names, if another."""
    path = wanted(option)
    if not path or is_this(path):
        return
    with tempfile.TemporaryFile() as f:
        f.write(request)
        f.flush()
        fd = os.dup(f.fileno())
    os.set_inheritable(fd, True)
    os.set_inheritable(answers, True)
    replace(path, **{PENDING: str(fd), ANSWERS: str(answers)})


def need_torch():
    """One that is there, whole, and new enough."""
    try:
        import torch
        version = torch.__version__
        numbers = tuple(int(n) for n in version.split(".")[:2])
    except ModuleNotFoundError:
        raise
    except (ImportError, OSError, AttributeError, ValueError) as error:
        raise Refused("nodevice", "torch of %s cannot be used: %s"
                      % (sys.executable, error)) from error
    if numbers < OLDEST:
        raise Refused("nodevice", "torch %s of %s is too old, %d.%d is "
                      "needed: %s" % (version, sys.executable, *OLDEST,
                                      INSTALL["torch"]))


def pending():
    """After a change: (descriptor of the answers, request), or None."""
    if PENDING not in os.environ:
        return None
    fd = int(os.environ.pop(PENDING))
    answers = int(os.environ.pop(ANSWERS))
    with os.fdopen(fd, "rb") as f:
        f.seek(0)
        request = f.read()
    os.set_inheritable(answers, False)
    return answers, request
