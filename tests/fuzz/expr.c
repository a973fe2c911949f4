/*
 * Conditions: whatever can be read can be evaluated, with any values.
 */
#include "expr.h"

#include <stdint.h>
#include <stdlib.h>

#include "alloc.h"
#include "err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
value(void *ctx, size_t slot, struct fm_expr_value *v)
{
	const size_t *turn = ctx;

	v->type = (enum fm_expr_type)((slot + *turn) % 4);
	v->num = (double)*turn - 1;
	v->str = *turn % 2 ? "text" : "";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fm_strndup((const char *)data, size);
	struct fm_expr e = FM_EXPR_INIT;
	struct fm_err err = FM_ERR_INIT;
	size_t turn;

	if (fm_expr_parse(&e, text, &err) == 0)
		for (turn = 0; turn < 4; turn++)
			(void)fm_expr_true(&e, value, &turn);
	else if (err.code == FM_OK)
		abort();
	fm_expr_release(&e);
	free(text);
	return 0;
}
