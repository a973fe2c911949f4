/*
 * What defines a simulation, for SYS: two that differ in a layer, a number of
 * a device, or a place must not look the same.
 */
#ifndef FACTS_H
#define FACTS_H

#include <jansson.h>

#include "sim.h"

/* Adds facts to `sys`; `options` are those of the open request. */
void facts_put(const struct sim *s, const json_t *options, json_t *sys);

#endif
