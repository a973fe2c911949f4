/*
 * A model on a platform: the backend that was started for it, what it said
 * of itself, and the model it has opened.
 */
#ifndef SESSION_H
#define SESSION_H

#include <jansson.h>
#include <stdbool.h>

#include "build.h"
#include "err.h"
#include "lock.h"
#include "model/model.h"
#include "peer.h"
#include "platform.h"
#include "shape.h"

struct conf;
struct journal;
struct place;
struct remote;
struct progress;
struct text;

/* What a session is told besides the options. */
struct errand {
	const char *platform;
	int wake_fd; /* readable: a signal came */
	struct journal *journal;
	struct progress *progress;
	const char *run_id;
	int64_t run;         /* from 1 */
	const char *series;  /* name of the sweep file, or NULL */
	size_t unit;         /* its number in the series, from 0 */
	struct place *place; /* NULL: anywhere */
};

struct session {
	const struct conf *c;
	struct text *t;
	struct errand e;
	struct lock_set locks; /* of the devices */
	struct platform p;
	struct remote *remote; /* where it runs, or NULL: here; not owned */
	struct fm_peer *peer;
	struct build build; /* what it was loaded from */
	struct fm_model m;
	bool has_model;
	struct shape shape;
	struct gen *gen; /* of a generation run, or NULL; not owned */
	char *work;      /* folder of files made for this model, or NULL */
	char *path;      /* of the model, where the backend reads it itself */
	json_t *dims;    /* sizes the backend has found out, or NULL */
	json_t *open;    /* the request; again for a fresh backend */
	json_t *sized; /* sizes in it, for a backend that wants them, or NULL */
	json_t *fill;  /* input: what fills it instead, for runs; or NULL */
	json_t *sys;   /* facts, after the answer */
	bool stale;    /* it has no model open, though it may live */
	bool used;     /* the backend has run a point since it was opened */
	double setup_s; /* seconds that session_again() took to open */
	char *name, *model_class; /* as printed in RES */
};

/* Starts the backend, here or on a host, and checks the options against what
 * it says. */
int session_start(struct session *s, const struct conf *c, struct text *t,
    const struct errand *e, struct fm_err *err);

/* Imports the model and checks the sizes; no device is touched. */
int session_import(struct session *s, struct fm_err *err);

/* Has the backend open the model; prints RUNTIME, MODEL, SETUP and SYS. */
int session_open(struct session *s, struct fm_err *err);

/*
 * Before a point: a backend that has opened the model for other sizes gets it
 * for these, built for them if need be; STAGE and SETUP lines tell of it.
 */
int session_fit(struct session *s, const json_t *dims, struct fm_err *err);

/* --build_only: prints MODEL with the stages; tells where the build is. */
int session_show_build(struct session *s, struct fm_err *err);

/* A fresh backend with the same model, after the old one has gone. */
int session_again(struct session *s, struct fm_err *err);

void session_end(struct session *s);

#endif
