/*
 * share/platforms.yaml: which backend serves a platform, what it takes, and
 * where its program is.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <jansson.h>
#include <stdbool.h>

#include "err.h"
#include "strs.h"

struct platform {
	char *name;    /* "cpu"; "cuda:1" is the second one */
	char *device;  /* what follows the colon, for backends of configs */
	char *backend; /* "ort" */
	bool known;    /* the table has a row for the backend */
	bool needs_model;
	bool plain_model;       /* the model's path is all the backend wants */
	bool loads;             /* a model's folder is loaded by the backend */
	struct fm_strs sets;    /* sub-option sets it takes */
	struct fm_strs shows;   /* sets of the RUNTIME block */
	struct fm_strs ignores; /* and those it may be given in vain */
	struct fm_strs brings;  /* files that go with it to other hosts */
	char *threads;          /* its own name for --threads, or NULL */
	char *visible;          /* variable that lists its devices, or NULL */
	bool measures;          /* a device is used: others must wait */
	struct fm_strs argv;    /* the command that starts it; none when it
				 * is not here */
};

/*
 * `backend` "local", "remote" or NULL: the platform's own. `via`: words in
 * front of the command, or NULL. After FM_NODEVICE all is known but `argv`:
 * its program is not here.
 */
int platform_find(struct platform *p, const char *name, const char *backend,
    const char *via, struct fm_err *err);
void platform_release(struct platform *p);

#endif
