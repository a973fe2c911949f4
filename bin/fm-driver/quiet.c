/*
 * Asks the backend again and again what else goes on, half a second at a
 * time, until that is little or the time is over. A noisy machine is no
 * failure: the point is measured and says so.
 */
#include "quiet.h"

#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "json.h"
#include "noise.h"
#include "peer.h"
#include "prog.h"
#include "progress.h"
#include "record.h"
#include "session.h"

/* A machine so busy that half a second takes longer is stuck. */
#define ANSWER_NS INT64_C(60000000000)

/* The object of the OBS line in an answer, or NULL with err. */
static json_t *
read_obs(struct fm_peer *peer, struct fm_err *err)
{
	json_t *obs = NULL;
	const char *body, *json;
	char *line;
	size_t n;
	int rc;

	while ((rc = fm_peer_line(peer, &line, &n, err)) == 1) {
		if (fm_record_tag(line, n, &body) != FM_TAG_OBS)
			continue;
		json = strchr(body, '{');
		json_decref(obs);
		obs = json ? json_loads(json, 0, NULL) : NULL;
	}
	if (rc == 0 && !obs)
		(void)fm_err_set(err, FM_INTERNAL,
		    "the backend did not say what it observed");
	if (rc < 0) {
		json_decref(obs);
		return NULL;
	}
	return obs;
}

/* The user's limit is one for measuring. */
static json_t *
observe(struct fm_peer *peer, struct fm_err *err)
{
	json_t *q = json_pack("{s:s, s:f}", "op", "observe", "seconds", 0.5);
	json_t *obs = NULL;

	fm_peer_limit(peer, ANSWER_NS);
	if (fm_peer_send(peer, q, err) == 0)
		obs = read_obs(peer, err);
	json_decref(q);
	return obs;
}

int
quiet_wait(struct quiet *q, const struct session *s, struct fm_err *err)
{
	int64_t start = fm_clock_now_ns();
	int64_t limit_ns = s->c->require_quiet * 1000000000;
	bool told = !isatty(STDERR_FILENO);

	q->asked = fm_opt_was(&s->c->args, "require_quiet");
	while (q->asked) {
		json_t *obs = observe(s->peer, err);

		if (!obs)
			return -1;
		fm_buf_clear(&q->why);
		q->quiet = fm_noise_quiet(obs, &q->why);
		json_decref(obs);
		q->waited_ns = fm_clock_now_ns() - start;
		if (q->quiet || q->waited_ns >= limit_ns)
			break;
		if (!told) {
			progress_hide(s->e.progress);
			fm_prog_say("fm-driver",
			    "waiting for a quiet machine: %s", q->why.s);
		}
		told = true;
	}
	return 0;
}

void
quiet_mark(struct quiet *q, json_t *obs)
{
	struct fm_buf during = FM_BUF_INIT, reason = FM_BUF_INIT;

	if (!q->asked)
		return;
	q->quiet = fm_noise_quiet(obs, &during) && q->quiet;
	json_object_set_new(obs, "quiet", json_boolean(q->quiet));
	fm_json_set_int(obs, "quiet_wait_ms", q->waited_ns / 1000000);
	if (q->why.len)
		fm_buf_printf(&reason, "before: %s", q->why.s);
	if (during.len)
		fm_buf_printf(
		    &reason, "%sduring: %s", reason.len ? "; " : "", during.s);
	if (!q->quiet)
		fm_json_set_str(obs, "quiet_reason", reason.s);
	fm_buf_release(&during);
	fm_buf_release(&reason);
}

void
quiet_release(struct quiet *q)
{
	fm_buf_release(&q->why);
}
