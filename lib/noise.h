/*
 * What may have disturbed a measurement: the state of this process and its
 * machine before and after, and the difference as the object of an OBS line,
 * fm-log(5). What the system does not tell is left out, never zero.
 */
#ifndef FM_NOISE_H
#define FM_NOISE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpus.h"

struct fm_buf;

/* Of one CPU; -1 = not known. */
struct fm_noise_cpu {
	int64_t khz;               /* current frequency */
	int64_t throttled_core;    /* events since boot */
	int64_t throttled_package; /* the same for all CPUs of a package */
	char governor[24];         /* "" = not known */
};

struct fm_noise_thread {
	int64_t tid, migrations;
};

/* The process, at a moment. Totals; -1 = not known. */
struct fm_noise_self {
	int64_t at_ns;                  /* monotonic */
	int64_t own_us;                 /* CPU time of all threads */
	int64_t voluntary, involuntary; /* context switches */
	int64_t minor, major;           /* page faults */
};

/* A snapshot. Numbers are totals up to it; -1 = not known. */
struct fm_noise {
	struct fm_noise_self first, last; /* of the taking of the snapshot */
	int64_t busy_us;  /* CPU time of everybody on our CPUs */
	int64_t steal_us; /* taken from our CPUs by the hypervisor */
	int64_t quota_us; /* this control group was held back by its quota */
	int64_t cpu_wait_us, memory_wait_us; /* pressure, whole machine */
	int64_t load1;       /* load average of a minute, hundredths */
	int64_t runnable;    /* tasks that run or could, we among them */
	struct fm_cpus mask; /* our CPUs */
	size_t n_cpus;
	struct fm_noise_cpu *cpus;       /* n_cpus, in order */
	struct fm_noise_thread *threads; /* by tid, if known */
	size_t n_threads, cap_threads;
};

/*
 * Takes a snapshot; `n` is empty (zeroed) or was taken before. `root` stands
 * before /proc and /sys: "".
 */
void fm_noise_take(struct fm_noise *n, const char *root);
void fm_noise_release(struct fm_noise *n);

/* What happened from `a` to `b`, a new object. */
json_t *fm_noise_between(const struct fm_noise *a, const struct fm_noise *b);

/*
 * Was the machine quiet, by such an object? Otherwise the reasons are appended
 * to `why`. The limits are in fm-driver(1).
 */
bool fm_noise_quiet(const json_t *obs, struct fm_buf *why);

#endif
