/*
 * Conditions: the value of each form of the grammar, and what is said of what
 * is none.
 */
#include "expr.h"

#include <math.h>
#include <stdlib.h>

#include "../tap.h"
#include "alloc.h"
#include "err.h"

/* input = 128, batch = 4, model = "a b", platform = "cpu", ok = true; all
 * other names are null. */
static void
value(void *ctx, size_t slot, struct fm_expr_value *v)
{
	const struct fm_expr *e = ctx;
	const char *name = e->names.v[slot];

	if (strcmp(name, "input") == 0 || strcmp(name, "batch") == 0) {
		v->type = FM_EXPR_NUM;
		v->num = *name == 'i' ? 128 : 4;
	} else if (strcmp(name, "model") == 0) {
		v->type = FM_EXPR_STR;
		v->str = "a b";
	} else if (strcmp(name, "stats.rule") == 0) {
		v->type = FM_EXPR_STR;
		v->str = "";
	} else if (strcmp(name, "ok") == 0) {
		v->type = FM_EXPR_BOOL;
		v->num = 1;
	}
}

static const struct {
	const char *text;
	bool want;
} good[] = {
	{ "input >= 128 && batch == 4", true },
	{ "input>128||batch<4", false },
	{ "input > 128 || batch <= 4", true },
	{ "input * batch == 512", true },
	{ "input + batch * 2 == 136", true },
	{ "(input + batch) * 2 == 264", true },
	{ "input - batch - 4 == 120", true },
	{ "input / batch % 5 == 2", true },
	{ "-batch == -4", true },
	{ "!(batch == 4)", false },
	{ "!!batch", true },
	{ "! batch == 4", false },
	{ "model == \"a b\"", true },
	{ "model == 'a b'", true },
	{ "model == 'a\\ b'", true },
	{ "model < 'b'", true },
	{ "model =~ '^a'", true },
	{ "model =~ 'b+ *$'", true },
	{ "input =~ '1'", false },
	{ "ok", true },
	{ "ok == true && ok != false", true },
	{ "nothing == null", true },
	{ "input == null", false },
	{ "input != null", true },
	{ "nothing < 1 || nothing >= 1", false },
	{ "nothing <= null", false },
	{ "nothing", false },
	{ "stats.rule", false },
	{ "model == 1", false },
	{ "model != 1", true },
	{ "model < 1 || model > 1", false },
	{ "model + 1 == null", true },
	{ "1 / 0 == null", true },
	{ ".5 < 1e3 && 1.5e-3 > 0", true },
	{ "false && nothing.at.all", false },
	{ "true || false && false", true },
	{ "batch == 2 || batch == 4 && input == 1", false },
	{ "  1  ", true },
};

static const struct {
	const char *text, *error;
} bad[] = {
	{ "", "'': a value is wanted at the end" },
	{ "input >=", "'input >=': a value is wanted at the end" },
	{ "input = 1", "'input = 1': an operator is wanted at column 7, got "
		       "'= 1'" },
	{ "(1", "'(1': a ')' is wanted at the end" },
	{ "1)", "'1)': an operator is wanted at column 2, got ')'" },
	{ "'a", "''a': a text has no closing quote at column 1, got ''a'" },
	{ "1x", "'1x': a number is wanted at column 1, got '1x'" },
	{ "a =~ b", "'a =~ b': =~ wants a regular expression in quotes at the "
		    "end" },
	{ "a =~ '('",
	    "'a =~ '('': regular expression '(': Unmatched ( or \\(" },
	{ "a =~ 'b{2}'", "'a =~ 'b{2}'': regular expression 'b{2}': no more "
			 "than 8 of * + ?, and no {" },
	{ "a =~ '+++++++++'",
	    "'a =~ '+++++++++'': regular expression "
	    "'+++++++++': no more than 8 of * + ?, and no {" },
	{ "&& 1", "'&& 1': a value is wanted at column 1, got '&& 1'" },
	{ "a b", "'a b': an operator is wanted at column 3, got 'b'" },
};

int
main(void)
{
	struct fm_expr e;
	struct fm_err err;
	size_t i;
	char *deep;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		e = (struct fm_expr)FM_EXPR_INIT;
		err = (struct fm_err)FM_ERR_INIT;
		if (fm_expr_parse(&e, good[i].text, &err) != 0)
			is_str(err.text, "", good[i].text);
		else
			ok(fm_expr_true(&e, value, &e) == good[i].want,
			    good[i].text);
		fm_expr_release(&e);
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct fm_expr)FM_EXPR_INIT;
		err = (struct fm_err)FM_ERR_INIT;
		ok(fm_expr_parse(&e, bad[i].text, &err) != 0, "refused");
		is_str(err.text, bad[i].error, bad[i].text);
		is_int(err.code, FM_USAGE, "as wrong usage");
		fm_expr_release(&e);
	}
	deep = fm_malloc(100001);
	memset(deep, '(', 100000);
	deep[100000] = '\0';
	e = (struct fm_expr)FM_EXPR_INIT;
	err = (struct fm_err)FM_ERR_INIT;
	ok(fm_expr_parse(&e, deep, &err) != 0 &&
		strstr(err.text, "nested too deeply"),
	    "deep nesting is refused");
	fm_expr_release(&e);
	memset(deep, '!', 100000);
	ok(fm_expr_parse(&e, deep, &err) != 0, "of prefixes, too");
	fm_expr_release(&e);
	free(deep);
	return done();
}
