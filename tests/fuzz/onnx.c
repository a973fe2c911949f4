/*
 * ONNX files: what can be loaded can be hashed; a tensor file has the
 * elements that its shape says.
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "err.h"
#include "io.h"
#include "model/analyze.h"
#include "model/convert.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
convert(const struct fm_model *m, const char *work)
{
	static const enum fm_type types[] = { FM_TYPE_FLOAT16,
		FM_TYPE_BFLOAT16 };
	struct fm_strs notes = FM_STRS_INIT;

	for (size_t i = 0; i < 2; i++) {
		struct fm_err err = FM_ERR_INIT;

		if (fm_model_convert(m, types[i], work, "new", &notes, &err) &&
		    !err.code)
			abort();
	}
	fm_strs_release(&notes);
}

/* What reads nodes and shapes. */
static void
look_closer(const struct fm_model *m)
{
	json_t *dims = json_pack("{s:i, s:i}", "batch", 2, "sequence", 16), *v;
	struct fm_err err = FM_ERR_INIT;
	char *work = fm_io_tmpdir("fm-fuzz", &err);

	v = fm_model_analyze(m, dims, &err);
	if (!v && err.code == FM_OK)
		abort();
	if (work)
		convert(m, work);
	if (work)
		(void)fm_io_remove_tree(work, &err);
	json_decref(v);
	json_decref(dims);
	free(work);
}

static void
load(const char *path)
{
	struct fm_model_opts o = { .work = "/tmp" };
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;

	if (fm_model_load(&m, path, &o, &err) == 0) {
		for (size_t i = 0; i < m.n_inputs; i++)
			if (!m.inputs[i].name || !m.inputs[i].fill)
				abort();
		if (m.files.n == 0 && fm_model_hash(&m, &err))
			abort();
		look_closer(&m);
		fm_model_release(&m);
	} else if (err.code == FM_OK)
		abort();
}

static void
read_tensor(const char *path)
{
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	char *name;

	if (fm_model_read_pb(path, &t, &name, &err) == 0) {
		for (int64_t i = 0; i < fm_tensor_elems(&t); i++)
			(void)fm_tensor_get(&t, i);
		free(name);
	} else if (err.code == FM_OK)
		abort();
	fm_tensor_release(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/tmp/fm-fuzz-onnx.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || fm_io_write_all(fd, data, size))
		abort();
	load(path);
	read_tensor(path);
	(void)close(fd);
	(void)unlink(path);
	return 0;
}
