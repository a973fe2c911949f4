/*
 * What fm-driver prints instead of measuring: devices, options, points.
 */
#ifndef LISTS_H
#define LISTS_H

#include "err.h"

struct session;

/* PLATFORM, device, name: separated by tabs. */
int list_devices(struct session *s, struct fm_err *err);
/* --SET:KEY, type, default, meaning: separated by tabs. */
int list_options(struct session *s);
/* What a simulated device has to say of a fit. */
int list_calibration(struct session *s, struct fm_err *err);
/* platform, model, input, batch, repetitions, output, and the seconds that it
 * may take by what --log holds, or "-": separated by tabs. */
int list_points(struct session *s, struct fm_err *err);

/* --profile: where the time of each point goes. */
int list_profile(struct session *s, struct fm_err *err);

#endif
