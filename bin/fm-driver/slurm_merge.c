/*
 * Reading a log in parts: the head of a model, and points. A point goes from
 * the banner RUN to the next banner or head; it is complete when it has its
 * RES or ERR. The head is kept back until there is a point to go below it.
 */
#include "slurm_merge.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "hash.h"
#include "json.h"
#include "record.h"

enum what {
	WHAT_TEXT,
	WHAT_HEAD,  /* the head of a model begins */
	WHAT_PART,  /* another part of it, or SYS again for another point */
	WHAT_POINT, /* a point begins */
	WHAT_CUT    /* what is open was broken off, with this line */
};

struct line {
	const char *s;
	size_t n; /* with its end */
	enum fm_tag tag;
	const char *body;
};

struct reader {
	struct slurm_merge *m;
	bool write; /* or only remember */
	struct fm_buf head, point;
	char run_id[64];
	char name[160]; /* of the point: its key or its row; "" = not yet */
	char title[64]; /* of its banner: "RUN 128 / 1" */
	char args[FM_HASH_HEX]; /* of the text of the unit's arguments */
	char platform[64];
	int64_t run;
	json_t *titles; /* how many points of each were complete, or NULL */
	bool in_point, closed, measured;
	bool skipped; /* left out on purpose */
	bool exp;     /* the line before was EXP */
	bool in_args; /* of a head */
};

void
slurm_merge_init(struct slurm_merge *m)
{
	m->known = json_object();
	fm_buf_init(&m->b);
	m->measured = m->failed = 0;
}

void
slurm_merge_release(struct slurm_merge *m)
{
	json_decref(m->known);
	fm_buf_release(&m->b);
}

/* Is it news? Then it is known from now on. */
static bool
is_new(struct reader *r)
{
	char *id = fm_strdupf("%s %s", r->run_id, r->name);
	json_t *v = json_object_get(r->m->known, id);
	bool news = !v || (r->measured && !json_is_true(v));

	if (news)
		json_object_set_new(r->m->known, id, json_boolean(r->measured));
	free(id);
	return news;
}

char *
slurm_merge_title(
    const char *args, const char *platform, int64_t run, const char *title)
{
	return fm_strdupf(
	    "%s %s %lld %s", args, platform, (long long)run, title);
}

/* A row without a banner is of the whole unit. */
static void
count_title(struct reader *r)
{
	char *id;

	if (!r->titles || !r->closed)
		return;
	id = r->title[0]
		 ? slurm_merge_title(r->args, r->platform, r->run, r->title)
		 : slurm_merge_title(r->args, "", 0, "");
	fm_json_set_int(r->titles, id, fm_json_int(r->titles, id, 0) + 1);
	free(id);
}

static void
drop_point(struct reader *r)
{
	fm_buf_clear(&r->point);
	r->in_point = r->closed = r->measured = r->skipped = false;
	r->name[0] = r->title[0] = '\0';
}

static void
end_point(struct reader *r)
{
	count_title(r);
	if (r->in_point && r->closed && is_new(r) && r->write) {
		fm_buf_put(&r->m->b, r->head.s, r->head.len);
		fm_buf_clear(&r->head);
		fm_buf_put(&r->m->b, r->point.s, r->point.len);
		r->m->measured += r->measured;
		r->m->failed += !r->measured && !r->skipped;
	}
	drop_point(r);
}

static void
set_name(struct reader *r, const char *s, size_t n)
{
	if (n >= sizeof r->name)
		n = sizeof r->name - 1;
	memcpy(r->name, s, n);
	r->name[n] = '\0';
}

static void
set_run(struct reader *r, const struct line *l)
{
	struct fm_err ignored = FM_ERR_INIT;
	json_t *v = fm_json_parse(
	    l->body, (size_t)(l->s + l->n - 1 - l->body), "SYS", &ignored);
	const char *id = fm_json_str(v, "run_id", NULL);

	if (id)
		(void)snprintf(r->run_id, sizeof r->run_id, "%s", id);
	(void)snprintf(r->platform, sizeof r->platform, "%s",
	    fm_json_str(v, "platform", ""));
	r->run = fm_json_int(v, "run", 1);
	json_decref(v);
}

/* A line of a point. */
static void
take_line(struct reader *r, const struct line *l)
{
	size_t n = (size_t)(l->s + l->n - 1 - l->body);
	struct fm_err_line e;

	fm_buf_put(&r->point, l->s, l->n);
	if ((l->tag == FM_TAG_KEY || l->tag == FM_TAG_ERR ||
		l->tag == FM_TAG_RES) &&
	    !r->name[0])
		set_name(r, l->body, n);
	r->closed = r->closed || l->tag == FM_TAG_ERR || l->tag == FM_TAG_RES;
	r->measured = r->measured || l->tag == FM_TAG_RES;
	if (l->tag == FM_TAG_ERR && fm_record_get_err(l->s, l->n - 1, &e))
		r->skipped = e.code == FM_SKIPPED;
}

/* A line outside of points. A row here is of a model that was not run. */
static void
take_head(struct reader *r, const struct line *l)
{
	if (l->tag == FM_TAG_SYS)
		set_run(r, l);
	if (l->tag == FM_TAG_ERR) {
		/* It comes after a blank line. */
		if (r->in_args)
			fm_hash_of(r->head.s, r->head.len - 1, r->args);
		r->in_point = true;
		take_line(r, l);
		end_point(r);
		return;
	}
	fm_buf_put(&r->head, l->s, l->n);
}

/* The title of the banner that begins with the blank line at `s`, or NULL. */
static const char *
title(const char *s, const char *end)
{
	static const char rule[] = "\n----------------------------------------"
				   "----------------------------------------\n";

	if ((size_t)(end - s) < sizeof rule ||
	    memcmp(s, rule, sizeof rule - 1) != 0)
		return NULL;
	return s + sizeof rule - 1;
}

/* The log is followed by a NUL. */
static enum what
what_is(const struct reader *r, const struct line *l, const char *end)
{
	const char *banner = title(l->s, end);

	if (fm_record_is_resume(l->s, l->n - 1))
		return WHAT_CUT;
	if (l->tag == FM_TAG_EXP)
		return r->exp ? WHAT_TEXT : WHAT_HEAD;
	if (l->tag == FM_TAG_SYS)
		return WHAT_PART;
	if (!banner)
		return WHAT_TEXT;
	if (strncmp(banner, "RUN ", 4) == 0)
		return WHAT_POINT;
	if (strncmp(banner, "ARGS\n", 5) == 0 && !r->exp)
		return WHAT_HEAD;
	return WHAT_PART;
}

static void
take(struct reader *r, const struct line *l, const char *end)
{
	enum what what = what_is(r, l, end);

	if (what == WHAT_CUT && !r->closed)
		drop_point(r);
	if (what != WHAT_TEXT)
		end_point(r);
	if (what == WHAT_CUT)
		return;
	/* The arguments are what stands above the head's second banner. */
	if (what == WHAT_PART && r->in_args)
		fm_hash_of(r->head.s, r->head.len, r->args);
	r->in_args = what == WHAT_HEAD || (r->in_args && what == WHAT_TEXT) ||
		     (r->exp && what == WHAT_PART);
	/* The head of a task that came to no point is of no use. */
	if (what == WHAT_HEAD)
		fm_buf_clear(&r->head);
	if (what == WHAT_POINT) {
		const char *t = title(l->s, end);

		r->in_point = true;
		(void)snprintf(r->title, sizeof r->title, "%.*s",
		    (int)strcspn(t, "\n"), t);
	}
	if (r->in_point)
		take_line(r, l);
	else
		take_head(r, l);
	r->exp = l->tag == FM_TAG_EXP;
}

static void
read_log(struct slurm_merge *m, const char *log, size_t n, bool write,
    json_t *titles)
{
	struct reader r = { .m = m,
		.write = write,
		.titles = titles,
		.head = FM_BUF_INIT,
		.point = FM_BUF_INIT };
	const char *end = log + n, *at;

	while (log < end && (at = memchr(log, '\n', (size_t)(end - log)))) {
		struct line l = { log, (size_t)(at + 1 - log), FM_TAG_NONE,
			NULL };

		l.tag = fm_record_tag(l.s, l.n - 1, &l.body);
		take(&r, &l, end);
		log = at + 1;
	}
	end_point(&r);
	fm_buf_release(&r.head);
	fm_buf_release(&r.point);
}

void
slurm_merge_know(struct slurm_merge *m, const char *log, size_t n)
{
	read_log(m, log, n, false, NULL);
}

void
slurm_merge_add(struct slurm_merge *m, const char *log, size_t n)
{
	read_log(m, log, n, true, NULL);
}

json_t *
slurm_merge_titles(const char *log, size_t n)
{
	struct slurm_merge m;
	json_t *titles = json_object();

	slurm_merge_init(&m);
	read_log(&m, log, n, false, titles);
	slurm_merge_release(&m);
	return titles;
}
