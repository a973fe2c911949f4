/*
 * The cache of builds: a folder of immutable builds by key, names that point
 * to them, and the results of their benchmarks. Knows folders, names, keys,
 * locks and states; knows no model and no stage.
 *
 *     .fm-cache           marker and version of the layout
 *     .lock               byte ranges of it are the locks
 *     obj/KEY/            a build: state.yaml, logs, artifacts
 *     obj/KEY.tmp/        a build being made, or what a kill left of it
 *     NAME -> obj/KEY     what a person sees
 *     results/KEY.jsonl   a line for each measured point
 *     files/HASH          hashes of files outside, by their path
 *     pins/KEY            builds that gc never takes
 *     remote/, slurm/     of fm-driver's backends; nothing here reads them
 *
 * A folder made by MLAgility or GroqFlow can be read, and is never changed.
 */
#ifndef FM_CACHE_H
#define FM_CACHE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "hash.h"
#include "strs.h"

struct fm_buf;
struct fm_err;

struct fm_cache {
	char *dir;    /* absolute when it was opened to be changed */
	bool foreign; /* not ours: read only */
	int lock_fd;  /* of .lock; -1 = not open */
	int obj_fd;   /* of obj/; -1 = not open */
	int any_tmp;  /* was there a KEY.tmp in it? -1 = not looked yet */
};

#define FM_CACHE_INIT                                                          \
	{                                                                      \
		NULL, false, -1, -1, -1                                        \
	}

/* --- the folder --- */

enum fm_cache_use {
	FM_CACHE_READ,   /* ours or foreign; one that is not there is empty */
	FM_CACHE_CHANGE, /* ours, and there */
	FM_CACHE_CREATE  /* ours; made when there is none */
};

/*
 * Where the cache is: `given`, else $FM_CACHE_DIR, else the folder that the
 * variables of MLAgility and GroqFlow name, else ~/.cache/fm. `*notice` gets
 * what the user should know, or NULL. With `create`, a folder of theirs that
 * is not ours is passed over. The caller frees both.
 */
char *fm_cache_place(const char *given, bool create, char **notice);

int fm_cache_open(struct fm_cache *c, const char *dir, enum fm_cache_use use,
    struct fm_err *err);
void fm_cache_release(struct fm_cache *c);

/* --- names --- */

/* One path component, and none of our own folders; the reason in `err`. */
int fm_cache_name_check(const char *name, struct fm_err *err);

/* May it be a file in the folder of a build? "qpc/program.bin". */
bool fm_cache_path_ok(const char *path);

/* "MODEL_KEY8" from the last part of a path, with its odd bytes as '_'. */
char *fm_cache_name_make(const char *model, const char *key);

/* All of them, sorted. */
int fm_cache_names(
    const struct fm_cache *c, struct fm_strs *names, struct fm_err *err);

/* Whose build a name is; false when there is none. */
bool fm_cache_name_key(
    const struct fm_cache *c, const char *name, char key[FM_HASH_HEX]);

/* The same for a name or the whole key of a build, made or being made. */
bool fm_cache_find(
    const struct fm_cache *c, const char *name, char key[FM_HASH_HEX]);

/* Is the name a build's, or nothing's yet? What else lies there is never
 * replaced; the reason in `err`. */
int fm_cache_name_free(
    const struct fm_cache *c, const char *name, struct fm_err *err);

/* Points a name to a build, in one step. */
int fm_cache_name_set(const struct fm_cache *c, const char *name,
    const char *key, struct fm_err *err);

/* Removes a name that points to this build. */
void fm_cache_name_drop(
    const struct fm_cache *c, const char *name, const char *key);

/* --- locks --- */

enum fm_cache_lock {
	FM_CACHE_USE,    /* of a build, by many: it is not taken away */
	FM_CACHE_ALONE,  /* instead of USE: by one alone, to take it away */
	FM_CACHE_MAKE,   /* of a build, by one alone, to make it */
	FM_CACHE_RESULTS /* of a build's results, by one alone */
};

/*
 * Takes the lock and holds it until fm_cache_unlock() or the end of the
 * process, however it comes. USE and ALONE exclude one another, and replace
 * one another when they are one's own. 1 = held by others, after `wait_ns` (-1
 * = for ever) of waiting; `wake_fd` (or -1), when readable, ends the wait with
 * FM_STOPPED.
 */
int fm_cache_lock(struct fm_cache *c, const char *key, enum fm_cache_lock what,
    int64_t wait_ns, int wake_fd, struct fm_err *err);
void fm_cache_unlock(
    struct fm_cache *c, const char *key, enum fm_cache_lock what);
/* Is somebody else making it? */
bool fm_cache_making(struct fm_cache *c, const char *key);

/* --- builds --- */

/* "DIR/obj/KEY"; the caller frees. */
char *fm_cache_obj(const struct fm_cache *c, const char *key);

/* The keys of all builds, and of those being made (`.tmp` cut off). */
int fm_cache_keys(
    const struct fm_cache *c, struct fm_strs *keys, struct fm_err *err);

/*
 * The state of a build, or of the one that is being made when there is no
 * other: with "build_status" "killed" when nobody makes it any more. What is
 * not a state, too large or too deep is an error. New reference.
 */
json_t *fm_cache_state(struct fm_cache *c, const char *key, struct fm_err *err);

/* Writes DIR/state.yaml, whole or not at all. */
int fm_cache_state_write(
    const char *dir, const json_t *state, struct fm_err *err);

/*
 * An empty folder to build in; what a killed build left there is removed. The
 * lock for building must be held. The caller frees the name.
 */
char *fm_cache_begin(
    const struct fm_cache *c, const char *key, struct fm_err *err);

/* Makes it the build, in one step, in place of the one there may be. */
int fm_cache_commit(
    const struct fm_cache *c, const char *key, struct fm_err *err);
/* Removes what was begun. */
void fm_cache_abandon(const struct fm_cache *c, const char *key);

/* Notes that a build is used now. */
void fm_cache_touch(const struct fm_cache *c, const char *key);

/* Bytes of all files of a build, made, being made or left by a kill, and when
 * it was last used: ns since the epoch. Both 0 when there is none. */
struct fm_cache_weight {
	int64_t bytes, used_ns;
};
struct fm_cache_weight fm_cache_weigh(struct fm_cache *c, const char *key);

/* Removes names, pins, results and the build itself. */
int fm_cache_delete(struct fm_cache *c, const char *key,
    const struct fm_strs *names, struct fm_err *err);

/*
 * Removes the artifacts, also those that a kill left, keeps state, logs and
 * results, and marks the build `cleaned`. `*bytes` gets what was freed.
 */
int fm_cache_clean(
    struct fm_cache *c, const char *key, int64_t *bytes, struct fm_err *err);

/* The keys of all pinned builds, sorted. */
void fm_cache_pins(const struct fm_cache *c, struct fm_strs *keys);
int fm_cache_pin(
    const struct fm_cache *c, const char *key, bool pin, struct fm_err *err);

/* --- why --- */

/*
 * Compares the inputs of two builds; appends a line for each that differs
 * ("the precision changed from 'fp32' to 'fp16'"), without an end of line.
 */
void fm_cache_diff(struct fm_strs *reasons, const json_t *was, const json_t *is,
    const char *where);

/* --- results --- */

/* Appends a line; nothing is lost when many do so at once. */
int fm_cache_result_add(struct fm_cache *c, const char *key,
    const json_t *record, struct fm_err *err);
/* All of them, in order, of a very large file the last ones; a line that
 * cannot be read is left out. */
json_t *fm_cache_results(const struct fm_cache *c, const char *key);

/* --- hashes of files --- */

/*
 * The hash of a file's content. It is remembered with size, times and inode,
 * so that a file that has not changed is read once.
 */
int fm_cache_file_hash(const struct fm_cache *c, const char *path,
    char hex[FM_HASH_HEX], struct fm_err *err);

#endif
