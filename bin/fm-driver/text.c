/*
 * The text around the FMWORK lines. Byte for byte what fmwork 1.x prints for
 * the arguments it knows.
 */
#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "conf.h"
#include "journal.h"
#include "json.h"
#include "model/model.h"
#include "num.h"
#include "platform.h"
#include "pyval.h"
#include "record.h"
#include "sweep.h"

enum {
	FLUSH_NS = 50000000,
	FLUSH_BYTES = 65536
};

void
text_init(struct text *t, struct journal *j)
{
	memset(t, 0, sizeof *t);
	fm_buf_init(&t->b);
	fm_buf_init(&t->sys);
	t->j = j;
	t->flushed_ns = fm_clock_now_ns();
}

void
text_release(struct text *t)
{
	fm_buf_release(&t->b);
	fm_buf_release(&t->sys);
}

/* What is written belongs to the SYS line before it. */
static int
write_out(struct text *t, bool sync, struct fm_err *err)
{
	struct journal *j = t->j;
	int rc = 0;

	(void)pthread_mutex_lock(&j->lock);
	if (j->deferred.len && t->b.len) {
		rc = journal_write(
		    j, j->deferred.s, j->deferred.len, false, err);
		fm_buf_clear(&j->deferred);
	}
	if (rc == 0 && j->writer && j->writer != t && t->b.len)
		rc = journal_write(j, t->sys.s, t->sys.len, false, err);
	if (rc == 0)
		rc = journal_write(j, t->b.s, t->b.len, sync, err);
	j->writer = t;
	(void)pthread_mutex_unlock(&j->lock);
	return rc;
}

static int
flush(struct text *t, bool sync, struct fm_err *err)
{
	int rc = t->quiet ? 0 : write_out(t, sync, err);

	t->flushed_ns = fm_clock_now_ns();
	t->begun = t->begun || t->b.len;
	fm_buf_clear(&t->b);
	t->failed = t->failed || rc != 0;
	return rc;
}

int
text_flush(struct text *t, struct fm_err *err)
{
	return t->held || t->idle ? 0 : flush(t, false, err);
}

int
text_point(struct text *t, struct fm_err *err)
{
	return flush(t, true, err);
}

void
text_defer(struct text *t)
{
	(void)pthread_mutex_lock(&t->j->lock);
	fm_buf_clear(&t->j->deferred);
	fm_buf_put(&t->j->deferred, t->b.s, t->b.len);
	t->j->writer = t;
	(void)pthread_mutex_unlock(&t->j->lock);
	fm_buf_clear(&t->b);
}

void
text_sys(struct text *t, const json_t *sys)
{
	fm_buf_clear(&t->sys);
	fm_record_put_json(&t->sys, FM_TAG_SYS, sys);
	fm_buf_put(&t->b, t->sys.s, t->sys.len);
}

int
text_flush_soon(struct text *t, struct fm_err *err)
{
	if (t->b.len < FLUSH_BYTES &&
	    fm_clock_now_ns() - t->flushed_ns < FLUSH_NS)
		return 0;
	return text_flush(t, err);
}

void
text_line(struct text *t, const char *line, size_t n)
{
	fm_buf_put(&t->b, line, n);
	fm_buf_putc(&t->b, '\n');
}

void
text_banner(struct text *t, const char *title)
{
	static const char rule[] = "----------------------------------------"
				   "----------------------------------------\n";

	fm_buf_printf(&t->b, "\n%s%s\n%s\n", rule, title, rule);
}

void
text_run_title(
    char *b, size_t n, const struct conf *c, const struct fm_point *at)
{
	if (c->n_output)
		(void)snprintf(b, n, "RUN %lld / %lld / %lld",
		    (long long)at->input, (long long)at->output,
		    (long long)at->batch);
	else
		(void)snprintf(b, n, "RUN %lld / %lld", (long long)at->input,
		    (long long)at->batch);
}

/* --- ARGS --- */

static void
put_arg_lines(struct text *t, const struct conf *c)
{
	struct fm_strs l = FM_STRS_INIT;
	size_t i;

	for (i = 0; i < c->args.n_given; i++) {
		const struct fm_opt_given *g = &c->args.given[i];
		const char *dashes = g->opt ? "--" : "";

		if (g->opt && conf_is_how(g->opt))
			continue;
		if (g->value)
			fm_strs_add_take(&l,
			    fm_strdupf("%s%s %s", dashes, g->name, g->value));
		else
			fm_strs_add_take(&l, fm_strdupf("--%s", g->name));
	}
	if (c->args.rest.n)
		fm_strs_add_take(
		    &l, fm_strdupf("--model_name %s", c->args.rest.v[0]));
	fm_strs_sort(&l);
	for (i = 0; i < l.n; i++)
		fm_record_put_text(&t->b, FM_TAG_ARG, l.v[i]);
	fm_strs_release(&l);
}

/* A Python value that JSON has no word for; pyval.h. */
static bool
is_tagged(const json_t *v)
{
	union {
		const json_t *c;
		json_t *v;
	} u = { v };

	return json_object_size(v) == 1 &&
	       *json_object_iter_key(json_object_iter(u.v)) == '@';
}

/*
 * fmwork dumps strings as they are and everything else as the text of its
 * repr; objects stay objects, sorted by key.
 */
static json_t *
dump_value(const json_t *v, bool nested)
{
	struct fm_buf b = FM_BUF_INIT;
	json_t *out;

	if (nested && json_is_object(v) && !is_tagged(v)) {
		union {
			const json_t *c;
			json_t *v;
		} u = { v };
		struct fm_strs keys = FM_STRS_INIT;
		const char *key;
		json_t *member;
		size_t i;

		json_object_foreach (u.v, key, member)
			fm_strs_add(&keys, key);
		fm_strs_sort(&keys);
		out = json_object();
		for (i = 0; i < keys.n; i++)
			json_object_set_new(out, keys.v[i],
			    dump_value(json_object_get(v, keys.v[i]), true));
		fm_strs_release(&keys);
		return out;
	}
	fm_pyval_put_str(&b, v);
	out = json_stringn(b.s, b.len);
	fm_buf_release(&b);
	return out ? out : json_null();
}

/* Every set is present, empty if unused, as fmwork has it. */
static json_t *
dump_subs(const struct conf *c)
{
	static const char *const sets[] = { "compile", "model", "torch.call",
		"torch.set" };
	json_t *subs = json_copy(c->subs), *out;
	size_t i;

	for (i = 0; i < sizeof sets / sizeof *sets; i++)
		if (!json_object_get(subs, sets[i]))
			json_object_set_new(subs, sets[i], json_object());
	out = dump_value(subs, true);
	json_decref(subs);
	return out;
}

void
text_args(struct text *t, const struct conf *c)
{
	json_t *args = dump_value(c->arg_values, true);
	size_t i;

	for (i = 0; i < c->env.n; i++)
		fm_record_put_text(&t->b, FM_TAG_EXP, c->env.v[i]);
	text_banner(t, "ARGS");
	put_arg_lines(t, c);
	fm_buf_putc(&t->b, '\n');
	json_object_set_new(args, "subs", dump_subs(c));
	fm_json_put_py(&t->b, args);
	fm_buf_putc(&t->b, '\n');
	json_decref(args);
}

/* --- RUNTIME --- */

static void
put_set(struct text *t, const char *name, const json_t *set)
{
	union {
		const json_t *c;
		json_t *v;
	} u = { set };
	const char *key;
	json_t *v;

	fm_buf_printf(&t->b, "\t %s\n", name);
	json_object_foreach (u.v, key, v) {
		fm_buf_printf(&t->b, "\t\t %s ", key);
		fm_pyval_put_str(&t->b, v);
		fm_buf_putc(&t->b, '\n');
	}
}

void
text_ignored(struct fm_buf *b, const struct conf *c, const struct platform *p)
{
	size_t i;

	if (c->compile && fm_strs_find(&p->ignores, "compile") >= 0)
		fm_buf_puts(b, " --compile");
	if (c->eval && p->ignores.n)
		fm_buf_puts(b, " --eval");
	for (i = 0; i < c->args.n_given; i++) {
		const struct fm_opt_given *g = &c->args.given[i];
		size_t k;

		for (k = 0; !g->opt && k < p->ignores.n; k++) {
			const char *set = p->ignores.v[k];
			size_t n = strlen(set);

			if (strncmp(g->name + 2, set, n) == 0 &&
			    g->name[2 + n] == ':')
				fm_buf_printf(b, " %s", g->name);
		}
	}
}

void
text_runtime(struct text *t, const struct conf *c, const struct platform *p)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	text_banner(t, "RUNTIME");
	fm_buf_printf(&t->b, "setup_runtime: %s\n", p->backend);
	for (i = 0; i < p->shows.n; i++)
		put_set(
		    t, p->shows.v[i], json_object_get(c->subs, p->shows.v[i]));
	if (strcmp(p->name, "spyre") == 0 && p->loads)
		fm_buf_puts(&t->b, "setup_runtime: spyre\n\t torch_sendnn\n");
	text_ignored(&b, c, p);
	if (b.len)
		fm_buf_printf(&t->b, "ignored:%s\n", b.s);
	fm_buf_release(&b);
}

/* --- MODEL --- */

static void
put_port(struct text *t, const struct fm_model_port *p)
{
	int i;

	fm_buf_printf(&t->b, "    %s: %s[", p->name, fm_type_name(p->type));
	for (i = 0; i < p->rank; i++) {
		fm_buf_puts(&t->b, i ? ", " : "");
		if (p->syms[i])
			fm_buf_puts(&t->b, p->syms[i]);
		else if (p->dims[i] < 0)
			fm_buf_putc(&t->b, '?');
		else
			fm_num_put_int(&t->b, p->dims[i]);
	}
	fm_buf_puts(&t->b, p->rank < 0 ? "...]\n" : "]\n");
}

void
text_model(struct text *t, const struct fm_model *m)
{
	size_t i;

	fm_buf_printf(&t->b, "%s(\n  (inputs)\n", m->model_class);
	for (i = 0; i < m->n_inputs; i++)
		put_port(t, &m->inputs[i]);
	fm_buf_puts(&t->b, "  (outputs)\n");
	for (i = 0; i < m->n_outputs; i++)
		put_port(t, &m->outputs[i]);
	fm_buf_printf(&t->b, "  (parameters) %lld %s\n)\n",
	    (long long)m->params, m->dtype);
	for (i = 0; i < m->notes.n; i++)
		fm_buf_printf(&t->b, "note: %s\n", m->notes.v[i]);
}

/* --- the end --- */

void
text_failure(struct text *t, const struct fm_err *e)
{
	if (e->code == FM_USAGE) {
		fm_buf_clear(&t->b);
		return;
	}
	t->idle = false;
	fm_buf_putc(&t->b, '\n');
	fm_record_put_err(&t->b, e->code, 0, 0, 0, e->text);
}

void
text_end(struct text *t)
{
	struct fm_err ignored = FM_ERR_INIT;

	if (t->failed || (!t->begun && !t->b.len))
		return;
	fm_buf_putc(&t->b, '\n');
	(void)text_point(t, &ignored);
}
