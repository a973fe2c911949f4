/*
 * What the columns of tables and the names in conditions mean: the fields of
 * a record under the names that people use, their heads and units. Any other
 * name is a path into the record: noise.steal, sim.mj_per_token.
 */
#ifndef FIELD_H
#define FIELD_H

#include <stdbool.h>
#include <stddef.h>

enum field_kind {
	FIELD_PATH,    /* the member at `path`, times `scale` */
	FIELD_LATENCY, /* time of a batch; without statistics from itl */
	FIELD_TIME,    /* timestamp as a number of seconds */
	FIELD_DATE,    /* timestamp as a date and time, UTC */
	FIELD_WHAT     /* opts, without what only says where and how often */
};

struct field {
	const char *name;
	const char *head; /* of its column; NULL = name */
	const char *unit; /* "" = none */
	const char *path; /* in the record; NULL = name */
	double scale;     /* 0 = 1 */
	enum field_kind kind;
	int better; /* -1: less is, 1: more is, 0: neither */
};

/* NULL for a name that is a path. */
const struct field *field_find(const char *name);

/* The fields that define a point, NULL-terminated. */
extern const char *const field_identity[];

/*
 * The words of `opts`, a JSON list as text, that bear on the measurement:
 * without lists of sizes, numbers of repetitions and places of files. The
 * caller frees.
 */
char *field_what(const char *opts, size_t n);

#endif
