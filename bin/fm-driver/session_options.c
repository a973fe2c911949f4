/*
 * What the options of the command line are for a backend that has greeted:
 * its own sub-options, and settings that only some backends know.
 */
#include "session_options.h"

#include <string.h>

#include "conf.h"
#include "json.h"
#include "prog.h"
#include "session.h"
#include "subopt.h"
#include "text.h"

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

/* A device that computes in a type that it is told. */
static void
add_data_type(const struct session *s, json_t *options)
{
	static const char *const types[] = { [PRECISION_FP32] = "float32",
		[PRECISION_FP16] = "float16",
		[PRECISION_BF16] = "bfloat16" };

	if (s->c->precision && has_option(s->peer, "data_type") &&
	    !json_object_get(options, "data_type"))
		fm_json_set_str(options, "data_type", types[s->c->precision]);
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
	if (c->how.cpus && !fm_peer_can(s->peer, "cpus"))
		return fm_err_set(err, FM_USAGE,
		    "--cpus: backend '%s' cannot be pinned", s->p.backend);
	if (fm_opt_was(&c->args, "require_quiet") &&
	    !fm_peer_can(s->peer, "observe"))
		return fm_err_set(err, FM_USAGE,
		    "--require_quiet: backend '%s' does not observe its "
		    "machine",
		    s->p.backend);
	if (c->prompt && !fm_peer_can(s->peer, "prompt"))
		return fm_err_set(err, FM_USAGE,
		    "--prompt: backend '%s' has no tokenizer", s->p.backend);
	if (c->n_output && !fm_peer_can(s->peer, "generate"))
		return fm_err_set(err, FM_USAGE,
		    "--output_sizes: backend '%s' cannot generate",
		    s->p.backend);
	return 0;
}

json_t *
session_options(const struct session *s, struct fm_err *err)
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
	add_data_type(s, options);
	if (s->c->threads && !json_object_get(options, s->p.threads))
		fm_json_set_int(options, s->p.threads, s->c->threads);
	return options;
fail:
	json_decref(options);
	return NULL;
}

int
session_check_sets(const struct session *s, struct fm_err *err)
{
	/* fm_strs are NULL-terminated once they hold something. */
	static const char *const none[] = { NULL };
	const char *const *sets =
	    s->p.sets.n ? (const char *const *)s->p.sets.v : none;
	const char *const *ignores =
	    s->p.ignores.n ? (const char *const *)s->p.ignores.v : none;

	return fm_subopt_check(s->c->subs, sets, ignores, err);
}

void
session_say_ignored(const struct session *s)
{
	struct fm_buf b = FM_BUF_INIT;

	text_ignored(&b, s->c, &s->p);
	if (b.len)
		fm_prog_say("fm-driver", "ignored by backend '%s':%s",
		    s->p.backend, b.s);
	fm_buf_release(&b);
}
