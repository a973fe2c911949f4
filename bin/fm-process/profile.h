/*
 * ONNX Runtime's profile: where the time of a session's runs went, summed
 * over operators and over nodes.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include "conf.h"
#include "out.h"

/* Reads the profile c->profile names and writes its tables. */
int profile_read(const struct conf *c, struct out *o, struct fm_err *err);

#endif
