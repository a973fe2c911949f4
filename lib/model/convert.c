/*
 * From single precision to 16 bits, on the unpacked file. Which values are
 * float is found by following types through the graph; where an operator
 * stays in single precision, casts are put around it. Of those, some read
 * numbers that sizes depend on, or that all data is scaled by: the scales of
 * a Resize, the limits of a Range, an exponent. Eight bits are not enough for
 * them, so in a conversion to bfloat16 they stay as they are, and so does
 * what they are computed from, unless it is used for other things, too.
 */
#include "model/convert.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "err.h"
#include "json.h"
#include "model/convert_job.h"
#include "model/onnx.h"
#include "tensor.h"

enum {
	OPSET_BF16 = 13, /* the first with bfloat16 for most operators */
	DEPTH_MAX = 16   /* of bodies in bodies */
};

/* --- types ---------------------------------------------------------------- */

static bool
was_float(const struct fm_convert *j, const char *name)
{
	return json_object_get(j->floats, name) != NULL;
}

static bool
is_changed(const struct fm_convert *j, const char *name)
{
	return json_is_true(json_object_get(j->floats, name));
}

static bool
is_kept(const struct fm_convert *j, const char *name)
{
	return was_float(j, name) && !is_changed(j, name);
}

static void
set_float(struct fm_convert *j, const char *name, bool changed)
{
	if (name && *name)
		json_object_set_new(j->floats, name, json_boolean(changed));
}

static void
convert_type(struct fm_convert *j, Onnx__ValueInfoProto *v)
{
	Onnx__TypeProto *t = v->type;

	while (t && t->value_case == ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE)
		t = t->sequence_type->elem_type;
	if (t && t->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
	    t->tensor_type->elem_type == FM_TYPE_FLOAT &&
	    !is_kept(j, v->name ? v->name : "")) {
		t->tensor_type->elem_type = (int32_t)j->type;
		j->n_changed++;
	}
}

static bool
says_float(const Onnx__ValueInfoProto *v)
{
	return v->type &&
	       v->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
	       v->type->tensor_type->elem_type == FM_TYPE_FLOAT;
}

/* --- operators that stay -------------------------------------------------- */

static Onnx__NodeProto *
new_cast(struct fm_convert *j, const char *from, const char *to, int32_t type)
{
	Onnx__NodeProto *n = fm_malloc(sizeof *n);
	Onnx__AttributeProto *a = fm_malloc(sizeof *a);

	onnx__node_proto__init(n);
	onnx__attribute_proto__init(a);
	a->name = fm_strdup("to");
	a->has_i = 1;
	a->i = type;
	a->has_type = 1;
	a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
	n->op_type = fm_strdup("Cast");
	n->name = fm_strdupf("%s_cast_%" PRId64,
	    j->type == FM_TYPE_FLOAT16 ? "half" : "bf16", j->n_casts++);
	n->n_input = n->n_output = n->n_attribute = 1;
	n->input = fm_malloc(sizeof *n->input);
	n->output = fm_malloc(sizeof *n->output);
	n->attribute = fm_malloc(sizeof(void *));
	n->input[0] = fm_strdup(from);
	n->output[0] = fm_strdup(to);
	n->attribute[0] = a;
	return n;
}

/* Nodes in order, while casts are put among them. */
struct nodes {
	Onnx__NodeProto **v; /* room for a cast at every input and output */
	size_t n;
};

static void
push(struct nodes *l, Onnx__NodeProto *n)
{
	l->v[l->n++] = n;
}

static char *
rename_to(struct fm_convert *j, char *old)
{
	char *new = fm_strdupf("%s_single_%" PRId64, old, j->n_casts);

	free(old);
	return new;
}

static bool
has(unsigned bits, size_t k)
{
	return bits >> (k < 7 ? k : 7) & 1;
}

/* Counts what has got casts, for the notes. */
static void
count_stay(
    struct fm_convert *j, const char *op, const struct fm_convert_stay *s)
{
	char *why =
	    s->until
		? fm_strdupf(", bfloat16 of it needs opset %" PRId64, s->until)
		: fm_strdup("");
	char *key = fm_strdupf("%s with casts to single precision%s", op, why);

	fm_json_set_int(j->stayed, key, fm_json_int(j->stayed, key, 0) + 1);
	free(key);
	free(why);
}

/* The node with casts before and behind it. */
static void
wrap(struct fm_convert *j, struct nodes *l, Onnx__NodeProto *n,
    const struct fm_convert_stay *s)
{
	bool made = fm_convert_makes_float(j, n);
	int64_t before = j->n_casts;

	for (size_t i = 0; i < n->n_input; i++) {
		char *from = n->input[i];

		if (!*from || !is_changed(j, from) || !has(s->inputs, i))
			continue;
		n->input[i] = rename_to(j, fm_strdup(from));
		push(l, new_cast(j, from, n->input[i], FM_TYPE_FLOAT));
		free(from);
	}
	push(l, n);
	for (size_t i = 0; i < n->n_output; i++) {
		char *to = n->output[i];
		bool follows = made && fm_convert_follows(n, i);

		if (!*to || (!made && has(s->outputs, 0)))
			continue;
		if (!has(s->outputs, i)) {
			if (follows)
				set_float(j, to, s->inputs != FM_CONVERT_ALL);
			continue;
		}
		set_float(j, to, true);
		n->output[i] = rename_to(j, fm_strdup(to));
		push(l, new_cast(j, n->output[i], to, (int32_t)j->type));
		free(to);
	}
	if (j->n_casts > before)
		count_stay(j, n->op_type ? n->op_type : "", s);
}

/* --- what stays as it is -------------------------------------------------- */

static bool
has_body(const Onnx__NodeProto *n)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (n->attribute[i]->g)
			return true;
	return false;
}

/* Is it used for numbers that must be exact, and for nothing else? */
static bool
is_exact(const struct fm_convert *j, const char *name)
{
	return json_is_false(json_object_get(j->uses, name));
}

static bool
makes_exact(const struct fm_convert *j, const Onnx__NodeProto *n)
{
	bool any = false;

	for (size_t i = 0; i < n->n_output; i++) {
		if (json_is_true(json_object_get(j->uses, n->output[i])))
			return false;
		any |= is_exact(j, n->output[i]);
	}
	return any && !has_body(n);
}

static void
set_use(struct fm_convert *j, const char *name, bool exact)
{
	if (!exact)
		json_object_set_new(j->uses, name, json_true());
	else if (!json_object_get(j->uses, name))
		json_object_set_new(j->uses, name, json_false());
}

static void find_uses(
    struct fm_convert *j, const Onnx__GraphProto *g, int depth);

static void
find_uses_of(struct fm_convert *j, const Onnx__NodeProto *n, int depth)
{
	struct fm_convert_stay s;
	bool exact = makes_exact(j, n), stays = fm_convert_stays(j, n, &s);

	for (size_t k = 0; k < n->n_input; k++) {
		bool single = stays && !s.never && has(s.inputs, k);

		if (exact || (single && has(s.exact, k)))
			set_use(j, n->input[k], true);
		else if (!single)
			set_use(j, n->input[k], false);
	}
	for (size_t k = 0; k < n->n_attribute; k++)
		if (n->attribute[k]->g && depth < DEPTH_MAX)
			find_uses(j, n->attribute[k]->g, depth + 1);
}

/* From the last node to the first: what makes exact numbers needs such. */
static void
find_uses(struct fm_convert *j, const Onnx__GraphProto *g, int depth)
{
	for (size_t i = 0; i < g->n_output; i++)
		if (g->output[i]->name)
			set_use(j, g->output[i]->name, false);
	for (size_t i = g->n_node; i-- > 0;)
		find_uses_of(j, g->node[i], depth);
}

/* --- the graph ------------------------------------------------------------ */

static int convert_graph(struct fm_convert *j, Onnx__GraphProto *g, int depth);

/* What comes out of a body comes out of its node; a Loop's condition does
 * not. */
static void
give_outputs(
    struct fm_convert *j, const Onnx__NodeProto *n, const Onnx__GraphProto *g)
{
	size_t skip = n->op_type && strcmp(n->op_type, "Loop") == 0;

	for (size_t i = skip; i < g->n_output && i - skip < n->n_output; i++)
		if (g->output[i]->name && is_changed(j, g->output[i]->name))
			set_float(j, n->output[i - skip], true);
}

static int
convert_attributes(struct fm_convert *j, Onnx__NodeProto *n, int depth)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n->n_attribute; i++) {
		Onnx__AttributeProto *a = n->attribute[i];

		if (fm_convert_is_type(a) && a->i == FM_TYPE_FLOAT)
			a->i = j->type;
		if (a->t)
			rc = fm_convert_tensor(j, a->t, false, false);
		if (rc == 0 && a->g && depth == DEPTH_MAX)
			rc = fm_err_set(
			    j->err, FM_NOMODEL, "bodies are nested too deep");
		else if (rc == 0 && a->g)
			rc = convert_graph(j, a->g, depth + 1);
		if (rc == 0 && a->g)
			give_outputs(j, n, a->g);
	}
	return rc;
}

/* Values that are no tensors cannot be cast: of a body's, only those that
 * are not float are good. */
static int
check_never(struct fm_convert *j, const Onnx__NodeProto *n,
    const struct fm_convert_stay *s)
{
	bool good = false;

	for (size_t i = 0; i < n->n_attribute; i++)
		good |= n->attribute[i]->g != NULL;
	for (size_t i = 0; i < n->n_output; i++)
		good &= !is_changed(j, n->output[i]);
	if (good)
		return 0;
	if (s->until)
		return fm_err_set(j->err, FM_NOMODEL,
		    "operator '%.40s' cannot hold bfloat16 in opset %" PRId64
		    ": export the model with opset %" PRId64 " or newer",
		    n->op_type, j->opset, s->until);
	return fm_err_set(j->err, FM_NOMODEL,
	    "operator '%.40s' cannot hold bfloat16 in any opset: export the "
	    "model without it, or use fp16",
	    n->op_type);
}

static int
convert_node(
    struct fm_convert *j, struct nodes *l, Onnx__NodeProto *n, int depth)
{
	struct fm_convert_stay s;
	bool stays = fm_convert_stays(j, n, &s);
	int rc;

	if (makes_exact(j, n)) {
		wrap(j, l, n,
		    &(struct fm_convert_stay){ .inputs = FM_CONVERT_ALL });
		return 0;
	}
	if (stays && !s.never) {
		wrap(j, l, n, &s);
		return 0;
	}
	push(l, n);
	if (fm_convert_makes_float(j, n))
		for (size_t k = 0; k < n->n_output; k++)
			if (fm_convert_follows(n, k))
				set_float(j, n->output[k], true);
	rc = convert_attributes(j, n, depth);
	return rc == 0 && stays ? check_never(j, n, &s) : rc;
}

static int
convert_nodes(struct fm_convert *j, Onnx__GraphProto *g, int depth)
{
	struct nodes l = { NULL, 0 };
	size_t room = 1, i;
	int rc = 0;

	for (i = 0; i < g->n_node; i++)
		room += 1 + g->node[i]->n_input + g->node[i]->n_output;
	l.v = fm_calloc(room, sizeof(void *));
	for (i = 0; rc == 0 && i < g->n_node; i++)
		rc = convert_node(j, &l, g->node[i], depth);
	for (; i < g->n_node; i++) /* all are released with the graph */
		push(&l, g->node[i]);
	free(g->node);
	g->node = l.v;
	g->n_node = l.n;
	return rc;
}

static int
convert_graph(struct fm_convert *j, Onnx__GraphProto *g, int depth)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < g->n_initializer; i++) {
		Onnx__TensorProto *t = g->initializer[i];
		bool exact = t->name && is_exact(j, t->name);

		if (t->data_type == FM_TYPE_FLOAT)
			set_float(j, t->name, !exact);
		rc = fm_convert_tensor(j, t, exact, true);
	}
	for (size_t i = 0; i < g->n_input; i++) {
		Onnx__ValueInfoProto *v = g->input[i];

		if (says_float(v) && v->name && !is_kept(j, v->name))
			set_float(j, v->name, true);
		convert_type(j, v);
	}
	if (rc == 0)
		rc = convert_nodes(j, g, depth);
	for (size_t i = 0; i < g->n_output; i++)
		convert_type(j, g->output[i]);
	for (size_t i = 0; i < g->n_value_info; i++)
		convert_type(j, g->value_info[i]);
	return rc;
}

/* The standard operators' version; 0 without any of them, even Cast. */
static int64_t
opset_of(const Onnx__ModelProto *p)
{
	for (size_t i = 0; i < p->n_opset_import; i++) {
		const char *domain = p->opset_import[i]->domain;

		if (!domain || !*domain || strcmp(domain, "ai.onnx") == 0)
			return p->opset_import[i]->version;
	}
	return 0;
}

static int
convert_model(struct fm_convert *j, Onnx__ModelProto *p)
{
	int rc;

	j->opset = opset_of(p);
	if (j->type == FM_TYPE_BFLOAT16 && j->opset < OPSET_BF16)
		return fm_err_set(j->err, FM_NOMODEL,
		    "its operators are those of opset %" PRId64
		    ", and bfloat16 begins with %d: export the model with "
		    "opset %d or newer",
		    j->opset, OPSET_BF16, OPSET_BF16);
	if (j->type == FM_TYPE_BFLOAT16)
		find_uses(j, p->graph, 0);
	rc = convert_graph(j, p->graph, 0);
	if (rc == 0 && j->n_changed == 0 &&
	    strcmp(j->m->dtype, fm_type_name(j->type)) != 0)
		rc = fm_err_set(j->err, FM_NOMODEL,
		    "nothing in it is float that could be converted; its "
		    "weights are %s",
		    j->m->dtype);
	return rc;
}

static void
put_notes(const struct fm_convert *j, struct fm_strs *notes)
{
	const char *what;
	json_t *n;

	json_object_foreach (j->stayed, what, n)
		fm_strs_add_take(
		    notes, fm_strdupf("%" PRId64 " %s",
			       (int64_t)json_integer_value(n), what));
}

/* --- files ---------------------------------------------------------------- */

static int
open_files(struct fm_convert *j)
{
	int rc = 0;

	j->maps = fm_calloc(j->m->files.n + 1, sizeof *j->maps);
	for (size_t i = 0; rc == 0 && i < j->m->files.n; i++) {
		char *path = fm_io_join(j->m->weights, j->m->files.v[i]);

		rc = fm_map_open(&j->maps[i], path, j->err);
		free(path);
	}
	return rc;
}

static int
write_graph(const Onnx__ModelProto *p, const char *path, struct fm_err *err)
{
	size_t n = onnx__model_proto__get_packed_size(p);
	uint8_t *bytes = fm_malloc(n + 1);
	struct fm_out o;
	int rc = fm_out_open(&o, path, err);

	if (rc == 0) {
		n = onnx__model_proto__pack(p, bytes);
		(void)fwrite(bytes, 1, n, o.f);
		rc = fm_out_close(&o, err);
	}
	free(bytes);
	return rc;
}

static int
convert_files(struct fm_convert *j, Onnx__ModelProto *p, const char *dir,
    const char *name)
{
	char *weights_path = fm_io_join(dir, j->weights_name);
	char *path = fm_strdupf("%s/%s.onnx", dir, name);
	int rc = open_files(j);

	if (rc == 0)
		rc = fm_out_open(&j->weights, weights_path, j->err);
	if (rc == 0) {
		rc = convert_model(j, p);
		if (rc == 0)
			rc = fm_out_close(&j->weights, j->err);
		else
			fm_out_abandon(&j->weights);
	}
	if (rc == 0)
		rc = write_graph(p, path, j->err);
	for (size_t i = 0; i < j->m->files.n; i++)
		fm_map_release(&j->maps[i]);
	free(j->maps);
	free(path);
	free(weights_path);
	return rc;
}

int
fm_model_convert(const struct fm_model *m, enum fm_type type, const char *dir,
    const char *name, struct fm_strs *notes, struct fm_err *err)
{
	Onnx__ModelProto *p = fm_onnx_unpack(m->graph, err);
	char *weights = fm_strdupf("%s.weights", name);
	struct fm_convert j = { .m = m,
		.type = type,
		.weights_name = weights,
		.floats = json_object(),
		.uses = json_object(),
		.stayed = json_object(),
		.err = err };
	int rc = p ? convert_files(&j, p, dir, name) : -1;

	if (rc == 0)
		put_notes(&j, notes);
	if (p)
		onnx__model_proto__free_unpacked(p, NULL);
	json_decref(j.floats);
	json_decref(j.uses);
	json_decref(j.stayed);
	free(weights);
	return rc;
}
