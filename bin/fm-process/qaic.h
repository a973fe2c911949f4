/*
 * The samples of a point as the metrics of a qaic Session: the eleven names
 * of get_metrics(), and the text of print_metrics().
 */
#ifndef QAIC_H
#define QAIC_H

#include "emit.h"
#include "point.h"

/* `skip` leading samples are left out, unless none would be left; `own` are
 * members of --metadata, or NULL. */
void qaic_put(struct emit *e, const struct point *p, size_t skip,
    struct fm_stat_work *w, json_t *own);
void qaic_print(struct fm_buf *b, const struct point *p, size_t skip,
    struct fm_stat_work *w);

#endif
