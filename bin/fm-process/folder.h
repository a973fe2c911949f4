/*
 * Experiment folders of fmwork's runner: which of its two modes a folder
 * holds, and what its files say. Knows names of files and their lines; makes
 * no records.
 */
#ifndef FOLDER_H
#define FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "errors.h"
#include "record_form.h"
#include "strs.h"

struct fm_err;

enum folder_kind {
	FOLDER_NONE,   /* no experiment in it */
	FOLDER_DIRECT, /* driver.log */
	FOLDER_OLD,    /* exp.log and exp.cmd, of the runners before 1.0 */
	FOLDER_SERVER  /* server.log */
};

enum folder_kind folder_kind_of(const char *path);

/* One line `Label: value` of the serving summary. */
struct metric {
	struct fm_text label, value; /* without the colon, stripped */
};

/* What a client printed. */
struct client {
	char *name; /* "client.log", "client.log.0" */
	struct fm_buf log, cmd;
	bool has_log;
	struct metric *metrics;
	size_t n, cap;
	struct fm_text start, end; /* stamps; s = NULL: none */
};

/* A server's experiment. Texts point into the files' contents. */
struct folder {
	const char *path;
	struct fm_buf server_log, server_cmd, runner, metrics;
	bool has_server_cmd, has_runner, has_metrics;
	struct fm_text time_start, time_end, model; /* of runner.log */
	bool continuous;                            /* EXP line of server.log */
	struct fm_text warmup;
	struct client *clients; /* at least one, perhaps without a log */
	size_t n_clients, cap_clients;
};

int folder_read(struct folder *f, const char *path, struct fm_err *err);
void folder_release(struct folder *f);

/* One client's log below `path`, and the command of client.cmd. */
void folder_client_read(struct client *c, const char *path, const char *name);
void folder_client_release(struct client *c);
/* "client", or "client3" of client.log.3; the text is in `word`. */
const char *folder_client_word(const struct client *c, char word[40]);

/* The value of a metric, or s = NULL. */
struct fm_text folder_metric(const struct client *c, const char *label);

/* The word after an option of a command line: "--tensor-parallel-size" or
 * "VLLM_SPYRE_WARMUP_BATCH_SIZES="; s = NULL when it is not there. */
struct fm_text folder_option(const struct fm_buf *cmd, const char *name);

/* "[server] --model x" for each option of a command line. */
void folder_opts(
    struct fm_strs *opts, const struct fm_buf *cmd, const char *who);

/* "-m model" of exp.cmd, which the caller frees, or NULL. */
char *folder_old_model(const char *path);

/* Sum of a counter over all engines of metrics.log; false when absent. */
bool folder_counter(const struct folder *f, const char *name, double *v);

/* All experiment folders at and below `path`, sorted. */
int folder_walk(struct fm_strs *found, const char *path, struct fm_err *err);

#endif
