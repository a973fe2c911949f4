/*
 * Copies of files on a host, by content, each sent once:
 *
 *     ROOT/files/HASH          a file's content
 *     ROOT/trees/KEY/NAME …    files under their names: links to those
 *     ROOT/trees/KEY/.done…    all of them are there, and can run on this
 *                              kind of machine; its time: last use
 *     ROOT/out/…               what a backend there writes for us
 *
 * ROOT is "remote" in the host's own cache. Everything appears there whole or
 * not at all, so that any number of drivers may do this at once.
 */
#ifndef REMOTE_COPY_H
#define REMOTE_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include "cache.h"
#include "err.h"
#include "hash.h"

struct remote_ssh;

struct remote_copy {
	struct remote_ssh *ssh;
	struct fm_cache cache; /* here: remembers the hashes of large files */
	char *root;            /* there, absolute */
	char *machine;         /* what it is: "Linux x86_64" */
};

/* `cache_dir`: of our own cache, or NULL for the usual place. */
int remote_copy_init(struct remote_copy *c, struct remote_ssh *ssh,
    const char *cache_dir, struct fm_err *err);
void remote_copy_release(struct remote_copy *c);

/* After connecting: tells the shell there what it needs to know. */
int remote_copy_begin(struct remote_copy *c, struct fm_err *err);

/* A file of a tree. */
struct remote_file {
	char *path; /* here */
	char *name; /* there, below the tree */
	bool program;
	char hash[FM_HASH_HEX];
};

struct remote_tree {
	struct remote_file *v;
	size_t n, cap;
	char key[FM_HASH_HEX];
};

#define REMOTE_TREE_INIT                                                       \
	{                                                                      \
		NULL, 0, 0, ""                                                 \
	}

/* Adds a file; `path` is taken. */
void remote_tree_add(
    struct remote_tree *t, char *path, const char *name, bool program);
void remote_tree_release(struct remote_tree *t);

/* The key of what was added so far: its names and contents. */
int remote_tree_key(
    const struct remote_copy *c, struct remote_tree *t, struct fm_err *err);

/* Is it there? 1, 0, -1 with err. */
int remote_tree_there(
    struct remote_copy *c, const struct remote_tree *t, struct fm_err *err);

/* Sends what is not there of it. It is there after remote_tree_done(). */
int remote_tree_send(
    struct remote_copy *c, struct remote_tree *t, struct fm_err *err);
int remote_tree_done(
    struct remote_copy *c, const struct remote_tree *t, struct fm_err *err);

/* "ROOT/trees/KEY/NAME"; the caller frees. */
char *remote_tree_path(
    const struct remote_copy *c, const struct remote_tree *t, const char *name);

/* Key, question, sending and end in one: after it, the tree is there. */
int remote_tree_put(
    struct remote_copy *c, struct remote_tree *t, struct fm_err *err);

/* Brings a file from there. */
int remote_copy_get(struct remote_copy *c, const char *from, const char *to,
    struct fm_err *err);

#endif
