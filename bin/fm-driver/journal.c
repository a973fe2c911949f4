/*
 * The log as a file: appending, locking, and reading what an earlier driver
 * left in it. A point counts when the line that closes it is whole.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "conf.h"
#include "hash.h"
#include "io.h"
#include "json.h"
#include "lock.h"
#include "num.h"
#include "record_form.h"
#include "stat.h"

/* A point of the log. */
struct journal_mark {
	char key[FM_HASH_HEX];
	int64_t run;
	size_t seq;
	enum journal_state state; /* JOURNAL_NEW once it was asked for */
	int64_t t0_ns, t1_ns;
	size_t first, n; /* of the journal's dt_ns */
};

/* --- reading what is there --- */

/* Where in an old log we are. */
struct reading {
	struct journal *j;
	int64_t run;
	char key[FM_HASH_HEX]; /* of the point that is open; "" = none */
	size_t first;          /* of its dt_ns */
	bool other;            /* it is none of one output token */
};

static void
take_sys(struct reading *r, const char *body, size_t n)
{
	struct fm_err ignored = FM_ERR_INIT;
	json_t *sys = fm_json_parse(body, n, "SYS line", &ignored);
	struct fm_strs *ids = &r->j->run_ids;

	r->run = fm_json_int(sys, "run", 1);
	if (r->run < 1 || r->run > RUNS_MAX)
		r->run = 1;
	while ((int64_t)ids->n < r->run)
		fm_strs_add(ids, "");
	free(ids->v[r->run - 1]);
	ids->v[r->run - 1] = fm_strdup(fm_json_str(sys, "run_id", ""));
	json_decref(sys);
}

static void
close_point(struct reading *r, enum journal_state state)
{
	struct journal *j = r->j;
	struct journal_mark *m;

	if (!r->key[0])
		return;
	FM_GROW(j->marks, j->cap_marks, j->n_marks + 1);
	m = &j->marks[j->n_marks];
	memcpy(m->key, r->key, sizeof m->key);
	m->run = r->run;
	m->seq = j->n_marks++;
	m->state = state;
	m->t0_ns = m->t1_ns = 0;
	m->first = m->n = 0;
	r->key[0] = '\0';
}

static bool
get_ns(const struct fm_line *l, enum fm_field f, int64_t *v)
{
	return l->f[f].s && fm_num_get_scaled(l->f[f].s, l->f[f].n, 9, v);
}

/* Is it of a point with one output token? Others' lines have no such field. */
static bool
is_first(const struct fm_line *l)
{
	return l->f[FM_F_OUTPUT].n == 1 && *l->f[FM_F_OUTPUT].s == '1';
}

static void
take_rep(struct reading *r, const char *line, size_t n)
{
	struct journal *j = r->j;
	struct fm_line l;
	int64_t v;

	if (!r->key[0] || r->other || !fm_line_get(&l, line, n))
		return;
	r->other = !is_first(&l);
	if (r->other || !get_ns(&l, FM_F_DT, &v))
		return;
	FM_GROW(j->dt_ns, j->cap_dt, j->n_dt + 1);
	j->dt_ns[j->n_dt++] = v;
}

static void
take_res(struct reading *r, const char *line, size_t n)
{
	struct journal *j = r->j;
	struct journal_mark *m;
	struct fm_line l;

	/* A line that was cut may have got an end since. */
	if (!r->key[0] || !fm_line_get(&l, line, n))
		return;
	close_point(r, JOURNAL_DONE);
	m = &j->marks[j->n_marks - 1];
	if (!is_first(&l) || j->n_dt == r->first ||
	    !get_ns(&l, FM_F_T0, &m->t0_ns) || !get_ns(&l, FM_F_T1, &m->t1_ns))
		return;
	m->n = j->n_dt - r->first;
	m->first = r->first + fm_stat_fmwork_drop(m->n);
	m->n = j->n_dt - m->first;
}

/* What an ERR line says of its point. */
static enum journal_state
failure_of(const char *line, size_t n)
{
	struct fm_err_line e;

	if (!fm_record_get_err(line, n, &e))
		return JOURNAL_FAILED;
	return e.code == FM_OOM       ? JOURNAL_OOM
	       : e.code == FM_SKIPPED ? JOURNAL_SKIPPED
				      : JOURNAL_FAILED;
}

static void
take_line(struct reading *r, const char *line, size_t n)
{
	const char *body;

	/* Whatever tag it begins with, the line was cut. */
	if (fm_record_is_resume(line, n)) {
		r->key[0] = '\0';
		return;
	}
	switch (fm_record_tag(line, n, &body)) {
	case FM_TAG_SYS:
		take_sys(r, body, n - (size_t)(body - line));
		break;
	case FM_TAG_KEY:
		(void)snprintf(r->key, sizeof r->key, "%s", body);
		r->first = r->j->n_dt;
		r->other = false;
		break;
	case FM_TAG_REP:
		take_rep(r, line, n);
		break;
	case FM_TAG_RES:
		take_res(r, line, n);
		break;
	case FM_TAG_ERR:
		close_point(r, failure_of(line, n));
		break;
	default:
		break;
	}
}

static int
order(const void *a, const void *b)
{
	const struct journal_mark *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	if (c == 0)
		c = (x->run > y->run) - (x->run < y->run);
	return c ? c : (x->seq > y->seq) - (x->seq < y->seq);
}

static int
read_marks(struct journal *j, struct fm_err *err)
{
	struct reading r = { j, 1, "", 0, false };
	struct fm_reader in;
	char *line;
	size_t n;
	int rc;

	fm_reader_init(&in, j->fd);
	while ((rc = fm_reader_next(&in, &line, &n)) == 1)
		if (!in.torn)
			take_line(&r, line, n);
	fm_reader_release(&in);
	if (rc < 0)
		return fm_err_sys(err, FM_IO, "cannot read the log");
	if (j->n_marks)
		qsort(j->marks, j->n_marks, sizeof *j->marks, order);
	return 0;
}

/* What a log that is gone on with ends like. */
static int
look_at_end(struct journal *j, struct fm_err *err)
{
	char last = '\n';
	off_t size = lseek(j->fd, 0, SEEK_END);

	if (size < 0 || (size > 0 && pread(j->fd, &last, 1, size - 1) != 1))
		return fm_err_sys(err, FM_IO, "cannot read the log");
	j->cut = last != '\n';
	j->resumes = j->resumes && size > 0;
	return 0;
}

/* --- open and close --- */

void
journal_init(struct journal *j, int fd)
{
	memset(j, 0, sizeof *j);
	fm_buf_init(&j->deferred);
	j->fd = fd;
	(void)pthread_mutex_init(&j->lock, NULL);
}

/* Is it still the file of that name, or was it renamed while we waited? */
static bool
is_named(int fd, const char *name)
{
	struct stat mine, now;

	return fstat(fd, &mine) == 0 && stat(name, &now) == 0 &&
	       mine.st_dev == now.st_dev && mine.st_ino == now.st_ino;
}

/* Opens and locks the file. */
static int
take_file(
    struct journal *j, const struct how *h, int wake_fd, struct fm_err *err)
{
	struct stat st;

	do {
		if (j->file)
			(void)close(j->fd);
		j->fd =
		    open(h->log, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
		j->file = j->fd >= 0;
		if (!j->file)
			return fm_err_sys(err, FM_IO, "--log '%s'", h->log);
		if (fstat(j->fd, &st) != 0 || !S_ISREG(st.st_mode))
			return fm_err_set(err, FM_USAGE,
			    "--log: '%s' is not a file that can be locked and "
			    "synced",
			    h->log);
		if (lock_file(j->fd, h->log, h->lock, wake_fd, err) != 0)
			return fm_err_wrap(err, "--log '%s'", h->log);
	} while (!is_named(j->fd, h->log));
	return 0;
}

int
journal_open(
    struct journal *j, const struct how *h, int wake_fd, struct fm_err *err)
{
	journal_init(j, STDOUT_FILENO);
	j->run_id = h->run_id;
	if (!h->log)
		return 0;
	if (take_file(j, h, wake_fd, err) != 0)
		return -1;
	j->resumes = h->resume;
	if ((h->resume && read_marks(j, err) != 0) || look_at_end(j, err) != 0)
		return fm_err_wrap(err, "--log '%s'", h->log);
	return 0;
}

void
journal_close(struct journal *j)
{
	if (j->file && j->fd >= 0)
		(void)close(j->fd);
	(void)pthread_mutex_destroy(&j->lock);
	fm_buf_release(&j->deferred);
	fm_strs_release(&j->run_ids);
	free(j->marks);
	free(j->dt_ns);
	memset(j, 0, sizeof *j);
	j->fd = -1;
}

/* --- asking and writing --- */

/* The first mark behind all of a key and run. */
static size_t
behind(const struct journal *j, const char *key, int64_t run)
{
	size_t lo = 0, hi = j->n_marks;
	struct journal_mark want = { "", run, SIZE_MAX, JOURNAL_NEW, 0, 0, 0,
		0 };

	(void)snprintf(want.key, sizeof want.key, "%s", key);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (order(&j->marks[mid], &want) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* A result if there is one, else what was last. */
static struct journal_mark *
best(struct journal *j, const char *key, int64_t run)
{
	struct journal_mark *m = NULL, *found = NULL;
	size_t i = behind(j, key, run);

	while (i-- > 0) {
		m = &j->marks[i];
		if (m->run != run || strcmp(m->key, key) != 0)
			break;
		if (m->state == JOURNAL_DONE)
			return m;
		if (!found && m->state != JOURNAL_NEW)
			found = m;
	}
	return found;
}

enum journal_state
journal_find(struct journal *j, const char *key, int64_t run,
    struct journal_times *times)
{
	enum journal_state state = JOURNAL_NEW;
	struct journal_mark *m;

	(void)pthread_mutex_lock(&j->lock);
	m = best(j, key, run);
	if (m) {
		state = m->state;
		m->state = JOURNAL_NEW;
		*times = (struct journal_times){ m->t0_ns, m->t1_ns,
			m->n ? j->dt_ns + m->first : NULL, m->n };
	}
	(void)pthread_mutex_unlock(&j->lock);
	return state;
}

void
journal_has(struct journal *j)
{
	(void)pthread_mutex_lock(&j->lock);
	j->measured = true;
	(void)pthread_mutex_unlock(&j->lock);
}

bool
journal_has_any(struct journal *j)
{
	bool any;

	(void)pthread_mutex_lock(&j->lock);
	any = j->measured;
	(void)pthread_mutex_unlock(&j->lock);
	return any;
}

/* What --run_id says, or 64 random bits: told apart for as long as logs are
 * kept. */
static char *
new_id(const struct journal *j, int64_t run)
{
	uint64_t v = 0;

	if (j->run_id && run == 1)
		return fm_strdup(j->run_id);
	if (j->run_id)
		return fm_strdupf("%s-%lld", j->run_id, (long long)run);
	if (getrandom(&v, sizeof v, 0) < 0)
		v = (uint64_t)fm_clock_now_ns();
	return fm_strdupf("%016llx", (unsigned long long)v);
}

const char *
journal_run_id(struct journal *j, int64_t run)
{
	struct fm_strs *ids = &j->run_ids;

	while ((int64_t)ids->n < run)
		fm_strs_add(ids, "");
	if (!*ids->v[run - 1]) {
		free(ids->v[run - 1]);
		ids->v[run - 1] = new_id(j, run);
	}
	return ids->v[run - 1];
}

/*
 * In front of what is written first: a line that was cut ends here, and with
 * --resume a mark says that what was left open is begun again (fm-log(5)).
 */
static int
go_on(struct journal *j)
{
	const char *s = j->resumes ? FM_RECORD_RESUME "\n" : "\n";

	if (!j->cut && !j->resumes)
		return 0;
	j->cut = j->resumes = false;
	return fm_io_write_all(j->fd, s, strlen(s));
}

int
journal_write(
    struct journal *j, const void *s, size_t n, bool sync, struct fm_err *err)
{
	if ((n == 0 || (go_on(j) == 0 && fm_io_write_all(j->fd, s, n) == 0)) &&
	    (!sync || !j->file || fdatasync(j->fd) == 0))
		return 0;
	return fm_err_sys(err, FM_IO, "cannot write the log");
}
