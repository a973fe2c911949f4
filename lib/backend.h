/*
 * The backend's end of the conversation with fm-driver (fm-backend(7)): loop,
 * framing, inputs, timing, hang-up watchdog. A backend in C is a table of
 * functions and a main() that returns fm_backend_main(&ops).
 *
 * Every function returns 0, or -1 with err set; after an error the backend
 * goes on as if it had not been asked.
 */
#ifndef FM_BACKEND_H
#define FM_BACKEND_H

#include <jansson.h>
#include <stdint.h>

#include "buf.h"
#include "clock.h"
#include "err.h"
#include "feed.h"
#include "tensor.h"

/*
 * An option and how its value is kept in b->options:
 *   int float bool str   a JSON integer, real, boolean, string
 *   a|b|c                the string that was chosen
 *   list                 an array of strings; given as one or as "a,b"
 *   set                  an object of strings, any keys
 */
struct fm_backend_opt {
	const char *name;
	const char *type;
	const char *def;  /* as text; "" = none, then absent from b->options */
	const char *help; /* one sentence, no full stop */
	double min, max;  /* of int and float; both 0 = any */
};

/* What is being measured. */
struct fm_backend_point {
	int64_t input, output, batch; /* tokens, tokens, sequences */
	int64_t rep;                  /* 1 for the first one ever timed; 0 and
				       * below during warm-up */
	int64_t number;               /* runs with "first" 1 up to this one,
				       * since the process began */
	uint64_t seed;
	const json_t *dims; /* name of an open dimension: size */
	size_t n_inputs;
	struct fm_feed_input *inputs;
};

struct fm_backend {
	struct fm_clock clock;
	int out_fd;        /* the private copy of stdout */
	struct fm_buf out; /* lines not written yet */
	void *self;        /* the backend's own state */
	json_t *options;   /* from open, checked against ops->opts */
	json_t *model;     /* from open */
	int64_t setup_ns;  /* open may set what SETUP says; -1 = the time it
			    * took */
};

struct fm_backend_ops {
	const char *name;                  /* "ort" */
	const char *const *caps;           /* CAP words, NULL at the end */
	const struct fm_backend_opt *opts; /* ended by name = NULL */
	size_t self_size;                  /* bytes of state, cleared once */

	/* Appends FMWORK DEV lines: <id> <name>. */
	int (*devices)(struct fm_backend *b, struct fm_err *err);
	/* Appends a line FMWORK VERSION <text>: of the software that decides
	 * what comes of a build. NULL: fm's own version. */
	int (*version)(struct fm_backend *b, struct fm_err *err);
	/* Compiles b->model with b->options into files of the folder `dir`,
	 * and appends a line FMWORK ARTIFACT <name> [groqview] for each. The
	 * request has "inputs", and "dims" for fixed shapes. */
	int (*build)(struct fm_backend *b, const json_t *request,
	    const char *dir, struct fm_err *err);
	/* Loads b->model with b->options; adds facts to `sys`, where
	 * "settings" holds the options already: what is in effect may
	 * differ, and what does not matter for times may be removed. */
	int (*open)(struct fm_backend *b, json_t *sys, struct fm_err *err);
	/* New shapes (all inputs are shaped, not filled): binds buffers. */
	int (*prepare)(struct fm_backend *b, struct fm_backend_point *p,
	    struct fm_err *err);
	/* Untimed, after inputs are filled: moves them to the device. */
	int (*stage)(struct fm_backend *b, struct fm_backend_point *p,
	    struct fm_err *err);
	/* The device call and nothing else: stands between two clock
	 * readings, and waits for the device to finish. */
	int (*call)(struct fm_backend *b, struct fm_backend_point *p,
	    struct fm_err *err);
	/* Answers a run by itself, with fm_backend_say(), in place of
	 * prepare, stage and call: for a backend that knows its times from
	 * elsewhere. */
	int (*run)(
	    struct fm_backend *b, const json_t *request, struct fm_err *err);
	/* Answers with fm_backend_say("FMWORK PROF ...") for every row of one
	 * repetition of the point (fm-backend(7)). Inputs are filled, unless
	 * there is a `run`. */
	int (*profile)(struct fm_backend *b, struct fm_backend_point *p,
	    struct fm_err *err);
	/* Untimed, after call: the k-th output, for infer; its name and data
	 * stay the backend's until the next call. 1 = there is one, 0 = no
	 * more. */
	int (*output)(struct fm_backend *b, size_t k, const char **name,
	    struct fm_tensor *view, struct fm_err *err);
	/* Releases what open and prepare made, also when they failed. */
	void (*close)(struct fm_backend *b);
};

/* `call` or `run` must be there; the other functions may be NULL. */
int fm_backend_main(const struct fm_backend_ops *ops);

/* Appends a line the backend wants to send besides (OBS …). */
void fm_backend_say(struct fm_backend *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Checks the options of a request (NULL = none) against the table of backend
 * `name` and adds defaults. New reference, or NULL.
 */
json_t *fm_backend_options(const char *name, const struct fm_backend_opt *opts,
    const json_t *given, struct fm_err *err);

#endif
