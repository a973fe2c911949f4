"""Sets of processors, written as the kernel writes them ("0-3,8"), and the
pinning of this process to one; also sets of memory nodes."""
import ctypes
import os
import platform

from .errors import Refused
from .host import first_line

MOST = 8192  # the most CPUs that Linux can be built for

# set_mempolicy(2), which has no function in the C library
SET_MEMPOLICY = {"x86_64": 238, "aarch64": 237, "riscv64": 237,
                 "ppc64le": 261, "s390x": 270}
BIND = 2


def numbers(text):
    """The set, or ValueError."""
    cpus = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not (first + last).isascii() or not first.isdigit() \
                or (dash and not last.isdigit()):
            raise ValueError(text)
        a, b = int(first), int(last or first)
        if b < a or b >= MOST:
            raise ValueError(text)
        cpus.update(range(a, b + 1))
    return cpus


def parse(text):
    try:
        return numbers(text)
    except ValueError:
        raise Refused("usage", "'%s' must be a list of CPU numbers below %d, "
                      "such as 0-3,8" % (text, MOST)) from None


def text_of(cpus):
    parts = []
    for cpu in sorted(cpus):
        if parts and parts[-1][1] == cpu - 1:
            parts[-1][1] = cpu
        else:
            parts.append([cpu, cpu])
    return ",".join("%d" % a if a == b else "%d-%d" % (a, b)
                    for a, b in parts)


def in_file(path):
    """The set in a file of one line; empty when it cannot be read."""
    try:
        return numbers(first_line(path) or "")
    except ValueError:
        return set()


def nodes(cpus):
    """The memory nodes of these CPUs."""
    path = "/sys/devices/system/node/"
    return {n for n in in_file(path + "online")
            if in_file("%snode%d/cpulist" % (path, n)) & cpus}


def bind_memory(cpus):
    """Where there is one node all memory is near; a container may forbid
    it."""
    number = SET_MEMPOLICY.get(platform.machine())
    mine = nodes(cpus)
    if len(in_file("/sys/devices/system/node/online")) < 2 or not mine \
            or number is None:
        return False
    mask = (ctypes.c_ulong * (MOST // 64))()
    for n in mine:
        mask[n // 64] |= 1 << n % 64
    return ctypes.CDLL(None).syscall(
        ctypes.c_long(number), ctypes.c_long(BIND), mask,
        ctypes.c_ulong(MOST + 1)) == 0


def refuse(text, why, have):
    raise Refused("usage", "cpus '%s': %s %s" % (text, why, text_of(have)))


def pin(text):
    """From now on all that is started runs there only; is memory bound?"""
    cpus = parse(text)
    online = in_file("/sys/devices/system/cpu/online")
    if online and not cpus <= online:
        refuse(text, "on this machine are only CPUs", online)
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, cpus)
    except OSError:
        refuse(text, "this process may use only CPUs", before)
    if os.sched_getaffinity(0) != cpus:
        os.sched_setaffinity(0, before)
        refuse(text, "this process may use only CPUs", before)
    return bind_memory(cpus)
