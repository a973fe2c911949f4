/*
 * Facts about the host that a measurement depends on, read from the system.
 * What cannot be read is null, never assumed.
 */
#ifndef FM_HOST_H
#define FM_HOST_H

#include <jansson.h>

/*
 * Adds to `sys`, where they are not yet: host, machine, os, kernel, cpu, cores
 * and cpus (how many and which we may run on), numa_nodes (theirs),
 * memory_bytes, governor, smt, boost, and load1 (the one-minute load average
 * in hundredths; volatile).
 */
void fm_host_facts(json_t *sys);

#endif
