"""Facts about the host for the SYS line, under the names that every backend
uses for them."""
import os
import platform


def first_line(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.readline().rstrip("\n")
    except OSError:
        return None


def field(path, keys, separators):
    """The value of the first of `keys` in a file of KEY<sep>VALUE lines."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            lines = f.readlines()
    except OSError:
        return None
    for key in keys:
        for line in lines:
            rest = line[len(key):]
            if line.startswith(key) and rest[:1] in separators:
                return rest.strip(separators + "\n\"")
    return None


def cpu():
    return field("/proc/cpuinfo", ("model name", "Model", "CPU part"), " \t:")


def facts():
    load = first_line("/proc/loadavg")
    path = "/sys/devices/system/cpu/"
    return {
        "host": platform.node(),
        "machine": platform.machine(),
        "kernel": platform.release(),
        "os": field("/etc/os-release", ("PRETTY_NAME",), "=\""),
        "cpu": cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") *
        os.sysconf("SC_PAGE_SIZE"),
        "governor": first_line(path + "cpu0/cpufreq/scaling_governor"),
        "smt": first_line(path + "smt/control"),
        "boost": first_line(path + "cpufreq/boost"),
        "load1": round(float(load.split()[0]) * 100) if load else None,
    }
