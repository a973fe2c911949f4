/*
 * What a set of records is about, in a line: what was measured, where, when.
 */
#ifndef ABOUT_H
#define ABOUT_H

#include "buf.h"
#include "recs.h"

struct about {
	size_t model, platform, device, precision, time, simulated;
};

/* Asks for the columns that it needs. Before reading. */
void about_want(struct about *a, struct recs *r);

/*
 * "granite-125m on AMD EPYC (cpu), 2026-11-21". Begins with the word simulated
 * when any of the rows is.
 */
void about_put(struct fm_buf *b, const struct about *a, const struct recs *r);

bool about_simulated(const struct about *a, const struct recs *r);

#endif
