/*
 * A backend that answers from a recorded log: the repetitions of a point as
 * they were measured then, its failure as it failed. It measures nothing, and
 * says in SYS what it plays.
 */
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "json.h"
#include "log.h"
#include "record.h"

struct replay {
	struct log log;
};

static const struct fm_backend_opt opts[] = {
	{ "log", "str", "", "the log to play, a file on the backend's host", 0,
	    0 },
	{ NULL, NULL, NULL, NULL, 0, 0 },
};

/* --- open --- */

/*
 * What was known of the system then. Whatever tells runs apart is new: a
 * replayed run is not the run it plays.
 */
static void
put_sys(const struct log *l, const char *path, json_t *sys)
{
	static const char *const own[] = { "run_id", "platform", "fm_version",
		"seed" };
	const char *run = fm_json_str(l->sys, "run_id", NULL);
	size_t i;

	if (l->sys)
		(void)json_object_update(sys, l->sys);
	for (i = 0; i < sizeof own / sizeof *own; i++)
		(void)json_object_del(sys, own[i]);
	if (l->model && !fm_json_str(sys, "model", NULL)) {
		fm_json_set_str(sys, "model", l->model);
		fm_json_set_str(sys, "model_class", l->model_class);
	}
	fm_json_set_str(sys, "replay_of", run ? run : path);
}

static int
replay_open(struct fm_backend *b, json_t *sys, struct fm_err *err)
{
	struct log *l = &((struct replay *)b->self)->log;
	const char *path = fm_json_str(b->options, "log", "");

	if (!*path)
		return fm_err_set(
		    err, FM_USAGE, "which log? the option 'log' must name one");
	if (log_read(l, path, err) != 0)
		return -1;
	if (l->n == 0 && l->err.code != FM_OK)
		return fm_err_set(err, l->err.code, "%s", l->err.text);
	if (l->n == 0)
		return fm_err_set(
		    err, FM_USAGE, "'%s' holds no points to play", path);
	put_sys(l, path, sys);
	b->setup_ns = l->setup_ns;
	return 0;
}

static void
replay_close(struct fm_backend *b)
{
	log_release(&((struct replay *)b->self)->log);
}

/* --- run --- */

/* What was asked for: by number, or for a time. */
struct wish {
	int64_t first, reps; /* reps 0: for `ns` of the recorded time */
	int64_t ns;
	int64_t start_ns; /* of the first repetition that is played */
	int64_t played;
	bool done; /* the time is over */
};

/* Is this repetition wanted? */
static bool
wants(struct wish *w, const struct fm_rep *r)
{
	if (w->done || r->rep < w->first ||
	    (w->reps && r->rep >= w->first + w->reps))
		return false;
	if (w->played++ == 0)
		w->start_ns = r->t0_ns;
	w->done = !w->reps && r->t1_ns - w->start_ns >= w->ns;
	return true;
}

/* OBS and SIM are about the point as a whole: they go with its beginning. */
static void
play(struct fm_backend *b, const struct log_point *p, struct wish *w)
{
	const struct log_line *l;
	bool with = false; /* the repetition before was played */

	for (l = p->lines; l < p->lines + p->n; l++)
		switch (l->tag) {
		case FM_TAG_REP:
			with = wants(w, &l->rep);
			if (with) {
				struct fm_rep r = l->rep;

				r.reps = w->reps;
				fm_record_put_rep(&b->out, &r);
			}
			break;
		case FM_TAG_OBS:
		case FM_TAG_SIM:
			if (w->first == 1)
				fm_backend_say(b, "%s", l->s);
			break;
		default:
			if (with)
				fm_backend_say(b, "%s", l->s);
		}
}

static int
not_there(const struct log *l, int64_t input, int64_t output, int64_t batch,
    size_t count, struct fm_err *err)
{
	if (count)
		return fm_err_set(err, FM_SKIPPED,
		    "the log has this point %zu times, and all were played",
		    count);
	return fm_err_set(err, FM_SKIPPED,
	    "input %lld, output %lld, batch %lld is not among the %zu points "
	    "of the log",
	    (long long)input, (long long)output, (long long)batch, l->n);
}

static int
replay_run(struct fm_backend *b, const json_t *request, struct fm_err *err)
{
	struct log *l = &((struct replay *)b->self)->log;
	int64_t input = fm_json_int(request, "input", 0);
	int64_t output = fm_json_int(request, "output", 1);
	int64_t batch = fm_json_int(request, "batch", 0);
	struct wish w = {
		.first = fm_json_int(request, "first", 1),
		.reps = fm_json_int(request, "reps", 0),
	};
	double seconds = fm_json_num(request, "seconds", 0);
	struct log_point *p;
	size_t count;

	w.ns = seconds < 9e9 ? (int64_t)(seconds * 1e9) : INT64_MAX;
	p = log_find(l, input, output, batch, w.first > 1, &count);
	if (!p)
		return not_there(l, input, output, batch, count, err);
	p->played = true;
	play(b, p, &w);
	if (p->err.code != FM_OK)
		return fm_err_set(err, p->err.code, "%s", p->err.text);
	if (w.played == 0)
		return fm_err_set(err, FM_SKIPPED,
		    "the log has no repetition from %lld on of this point",
		    (long long)w.first);
	if (w.reps ? w.played < w.reps : !w.done)
		(void)fprintf(stderr,
		    "%lld x %lld: the log has only %lld of the repetitions "
		    "asked for\n",
		    (long long)input, (long long)batch, (long long)w.played);
	return 0;
}

int
main(void)
{
	static const struct fm_backend_ops ops = {
		.name = "replay",
		.opts = opts,
		.self_size = sizeof(struct replay),
		.open = replay_open,
		.run = replay_run,
		.close = replay_close,
	};

	return fm_backend_main(&ops);
}
