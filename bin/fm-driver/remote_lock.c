/*
 * Locks on a host. The names and the folder are lock.c's.
 */
#include "remote_lock.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "lock.h"
#include "prog.h"
#include "remote_ssh.h"

enum {
	FIRST_FD = 3, /* every sh has the descriptors of one digit */
	LOCKS = 7,
	NO_PROGRAM = 127 /* the status of a command that is not there */
};

static json_int_t
least(const json_t *devices, json_int_t above)
{
	json_int_t found = INT64_MAX;
	size_t i;

	for (i = 0; i < json_array_size(devices); i++) {
		json_int_t v = json_integer_value(json_array_get(devices, i));

		if (v > above && v < found)
			found = v;
	}
	return found;
}

/* In one order everywhere. More than there are descriptors: all devices. */
void
remote_lock_names(
    struct fm_strs *names, const char *platform, const json_t *devices)
{
	size_t n = json_array_size(devices);
	bool some = n > 0 && n < LOCKS;
	json_int_t v = -1;

	fm_strs_release(names);
	fm_strs_add_take(names, fm_strdupf("%c%s", some ? 's' : 'x', platform));
	while (some && (v = least(devices, v)) != INT64_MAX)
		fm_strs_add_take(
		    names, fm_strdupf("x%s-%lld", platform, (long long)v));
}

/* Without O_CREAT where there is a file: it may be somebody else's. */
static void
put_script(struct fm_buf *b, const char *name, size_t fd)
{
	fm_buf_puts(b, "k=${FM_LOCK_DIR:-/tmp/fm-lock}; "
		       "[ -d \"$k\" ] || mkdir -m 1777 \"$k\"; k=$k/");
	remote_ssh_quote(b, name + 1);
	fm_buf_printf(b,
	    ".lock; [ -e \"$k\" ] || ( umask 0; : >>\"$k\" ); "
	    "command exec %zu<\"$k\" && flock -n -%c %zu",
	    fd, *name, fd);
}

/* 0, 1 = in use, -1. */
static int
take(struct remote_ssh *ssh, const char *name, size_t fd, bool *told,
    struct fm_err *err)
{
	struct fm_buf script = FM_BUF_INIT, out = FM_BUF_INIT;
	int rc;

	put_script(&script, name, fd);
	rc = remote_ssh_ask(ssh, script.s, &out, err);
	if (rc == NO_PROGRAM) {
		fm_prog_say("fm-driver",
		    "host '%s' has no flock: others may use its devices",
		    ssh->host);
		rc = 0;
	} else if (rc > 0 && out.len) {
		rc = fm_err_set(err, FM_IO,
		    "host '%s': cannot lock device %s: %s", ssh->host, name + 1,
		    remote_ssh_last_line(&out));
	} else if (rc > 0 && !*told) {
		*told = true;
		fm_prog_say("fm-driver",
		    "waiting for device %s of host '%s', which another "
		    "fm-driver uses",
		    name + 1, ssh->host);
	}
	fm_buf_release(&script);
	fm_buf_release(&out);
	return rc;
}

int
remote_lock_take(struct remote_ssh *ssh, const struct fm_strs *names, int how,
    struct fm_err *err)
{
	bool told = how != LOCK_WAIT;
	size_t i;
	int rc = 0;

	for (i = 0; i < names->n && rc == 0 && how != LOCK_NONE; i++) {
		while ((rc = take(ssh, names->v[i], FIRST_FD + i, &told, err)) >
		       0) {
			if (how == LOCK_FAIL)
				return fm_err_set(err, FM_BUSY,
				    "device %s of host '%s' is in use by "
				    "another fm-driver",
				    names->v[i] + 1, ssh->host);
			if (remote_ssh_wait(ssh, 1, err) != 0)
				return -1;
		}
	}
	return rc;
}

void
remote_lock_drop(struct remote_ssh *ssh, const struct fm_strs *names)
{
	struct fm_err ignored = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	fm_buf_puts(&b, "exec");
	for (i = 0; i < names->n; i++)
		fm_buf_printf(&b, " %zu<&-", FIRST_FD + i);
	if (names->n)
		(void)remote_ssh_ask(ssh, b.s, NULL, &ignored);
	fm_buf_release(&b);
}
