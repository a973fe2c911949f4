/*
 * .npy files: what can be read is written, and reads back as the same tensor.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "io.h"
#include "tensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_back(const char *path, const struct fm_tensor *a)
{
	struct fm_tensor b = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;

	if (fm_npy_write(path, a, &err) || fm_npy_read(path, &b, &err))
		abort();
	if (a->type != b.type || a->rank != b.rank ||
	    fm_tensor_bytes(a) != fm_tensor_bytes(&b) ||
	    memcmp(a->data, b.data, fm_tensor_bytes(a)) != 0)
		abort();
	fm_tensor_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/tmp/fm-fuzz-npy.XXXXXX";
	struct fm_tensor t = FM_TENSOR_INIT;
	struct fm_err err = FM_ERR_INIT;
	int fd = mkstemp(path);

	if (fd < 0 || fm_io_write_all(fd, data, size))
		abort();
	if (fm_npy_read(path, &t, &err) == 0)
		read_back(path, &t);
	else if (err.code == FM_OK)
		abort();
	(void)close(fd);
	(void)unlink(path);
	fm_tensor_release(&t);
	return 0;
}
