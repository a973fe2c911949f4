/*
 * Records in the forms of tools that people run already.
 */
#ifndef EXPORT_H
#define EXPORT_H

#include "conf.h"
#include "err.h"

/* Prometheus' text format, for node_exporter's textfile collector. */
int export_prom(const struct conf *c, struct fm_err *err);
/* The text of Go's benchmarks, a line for each record, for benchstat. */
int export_benchstat(const struct conf *c, struct fm_err *err);
/* JUnit's XML: a test case for each point, or for each verdict on a point
 * with --base. */
int export_junit(const struct conf *c, struct fm_err *err);
/* JSON for github-action-benchmark, customSmallerIsBetter. */
int export_github(const struct conf *c, struct fm_err *err);

#endif
