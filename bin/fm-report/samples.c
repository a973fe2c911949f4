/*
 * Reading logs: repetitions gather until the line that closes their point says
 * which sizes they had.
 */
#include "samples.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "record_form.h"

static void
set_release(struct sample_set *p)
{
	free(p->model);
	free(p->ns);
}

void
samples_release(struct samples *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		set_release(&s->v[i]);
	free(s->v);
	free(s->device);
	memset(s, 0, sizeof *s);
}

/* --- lines --- */

static struct sample_set *
current(struct samples *s, bool begin)
{
	struct sample_set *p;

	if (s->n && !begin && !s->v[s->n - 1].closed)
		return &s->v[s->n - 1];
	FM_GROW(s->v, s->cap, s->n + 1);
	p = &s->v[s->n++];
	memset(p, 0, sizeof *p);
	p->input = p->output = p->batch = (double)NAN;
	return p;
}

static void
take_num(double *v, const struct fm_text *t)
{
	double x;

	if (t->s && fm_num_get_double(t->s, t->n, &x))
		*v = x;
}

static void
take_sizes(struct sample_set *p, const struct fm_line *l)
{
	take_num(&p->input, &l->f[FM_F_INPUT]);
	take_num(&p->output, &l->f[FM_F_OUTPUT]);
	take_num(&p->batch, &l->f[FM_F_BATCH]);
	if (l->f[FM_F_MODEL].s && !p->model)
		p->model = fm_strndup(l->f[FM_F_MODEL].s, l->f[FM_F_MODEL].n);
}

static void
take_day(struct samples *s, const struct fm_text *t)
{
	int64_t ns;
	time_t at;
	struct tm tm;

	if (*s->day || !t->s || !fm_num_get_scaled(t->s, t->n, 9, &ns))
		return;
	at = (time_t)(ns / 1000000000);
	/* Old drivers count from when the machine was started. */
	if (at > 1000000000 && gmtime_r(&at, &tm))
		(void)strftime(s->day, sizeof s->day, "%Y-%m-%d", &tm);
}

static void
take_rep(struct samples *s, const struct fm_line *l)
{
	const struct fm_text *rep = &l->f[FM_F_REP], *dt = &l->f[FM_F_DT];
	struct sample_set *p;
	int64_t number = 0, ns;

	if (!dt->s || !fm_num_get_scaled(dt->s, dt->n, 9, &ns))
		return;
	if (rep->s)
		(void)fm_num_get_int(rep->s, rep->n, &number);
	p = current(s, number == 1 && s->n && s->v[s->n - 1].n);
	FM_GROW(p->ns, p->cap, p->n + 1);
	p->ns[p->n++] = ns;
	take_sizes(p, l);
	take_day(s, &l->f[FM_F_T0]);
}

static void
take_sys(struct samples *s, const char *text, size_t n)
{
	json_t *v = json_loadb(text, n, 0, NULL);
	const char *device = fm_json_str(v, "device", NULL);

	if (device) {
		free(s->device);
		s->device = fm_strdup(device);
	}
	json_decref(v);
}

static void
take_line(struct samples *s, const char *line, size_t len)
{
	const char *body;
	struct fm_line l;

	switch (fm_record_tag(line, len, &body)) {
	case FM_TAG_REP:
		if (fm_line_get(&l, line, len))
			take_rep(s, &l);
		break;
	case FM_TAG_RES:
		if (s->n && fm_line_get(&l, line, len)) {
			take_sizes(&s->v[s->n - 1], &l);
			s->v[s->n - 1].closed = true;
		}
		break;
	case FM_TAG_SIM:
		s->simulated = true;
		break;
	case FM_TAG_SYS:
		take_sys(s, body, len - (size_t)(body - line));
		break;
	default:
		break;
	}
}

static int
read_fd(struct samples *s, int fd, const char *name, struct fm_err *err)
{
	struct fm_reader r;
	char *line;
	size_t n = 0;
	int got;

	fm_reader_init(&r, fd);
	while ((got = fm_reader_next(&r, &line, &n)) > 0)
		take_line(s, line, n);
	fm_reader_release(&r);
	return got < 0 ? fm_err_sys(err, FM_IO, "cannot read '%s'", name) : 0;
}

/* --- choosing --- */

struct chosen {
	const struct fm_expr *e;
	const struct sample_set *p;
	size_t at;
};

static void
value(void *ctx, size_t slot, struct fm_expr_value *v)
{
	const struct chosen *c = ctx;
	const char *name = c->e->names.v[slot];

	v->type = FM_EXPR_NUM;
	if (strcmp(name, "input") == 0)
		v->num = c->p->input;
	else if (strcmp(name, "output") == 0)
		v->num = c->p->output;
	else if (strcmp(name, "batch") == 0)
		v->num = c->p->batch;
	else if (strcmp(name, "n") == 0)
		v->num = (double)c->p->n;
	else if (strcmp(name, "point") == 0)
		v->num = (double)c->at;
	else if (strcmp(name, "model") == 0 && c->p->model) {
		v->type = FM_EXPR_STR;
		v->str = c->p->model;
	} else
		v->type = FM_EXPR_NULL;
}

static int
choose(struct samples *s, const char *where, struct fm_err *err)
{
	struct fm_expr e = FM_EXPR_INIT;
	size_t i, n = 0;
	int rc = where ? fm_expr_parse(&e, where, err) : 0;

	if (rc != 0)
		(void)fm_err_wrap(err, "--where");
	for (i = 0; rc == 0 && i < s->n; i++) {
		struct chosen c = { &e, &s->v[i], i + 1 };

		if (s->v[i].n && fm_expr_true(&e, value, &c))
			s->v[n++] = s->v[i];
		else
			set_release(&s->v[i]);
	}
	if (rc == 0)
		s->n = n;
	fm_expr_release(&e);
	return rc;
}

int
samples_read(struct samples *s, const struct fm_strs *files, const char *where,
    struct fm_err *err)
{
	size_t i;
	int fd, rc = 0;

	if (files->n == 0)
		rc = read_fd(s, STDIN_FILENO, "stdin", err);
	for (i = 0; rc == 0 && i < files->n; i++) {
		if (strcmp(files->v[i], "-") == 0) {
			rc = read_fd(s, STDIN_FILENO, "stdin", err);
			continue;
		}
		fd = open(files->v[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return fm_err_sys(
			    err, FM_IO, "cannot open '%s'", files->v[i]);
		rc = read_fd(s, fd, files->v[i], err);
		(void)close(fd);
	}
	return rc == 0 ? choose(s, where, err) : rc;
}

/* --- names --- */

static void
put_size(struct fm_buf *b, const char *name, double v)
{
	if (!isnan(v))
		fm_buf_printf(b, "%s%s %.10g", b->len ? ", " : "", name, v);
}

static bool
one_model(const struct samples *s)
{
	size_t i;

	for (i = 1; i < s->n; i++)
		if (!s->v[i].model || !s->v[0].model ||
		    strcmp(s->v[i].model, s->v[0].model) != 0)
			return false;
	return true;
}

char *
samples_name(const struct samples *s, size_t i)
{
	const struct sample_set *p = &s->v[i];
	struct fm_buf b = FM_BUF_INIT;

	if (!one_model(s))
		fm_buf_puts(&b, p->model ? p->model : "unfinished");
	put_size(&b, "input", p->input);
	if (p->output > 1)
		put_size(&b, "output", p->output);
	put_size(&b, "batch", p->batch);
	return fm_buf_detach(&b);
}

char *
samples_about(const struct samples *s)
{
	struct fm_buf b = FM_BUF_INIT;

	if (s->simulated)
		fm_buf_puts(&b, "simulated: ");
	if (s->n == 0)
		fm_buf_puts(&b, "no repetitions");
	else if (one_model(s))
		fm_buf_puts(&b, s->v[0].model ? s->v[0].model : "unfinished");
	else
		fm_buf_puts(&b, "several models");
	if (s->device)
		fm_buf_printf(&b, " on %s", s->device);
	if (*s->day)
		fm_buf_printf(&b, ", %s", s->day);
	return fm_buf_detach(&b);
}
