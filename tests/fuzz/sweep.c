/*
 * Lists of sizes: all of them are in range.
 */
#include <stdint.h>
#include <stdlib.h>

#include "alloc.h"
#include "err.h"
#include "sweep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fm_strndup((const char *)data, size);
	struct fm_err err = FM_ERR_INIT;
	int64_t *v = NULL;
	size_t n = 0, i;

	if (fm_sweep_sizes(text, "--x", &v, &n, &err) == 0 && n == 0)
		abort();
	for (i = 0; i < n; i++)
		if (v[i] < 1 || v[i] > 2147483647)
			abort();
	free(v);
	free(text);
	return 0;
}
