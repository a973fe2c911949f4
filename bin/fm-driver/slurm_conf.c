/*
 * Options under Slurm. The tasks get what is not Slurm's; --slurm:KEY VALUE
 * is one of a few of our own or goes to sbatch as it is.
 */
#include "slurm_conf.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "conf.h"
#include "num.h"
#include "plan.h"
#include "slurm.h"

enum {
	MOST_SHARDS = 50, /* unless asked for: each one loads the model */
	PER_JOB = 4       /* so that none waits long for the last one */
};

/* Those of fm-driver that are not for the tasks. */
static const char *const ours[] = { "use_slurm", "jobs", "detach", "attach",
	"log", "run_id", "resume", "resume_failed", "progress_fd", "dry_run",
	NULL };

/* --slurm:KEY that does not go to sbatch. */
static const char *const own[] = { "shards", "dir", "driver", "poll",
	"resubmit", NULL };

/* Options of sbatch that would break what we make of it. */
static const char *const taken[] = { "array", "a", "output", "o", "error", "e",
	"input", "i", "open-mode", "parsable", "test-only", "wait", "W", "wrap",
	NULL };

static bool
is_in(const char *const *list, const char *s)
{
	for (; *list; list++)
		if (strcmp(*list, s) == 0)
			return true;
	return false;
}

static bool
is_slurm_sub(const struct fm_opt_given *g)
{
	return !g->opt && strncmp(g->name, "--" SLURM_SET, 7) == 0 &&
	       (g->name[7] == ':' || g->name[7] == '@' || !g->name[7]);
}

const char *
slurm_conf_own(const struct conf *c, const char *key)
{
	return json_string_value(
	    json_object_get(json_object_get(c->subs, SLURM_SET), key));
}

bool
slurm_is(const struct conf *c)
{
	return c->how.use_slurm || c->how.attach;
}

/* What runs here and now, and is no sweep. */
static const char *
no_sweep(const struct conf *c)
{
	const struct {
		bool given;
		const char *name;
	} v[] = {
		{ c->infer != NULL, "infer" },
		{ c->profile, "profile" },
		{ c->calibrate, "sim:calibrate" },
		{ c->explain, "explain" },
		{ c->list_devices, "list_devices" },
		{ c->list_options, "list_options" },
		{ c->setup != NULL, "setup" },
		{ c->selftest, "selftest" },
	};
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++)
		if (v[i].given)
			return v[i].name;
	return NULL;
}

int
slurm_check(const struct conf *c, struct fm_err *err)
{
	const char *other = slurm_is(c) ? no_sweep(c) : NULL;

	if (other)
		return fm_err_set(err, FM_USAGE,
		    "--use_slurm is for sweeps, --%s is none", other);
	if (slurm_is(c) && c->how.host)
		return fm_err_set(err, FM_USAGE,
		    "--host and --use_slurm exclude one another: Slurm knows "
		    "where");
	if (slurm_is(c) && c->how.shard)
		return fm_err_set(err, FM_USAGE,
		    "--shard and --use_slurm exclude one another: the jobs "
		    "are the shards");
	if (c->how.attach && c->how.use_slurm)
		return fm_err_set(err, FM_USAGE,
		    "--attach goes on with a job, --use_slurm begins one: "
		    "give one");
	if (c->how.use_slurm)
		return 0;
	if (c->how.jobs || c->how.detach)
		return fm_err_set(err, FM_USAGE, "--%s belongs to --use_slurm",
		    c->how.jobs ? "jobs" : "detach");
	if (!c->how.attach && json_object_get(c->subs, SLURM_SET))
		return fm_err_set(err, FM_USAGE,
		    "--" SLURM_SET ":OPTION belongs to --use_slurm");
	return 0;
}

/* --- the tasks --- */

void
slurm_conf_task(const struct conf *c, const char *program, struct fm_strs *argv)
{
	size_t i;

	fm_strs_add(argv, program);
	for (i = 0; i < c->args.n_given; i++) {
		const struct fm_opt_given *g = &c->args.given[i];

		if (is_slurm_sub(g) || (g->opt && is_in(ours, g->name)))
			continue;
		if (!g->opt) {
			fm_strs_add(argv, g->name);
			fm_strs_add(argv, g->value);
		} else if (g->value) {
			fm_strs_add_take(
			    argv, fm_strdupf("--%s=%s", g->name, g->value));
		} else {
			fm_strs_add_take(argv, fm_strdupf("--%s", g->name));
		}
	}
	if (c->args.rest.n)
		fm_strs_add(argv, "--");
	for (i = 0; i < c->args.rest.n; i++)
		fm_strs_add(argv, c->args.rest.v[i]);
}

/* --- sbatch --- */

/* One option: `true` makes a flag of it, `false` nothing. */
static int
add(struct fm_strs *argv, const char *key, const json_t *v, struct fm_err *err)
{
	const char *value = json_string_value(v);
	char *name = fm_strdup(key), *at;
	int rc = 0;

	for (at = name; (at = strchr(at, '_'));)
		*at = '-';
	if (is_in(taken, name))
		rc = fm_err_set(err, FM_USAGE,
		    "--" SLURM_SET ":%s: this option of sbatch is ours", key);
	else if (!value && !json_is_boolean(v))
		rc = fm_err_set(err, FM_USAGE,
		    "--" SLURM_SET ":%s must have one value, or true for a "
		    "flag",
		    key);
	else if (json_is_true(v) || (value && strcmp(value, "true") == 0))
		fm_strs_add_take(
		    argv, fm_strdupf("%s%s", name[1] ? "--" : "-", name));
	else if (value && strcmp(value, "false") != 0)
		fm_strs_add_take(argv, name[1]
					   ? fm_strdupf("--%s=%s", name, value)
					   : fm_strdupf("-%s%s", name, value));
	free(name);
	return rc;
}

int
slurm_conf_sbatch(
    const struct conf *c, struct fm_strs *argv, struct fm_err *err)
{
	json_t *set = json_object_get(c->subs, SLURM_SET), *v;
	const char *key;

	json_object_foreach (set, key, v)
		if (!is_in(own, key) && add(argv, key, v, err) != 0)
			return -1;
	return 0;
}

/* --- shards --- */

/* As the command line has them; a model may have fewer. */
static size_t
points_of(const struct conf *c)
{
	size_t outputs = c->n_output ? c->n_output : 1;

	return c->n_input * outputs * c->n_batch;
}

/* More shards than this have nothing to do: unit U begins with hand U. */
static size_t
useful(const struct plan *p)
{
	size_t i, k, most = 1;

	for (i = 0; i < p->n; i++)
		for (k = 0; k < p->series[i].n; k++) {
			const struct conf *c = &p->series[i].units[k].c;
			size_t n = k + 1;

			if (!c->build_only && !c->analyze_only)
				n = k + points_of(c);
			if (n > most)
				most = n;
		}
	return most;
}

int
slurm_conf_shards(
    const struct conf *c, const struct plan *p, size_t *n, struct fm_err *err)
{
	const char *asked = slurm_conf_own(c, "shards");
	size_t most = c->how.jobs ? PER_JOB * (size_t)c->how.jobs : MOST_SHARDS;
	int64_t v;

	*n = useful(p);
	if (*n > most)
		*n = most;
	if (!asked)
		return 0;
	if (!fm_num_get_int(asked, strlen(asked), &v) || v < 1 || v > 1000000)
		return fm_err_set(err, FM_USAGE,
		    "--" SLURM_SET ":shards: '%s' must be a whole number from "
		    "1 to 1000000",
		    asked);
	*n = (size_t)v;
	return 0;
}

/* --- words in a shell --- */

void
slurm_conf_quote(struct fm_buf *b, const char *word)
{
	fm_buf_putc(b, '\'');
	for (; *word; word++)
		if (*word == '\'')
			fm_buf_puts(b, "'\\''");
		else
			fm_buf_putc(b, *word);
	fm_buf_putc(b, '\'');
}
