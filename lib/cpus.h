/*
 * Sets of processors, written as the kernel writes them ("0-3,8"), and the
 * pinning of a process to one. The same type holds sets of NUMA nodes.
 */
#ifndef FM_CPUS_H
#define FM_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fm_buf;
struct fm_err;

enum {
	FM_CPUS_MAX = 8192 /* the most that Linux can be built for */
};

struct fm_cpus {
	uint64_t bits[FM_CPUS_MAX / 64]; /* CPU c is bit c % 64 of c / 64 */
};

/* Reads "0-3,8": at least one number, none from FM_CPUS_MAX up. */
int fm_cpus_parse(
    struct fm_cpus *c, const char *s, size_t n, struct fm_err *err);
/* Appends the shortest text that gives the set again. */
void fm_cpus_put(struct fm_buf *b, const struct fm_cpus *c);

void fm_cpus_add(struct fm_cpus *c, size_t cpu);
bool fm_cpus_has(const struct fm_cpus *c, size_t cpu);
size_t fm_cpus_count(const struct fm_cpus *c);
bool fm_cpus_same(const struct fm_cpus *a, const struct fm_cpus *b);

/* Those the calling thread may run on; those that are switched on. Empty
 * where the system does not tell. */
void fm_cpus_mine(struct fm_cpus *c);
void fm_cpus_online(struct fm_cpus *c);

/* Physical cores among them: hardware threads of one core count once. */
size_t fm_cpus_cores(const struct fm_cpus *c);

/* The memory nodes of these CPUs; empty where the system does not tell. */
void fm_cpus_nodes(struct fm_cpus *nodes, const struct fm_cpus *c);

/*
 * From now on the calling thread, and all that it starts, runs on these CPUs
 * only. Where there are several memory nodes, memory comes from theirs only, if
 * the system lets us: *bound. A CPU that is not there or not ours is FM_USAGE;
 * then nothing has changed.
 */
int fm_cpus_pin(const struct fm_cpus *c, bool *bound, struct fm_err *err);

#endif
