/*
 * What is done on a host: the backend's program and the model's files are
 * copied by others; here is what a request names, and what becomes of a
 * connection that is lost.
 */
#include "remote.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "given.h"
#include "io.h"
#include "json.h"
#include "lock.h"
#include "prog.h"
#include "remote_backend.h"
#include "remote_copy.h"
#include "remote_lock.h"
#include "remote_ssh.h"

struct remote {
	struct remote_ssh ssh;
	struct remote_copy copy;
	struct fm_strs locks; /* names of what is locked there */
	int64_t losses;       /* of the connection, since something was done */
	char *outdir;         /* made there, or NULL */
};

/* --- the connection --- */

struct remote *
remote_open(
    const char *host, const char *cache_dir, int wake_fd, struct fm_err *err)
{
	struct remote *r = fm_calloc(1, sizeof *r);

	r->copy.cache = (struct fm_cache)FM_CACHE_INIT;
	if (remote_ssh_init(&r->ssh, host, wake_fd, err) == 0 &&
	    remote_copy_init(&r->copy, &r->ssh, cache_dir, err) == 0 &&
	    remote_ssh_connect(&r->ssh, err) == 0 &&
	    remote_copy_begin(&r->copy, err) == 0)
		return r;
	remote_close(r);
	return NULL;
}

void
remote_close(struct remote *r)
{
	struct fm_err ignored = FM_ERR_INIT;

	if (!r)
		return;
	if (r->outdir)
		(void)remote_ssh_ask(&r->ssh, "rm -rf \"$o\"", NULL, &ignored);
	free(r->outdir);
	fm_strs_release(&r->locks);
	remote_ssh_release(&r->ssh);
	remote_copy_release(&r->copy);
	free(r);
}

bool
remote_retry(struct remote *r, struct fm_err *err)
{
	if (!r || err->code == FM_STOPPED || !remote_ssh_lost(&r->ssh))
		return false;
	while (++r->losses <= remote_ssh_retries()) {
		if (remote_ssh_again(&r->ssh, err) != 0)
			return false;
		if (remote_copy_begin(&r->copy, err) == 0 &&
		    remote_lock_take(&r->ssh, &r->locks, LOCK_WAIT, err) == 0) {
			fm_err_clear(err);
			return true;
		}
		if (err->code == FM_STOPPED)
			return false;
	}
	return false;
}

void
remote_sweep(struct remote *r)
{
	struct fm_err ignored = FM_ERR_INIT;

	if (r)
		(void)remote_ssh_sweep(&r->ssh, &ignored);
}

void
remote_fine(struct remote *r)
{
	if (r)
		r->losses = 0;
}

bool
remote_gone(const struct remote *r)
{
	return r && r->ssh.given_up;
}

void
remote_say_left(const struct remote *r)
{
	fm_prog_say("fm-driver",
	    "host '%s' does not come back: the other lanes go on without it",
	    r->ssh.host);
}

int
remote_lock(struct remote *r, const char *platform, const json_t *devices,
    int how, struct fm_err *err)
{
	int rc;

	if (how == LOCK_NONE)
		return 0;
	remote_lock_names(&r->locks, platform, devices);
	do
		rc = remote_lock_take(&r->ssh, &r->locks, how, err);
	while (rc != 0 && remote_retry(r, err));
	return rc;
}

void
remote_unlock(struct remote *r)
{
	if (!r)
		return;
	remote_lock_drop(&r->ssh, &r->locks);
	fm_strs_release(&r->locks);
}

int
remote_backend(struct remote *r, const struct platform *p, struct fm_strs *argv,
    struct fm_err *err)
{
	int rc;

	do
		rc = remote_backend_find(&r->copy, p, argv, err);
	while (rc != 0 && remote_retry(r, err));
	return rc;
}

static int
put(struct remote *r, struct remote_tree *t, struct fm_err *err)
{
	int rc;

	do
		rc = remote_tree_put(&r->copy, t, err);
	while (rc != 0 && remote_retry(r, err));
	return rc;
}

/* --- models --- */

static bool
ends_with(const char *s, const char *const *ends)
{
	size_t n = strlen(s);

	for (; *ends; ends++) {
		size_t k = strlen(*ends);

		if (n > k && strcmp(s + n - k, *ends) == 0)
			return true;
	}
	return false;
}

/*
 * What a folder from the hub has for other programs, and weights that are not
 * read: beside safetensors nothing else is, and with random ones none.
 */
static bool
is_read(const char *name, const struct fm_strs *all, const json_t *model)
{
	static const char *const never[] = { ".h5", ".msgpack", ".ot", ".onnx",
		".onnx_data", ".gguf", ".tflite", NULL };
	static const char *const best[] = { ".safetensors", NULL };
	static const char *const weights[] = { ".bin", ".pt", ".pth", NULL };
	bool dummy =
	    strcmp(fm_json_str(model, "load_format", ""), "dummy") == 0;
	bool has_best = false;
	size_t i;

	for (i = 0; i < all->n; i++)
		has_best |= ends_with(all->v[i], best);
	if (ends_with(name, never) || (dummy && ends_with(name, best)))
		return false;
	return !ends_with(name, weights) || (!dummy && !has_best);
}

static int
add_folder(struct remote_tree *t, const char *dir, const char *as,
    const json_t *model, struct fm_err *err)
{
	bool config = strcmp(fm_json_str(model, "kind", ""), "config") == 0;
	struct fm_strs names = FM_STRS_INIT;
	int rc = given_list(dir, &names, err);
	size_t i;

	for (i = 0; i < names.n && rc == 0; i++) {
		const char *name = names.v[i];
		char *path = fm_io_join(dir, name);
		char *to = fm_io_join(as, name);

		if (fm_io_is_file(path) &&
		    (config ? strcmp(name, "config.json") == 0
			    : is_read(name, &names, model)))
			remote_tree_add(t, fm_strdup(path), to, false);
		free(to);
		free(path);
	}
	fm_strs_release(&names);
	return rc;
}

/* It was sent before: the request has been used already. */
static bool
is_there(const struct remote *r, const char *path)
{
	size_t n = strlen(r->copy.root);

	return strncmp(path, r->copy.root, n) == 0 &&
	       strncmp(path + n, "/trees/", 7) == 0;
}

/* A graph, and the files of its weights wherever they are. */
static int
send_graph(struct remote *r, json_t *model, const struct fm_strs *files,
    struct fm_err *err)
{
	struct remote_tree t = REMOTE_TREE_INIT;
	const char *path = fm_json_str(model, "path", "");
	const char *weights = fm_json_str(model, "weights", "");
	char *name = fm_io_join("graph", fm_io_base(path));
	char *there;
	size_t i;
	int rc;

	remote_tree_add(&t, fm_strdup(path), name, false);
	for (i = 0; i < files->n; i++) {
		char *as = fm_io_join("weights", files->v[i]);

		remote_tree_add(
		    &t, fm_io_join(weights, files->v[i]), as, false);
		free(as);
	}
	rc = put(r, &t, err);
	if (rc == 0) {
		there = remote_tree_path(&r->copy, &t, name);
		fm_json_set_str(model, "path", there);
		free(there);
		there = remote_tree_path(
		    &r->copy, &t, files->n ? "weights" : "graph");
		fm_json_set_str(model, "weights", there);
		free(there);
	}
	free(name);
	remote_tree_release(&t);
	return rc;
}

/* "granite" of "models/granite/": it may be printed over there. */
static char *
last_part(const char *path)
{
	size_t n = strlen(path);
	char *cut, *name;

	while (n > 1 && path[n - 1] == '/')
		n--;
	cut = fm_strndup(path, n);
	name = fm_strdup(fm_io_base(cut));
	free(cut);
	return name;
}

/* A file or folder that the backend reads itself. */
static int
send_whole(struct remote *r, json_t *model, struct fm_err *err)
{
	struct remote_tree t = REMOTE_TREE_INIT;
	char *path = fm_strdup(fm_json_str(model, "path", ""));
	char *name = last_part(path);
	int rc = 0;

	if (fm_io_is_dir(path))
		rc = add_folder(&t, path, name, model, err);
	else if (fm_io_is_file(path))
		remote_tree_add(&t, fm_strdup(path), name, false);
	if (rc == 0 && t.n) {
		rc = put(r, &t, err);
		if (rc == 0) {
			char *there = remote_tree_path(&r->copy, &t, name);

			fm_json_set_str(model, "path", there);
			free(there);
		}
	}
	free(name);
	free(path);
	remote_tree_release(&t);
	return rc;
}

int
remote_model(struct remote *r, json_t *open, const struct fm_strs *files,
    struct fm_err *err)
{
	json_t *model = json_object_get(open, "model");

	if (!model || is_there(r, fm_json_str(model, "path", "")))
		return 0;
	return files ? send_graph(r, model, files, err)
		     : send_whole(r, model, err);
}

/* --- inputs and outputs --- */

static int
send_input(struct remote *r, json_t *input, struct fm_err *err)
{
	struct remote_tree t = REMOTE_TREE_INIT;
	const char *path = fm_json_str(input, "file", NULL);
	char *there;
	int rc;

	if (!path || is_there(r, path))
		return 0;
	remote_tree_add(&t, fm_strdup(path), "input.npy", false);
	rc = put(r, &t, err);
	if (rc == 0) {
		there = remote_tree_path(&r->copy, &t, "input.npy");
		fm_json_set_str(input, "file", there);
		free(there);
	}
	remote_tree_release(&t);
	return rc;
}

int
remote_inputs(struct remote *r, json_t *inputs, struct fm_err *err)
{
	const char *key;
	json_t *v;
	size_t i;

	json_array_foreach (inputs, i, v)
		if (send_input(r, v, err) != 0)
			return -1;
	json_object_foreach (inputs, key, v)
		if (send_input(r, v, err) != 0)
			return -1;
	return 0;
}

const char *
remote_outdir(struct remote *r, struct fm_err *err)
{
	char *script = fm_strdupf("o=$d/out/%s; rm -rf \"$o\"; "
				  "mkdir -p \"$o\" && echo \"$o\"",
	    r->ssh.mark);
	struct fm_buf out = FM_BUF_INIT;
	int rc = remote_ssh_ask(&r->ssh, script, &out, err);

	free(script);
	free(r->outdir);
	r->outdir = fm_strndup(out.s, strcspn(out.s, "\n"));
	if (rc > 0)
		rc = fm_err_set(err, FM_IO, "host '%s': cannot write '%s': %s",
		    r->ssh.host, r->copy.root, r->outdir);
	fm_buf_release(&out);
	return rc == 0 ? r->outdir : NULL;
}

int
remote_get(
    struct remote *r, const char *from, const char *to, struct fm_err *err)
{
	return remote_copy_get(&r->copy, from, to, err);
}
