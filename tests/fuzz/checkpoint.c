/*
 * Folders from the hub. The input is config.json up to a zero byte, then the
 * same for tokenizer.json, then model.safetensors; what is left out is empty.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "io.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put(const char *dir, const char *name, const uint8_t *p, size_t n)
{
	char path[200];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || fm_io_write_all(fd, p, n))
		abort();
	(void)close(fd);
}

/* The bytes up to a zero one, which is skipped. */
static size_t
part(const uint8_t **p, const uint8_t *end)
{
	const uint8_t *zero = memchr(*p, 0, (size_t)(end - *p));
	size_t n = (size_t)((zero ? zero : end) - *p);

	*p += n + (zero != NULL);
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "config.json", "tokenizer.json" };
	char dir[] = "/tmp/fm-fuzz-checkpoint.XXXXXX";
	const uint8_t *p = data, *end = data + size;
	struct fm_model_opts o = { .work = dir };
	struct fm_err err = FM_ERR_INIT;
	struct fm_model m;

	if (!mkdtemp(dir))
		abort();
	for (int i = 0; i < 2; i++) {
		const uint8_t *from = p;

		put(dir, names[i], from, part(&p, end));
	}
	put(dir, "model.safetensors", p, (size_t)(end - p));
	if (fm_model_load(&m, dir, &o, &err) == 0)
		fm_model_release(&m);
	else if (err.code == FM_OK)
		abort();
	fm_err_clear(&err);
	if (fm_io_remove_tree(dir, &err))
		abort();
	return 0;
}
