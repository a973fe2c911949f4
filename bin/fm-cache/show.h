/*
 * Commands that only look: list, stats, path, location, why, open, verify.
 * Each returns an exit status, or -1 with err.
 */
#ifndef SHOW_H
#define SHOW_H

struct conf;
struct fm_err;

int show_list(const struct conf *c, struct fm_err *err);
int show_stats(const struct conf *c, struct fm_err *err);
int show_path(const struct conf *c, struct fm_err *err);
int show_location(const struct conf *c, struct fm_err *err);
int show_why(const struct conf *c, struct fm_err *err);
int show_open(const struct conf *c, struct fm_err *err);
int show_verify(const struct conf *c, struct fm_err *err);

#endif
