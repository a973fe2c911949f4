/*
 * Repetitions out of FMWORK logs: records hold statistics, the log holds every
 * single time.
 */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "expr.h"
#include "strs.h"

/* One point. */
struct sample_set {
	char *model;                 /* NULL: the log broke off before it */
	double input, output, batch; /* NAN = not known */
	int64_t *ns;                 /* times in the order they were taken */
	size_t n, cap;
	bool closed; /* its summary was read */
};

struct samples {
	struct sample_set *v;
	size_t n, cap;
	char *device; /* of the last SYS line, or NULL */
	char day[12]; /* of the first repetition, "" = unknown */
	bool simulated;
};

void samples_release(struct samples *s);

/*
 * Reads logs; none or "-" is stdin. Keeps the points of which `where` (NULL:
 * all) is true; it may ask for model, input, output, batch, n and point, the
 * number of the point from 1.
 */
int samples_read(struct samples *s, const struct fm_strs *files,
    const char *where, struct fm_err *err);

/* "model, input 128, batch 1" with what varies; the caller frees. */
char *samples_name(const struct samples *s, size_t i);
/* What, where, when; the caller frees. */
char *samples_about(const struct samples *s);

#endif
