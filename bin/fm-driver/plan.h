/*
 * What is to be measured, in order: the command line, or the sweep files of
 * --sweep, as a list of units (a model on a platform with its options), gone
 * through once in every run.
 */
#ifndef PLAN_H
#define PLAN_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "err.h"
#include "strs.h"

struct journal;

/* One command line. */
struct unit {
	struct conf c;
	struct fm_strs argv; /* its words, when it was not the user's own */
};

/* Units that belong together: a sweep file, or the command line. */
struct series {
	char *name; /* of the file, without folder and suffix; or NULL */
	struct unit *units;
	size_t n, cap;
};

struct plan {
	const struct conf *c; /* the command line */
	struct series *series;
	size_t n;
};

/* Reads what the command line names. `c` must outlive the plan. */
int plan_read(struct plan *p, const struct conf *c, struct fm_err *err);
void plan_release(struct plan *p);

/* Adds a unit with these words, which are taken. `metadata`: its own fields
 * for the records, or NULL. */
int plan_add(struct series *s, const struct conf *c, struct fm_strs *words,
    json_t *metadata, struct fm_err *err);

/* A unit's turn in a run. */
struct turn {
	const struct unit *unit;
	const char *series; /* its name, or NULL */
	size_t number;      /* of the unit in its series, from 0 */
	int64_t run;        /* from 1, over all series */
};

/* All turns in order, in a new array that the caller frees. */
struct turn *plan_turns(const struct plan *p, size_t *n);

/* Words for what was given on the command line, without what only says how
 * the sweep is run, and without the model. */
void plan_words(struct fm_strs *words, const struct conf *c);

#endif
