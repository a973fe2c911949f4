/*
 * What stands around the FMWORK lines and still says something: banners with
 * the sizes of a run, options of old drivers, times an engine printed.
 */
#define _GNU_SOURCE /* memmem */
#include <ctype.h>
#include <string.h>

#include "num.h"
#include "parse.h"

static bool
begins(const char *s, size_t n, const char *word)
{
	size_t len = strlen(word);

	return n >= len && memcmp(s, word, len) == 0;
}

/* "RUN 128 / 1", "RUN 64 / 8 / 4", "RUN 64 / 8 / 4 / 1", "BENCHMARK 1 2 3 4":
 * the numbers at its end. */
static void
on_banner(struct parse *ps, const char *s, size_t n)
{
	int64_t v[4];
	struct sizes *z = &ps->banner;
	size_t k = 0, end = n;

	while (k < 4 && end > 0) {
		size_t at;

		while (end > 0 && (s[end - 1] == ' ' || s[end - 1] == '/'))
			end--;
		for (at = end; at > 0 && isdigit((unsigned char)s[at - 1]);)
			at--;
		if (at == end || !fm_num_get_int(s + at, end - at, &v[k]))
			break;
		k++;
		end = at;
	}
	if (k < 2)
		return;
	parse_flush(ps);
	ps->running = true;
	memset(z, 0, sizeof *z);
	if (k == 2)
		*z = (struct sizes){ v[1], 1, v[0], 1 };
	else if (k == 3)
		*z = (struct sizes){ v[2], v[1], v[0], 0 };
	else if (k == 4)
		*z = (struct sizes){ v[3], v[2], v[1], v[0] };
}

/* "... init engine (profile, ...) took 20.61 seconds" */
static void
on_warmup(struct parse *ps, const char *s, size_t n)
{
	static const char took[] = " took ";
	const char *p = memmem(s, n, took, sizeof took - 1), *q;

	if (p == NULL || ps->x.warmup)
		return;
	p += sizeof took - 1;
	for (q = p; q < s + n && (isdigit((unsigned char)*q) || *q == '.');)
		q++;
	if (q > p)
		exper_set(&ps->x.warmup, p, (size_t)(q - p));
}

static void
on_model_path(struct parse *ps, const char *s, size_t n)
{
	while (n && *s == ' ')
		s++, n--;
	if (n)
		exper_set(&ps->x.model, s, n);
}

/* Something was written without a line end before an FMWORK line. */
static bool
on_glued(struct parse *ps, const char *s, size_t n)
{
	static const char begin[] = "FMWORK ";
	const char *p = memmem(s, n, begin, sizeof begin - 1);
	struct fm_line l;

	if (p == NULL || !fm_line_get(&l, p, n - (size_t)(p - s)) ||
	    (fm_form_tag(l.form) != FM_TAG_REP &&
		fm_form_tag(l.form) != FM_TAG_RES &&
		fm_form_tag(l.form) != FM_TAG_GEN))
		return false;
	parse_line(ps, p, n - (size_t)(p - s));
	return true;
}

/* For one day of 2024 the lines of the first driver had no FMWORK. */
static void
on_bare(struct parse *ps, const char *s, size_t n)
{
	struct fm_buf b = FM_BUF_INIT;
	struct fm_line l;

	fm_buf_puts(&b, "FMWORK ");
	fm_buf_put(&b, s, n);
	if (fm_line_get(&l, b.s, b.len) &&
	    (fm_form_dialect(l.form) == FM_DIALECT_CLASSIC ||
		fm_form_dialect(l.form) == FM_DIALECT_OLD))
		parse_line(ps, b.s, b.len);
	fm_buf_release(&b);
}

static bool
is(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && begins(s, n, word);
}

/*
 * The first banner of a driver: where logs stand one after the other, and the
 * driver has no ARG lines, nothing else says that another one began. ENGINE
 * is the first one of vision, and in the middle of those with arguments.
 */
static void
on_title(struct parse *ps, const char *s, size_t n)
{
	bool first = is(s, n, "ARGS") || is(s, n, "PARAMS");
	bool later = is(s, n, "ENGINE") || is(s, n, "SETUP");

	if (!first && ps->x.opts.n > 0)
		ps->x.settled = ps->x.settled || is(s, n, "RUNTIME") ||
				is(s, n, "ENGINE") || is(s, n, "MODEL");
	else if (first || (later && (ps->x.begun || !ps->x.announced)))
		parse_announce(ps);
}

void
parse_noise(struct parse *ps, const char *s, size_t n)
{
	static const char init[] = "init engine (", path[] = "Model path:";

	bool ruled = ps->ruled;

	/* Lines of dashes are half of what stands between results. */
	ps->ruled = n > 1 && memcmp(s, s + 1, n - 1) == 0;
	if (ps->ruled)
		return;
	if (ruled && n < 8)
		on_title(ps, s, n);
	if (on_glued(ps, s, n))
		return;
	switch (*s) {
	case 'R':
		if (begins(s, n, "RUN "))
			on_banner(ps, s, n);
		else if (begins(s, n, "REP ") || begins(s, n, "RES "))
			on_bare(ps, s, n);
		break;
	case 'B':
		if (begins(s, n, "BENCHMARK "))
			on_banner(ps, s, n);
		break;
	case 'M':
		if (begins(s, n, path))
			on_model_path(
			    ps, s + sizeof path - 1, n - sizeof path + 1);
		break;
	case 'd':
	case 'm':
	case 'b':
		exper_param(&ps->x, s, n);
		break;
	default:
		break;
	}
	if (ps->x.warmup == NULL && memmem(s, n, init, sizeof init - 1))
		on_warmup(ps, s, n);
	errors_look(ps->errors, &ps->found, false, s, n);
}
