/*
 * The files of an experiment folder.
 */
#define _GNU_SOURCE /* memmem */
#include "folder.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "err.h"
#include "io.h"
#include "py.h"

/* Reads DIR/NAME; false when there is no such file. Bytes that are not UTF-8
 * are dropped, and line ends made alike, as fmwork does. */
static bool
slurp(struct fm_buf *b, const char *dir, const char *name)
{
	struct fm_err ignored = FM_ERR_INIT;
	char *path = fm_io_join(dir, name);
	bool good =
	    fm_io_is_file(path) && fm_io_read_file(path, b, &ignored) == 0;

	py_drop_invalid(b);
	py_newlines(b);
	free(path);
	return good;
}

static bool
has(const char *dir, const char *name)
{
	char *path = fm_io_join(dir, name);
	bool yes = fm_io_is_file(path);

	free(path);
	return yes;
}

enum folder_kind
folder_kind_of(const char *path)
{
	if (has(path, "server.log"))
		return FOLDER_SERVER;
	if (has(path, "driver.log"))
		return FOLDER_DIRECT;
	return has(path, "exp.log") ? FOLDER_OLD : FOLDER_NONE;
}

/* --- single files -------------------------------------------------------- */

/* "time_start 1758757833.153036500": the last word of the line that begins
 * with `key`. */
static struct fm_text
keyed(const struct fm_buf *b, const char *key)
{
	struct fm_text t, found = { NULL, 0 };
	struct py_lines lines;

	py_lines_init(&lines, b->s, b->len);
	while (py_lines_next(&lines, &t))
		if (py_begins(t, key))
			found = py_last(t);
	return found;
}

static void
read_server_log(struct folder *f)
{
	static const char init[] = "init engine (";
	struct py_lines lines;
	struct fm_text t;

	py_lines_init(&lines, f->server_log.s, f->server_log.len);
	while (py_lines_next(&lines, &t)) {
		const char *p;

		if (py_begins(t, "FMWORK EXP") &&
		    (py_has(t, "VLLM_SPYRE_USE_CB=1") ||
			py_has(t, "SENDNN_INFERENCE_USE_CB=1")))
			f->continuous = true;
		if (f->warmup.s || !py_has(t, init) ||
		    (p = memmem(t.s, t.n, " took ", 6)) == NULL)
			continue;
		f->warmup = py_part(
		    (struct fm_text){ p + 6, (size_t)(t.s + t.n - p) - 6 }, 0);
	}
}

/* "Median TTFT (ms):      4987.65", "client_time_start:1758757900.000" */
static void
read_client_line(struct client *c, struct fm_text t, bool summary)
{
	const char *colon = memchr(t.s, ':', t.n);
	struct metric m;

	if (colon == NULL || colon == t.s)
		return;
	m.label = (struct fm_text){ t.s, (size_t)(colon - t.s) };
	m.value = py_strip(
	    (struct fm_text){ colon + 1, (size_t)(t.s + t.n - colon) - 1 });
	if (m.value.n == 0)
		return;
	if (py_begins(t, "client_time_start:")) {
		c->start = m.value;
	} else if (py_begins(t, "client_time_end:")) {
		c->end = m.value;
	} else if (summary) {
		FM_GROW(c->metrics, c->cap, c->n + 1);
		c->metrics[c->n++] = m;
	}
}

/*
 * "==== Serving Benchmark Result ====" begins the summary, a line of '=' ends
 * it; around it stands whatever the client said, with colons and numbers in
 * it, too. What lacks the title is all summary.
 */
static void
read_client_log(struct client *c)
{
	struct py_lines lines;
	struct fm_text t;
	bool titled = false, summary = true;

	py_lines_init(&lines, c->log.s, c->log.len);
	while (py_lines_next(&lines, &t)) {
		if (py_begins(t, "==") && py_has(t, "Benchmark Result")) {
			titled = summary = true;
			c->n = 0;
		} else if (titled && py_begins(t, "==")) {
			summary = false;
		}
		read_client_line(c, t, summary);
	}
}

void
folder_client_read(struct client *c, const char *path, const char *name)
{
	memset(c, 0, sizeof *c);
	fm_buf_init(&c->log);
	fm_buf_init(&c->cmd);
	c->name = fm_strdup(name);
	c->has_log = slurp(&c->log, path, name);
	(void)slurp(&c->cmd, path, "client.cmd");
	read_client_log(c);
}

void
folder_client_release(struct client *c)
{
	free(c->name);
	free(c->metrics);
	fm_buf_release(&c->log);
	fm_buf_release(&c->cmd);
}

static void
add_client(struct folder *f, const char *name)
{
	FM_GROW(f->clients, f->cap_clients, f->n_clients + 1);
	folder_client_read(&f->clients[f->n_clients++], f->path, name);
}

const char *
folder_client_word(const struct client *c, char word[40])
{
	const char *number = strrchr(c->name, '.') + 1;

	(void)snprintf(
	    word, 40, "client%s", strcmp(number, "log") == 0 ? "" : number);
	return word;
}

/* In a folder of many clients each log holds its own command. */
static void
own_command(struct client *c)
{
	struct py_lines lines;
	struct fm_text t;

	py_lines_init(&lines, c->log.s, c->log.len);
	while (py_lines_next(&lines, &t))
		if (py_has(t, "--num-prompts") || py_has(t, "bench serve")) {
			fm_buf_clear(&c->cmd);
			fm_buf_put(&c->cmd, t.s, t.n);
			return;
		}
}

static int
by_number(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	size_t n = strlen(x), m = strlen(y);

	return n == m ? strcmp(x, y) : n < m ? -1 : 1;
}

/* client.log.0, client.log.1 … */
static void
many_clients(struct folder *f)
{
	static const char prefix[] = "client.log.";
	struct fm_strs names = FM_STRS_INIT;
	DIR *d = opendir(f->path);
	struct dirent *de;
	size_t i;

	while (d && (de = readdir(d)))
		if (strncmp(de->d_name, prefix, sizeof prefix - 1) == 0)
			fm_strs_add(&names, de->d_name);
	if (d)
		(void)closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_number);
	for (i = 0; i < names.n; i++) {
		add_client(f, names.v[i]);
		own_command(&f->clients[f->n_clients - 1]);
	}
	fm_strs_release(&names);
}

int
folder_read(struct folder *f, const char *path, struct fm_err *err)
{
	memset(f, 0, sizeof *f);
	f->path = path;
	fm_buf_init(&f->server_log);
	fm_buf_init(&f->server_cmd);
	fm_buf_init(&f->runner);
	fm_buf_init(&f->metrics);
	if (!slurp(&f->server_log, path, "server.log"))
		return fm_err_set(
		    err, FM_IO, "cannot read '%s/server.log'", path);
	f->has_server_cmd = slurp(&f->server_cmd, path, "server.cmd");
	f->has_runner = slurp(&f->runner, path, "runner.log");
	f->has_metrics = slurp(&f->metrics, path, "metrics.log");
	f->time_start = keyed(&f->runner, "time_start ");
	f->time_end = keyed(&f->runner, "time_end ");
	f->model = keyed(&f->runner, "model_name");
	read_server_log(f);
	many_clients(f);
	if (f->n_clients == 0)
		add_client(f, "client.log");
	return 0;
}

void
folder_release(struct folder *f)
{
	size_t i;

	for (i = 0; i < f->n_clients; i++)
		folder_client_release(&f->clients[i]);
	free(f->clients);
	fm_buf_release(&f->server_log);
	fm_buf_release(&f->server_cmd);
	fm_buf_release(&f->runner);
	fm_buf_release(&f->metrics);
}

/* --- questions ----------------------------------------------------------- */

struct fm_text
folder_metric(const struct client *c, const char *label)
{
	struct fm_text none = { NULL, 0 };
	size_t i, n = strlen(label);

	for (i = 0; i < c->n; i++)
		if (c->metrics[i].label.n == n &&
		    memcmp(c->metrics[i].label.s, label, n) == 0)
			return c->metrics[i].value;
	return none;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct fm_text
folder_option(const struct fm_buf *cmd, const char *name)
{
	size_t n = strlen(name);
	bool inside = n && name[n - 1] == '=';
	const char *p = cmd->s, *end = cmd->s + cmd->len, *q;

	while ((p = memmem(p, (size_t)(end - p), name, n)) != NULL) {
		bool starts = p == cmd->s || is_blank(p[-1]);

		p += n;
		if (!starts && !inside)
			continue;
		if (!inside && p < end && *p != '=' && !is_blank(*p))
			continue;
		while (!inside && p < end && (is_blank(*p) || *p == '='))
			p++;
		for (q = p; q < end && !is_blank(*q);)
			q++;
		if (q > p)
			return (struct fm_text){ p, (size_t)(q - p) };
	}
	return (struct fm_text){ NULL, 0 };
}

void
folder_opts(struct fm_strs *opts, const struct fm_buf *cmd, const char *who)
{
	const char *end = cmd->s + cmd->len, *p = cmd->s, *q;
	struct fm_text t;

	p = memmem(p, cmd->len, "--", 2);
	for (; p && p < end; p = q) {
		p += 2;
		q = memmem(p, (size_t)(end - p), "--", 2);
		t = py_strip(
		    (struct fm_text){ p, (size_t)((q ? q : end) - p) });
		fm_strs_add_take(
		    opts, fm_strdupf("[%s] --%.*s", who, (int)t.n, t.s));
	}
}

bool
folder_counter(const struct folder *f, const char *name, double *v)
{
	struct py_lines lines;
	struct fm_text t;
	bool any = false;
	double one;

	*v = 0;
	py_lines_init(&lines, f->metrics.s, f->metrics.len);
	while (py_lines_next(&lines, &t))
		if (py_begins(t, name) && py_float(py_last(t), &one)) {
			*v += one;
			any = true;
		}
	return any;
}

char *
folder_old_model(const char *path)
{
	struct fm_buf cmd = FM_BUF_INIT;
	struct fm_text t = { NULL, 0 };
	char *model;

	if (slurp(&cmd, path, "exp.cmd"))
		t = folder_option(&cmd, "-m");
	model = t.s ? fm_strndup(t.s, t.n) : NULL;
	fm_buf_release(&cmd);
	return model;
}

/* --- trees --------------------------------------------------------------- */

static bool
is_real_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Depth first; symbolic links to folders are not followed. */
int
folder_walk(struct fm_strs *found, const char *path, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	struct dirent *de;
	DIR *d = opendir(path);
	int rc = 0;
	size_t i;

	if (d == NULL)
		return fm_err_sys(err, FM_IO, "cannot read '%s'", path);
	while ((de = readdir(d)))
		if (de->d_name[0] != '.')
			fm_strs_add_take(&names, fm_io_join(path, de->d_name));
	(void)closedir(d);
	fm_strs_sort(&names);
	if (folder_kind_of(path) != FOLDER_NONE)
		fm_strs_add(found, path);
	for (i = 0; i < names.n && rc == 0; i++)
		if (is_real_dir(names.v[i]))
			rc = folder_walk(found, names.v[i], err);
	fm_strs_release(&names);
	return rc;
}
