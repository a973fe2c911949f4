/*
 * YAML: what can be read is written and reads back as it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "err.h"
#include "yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	json_t *v = fm_yaml_parse((const char *)data, size, "in", &err), *again;

	if (!v != (err.code != FM_OK))
		abort();
	(void)fm_yaml_line((const char *)data, size, "a.0.b");
	if (v && fm_yaml_put(&b, v, &err) == 0) {
		again = fm_yaml_parse(b.s, b.len, "out", &err);
		if (!again || !json_equal(v, again))
			abort();
		json_decref(again);
	}
	json_decref(v);
	fm_buf_release(&b);
	return 0;
}
