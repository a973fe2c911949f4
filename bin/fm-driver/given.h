/*
 * Tensors that lie in a folder: the values for a model's inputs, checked
 * against the model and made to fit, as files that a backend can read.
 */
#ifndef GIVEN_H
#define GIVEN_H

#include <jansson.h>
#include <stdbool.h>

#include "err.h"
#include "model/model.h"
#include "strs.h"
#include "tensor.h"

/* What one file says of one of the model's inputs. */
struct given_input {
	char *file;         /* its name without the folder; NULL = not given */
	struct fm_tensor t; /* its value */
	bool changed;       /* the file is not (or no longer) this value's */
	char *path;         /* absolute, a .npy of the value; for a backend */
};

struct given {
	size_t n; /* the model's inputs, in its order */
	struct given_input *v;
	json_t *dims; /* name of an open dimension: its size */
};

/*
 * Reads `<input>.npy` and `input_<k>.pb` (the k-th input, from 0, unless the
 * tensor has the name of one); files of the model's outputs and other files
 * are passed over. Types and shapes are checked; float data of an input that
 * was converted is, too. With `pad` (a number, or NULL) short dimensions are
 * filled with it: fixed ones up to the model's size, open ones up to the
 * longest of the same name; without it they have to agree. What lies in no .npy
 * of its own is written to the folder `work`.
 */
int given_read(struct given *g, const struct fm_model *m, const char *dir,
    const char *pad, const char *work, struct fm_err *err);
void given_release(struct given *g);

/*
 * Which port a tensor file belongs to: an index into `ports`, or -1 for none.
 * `kind` is "input" or "output", for input_<k>.pb. A .pb file is read into
 * `t`, as its name may stand inside; a .npy is only read when it belongs.
 * -2 on failure.
 */
int given_port(const struct fm_model_port *ports, size_t n, const char *kind,
    const char *dir, const char *file, struct fm_tensor *t, struct fm_err *err);

/* The port that `file` is the .npy of, or -1; the name alone decides, and of
 * several that would be written so, the one that is called so. */
int given_npy_port(
    const struct fm_model_port *ports, size_t n, const char *file);

/* A path that a process in another folder can use. The caller frees. */
char *given_absolute(const char *path, struct fm_err *err);

/* The names in a folder, sorted, without those that begin with a dot. */
int given_list(const char *dir, struct fm_strs *names, struct fm_err *err);

#endif
