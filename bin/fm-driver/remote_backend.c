/*
 * What a backend needs besides its executable is said in share/platforms.yaml
 * (`brings`) and, for libraries, by ldd. The copy is tried before it is used:
 * the same kind of machine may still have too old a C library.
 */
#include "remote_backend.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "given.h"
#include "io.h"
#include "platform.h"
#include "prog.h"
#include "pump.h"
#include "remote_copy.h"
#include "remote_ssh.h"

#define LDD_NS INT64_C(10000000000)

/*
 * Starts a copy with the libraries that came with it, which lie in ../../lib.
 * The shell stays, so that a signal that ends the backend is told by a status
 * above 128 and in words; ssh by itself would say 255 and no more.
 */
static const char start_copy[] =
    "l=${0%/*/*/*}/lib; [ ! -d \"$l\" ] || { "
    "LD_LIBRARY_PATH=$l${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}; "
    "export LD_LIBRARY_PATH; }; \"$0\"; exit $?";

/* A script runs in the Python that was set up for it there. */
static const char start_script[] =
    "for e in ~/.local /usr/local /usr /opt/fm; do "
    "p=$e/libexec/fm/torch-venv/bin/python; "
    "[ -n \"$FM_PYTHON\" ] || [ ! -x $p ] || { "
    "FM_PYTHON=$p; export FM_PYTHON; }; done; \"$0\"; exit $?";

static const char start_own[] = "\"$0\"; exit $?";

/* The first backend $b in the host's own folders. */
static const char find_own[] =
    "( set -f; p=$(command -v fm-driver) && p=${p%/*}/../libexec/fm; IFS=:; "
    "for i in $FM_BACKEND_PATH $PATH $p $HOME/.local/libexec/fm "
    "/usr/local/libexec/fm /usr/libexec/fm /opt/fm/libexec/fm $d/libexec/fm; "
    "do [ -f \"$i/$b\" ] && [ -x \"$i/$b\" ] && echo \"$i/$b\" && exit; "
    "done; exit 1 )";

/* --- what belongs to it --- */

/* Of a folder, the files; of "x*", those whose names begin so. */
static int
add_files(struct remote_tree *t, const char *dir, const char *begin,
    const char *as, struct fm_err *err)
{
	struct fm_strs names = FM_STRS_INIT;
	int rc = given_list(dir, &names, err);
	size_t i;

	for (i = 0; i < names.n; i++) {
		char *path = fm_io_join(dir, names.v[i]);
		char *name = fm_io_join(as, names.v[i]);

		if (strncmp(names.v[i], begin, strlen(begin)) == 0 &&
		    fm_io_is_file(path))
			remote_tree_add(t, fm_strdup(path), name, false);
		free(name);
		free(path);
	}
	fm_strs_release(&names);
	return rc;
}

/* One word of `brings`: "libexec/…" beside the backend, "share/…" ours. */
static int
add_brought(struct remote_tree *t, const char *folder, const char *word,
    struct fm_err *err)
{
	static const char share[] = "share/";
	bool shared = strncmp(word, share, sizeof share - 1) == 0;
	const char *rest = strchr(word, '/');
	size_t n;
	char *path, *as;
	int rc;

	rest = rest ? rest + 1 : word;
	n = strlen(rest);
	if (n && rest[n - 1] == '*') {
		char *begin = fm_strndup(rest, n - 1);

		rc = add_files(t, folder, begin, "libexec/fm", err);
		free(begin);
		return rc;
	}
	path = shared ? fm_prog_share(rest) : fm_io_join(folder, rest);
	as = fm_strdupf("%s/fm/%s", shared ? "share" : "libexec", rest);
	rc = add_files(t, path, "", as, err);
	free(as);
	free(path);
	return rc;
}

static int
add_program(struct remote_tree *t, const struct platform *p, struct fm_err *err)
{
	const char *path = p->argv.v[0], *base = fm_io_base(path);
	char *folder = fm_strndup(path, (size_t)(base - path));
	char *name = fm_io_join("libexec/fm", base);
	size_t i;
	int rc = 0;

	remote_tree_add(t, fm_strdup(path), name, true);
	for (i = 0; i < p->brings.n && rc == 0; i++)
		rc = add_brought(t, folder, p->brings.v[i], err);
	free(name);
	free(folder);
	return rc;
}

/* Those of the C library belong to its loader and stay where it is. */
static bool
is_system(const char *name)
{
	static const char *const begins[] = { "ld-linux", "linux-", "libc.so",
		"libm.so", "libdl.so", "libpthread.so", "librt.so",
		"libresolv.so", "libutil.so", "libmvec.so" };
	size_t i;

	for (i = 0; i < sizeof begins / sizeof *begins; i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* "	libjansson.so.4 => /lib/…/libjansson.so.4 (0x…)" */
static void
add_library(struct remote_tree *t, const char *line)
{
	const char *to = strstr(line, " => /");
	const char *begin = line + strspn(line, " \t");
	char *name, *as;

	if (!to)
		return;
	name = fm_strndup(begin, (size_t)(to - begin));
	as = fm_io_join("lib", name);
	to += strlen(" => ");
	if (!is_system(name))
		remote_tree_add(t, fm_strndup(to, strcspn(to, " ")), as, false);
	free(as);
	free(name);
}

/*
 * They are not part of the key: whoever asks often, as we do with every model,
 * should not have to wait for ldd.
 */
static void
add_libraries(struct remote_tree *t, char *program)
{
	char *argv[] = { (char[]){ "ldd" }, program, NULL };
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_pump p;
	char *line;
	size_t n;

	if (fm_pump_start(&p, argv, -1, -1, &ignored) != 0)
		return;
	while (!p.out_eof && fm_pump_turn(&p, LDD_NS, false) == FM_PUMP_MOVED)
		continue;
	while ((line = fm_pump_line(&p, &n)))
		add_library(t, line);
	fm_pump_end(&p, 0, 0);
}

/* --- a copy of ours --- */

static bool
is_elf(const char *path)
{
	char magic[4] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ptrdiff_t n = fd < 0 ? -1 : fm_io_read_some(fd, magic, sizeof magic);

	if (fd >= 0)
		(void)close(fd);
	return n == 4 && memcmp(magic, "\177ELF", 4) == 0;
}

static bool
same_machine(const struct remote_copy *c)
{
	struct utsname u;
	char *here;
	bool same;

	if (uname(&u) != 0)
		return false;
	here = fm_strdupf("%s %s", u.sysname, u.machine);
	same = strcmp(here, c->machine) == 0;
	free(here);
	return same;
}

/* A backend that is told nothing ends at once and in peace. */
static int
try_out(struct remote_copy *c, const struct remote_tree *t, struct fm_err *err)
{
	struct fm_buf script = FM_BUF_INIT, out = FM_BUF_INIT;
	char *last;
	int rc;

	fm_buf_printf(
	    &script, "t=$d/trees/%s; LD_LIBRARY_PATH=$t/lib \"$t\"/", t->key);
	remote_ssh_quote(&script, t->v[0].name);
	rc = remote_ssh_ask(c->ssh, script.s, &out, err);
	last = remote_ssh_last_line(&out);
	if (rc > 0)
		rc = fm_err_set(err, FM_NODEVICE,
		    "host '%s': a copy of '%s' cannot run there: %s",
		    c->ssh->host, t->v[0].path,
		    *last ? last : "it ends at once");
	fm_buf_release(&out);
	fm_buf_release(&script);
	return rc;
}

static int
copy_there(
    struct remote_copy *c, struct remote_tree *t, bool elf, struct fm_err *err)
{
	int there = remote_tree_there(c, t, err);

	if (there != 0)
		return there < 0 ? -1 : 0;
	if (elf)
		add_libraries(t, t->v[0].path);
	if (remote_tree_send(c, t, err) != 0 || try_out(c, t, err) != 0)
		return -1;
	return remote_tree_done(c, t, err);
}

static void
start_words(const struct remote_copy *c, const char *script, const char *path,
    struct fm_strs *argv)
{
	const char *const args[] = { path, NULL };

	fm_strs_release(argv);
	remote_ssh_argv(c->ssh, argv, script, args);
}

static int
use_copy(struct remote_copy *c, const struct platform *p, struct fm_strs *argv,
    struct fm_err *err)
{
	struct remote_tree t = REMOTE_TREE_INIT;
	bool elf = is_elf(p->argv.v[0]);
	int rc = -1;

	if (elf && !same_machine(c)) {
		(void)fm_err_set(err, FM_NODEVICE,
		    "host '%s' is %s, and '%s' is not for that", c->ssh->host,
		    c->machine, p->argv.v[0]);
	} else if (add_program(&t, p, err) == 0 &&
		   remote_tree_key(c, &t, err) == 0 &&
		   copy_there(c, &t, elf, err) == 0) {
		char *path = remote_tree_path(c, &t, t.v[0].name);

		start_words(c, elf ? start_copy : start_script, path, argv);
		free(path);
		rc = 0;
	}
	remote_tree_release(&t);
	return rc;
}

/* --- one of its own --- */

/* 1 = it has none. */
static int
use_own(struct remote_copy *c, const struct platform *p, struct fm_strs *argv,
    struct fm_err *err)
{
	struct fm_buf script = FM_BUF_INIT, out = FM_BUF_INIT;
	char *name = fm_strdupf("fm-backend-%s", p->backend);
	int rc;

	fm_buf_puts(&script, "b=");
	remote_ssh_quote(&script, name);
	fm_buf_printf(&script, "; %s", find_own);
	rc = remote_ssh_ask(c->ssh, script.s, &out, err);
	if (rc == 0) {
		out.s[strcspn(out.s, "\n")] = '\0';
		start_words(c, start_own, out.s, argv);
	}
	free(name);
	fm_buf_release(&out);
	fm_buf_release(&script);
	return rc;
}

int
remote_backend_find(struct remote_copy *c, const struct platform *p,
    struct fm_strs *argv, struct fm_err *err)
{
	struct fm_err why = FM_ERR_INIT;
	int rc;

	if (p->argv.n && use_copy(c, p, argv, &why) == 0)
		return 0;
	/* Without a connection, there is no use in asking for another. */
	if (why.code == FM_DIED || why.code == FM_STOPPED ||
	    why.code == FM_TIMEOUT) {
		*err = why;
		return -1;
	}
	rc = use_own(c, p, argv, err);
	if (rc <= 0)
		return rc;
	if (!why.code)
		return fm_err_set(err, FM_NODEVICE,
		    "host '%s' has no 'fm-backend-%s', and there is none here",
		    c->ssh->host, p->backend);
	if (why.code == FM_NODEVICE)
		return fm_err_set(err, FM_NODEVICE,
		    "%s; install fm there, or put an 'fm-backend-%s' into its "
		    "PATH",
		    why.text, p->backend);
	*err = why;
	return -1;
}
