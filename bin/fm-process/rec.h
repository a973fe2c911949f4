/*
 * One record: what is known of one point when its last line was read, and its
 * form as JSON (fm-record(5)). Texts point into lines that whoever fills it
 * keeps alive.
 */
#ifndef REC_H
#define REC_H

#include "conf.h"
#include "emit.h"
#include "exper.h"
#include "point.h"

/* Statistics as another tool made them; ns, NAN where it made none. */
struct rec_given {
	int64_t n; /* repetitions, 0 = not known */
	double mean, sd, median, min, max;
	double quantile[FM_STAT_QUANTILES];
};

struct rec {
	const char *engine; /* NULL: by dialect and backend */
	enum fm_dialect dialect;
	struct fm_text timestamp, time_end, model, model_class;
	struct fm_text input, output, batch, tp; /* s = NULL: not known */
	struct fm_text ttft, itl, thp;
	const char *status;   /* "OK" when NULL */
	struct fm_text error; /* "" = null */
	struct fm_strs notes;
	struct fm_text obs, sim;       /* JSON, or nothing */
	struct fm_text fail;           /* that, of a failure */
	json_t *serving;               /* of a server's folder, or NULL */
	const struct rec_given *given; /* when there are no samples, or NULL */
};

void rec_release(struct rec *r);
void rec_clear(struct rec *r);

/*
 * Writes the record in the full schema. `p` has its samples, or is empty;
 * `x` its experiment; `extra` (NULL or JSON members) is joined at the end.
 */
void rec_put(struct emit *e, const struct rec *r, struct exper *x,
    struct point *p, const struct conf *c, struct fm_stat_work *w,
    json_t *extra);

#endif
