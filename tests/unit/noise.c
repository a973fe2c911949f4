/*
 * Noise evidence from made-up files of /proc and /sys, before and after; and
 * from this machine. With two folders as arguments it prints what is between
 * them, for the comparison with other implementations.
 */
#include "../tap.h"

#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"
#include "json.h"
#include "noise.h"

static char *dir;

static void
put(const char *root, const char *path, const char *text)
{
	char *name = fm_strdupf("%s/%s%s", dir, root, path);
	char *slash = strrchr(name, '/');
	struct fm_err err = FM_ERR_INIT;
	FILE *f;

	*slash = '\0';
	(void)fm_io_mkdirs(name, &err);
	*slash = '/';
	f = fopen(name, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		printf("Bail out! cannot write %s\n", name);
	free(name);
}

static json_t *
between(const char *from, const char *to)
{
	struct fm_noise a, b;
	char *before = fm_strdupf("%s/%s", dir, from);
	char *after = fm_strdupf("%s/%s", dir, to);
	json_t *obs;

	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	fm_noise_take(&a, before);
	fm_noise_take(&b, after);
	/* As if a second had passed; 20 ms of it ours. */
	b.first.at_ns = a.last.at_ns + 1000000000;
	b.first.own_us = a.last.own_us + 20000;
	obs = fm_noise_between(&a, &b);
	fm_noise_release(&a);
	fm_noise_release(&b);
	free(before);
	free(after);
	return obs;
}

/* CPUs 1 and 3 of four are ours. */
static void
make_machine(void)
{
	static const char cpu[] = "/sys/devices/system/cpu/cpu";
	char *core1 =
	    fm_strdupf("%s1/thermal_throttle/core_throttle_count", cpu);
	char *core3 =
	    fm_strdupf("%s3/thermal_throttle/core_throttle_count", cpu);
	char *pkg1 =
	    fm_strdupf("%s1/thermal_throttle/package_throttle_count", cpu);
	char *pkg3 =
	    fm_strdupf("%s3/thermal_throttle/package_throttle_count", cpu);
	char *khz = fm_strdupf("%s3/cpufreq/scaling_cur_freq", cpu);
	char *gov = fm_strdupf("%s3/cpufreq/scaling_governor", cpu);
	const char *status = "/proc/self/status", *stat = "/proc/stat";
	const char *group = "/sys/fs/cgroup/a b/cpu.stat";

	put("a", status, "Name:\tx\nCpus_allowed_list:\t1,3\nMems:\t0\n");
	put("b", status, "Name:\tx\nCpus_allowed_list:\t1,3\nMems:\t0\n");
	put("a", stat,
	    "cpu  9 9 9 9 9 9 9 9 0 0\n"
	    "cpu0 100 0 100 100 0 0 0 100 0 0\n"
	    "cpu1 10 1 20 1000 50 2 3 4 0 0\n"
	    "cpu2 100 0 100 100 0 0 0 100 0 0\n"
	    "cpu3 10 0 0 1000 0 0 0 0 0 0\nintr 1 2 3\n");
	put("b", stat,
	    "cpu  9 9 9 9 9 9 9 9 0 0\n"
	    "cpu0 900 0 100 100 0 0 0 900 0 0\n"
	    "cpu1 12 2 23 1090 60 3 4 6 0 0\n"
	    "cpu2 900 0 100 100 0 0 0 900 0 0\n"
	    "cpu3 11 0 0 1100 0 0 0 3 0 0\nintr 1 2 3\n");
	put("a", "/proc/self/task/7/sched", "se.nr_migrations   :     5\n");
	put("a", "/proc/self/task/8/sched", "se.nr_migrations   :   100\n");
	put("b", "/proc/self/task/7/sched",
	    "x\nse.nr_migrations   :     7\nse.nr_migrations_cold: 9\n");
	put("b", "/proc/self/task/11/sched", "se.nr_migrations  :     1\n");
	put("a", core1, "2\n");
	put("b", core1, "5\n");
	put("a", core3, "0\n");
	put("b", core3, "1\n");
	put("a", pkg1, "10\n");
	put("b", pkg1, "12\n");
	put("a", pkg3, "10\n");
	put("b", pkg3, "12\n");
	put("a", khz, "2400000\n");
	put("b", khz, "3100400\n");
	put("a", gov, "powersave\n");
	put("b", gov, "performance\n");
	put("a", "/proc/self/cgroup", "1:cpu:/x\n0::/a b\n");
	put("b", "/proc/self/cgroup", "0::/a b\n");
	put("a", group, "usage_usec 1\nthrottled_usec 1000\n");
	put("b", group, "usage_usec 1\nthrottled_usec 1500\n");
	put("a", "/proc/loadavg", "0.10 0.36 1.63 1/96 23043\n");
	put("b", "/proc/loadavg", "1.25 0.36 1.63 3/96 23043\n");
	put("a", "/proc/pressure/cpu",
	    "some avg10=0.79 avg60=1.22 avg300=3.04 total=1000000\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n");
	put("b", "/proc/pressure/cpu",
	    "some avg10=0.79 avg60=1.22 avg300=3.04 total=1002500\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n");
	free(core1);
	free(core3);
	free(pkg1);
	free(pkg3);
	free(khz);
	free(gov);
}

static void
test_numbers(void)
{
	static const struct {
		const char *key;
		double want;
	} want[] = {
		{ "wall_ms", 1000 },
		{ "own_ms", 20 },
		/* 2+1+3+1+1 and 1 ticks of 10 ms, less 20 ms of ours */
		{ "others_ms", 70 },
		{ "others_percent", 3.5 },
		{ "steal_ms", 50 },
		{ "steal_percent", 2.5 },
		{ "migrations", 3 },
		{ "throttled_core", 4 },
		{ "throttled_package", 2 },
		{ "quota_ms", 0.5 },
		{ "cpu_wait_ms", 2.5 },
		{ "load1", 125 },
		{ "runnable", 3 },
	};
	json_t *obs = between("a", "b"),
	       *mhz = json_object_get(obs, "freq_mhz");
	size_t i;

	for (i = 0; i < sizeof want / sizeof *want; i++)
		is_int((intmax_t)(fm_json_num(obs, want[i].key, -1) * 1000),
		    (intmax_t)(want[i].want * 1000), want[i].key);
	is_int(fm_json_int(mhz, "min", 0), 2400, "least frequency");
	is_int(fm_json_int(mhz, "median", 0), 3100, "median frequency");
	is_int(fm_json_int(mhz, "max", 0), 3100, "greatest frequency");
	is_str(fm_json_str(obs, "governor", ""), "performance", "governor");
	ok(!json_object_get(obs, "memory_wait_ms"), "a file that is missing");
	json_decref(obs);
}

static void
test_nothing(void)
{
	static const char *const gone[] = { "others_ms", "others_percent",
		"steal_ms", "steal_percent", "migrations", "freq_mhz",
		"governor", "throttled_core", "throttled_package", "quota_ms",
		"cpu_wait_ms", "memory_wait_ms", "load1", "runnable" };
	json_t *obs = between("none", "none");
	struct fm_buf why = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof gone / sizeof *gone; i++)
		ok(!json_object_get(obs, gone[i]), gone[i]);
	is_int(fm_json_int(obs, "faults_major", -1), 0,
	    "what getrusage says is there");
	ok(fm_noise_quiet(obs, &why), "what is not known does not disturb");
	json_decref(obs);
	put("odd", "/proc/loadavg", "nonsense\n");
	put("odd", "/proc/stat", "cpuX\ncpu1\ncpu");
	put("odd", "/proc/self/status", "Cpus_allowed_list:\tnone\n");
	put("odd", "/proc/self/cgroup", "0::");
	put("odd", "/proc/self/task/7/sched", "se.nr_migrations : many\n");
	obs = between("odd", "odd");
	for (i = 0; i < sizeof gone / sizeof *gone; i++)
		ok(!json_object_get(obs, gone[i]), gone[i]);
	json_decref(obs);
	fm_buf_release(&why);
}

static void
judge(const char *text, const char *want)
{
	struct fm_err err = FM_ERR_INIT;
	json_t *obs = fm_json_parse(text, strlen(text), "test", &err);
	struct fm_buf why = FM_BUF_INIT;
	bool quiet = fm_noise_quiet(obs, &why);

	is_str(why.s, want, text);
	ok(quiet == (*want == '\0'), "and the verdict agrees");
	fm_buf_release(&why);
	json_decref(obs);
}

static void
test_verdict(void)
{
	judge("{\"others_percent\":5,\"steal_percent\":5.0}", "");
	judge("{\"others_percent\":5.01}", "others use 5.01 % of the CPUs");
	judge("{\"steal_percent\":12.5}",
	    "the hypervisor takes 12.5 % of the CPUs' time");
	judge("{\"throttled_core\":0,\"throttled_package\":0,\"quota_ms\":0}",
	    "");
	judge("{\"throttled_core\":2,\"throttled_package\":1}",
	    "cores were throttled, times: 2; "
	    "the package was throttled, times: 1");
	judge("{\"quota_ms\":0.5}", "a CPU quota held us back for 0.5 ms");
	judge("{\"device_others\":1,\"device_busy_percent\":40}",
	    "other processes on the device: 1; the device is busy, percent: "
	    "40");
	judge("{\"device_throttled\":[]}", "");
	judge("{\"device_throttled\":[\"heat\"]}",
	    "the device is throttled: heat");
}

static void
test_short(void)
{
	struct fm_noise n;
	json_t *obs;

	memset(&n, 0, sizeof n);
	fm_noise_take(&n, "");
	fm_noise_take(&n, "");
	obs = fm_noise_between(&n, &n);
	ok(!json_object_get(obs, "others_percent"),
	    "of a moment there is no share");
	fm_noise_release(&n);
	json_decref(obs);
}

/* print BEFORE AFTER */
static int
print(char **argv)
{
	struct fm_buf b = FM_BUF_INIT;
	json_t *obs;

	dir = (char[]){ "" };
	obs = between(argv[1], argv[2]);
	fm_json_put(&b, obs);
	puts(b.s);
	fm_buf_release(&b);
	json_decref(obs);
	return 0;
}

int
main(int argc, char **argv)
{
	struct fm_err err = FM_ERR_INIT;

	if (argc == 3)
		return print(argv);
	dir = fm_io_tmpdir("fm-noise", &err);
	if (!dir) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	make_machine();
	test_numbers();
	test_nothing();
	test_verdict();
	test_short();
	if (argc == 2)
		puts(dir);
	else
		(void)fm_io_remove_tree(dir, &err);
	free(dir);
	return done();
}
