/*
 * Models that the torch backend has found, in a script or in a file of
 * PyTorch's, and what became of their exports. The build's stage `export`
 * puts them into the cache.
 */
#ifndef FOUND_H
#define FOUND_H

#include <jansson.h>
#include <stdbool.h>

#include "script.h"

struct fm_peer;

/* A script, or a file, on its way. */
struct script {
	const struct conf *c;
	struct text *t;
	int wake_fd; /* readable: a signal came */
	char *path;
	json_t *hashes; /* the models wanted, or NULL for all */
	char *work;     /* a folder for what the backend writes */
	char *stem;     /* first part of the builds' names */
	json_t *found;  /* FOUND of those that were chosen */
	json_t *all; /* where to put what is found instead of text, or NULL */
	bool failed;
};

/* One of its models. */
struct found {
	json_t *facts;    /* as the backend told of it (FOUND) */
	const char *name; /* SCRIPT_HASH: of its build, and in the log */
	const char *dir;  /* below it a folder for each format */
	json_t *exports;  /* format: {status, seconds, text}, as far as made */
};

/* Does the platform's backend load files of PyTorch's by itself? */
bool found_loads(const struct conf *c, const char *platform);

/*
 * Has `*peer`, which has run the script, export what was found, and ends it;
 * then calls `f` for each model, or does what else is asked for. 0, s->failed
 * telling of models, or -1 with err.
 */
int found_use(struct script *s, struct fm_peer **peer, script_measure *f,
    void *arg, struct fm_err *err);

/* Its export, below the folder; the caller frees. */
char *found_path(const struct found *f, bool native);

/* "model.onnx" or "model.pt2"; `native` is for the torch backend. */
static inline const char *
found_format(bool native)
{
	return native ? "pt2" : "onnx";
}

#endif
