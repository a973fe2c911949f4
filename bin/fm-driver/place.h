/*
 * Where points are measured: on which devices of which host, and that nobody
 * else uses them meanwhile.
 */
#ifndef PLACE_H
#define PLACE_H

#include <jansson.h>
#include <stddef.h>

#include "err.h"
#include "strs.h"

struct conf;
struct session;

/* Where a lane is. */
struct place {
	json_t *devices;       /* numbers, or NULL: whatever there is */
	const char *cpus;      /* CPU list, or NULL */
	const char *host;      /* or NULL: here */
	struct remote *remote; /* the host, once connected */
};

/* All places that the options name; at least one. */
struct places {
	struct place *v;
	size_t n;
	json_t *sets; /* owns the lists */
	struct fm_strs cpus;
};

/* The hosts of --host or $FM_HOST, for c->how.hosts: one that is named twice is
 * one host. */
int place_hosts(struct conf *c, struct fm_err *err);

int places_read(struct places *p, const struct conf *c, struct fm_err *err);
void places_release(struct places *p);

/* Connects to the host, if it is one and that has not been done. */
int place_open(struct session *s, struct fm_err *err);
/* What the backend is told of the place, in `open`. */
void place_request(struct session *s);
/* And the log, in SYS. */
void place_facts(const struct session *s, json_t *sys);
/* Locks the devices for as long as the session lasts. */
int place_lock(struct session *s, struct fm_err *err);

#endif
