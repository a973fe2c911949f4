/*
 * Records put together into points, and what is said of each: the values of
 * its fields, its interval, its status.
 */
#ifndef VIEW_H
#define VIEW_H

#include "about.h"
#include "grid.h"
#include "group.h"
#include "recs.h"

struct view {
	struct recs *r;
	size_t *by; /* columns that the rows of a group agree in */
	size_t n_by;
	struct groups groups;
	struct about about;
	size_t *identity; /* columns of field_identity */
	size_t n_identity;
	size_t latency, lo, hi, status, ttft, output;
	int *decimals; /* of each column that is shown */
	bool chosen;   /* `by` was given: what it hides is worth a warning */
};

/*
 * Asks for the columns. Lists of fields, separated by commas; all NULL: what
 * defines a point.
 */
void view_want(struct view *v, struct recs *r, const char *by, const char *rows,
    const char *cols);
void view_group(struct view *v);
void view_release(struct view *v);

/* Behind `before`, the fields that vary inside rows that were merged, if any.
 */
void view_put_merged(
    struct fm_buf *b, const struct view *v, const char *before);
/* Tells on stderr which fields vary inside rows that were merged. */
void view_warn(const struct view *v);

void view_add_col(struct view *v, struct grid *g, const char *name);
/* Puts what the group has under this name into a cell. */
void view_set(
    const struct view *v, struct grid_cell *c, const char *name, size_t group);

/*
 * The group's value of a metric, and its 95 % interval: the one of the record
 * when it has but one; between runs (Student's t on the logarithms) when it
 * has more. False when there is no interval.
 */
double view_metric(const struct view *v, size_t col, size_t group);
bool view_interval(
    const struct view *v, size_t col, size_t group, double *lo, double *hi);

/* Is any record of the group simulated? */
bool view_simulated(const struct view *v, size_t group);

/* OK; or the status of its one record; or "3 of 5 OK". The caller frees. */
char *view_status(const struct view *v, size_t group, enum grid_mood *mood);

#endif
