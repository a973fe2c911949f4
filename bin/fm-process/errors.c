/*
 * Patterns of failures.
 */
#define _GNU_SOURCE /* memmem */
#include "errors.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "err.h"
#include "json.h"
#include "prog.h"
#include "py.h"
#include "yaml.h"

/* --- the filter ---------------------------------------------------------- */

static inline unsigned
hash4(const char *s)
{
	uint32_t v;

	memcpy(&v, s, 4);
	return v * UINT32_C(2654435761) >> (32 - ERROR_BITS);
}

/* Bytes of `s` that stand for themselves, up to `end`. */
static size_t
plain(const char *s, const char *end)
{
	size_t n = strcspn(s, "\\.*+?{}()[]|^$");

	if (n > (size_t)(end - s))
		n = (size_t)(end - s);
	/* What repeats the last one may repeat it no times. */
	if (n && s + n < end && strchr("*?{", s[n]))
		n--;
	return n;
}

/* The longest plain run of s[0 .. end), outside brackets and groups. */
static const char *
longest(const char *s, const char *end, size_t *len)
{
	const char *best = NULL;
	int depth = 0;

	*len = 0;
	while (s < end) {
		size_t n = depth ? 0 : plain(s, end);

		if (n > *len) {
			best = s;
			*len = n;
		}
		if (n) {
			s += n;
			continue;
		}
		if (*s == '\\')
			s++;
		else if (*s == '(' || *s == '[' || *s == '{')
			depth++;
		else if (*s == ')' || *s == ']' || *s == '}')
			depth--;
		s++;
	}
	return best;
}

/* Where the alternative that begins at `s` ends. */
static const char *
alternative(const char *s)
{
	int depth = 0;

	for (; *s && (depth || *s != '|'); s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == '(' || *s == '[')
			depth++;
		else if (*s == ')' || *s == ']')
			depth--;
	}
	return s;
}

static void
filter_add(struct errors *e, const char *pattern)
{
	const char *end, *word;
	size_t n;

	for (;; pattern = end + 1) {
		end = alternative(pattern);
		word = longest(pattern, end, &n);
		if (n < 4) {
			memset(e->filter, 0xff, sizeof e->filter);
			return;
		}
		e->filter[hash4(word) / 64] |= UINT64_C(1) << hash4(word) % 64;
		if (*end == '\0')
			return;
	}
}

bool
errors_suspect(const struct errors *e, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i + 4 <= n; i++) {
		unsigned h = hash4(s + i);

		if (e->filter[h / 64] >> h % 64 & 1)
			return true;
	}
	return e->filter[0] == UINT64_MAX && n > 0;
}

/* --- the table ----------------------------------------------------------- */

static int
compile(struct error_text *t, const char *file, struct fm_err *err)
{
	int rc = regcomp(&t->re, t->pattern, REG_EXTENDED | REG_NOSUB);
	char why[200];

	if (rc == 0) {
		t->compiled = true;
		return 0;
	}
	(void)regerror(rc, &t->re, why, sizeof why);
	return fm_err_set(
	    err, FM_USAGE, "%s: pattern of '%s': %s", file, t->code, why);
}

static int
add(struct errors *e, const char *file, const json_t *row, struct fm_err *err)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	const char *code = fm_json_str(row, "code", "");
	const char *pattern = fm_json_str(row, "pattern", "");
	struct error_text *t;

	if (!code[0] || !pattern[0] || code[strspn(code, letters)])
		return fm_err_set(err, FM_USAGE,
		    "%s: entry %zu needs 'code' (letters, digits, '_') and "
		    "'pattern'",
		    file, e->n + 1);
	FM_GROW(e->v, e->cap, e->n + 1);
	t = &e->v[e->n++];
	memset(t, 0, sizeof *t);
	t->code = fm_strdup(code);
	t->pattern = fm_strdup(pattern);
	t->says_line = strcmp(fm_json_str(row, "message", "line"), "line") == 0;
	t->fmwork = fm_json_bool(row, "fmwork", false);
	filter_add(e, pattern);
	return 0;
}

static int
load(struct errors *e, const char *file, struct fm_err *err)
{
	json_t *list = fm_yaml_read_file(file, err);
	int rc = 0;
	size_t i;

	if (list == NULL)
		return -1;
	if (!json_is_array(list))
		rc = fm_err_set(err, FM_USAGE, "%s: must be a list", file);
	for (i = 0; rc == 0 && i < json_array_size(list); i++)
		rc = add(e, file, json_array_get(list, i), err);
	json_decref(list);
	return rc;
}

int
errors_load(struct errors *e, const struct fm_strs *more, struct fm_err *err)
{
	char *own = fm_prog_share("errors.yaml");
	int rc = 0;
	size_t i, k = 0;

	memset(e, 0, sizeof *e);
	for (i = 0; rc == 0 && i < more->n; i++) {
		rc = load(e, more->v[i], err);
		/* Ours are tested; others are tried at once. */
		for (; rc == 0 && k < e->n; k++)
			rc = compile(&e->v[k], more->v[i], err);
	}
	if (rc == 0)
		rc = load(e, own, err);
	free(own);
	return rc;
}

void
errors_release(struct errors *e)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		if (e->v[i].compiled)
			regfree(&e->v[i].re);
		free(e->v[i].code);
		free(e->v[i].pattern);
	}
	free(e->v);
	memset(e, 0, sizeof *e);
}

void
errors_found_init(struct errors_found *f)
{
	f->best = SIZE_MAX;
	fm_buf_init(&f->line);
}

void
errors_found_release(struct errors_found *f)
{
	fm_buf_release(&f->line);
}

void
errors_found_clear(struct errors_found *f)
{
	f->best = SIZE_MAX;
	fm_buf_clear(&f->line);
}

static bool
matches(struct error_text *t, const char *line)
{
	struct fm_err ignored = FM_ERR_INIT;

	if (!t->compiled && compile(t, "", &ignored) != 0)
		return false;
	return regexec(&t->re, line, 0, NULL, 0) == 0;
}

/* regexec() wants a string: NULs become blanks. */
void
errors_look(struct errors *e, struct errors_found *f, bool fmwork,
    const char *s, size_t n)
{
	struct fm_buf line = FM_BUF_INIT;
	struct fm_text t;
	size_t i, k;

	if (!errors_suspect(e, s, n))
		return;
	fm_buf_put(&line, s, n);
	for (k = 0; k < n; k++)
		if (line.s[k] == '\0')
			line.s[k] = ' ';
	for (i = 0; i < e->n && i < f->best; i++)
		if ((e->v[i].fmwork || !fmwork) && matches(&e->v[i], line.s))
			break;
	if (i < e->n && i < f->best) {
		t = py_strip((struct fm_text){ line.s, n });
		f->best = i;
		fm_buf_clear(&f->line);
		fm_buf_put(&f->line, t.s, t.n);
	}
	fm_buf_release(&line);
}

void
errors_message(
    const struct errors *e, const struct errors_found *f, struct fm_buf *b)
{
	const struct error_text *t = &e->v[f->best];

	fm_buf_puts(b, t->code);
	fm_buf_puts(b, " | \"");
	fm_buf_puts(b, t->says_line ? f->line.s : t->pattern);
	fm_buf_putc(b, '"');
}
