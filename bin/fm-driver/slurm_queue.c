/*
 * Talking to Slurm. Formats with a separator, not JSON: every version has
 * them. One call serves all tasks, and a line that cannot be read is passed
 * over, as sites put words of their own into these programs.
 */
#include "slurm_queue.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "conf.h"
#include "num.h"
#include "slurm_cmd.h"
#include "slurm_job.h"
#include "strs.h"

/* --- submitting --- */

/* "1-8%2", "3,5". */
static void
put_array(struct fm_buf *b, const struct slurm *s, const bool *wanted)
{
	size_t i, n = 0;

	if (!wanted)
		fm_buf_printf(b, "--array=1-%zu", s->n);
	for (i = 0; wanted && i < s->n; i++)
		if (wanted[i])
			fm_buf_printf(
			    b, "%s%zu", n++ ? "," : "--array=", i + 1);
	if (s->jobs)
		fm_buf_printf(b, "%%%lld", (long long)s->jobs);
}

void
slurm_submit_words(
    const struct slurm *s, const bool *wanted, struct fm_strs *argv)
{
	struct fm_buf array = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < s->sbatch.n; i++)
		fm_strs_add(argv, s->sbatch.v[i]);
	put_array(&array, s, wanted);
	fm_strs_add(argv, array.s);
	fm_strs_add_take(argv, fm_strdupf("%s/script", s->dir));
	fm_buf_release(&array);
}

/* "12" or "12;cluster", perhaps after words of the site. */
static char *
read_id(struct slurm *s, const char *out)
{
	struct fm_strs lines = FM_STRS_INIT;
	char *id = NULL, *last;
	size_t n;

	fm_strs_split(&lines, out, "\r\n");
	last = lines.n ? lines.v[lines.n - 1] : NULL;
	n = last ? strspn(last, "0123456789") : 0;
	if (n && (last[n] == '\0' || last[n] == ';'))
		id = fm_strndup(last, n);
	if (id && last[n] == ';' && !s->cluster)
		s->cluster = fm_strdup(last + n + 1);
	fm_strs_release(&lines);
	return id;
}

static void
set_job(struct slurm *s, const bool *wanted, const char *id)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct slurm_task *t = &s->tasks[i];

		if (wanted && !wanted[i])
			continue;
		free(t->job);
		t->job = fm_strdup(id);
		t->tries++;
		t->state = NULL;
		t->polls = 0;
	}
}

/* No signal breaks this off: the job might be submitted, and not known. */
int
slurm_submit(struct slurm *s, const bool *wanted, struct fm_err *err)
{
	struct fm_strs argv = FM_STRS_INIT;
	struct slurm_cmd r;
	char *id = NULL;
	int rc;

	slurm_submit_words(s, wanted, &argv);
	rc = slurm_cmd_run(&r, &argv, -1, err);
	if (rc == 0 && r.good)
		id = read_id(s, r.out.s);
	if (rc == 0 && !r.good)
		rc = fm_err_set(err, FM_USAGE, "sbatch refuses the job: %s",
		    r.why ? r.why : "it does not say why");
	else if (rc == 0 && !id)
		rc = fm_err_set(err, FM_INTERNAL,
		    "sbatch does not tell the job's number: '%.80s'", r.out.s);
	if (id) {
		set_job(s, wanted, id);
		slurm_job_link(s, id);
	}
	free(id);
	slurm_cmd_release(&r);
	fm_strs_release(&argv);
	return rc;
}

/* --- looking --- */

/* The arrays that tasks are in, which are not over: "12,15". */
static char *
jobs(const struct slurm *s)
{
	struct fm_strs ids = FM_STRS_INIT;
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < s->n; i++) {
		const char *job = s->tasks[i].job;

		if (s->tasks[i].status >= 0 || !job ||
		    fm_strs_find(&ids, job) >= 0)
			continue;
		fm_strs_add(&ids, job);
		fm_buf_printf(&b, "%s%s", b.len ? "," : "", job);
	}
	fm_strs_release(&ids);
	return fm_buf_detach(&b);
}

static void
add_cluster(struct fm_strs *argv, const struct slurm *s)
{
	if (s->cluster)
		slurm_cmd_words(argv, "-M", s->cluster, NULL);
}

/* The task `index` of an array, or NULL when it is none that we wait for. */
static struct slurm_task *
find(struct slurm *s, const char *job, const char *index)
{
	struct slurm_task *t;
	int64_t i;

	if (!fm_num_get_int(index, strlen(index), &i) || i < 1 ||
	    (uint64_t)i > s->n)
		return NULL;
	t = &s->tasks[i - 1];
	return t->status < 0 && t->job && strcmp(t->job, job) == 0 ? t : NULL;
}

static void
set_state(struct slurm_task *t, const char *word, const char *reason)
{
	const struct slurm_state *state = slurm_state_find(word);

	t->seen = true;
	t->polls = state == t->state ? t->polls + 1 : 1;
	t->state = state;
	free(t->reason);
	t->reason = reason ? fm_strdup(reason) : NULL;
}

/* Cuts `line` at each '|', at most `n` fields; how many there are. */
static size_t
fields(char *line, char **v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		v[i] = line;
		line = i + 1 < n ? strchr(line, '|') : NULL;
		if (!line)
			return i + 1;
		*line++ = '\0';
	}
	return n;
}

/* array | index | state | reason */
static void
read_squeue(struct slurm *s, const char *out)
{
	struct fm_strs lines = FM_STRS_INIT;
	size_t i;
	char *v[4];

	fm_strs_split(&lines, out, "\r\n");
	for (i = 0; i < lines.n; i++) {
		struct slurm_task *t;

		if (fields(lines.v[i], v, 4) == 4 && (t = find(s, v[0], v[1])))
			set_state(t, v[2], v[3]);
	}
	fm_strs_release(&lines);
}

/* array_index | state */
static void
read_sacct(struct slurm *s, const char *out)
{
	struct fm_strs lines = FM_STRS_INIT;
	size_t i;
	char *v[2];

	fm_strs_split(&lines, out, "\r\n");
	for (i = 0; i < lines.n; i++) {
		struct slurm_task *t;
		char *index;

		if (fields(lines.v[i], v, 2) != 2 ||
		    !(index = strchr(v[0], '_')))
			continue;
		*index++ = '\0';
		t = find(s, v[0], index);
		if (t && !t->seen)
			set_state(t, v[1], NULL);
	}
	fm_strs_release(&lines);
}

/* Where there is no accounting, this fails, and nothing is known. */
static void
look_back(struct slurm *s, const char *ids)
{
	struct fm_strs argv = FM_STRS_INIT;
	struct fm_err ignored = FM_ERR_INIT;
	struct slurm_cmd r;

	slurm_cmd_words(&argv, "sacct", "-X", "-n", "-P", "-o", "JobID,State",
	    "-j", ids, NULL);
	add_cluster(&argv, s);
	if (slurm_cmd_run(&r, &argv, s->wake_fd, &ignored) == 0 && r.good)
		read_sacct(s, r.out.s);
	slurm_cmd_release(&r);
	fm_strs_release(&argv);
}

/* Counts what nobody knew of; true while sacct may know. */
static bool
count_missing(struct slurm *s)
{
	bool some = false;
	size_t i;

	for (i = 0; i < s->n; i++)
		some = some || (s->tasks[i].status < 0 && s->tasks[i].job &&
				   !s->tasks[i].seen);
	return some;
}

static void
give_up(struct slurm *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct slurm_task *t = &s->tasks[i];

		if (t->status >= 0 || !t->job || t->seen)
			continue;
		if (t->state != slurm_state_gone())
			t->polls = 0;
		t->state = slurm_state_gone();
		t->polls++;
	}
}

int
slurm_look(struct slurm *s, struct fm_err *err)
{
	struct fm_strs argv = FM_STRS_INIT;
	struct slurm_cmd r;
	char *ids = jobs(s);
	size_t i;
	int rc;

	for (i = 0; i < s->n; i++)
		s->tasks[i].seen = false;
	slurm_cmd_words(&argv, "squeue", "-h", "-r", "-t", "all", "-o",
	    "%F|%K|%T|%r", "-j", ids, NULL);
	add_cluster(&argv, s);
	rc = slurm_cmd_run(&r, &argv, s->wake_fd, err);
	/* Jobs that ended some minutes ago are not known to it any more. */
	if (rc == 0 && !r.good && !(r.why && strstr(r.why, "nvalid job id")))
		rc = fm_err_set(
		    err, FM_IO, "squeue: %s", r.why ? r.why : "it failed");
	if (rc == 0) {
		read_squeue(s, r.out.s);
		if (count_missing(s))
			look_back(s, ids);
		give_up(s);
	}
	slurm_cmd_release(&r);
	fm_strs_release(&argv);
	free(ids);
	return rc;
}

/* --- how it ended --- */

/* The text after " NAME=", up to the next blank; the caller frees. */
static char *
member(const char *out, const char *name)
{
	const char *at = strstr(out, name);

	if (!at)
		return NULL;
	at += strlen(name);
	return fm_strndup(at, strcspn(at, " \n"));
}

char *
slurm_how(const struct slurm *s, size_t task)
{
	struct fm_strs argv = FM_STRS_INIT;
	struct fm_err ignored = FM_ERR_INIT;
	struct slurm_cmd r;
	char *node = NULL, *code = NULL, *out = NULL, *colon;

	slurm_cmd_words(&argv, "scontrol", "-o", NULL);
	add_cluster(&argv, s);
	slurm_cmd_words(&argv, "show", "job", NULL);
	fm_strs_add_take(
	    &argv, fm_strdupf("%s_%zu", s->tasks[task].job, task + 1));
	if (slurm_cmd_run(&r, &argv, s->wake_fd, &ignored) == 0 && r.good) {
		node = member(r.out.s, " NodeList=");
		code = member(r.out.s, " ExitCode=");
	}
	colon = code ? strchr(code, ':') : NULL;
	if (colon) {
		const char *signal = colon + 1;

		*colon = '\0';
		out = strcmp(signal, "0") == 0
			  ? fm_strdupf("exit status %s", code)
			  : fm_strdupf("signal %s", signal);
	}
	if (out && node && *node && *node != '(') {
		char *both = fm_strdupf("%s, on %s", out, node);

		free(out);
		out = both;
	}
	free(node);
	free(code);
	slurm_cmd_release(&r);
	fm_strs_release(&argv);
	return out;
}

int
slurm_cancel(const struct slurm *s, struct fm_err *err)
{
	struct fm_strs argv = FM_STRS_INIT, ids = FM_STRS_INIT;
	struct slurm_cmd r;
	char *list = jobs(s);
	size_t i;
	int rc;

	slurm_cmd_words(&argv, "scancel", NULL);
	add_cluster(&argv, s);
	fm_strs_split(&ids, list, ",");
	for (i = 0; i < ids.n; i++)
		fm_strs_add(&argv, ids.v[i]);
	rc = slurm_cmd_run(&r, &argv, -1, err);
	if (rc == 0 && !r.good)
		rc = fm_err_set(
		    err, FM_IO, "scancel: %s", r.why ? r.why : "it failed");
	slurm_cmd_release(&r);
	fm_strs_release(&ids);
	fm_strs_release(&argv);
	free(list);
	return rc;
}
