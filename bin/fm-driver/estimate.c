/*
 * Reads a log for what its points have cost.
 */
#include "estimate.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "json.h"
#include "num.h"
#include "policy.h"
#include "record_form.h"

/* Where in the log we are. */
struct reading {
	struct policy *p;
	const char *model, *platform;
	bool here;    /* the SYS line was of our platform */
	int64_t reps; /* of the point so far */
};

static void
take_sys(struct reading *r, const char *body, size_t n)
{
	struct fm_err ignored = FM_ERR_INIT;
	json_t *sys = fm_json_parse(body, n, "SYS line", &ignored);

	r->here = strcmp(fm_json_str(sys, "platform", ""), r->platform) == 0;
	json_decref(sys);
}

static bool
get_int(const struct fm_line *l, enum fm_field f, int64_t *v)
{
	return l->f[f].s && fm_num_get_int(l->f[f].s, l->f[f].n, v);
}

static bool
get_ns(const struct fm_line *l, enum fm_field f, int64_t *v)
{
	return l->f[f].s && fm_num_get_scaled(l->f[f].s, l->f[f].n, 9, v);
}

static void
take_res(struct reading *r, const char *line, size_t n)
{
	struct policy_seen seen = { 0, 0, 0, (double)NAN };
	struct fm_point at = { 0, 1, 0 };
	struct fm_line l;
	int64_t t0, t1;

	if (!fm_line_get(&l, line, n) || r->reps == 0 || !r->here ||
	    l.f[FM_F_MODEL].n != strlen(r->model) ||
	    memcmp(l.f[FM_F_MODEL].s, r->model, l.f[FM_F_MODEL].n) != 0)
		return;
	(void)get_int(&l, FM_F_OUTPUT, &at.output);
	if (!get_int(&l, FM_F_INPUT, &at.input) ||
	    !get_int(&l, FM_F_BATCH, &at.batch) || !get_ns(&l, FM_F_T0, &t0) ||
	    !get_ns(&l, FM_F_T1, &t1))
		return;
	seen.rep_ns = (t1 - t0) / r->reps;
	seen.latency_ns = (double)seen.rep_ns;
	policy_measured(r->p, &at, &seen);
}

static void
take_line(struct reading *r, const char *line, size_t n)
{
	const char *body;

	switch (fm_record_tag(line, n, &body)) {
	case FM_TAG_SYS:
		take_sys(r, body, n - (size_t)(body - line));
		break;
	case FM_TAG_KEY:
		r->reps = 0;
		break;
	case FM_TAG_REP:
		r->reps++;
		break;
	case FM_TAG_RES:
		take_res(r, line, n);
		break;
	default:
		break;
	}
}

int
estimate_learn(struct policy *p, const char *log, const char *model,
    const char *platform, struct fm_err *err)
{
	struct reading r = { p, model, platform, false, 0 };
	int fd = open(log, O_RDONLY | O_CLOEXEC);
	struct fm_reader in;
	char *line;
	size_t n;
	int rc;

	if (fd < 0)
		return errno == ENOENT
			   ? 0
			   : fm_err_sys(err, FM_IO, "--log '%s'", log);
	fm_reader_init(&in, fd);
	while ((rc = fm_reader_next(&in, &line, &n)) == 1)
		take_line(&r, line, n);
	fm_reader_release(&in);
	(void)close(fd);
	return rc < 0 ? fm_err_sys(err, FM_IO, "--log '%s'", log) : 0;
}
