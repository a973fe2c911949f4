/*
 * Fitting a device to measurements: which efficiencies and launch time make
 * the model of computation agree best with records of a real device.
 */
#ifndef CALIBRATE_H
#define CALIBRATE_H

#include "buf.h"
#include "err.h"
#include "model.h"

/*
 * Fits to the records (lines of JSON, or one array; what failed or was
 * simulated is passed over) of the model that `m` was planned for, and writes
 * a device file `out` with the device as it is then. Appends FMWORK SAY lines
 * with the fit and what remains at every point. Each record counts by its
 * median; `by_min`: each point by the least repetition of all its records.
 */
int calibrate(const struct model *m, const char *records, bool by_min,
    const char *out, struct fm_buf *b, struct fm_err *err);

#endif
