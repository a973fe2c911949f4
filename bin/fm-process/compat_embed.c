/*
 * embed/tf/process and jsonfy-metadataid.py: one log, lines by position.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "compat.h"
#include "py.h"

/* --- embed/tf/process ---------------------------------------------------- */

static void
put_embed(struct compat *c, const struct fm_text *f, const struct fm_strs *opts)
{
	struct emit *e = out_begin(c->out);

	emit_open(e, '{');
	compat_text(e, "timestamp", f[0]);
	compat_id(c, e);
	compat_str(e, "engine", "fmwork/embed/tf");
	compat_text(e, "model", f[2]);
	compat_null(e, "precision");
	compat_int(e, "input", f[4]);
	compat_int(e, "output", (struct fm_text){ "1", 1 });
	compat_int(e, "batch", f[5]);
	compat_int(e, "tp", (struct fm_text){ "1", 1 });
	compat_strs(e, "opts", opts);
	compat_null(e, "warmup");
	compat_null(e, "setup");
	compat_null(e, "ttft");
	compat_float(e, "itl", f[6]);
	compat_float(e, "thp", f[7]);
	compat_end(c, e);
}

/* All records get the options of the whole file. */
static void
file_opts(struct compat *c, struct fm_strs *opts)
{
	struct py_lines lines;
	struct fm_text t;

	py_lines_init(&lines, c->text.s, c->text.len);
	while (py_lines_next(&lines, &t)) {
		if (!py_begins(t, "FMWORK ARG"))
			continue;
		t = py_strip(t);
		t.n = t.n > 11 ? t.n - 11 : 0;
		fm_strs_add_take(opts, fm_strndup(t.s + (t.n ? 11 : 0), t.n));
	}
}

void
compat_embed(struct compat *c)
{
	struct fm_strs opts = FM_STRS_INIT;
	struct py_lines lines;
	struct fm_text t, f[8];
	int i;

	file_opts(c, &opts);
	py_lines_init(&lines, c->text.s, c->text.len);
	while (!compat_stops(c) && py_lines_next(&lines, &t)) {
		compat_sys(c, t);
		if (!py_begins(t, "FMWORK RES"))
			continue;
		t = py_strip(t);
		for (i = 0; i < 8; i++)
			f[i] = py_part(t, i + 2);
		if (f[7].s && compat_is_int(f[4]) && compat_is_int(f[5]) &&
		    compat_is_float(f[6]) && compat_is_float(f[7]))
			put_embed(c, f, &opts);
		else
			compat_fault(c, lines.line,
			    "cannot read this RES line as embed/tf's");
	}
	fm_strs_release(&opts);
}

/* --- jsonfy-metadataid.py ------------------------------------------------ */

struct jsonfy {
	struct fm_text gen, warmup, setup; /* the last ones that can be read */
	int64_t gen_line;
	bool done;
	bool nan;  /* in any GEN line */
	int block; /* of the Spyre settings: 1 title seen, 2 in its lines */
	struct fm_strs opts;
};

/* "a,b" are two options. */
static void
jsonfy_opts(struct jsonfy *j, const char *s, size_t n)
{
	const char *end = s + n, *q;
	struct fm_text t;

	for (; s <= end; s = q + 1) {
		q = memchr(s, ',', (size_t)(end - s));
		q = q ? q : end;
		t = py_strip((struct fm_text){ s, (size_t)(q - s) });
		if (t.n)
			fm_strs_add_take(&j->opts, fm_strndup(t.s, t.n));
	}
}

/*
 * "KEY:   value" lines after a title and dashes, up to the next dashes. A
 * combination after another repeats the block: the last one counts.
 */
static void
jsonfy_settings(struct jsonfy *j, struct fm_text t)
{
	const char *colon;
	struct fm_text key, value;
	char *opt;

	if (py_begins(t, "Settings for Spyre")) {
		j->block = 1;
		fm_strs_release(&j->opts);
	} else if (j->block == 1 && py_begins(t, "---")) {
		j->block = 2;
	} else if (j->block == 2 && py_begins(t, "--")) {
		j->block = 0;
	} else if (j->block == 2 && (colon = memchr(t.s, ':', t.n))) {
		key = py_strip((struct fm_text){ t.s, (size_t)(colon - t.s) });
		value = py_strip((struct fm_text){
		    colon + 1, (size_t)(t.s + t.n - colon) - 1 });
		opt = fm_strdupf(
		    "%.*s:%.*s", (int)key.n, key.s, (int)value.n, value.s);
		jsonfy_opts(j, opt, strlen(opt));
		free(opt);
	}
}

static size_t
count(struct fm_text t, size_t from, const char *set)
{
	size_t n = 0;

	while (from + n < t.n && strchr(set, t.s[from + n]) && t.s[from + n])
		n++;
	return n;
}

/* "init engine ... took 20.61 seconds" */
static void
jsonfy_warmup(struct jsonfy *j, struct fm_text t)
{
	size_t i, a, d, b;

	if (!py_has(t, "init engine"))
		return;
	for (i = 0; i + 4 <= t.n; i++) {
		if (memcmp(t.s + i, "took", 4) != 0)
			continue;
		a = i + 4 + count(t, i + 4, " \t");
		d = count(t, a, "0123456789.");
		b = count(t, a + d, " \t");
		if (a == i + 4 || d == 0 || b == 0 ||
		    !py_begins(
			(struct fm_text){ t.s + a + d + b, t.n - a - d - b },
			"seconds"))
			continue;
		j->warmup = (struct fm_text){ t.s + a, d };
		return;
	}
}

static bool
is_jsonfy_gen(struct fm_text t)
{
	int i;

	for (i = 3; i < 7; i++)
		if (!compat_is_int(py_part(t, i)))
			return false;
	for (i = 7; i < 12; i++)
		if (!compat_is_float(py_part(t, i)))
			return false;
	return true;
}

static void
jsonfy_line(struct compat *c, struct jsonfy *j, struct fm_text t, int64_t line)
{
	j->done = j->done || py_has(t, "DONE");
	t = py_strip(t);
	if (py_begins(t, "FMWORK GEN")) {
		j->gen_line = line;
		if (py_has(t, "nan"))
			j->nan = true;
		else if (is_jsonfy_gen(t))
			j->gen = t;
		else
			compat_fault(c, line, "cannot read this GEN line");
	}
	if (py_begins(t, "FMWORK SETUP") && compat_is_float(py_part(t, 2)))
		j->setup = py_part(t, 2);
	jsonfy_warmup(j, t);
	jsonfy_settings(j, t);
}

static void
put_jsonfy(struct compat *c, const struct jsonfy *j)
{
	static const char *const sizes[] = { "input", "output", "batch", "tp" };
	struct emit *e = out_begin(c->out);
	int i;

	emit_open(e, '{');
	compat_text(e, "timestamp", py_part(j->gen, 2));
	compat_id(c, e);
	compat_str(e, "engine", "vllm/v1");
	compat_str(e, "model", c->conf->model);
	compat_str(e, "precision", c->conf->precision);
	for (i = 0; i < 4; i++)
		compat_int(e, sizes[i], py_part(j->gen, 3 + i));
	compat_strs(e, "opts", &j->opts);
	if (compat_is_float(j->warmup))
		compat_float(e, "warmup", j->warmup);
	else
		compat_null(e, "warmup");
	if (compat_is_float(j->setup))
		compat_float(e, "setup", j->setup);
	else
		compat_null(e, "setup");
	compat_float(e, "ttft", py_part(j->gen, 9));
	compat_float(e, "itl", py_part(j->gen, 10));
	compat_float(e, "thp", py_part(j->gen, 11));
	compat_end(c, e);
}

static const char *
jsonfy_fault(const struct jsonfy *j)
{
	if (j->nan)
		return "GEN with nan, no record";
	if (j->gen.s == NULL)
		return "no GEN line, no record";
	return j->done ? NULL : "no DONE banner, no record";
}

void
compat_jsonfy(struct compat *c)
{
	struct py_lines lines;
	struct jsonfy j;
	struct fm_text t;
	const char *why;

	memset(&j, 0, sizeof j);
	c->out->no_newline = true;
	py_lines_init(&lines, c->text.s, c->text.len);
	lines.wide = true;
	while (py_lines_next(&lines, &t))
		jsonfy_line(c, &j, t, lines.line);
	why = jsonfy_fault(&j);
	if (why)
		compat_fault(c, j.gen_line, why);
	else
		put_jsonfy(c, &j);
	fm_strs_release(&j.opts);
}
