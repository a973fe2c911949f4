/*
 * What a simulation leaves out without being asked to: keys of the mapping
 * that meet nothing, layers without a device, operations of a graph that are
 * not known. Told as FMWORK SAY lines; errors when it is to be `strict`.
 */
#ifndef CHECK_H
#define CHECK_H

#include "backend.h"

int check_names(struct fm_backend *b, bool strict, struct fm_err *err);
int check_cover(struct fm_backend *b, bool strict, struct fm_err *err);

#endif
