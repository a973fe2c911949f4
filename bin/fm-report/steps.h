/*
 * Steps in a series of values: where the level changed and stayed.
 */
#ifndef STEPS_H
#define STEPS_H

#include <stddef.h>

/*
 * The piecewise constant function that minimises the sum of squares plus a
 * penalty for each step (Potts; optimal partitioning, Jackson et al. 2005).
 * The penalty is 5 s^2 log n, with s from the median of |v[i+1] - v[i]|, which
 * steps hardly move. A level lasts two values or more: one odd value is no
 * step. Fewer than four values have none.
 *
 * level[i] gets the mean of the segment of v[i]; the number of steps. Takes
 * O(n^2) time.
 */
size_t steps_find(const double *v, size_t n, double *level);

#endif
