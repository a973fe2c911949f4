/*
 * Reading requests. Knows their members and limits, no device.
 */
#include "backend_req.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpus.h"
#include "json.h"

enum {
	DELAY_MAX_S = 86400
};

/* More repetitions than anybody lives to see; sums of them still fit. */
#define COUNT_MAX INT64_C(1000000000000000)

static int
set_env(json_t *env, struct fm_err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach (env, key, v) {
		const char *s = json_string_value(v);

		if (!s && !json_is_null(v))
			return fm_err_set(err, FM_USAGE,
			    "\"env\" must hold text, '%s' is something else",
			    key);
		if (s ? setenv(key, s, 1) : unsetenv(key))
			return fm_err_sys(
			    err, FM_USAGE, "cannot set '%s'", key);
	}
	return 0;
}

/* Threads that the vendor's library starts are held by this, too. */
static int
set_cpus(const json_t *req, bool *bound, struct fm_err *err)
{
	const char *text = fm_json_str(req, "cpus", NULL);
	struct fm_cpus cpus;

	if (!text)
		return 0;
	if (fm_cpus_parse(&cpus, text, strlen(text), err))
		return -1;
	return fm_cpus_pin(&cpus, bound, err);
}

int
fm_backend_settle(const json_t *req, bool *bound, struct fm_err *err)
{
	if (set_env(json_object_get(req, "env"), err))
		return -1;
	return set_cpus(req, bound, err);
}

int
fm_backend_plan_read(
    struct fm_backend_plan *plan, const json_t *req, struct fm_err *err)
{
	double seconds = fm_json_num(req, "seconds", 0);
	double delay = fm_json_num(req, "delay", 0);

	plan->first = fm_json_int(req, "first", 1);
	plan->warmup = fm_json_int(req, "warmup", 0);
	plan->reps = fm_json_int(req, "reps", 0);
	seconds = seconds > 0 ? seconds : 0;
	plan->ns = (int64_t)((seconds < 4e9 ? seconds : 4e9) * 1e9);
	if (!(delay >= 0 && delay <= DELAY_MAX_S))
		return fm_err_set(err, FM_USAGE,
		    "\"delay\" must be from 0 to %d seconds", DELAY_MAX_S);
	plan->delay_ns = (int64_t)(delay * 1e9);
	if (plan->first < 1 || plan->warmup < 0 || plan->reps < 0)
		return fm_err_set(err, FM_USAGE,
		    "\"first\" must be 1 or more, \"warmup\" and \"reps\" 0 "
		    "or more");
	if (plan->first > COUNT_MAX || plan->warmup > COUNT_MAX ||
	    plan->reps > COUNT_MAX)
		return fm_err_set(err, FM_USAGE,
		    "\"first\", \"warmup\" and \"reps\" go up to %lld",
		    (long long)COUNT_MAX);
	if ((plan->reps > 0) == (plan->ns > 0))
		return fm_err_set(err, FM_USAGE,
		    "a run needs either \"reps\" or \"seconds\" above 0");
	return 0;
}

int
fm_backend_take_stdout(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd ? O_WRONLY : O_RDONLY);
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	return fd;
}
