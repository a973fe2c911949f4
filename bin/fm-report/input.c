/*
 * Finding records. Most are a line each and are picked from where they lie in
 * the reader's buffer; one that goes over several lines is gathered first. A
 * line that begins with '{' begins a record, whatever the one before lacked:
 * so a torn line costs itself only.
 */
#include "input.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "json.h"
#include "prog.h"

struct source {
	struct input *in;
	const char *name;
	struct fm_reader r;
	struct fm_buf part; /* a record that is not complete yet */
	int64_t part_line;  /* where it began */
	int depth;          /* braces and brackets open at its end */
	struct fm_err *err;
};

void
input_release(struct input *in)
{
	pick_release(&in->pick);
	memset(in, 0, sizeof *in);
}

static int
complain(struct source *s, int64_t line, const char *what)
{
	s->in->bad++;
	if (s->in->strict)
		return fm_err_set(s->err, FM_IO, "%s:%lld: %s", s->name,
		    (long long)line, what);
	if (s->in->quiet)
		return 0;
	if (s->in->bad <= 20)
		fm_prog_say("fm-report", "%s:%lld: %s: skipped", s->name,
		    (long long)line, what);
	if (s->in->bad == 20)
		fm_prog_say("fm-report",
		    "further records that cannot be read are only counted");
	return 0;
}

/* What the fast reader would not take, in a form that it takes. */
static int
slowly(struct source *s, const char *text, size_t n, int64_t line)
{
	struct fm_err why = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	json_t *v = fm_json_parse(text, n, "record", &why);
	int rc = 0;

	if (json_is_object(v)) {
		fm_json_put(&b, v);
		pick_text(&s->in->pick, b.s, b.s + b.len);
		if (pick_object(&s->in->pick, b.s, b.s + b.len)) {
			s->in->records++;
			s->in->row(s->in->ctx);
		} else {
			rc = complain(s, line, "a record is nested too deeply");
		}
	} else {
		rc = complain(
		    s, line, v ? "not a record" : strchr(why.text, ' ') + 1);
	}
	fm_buf_release(&b);
	json_decref(v);
	return rc;
}

/*
 * Steps through the text of a record that goes over lines, counting braces.
 * Where the record ends, or NULL. A string never goes over a line.
 */
static const char *
outermost_end(const char *p, const char *end, int *depth)
{
	for (; p < end; p++) {
		if (*p == '"') {
			for (p++; p < end && *p != '"'; p++)
				p += *p == '\\';
		} else if (*p == '{' || *p == '[') {
			++*depth;
		} else if ((*p == '}' || *p == ']') && --*depth <= 0) {
			return p + 1;
		}
	}
	return NULL;
}

static int
torn(struct source *s)
{
	int64_t line = s->part_line;

	s->part_line = 0;
	return complain(s, line, "a record is cut off");
}

/* More of a record that was begun: up to its end or the end of the line. */
static int
go_on(struct source *s, const char **p, const char *end)
{
	const char *to = outermost_end(*p, end, &s->depth);
	int64_t line = s->part_line;
	int rc;

	fm_buf_put(&s->part, *p, (size_t)((to ? to : end) - *p));
	fm_buf_putc(&s->part, '\n');
	*p = to ? to : end;
	if (!to)
		return 0;
	s->part_line = 0;
	pick_text(&s->in->pick, s->part.s, s->part.s + s->part.len);
	if (pick_object(&s->in->pick, s->part.s, s->part.s + s->part.len)) {
		s->in->records++;
		s->in->row(s->in->ctx);
		rc = 0;
	} else {
		rc = slowly(s, s->part.s, s->part.len, line);
	}
	pick_text(&s->in->pick, *p, end);
	return rc;
}

static int
begin(struct source *s, const char **p, const char *end)
{
	const char *to = pick_object(&s->in->pick, *p, end);

	if (to) {
		*p = to;
		s->in->records++;
		s->in->row(s->in->ctx);
		return 0;
	}
	fm_buf_clear(&s->part);
	s->part_line = s->r.line;
	s->depth = 0;
	return go_on(s, p, end);
}

static int
read_line(struct source *s, const char *p, const char *end)
{
	int rc = 0;

	if (s->part_line && *p == '{')
		rc = torn(s);
	if (rc == 0 && s->part_line)
		rc = go_on(s, &p, end);
	pick_text(&s->in->pick, p, end);
	while (rc == 0 && p < end) {
		if (*p == '{') {
			rc = begin(s, &p, end);
		} else if (strchr(" \t,[]", *p) && *p) {
			p++;
		} else {
			rc = complain(s, s->r.line, "not a record");
			break;
		}
	}
	return rc;
}

static int
read_source(struct source *s, int fd)
{
	size_t n = 0;
	char *line;
	int rc, got;

	fm_reader_init(&s->r, fd);
	do {
		got = fm_reader_next(&s->r, &line, &n);
		rc = got > 0 ? read_line(s, line, line + n) : 0;
	} while (got > 0 && rc == 0);
	if (got < 0)
		rc = fm_err_sys(s->err, FM_IO, "cannot read '%s'", s->name);
	if (rc == 0 && s->part_line)
		rc = torn(s);
	fm_reader_release(&s->r);
	fm_buf_release(&s->part);
	return rc;
}

static int
read_file(
    struct input *in, const char *path, const char *name, struct fm_err *err)
{
	struct source s = { in, strcmp(name, "-") != 0 ? name : "stdin", { 0 },
		FM_BUF_INIT, 0, 0, err };
	int fd, rc;

	if (strcmp(path, "-") == 0)
		return read_source(&s, STDIN_FILENO);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fm_err_sys(err, FM_IO, "cannot open '%s'", name);
	rc = read_source(&s, fd);
	(void)close(fd);
	return rc;
}

int
input_read(struct input *in, const struct fm_strs *files, struct fm_err *err)
{
	size_t i;

	if (files->n == 0)
		return read_file(in, "-", "-", err);
	for (i = 0; i < files->n; i++)
		if (read_file(in, files->v[i],
			in->names ? in->names->v[i] : files->v[i], err) != 0)
			return -1;
	return 0;
}
