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

static int
add(struct errors *e, const char *file, const json_t *row, struct fm_err *err)
{
	const char *code = fm_json_str(row, "code", NULL);
	const char *pattern = fm_json_str(row, "pattern", NULL);
	struct error_text *t;
	char why[200];
	int rc;

	if (code == NULL || pattern == NULL || code[0] == '\0' ||
	    pattern[0] == '\0' ||
	    code[strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return fm_err_set(err, FM_USAGE,
		    "%s: entry %zu needs 'code' (letters, digits, '_') and "
		    "'pattern'",
		    file, e->n + 1);
	FM_GROW(e->v, e->cap, e->n + 1);
	t = &e->v[e->n];
	rc = regcomp(&t->re, pattern, REG_EXTENDED | REG_NOSUB);
	if (rc != 0) {
		(void)regerror(rc, &t->re, why, sizeof why);
		return fm_err_set(
		    err, FM_USAGE, "%s: pattern of '%s': %s", file, code, why);
	}
	t->code = fm_strdup(code);
	t->pattern = fm_strdup(pattern);
	t->says_line = strcmp(fm_json_str(row, "message", "line"), "line") == 0;
	t->fmwork = fm_json_bool(row, "fmwork", false);
	e->n++;
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
	size_t i;

	memset(e, 0, sizeof *e);
	for (i = 0; rc == 0 && i < more->n; i++)
		rc = load(e, more->v[i], err);
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

/* regexec() wants a string: NULs become blanks. */
void
errors_look(const struct errors *e, struct errors_found *f, bool fmwork,
    const char *s, size_t n)
{
	struct fm_buf line = FM_BUF_INIT;
	struct fm_text t;
	size_t i, k;

	fm_buf_put(&line, s, n);
	for (k = 0; k < n; k++)
		if (line.s[k] == '\0')
			line.s[k] = ' ';
	for (i = 0; i < e->n && i < f->best; i++)
		if ((e->v[i].fmwork || !fmwork) &&
		    regexec(&e->v[i].re, line.s, 0, NULL, 0) == 0)
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
