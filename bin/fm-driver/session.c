/*
 * From a platform's name to a backend that has opened a model.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "alloc.h"
#include "conf.h"
#include "host.h"
#include "io.h"
#include "json.h"
#include "prog.h"
#include "record.h"
#include "session_model.h"
#include "subopt.h"
#include "text.h"
#include "told.h"

static struct fm_peer *
start_peer(const struct session *s, struct fm_err *err)
{
	struct fm_peer_conf pc = { 0 };

	pc.argv = &s->p.argv;
	pc.wake_fd = s->wake_fd;
	pc.stderr_fd = getenv("FM_DEBUG") ? STDERR_FILENO : -1;
	pc.answer_ns = s->c->timeout * 1000000000;
	return fm_peer_start(&pc, err);
}

/* --- options --- */

static bool
has_option(const struct fm_peer *peer, const char *name)
{
	const json_t *opts = fm_peer_opts(peer);
	size_t i;

	for (i = 0; i < json_array_size(opts); i++)
		if (strcmp(fm_json_str(json_array_get(opts, i), "name", ""),
			name) == 0)
			return true;
	return false;
}

static int
unknown_option(const struct session *s, const char *key, struct fm_err *err)
{
	const json_t *opts = fm_peer_opts(s->peer);
	struct fm_buf all = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < json_array_size(opts); i++)
		fm_buf_printf(&all, " %s",
		    fm_json_str(json_array_get(opts, i), "name", ""));
	(void)fm_err_set(err, FM_USAGE,
	    "--%s:%s: backend '%s' has no such option; it has:%s", s->p.backend,
	    key, s->p.backend, all.len ? all.s : " none");
	fm_buf_release(&all);
	return -1;
}

/* Settings that only some backends know: options of theirs, by name. */
static int
add_setting(const struct session *s, json_t *options, const char *name,
    const char *as, json_t *value, struct fm_err *err)
{
	int rc = 0;

	if (value && has_option(s->peer, name))
		json_object_set(options, name, value);
	else if (value)
		rc = fm_err_set(err, FM_USAGE,
		    "%s: backend '%s' has no such setting", as, s->p.backend);
	json_decref(value);
	return rc;
}

static int
add_settings(const struct session *s, json_t *options, struct fm_err *err)
{
	const struct conf *c = s->c;
	json_t *tp = c->tp_size > 1 ? json_integer(c->tp_size) : NULL;
	json_t *device = s->p.device ? json_string(s->p.device) : NULL;
	json_t *out = c->calibrate && c->out ? json_string(c->out) : NULL;

	if (add_setting(s, options, "device", s->p.name, device, err) |
	    add_setting(s, options, "tp_size", "--tp_size", tp, err) |
	    add_setting(s, options, "calibrated", "--out", out, err) |
	    add_setting(s, options, "time_transfers", "--time_transfers",
		c->time_transfers ? json_true() : NULL, err) |
	    add_setting(s, options, "strict", "--strict",
		c->strict ? json_true() : NULL, err) |
	    add_setting(s, options, "estimate", "--estimate",
		c->estimate ? json_true() : NULL, err))
		return -1;
	if (c->profile && !fm_peer_can(s->peer, "profile"))
		return fm_err_set(err, FM_USAGE,
		    "--profile: backend '%s' cannot look into a model",
		    s->p.backend);
	if (c->n_output && !fm_peer_can(s->peer, "generate"))
		return fm_err_set(err, FM_USAGE,
		    "--output_sizes: backend '%s' cannot generate",
		    s->p.backend);
	return 0;
}

/* The options of the open request: its own set, and --threads. */
static json_t *
backend_options(const struct session *s, struct fm_err *err)
{
	json_t *own = json_object_get(s->c->subs, s->p.backend), *v;
	json_t *options = own ? json_deep_copy(own) : json_object();
	const char *key;

	json_object_foreach (options, key, v)
		if (!has_option(s->peer, key) &&
		    unknown_option(s, key, err) != 0)
			goto fail;
	if (s->c->threads && !s->p.threads) {
		(void)fm_err_set(err, FM_USAGE,
		    "--threads: backend '%s' has no such setting",
		    s->p.backend);
		goto fail;
	}
	if (add_settings(s, options, err) != 0)
		goto fail;
	if (s->c->threads && !json_object_get(options, s->p.threads))
		fm_json_set_int(options, s->p.threads, s->c->threads);
	return options;
fail:
	json_decref(options);
	return NULL;
}

static int
check_sets(const struct session *s, struct fm_err *err)
{
	/* fm_strs are NULL-terminated once they hold something. */
	static const char *const none[] = { NULL };
	const char *const *sets =
	    s->p.sets.n ? (const char *const *)s->p.sets.v : none;
	const char *const *ignores =
	    s->p.ignores.n ? (const char *const *)s->p.ignores.v : none;

	return fm_subopt_check(s->c->subs, sets, ignores, err);
}

static void
say_ignored(const struct session *s)
{
	struct fm_buf b = FM_BUF_INIT;

	text_ignored(&b, s->c, &s->p);
	if (b.len)
		fm_prog_say("fm-driver", "ignored by backend '%s':%s",
		    s->p.backend, b.s);
	fm_buf_release(&b);
}

/* A backend that can build, and that the table does not know, wants a model to
 * build. */
static int
check_build(struct session *s, struct fm_err *err)
{
	const struct conf *c = s->c;

	if (!s->p.known && fm_peer_can(s->peer, "build"))
		s->p.needs_model = true;
	if (s->p.needs_model && !c->model_name && !c->list_devices &&
	    !c->list_options)
		return fm_err_set(err, FM_USAGE,
		    "which model? Name a folder or an .onnx file");
	if (c->groqview && !fm_peer_can(s->peer, "groqview"))
		fm_prog_say("fm-driver",
		    "--groqview: backend '%s' makes nothing that GroqView "
		    "shows: that is of Groq's compiler",
		    s->p.backend);
	return 0;
}

int
session_start(struct session *s, const struct conf *c, struct text *t,
    const char *platform, int wake_fd, struct fm_err *err)
{
	json_t *options;

	memset(s, 0, sizeof *s);
	s->build.cache.lock_fd = s->build.cache.obj_fd = -1;
	s->c = c;
	s->t = t;
	s->wake_fd = wake_fd;
	if (platform_find(&s->p, platform, c->backend, c->via, err) != 0 ||
	    check_sets(s, err) != 0)
		return -1;
	if (s->p.needs_model && !c->model_name && !c->list_devices &&
	    !c->list_options)
		return fm_err_set(err, FM_USAGE,
		    "which model? Name a folder or an .onnx file");
	s->peer = start_peer(s, err);
	if (!s->peer || check_build(s, err) != 0)
		return -1;
	options = backend_options(s, err);
	if (!options)
		return -1;
	say_ignored(s);
	s->open = json_pack("{s:s, s:o}", "op", "open", "options", options);
	return 0;
}

/* --- open --- */

static void
run_id(json_t *sys)
{
	unsigned char r[8] = { 0 };
	char text[17];
	size_t i;

	if (getrandom(r, sizeof r, 0) < 0)
		memset(r, 0, sizeof r);
	for (i = 0; i < sizeof r; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", r[i]);
	fm_json_set_str(sys, "run_id", text);
}

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

/* What the driver knows, in front of what the backend said. */
static void
join_sys(struct session *s)
{
	json_t *said = s->sys ? s->sys : json_object();
	json_t *sys = json_object();

	run_id(sys);
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
	if (!s->c->via)
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
	rc = told_model(&s->m, told, s->c, err);
	s->has_model = true;
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

static void
choose_names(struct session *s)
{
	const char *name = s->c->model_name, *cls = s->c->model_class;

	s->name = name ? name : fm_json_str(s->sys, "model", s->p.backend);
	if (!cls || strcmp(cls, "AutoModel") == 0)
		cls = s->has_model ? s->m.model_class
				   : fm_json_str(s->sys, "model_class", "none");
	s->model_class = cls;
}

/* The MODEL block, as far as it is known before a device is touched. */
static void
put_model(struct session *s)
{
	text_runtime(s->t, s->c, &s->p);
	text_banner(s->t, s->c->n_output ? "ENGINE" : "MODEL");
	if (s->has_model) {
		text_model(s->t, &s->m);
		build_put_stages(&s->build, &s->t->b);
	}
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

	if (!s->has_model)
		return fm_err_set(err, FM_USAGE,
		    "--build_only: backend '%s' needs no build", s->p.backend);
	put_model(s);
	tell_build(s);
	for (i = 1; s->dims && i < s->shape.n_points; i++) {
		if (session_build_some(s, &i, err) != 0)
			return -1;
		build_put_stages(&s->build, &s->t->b);
		tell_build(s);
	}
	return text_flush(s->t, err);
}

/* The answer to open; where sizes belong to it, those that fail are passed
 * over: they are rows of their own, later. */
static int
read_some(struct session *s, struct fm_buf *setup, struct fm_err *err)
{
	size_t i = 0;
	int rc = read_open(s, setup, err);

	while (rc != 0 && s->dims && fm_peer_alive(s->peer) &&
	       session_may_fit(err) && ++i < s->shape.n_points) {
		fm_err_clear(err);
		rc = session_build_some(s, &i, err);
		if (rc == 0)
			rc = fm_peer_send(s->peer, s->open, err);
		if (rc == 0)
			rc = read_open(s, setup, err);
	}
	return rc;
}

int
session_open(struct session *s, struct fm_err *err)
{
	struct fm_buf setup = FM_BUF_INIT;
	int rc = -1;

	put_model(s);
	/* Wrong sizes leave no log; a model that is loaded there has not been
	 * asked for its own yet. So it is with a config that is refused. */
	if ((!s->p.loads && !s->p.plain_model && text_flush(s->t, err) != 0) ||
	    fm_peer_send(s->peer, s->open, err) != 0)
		goto out;
	if (read_some(s, &setup, err) != 0 ||
	    (s->p.loads && take_told(s, err) != 0))
		goto out;
	join_sys(s);
	choose_names(s);
	fm_buf_putc(&s->t->b, '\n');
	text_line(s->t, setup.s, setup.len);
	fm_record_put_json(&s->t->b, FM_TAG_SYS, s->sys);
	rc = text_flush(s->t, err);
out:
	fm_buf_release(&setup);
	return rc;
}

int
session_again(struct session *s, struct fm_err *err)
{
	struct fm_buf setup = FM_BUF_INIT;
	json_t *sys = json_incref(s->sys);
	int rc = -1;

	fm_peer_end(s->peer);
	s->peer = start_peer(s, err);
	if (s->peer && fm_peer_send(s->peer, s->open, err) == 0)
		rc = read_open(s, &setup, err);
	json_decref(s->sys);
	s->sys = sys;
	fm_buf_release(&setup);
	return rc;
}

int
session_fit(struct session *s, const json_t *dims, struct fm_err *err)
{
	struct fm_buf setup = FM_BUF_INIT;
	json_t *sys;
	int rc;

	if (!s->dims || json_equal(s->dims, dims))
		return 0;
	if (session_build(s, dims, err) != 0)
		return -1;
	build_put_stages(&s->build, &s->t->b);
	if (!fm_peer_alive(s->peer))
		return 0;
	sys = json_incref(s->sys);
	rc = fm_peer_send(s->peer, s->open, err);
	if (rc == 0)
		rc = read_open(s, &setup, err);
	json_decref(s->sys);
	s->sys = sys;
	if (rc == 0) {
		choose_names(s);
		text_line(s->t, setup.s, setup.len);
	} else {
		json_decref(s->dims);
		s->dims = json_null();
	}
	fm_buf_release(&setup);
	return rc;
}

int
session_explain(
    const struct conf *c, const char *platform, int wake_fd, struct fm_err *err)
{
	struct session s;
	int rc = session_start(&s, c, NULL, platform, wake_fd, err);

	if (rc == 0 && (!s.p.needs_model || s.p.plain_model || s.p.loads))
		rc = fm_err_set(err, FM_USAGE,
		    "--explain: backend '%s' needs no build", s.p.backend);
	if (rc == 0)
		rc = session_import(&s, err);
	session_end(&s);
	return rc;
}

void
session_end(struct session *s)
{
	struct fm_err ignored = FM_ERR_INIT;

	fm_peer_end(s->peer);
	session_release_build(s);
	json_decref(s->dims);
	shape_release(&s->shape);
	if (s->work)
		(void)fm_io_remove_tree(s->work, &ignored);
	free(s->work);
	json_decref(s->open);
	json_decref(s->fill);
	json_decref(s->sys);
	platform_release(&s->p);
	memset(s, 0, sizeof *s);
}
