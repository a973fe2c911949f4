/*
 * Putting OBS objects together.
 */
#include "obs.h"

void
obs_join(json_t *obs, json_t *more)
{
	const char *key;
	json_t *v;

	json_object_foreach (more, key, v) {
		json_t *had = json_object_get(obs, key);

		if (json_is_array(had) && json_is_array(v))
			(void)json_array_extend(had, v);
		else if (json_is_object(had) && json_is_object(v))
			obs_join(had, v);
		else
			json_object_set(obs, key, v);
	}
}
