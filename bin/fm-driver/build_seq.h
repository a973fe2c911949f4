/*
 * Which stages a build has, in which order, with which options: from the
 * command line, or from the file of --sequence.
 */
#ifndef BUILD_SEQ_H
#define BUILD_SEQ_H

#include <jansson.h>

#include "err.h"
#include "model/model.h"

struct build_for;
struct conf;

/*
 * [{"stage": NAME, OPTION: VALUE, ...}, ...], as it goes into the key: files
 * that a stage declares as its inputs stand there with their hashes. New
 * reference, or NULL.
 */
json_t *build_sequence(const struct conf *c, const struct build_for *f,
    fm_model_hasher *hash, void *hash_arg, struct fm_err *err);

#endif
