/*
 * Which points of a unit are measured, and in which order: --exclude,
 * --order, --shard.
 */
#ifndef POINTS_H
#define POINTS_H

#include "err.h"

struct conf;
struct errand;
struct shape;

/* Sorts, shuffles and thins out the points of `s`. */
int points_arrange(struct shape *s, const struct conf *c,
    const struct errand *e, struct fm_err *err);

#endif
