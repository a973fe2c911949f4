/*
 * Running a session: an I/O binding per shape, and nothing but the run call
 * between the clock's readings.
 *
 * Outputs are allocated by the runtime in the first call of a shape: only it
 * knows their sizes, and a first call is cold anyway. Those whose shape
 * follows from the inputs' keep that memory for all later calls; the others
 * (detected objects, say) are allocated in each.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ort.h"

static void
release_values(struct ort *o)
{
	size_t k;

	for (k = 0; k < o->n_outputs; k++) {
		if (o->outputs[k].value)
			o->api.ReleaseValue(o->outputs[k].value);
		o->outputs[k].value = NULL;
	}
}

void
ort_unbind(struct ort *o)
{
	size_t i;

	release_values(o);
	if (o->binding)
		o->api.ReleaseIoBinding(o->binding);
	for (i = 0; i < o->n_inputs; i++)
		if (o->inputs[i].value)
			o->api.ReleaseValue(o->inputs[i].value);
	free(o->inputs);
	o->binding = NULL;
	o->inputs = NULL;
	o->n_inputs = 0;
	o->calls = 0;
}

static int
bind_inputs(struct ort *o, const struct fm_backend_point *p, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < o->n_inputs; i++)
		if (ort_api_check(&o->api,
			o->api.BindInput(
			    o->binding, p->inputs[i].name, o->inputs[i].value),
			p->inputs[i].name, err))
			return -1;
	return 0;
}

/* The next call allocates it, and calls after that write there again. */
static int
bind_output(struct ort *o, size_t k, struct fm_err *err)
{
	return ort_api_check(&o->api,
	    o->api.BindOutputToDevice(o->binding, o->outputs[k].name, o->host),
	    o->outputs[k].name, err);
}

int
ort_prepare(
    struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	struct ort *o = b->self;
	const struct ort_api *api = &o->api;
	size_t i;

	ort_unbind(o);
	if (ort_api_check(api, api->CreateIoBinding(o->session, &o->binding),
		"cannot bind", err))
		return -1;
	o->inputs = fm_calloc(p->n_inputs, sizeof *o->inputs);
	o->n_inputs = p->n_inputs;
	for (i = 0; i < p->n_inputs; i++) {
		struct fm_tensor *t = &p->inputs[i].t;

		if (ort_api_check(api,
			api->CreateTensorWithDataAsOrtValue(o->host, t->data,
			    fm_tensor_bytes(t), t->dims, (size_t)t->rank,
			    (int)t->type, &o->inputs[i].value),
			p->inputs[i].name, err))
			return -1;
	}
	for (i = 0; i < o->n_outputs; i++)
		if (bind_output(o, i, err))
			return -1;
	return bind_inputs(o, p, err);
}

/* The values of the last call. */
static int
take_values(struct ort *o, struct fm_err *err)
{
	const struct ort_api *api = &o->api;
	struct ort_value **values = NULL;
	size_t k, n = 0;

	release_values(o);
	if (ort_api_check(api,
		api->GetBoundOutputValues(
		    o->binding, o->allocator, &values, &n),
		"outputs", err))
		return -1;
	for (k = 0; k < n && k < o->n_outputs; k++)
		o->outputs[k].value = values[k];
	if (ort_api_check(
		api, api->AllocatorFree(o->allocator, values), "outputs", err))
		return -1;
	/* Those of one name are bound once. */
	if (n < o->n_outputs)
		return fm_err_set(err, FM_NOMODEL,
		    "the model has %zu outputs, and only %zu names for them",
		    o->n_outputs, n);
	return 0;
}

int
ort_stage(struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	struct ort *o = b->self;
	size_t k;

	for (k = 0; o->calls && k < o->n_outputs; k++)
		if (!o->outputs[k].follows && bind_output(o, k, err))
			return -1;
	if (!o->accelerator)
		return 0;
	/* Binding is what copies to a device. */
	if (bind_inputs(o, p, err))
		return -1;
	return ort_api_check(
	    &o->api, o->api.SynchronizeBoundInputs(o->binding), "inputs", err);
}

int
ort_call(struct fm_backend *b, struct fm_backend_point *p, struct fm_err *err)
{
	struct ort *o = b->self;
	struct ort_status *status;

	(void)p;
	status = o->api.RunWithBinding(o->session, NULL, o->binding);
	if (!status && o->accelerator)
		status = o->api.SynchronizeBoundOutputs(o->binding);
	o->calls++;
	return status ? ort_api_check(&o->api, status, "run", err) : 0;
}

/* --- output --- */

static int
view_value(const struct ort *o, const struct output *out,
    struct fm_tensor *view, struct fm_err *err)
{
	const struct ort_api *api = &o->api;
	struct ort_shape_info *shape = NULL;
	int type = 0, rc;
	size_t rank = 0;

	rc = ort_api_check(
	    api, api->GetValueType(out->value, &type), out->name, err);
	if (rc == 0 && type != ORT_TYPE_TENSOR)
		return fm_err_set(err, FM_USAGE,
		    "output '%s' is not a tensor but a sequence, map or "
		    "optional value, which cannot be written",
		    out->name);
	if (rc ||
	    ort_api_check(api, api->GetTensorTypeAndShape(out->value, &shape),
		out->name, err))
		return -1;
	if (ort_api_check(
		api, api->GetTensorElementType(shape, &type), out->name, err) ||
	    ort_api_check(
		api, api->GetDimensionsCount(shape, &rank), out->name, err))
		rc = -1;
	if (rc == 0 && fm_type_size((enum fm_type)type) == 0)
		rc = fm_err_set(err, FM_USAGE,
		    "output '%s' has element type '%s', which cannot be "
		    "written",
		    out->name, fm_type_name((enum fm_type)type));
	if (rc == 0 && rank > FM_DIMS_MAX)
		rc = fm_err_set(err, FM_USAGE,
		    "output '%s' has %zu dimensions, at most %d are possible",
		    out->name, rank, FM_DIMS_MAX);
	if (rc == 0)
		rc = ort_api_check(api,
		    api->GetDimensions(shape, view->dims, rank), out->name,
		    err);
	if (rc == 0)
		rc = ort_api_check(api,
		    api->GetTensorMutableData(out->value, &view->data),
		    out->name, err);
	view->type = (enum fm_type)type;
	view->rank = (int)rank;
	api->ReleaseTensorTypeAndShapeInfo(shape);
	return rc;
}

int
ort_output(struct fm_backend *b, size_t k, const char **name,
    struct fm_tensor *view, struct fm_err *err)
{
	struct ort *o = b->self;

	if (k >= o->n_outputs)
		return 0;
	if (k == 0 && take_values(o, err))
		return -1;
	*name = o->outputs[k].name;
	return view_value(o, &o->outputs[k], view, err) ? -1 : 1;
}
