/*
 * Places: reading them, and what they mean for a session.
 */
#include "place.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "conf.h"
#include "json.h"
#include "num.h"
#include "pin.h"
#include "remote.h"
#include "session.h"

/* --- --device_sets --- */

/* "2,3" or "0-3" as numbers. */
static json_t *
read_set(const char *s, size_t n, const char *all, struct fm_err *err)
{
	char *copy = fm_strndup(s, n);
	struct fm_strs words = FM_STRS_INIT;
	json_t *list = json_array();
	size_t i;

	fm_strs_split(&words, copy, ",");
	for (i = 0; i < words.n && list; i++) {
		const char *w = words.v[i], *dash = strchr(w, '-');
		size_t len = dash ? (size_t)(dash - w) : strlen(w);
		int64_t lo, hi;

		if (fm_num_get_int(w, len, &lo) &&
		    fm_num_get_int(dash ? dash + 1 : w,
			dash ? strlen(dash + 1) : len, &hi) &&
		    lo >= 0 && hi >= lo && hi < 65536) {
			for (; lo <= hi; lo++)
				json_array_append_new(list, json_integer(lo));
			continue;
		}
		json_decref(list);
		list = NULL;
	}
	if (!words.n || !list) {
		(void)fm_err_set(err, FM_USAGE,
		    "--device_sets '%s': '%s' must be device numbers, such as "
		    "0 or 2,3",
		    all, copy);
		json_decref(list);
		list = NULL;
	}
	fm_strs_release(&words);
	free(copy);
	return list;
}

static int
read_sets(struct places *p, const char *text, struct fm_err *err)
{
	const char *s = text;

	p->sets = json_array();
	for (;;) {
		size_t n = strcspn(s, ":");
		json_t *set = read_set(s, n, text, err);

		if (!set)
			return -1;
		json_array_append_new(p->sets, set);
		if (!s[n])
			return 0;
		s += n + 1;
	}
}

/* No device in two lanes. */
static int
check_sets(const struct places *p, const char *text, struct fm_err *err)
{
	json_t *seen = json_object();
	size_t i, k;
	int rc = 0;

	for (i = 0; i < json_array_size(p->sets); i++)
		for (k = 0; k < json_array_size(json_array_get(p->sets, i));
		     k++) {
			char name[32];

			(void)snprintf(name, sizeof name, "%lld",
			    (long long)json_integer_value(
				json_array_get(json_array_get(p->sets, i), k)));
			if (json_object_get(seen, name) && rc == 0)
				rc = fm_err_set(err, FM_USAGE,
				    "--device_sets '%s': device %s is in two "
				    "of the sets",
				    text, name);
			json_object_set_new(seen, name, json_true());
		}
	json_decref(seen);
	return rc;
}

int
places_read(struct places *p, const struct conf *c, struct fm_err *err)
{
	const char *sets = c->how.device_sets;
	const struct fm_strs *hosts = &c->how.hosts;
	size_t i, each;

	memset(p, 0, sizeof *p);
	if (sets &&
	    (read_sets(p, sets, err) != 0 || check_sets(p, sets, err) != 0))
		return -1;
	if (c->how.cpus && pin_read(&p->cpus, c->how.cpus, err) != 0)
		return -1;
	each = sets ? json_array_size(p->sets) : p->cpus.n ? p->cpus.n : 1;
	if (p->cpus.n && p->cpus.n != each)
		return fm_err_set(err, FM_USAGE,
		    "--cpus '%s': there must be a list for each of %zu lanes",
		    c->how.cpus, each);
	p->n = each * (hosts->n ? hosts->n : 1);
	p->v = fm_calloc(p->n, sizeof *p->v);
	for (i = 0; i < p->n; i++) {
		struct place *one = &p->v[i];

		one->devices = json_array_get(p->sets, i % each);
		one->cpus = p->cpus.n ? p->cpus.v[i % each] : NULL;
		one->host = hosts->n ? hosts->v[i / each] : NULL;
	}
	return 0;
}

void
places_release(struct places *p)
{
	size_t i;

	for (i = 0; i < p->n && p->v; i++)
		remote_close(p->v[i].remote);
	json_decref(p->sets);
	fm_strs_release(&p->cpus);
	free(p->v);
	memset(p, 0, sizeof *p);
}

/* --- --host --- */

int
place_hosts(struct conf *c, struct fm_err *err)
{
	bool remote = strcmp(c->backend, "remote") == 0;
	const char *list = c->how.host;
	struct fm_strs all = FM_STRS_INIT;
	size_t i;

	if (!list && remote)
		list = getenv("FM_HOST");
	fm_strs_split(&all, list ? list : "", ", ");
	for (i = 0; i < all.n; i++)
		if (fm_strs_find(&c->how.hosts, all.v[i]) < 0)
			fm_strs_add(&c->how.hosts, all.v[i]);
	fm_strs_release(&all);
	if (c->how.hosts.n == 0 && (c->how.host || remote))
		return fm_err_set(err, FM_USAGE,
		    "which host? --host USER@BOX, or FM_HOST with --backend "
		    "remote, names one");
	if (c->how.hosts.n && c->via)
		return fm_err_set(err, FM_USAGE,
		    "--host and --via exclude one another: give one");
	return 0;
}

/* --- for a session --- */

int
place_open(struct session *s, struct fm_err *err)
{
	struct place *p = s->e.place;

	if (p && p->host && !p->remote) {
		p->remote =
		    remote_open(p->host, s->c->cache_dir, s->e.wake_fd, err);
		if (!p->remote)
			return -1;
	}
	s->remote = p ? p->remote : NULL;
	return 0;
}

/* Libraries that choose devices by a variable are told by it, too. */
void
place_request(struct session *s)
{
	json_t *devices = s->e.place ? s->e.place->devices : NULL;
	struct fm_buf list = FM_BUF_INIT;
	json_t *env;
	size_t i;

	if (s->e.place && s->e.place->cpus)
		fm_json_set_str(s->open, "cpus", s->e.place->cpus);
	if (!devices)
		return;
	json_object_set(s->open, "devices", devices);
	if (!s->p.visible)
		return;
	for (i = 0; i < json_array_size(devices); i++)
		fm_buf_printf(&list, "%s%lld", i ? "," : "",
		    (long long)json_integer_value(json_array_get(devices, i)));
	env = json_copy(s->c->env_values);
	fm_json_set_str(env, s->p.visible, list.s);
	if (strcmp(s->p.visible, "CUDA_VISIBLE_DEVICES") == 0)
		fm_json_set_str(env, "CUDA_DEVICE_ORDER", "PCI_BUS_ID");
	json_object_set_new(s->open, "env", env);
	fm_buf_release(&list);
}

void
place_facts(const struct session *s, json_t *sys)
{
	if (s->e.place && s->e.place->devices)
		json_object_set(sys, "devices", s->e.place->devices);
}

/* What others must keep off; "cuda:1" is device 1 of cuda. Devices behind
 * --via are not those that are here. */
int
place_lock(struct session *s, struct fm_err *err)
{
	size_t n = strcspn(s->p.name, ":");
	char *base = fm_strndup(s->p.name, n);
	json_t *devices = s->e.place ? s->e.place->devices : NULL;
	json_t *own = NULL;
	int64_t v;
	int rc = 0;

	if (!devices && s->p.name[n] &&
	    fm_num_get_int(s->p.name + n + 1, strlen(s->p.name + n + 1), &v))
		devices = own = json_pack("[I]", (json_int_t)v);
	else if (!devices && s->e.place && s->e.place->cpus)
		devices = own = pin_numbers(s->e.place->cpus);
	if (s->p.measures && s->remote)
		rc = remote_lock(s->remote, base, devices, s->c->how.lock, err);
	else if (s->p.measures && !s->c->via)
		rc = lock_devices(&s->locks, base, devices, s->c->how.lock,
		    s->e.wake_fd, err);
	json_decref(own);
	free(base);
	return rc;
}
