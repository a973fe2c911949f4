/*
 * --until: a point is repeated in pieces until a rule holds of what was
 * measured so far. The rule is over the statistics that fm-process computes
 * from the same repetitions, with fmwork's share of them dropped.
 */
#ifndef UNTIL_H
#define UNTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "expr.h"
#include "stat.h"

struct conf;

/* Of one point at a time. */
struct until {
	const struct conf *c;
	struct fm_expr rule;
	bool steady_too; /* the rule does not speak of `steady` itself */
	struct fm_stat stat;
	struct fm_stat_work work;
	const char *why; /* "ci", "max_reps", "max_seconds"; NULL = not yet */
};

/* Checks --until and its limits; 0, or a usage error. */
int until_check(const struct conf *c, struct fm_err *err);

/* `c` has been checked and has --until. */
void until_init(struct until *u, const struct conf *c);
void until_release(struct until *u);

/*
 * How many repetitions are to follow the `n` that there are, which began
 * `elapsed_ns` ago; 0 when there are enough, for the reason in `why`. Totals
 * grow by half from piece to piece, so that computing costs no more than in
 * proportion, and at most half too much is measured.
 */
int64_t until_piece(
    struct until *u, const int64_t *dt_ns, size_t n, int64_t elapsed_ns);

/* Half the width of the median's 95 % interval, as a part of it; NAN when
 * there is none. */
double until_ci(const struct fm_stat *s);

#endif
