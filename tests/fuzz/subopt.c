/*
 * Sub-options: the input is words, one a line, read in pairs.
 */
#include <stdint.h>
#include <stdlib.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "pyval.h"
#include "strs.h"
#include "subopt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const known[] = { "compile", NULL };
	char *text = fm_strndup((const char *)data, size);
	struct fm_strs words = FM_STRS_INIT;
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	json_t *subs = json_object();
	size_t i;

	fm_strs_split(&words, text, "\n");
	for (i = 0; i < words.n; i += 2) {
		(void)fm_subopt_is(words.v[i]);
		fm_err_clear(&err);
		if (fm_subopt_add(subs, words.v[i],
			i + 1 < words.n ? words.v[i + 1] : NULL, NULL, &err) &&
		    err.code == FM_OK)
			abort();
	}
	(void)fm_subopt_check(subs, known, NULL, &err);
	fm_pyval_put_repr(&b, subs);
	fm_buf_release(&b);
	json_decref(subs);
	fm_strs_release(&words);
	free(text);
	return 0;
}
