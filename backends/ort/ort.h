/*
 * A model in a session of ONNX Runtime, with the buffers of one shape.
 */
#ifndef FM_ORT_H
#define FM_ORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api.h"
#include "backend.h"

struct output {
	char *name;              /* the runtime's allocator frees it */
	bool follows;            /* its shape is fixed or named dimensions */
	struct ort_value *value; /* of the last call, once asked for */
};

struct input {
	struct ort_value *value; /* a view of the input's host memory */
};

struct ort {
	struct ort_api api;
	struct ort_env *env;
	struct ort_session *session;
	struct ort_memory_info *host;
	struct ort_allocator *allocator; /* the runtime's own, not ours */
	bool accelerator;                /* inputs are copied to a device */
	size_t n_outputs;
	struct output *outputs;

	struct ort_binding *binding; /* for the shapes prepared last */
	size_t n_inputs;
	struct input *inputs;
	int64_t calls; /* with this binding */
};

/*
 * A session of b->model with these options, which are made for it and go
 * with it; *provider (the caller frees) is the first one asked for. `prefix`
 * is that of the file its profile goes to, or NULL.
 */
int ort_session_open(struct fm_backend *b, const char *prefix,
    struct ort_session **session, char **provider, struct fm_err *err);

/* run.c: struct fm_backend_ops */
int ort_prepare(
    struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err);
int ort_stage(
    struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err);
int ort_call(
    struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err);
int ort_output(struct fm_backend *b, size_t k, const char **name,
    struct fm_tensor *view, struct fm_err *err);

/* Lets go of the buffers and the binding of the shapes prepared last. */
void ort_unbind(struct ort *o);

/* profile.c: struct fm_backend_ops */
int ort_profile(
    struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err);

#endif
