/*
 * Reading a log. A point begins with its RUN banner and ends with RES or ERR;
 * a log that was cut with grep has no banners, its points are named by RES
 * and ERR alone. OBS and SIM lines follow RES and say what they belong to.
 */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "io.h"
#include "json.h"
#include "num.h"

enum {
	NAMED_BAD = 5 /* bad lines that are named one by one */
};

/* Where reading stands. */
struct reading {
	struct log *l;
	const char *path;
	int64_t line;         /* number, from 1 */
	struct log_point now; /* not closed yet */
	bool open;            /* `now` has a banner or a line */
	bool named;           /* by a banner */
};

static void
bad(struct reading *r, const char *what)
{
	if (r->l->bad++ < NAMED_BAD)
		(void)fprintf(stderr, "%s:%lld: %s: skipped\n", r->path,
		    (long long)r->line, what);
}

/* --- points --- */

static void
close_point(struct reading *r)
{
	struct log *l = r->l;

	if (!r->open)
		return;
	if (r->named) {
		FM_GROW(l->points, l->cap, l->n + 1);
		l->points[l->n++] = r->now;
	} else {
		bad(r, "repetitions of no point that is known");
		free(r->now.lines);
	}
	memset(&r->now, 0, sizeof r->now);
	r->open = r->named = false;
}

static void
name_point(struct reading *r, int64_t input, int64_t output, int64_t batch)
{
	if (r->named)
		return;
	r->now.input = input;
	r->now.output = output;
	r->now.batch = batch;
	r->named = true;
}

static void
add_line(struct log_point *p, const struct log_line *line)
{
	FM_GROW(p->lines, p->cap, p->n + 1);
	p->lines[p->n++] = *line;
}

/* Up to `most` whole numbers with blanks and slashes between them. */
static int
numbers(const char *s, int64_t *v, int most)
{
	int n;

	for (n = 0; n < most; n++) {
		size_t len = strspn(s += strspn(s, " /"), "0123456789");

		if (!fm_num_get_int(s, len, &v[n]))
			break;
		s += len;
	}
	return n;
}

/* "RUN 128 / 1", in infer's form "RUN 128 / 32 / 1", in fmwork 1.0.0's "RUN
 * 128 1". */
static void
take_banner(struct reading *r, const char *s)
{
	int64_t v[3];
	int n;

	if (strncmp(s, "RUN ", 4) != 0)
		return;
	n = numbers(s + 4, v, 3);
	if (n < 2)
		return;
	close_point(r);
	name_point(r, v[0], n == 3 ? v[1] : 1, v[n - 1]);
	r->open = true;
}

/* --- FMWORK lines --- */

static void
take_rep(struct reading *r, struct log_line *line)
{
	if (!fm_record_get_rep(line->s, line->len, &line->rep)) {
		bad(r, "not a REP line of this form");
		return;
	}
	add_line(&r->now, line);
	r->open = true;
}

/* TOK and GAP belong to the repetition before them. */
static void
take_more(struct reading *r, const struct log_line *line)
{
	if (r->now.n)
		add_line(&r->now, line);
	else
		bad(r, "a line of no repetition");
}

/* OBS and SIM follow RES: "<in> <out> <batch> <json>". */
static void
take_about(struct reading *r, const struct log_line *line, const char *body)
{
	int64_t v[3];
	size_t i;

	close_point(r);
	if (numbers(body, v, 3) == 3)
		for (i = r->l->n; i-- > 0;) {
			struct log_point *p = &r->l->points[i];

			if (p->input != v[0] || p->output != v[1] ||
			    p->batch != v[2])
				continue;
			add_line(p, line);
			return;
		}
	bad(r, "a line of no point that was recorded");
}

/* The start of the `k`-th word from the right (1 = the last), or NULL. */
static const char *
word_from_right(const char *s, size_t len, int k)
{
	const char *p = s + len;

	while (k > 0 && p > s)
		if (*--p == ' ' && --k == 0)
			return p + 1;
	return NULL;
}

/* Is this word, ended by a blank, a time as the drivers print it? */
static bool
is_stamp(const char *s)
{
	size_t n = strcspn(s, " ");
	int64_t ns;

	return n >= 10 && s[n - 10] == '.' && fm_num_get_scaled(s, n, 9, &ns);
}

/*
 * RES <t0> <t1> <model> <class> <in> <batch> <ms> <per second>; fmwork 1.0.0
 * has no times. The model's name may hold blanks, so it is what is left over
 * when all else has been read.
 */
static void
take_res(struct reading *r, const char *body, size_t len)
{
	const char *in = word_from_right(body, len, 4);
	const char *class = word_from_right(body, len, 5);
	const char *model = body;
	int64_t v[2];
	int i;

	if (!class || numbers(in, v, 2) != 2) {
		bad(r, "not a RES line of this form");
		return;
	}
	for (i = 0; i < 2 && is_stamp(model); i++)
		model += strcspn(model, " ") + 1;
	if (!r->l->model && r->now.n && class > model) {
		r->l->model = fm_strndup(model, (size_t)(class - model) - 1);
		r->l->model_class = fm_strndup(class, (size_t)(in - class) - 1);
	}
	name_point(r, v[0], 1, v[1]);
	close_point(r);
}

static void
take_err(struct reading *r, const struct log_line *line)
{
	struct fm_err_line e;

	if (!fm_record_get_err(line->s, line->len, &e) || e.code == FM_OK) {
		bad(r, "not an ERR line of this form");
		return;
	}
	if (e.batch == 0) {
		(void)fm_err_set(&r->l->err, e.code, "%s", e.text);
		return;
	}
	name_point(r, e.input, e.output, e.batch);
	(void)fm_err_set(&r->now.err, e.code, "%s", e.text);
	r->open = true;
	close_point(r);
}

static void
take_sys(struct reading *r, const char *body, size_t len)
{
	struct fm_err err = FM_ERR_INIT;
	json_t *v = fm_json_parse(body, len, "SYS", &err);

	if (!json_is_object(v))
		bad(r, "not a SYS line");
	else if (!r->l->sys)
		r->l->sys = json_incref(v);
	json_decref(v);
}

static void
take_setup(struct reading *r, const char *body, size_t len)
{
	int64_t ns;

	if (!fm_num_get_scaled(body, len, 9, &ns) || ns < 0)
		bad(r, "not a SETUP line");
	else if (r->l->setup_ns < 0)
		r->l->setup_ns = ns;
}

static void
take_line(struct reading *r, char *s, size_t len)
{
	struct log_line line = { .s = s, .len = len };
	const char *body;
	size_t body_len;

	line.tag = fm_record_tag(s, len, &body);
	body_len = line.tag == FM_TAG_NONE ? 0 : (size_t)(s + len - body);
	switch (line.tag) {
	case FM_TAG_NONE:
		take_banner(r, s);
		break;
	case FM_TAG_REP:
		take_rep(r, &line);
		break;
	case FM_TAG_TOK:
	case FM_TAG_GAP:
		take_more(r, &line);
		break;
	case FM_TAG_OBS:
	case FM_TAG_SIM:
		take_about(r, &line, body);
		break;
	case FM_TAG_RES:
		take_res(r, body, body_len);
		break;
	case FM_TAG_ERR:
		take_err(r, &line);
		break;
	case FM_TAG_SYS:
		take_sys(r, body, body_len);
		break;
	case FM_TAG_SETUP:
		take_setup(r, body, body_len);
		break;
	default:
		break;
	}
}

int
log_read(struct log *l, const char *path, struct fm_err *err)
{
	struct reading r = { .l = l, .path = path };
	char *s, *end;

	memset(l, 0, sizeof *l);
	fm_buf_init(&l->text);
	l->setup_ns = -1;
	if (fm_io_read_file(path, &l->text, err) != 0)
		return -1;
	for (s = l->text.s; s < l->text.s + l->text.len; s++)
		if (*s == '\0')
			*s = '?';
	/* A progress bar may stand before a line, with '\r' between. */
	for (s = l->text.s; *(end = s + strcspn(s, "\r\n")); s = end + 1) {
		r.line += *end == '\n';
		*end = '\0';
		take_line(&r, s, (size_t)(end - s));
	}
	if (strncmp(s, "FMWORK ", 7) == 0) {
		r.line++;
		bad(&r, "the last line has no end");
	}
	close_point(&r);
	if (l->bad > NAMED_BAD)
		(void)fprintf(
		    stderr, "%s: %zu lines skipped in all\n", path, l->bad);
	return 0;
}

void
log_release(struct log *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->points[i].lines);
	free(l->points);
	free(l->model);
	free(l->model_class);
	json_decref(l->sys);
	fm_buf_release(&l->text);
	memset(l, 0, sizeof *l);
	fm_buf_init(&l->text);
}

struct log_point *
log_find(struct log *l, int64_t input, int64_t output, int64_t batch,
    bool again, size_t *count)
{
	struct log_point *p, *found = NULL;

	*count = 0;
	for (p = l->points; p < l->points + l->n; p++) {
		if (p->input != input || p->output != output ||
		    p->batch != batch)
			continue;
		++*count;
		if (again ? p->played : !p->played && !found)
			found = p;
	}
	return found;
}
