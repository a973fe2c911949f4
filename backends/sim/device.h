/*
 * Devices as YAML files describe them: a name and numbers. Reading, checking,
 * and finding one by name. Knows no model and computes nothing.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* Types that a model can be computed in. */
enum dtype {
	DT_INT4,
	DT_INT8,
	DT_FLOAT16,
	DT_BFLOAT16,
	DT_FLOAT32,
	DTYPES
};

/* "bfloat16" …; DTYPES when there is no such type. */
enum dtype dtype_of(const char *word);
const char *dtype_word(enum dtype t);
double dtype_bytes(enum dtype t);

/* Absent numbers are NAN where 0 would mean something. */
struct device {
	char *name; /* with '_' for '-' */
	char *file;
	/* required: as in UPMEM's files */
	double h2d_gbs, h2d_pj; /* host to device: GB/s, pJ/bit */
	double d2h_gbs, d2h_pj;
	double mem_gbs, mem_pj; /* the device's memory */
	double tflops, pj_per_tflop;
	/* optional, theirs */
	double tflops_int4;
	double softmax_ns, silu_ns, rmsnorm_ns; /* per element */
	/* optional, ours */
	double tflops_of[DTYPES]; /* peaks per type */
	double capacity_gb;
	double eff_compute, eff_memory, eff_link; /* (0, 1], 1 if absent */
	double launch_us;                         /* of every operation */
	double transfer_us;                       /* of every host transfer */
	double idle_w, tdp_w;
	double link_gbs, link_us, link_pj; /* between devices of this kind */
	double link_ring;                  /* 1: a ring, 0: everyone to all */
};

struct devices {
	struct device *v;
	size_t n, cap;
};

/* All files of a folder, and then `extra` (or NULL), which wins. */
int devices_read(
    struct devices *d, const char *dir, const char *extra, struct fm_err *err);
void devices_release(struct devices *d);

/*
 * By name, '-' and '_' alike; "HOST" is there unless a file describes it.
 * NULL: there is none, and the message lists names that are near.
 */
const struct device *devices_find(
    const struct devices *d, const char *name, struct fm_err *err);

/* TFLOP/s of a type: its own peak, or the one for all of them. */
double device_peak(const struct device *d, enum dtype t);

/* The YAML key of field k, NULL after the last; for writing a file. */
const char *device_field(size_t k);
double device_get(const struct device *d, size_t k);
void device_set(struct device *d, size_t k, double v);

#endif
