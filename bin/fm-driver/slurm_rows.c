/*
 * Rows for what is missing: the plan's points of a shard, as far as the
 * options tell, without those that its log has.
 */
#include "slurm_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "hash.h"
#include "io.h"
#include "json.h"
#include "plan.h"
#include "points.h"
#include "record.h"
#include "session.h"
#include "shape.h"
#include "slurm_job.h"
#include "slurm_merge.h"
#include "text.h"

struct rows {
	const struct slurm *s;
	const struct fm_err *why;
	json_t *fail;
	json_t *titles; /* of complete points, how many are not used up */
	struct text t;
};

/* Is there one? Then it is used up. */
static bool
take(struct rows *r, const char *args, const char *platform, int64_t run,
    const char *title)
{
	char *id = slurm_merge_title(args, platform, run, title);
	int64_t n = fm_json_int(r->titles, id, 0);

	if (n > 0)
		fm_json_set_int(r->titles, id, n - 1);
	free(id);
	return n > 0;
}

/* What a task had to say, as UTF-8 whatever it is. */
static json_t *
last_lines(const struct slurm *s, size_t task)
{
	struct fm_strs lines = FM_STRS_INIT;
	struct fm_buf b = FM_BUF_INIT;
	json_t *v = json_array();
	size_t i;

	slurm_job_tail(s, task, &lines);
	for (i = 0; i < lines.n; i++) {
		fm_buf_clear(&b);
		fm_json_put_str(&b, lines.v[i], strlen(lines.v[i]), false);
		json_array_append_new(
		    v, json_loadb(b.s, b.len, JSON_DECODE_ANY, NULL));
	}
	fm_buf_release(&b);
	fm_strs_release(&lines);
	return v;
}

/* The FAIL line's object; the same for all points of a task. */
static json_t *
failure(const struct slurm *s, size_t task, const struct fm_err *why)
{
	const struct slurm_task *t = &s->tasks[task];
	json_t *v = json_object();

	fm_json_set_str(v, "code", fm_code_word(why->code));
	json_object_set_new(v, "job", json_sprintf("%s_%zu", t->job, task + 1));
	fm_json_set_str(v, "state", t->state->word);
	fm_json_set_int(v, "attempts", t->tries);
	json_object_set_new(v, "stderr", last_lines(s, task));
	return v;
}

static void
put_point(struct rows *r, const char *title, const struct fm_point *at)
{
	text_banner(&r->t, title);
	fm_record_put_at(
	    &r->t.b, FM_TAG_FAIL, at->input, at->output, at->batch, r->fail);
	fm_record_put_err(&r->t.b, r->why->code, at->input, at->output,
	    at->batch, r->why->text);
}

/* What is known without a backend, so that the rows belong to their run. */
static void
put_head(struct rows *r, const struct turn *turn, const char *platform,
    const struct text *args)
{
	json_t *sys = json_object();
	const char *id = r->s->run_id;

	if (turn->run == 1)
		fm_json_set_str(sys, "run_id", id);
	else
		json_object_set_new(sys, "run_id",
		    json_sprintf("%s-%lld", id, (long long)turn->run));
	fm_json_set_int(sys, "run", turn->run);
	fm_json_set_str(sys, "platform", platform);
	fm_buf_put(&r->t.b, args->b.s, args->b.len);
	fm_record_put_json(&r->t.b, FM_TAG_SYS, sys);
	json_decref(sys);
}

/* Missing points of a unit on a platform. */
static int
put_platform(struct rows *r, const struct turn *turn, size_t task,
    const char *platform, const struct text *head, const char *args,
    struct fm_err *err)
{
	struct conf c = turn->unit->c;
	struct errand e = {
		.platform = platform, .run = turn->run, .unit = turn->number
	};
	struct shape shape;
	bool begun = false;
	size_t i;
	char title[80];
	int rc;

	c.how.shards = (int64_t)r->s->n;
	c.how.shard_no = (int64_t)task;
	rc = shape_init(&shape, &c, NULL, NULL, err);
	if (rc == 0)
		rc = points_arrange(&shape, &c, &e, err);
	for (i = 0; rc == 0 && i < shape.n_points; i++) {
		text_run_title(title, sizeof title, &c, &shape.points[i]);
		if (take(r, args, platform, turn->run, title))
			continue;
		if (!begun)
			put_head(r, turn, platform, head);
		begun = true;
		put_point(r, title, &shape.points[i]);
	}
	shape_release(&shape);
	return rc;
}

static int
put_turn(
    struct rows *r, const struct turn *turn, size_t task, struct fm_err *err)
{
	const struct conf *c = &turn->unit->c;
	struct text head;
	char args[FM_HASH_HEX];
	size_t i;
	int rc = 0;

	text_init(&head, NULL);
	text_args(&head, c);
	fm_hash_of(head.b.s, head.b.len, args);
	/* A unit that failed as a whole has its row. */
	for (i = 0; rc == 0 && i < c->platforms.n; i++)
		if (!take(r, args, "", 0, ""))
			rc = put_platform(
			    r, turn, task, c->platforms.v[i], &head, args, err);
	text_release(&head);
	return rc;
}

static int
put_missing(struct rows *r, size_t task, struct fm_err *err)
{
	size_t i, n;
	struct turn *turns = plan_turns(&r->s->plan, &n);
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++)
		rc = put_turn(r, &turns[i], task, err);
	free(turns);
	return rc;
}

static int
write_rows(const char *path, const struct fm_buf *b, struct fm_err *err)
{
	struct fm_out o;

	if (fm_out_open(&o, path, err) != 0)
		return -1;
	(void)fwrite(b->s, 1, b->len, o.f);
	return fm_out_close(&o, err);
}

int
slurm_rows(const struct slurm *s, size_t task, const struct fm_err *why,
    struct fm_err *err)
{
	struct rows r = { .s = s, .why = why };
	char *path = slurm_job_file(s, task, "rows");
	char *log = slurm_job_file(s, task, "log");
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	int rc = 0;

	if (!fm_io_is_file(path)) {
		text_init(&r.t, NULL);
		r.fail = failure(s, task, why);
		(void)fm_io_read_file(log, &b, &ignored);
		r.titles = slurm_merge_titles(b.s, b.len);
		rc = put_missing(&r, task, err);
		if (rc == 0)
			rc = write_rows(path, &r.t.b, err);
		json_decref(r.titles);
		json_decref(r.fail);
		text_release(&r.t);
	}
	fm_buf_release(&b);
	free(log);
	free(path);
	return rc;
}
