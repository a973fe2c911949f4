/*
 * `@` values: what can be read is printed, and what is printed reads back to
 * the same text (inf and nan apart, which have no literal).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "pyval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_back(const json_t *v)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf a = FM_BUF_INIT, b = FM_BUF_INIT;
	json_t *again;

	fm_pyval_put_repr(&a, v);
	again = fm_pyval_parse(a.s, NULL, &err);
	if (again)
		fm_pyval_put_repr(&b, again);
	else if (!strstr(err.text, "'inf'") && !strstr(err.text, "'nan'"))
		abort();
	if (again && strcmp(a.s, b.s) != 0)
		abort();
	json_decref(again);
	fm_buf_release(&a);
	fm_buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fm_strndup((const char *)data, size);
	json_t *args =
	    json_pack("{s:[i,i], s:s}", "batch_sizes", 1, 8, "model_path", "m");
	struct fm_err err = FM_ERR_INIT;
	json_t *v = fm_pyval_parse(text, args, &err);

	if (!v != (err.code != FM_OK))
		abort();
	if (v)
		read_back(v);
	json_decref(v);
	json_decref(args);
	free(text);
	return 0;
}
