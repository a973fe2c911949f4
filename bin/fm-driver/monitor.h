/*
 * The progress of a build on a terminal: a line for each stage, which turns
 * while it runs and ends with a tick or a cross.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include <stdbool.h>
#include <stdint.h>

struct monitor;

/* NULL when there is nobody to see it; all functions take that. */
struct monitor *monitor_start(bool wanted, const char *build);
void monitor_stage(struct monitor *m, const char *name);
void monitor_stage_end(struct monitor *m, bool good, int64_t ns);
void monitor_end(struct monitor *m);

#endif
