"""The device of a run: which one a platform's word means, how to wait for it,
what it says of itself. torch is imported here and later, never at start.
"""
import gc
import subprocess

import torch

from . import host, nvml
from .errors import Refused

# Platforms whose tensors stay on the host.
ON_HOST = {"cpu": "cpu", "x86": "cpu", "arm": "cpu", "spyre": "cpu"}

SMI = ("driver_version", "clocks.sm", "clocks.mem", "clocks.max.sm",
       "power.limit", "persistence_mode", "compute_mode")


class Device:
    """Asynchronous devices are all waited for, by the same rule: torch has a
    module of that name with a synchronize()."""

    def __init__(self, platform):
        self.platform = platform
        try:
            self.torch = torch.device(ON_HOST.get(platform, platform))
        except RuntimeError:
            raise Refused("nodevice", "torch knows no device '%s'"
                          % platform) from None
        self.on_host = self.torch.type == "cpu"
        self.module = None if self.on_host else self.find_module()
        self.nvml = nvml.find(self.uuid()) if self.torch.type == "cuda" \
            else None

    def find_module(self):
        kind = self.torch.type
        module = getattr(torch, kind, None)
        if kind == "cuda" and torch.version.cuda is None \
                and torch.version.hip is None:
            raise Refused("nodevice", "no CUDA: torch %s is built without it"
                          % torch.__version__)
        if module is None or not hasattr(module, "synchronize"):
            raise Refused("nodevice", "torch %s has no device '%s' that can "
                          "be waited for" % (torch.__version__, kind))
        available = getattr(module, "is_available", lambda: True)
        if not available():
            raise Refused("nodevice", "no %s device is available to torch %s"
                          % (kind, torch.__version__))
        count = getattr(module, "device_count", lambda: 1)()
        if (self.torch.index or 0) >= count:
            raise Refused("nodevice", "there is no '%s': %d %s device%s"
                          % (self.torch, count, kind, "s"[:count != 1]))
        if kind == "mps":
            self.synchronize = module.synchronize
        else:
            device = self.torch
            self.synchronize = lambda: module.synchronize(device)
        return module

    def synchronize(self):
        """Nothing to wait for on the host."""

    def move(self, inputs):
        """Inputs on the device, arrived."""
        if self.on_host:
            return inputs
        moved = {k: v.to(self.torch) for k, v in inputs.items()}
        self.synchronize()
        return moved

    def events(self):
        """Two events that take times, or None."""
        make = getattr(self.module, "Event", None)
        if self.module is None or make is None:
            return None
        return make(enable_timing=True), make(enable_timing=True)

    def record(self, event):
        """In the stream of this device, which need not be the process's
        present one."""
        stream = getattr(self.module, "current_stream", None)
        if stream:
            event.record(stream(self.torch))
        else:
            event.record()

    def uuid(self):
        props = torch.cuda.get_device_properties(self.torch)
        return str(getattr(props, "uuid", "") or "")

    def state(self, idle):
        """For OBS: of the device at this moment."""
        return self.nvml.state(idle) if self.nvml else {}

    def forget(self):
        """After running out of memory: give back what is cached."""
        gc.collect()
        empty = getattr(self.module, "empty_cache", None)
        if empty:
            empty()

    def name(self):
        get = getattr(self.module, "get_device_name", None)
        if get:
            return get(self.torch)
        return host.cpu() if self.on_host else str(self.torch)

    def facts(self):
        """For SYS, besides the host's."""
        sys = {"provider": str(self.torch)}
        name = self.name()
        if name and self.platform != "spyre":
            sys["device"] = name
        if self.torch.type == "cuda":
            sys.update(cuda_facts(self.torch))
        return sys


def cuda_facts(device):
    props = torch.cuda.get_device_properties(device)
    sys = {"cuda": torch.version.cuda, "hip": torch.version.hip,
           "cudnn": torch.backends.cudnn.version(),
           "compute_capability": "%d.%d" % (props.major, props.minor),
           "device_memory_bytes": props.total_memory,
           "multiprocessors": props.multi_processor_count}
    sys.update(smi(str(getattr(props, "uuid", "") or "")))
    return {k: v for k, v in sys.items() if v is not None}


def smi(uuid):
    """What only nvidia-smi tells: driver, clocks, power limit."""
    which = ["-i", uuid if uuid.startswith("GPU-") else "GPU-" + uuid]
    try:
        out = subprocess.run(
            ["nvidia-smi", "--query-gpu=" + ",".join(SMI),
             "--format=csv,noheader,nounits"] + (which if uuid else []),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    fields = out.decode("utf-8", "replace").partition("\n")[0].split(",")
    keys = ("driver", "clock_sm_mhz", "clock_memory_mhz", "clock_sm_max_mhz",
            "power_limit_w", "persistence_mode", "compute_mode")
    # What a device does not tell is "[N/A]".
    return {k: f.strip() for k, f in zip(keys, fields)
            if f.strip() and not f.strip().startswith("[")}


def listed():
    """(id, name) of the devices torch can use here."""
    yield "cpu", "the host's processor"
    for kind in ("cuda", "xpu", "mps", "hpu", "npu"):
        module = getattr(torch, kind, None)
        if not getattr(module, "is_available", lambda: False)():
            continue
        for i in range(getattr(module, "device_count", lambda: 1)()):
            name = getattr(module, "get_device_name", lambda i: kind)(i)
            yield "%s:%d" % (kind, i), name
