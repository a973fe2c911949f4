/*
 * Lists of sizes and the grid over them. Knows no model and no device, so
 * the limits here are only those of the text and of memory.
 */
#include "sweep.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "num.h"

#define SIZE_LIMIT INT64_C(2147483647)
#define SIZES_LIMIT ((size_t)1000000)
#define POINTS_LIMIT ((size_t)10000000)

struct list {
	int64_t *v;
	size_t n, cap;
};

/* One part between commas, for messages. */
struct part {
	const char *s;
	int len;
	const char *what;
};

static int
fail(const struct part *p, const char *text, struct fm_err *err)
{
	return fm_err_set(
	    err, FM_USAGE, "%s: '%.*s' %s", p->what, p->len, p->s, text);
}

/* Digits only, moving *s over them. */
static int
number(const struct part *p, const char **s, int64_t *v, struct fm_err *err)
{
	size_t n = strspn(*s, "0123456789");

	if (n == 0)
		return fail(p, "must be a whole number from 1 up", err);
	if (!fm_num_get_int(*s, n, v) || *v > SIZE_LIMIT)
		return fail(p, "must be at most 2147483647", err);
	*s += n;
	return 0;
}

static int
add(const struct part *p, struct list *l, int64_t v, struct fm_err *err)
{
	if (l->n == SIZES_LIMIT)
		return fail(p, "makes more than 1000000 sizes", err);
	FM_GROW(l->v, l->cap, l->n + 1);
	l->v[l->n++] = v;
	return 0;
}

/* first, first + step or first * step ... up to last */
static int
add_range(const struct part *p, struct list *l, const int64_t range[3],
    char how, struct fm_err *err)
{
	int64_t v;

	if (range[1] < range[0])
		return fail(p, "must go up", err);
	if (how == '*' && range[2] < 2)
		return fail(p, "must grow: the factor is 2 or more", err);
	if (range[2] < 1)
		return fail(p, "must grow: the step is 1 or more", err);
	for (v = range[0]; v <= range[1];
	     v = how == '*' ? v * range[2] : v + range[2])
		if (add(p, l, v, err))
			return -1;
	return 0;
}

static int
add_part(const struct part *p, struct list *l, struct fm_err *err)
{
	const char *s = p->s, *end = p->s + p->len;
	int64_t range[3] = { 0, 0, 1 };
	char how = '+';

	if (number(p, &s, &range[0], err))
		return -1;
	range[1] = range[0];
	if (s < end && *s == '-') {
		s++;
		if (number(p, &s, &range[1], err))
			return -1;
		if (s < end && (*s == '*' || *s == '+')) {
			how = *s++;
			if (number(p, &s, &range[2], err))
				return -1;
		}
	}
	if (s != end || range[0] == 0)
		return fail(p, "must be a whole number from 1 up", err);
	return add_range(p, l, range, how, err);
}

int
fm_sweep_sizes(const char *text, const char *what, int64_t **v, size_t *n,
    struct fm_err *err)
{
	struct list l = { NULL, 0, 0 };
	struct part p = { text, 0, what };
	size_t len;

	for (;; p.s += len + 1) {
		p.s += strspn(p.s, " ");
		len = strcspn(p.s, ",");
		p.len = (int)len;
		while (p.len && p.s[p.len - 1] == ' ')
			p.len--;
		if (add_part(&p, &l, err)) {
			free(l.v);
			return -1;
		}
		if (p.s[len] == '\0')
			break;
	}
	*v = l.v;
	*n = l.n;
	return 0;
}

int
fm_sweep_points(const struct fm_sweep *s, enum fm_sweep_order order,
    struct fm_point **points, size_t *n, struct fm_err *err)
{
	size_t n_out = s->n_outputs ? s->n_outputs : 1, k, o;
	size_t n_inner = order == FM_SWEEP_EMBED ? s->n_inputs : s->n_batches;
	size_t total;
	struct fm_point *p;

	if (__builtin_mul_overflow(s->n_inputs, s->n_batches, &total) ||
	    __builtin_mul_overflow(total, n_out, &total) ||
	    total > POINTS_LIMIT)
		return fm_err_set(
		    err, FM_USAGE, "the sweep has more than 10000000 points");
	p = fm_calloc(total, sizeof *p);
	for (k = 0; k < total; k++) {
		size_t inner = k % n_inner, outer = k / n_inner / n_out;
		bool embed = order == FM_SWEEP_EMBED;

		o = k / n_inner % n_out;
		p[k].input = s->inputs[embed ? inner : outer];
		p[k].output = s->n_outputs ? s->outputs[o] : 1;
		p[k].batch = s->batches[embed ? outer : inner];
	}
	*points = p;
	*n = total;
	return 0;
}

void
fm_sweep_put_list(struct fm_buf *b, const int64_t *v, size_t n)
{
	size_t i;

	fm_buf_putc(b, '[');
	for (i = 0; i < n; i++) {
		if (i)
			fm_buf_puts(b, ", ");
		fm_num_put_int(b, v[i]);
	}
	fm_buf_putc(b, ']');
}
