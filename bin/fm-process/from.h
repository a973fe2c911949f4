/*
 * Results of other tools as records, so that they stand beside ours. A reader
 * knows one tool's files; what it finds of a point is put here, and becomes a
 * record by the same code as a point of a log.
 */
#ifndef FROM_H
#define FROM_H

#include <jansson.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "parse.h"
#include "point.h"
#include "rec.h"

/* One file of a tool. */
struct from {
	struct parse *ps;
	const char *path;
	const char *engine;     /* the tool's name */
	char run[FM_HASH_HEX];  /* of the file: the run_id of its points */
	const struct fm_buf *b; /* what is in it; not empty */
};

/* What a tool says of one point; texts live as long as the reader keeps them.
 * Numbers that it does not say: 0, and NAN for thp and setup. */
struct from_point {
	const char *model, *precision;
	int64_t input, output, batch, tp; /* tokens, tokens, sequences */
	int64_t begun_ns;                 /* since the epoch */
	double setup;                     /* seconds */
	double thp;          /* per second; NAN: from the latency */
	enum fm_code code;   /* of a point that failed, else FM_OK */
	const char *error;   /* and why */
	bool part;           /* there are results all the same */
	json_t *sys;         /* as a SYS line has them */
	struct fm_strs opts; /* "--name value" */
	struct fm_strs notes;
	struct samples dt;      /* every repetition */
	struct rec_given given; /* or only what the tool made of them */
};

void from_point_init(struct from_point *p);
void from_point_release(struct from_point *p);
/* Writes the record. */
void from_point_put(struct from *f, struct from_point *p);

/* A repetition of so many `unit_ns`. */
void from_sample(struct from_point *p, double v, double unit_ns);
void from_opt(struct from_point *p, const char *name, const char *value);
/* Sets input, output, batch or tp when `name` is one of these words. */
bool from_size(struct from_point *p, const char *name, const char *value);

/* "2025-04-24T11:57:09Z", "…+02:00": ns since the epoch, 0 = none. */
int64_t from_time(const char *s);

/* The whole file as JSON, or NULL with "FILE: not WHAT: …" in err. */
json_t *from_json(const struct from *f, const char *what, struct fm_err *err);
/* The same message; -1. */
int from_not(const struct from *f, const char *what, const char *why,
    struct fm_err *err);

/* The readers: 0, or -1 when the file is none of the tool's. */
typedef int from_reader(struct from *f, struct fm_err *err);
from_reader from_llama_bench, from_trtexec, from_hyperfine, from_gbench,
    from_ort_perf;

/* Reads a file for --from; `path` "-" is standard input. */
int from_read(struct parse *ps, const char *path, struct fm_err *err);

#endif
