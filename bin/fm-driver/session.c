/*
 * From a platform's name to a backend that has opened a model.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "conf.h"
#include "failure.h"
#include "host.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "place.h"
#include "prog.h"
#include "record.h"
#include "remote.h"
#include "session_model.h"
#include "session_options.h"
#include "text.h"
#include "told.h"

static struct fm_peer *
start_peer(const struct session *s, struct fm_err *err)
{
	struct fm_peer_conf pc = { 0 };
	struct fm_peer *peer;

	pc.argv = &s->p.argv;
	pc.wake_fd = s->e.wake_fd;
	pc.stderr_fd = failure_stderr();
	pc.answer_ns = s->c->timeout_ns;
	do
		peer = fm_peer_start(&pc, err);
	while (!peer && remote_retry(s->remote, err));
	return peer;
}

/* --- start --- */

/* On a host there may be one where there is none here. */
static int
find_backend(struct session *s, struct fm_err *err)
{
	const struct conf *c = s->c;

	if (platform_find(&s->p, s->e.platform, c->backend, c->via, err) == 0)
		return 0;
	if (!s->remote || err->code != FM_NODEVICE)
		return -1;
	fm_err_clear(err);
	return 0;
}

/* A backend that the table does not know, and that can build, gets the model
 * that is named built. */
static void
check_build(struct session *s)
{
	const struct conf *c = s->c;

	if (!s->p.known && c->model_name && fm_peer_can(s->peer, "build"))
		s->p.needs_model = true;
	if (c->groqview && !fm_peer_can(s->peer, "groqview"))
		fm_prog_say("fm-driver",
		    "--groqview: backend '%s' makes nothing that GroqView "
		    "shows: that is of Groq's compiler",
		    s->p.backend);
}

int
session_start(struct session *s, const struct conf *c, struct text *t,
    const struct errand *e, struct fm_err *err)
{
	json_t *options;

	memset(s, 0, sizeof *s);
	s->build.cache.lock_fd = s->build.cache.obj_fd = -1;
	s->c = c;
	s->t = t;
	s->e = *e;
	if (place_open(s, err) != 0 || find_backend(s, err) != 0 ||
	    session_check_sets(s, err) != 0)
		return -1;
	if (s->p.needs_model && !c->model_name && !c->list_devices &&
	    !c->list_options)
		return fm_err_set(err, FM_USAGE,
		    "which model? Name a folder or an .onnx file");
	if (s->remote && remote_backend(s->remote, &s->p, &s->p.argv, err) != 0)
		return -1;
	s->peer = start_peer(s, err);
	if (!s->peer)
		return -1;
	check_build(s);
	options = session_options(s, err);
	if (!options)
		return -1;
	session_say_ignored(s);
	s->open = json_pack("{s:s, s:o}", "op", "open", "options", options);
	return 0;
}

/* --- open --- */

/* Reads the answer to `open`: SYS is taken in, SETUP handed on. */
static int
read_open(struct session *s, struct fm_buf *setup, struct fm_err *err)
{
	static const char say[] = "FMWORK SAY ";
	const char *body;
	char *line;
	size_t n;
	int rc;

	while ((rc = fm_peer_line(s->peer, &line, &n, err)) == 1) {
		enum fm_tag tag = fm_record_tag(line, n, &body);

		if (tag == FM_TAG_SETUP) {
			fm_buf_clear(setup);
			fm_buf_puts(setup, line);
		} else if (tag == FM_TAG_SYS) {
			json_t *v = fm_json_parse(
			    body, n - (size_t)(body - line), "SYS line", err);

			if (!v)
				return -1;
			json_decref(s->sys);
			s->sys = v;
		} else if (strncmp(line, say, sizeof say - 1) == 0) {
			fm_prog_say("fm-driver", "%s", line + sizeof say - 1);
		}
	}
	return rc;
}

/* Fields of one's own, for the records; which sweep it is if none says so. */
static json_t *
metadata(const struct session *s)
{
	json_t *m = json_object();

	fm_json_set_str(m, "sweep", s->e.series);
	(void)json_object_update(m, s->c->metadata);
	return m;
}

/* What the driver knows, in front of what the backend said. */
static void
join_sys(struct session *s)
{
	json_t *said = s->sys ? s->sys : json_object();
	json_t *sys = json_object();

	fm_json_set_str(sys, "run_id", s->e.run_id);
	fm_json_set_int(sys, "run", s->e.run);
	if (s->e.series || s->c->metadata)
		json_object_set_new(sys, "metadata", metadata(s));
	fm_json_set_str(sys, "fm_version", FM_VERSION);
	fm_json_set_str(sys, "platform", s->p.name);
	fm_json_set_str(sys, "backend", s->p.backend);
	fm_json_set_int(sys, "seed", s->c->seed);
	fm_json_set_int(sys, "warmup", s->c->warmup);
	if (s->has_model) {
		fm_json_set_str(sys, "model_hash", s->m.hash);
		fm_json_set_str(sys, "precision", session_precision(s));
		fm_json_set_str(sys, "weight_type", s->m.dtype);
		fm_json_set_int(sys, "parameters", s->m.params);
		fm_json_set_int(sys, "weight_bytes", s->m.bytes);
		json_object_set_new(
		    sys, "dummy_weights", json_boolean(s->m.dummy));
	}
	if (json_object_size(s->c->env_values))
		json_object_set(sys, "env", s->c->env_values);
	(void)json_object_update(sys, said);
	place_facts(s, sys);
	if (!s->c->via && !s->remote)
		fm_host_facts(sys);
	json_decref(said);
	s->sys = sys;
}

/* What the backend told of the model it has loaded; sizes are planned anew. */
static int
take_told(struct session *s, struct fm_err *err)
{
	json_t *told = json_incref(json_object_get(s->sys, "model"));
	const char *text = fm_json_str(told, "text", "");
	size_t i;
	int rc;

	(void)json_object_del(s->sys, "model");
	rc = told_model(&s->m, told, s->c, s->path, err);
	s->has_model = true;
	if (rc == 0)
		rc = told_dims(told, s->c, &s->dims, err);
	if (rc == 0) {
		shape_release(&s->shape);
		rc = session_plan(s, err);
	}
	text_line(s->t, text, strlen(text));
	for (i = 0; i < s->m.notes.n; i++)
		fm_buf_printf(&s->t->b, "note: %s\n", s->m.notes.v[i]);
	json_decref(told);
	return rc;
}

/* A line end in a name would be one of the log. */
static char *
one_line(const char *s)
{
	char *line = fm_strdup(s), *c;

	for (c = line; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	return line;
}

static void
choose_names(struct session *s)
{
	const char *name = s->c->model_name, *cls = s->c->model_class;

	if (!name)
		name = fm_json_str(s->sys, "model", s->p.backend);
	if (!cls || strcmp(cls, "AutoModel") == 0)
		cls = s->has_model ? s->m.model_class
				   : fm_json_str(s->sys, "model_class", "none");
	free(s->name);
	free(s->model_class);
	s->name = one_line(name);
	s->model_class = one_line(cls);
}

/* The MODEL block, as far as it is known before a device is touched. */
static void
put_model(struct session *s)
{
	text_runtime(s->t, s->c, &s->p);
	text_banner(s->t, s->c->n_output ? "ENGINE" : "MODEL");
	if (s->has_model)
		text_model(s->t, &s->m);
	build_put_stages(&s->build, &s->t->b);
}

static void
tell_build(const struct session *s)
{
	fm_prog_say(
	    "fm-driver", "build '%s' is in '%s'", s->build.name, s->build.dir);
}

int
session_show_build(struct session *s, struct fm_err *err)
{
	size_t i;

	if (!s->build.state)
		return fm_err_set(err, FM_USAGE,
		    "--build_only: backend '%s' needs no build", s->p.backend);
	put_model(s);
	tell_build(s);
	for (i = 1; s->sized && i < s->shape.n_points; i++) {
		if (session_build_some(s, &i, err) != 0)
			return -1;
		build_put_stages(&s->build, &s->t->b);
		tell_build(s);
	}
	return text_flush(s->t, err);
}

/* Model and inputs are over there before the backend is told of them. */
static int
send_away(struct session *s, struct fm_err *err)
{
	if (!s->remote)
		return 0;
	if (remote_model(s->remote, s->open, s->has_model ? &s->m.files : NULL,
		err) != 0)
		return -1;
	return s->fill ? remote_inputs(s->remote, s->fill, err) : 0;
}

/* The request and its answer, once more when the connection was lost. */
static int
ask_open(struct session *s, struct fm_buf *setup, struct fm_err *err)
{
	for (;;) {
		if (s->peer && fm_peer_send(s->peer, s->open, err) == 0 &&
		    read_open(s, setup, err) == 0)
			return 0;
		if (!remote_retry(s->remote, err))
			return -1;
		fm_peer_end(s->peer);
		s->peer = start_peer(s, err);
	}
}

/* Where sizes belong to open, those that fail are passed over: they are rows
 * of their own, later. */
static int
open_some(struct session *s, struct fm_buf *setup, struct fm_err *err)
{
	size_t i = 0;
	int rc = ask_open(s, setup, err);

	while (rc != 0 && s->sized && fm_peer_alive(s->peer) &&
	       session_may_fit(err) && ++i < s->shape.n_points) {
		fm_err_clear(err);
		rc = session_build_some(s, &i, err);
		if (rc == 0)
			rc = send_away(s, err);
		if (rc == 0)
			rc = ask_open(s, setup, err);
	}
	return rc;
}

int
session_open(struct session *s, struct fm_err *err)
{
	static const struct fm_point none = { 0, 0, 0 };
	struct fm_buf setup = FM_BUF_INIT;
	int64_t begun_ns = fm_clock_now_ns();
	int rc = -1;

	if (place_lock(s, err) != 0)
		return -1;
	put_model(s);
	/* Wrong sizes leave no log; a model that is loaded there has not been
	 * asked for its own yet. So it is with a config that is refused. */
	if ((!s->p.loads && !s->p.plain_model && text_flush(s->t, err) != 0) ||
	    send_away(s, err) != 0)
		goto out;
	if (open_some(s, &setup, err) != 0 ||
	    (s->p.loads && take_told(s, err) != 0))
		goto out;
	join_sys(s);
	choose_names(s);
	fm_buf_putc(&s->t->b, '\n');
	text_line(s->t, setup.s, setup.len);
	text_sys(s->t, s->sys);
	rc = text_flush(s->t, err);
out:
	if (rc != 0 && err->code != FM_STOPPED && !s->t->failed)
		failure_put(
		    &s->t->b, s, &none, err, fm_clock_now_ns() - begun_ns, 1);
	fm_buf_release(&setup);
	return rc;
}

/* Of the line FMWORK SETUP <seconds>. */
static double
setup_seconds(const struct fm_buf *line)
{
	const char *s = strrchr(line->s, ' ');
	double v = 0;

	return s && fm_num_get_double(s + 1, strlen(s + 1), &v) ? v : 0;
}

int
session_again(struct session *s, struct fm_err *err)
{
	struct fm_buf setup = FM_BUF_INIT;
	json_t *sys = json_incref(s->sys);
	bool sick = !fm_peer_alive(s->peer);
	int rc = -1;

	fm_peer_end(s->peer);
	if (sick)
		remote_sweep(s->remote);
	s->peer = start_peer(s, err);
	s->used = false;
	if (s->peer)
		rc = ask_open(s, &setup, err);
	json_decref(s->sys);
	s->sys = sys;
	s->stale = rc != 0;
	s->setup_s = setup_seconds(&setup);
	fm_buf_release(&setup);
	return rc;
}

int
session_fit(struct session *s, const json_t *dims, struct fm_err *err)
{
	struct fm_buf setup = FM_BUF_INIT;
	json_t *sys;
	int rc;

	if (!s->sized || json_equal(s->sized, dims))
		return 0;
	if (session_build(s, dims, err) != 0)
		return -1;
	choose_names(s);
	build_put_stages(&s->build, &s->t->b);
	if (send_away(s, err) != 0)
		return -1;
	if (!s->peer || !fm_peer_alive(s->peer))
		return 0;
	sys = json_incref(s->sys);
	rc = ask_open(s, &setup, err);
	json_decref(s->sys);
	s->sys = sys;
	s->stale = rc != 0;
	if (rc == 0)
		text_line(s->t, setup.s, setup.len);
	fm_buf_release(&setup);
	return rc;
}

void
session_end(struct session *s)
{
	struct fm_err ignored = FM_ERR_INIT;

	fm_peer_end(s->peer);
	lock_release(&s->locks);
	remote_unlock(s->remote);
	session_release_build(s);
	json_decref(s->sized);
	shape_release(&s->shape);
	if (s->work)
		(void)fm_io_remove_tree(s->work, &ignored);
	free(s->work);
	free(s->path);
	free(s->name);
	free(s->model_class);
	json_decref(s->dims);
	json_decref(s->open);
	json_decref(s->fill);
	json_decref(s->sys);
	platform_release(&s->p);
	memset(s, 0, sizeof *s);
}
