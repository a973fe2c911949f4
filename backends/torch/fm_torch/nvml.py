"""What an NVIDIA device says of itself at a moment, and who else uses it:
from the library that comes with the driver. Without it there is nothing."""
import ctypes

# nvmlClocksThrottleReasons: what slows a device down that would go on.
POWER_CAP = 0x4
SLOWED = ((0x8, "hardware"), (0x20, "heat"), (0x40, "hardware_heat"),
          (0x80, "power_brake"))
SM, MEMORY = 1, 2        # nvmlClockType_t
TOO_SMALL = 7            # NVML_ERROR_INSUFFICIENT_SIZE


def library():
    try:
        lib = ctypes.CDLL("libnvidia-ml.so.1")
        return lib if lib.nvmlInit_v2() == 0 else None
    except (OSError, AttributeError):
        return None


class Device:
    def __init__(self, lib, handle):
        self.lib = lib
        self.handle = handle

    def ask(self, name, *args, kind=ctypes.c_uint):
        """The number that a function returns through its last argument."""
        value = kind()
        function = getattr(self.lib, name, None)
        if function is None or function(self.handle, *args,
                                        ctypes.byref(value)) != 0:
            return None
        return value.value

    def users(self):
        """How many processes compute on it, or None."""
        count = ctypes.c_uint(0)
        function = getattr(self.lib,
                           "nvmlDeviceGetComputeRunningProcesses_v3", None)
        if function is None or function(
                self.handle, ctypes.byref(count), None) not in (0, TOO_SMALL):
            return None
        return count.value

    def busy_percent(self):
        rates = (ctypes.c_uint * 2)()
        if self.lib.nvmlDeviceGetUtilizationRates(self.handle, rates) != 0:
            return None
        return rates[0]

    def state(self, idle):
        """For an OBS line; the share that is busy only when we are not."""
        users = self.users()
        power_mw = self.ask("nvmlDeviceGetPowerUsage")
        reasons = self.ask("nvmlDeviceGetCurrentClocksThrottleReasons",
                           kind=ctypes.c_ulonglong)
        facts = {
            "device_clock_mhz": self.ask("nvmlDeviceGetClockInfo", SM),
            "device_memory_clock_mhz": self.ask("nvmlDeviceGetClockInfo",
                                                MEMORY),
            "device_temperature_c": self.ask("nvmlDeviceGetTemperature", 0),
            "device_power_w": None if power_mw is None else power_mw / 1e3,
            # One of them is this process.
            "device_others": None if users is None else max(users - 1, 0),
            "device_busy_percent": self.busy_percent() if idle else None,
        }
        if reasons is not None:
            facts["device_power_capped"] = bool(reasons & POWER_CAP)
            facts["device_throttled"] = [word for bit, word in SLOWED
                                         if reasons & bit]
        return {k: v for k, v in facts.items() if v is not None}


def find(uuid):
    """The device of this "GPU-..." word, or None."""
    lib = library()
    handle = ctypes.c_void_p()
    if not uuid.startswith("GPU-"):
        uuid = "GPU-" + uuid
    if lib is None or lib.nvmlDeviceGetHandleByUUID(
            uuid.encode(), ctypes.byref(handle)) != 0:
        return None
    return Device(lib, handle)
