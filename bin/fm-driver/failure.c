/*
 * Facts about a backend that failed, as far as the kernel tells them.
 */
#include "failure.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "json.h"
#include "peer.h"
#include "record.h"
#include "session.h"

enum {
	LINES = 10 /* of stderr */
};

static bool
is_set(const char *name)
{
	static const char *const off[] = { "", "0", "false", "no" };
	const char *v = getenv(name);
	size_t i;

	for (i = 0; v && i < sizeof off / sizeof *off; i++)
		if (strcasecmp(v, off[i]) == 0)
			return false;
	return v != NULL;
}

bool
failure_debug(void)
{
	return is_set("FM_DEBUG") || is_set("MLAGILITY_DEBUG");
}

bool
failure_traceback(void)
{
	return is_set("FM_TRACEBACK") || is_set("MLAGILITY_TRACEBACK");
}

int
failure_stderr(void)
{
	return failure_debug() || failure_traceback() ? STDERR_FILENO : -1;
}

static void
add_process(json_t *v, const struct session *s)
{
	const struct fm_proc *p = fm_peer_proc(s->peer);
	int64_t peak = fm_proc_peak_bytes(p);

	if (p->done && p->status >= 0 && WIFEXITED(p->status))
		fm_json_set_int(v, "exit", WEXITSTATUS(p->status));
	if (p->done && p->status >= 0 && WIFSIGNALED(p->status))
		fm_json_set_int(v, "signal", WTERMSIG(p->status));
	/* With words in front of its command it is their process. */
	if (peak >= 0 && s->p.argv.n == 1)
		fm_json_set_int(v, "peak_bytes", peak);
}

static void
add_lines(json_t *v, const struct fm_strs *tail)
{
	json_t *lines = json_array();
	size_t i = tail->n > LINES ? tail->n - LINES : 0;
	struct fm_buf b = FM_BUF_INIT;

	/* By way of text, which makes UTF-8 of what is none. */
	for (; i < tail->n; i++) {
		fm_buf_clear(&b);
		fm_json_put_str(&b, tail->v[i], strlen(tail->v[i]), false);
		json_array_append_new(
		    lines, json_loadb(b.s, b.len, JSON_DECODE_ANY, NULL));
	}
	fm_buf_release(&b);
	json_object_set_new(v, "stderr", lines);
}

void
failure_put(struct fm_buf *b, const struct session *s,
    const struct fm_point *at, const struct fm_err *e, int64_t ns, int attempts)
{
	static const struct fm_strs none = FM_STRS_INIT;
	json_t *v = json_object();

	fm_json_set_str(v, "code", fm_code_word(e->code));
	fm_json_set_str(v, "exit", NULL);
	fm_json_set_str(v, "signal", NULL);
	fm_json_set_str(v, "peak_bytes", NULL);
	if (s->peer)
		add_process(v, s);
	json_object_set_new(
	    v, "seconds", json_real(round((double)ns / 1e3) / 1e6));
	if (attempts > 1)
		fm_json_set_int(v, "attempts", attempts);
	add_lines(v, s->peer ? fm_peer_tail(s->peer) : &none);
	fm_record_put_at(b, FM_TAG_FAIL, at->input, at->output, at->batch, v);
	json_decref(v);
}
