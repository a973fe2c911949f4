/*
 * The store of records: text of members in, cells out.
 */
#include "recs.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "num.h"

void
recs_release(struct recs *r)
{
	size_t i;

	for (i = 0; i < r->n_cols; i++) {
		free(r->cols[i].name);
		free(r->cols[i].v);
		free(r->cols[i].seen);
	}
	free(r->cols);
	free(r->row);
	free(r->where_col);
	fm_expr_release(&r->where);
	texts_release(&r->texts);
	input_release(&r->in);
	memset(r, 0, sizeof *r);
}

size_t
recs_want(struct recs *r, const char *name)
{
	struct column *c;
	size_t i;

	for (i = 0; i < r->n_cols; i++)
		if (strcmp(r->cols[i].name, name) == 0)
			return i;
	FM_GROW(r->cols, r->cap_cols, r->n_cols + 1);
	c = &r->cols[r->n_cols];
	memset(c, 0, sizeof *c);
	c->name = fm_strdup(name);
	c->field = field_find(name);
	/* What is asked for after reading is nowhere, not 0. */
	c->same = CELL_NULL;
	if (c->field && c->field->kind == FIELD_LATENCY) {
		c->slot[0] = pick_want(&r->in.pick, "stats.median");
		c->slot[1] = pick_want(&r->in.pick, "itl");
		c->slot[2] = pick_want(&r->in.pick, "output");
		c->slot[3] = pick_want(&r->in.pick, "stats.mean");
	} else {
		c->slot[0] = pick_want(&r->in.pick,
		    c->field && c->field->path ? c->field->path : name);
	}
	return r->n_cols++;
}

int
recs_where(struct recs *r, const char *text, struct fm_err *err)
{
	size_t i;

	if (!text)
		return 0;
	if (fm_expr_parse(&r->where, text, err) != 0)
		return fm_err_wrap(err, "--where");
	r->where_col = fm_calloc(r->where.names.n, sizeof *r->where_col);
	for (i = 0; i < r->where.names.n; i++)
		r->where_col[i] = recs_want(r, r->where.names.v[i]);
	return 0;
}

/* --- cells from text --- */

/*
 * A plain decimal fraction of at most 15 digits is exact as an integer over
 * a power of ten, and one division rounds it right; the rest is strtod's.
 */
static double
number(const char *s, size_t n)
{
	static const double ten[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8,
		1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	size_t i = 0, digits = 0, decimals = 0;
	bool minus = n && *s == '-', point = false;
	int64_t m = 0;
	double v;

	for (i = minus; i < n && digits <= 15; i++) {
		if (s[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (s[i] < '0' || s[i] > '9')
			break;
		m = m * 10 + (s[i] - '0');
		digits += m != 0;
		decimals += point;
	}
	if (i == n && digits <= 15 && decimals <= 15)
		return (double)(minus ? -m : m) / ten[decimals];
	return fm_num_get_double(s, n, &v) ? v : (double)NAN;
}

/* A text with escapes, or a list: jansson's. */
static cell
unusual_text(struct recs *r, const struct token *t)
{
	json_t *v = json_loadb(t->s, t->n, JSON_DECODE_ANY, NULL);
	cell c = CELL_NULL;

	if (json_is_string(v))
		c = texts_add(
		    &r->texts, json_string_value(v), json_string_length(v));
	json_decref(v);
	return c;
}

/* Seconds since 1970, as text, to 2026-11-21 11:14:49. */
static cell
date(struct recs *r, double seconds)
{
	time_t at = (time_t)seconds;
	struct tm tm;
	char b[40];

	if (!(fabs(seconds) < 1e11) || !gmtime_r(&at, &tm))
		return CELL_NULL;
	return texts_add(
	    &r->texts, b, strftime(b, sizeof b, "%Y-%m-%d %H:%M:%S", &tm));
}

static cell
text_cell(struct recs *r, const struct column *c, const struct token *t)
{
	enum field_kind kind = c->field ? c->field->kind : FIELD_PATH;

	if (*t->s == '"' && kind == FIELD_PATH)
		return t->escapes ? unusual_text(r, t)
				  : texts_add(&r->texts, t->s + 1, t->n - 2);
	if (*t->s == '"' && t->n > 2 && kind == FIELD_TIME)
		return cell_num(number(t->s + 1, t->n - 2));
	if (*t->s == '"' && t->n > 2 && kind == FIELD_DATE)
		return date(r, number(t->s + 1, t->n - 2));
	if (kind == FIELD_WHAT) {
		char *s = field_what(t->s, t->n);
		cell v = texts_add(&r->texts, s, strlen(s));

		free(s);
		return v;
	}
	return texts_add(&r->texts, t->s, t->n);
}

/* The same text as in the row before needs no second look. */
static cell
text_again(struct recs *r, struct column *c, const struct token *t)
{
	if (c->seen && c->seen_n == t->n && memcmp(c->seen, t->s, t->n) == 0)
		return c->seen_cell;
	c->seen_cell = text_cell(r, c, t);
	FM_GROW(c->seen, c->seen_cap, t->n);
	if (c->seen)
		memcpy(c->seen, t->s, t->n);
	c->seen_n = t->n;
	return c->seen_cell;
}

static cell
token_cell(struct recs *r, struct column *c, const struct token *t)
{
	double scale = c->field ? c->field->scale : 0;

	if (!t->s)
		return CELL_NULL;
	switch (*t->s) {
	case '"':
	case '[':
	case '{':
		return text_again(r, c, t);
	case 'n':
		return CELL_NULL;
	case 't':
		return CELL_TRUE;
	case 'f':
		return CELL_FALSE;
	default:
		if (scale > 0)
			return cell_num(number(t->s, t->n) * scale);
		return cell_num(number(t->s, t->n));
	}
}

/* fmwork's itl is the time of a batch over its output size, in ms. */
static cell
latency_cell(struct recs *r, struct column *c)
{
	const struct token *got = r->in.pick.got;
	double itl, out;

	if (got[c->slot[0]].s && *got[c->slot[0]].s != 'n')
		return token_cell(r, c, &got[c->slot[0]]);
	/* Tools that tell no median may tell the mean. */
	if (got[c->slot[3]].s && *got[c->slot[3]].s != 'n')
		return token_cell(r, c, &got[c->slot[3]]);
	if (!got[c->slot[1]].s)
		return CELL_NULL;
	itl = number(got[c->slot[1]].s, got[c->slot[1]].n);
	out = got[c->slot[2]].s ? number(got[c->slot[2]].s, got[c->slot[2]].n)
				: 1;
	/* What the first token took is not in it when there is a ttft. */
	return out > 1 ? CELL_NULL : cell_num(itl);
}

/* --- rows --- */

static void
where_value(void *ctx, size_t slot, struct fm_expr_value *v)
{
	const struct recs *r = ctx;
	cell c = r->row[r->where_col[slot]];

	if (cell_is_text(c)) {
		v->type = FM_EXPR_STR;
		v->str = texts_get(&r->texts, c);
	} else if (cell_is_num(c)) {
		v->type = FM_EXPR_NUM;
		v->num = cell_to_num(c);
	} else if (c != CELL_NULL) {
		v->type = FM_EXPR_BOOL;
		v->num = c == CELL_TRUE;
	}
}

static void
keep(struct recs *r, struct column *c, cell v)
{
	size_t i;

	if (r->n == 0 && !c->v)
		c->same = v;
	if (!c->v && v == c->same)
		return;
	if (!c->v) {
		c->v = fm_calloc(r->cap, sizeof *c->v);
		for (i = 0; i < r->n; i++)
			c->v[i] = c->same;
	}
	c->v[r->n] = v;
}

static void
grow(struct recs *r)
{
	size_t i;

	r->cap = r->cap ? r->cap + r->cap / 2 : 256;
	for (i = 0; i < r->n_cols; i++)
		if (r->cols[i].v)
			r->cols[i].v = fm_realloc(
			    r->cols[i].v, r->cap, sizeof *r->cols[i].v);
}

static void
add_row(void *ctx)
{
	struct recs *r = ctx;
	size_t i;

	for (i = 0; i < r->n_cols; i++) {
		struct column *c = &r->cols[i];

		r->row[i] = c->field && c->field->kind == FIELD_LATENCY
				? latency_cell(r, c)
				: token_cell(r, c, &r->in.pick.got[c->slot[0]]);
	}
	if (!fm_expr_true(&r->where, where_value, r))
		return;
	if (r->n == r->cap)
		grow(r);
	for (i = 0; i < r->n_cols; i++)
		keep(r, &r->cols[i], r->row[i]);
	r->n++;
}

int
recs_read(struct recs *r, const struct fm_strs *files, struct fm_err *err)
{
	r->row = fm_realloc(r->row, r->n_cols, sizeof *r->row);
	r->in.row = add_row;
	r->in.ctx = r;
	return input_read(&r->in, files, err);
}

void
recs_map(struct recs *r, size_t col, cell (*f)(struct recs *r, cell c))
{
	struct column *c = &r->cols[col];
	cell from = c->same, to = f(r, from);
	size_t i;

	c->same = to;
	for (i = 0; c->v && i < r->n; i++) {
		if (c->v[i] != from) {
			from = c->v[i];
			to = f(r, from);
		}
		c->v[i] = to;
	}
}

bool
recs_is_same(const struct recs *r, size_t col)
{
	const struct column *c = &r->cols[col];
	size_t i;

	for (i = 1; c->v && i < r->n; i++)
		if (c->v[i] != c->v[0])
			return false;
	return true;
}

int
recs_compare(const struct recs *r, cell a, cell b)
{
	int ta = cell_is_num(a) ? 0 : a == CELL_NULL ? 2 : 1;
	int tb = cell_is_num(b) ? 0 : b == CELL_NULL ? 2 : 1;

	if (ta != tb)
		return ta < tb ? -1 : 1;
	if (ta == 0) {
		double x = cell_to_num(a), y = cell_to_num(b);

		return (x > y) - (x < y);
	}
	if (cell_is_text(a) && cell_is_text(b))
		return strcmp(texts_get(&r->texts, a), texts_get(&r->texts, b));
	return (a > b) - (a < b);
}
