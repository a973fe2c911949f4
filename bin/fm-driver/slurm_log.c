/*
 * Our log. What is no log, as the output of --build_only and --analyze_only,
 * is appended as it is, but for JSON.
 */
#include "slurm_log.h"

#include <stdlib.h>

#include "buf.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "slurm_job.h"

void
slurm_log_init(struct slurm_log *l)
{
	slurm_merge_init(&l->m);
	l->all = json_array();
	l->opened = false;
}

void
slurm_log_release(struct slurm_log *l)
{
	slurm_merge_release(&l->m);
	json_decref(l->all);
	if (l->opened)
		journal_close(&l->j);
}

int
slurm_log_open(struct slurm_log *l, const struct slurm *s, struct fm_buf *old,
    struct fm_err *err)
{
	struct how h = s->c->how;

	if (!h.log)
		h.log = s->log;
	h.resume = h.log && (h.resume || h.attach);
	l->opened = true;
	if (journal_open(&l->j, &h, s->wake_fd, err) != 0)
		return -1;
	if (h.log && fm_io_read_file(h.log, old, err) != 0)
		return -1;
	slurm_merge_know(&l->m, old->s, old->len);
	return 0;
}

static int
flush(struct slurm_log *l, struct fm_err *err)
{
	struct fm_buf *b = &l->m.b;
	int rc = b->len ? journal_write(&l->j, b->s, b->len, true, err) : 0;

	fm_buf_clear(b);
	return rc;
}

/* A file of a task; one that is not there is empty. */
static void
read_part(
    const struct slurm *s, size_t task, const char *ending, struct fm_buf *b)
{
	char *path = slurm_job_file(s, task, ending);
	struct fm_err ignored = FM_ERR_INIT;

	(void)fm_io_read_file(path, b, &ignored);
	free(path);
}

static void
take_whole(struct slurm_log *l, const struct slurm *s, const struct fm_buf *b)
{
	struct fm_err ignored = FM_ERR_INIT;
	json_t *v = NULL;

	if (s->task.json)
		v = fm_json_parse(b->s, b->len, "", &ignored);
	if (json_is_array(v))
		(void)json_array_extend(l->all, v);
	else
		fm_buf_put(&l->m.b, b->s, b->len);
	json_decref(v);
}

int
slurm_log_take(
    struct slurm_log *l, const struct slurm *s, size_t task, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;

	read_part(s, task, "log", &b);
	if (s->whole) {
		take_whole(l, s, &b);
	} else {
		fm_buf_consume(&b, s->seed);
		/* What is torn must not become one with the rows. */
		while (b.len && b.s[b.len - 1] != '\n')
			b.len--;
		read_part(s, task, "rows", &b);
		slurm_merge_add(&l->m, b.s, b.len);
	}
	fm_buf_release(&b);
	return flush(l, err);
}

int
slurm_log_end(struct slurm_log *l, const struct slurm *s, struct fm_err *err)
{
	if (!s->task.json)
		return 0;
	fm_json_put_py(&l->m.b, l->all);
	fm_buf_putc(&l->m.b, '\n');
	return flush(l, err);
}
