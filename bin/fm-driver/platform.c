/*
 * Platforms and backends: the table in share/platforms.yaml, and the search
 * for the backend's program.
 */
#include "platform.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "prog.h"
#include "yaml.h"

static void
put_keys(struct fm_buf *b, json_t *obj)
{
	const char *key;
	json_t *v;

	json_object_foreach (obj, key, v)
		fm_buf_printf(b, "%s%s", b->len ? ", " : "", key);
}

static void
add_words(struct fm_strs *l, const json_t *list)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s)
			fm_strs_add(l, s);
	}
}

/* A backend outside the table takes its own set and may do without model. */
static void
read_backend(struct platform *p, const json_t *table)
{
	const json_t *row =
	    json_object_get(json_object_get(table, "backends"), p->backend);
	const char *threads = fm_json_str(row, "threads", NULL);
	const char *model = fm_json_str(row, "model", "none");
	const char *visible =
	    fm_json_str(json_object_get(table, "visible"), p->name, NULL);

	p->known = row != NULL;
	p->plain_model = strcmp(model, "config") == 0;
	p->needs_model = p->plain_model || strcmp(model, "required") == 0;
	p->loads = strcmp(fm_json_str(row, "loads", ""), "folder") == 0;
	if (p->plain_model && strchr(p->name, ':'))
		p->device = fm_strdup(strchr(p->name, ':') + 1);
	p->threads = threads ? fm_strdup(threads) : NULL;
	p->visible = visible ? fm_strdup(visible) : NULL;
	p->measures = fm_json_bool(row, "measures", true);
	add_words(&p->sets, json_object_get(row, "sets"));
	add_words(
	    &p->shows, json_object_get(row,
			   json_object_get(row, "shows") ? "shows" : "sets"));
	add_words(&p->ignores, json_object_get(row, "ignores"));
	add_words(&p->brings, json_object_get(row, "brings"));
	if (!row) {
		fm_strs_add(&p->sets, p->backend);
		fm_strs_add(&p->shows, p->backend);
	}
}

static bool
runnable(struct fm_strs *argv, const char *dir, const char *name)
{
	char *path = fm_io_join(dir, name);

	if (access(path, X_OK) == 0) {
		fm_strs_add_take(argv, path);
		return true;
	}
	free(path);
	return false;
}

static int
find_program(struct platform *p, struct fm_err *err)
{
	char *name = fm_strdupf("fm-backend-%s", p->backend);
	const char *extra = getenv("FM_BACKEND_PATH");
	struct fm_strs dirs = FM_STRS_INIT;
	bool found = false;
	size_t i;

	fm_strs_split(&dirs, extra ? extra : "", ":");
	fm_strs_add_take(&dirs, fm_prog_libexec(""));
	for (i = 0; i < dirs.n && !found; i++)
		found = runnable(&p->argv, dirs.v[i], name);
	if (!found)
		(void)fm_err_set(err, FM_NODEVICE,
		    "backend '%s' not found: there is no '%s' in '%s' (more "
		    "folders: FM_BACKEND_PATH)",
		    p->backend, name, dirs.v[dirs.n - 1]);
	fm_strs_release(&dirs);
	free(name);
	return found ? 0 : -1;
}

/*
 * Over there the backend is at the same path as here, unless the last word
 * names a folder.
 */
static int
add_via(struct platform *p, const char *via, struct fm_err *err)
{
	size_t n;
	char *last;

	if (fm_strs_words(&p->argv, via, err) != 0)
		return fm_err_wrap(err, "--via");
	n = p->argv.n ? strlen(p->argv.v[p->argv.n - 1]) : 0;
	if (n == 0)
		return fm_err_set(err, FM_USAGE, "--via: no words");
	last = p->argv.v[p->argv.n - 1];
	if (last[n - 1] != '/')
		return find_program(p, err);
	p->argv.v[p->argv.n - 1] =
	    fm_strdupf("%sfm-backend-%s", last, p->backend);
	free(last);
	return 0;
}

static int
choose(
    struct platform *p, json_t *table, const char *backend, struct fm_err *err)
{
	json_t *platforms = json_object_get(table, "platforms");
	const json_t *row =
	    json_object_getn(platforms, p->name, strcspn(p->name, ":"));
	const char *own = json_string_value(row);
	struct fm_buf all = FM_BUF_INIT;

	if (backend &&
	    (strcmp(backend, "local") == 0 || strcmp(backend, "remote") == 0))
		backend = NULL;
	if (backend && strcmp(backend, "slurm") == 0)
		return fm_err_set(err, FM_USAGE,
		    "--backend %s: use --via 'srun -N1 -n1 -u'", backend);
	if (!own && !backend) {
		put_keys(&all, platforms);
		(void)fm_err_set(err, FM_USAGE,
		    "--platform: '%s' is not known: there are %s", p->name,
		    all.s);
		fm_buf_release(&all);
		return -1;
	}
	p->backend = fm_strdup(backend ? backend : own);
	if (strchr(p->backend, '/'))
		return fm_err_set(err, FM_USAGE,
		    "--backend: '%s' must be a name, not a path", p->backend);
	return 0;
}

int
platform_find(struct platform *p, const char *name, const char *backend,
    const char *via, struct fm_err *err)
{
	char *path = fm_prog_share("platforms.yaml");
	json_t *table = fm_yaml_read_file(path, err);
	int rc;

	memset(p, 0, sizeof *p);
	free(path);
	if (!table)
		return -1;
	p->name = fm_strdup(name);
	rc = choose(p, table, backend, err);
	if (rc == 0) {
		read_backend(p, table);
		rc = via ? add_via(p, via, err) : find_program(p, err);
	}
	json_decref(table);
	return rc;
}

void
platform_release(struct platform *p)
{
	free(p->name);
	free(p->device);
	free(p->backend);
	free(p->threads);
	free(p->visible);
	fm_strs_release(&p->sets);
	fm_strs_release(&p->shows);
	fm_strs_release(&p->ignores);
	fm_strs_release(&p->brings);
	fm_strs_release(&p->argv);
	memset(p, 0, sizeof *p);
}
