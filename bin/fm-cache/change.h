/*
 * Commands that remove, and those that keep from removal. Each returns an
 * exit status, or -1 with err.
 */
#ifndef CHANGE_H
#define CHANGE_H

struct conf;
struct fm_err;

int change_delete(const struct conf *c, struct fm_err *err);
int change_clean(const struct conf *c, struct fm_err *err);
int change_gc(const struct conf *c, struct fm_err *err);
int change_pin(const struct conf *c, struct fm_err *err);
int change_unpin(const struct conf *c, struct fm_err *err);

#endif
