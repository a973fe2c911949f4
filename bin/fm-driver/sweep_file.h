/*
 * Sweep files (YAML): models x platforms x precisions, each with options of
 * its own, as the command lines they stand for; fm-driver(1).
 */
#ifndef SWEEP_FILE_H
#define SWEEP_FILE_H

#include "err.h"

struct conf;
struct series;

/*
 * Adds the units of a file, in order. What the command line says replaces
 * what the file says. Everything wrong is a usage error that names file and
 * line.
 */
int sweep_file_read(struct series *s, const char *path, const struct conf *c,
    struct fm_err *err);

#endif
