/*
 * Folders with files in them, and loading of what they hold, for the tests
 * of models.
 */
#ifndef FM_TEST_MODEL_H
#define FM_TEST_MODEL_H

#include "../tap.h"

#include <stdlib.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "io.h"
#include "model/model.h"

#define DATA "tests/data/model/"

static char *work; /* a folder of this test's own */

/* The name of a file or folder below it; a few live at a time. */
static inline const char *
at(const char *name)
{
	static char names[8][512];
	static int i;
	char *s = names[i++ % 8];

	(void)snprintf(s, sizeof names[0], "%s/%s", work, name);
	return s;
}

static inline void
put_file(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f))
		printf("# cannot write %s\n", path);
}

static inline void
put_text(const char *path, const char *s)
{
	put_file(path, s, strlen(s));
}

static inline const char *
make_dir(const char *name)
{
	struct fm_err err = FM_ERR_INIT;
	const char *path = at(name);

	(void)fm_io_remove_tree(path, &err);
	fm_err_clear(&err);
	(void)fm_io_mkdirs(path, &err);
	return path;
}

static inline void
copy_file(const char *from, const char *to)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;

	if (fm_io_read_file(from, &b, &err) == 0)
		put_file(to, b.s, b.len);
	fm_buf_release(&b);
}

/* A folder with this config and nothing else. */
static inline const char *
config_only(const char *type, const char *more)
{
	struct fm_buf b = FM_BUF_INIT;
	const char *dir = make_dir("config");

	fm_buf_printf(&b,
	    "{\"model_type\":\"%s\",\"vocab_size\":200,"
	    "\"hidden_size\":32,\"num_hidden_layers\":1,"
	    "\"num_attention_heads\":2,\"intermediate_size\":64,"
	    "\"max_position_embeddings\":40%s}",
	    type, more);
	put_file(at("config/config.json"), b.s, b.len);
	fm_buf_release(&b);
	return dir;
}

static inline int
load_as(struct fm_model *m, const char *path, const char *class, bool dummy,
    struct fm_err *err)
{
	struct fm_model_opts o = { .model_class = class,
		.dummy = dummy,
		.seed = 7,
		.work = make_dir("work") };

	fm_err_clear(err);
	return fm_model_load(m, path, &o, err);
}

static inline int
load(struct fm_model *m, const char *path, struct fm_err *err)
{
	return load_as(m, path, NULL, false, err);
}

#endif
