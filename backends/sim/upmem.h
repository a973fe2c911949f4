/*
 * UPMEM's text report of a run, word by word, with its oddities: fractions
 * that are called percent, and megabytes divided by one token too many.
 */
#ifndef UPMEM_H
#define UPMEM_H

#include "buf.h"
#include "result.h"

/* Every line as FMWORK SAY, for the driver to print. */
void upmem_report(struct fm_buf *b, enum dtype dtype, const struct point *p,
    const struct result *r);

#endif
