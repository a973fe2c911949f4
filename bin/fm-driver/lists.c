/*
 * Lists: --list_devices, --list_options, --dry_run. Lines of fields parted by
 * tabs, on stdout.
 */
#include "lists.h"

#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "json.h"
#include "record.h"
#include "session.h"

int
list_devices(struct session *s, struct fm_err *err)
{
	json_t *q =
	    json_pack("{s:s, s:O}", "op", "devices", "env", s->c->env_values);
	int rc = fm_peer_send(s->peer, q, err);
	const char *body;
	char *line;
	size_t n;

	json_decref(q);
	if (rc != 0)
		return -1;
	while ((rc = fm_peer_line(s->peer, &line, &n, err)) == 1)
		if (fm_record_tag(line, n, &body) == FM_TAG_DEV)
			printf("%s\t%s\n", s->p.name, body);
	return rc;
}

int
list_options(struct session *s)
{
	const json_t *opts = fm_peer_opts(s->peer), *o;
	size_t i;

	for (i = 0; i < json_array_size(opts); i++) {
		o = json_array_get(opts, i);
		printf("--%s:%s\t%s\t%s\t%s\n", s->p.backend,
		    fm_json_str(o, "name", ""), fm_json_str(o, "type", ""),
		    fm_json_str(o, "def", ""), fm_json_str(o, "help", ""));
	}
	return 0;
}

int
list_calibration(struct session *s, struct fm_err *err)
{
	static const char say[] = "FMWORK SAY ";
	json_t *q = json_pack("{s:s, s:i}", "op", "run", "reps", 1);
	int rc = fm_peer_send(s->peer, q, err);
	char *line;
	size_t n;

	json_decref(q);
	if (rc != 0)
		return -1;
	while ((rc = fm_peer_line(s->peer, &line, &n, err)) == 1)
		if (strncmp(line, say, sizeof say - 1) == 0)
			(void)puts(line + sizeof say - 1);
	return rc;
}

int
list_points(struct session *s)
{
	const struct conf *c = s->c;
	size_t i;

	for (i = 0; i < s->shape.n_points; i++) {
		const struct fm_point *at = &s->shape.points[i];

		printf("%s\t%s\t%lld\t%lld\t", s->p.name,
		    c->model_name ? c->model_name : s->p.backend,
		    (long long)at->input, (long long)at->batch);
		if (c->seconds > 0)
			printf("%gs\n", c->seconds);
		else
			printf("%lld\n", (long long)c->reps);
	}
	return 0;
}
