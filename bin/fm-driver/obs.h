/*
 * OBS objects: what was observed of a point, put together from pieces.
 */
#ifndef OBS_H
#define OBS_H

#include <jansson.h>

/*
 * Adds the members of `more`, of a later piece of the same point: lists get
 * longer, objects are joined, everything else is as it was said last.
 */
void obs_join(json_t *obs, json_t *more);

#endif
