/*
 * Python scripts as models: the torch backend runs them, tells which models
 * they call, and exports those; each is then measured as any other model. A
 * file of PyTorch's (.pt, .pt2) is taken the same way by backends that do not
 * load it themselves: it holds one model.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <jansson.h>
#include <stdbool.h>

#include "err.h"

struct conf;
struct text;

/* Does the command line name such (NAME.py, NAME.py::HASH,…, NAME.pt,
 * NAME.pt2), or --all? */
bool script_is(const struct conf *c);

/*
 * Measures one model that was exported, as run() does with a model that is
 * named. 0, 1 when something failed, -1 with err.
 */
typedef int script_measure(void *arg, const struct conf *c, struct fm_err *err);

/*
 * Finds and exports the models of every script, and calls `f` for each unless
 * --analyze_only or --build_only asks for less. What a script has is printed
 * into the log, or on stdout when there is none; with `all` it is added to
 * that list instead. 0, 1, or -1 as above.
 */
int script_each(const struct conf *c, struct text *t, int wake_fd, json_t *all,
    script_measure *f, void *arg, struct fm_err *err);

#endif
