/*
 * Rows for what is missing. The points of a shard are known from the plan;
 * those that its log has are taken off.
 */
#include "slurm_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "record.h"
#include "slurm_job.h"
#include "slurm_merge.h"
#include "sweep.h"
#include "text.h"

static void
put_title(char *b, size_t n, const struct conf *c, const struct fm_point *at)
{
	if (c->n_output)
		(void)snprintf(b, n, "RUN %lld / %lld / %lld",
		    (long long)at->input, (long long)at->output,
		    (long long)at->batch);
	else
		(void)snprintf(b, n, "RUN %lld / %lld", (long long)at->input,
		    (long long)at->batch);
}

/* Was it done? Each complete point of the log serves once. */
static bool
was_done(json_t *titles, const char *title)
{
	int64_t n = fm_json_int(titles, title, 0);

	if (n > 0)
		fm_json_set_int(titles, title, n - 1);
	return n > 0;
}

static int
put_missing(struct text *t, const struct slurm *s, size_t task, json_t *titles,
    const struct fm_err *why, struct fm_err *err)
{
	const struct conf *c = &s->task;
	struct fm_sweep sizes = { c->input, c->output, c->batch, c->n_input,
		c->n_output, c->n_batch };
	struct fm_point *v = NULL;
	size_t n = 0, i;
	char title[64];

	if (fm_sweep_points(&sizes,
		c->n_output ? FM_SWEEP_INFER : FM_SWEEP_EMBED, &v, &n, err))
		return -1;
	for (i = task; i < n * c->platforms.n; i += s->n) {
		const struct fm_point *at = &v[i % n];

		put_title(title, sizeof title, c, at);
		if (was_done(titles, title))
			continue;
		text_banner(t, title);
		fm_record_put_err(&t->b, why->code, at->input, at->output,
		    at->batch, why->text);
	}
	free(v);
	return 0;
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
	char *path = slurm_job_file(s, task, "rows");
	char *log = slurm_job_file(s, task, "log");
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	struct text t;
	json_t *titles;
	int rc = 0;

	text_init(&t, -1);
	(void)fm_io_read_file(log, &b, &ignored);
	if (!fm_io_is_file(path)) {
		titles = slurm_merge_titles(b.s, b.len);
		if (!strstr(b.s, "\nFMWORK ARG "))
			text_args(&t, &s->task);
		rc = put_missing(&t, s, task, titles, why, err);
		if (rc == 0)
			rc = write_rows(path, &t.b, err);
		json_decref(titles);
	}
	text_release(&t);
	fm_buf_release(&b);
	free(log);
	free(path);
	return rc;
}
