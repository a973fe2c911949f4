/*
 * Sums of a profile. Its events of category "Node" whose name ends in
 * "_kernel_time" are the calls of the operators' kernels; the rest is
 * bookkeeping, and "model_run" the whole of a run.
 */
#include "profile.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "err.h"
#include "io.h"
#include "json.h"
#include "num.h"

struct sum {
	char *name, *op, *provider;
	int64_t count, total_us;
};

struct sums {
	struct sum *v;
	size_t n, cap;
	json_t *index; /* name: position */
};

static void
sums_release(struct sums *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].op);
		free(s->v[i].provider);
	}
	free(s->v);
	json_decref(s->index);
}

static void
sums_add(struct sums *s, const char *name, const char *op, const char *provider,
    int64_t us)
{
	json_t *at = json_object_get(s->index, name);
	struct sum *sum;

	if (at) {
		assert(s->v != NULL);
		sum = &s->v[json_integer_value(at)];
	} else {
		FM_GROW(s->v, s->cap, s->n + 1);
		sum = &s->v[s->n];
		memset(sum, 0, sizeof *sum);
		sum->name = fm_strdup(name);
		sum->op = fm_strdup(op);
		sum->provider = fm_strdup(provider);
		(void)json_object_set_new(
		    s->index, name, json_integer((json_int_t)s->n));
		s->n++;
	}
	sum->count++;
	sum->total_us += us;
}

/* The most time first; equal ones by name. */
static int
by_total(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	if (x->total_us != y->total_us)
		return x->total_us < y->total_us ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* --- reading ------------------------------------------------------------- */

/* A process that died leaves a list without its end: what is whole counts. */
static json_t *
mend(struct fm_buf *text)
{
	json_t *v = NULL;
	size_t n = text->len;
	int tries;

	for (tries = 0; v == NULL && n > 0 && tries < 8; tries++) {
		while (n > 0 && text->s[n - 1] != '}')
			n--;
		text->len = n;
		fm_buf_putc(text, ']');
		v = json_loadb(text->s, text->len, 0, NULL);
		n -= n > 0;
	}
	return v;
}

static json_t *
load(const char *path, struct fm_err *err)
{
	struct fm_buf text = FM_BUF_INIT;
	json_t *v = NULL;

	if (fm_io_read_file(path, &text, err) == 0) {
		v = json_loadb(text.s, text.len, 0, NULL);
		if (v == NULL)
			v = mend(&text);
		if (!json_is_array(v)) {
			(void)fm_err_set(err, FM_IO,
			    "%s: not a profile: it must be a JSON list of "
			    "events",
			    path);
			json_decref(v);
			v = NULL;
		}
	}
	fm_buf_release(&text);
	return v;
}

static void
add_event(struct sums *ops, struct sums *nodes, const json_t *event)
{
	static const char suffix[] = "_kernel_time";
	const char *name = fm_json_str(event, "name", "");
	const json_t *args = json_object_get(event, "args");
	const char *op = fm_json_str(args, "op_name", "");
	const char *provider = fm_json_str(args, "provider", "");
	int64_t us = fm_json_int(event, "dur", -1);
	size_t n = strlen(name), k = sizeof suffix - 1;
	char *node;

	if (strcmp(fm_json_str(event, "cat", ""), "Node") != 0 || n <= k ||
	    strcmp(name + n - k, suffix) != 0 || us < 0)
		return;
	node = fm_strndup(name, n - k);
	sums_add(ops, op[0] ? op : "?", op, provider, us);
	sums_add(nodes, node, op, provider, us);
	free(node);
}

/* --- writing ------------------------------------------------------------- */

static void
put_sum(struct emit *e, const char *kind, const struct sum *s, int64_t all)
{
	bool node = strcmp(kind, "node") == 0;

	emit_open(e, '{');
	emit_key(e, "kind");
	emit_str(e, kind, strlen(kind));
	emit_key(e, "name");
	emit_str(e, s->name, strlen(s->name));
	emit_key(e, "op");
	emit_str(e, node ? s->op : s->name, strlen(node ? s->op : s->name));
	emit_key(e, "provider");
	emit_str(e, s->provider, strlen(s->provider));
	emit_key(e, "count");
	emit_int(e, s->count);
	emit_key(e, "total_us");
	emit_int(e, s->total_us);
	emit_key(e, "mean_us");
	emit_scaled(e, (s->total_us * 1000 + s->count / 2) / s->count, 3, 1);
	emit_key(e, "share");
	emit_scaled(e, all ? (s->total_us * 10000 + all / 2) / all : 0, 4, 1);
	emit_close(e, '}');
}

static void
put_sums(struct out *o, const char *kind, struct sums *s)
{
	int64_t all = 0;
	size_t i;

	if (s->n)
		qsort(s->v, s->n, sizeof *s->v, by_total);
	for (i = 0; i < s->n; i++)
		all += s->v[i].total_us;
	for (i = 0; i < s->n; i++) {
		put_sum(out_begin(o), kind, &s->v[i], all);
		out_end(o);
	}
}

int
profile_read(const struct conf *c, struct out *o, struct fm_err *err)
{
	struct sums ops = { NULL, 0, 0, json_object() };
	struct sums nodes = { NULL, 0, 0, json_object() };
	json_t *events = load(c->profile, err);
	size_t i;
	int rc = -1;

	for (i = 0; i < json_array_size(events); i++)
		add_event(&ops, &nodes, json_array_get(events, i));
	if (events && nodes.n == 0) {
		(void)fm_err_set(err, FM_IO,
		    "%s: no event of a node in this profile", c->profile);
	} else if (events) {
		put_sums(o, "operator", &ops);
		put_sums(o, "node", &nodes);
		rc = 0;
	}
	json_decref(events);
	sums_release(&ops);
	sums_release(&nodes);
	return rc;
}
