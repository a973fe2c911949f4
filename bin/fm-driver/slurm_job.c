/*
 * The folder of a sweep under Slurm. Written so that a driver that dies at
 * any moment leaves one that the next can use: whole files only, and the
 * script before the job.
 */
#define _GNU_SOURCE /* F_OFD_SETLK */
#include "slurm_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "cache.h"
#include "clock.h"
#include "hash.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "prog.h"
#include "record.h"
#include "slurm_cmd.h"
#include "slurm_conf.h"
#include "slurm_script.h"

enum {
	TAIL_LINES = 5, /* of what a task had to say */
	TAIL_BYTES = 4096
};

/* --- places --- */

/* The folder of all arrays. */
static char *
home(const struct conf *c, struct fm_err *err)
{
	const char *dir = slurm_conf_own(c, "dir");
	struct fm_cache cache = FM_CACHE_INIT;
	char *notice = NULL, *place, *out = NULL;

	if (dir) {
		if (fm_io_mkdirs(dir, err) != 0)
			return NULL;
		out = realpath(dir, NULL);
	} else {
		place = fm_cache_place(c->cache_dir, true, &notice);
		if (fm_cache_open(&cache, place, FM_CACHE_CREATE, err) == 0)
			out = fm_io_join(cache.dir, "slurm");
		fm_cache_release(&cache);
		free(place);
		free(notice);
		if (!out || fm_io_mkdirs(out, err) != 0) {
			free(out);
			return NULL;
		}
	}
	if (!out)
		(void)fm_err_sys(err, FM_IO, "cannot use folder '%s'", dir);
	return out;
}

char *
slurm_job_file(const struct slurm *s, size_t task, const char *ending)
{
	return fm_strdupf("%s/shard-%zu.%s", s->dir, task + 1, ending);
}

/* --- the lock --- */

/* The kernel's, so that none stays behind. */
static int
lock(struct slurm *s, struct fm_err *err)
{
	char *path = fm_io_join(s->dir, "lock");
	struct flock l;
	int rc = 0;

	memset(&l, 0, sizeof l);
	l.l_type = F_WRLCK;
	l.l_whence = SEEK_SET;
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (s->lock_fd < 0)
		rc = fm_err_sys(err, FM_IO, "cannot open '%s'", path);
	else if (fcntl(s->lock_fd, F_OFD_SETLK, &l) != 0)
		rc = fm_err_set(err, FM_BUSY,
		    "another fm-driver looks after this job: '%s' is locked",
		    path);
	free(path);
	return rc;
}

/* --- files --- */

static int
write_file(const struct slurm *s, const char *name, const struct fm_buf *b,
    struct fm_err *err)
{
	char *path = fm_io_join(s->dir, name);
	struct fm_out o;
	int rc = fm_out_open(&o, path, err);

	if (rc == 0) {
		(void)fwrite(b->s, 1, b->len, o.f);
		rc = fm_out_close(&o, err);
	}
	free(path);
	return rc;
}

/* --- the state --- */

static json_t *
list(const struct fm_strs *words)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < words->n; i++) {
		json_t *w = json_string(words->v[i]);

		json_array_append_new(a, w ? w : json_string("?"));
	}
	return a;
}

int
slurm_job_save(const struct slurm *s, struct fm_err *err)
{
	json_t *o = json_object(), *tasks = json_array();
	struct fm_buf b = FM_BUF_INIT;
	size_t i;
	int rc;

	fm_json_set_str(o, "run_id", s->run_id);
	fm_json_set_str(o, "log", s->log);
	fm_json_set_int(o, "seed", (int64_t)s->seed);
	fm_json_set_str(o, "cluster", s->cluster);
	fm_json_set_int(o, "jobs", s->jobs);
	json_object_set_new(o, "whole", json_boolean(s->whole));
	json_object_set_new(o, "argv", list(&s->argv));
	json_object_set_new(o, "sbatch", list(&s->sbatch));
	for (i = 0; i < s->n; i++) {
		json_t *t = json_object();

		fm_json_set_str(t, "job", s->tasks[i].job);
		fm_json_set_int(t, "tries", s->tasks[i].tries);
		fm_json_set_int(t, "status", s->tasks[i].status);
		json_array_append_new(tasks, t);
	}
	json_object_set_new(o, "tasks", tasks);
	fm_json_put(&b, o);
	fm_buf_putc(&b, '\n');
	rc = write_file(s, "state.json", &b, err);
	fm_buf_release(&b);
	json_decref(o);
	return rc;
}

static void
take_list(struct fm_strs *words, const json_t *a)
{
	size_t i;

	for (i = 0; i < json_array_size(a); i++) {
		const char *w = json_string_value(json_array_get(a, i));

		fm_strs_add(words, w ? w : "");
	}
}

static void
take_tasks(struct slurm *s, const json_t *a)
{
	size_t i;

	s->n = json_array_size(a);
	s->tasks = fm_calloc(s->n + 1, sizeof *s->tasks);
	for (i = 0; i < s->n; i++) {
		const json_t *t = json_array_get(a, i);
		const char *job = fm_json_str(t, "job", NULL);

		s->tasks[i].job = job ? fm_strdup(job) : NULL;
		s->tasks[i].tries = (int)fm_json_int(t, "tries", 0);
		s->tasks[i].status = (int)fm_json_int(t, "status", -1);
	}
}

static char *
copy(const char *s)
{
	return s ? fm_strdup(s) : NULL;
}

/* What the tasks do. */
static int
read_task(struct slurm *s, struct fm_err *err)
{
	if (conf_read(&s->task, (int)s->argv.n, s->argv.v, err) != 0)
		return -1;
	s->planned = true;
	return plan_read(&s->plan, &s->task, err);
}

static int
load(struct slurm *s, struct fm_err *err)
{
	char *path = fm_io_join(s->dir, "state.json");
	json_t *o = fm_json_read_file(path, err);
	int rc = -1;

	if (o) {
		s->cluster = copy(fm_json_str(o, "cluster", NULL));
		s->name = fm_strdup(fm_io_base(s->dir));
		s->run_id = fm_strdup(fm_json_str(o, "run_id", ""));
		s->log = copy(fm_json_str(o, "log", NULL));
		s->seed = (size_t)fm_json_int(o, "seed", 0);
		s->jobs = fm_json_int(o, "jobs", 0);
		s->whole = fm_json_bool(o, "whole", false);
		take_list(&s->argv, json_object_get(o, "argv"));
		take_list(&s->sbatch, json_object_get(o, "sbatch"));
		take_tasks(s, json_object_get(o, "tasks"));
		if (!s->n || !s->argv.n || !s->sbatch.n)
			rc = fm_err_set(err, FM_USAGE,
			    "'%s' is not of a job of ours", path);
		else
			rc = read_task(s, err);
	}
	json_decref(o);
	free(path);
	return rc;
}

/* --- a new one --- */

/* Unlike those of other runs, of this user or others, anywhere. */
static char *
new_name(void)
{
	struct fm_clock clock;
	char host[256] = "", *seed, hex[FM_HASH_HEX];

	fm_clock_start(&clock);
	(void)gethostname(host, sizeof host - 1);
	seed = fm_strdupf("%s %ld %lld", host, (long)getpid(),
	    (long long)fm_clock_epoch_ns(&clock, fm_clock_now_ns()));
	fm_hash_of(seed, strlen(seed), hex);
	free(seed);
	return fm_strndup(hex, 16);
}

/* Also of a file that is not there yet. */
static char *
absolute(const char *path)
{
	char *cwd = realpath(".", NULL), *out = fm_io_join(cwd, path);

	free(cwd);
	return out;
}

/* The program as the nodes see it. */
static char *
program(const struct conf *c)
{
	const char *given = slurm_conf_own(c, "driver");
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (given)
		return fm_strdup(given);
	exe[n < 0 ? 0 : n] = '\0';
	return fm_strdup(n < 0 ? "fm-driver" : exe);
}

/* sbatch reads '%' in the name of a file as the beginning of a pattern, and
 * after a backslash nothing more. */
static int
put_output(struct slurm *s, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	const char *at;

	if (strchr(s->dir, '\\'))
		return fm_err_set(err, FM_USAGE,
		    "Slurm cannot use folder '%s': there is a backslash in "
		    "its name",
		    s->dir);
	fm_buf_puts(&b, "--output=");
	for (at = s->dir; *at; at++) {
		fm_buf_putc(&b, *at);
		if (*at == '%')
			fm_buf_putc(&b, '%');
	}
	fm_buf_puts(&b, "/shard-%a.err");
	fm_strs_add_take(&s->sbatch, fm_buf_detach(&b));
	return 0;
}

/*
 * A name that no other job has, lest somebody's scancel by name ends it; a
 * job that may be run again, as its points are not measured twice.
 */
static int
put_sbatch(struct slurm *s, struct fm_err *err)
{
	char *cwd = realpath(".", NULL);

	slurm_cmd_words(&s->sbatch, "sbatch", "--parsable",
	    "--open-mode=append", "--requeue", NULL);
	fm_strs_add_take(&s->sbatch, fm_strdupf("--job-name=fm-%s", s->name));
	fm_strs_add_take(&s->sbatch, fm_strdupf("--chdir=%s", cwd ? cwd : "."));
	free(cwd);
	return put_output(s, err) != 0 ||
		       slurm_conf_sbatch(s->c, &s->sbatch, err) != 0
		   ? -1
		   : 0;
}

static int
new_tasks(struct slurm *s, struct fm_err *err)
{
	size_t i;

	if (slurm_conf_shards(s->c, &s->plan, &s->n, err) != 0)
		return -1;
	s->tasks = fm_calloc(s->n, sizeof *s->tasks);
	for (i = 0; i < s->n; i++)
		s->tasks[i].status = -1;
	return 0;
}

int
slurm_job_new(struct slurm *s, const char *run_id, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	char *prog = program(s->c), *dir = home(s->c, err);
	int rc = -1;

	s->whole = s->c->build_only || s->c->analyze_only;
	s->retries = s->c->how.resume_failed;
	s->jobs = s->c->how.jobs;
	s->name = new_name();
	s->run_id = fm_strdup(run_id ? run_id : s->name);
	s->log = s->c->how.log ? absolute(s->c->how.log) : NULL;
	s->dir = dir ? fm_io_join(dir, s->name) : NULL;
	slurm_conf_task(s->c, prog, &s->argv);
	if (dir && fm_io_mkdirs(s->dir, err) == 0 && lock(s, err) == 0 &&
	    read_task(s, err) == 0 && new_tasks(s, err) == 0 &&
	    put_sbatch(s, err) == 0) {
		slurm_script_put(&b, s);
		rc = write_file(s, "script", &b, err) != 0 ||
			     slurm_job_save(s, err) != 0
			 ? -1
			 : 0;
	}
	fm_buf_release(&b);
	free(prog);
	free(dir);
	return rc;
}

/* Repetitions are left out: nobody asks for them. */
int
slurm_job_seed(struct slurm *s, const char *log, size_t n, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	const char *end = log + n, *at, *body;
	size_t i;
	int rc = 0;

	for (; (at = memchr(log, '\n', (size_t)(end - log))); log = at + 1) {
		enum fm_tag tag = fm_record_tag(log, (size_t)(at - log), &body);

		if (tag != FM_TAG_REP && tag != FM_TAG_TOK && tag != FM_TAG_GAP)
			fm_buf_put(&b, log, (size_t)(at + 1 - log));
	}
	s->seed = b.len;
	for (i = 0; b.len && i < s->n && rc == 0; i++) {
		char *path = slurm_job_file(s, i, "log");

		rc = write_file(s, fm_io_base(path), &b, err);
		free(path);
	}
	fm_buf_release(&b);
	return rc;
}

/* --- one that is there --- */

void
slurm_job_link(const struct slurm *s, const char *job)
{
	char *path = fm_strdupf("%s/../job-%s", s->dir, job);

	(void)unlink(path);
	if (symlink(s->name, path) != 0)
		fm_prog_say("fm-driver",
		    "cannot make '%s' (%s): --attach %s will not find the job",
		    path, strerror(errno), job);
	free(path);
}

/* Slurm knows the script of a job that it has not forgotten. */
static char *
ask(const char *job)
{
	struct fm_strs argv = FM_STRS_INIT;
	struct fm_err ignored = FM_ERR_INIT;
	struct slurm_cmd r;
	char *at, *dir = NULL;

	slurm_cmd_words(&argv, "scontrol", "-o", "show", "job", job, NULL);
	if (slurm_cmd_run(&r, &argv, -1, &ignored) == 0 && r.good &&
	    (at = strstr(r.out.s, " Command="))) {
		at += strlen(" Command=");
		dir = fm_strndup(at, strcspn(at, "\n"));
		at = strstr(dir, "/script WorkDir=");
		if (at)
			*at = '\0';
		if (!at || !fm_io_is_dir(dir)) {
			free(dir);
			dir = NULL;
		}
	}
	slurm_cmd_release(&r);
	fm_strs_release(&argv);
	return dir;
}

/* A driver that died between the submission and its note of it. */
static void
adopt(struct slurm *s, const char *job)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!s->tasks[i].job) {
			s->tasks[i].job = fm_strdup(job);
			s->tasks[i].tries = 1;
		}
}

int
slurm_job_open(struct slurm *s, const char *job, struct fm_err *err)
{
	char *dir = home(s->c, err), *link;
	size_t digits = strspn(job, "0123456789");

	if (!dir)
		return -1;
	if (digits == 0 || job[digits]) {
		free(dir);
		return fm_err_set(err, FM_USAGE,
		    "--attach: '%s' must be the number of a job", job);
	}
	link = fm_strdupf("%s/job-%s", dir, job);
	s->dir = realpath(link, NULL);
	if (!s->dir)
		s->dir = ask(job);
	if (!s->dir)
		(void)fm_err_set(err, FM_USAGE,
		    "--attach: no job %s of ours in '%s' (--cache_dir or "
		    "--slurm:dir say where to look)",
		    job, dir);
	free(link);
	free(dir);
	if (!s->dir || lock(s, err) != 0 || load(s, err) != 0)
		return -1;
	adopt(s, job);
	return 0;
}

void
slurm_job_release(struct slurm *s)
{
	size_t i;

	for (i = 0; s->tasks && i < s->n; i++) {
		free(s->tasks[i].job);
		free(s->tasks[i].reason);
	}
	free(s->tasks);
	conf_release(&s->task);
	fm_strs_release(&s->argv);
	fm_strs_release(&s->sbatch);
	free(s->dir);
	free(s->name);
	free(s->run_id);
	free(s->log);
	if (s->planned)
		plan_release(&s->plan);
	free(s->cluster);
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
}

/* --- what a task has left --- */

int
slurm_job_end(const struct slurm *s, size_t task)
{
	char *path = slurm_job_file(s, task, "end");
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	int64_t v = -1;

	if (fm_io_read_file(path, &b, &ignored) != 0 ||
	    !fm_num_get_int(b.s, strcspn(b.s, "\n"), &v) || v > 255)
		v = -1;
	fm_buf_release(&b);
	free(path);
	return (int)v;
}

/* Reads the last few kilobytes. */
static void
read_tail(const char *path, struct fm_buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ptrdiff_t n;

	if (fd < 0)
		return;
	if (lseek(fd, -TAIL_BYTES, SEEK_END) < 0)
		(void)lseek(fd, 0, SEEK_SET);
	n = fm_io_read_some(fd, fm_buf_reserve(b, TAIL_BYTES), TAIL_BYTES);
	if (n > 0)
		fm_buf_commit(b, (size_t)n);
	(void)close(fd);
}

void
slurm_job_tail(const struct slurm *s, size_t task, struct fm_strs *lines)
{
	char *path = slurm_job_file(s, task, "err"), *c;
	struct fm_strs all = FM_STRS_INIT;
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	read_tail(path, &b);
	for (c = b.s; c < b.s + b.len; c++)
		if (((unsigned char)*c < ' ' && *c != '\n') || *c == 0x7f)
			*c = ' ';
	fm_strs_split(&all, b.s, "\n");
	for (i = all.n > TAIL_LINES ? all.n - TAIL_LINES : 0; i < all.n; i++)
		fm_strs_add(lines, all.v[i]);
	fm_strs_release(&all);
	fm_buf_release(&b);
	free(path);
}
