"""What may have disturbed a measurement: the state of this process and its
machine before and after, and the difference as the object of an OBS line,
fm-log(5). What the system does not tell is left out, never zero.
"""
import os
import re
import resource
import time

from . import cpus

LEAST_MS = 100  # ticks of the clock tell no share of less


class Own:
    """The process at a moment."""

    def __init__(self):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self.at = time.monotonic_ns()
        self.ms = (usage.ru_utime + usage.ru_stime) * 1e3
        self.counts = {"switches_voluntary": usage.ru_nvcsw,
                       "switches_involuntary": usage.ru_nivcsw,
                       "faults_minor": usage.ru_minflt,
                       "faults_major": usage.ru_majflt}


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def number_in(text, pattern):
    """The number of the first match, or None."""
    found = re.search(pattern, text, re.MULTILINE)
    return int(found.group(1)) if found else None


class Snapshot:
    """The machine at a moment; `root` stands before /proc and /sys."""

    def __init__(self, root=""):
        self.root = root
        self.first = Own()
        self.mask = self.allowed()
        self.busy_ms, self.steal_ms = self.times()
        self.threads = self.migrations()
        self.core, self.package, self.khz = {}, {}, []
        self.governors = []
        for cpu in sorted(self.mask):
            self.look_at(cpu)
        self.load()
        wait = r"^some .*total=(\d+)"
        self.waits = {
            "quota_ms": self.quota(),
            "cpu_wait_ms": number_in(self.read("/proc/pressure/cpu"), wait),
            "memory_wait_ms": number_in(self.read("/proc/pressure/memory"),
                                        wait)}
        self.last = Own()

    def read(self, path):
        return read(self.root + path)

    def allowed(self):
        found = re.search(r"^Cpus_allowed_list:\s*(\S+)",
                          self.read("/proc/self/status"), re.MULTILINE)
        try:
            return cpus.numbers(found.group(1)) if found else set()
        except ValueError:
            return set()

    def times(self):
        """Milliseconds of our CPUs: (busy, stolen)"""
        tick = 1000 / os.sysconf("SC_CLK_TCK")
        busy = steal = None
        for line in self.read("/proc/stat").splitlines():
            found = re.match(r"cpu(\d+) (.*)", line)
            if not found or int(found.group(1)) not in self.mask:
                continue
            # user nice system idle iowait irq softirq steal
            f = [int(v) for v in found.group(2).split()[:8]] + [0] * 8
            busy = (busy or 0) + (f[0] + f[1] + f[2] + f[5] + f[6]) * tick
            steal = (steal or 0) + f[7] * tick
        return busy, steal

    def migrations(self):
        """Of each thread: one that ends takes its count along."""
        counts = {}
        try:
            tids = os.listdir(self.root + "/proc/self/task")
        except OSError:
            tids = []
        for tid in tids:
            n = number_in(self.read("/proc/self/task/%s/sched" % tid),
                          r"^se\.nr_migrations\s*:\s*(\d+)")
            if n is not None:
                counts[tid] = n
        return counts

    def look_at(self, cpu):
        path = "/sys/devices/system/cpu/cpu%d/" % cpu
        khz = number_in(self.read(path + "cpufreq/scaling_cur_freq"),
                        r"^(\d+)")
        if khz:
            self.khz.append(khz)
        for counts, name in ((self.core, "core"), (self.package, "package")):
            n = number_in(self.read("%sthermal_throttle/%s_throttle_count"
                                    % (path, name)), r"^(\d+)")
            if n is not None:
                counts[cpu] = n
        word = self.read(path + "cpufreq/scaling_governor").strip()
        if word and word not in self.governors:
            self.governors.append(word)

    def load(self):
        """"0.10 0.36 1.63 1/96 23043\""""
        fields = self.read("/proc/loadavg").split()
        self.load1 = self.runnable = None
        if len(fields) > 3 and "/" in fields[3]:
            self.load1 = round(float(fields[0]) * 100)
            self.runnable = int(fields[3].split("/")[0])

    def quota(self):
        """The group's own file, of the unified hierarchy."""
        found = re.search(r"^0::(.*)$", self.read("/proc/self/cgroup"),
                          re.MULTILINE)
        return number_in(self.read("/sys/fs/cgroup%s/cpu.stat"
                                   % found.group(1)),
                         r"^throttled_usec (\d+)") if found else None


def grown(a, b):
    return b - a if a is not None and b is not None and b >= a else None


def share(ms, wall_ms, n):
    if ms is None or wall_ms < LEAST_MS or not n:
        return None
    return round(min(ms / (wall_ms * n), 1) * 100, 2)


def grown_of(a, b):
    """By CPU, of those that tell."""
    all_of = (grown(a.get(cpu), n) for cpu, n in b.items())
    return [n for n in all_of if n is not None]


def rest(a, b):
    """What is no time and no count of the process."""
    if a.threads and b.threads:
        yield "migrations", grown(0, sum(
            n - a.threads.get(tid, 0) for tid, n in b.threads.items()))
    mhz = sorted((khz + 500) // 1000 for khz in a.khz + b.khz)
    if mhz:
        yield "freq_mhz", {"min": mhz[0], "median": mhz[len(mhz) // 2],
                           "max": mhz[-1]}
    yield "governor", ",".join(b.governors) or None
    core, package = grown_of(a.core, b.core), grown_of(a.package, b.package)
    yield "throttled_core", sum(core) if core else None
    yield "throttled_package", max(package, default=None)
    for key, us in b.waits.items():
        us = grown(a.waits[key], us)
        yield key, None if us is None else us / 1e3
    yield "load1", b.load1
    yield "runnable", b.runnable


def between(a, b):
    """What happened from one snapshot to the next."""
    wall = (b.first.at - a.last.at) // 1000 / 1e3
    own = round(b.first.ms - a.last.ms, 3)
    busy, steal = grown(a.busy_ms, b.busy_ms), grown(a.steal_ms, b.steal_ms)
    others = None if busy is None else round(max(busy - own, 0), 3)
    n = len(b.mask)
    all_of = {"wall_ms": wall, "own_ms": own, "others_ms": others,
              "others_percent": share(others, wall, n), "steal_ms": steal,
              "steal_percent": share(steal, wall, n)}
    for key, count in b.first.counts.items():
        all_of[key] = grown(a.last.counts[key], count)
    all_of.update(rest(a, b))
    return {k: v for k, v in all_of.items() if v is not None}
