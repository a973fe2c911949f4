/*
 * Sending files. Names, which may hold anything but an end of line, go
 * through the shell there in quotes; contents go through channels of their
 * own, under temporary names until their size is right.
 */
#include "remote_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "io.h"
#include "prog.h"
#include "pump.h"
#include "remote_ssh.h"

enum {
	CHUNK = 1 << 20,       /* read at once */
	SMALL = 4 << 20,       /* hashed in a moment: not remembered */
	TELL_BYTES = 64 << 20, /* what is worth a line to whoever waits */
	GRACE_NS = 2000000000
};

/*
 * What the shell there is told first: $d is the root, $m the machine (homes
 * are shared by different ones), L HASH NAME [x] links a content into the
 * tree $t. Where there are no hard links, a copy serves.
 */
static const char prelude[] =
    "d=${FM_CACHE_DIR:-$HOME/.cache/fm}/remote; "
    "case $d in /*) ;; *) d=$PWD/$d ;; esac; m=$(uname -s -m); "
    "L() { [ -e \"$t/$2\" ] && return; f=$d/files/$1; "
    "[ -z \"$3\" ] || chmod 755 \"$f\" || return; "
    "ln \"$f\" \"$t/$2\" 2>/dev/null || [ -e \"$t/$2\" ] || "
    "{ cp -p \"$f\" \"$t/$2.$$\" && mv -f \"$t/$2.$$\" \"$t/$2\"; }; }; "
    "echo \"$d\"; echo \"$m\"";

/* Takes what comes on its stdin, if it is all of it: $0 temporary name, $1
 * bytes, $2 name. */
static const char receive[] =
    "cat >\"$0\" && [ $(wc -c <\"$0\") -eq \"$1\" ] && mv -f \"$0\" \"$2\" || "
    "{ rm -f \"$0\"; exit 1; }";

/* --- start and end --- */

int
remote_copy_init(struct remote_copy *c, struct remote_ssh *ssh,
    const char *cache_dir, struct fm_err *err)
{
	char *notice, *dir = fm_cache_place(cache_dir, true, &notice);
	int rc;

	*c = (struct remote_copy){ .ssh = ssh, .cache = FM_CACHE_INIT };
	rc = fm_cache_open(&c->cache, dir, FM_CACHE_CREATE, err);
	free(notice);
	free(dir);
	return rc;
}

void
remote_copy_release(struct remote_copy *c)
{
	fm_cache_release(&c->cache);
	free(c->root);
	free(c->machine);
	c->root = c->machine = NULL;
}

/* Runs a script that must succeed: else its last line is the reason. */
static int
must(struct remote_copy *c, const char *script, struct fm_err *err)
{
	struct fm_buf out = FM_BUF_INIT;
	int rc = remote_ssh_ask(c->ssh, script, &out, err);
	char *last = remote_ssh_last_line(&out);

	if (rc > 0)
		rc = fm_err_set(err, FM_IO, "host '%s': cannot write '%s': %s",
		    c->ssh->host, c->root, *last ? last : "no reason given");
	fm_buf_release(&out);
	return rc;
}

int
remote_copy_begin(struct remote_copy *c, struct fm_err *err)
{
	struct fm_buf out = FM_BUF_INIT;
	struct fm_strs lines = FM_STRS_INIT;
	int rc = remote_ssh_ask(c->ssh, prelude, &out, err);

	if (rc >= 0)
		fm_strs_split(&lines, out.s, "\n");
	if (rc >= 0 && lines.n != 2)
		rc = fm_err_set(err, FM_DIED,
		    "host '%s': its sh does not do what sh does: %s",
		    c->ssh->host, lines.n ? lines.v[0] : "it says nothing");
	if (rc >= 0) {
		free(c->root);
		free(c->machine);
		c->root = fm_strdup(lines.v[0]);
		c->machine = fm_strdup(lines.v[1]);
	}
	fm_strs_release(&lines);
	fm_buf_release(&out);
	return rc < 0 ? -1 : 0;
}

/* --- trees --- */

void
remote_tree_add(
    struct remote_tree *t, char *path, const char *name, bool program)
{
	FM_GROW(t->v, t->cap, t->n + 1);
	t->v[t->n++] = (struct remote_file){
		.path = path, .name = fm_strdup(name), .program = program
	};
}

void
remote_tree_release(struct remote_tree *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		free(t->v[i].path);
		free(t->v[i].name);
	}
	free(t->v);
	*t = (struct remote_tree)REMOTE_TREE_INIT;
}

static int
hash_file(
    const struct remote_copy *c, struct remote_file *f, struct fm_err *err)
{
	struct fm_hash *h;
	struct stat st;
	int rc;

	if (stat(f->path, &st) != 0)
		return fm_err_sys(err, FM_IO, "cannot send '%s'", f->path);
	if (strchr(f->name, '\n'))
		return fm_err_set(err, FM_USAGE,
		    "'%s' cannot be sent: its name has an end of line",
		    f->path);
	if (st.st_size > SMALL)
		return fm_cache_file_hash(&c->cache, f->path, f->hash, err);
	h = fm_hash_new();
	rc = fm_hash_put_file(h, f->path, err);
	fm_hash_hex(h, f->hash);
	fm_hash_free(h);
	return rc;
}

int
remote_tree_key(
    const struct remote_copy *c, struct remote_tree *t, struct fm_err *err)
{
	struct fm_hash *h = fm_hash_new();
	int rc = 0;
	size_t i;

	for (i = 0; i < t->n && rc == 0; i++) {
		rc = hash_file(c, &t->v[i], err);
		fm_hash_puts(h, t->v[i].name);
		fm_hash_puts(h, t->v[i].hash);
	}
	fm_hash_hex(h, t->key);
	fm_hash_free(h);
	return rc;
}

char *
remote_tree_path(
    const struct remote_copy *c, const struct remote_tree *t, const char *name)
{
	return fm_strdupf("%s/trees/%s/%s", c->root, t->key, name);
}

int
remote_tree_there(
    struct remote_copy *c, const struct remote_tree *t, struct fm_err *err)
{
	char *script = fm_strdupf(
	    "t=$d/trees/%s/.done.$m; [ -f \"$t\" ] && { touch \"$t\"; :; }",
	    t->key);
	int rc = remote_ssh_ask(c->ssh, script, NULL, err);

	free(script);
	return rc < 0 ? -1 : rc == 0;
}

/* Which contents it lacks: their hashes, one a line. */
static int
ask_missing(struct remote_copy *c, const struct remote_tree *t,
    struct fm_buf *missing, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i;
	int rc;

	rc = must(c, "mkdir -p \"$d/files\" \"$d/trees\"", err);
	fm_buf_puts(&b, "for h in");
	for (i = 0; i < t->n; i++)
		fm_buf_printf(&b, " %s", t->v[i].hash);
	fm_buf_puts(&b, "; do [ -f \"$d/files/$h\" ] || echo $h; done");
	if (rc == 0 && remote_ssh_ask(c->ssh, b.s, missing, err) < 0)
		rc = -1;
	fm_buf_release(&b);
	return rc;
}

/* --- contents --- */

/* Feeds a file to a process: 0 at its end or when nobody listens. */
static int
feed(struct fm_pump *p, int fd, const char *path, struct fm_err *err)
{
	for (;;) {
		ptrdiff_t n;

		if (p->deaf || p->proc.done)
			return 0;
		if (p->in.len < CHUNK) {
			n = fm_io_read_some(
			    fd, fm_buf_reserve(&p->in, CHUNK), CHUNK);
			if (n < 0)
				return fm_err_sys(
				    err, FM_IO, "cannot read '%s'", path);
			if (n == 0 && p->in.len == 0)
				return 0;
			fm_buf_commit(&p->in, (size_t)n);
		}
		if (fm_pump_turn(p, -1, p->wake_fd >= 0) == FM_PUMP_WOKEN)
			return fm_err_set(err, FM_STOPPED,
			    "stopped while sending '%s'", path);
	}
}

/* After the end of its input, a channel ends by itself. */
static int
end_channel(const struct remote_copy *c, struct fm_pump *p, const char *what,
    struct fm_err *err)
{
	char text[100];
	const char *last;

	fm_proc_hang_up(&p->proc);
	while (!p->proc.done &&
	       fm_pump_turn(p, -1, p->wake_fd >= 0) != FM_PUMP_WOKEN)
		continue;
	if (!p->proc.done)
		return fm_err_set(err, FM_STOPPED,
		    "stopped while waiting for host '%s'", c->ssh->host);
	if (p->proc.status == 0)
		return 0;
	last = fm_pump_last(p);
	return fm_err_set(err, FM_IO, "host '%s': cannot %s: %s", c->ssh->host,
	    what,
	    last ? last : fm_proc_status_text(&p->proc, text, sizeof text));
}

static int
start_channel(const struct remote_copy *c, struct fm_pump *p,
    const char *script, const char *const *args, struct fm_err *err)
{
	struct fm_strs argv = FM_STRS_INIT;
	int rc;

	remote_ssh_argv(c->ssh, &argv, script, args);
	rc = fm_pump_start(p, argv.v, c->ssh->wake_fd, -1, err);
	fm_strs_release(&argv);
	return rc;
}

static int
send_open(const struct remote_copy *c, const struct remote_file *f, int fd,
    int64_t bytes, struct fm_err *err)
{
	char *tmp =
	    fm_strdupf("%s/files/.%s.%s", c->root, f->hash, c->ssh->mark);
	char *size = fm_strdupf("%lld", (long long)bytes);
	char *to = fm_strdupf("%s/files/%s", c->root, f->hash);
	char *what = fm_strdupf("write '%s'", to);
	const char *const args[] = { tmp, size, to, NULL };
	struct fm_pump p;
	int rc = start_channel(c, &p, receive, args, err);

	if (rc == 0) {
		rc = feed(&p, fd, f->path, err);
		if (rc == 0)
			rc = end_channel(c, &p, what, err);
		fm_pump_end(&p, rc ? 0 : GRACE_NS, GRACE_NS);
	}
	free(what);
	free(to);
	free(size);
	free(tmp);
	return rc;
}

static int
send_file(const struct remote_copy *c, const struct remote_file *f,
    struct fm_err *err)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC), rc;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		rc = fm_err_sys(err, FM_IO, "cannot send '%s'", f->path);
	} else {
		if (st.st_size >= TELL_BYTES)
			fm_prog_say("fm-driver",
			    "sending '%s' to '%s': %lld MB, once", f->path,
			    c->ssh->host, (long long)st.st_size / 1000000);
		rc = send_open(c, f, fd, st.st_size, err);
	}
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* Each content once, also when several files have it. */
static int
send_missing(const struct remote_copy *c, const struct remote_tree *t,
    char *missing, struct fm_err *err)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		char *at = strstr(missing, t->v[i].hash);

		if (!at)
			continue;
		if (send_file(c, &t->v[i], err) != 0)
			return -1;
		*at = '-';
	}
	return 0;
}

/* --- names --- */

static void
put_link(struct fm_buf *b, const struct remote_file *f)
{
	const char *base = fm_io_base(f->name);

	if (base > f->name) {
		char *folder = fm_strndup(f->name, (size_t)(base - f->name));

		fm_buf_puts(b, " && mkdir -p \"$t\"/");
		remote_ssh_quote(b, folder);
		free(folder);
	}
	fm_buf_printf(b, " && L %s ", f->hash);
	remote_ssh_quote(b, f->name);
	fm_buf_puts(b, f->program ? " x" : "");
}

int
remote_tree_send(
    struct remote_copy *c, struct remote_tree *t, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT, missing = FM_BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; i < t->n && rc == 0; i++)
		if (!*t->v[i].hash)
			rc = hash_file(c, &t->v[i], err);
	if (rc == 0)
		rc = ask_missing(c, t, &missing, err);
	if (rc == 0)
		rc = send_missing(c, t, missing.s, err);
	fm_buf_printf(&b, "t=$d/trees/%s; mkdir -p \"$t\"", t->key);
	for (i = 0; i < t->n; i++)
		put_link(&b, &t->v[i]);
	if (rc == 0)
		rc = must(c, b.s, err);
	fm_buf_release(&missing);
	fm_buf_release(&b);
	return rc;
}

int
remote_tree_done(
    struct remote_copy *c, const struct remote_tree *t, struct fm_err *err)
{
	char *script = fm_strdupf(": >\"$d/trees/%s/.done.$m\"", t->key);
	int rc = must(c, script, err);

	free(script);
	return rc;
}

int
remote_tree_put(
    struct remote_copy *c, struct remote_tree *t, struct fm_err *err)
{
	int there;

	if (remote_tree_key(c, t, err) != 0)
		return -1;
	there = remote_tree_there(c, t, err);
	if (there != 0)
		return there < 0 ? -1 : 0;
	if (remote_tree_send(c, t, err) != 0)
		return -1;
	return remote_tree_done(c, t, err);
}

/* --- back --- */

/* What stands after the line with the mark. */
static const char *
after_mark(const struct remote_copy *c, const struct fm_pump *p, size_t *n)
{
	size_t k = strlen(c->ssh->mark);
	const char *s, *end;

	*n = fm_pump_rest(p, &s);
	while ((end = memchr(s, '\n', *n))) {
		bool found =
		    (size_t)(end - s) == k && memcmp(s, c->ssh->mark, k) == 0;

		*n -= (size_t)(end - s) + 1;
		s = end + 1;
		if (found)
			return s;
	}
	return NULL;
}

int
remote_copy_get(
    struct remote_copy *c, const char *from, const char *to, struct fm_err *err)
{
	const char *const args[] = { from, c->ssh->mark, NULL };
	char *what = fm_strdupf("read '%s'", from);
	const char *s = NULL;
	struct fm_out o;
	struct fm_pump p;
	size_t n = 0;
	int rc;

	rc = start_channel(c, &p, "echo \"$1\"; exec cat \"$0\"", args, err);
	if (rc == 0)
		rc = end_channel(c, &p, what, err);
	if (rc == 0 && !(s = after_mark(c, &p, &n)))
		rc = fm_err_set(
		    err, FM_DIED, "host '%s': cannot %s", c->ssh->host, what);
	if (rc == 0)
		rc = fm_out_open(&o, to, err);
	if (rc == 0) {
		(void)fwrite(s, 1, n, o.f);
		rc = fm_out_close(&o, err);
	}
	fm_pump_end(&p, 0, GRACE_NS);
	free(what);
	return rc;
}
