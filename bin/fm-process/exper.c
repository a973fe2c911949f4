/*
 * What ARG, EXP, SYS and PARAMS lines say about an experiment.
 */
#include "exper.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "num.h"

void
exper_init(struct exper *x)
{
	memset(x, 0, sizeof *x);
	fm_buf_init(&x->opts_json);
	x->multiplier = x->times = 1;
}

void
exper_release(struct exper *x)
{
	fm_strs_release(&x->opts);
	free(x->model);
	free(x->model_class);
	free(x->platform);
	free(x->setup);
	free(x->warmup);
	json_decref(x->sys);
	fm_buf_release(&x->opts_json);
}

void
exper_clear(struct exper *x)
{
	exper_release(x);
	exper_init(x);
}

void
exper_set(char **where, const char *s, size_t n)
{
	free(*where);
	*where = fm_strndup(s, n);
}

/* "--name value": the value when the name is this one. */
static bool
is_option(const char *s, size_t n, const char *name, struct fm_text *value)
{
	size_t len = strlen(name);

	if (n <= len + 1 || memcmp(s, name, len) != 0 ||
	    (s[len] != ' ' && s[len] != '='))
		return false;
	value->s = s + len + 1;
	value->n = n - len - 1;
	return true;
}

/* "--platform=cuda --model_name=m" is one ARG line of one driver. */
static size_t
word(struct fm_text v)
{
	const char *blank = memchr(v.s, ' ', v.n);

	return blank ? (size_t)(blank - v.s) : v.n;
}

void
exper_arg(struct exper *x, const char *s, size_t n)
{
	struct fm_text v;
	int64_t m;

	fm_strs_add_take(&x->opts, fm_strndup(s, n));
	fm_buf_clear(&x->opts_json);
	if (is_option(s, n, "--model_name", &v))
		exper_set(&x->model, v.s, v.n);
	else if (is_option(s, n, "--model_class", &v))
		exper_set(&x->model_class, v.s, v.n);
	else if (is_option(s, n, "--platform", &v))
		exper_set(&x->platform, v.s, word(v));
	else if (is_option(s, n, "--batch_multiplier", &v) &&
		 fm_num_get_int(v.s, v.n, &m) && m > 0)
		x->multiplier = m;
}

void
exper_env(struct exper *x, const char *s, size_t n)
{
	char *t = fm_strdupf("--env %.*s", (int)n, s);

	fm_strs_add_take(&x->opts, t);
	fm_buf_clear(&x->opts_json);
}

static void
set_param(struct exper *x, const char *name, const char *v, size_t n)
{
	int64_t m;

	if (strcmp(name, "model_path") == 0)
		exper_set(&x->model, v, n);
	else if (strcmp(name, "device") == 0)
		exper_set(&x->platform, v, n);
	else if (strcmp(name, "batch_size_times") == 0 &&
		 fm_num_get_int(v, n, &m) && m > 0)
		x->times = m;
}

void
exper_param(struct exper *x, const char *s, size_t n)
{
	static const char *const names[] = { "model_path", "device",
		"batch_size_times" };
	const char *end = s + n, *eq = memchr(s, '=', n);
	size_t i;

	if (eq == NULL || eq == s || eq[-1] != ' ' || end - eq < 3)
		return;
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		size_t len = strlen(names[i]);

		if (n > len && memcmp(s, names[i], len) == 0 && s[len] == ' ')
			set_param(x, names[i], eq + 2, (size_t)(end - eq) - 2);
	}
}

/* Facts that differ from run to run of the same set-up. */
static const char *const passing[] = { "run_id", "time", "time_start", "start",
	"date", "load", "load1", "loadavg", "temperature", "uptime", "pid",
	"clock_cost_ns", "clock_resolution_ns", "clock_sm_mhz",
	"clock_memory_mhz", "seed", "free_bytes", "run", "metadata" };

bool
exper_sys(struct exper *x, const char *s, size_t n)
{
	json_t *v = json_loadb(s, n, 0, NULL), *lasting;
	const char *id;
	char *text;
	size_t i;

	if (!json_is_object(v)) {
		json_decref(v);
		return false;
	}
	json_decref(x->sys);
	x->sys = v;
	lasting = json_copy(v);
	for (i = 0; i < sizeof passing / sizeof *passing; i++)
		(void)json_object_del(lasting, passing[i]);
	text = json_dumps(lasting, JSON_COMPACT | JSON_SORT_KEYS);
	fm_hash_of(text, strlen(text), x->sys_id);
	free(text);
	json_decref(lasting);
	id = fm_json_str(v, "run_id", "");
	for (i = 0; id[i] && i + 1 < sizeof x->run_id; i++)
		x->run_id[i] = id[i];
	x->run_id[i] = '\0';
	return true;
}

const char *
exper_run_id(struct exper *x, struct fm_text stamp)
{
	struct fm_buf t = FM_BUF_INIT;

	if (x->run_id[0] == '\0') {
		fm_buf_put(&t, stamp.s ? stamp.s : "", stamp.n);
		fm_buf_putc(&t, ' ');
		fm_buf_puts(&t, x->model ? x->model : "");
		fm_hash_of(t.s, t.len, x->run_id);
		fm_buf_release(&t);
	}
	return x->run_id;
}
