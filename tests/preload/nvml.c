/*
 * A stand-in for the library of NVIDIA's driver: one device, GPU-01-02, that
 * is hot and used by three processes.
 */
#include <string.h>

int nvmlInit_v2(void);
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device);
int nvmlDeviceGetClockInfo(void *device, int type, unsigned *mhz);
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *c);
int nvmlDeviceGetPowerUsage(void *device, unsigned *mw);
int nvmlDeviceGetCurrentClocksThrottleReasons(
    void *device, unsigned long long *reasons);
int nvmlDeviceGetUtilizationRates(void *device, unsigned *rates);
int nvmlDeviceGetComputeRunningProcesses_v3(
    void *device, unsigned *count, void *processes);

static char device_0;

int
nvmlInit_v2(void)
{
	return 0;
}

int
nvmlDeviceGetHandleByUUID(const char *uuid, void **device)
{
	*device = &device_0;
	return strcmp(uuid, "GPU-01-02") == 0 ? 0 : 6;
}

static int
set(const void *device, unsigned *to, unsigned v)
{
	*to = v;
	return device == &device_0 ? 0 : 2;
}

int
nvmlDeviceGetClockInfo(void *device, int type, unsigned *mhz)
{
	return set(device, mhz, type == 1 ? 1980 : type == 2 ? 2619 : 0);
}

int
nvmlDeviceGetTemperature(void *device, int sensor, unsigned *c)
{
	return set(device, c, sensor == 0 ? 61 : 0);
}

int
nvmlDeviceGetPowerUsage(void *device, unsigned *mw)
{
	return set(device, mw, 350500);
}

int
nvmlDeviceGetCurrentClocksThrottleReasons(
    void *device, unsigned long long *reasons)
{
	*reasons = 0x24;
	return device == &device_0 ? 0 : 2;
}

int
nvmlDeviceGetUtilizationRates(void *device, unsigned *rates)
{
	rates[1] = 12;
	return set(device, rates, 37);
}

int
nvmlDeviceGetComputeRunningProcesses_v3(
    void *device, unsigned *count, void *processes)
{
	(void)processes;
	(void)set(device, count, 3);
	return 7;
}
