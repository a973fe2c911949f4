/*
 * lib/subopt.h: what fmwork's drivers make of the same words, and clear
 * messages where they end in a traceback.
 */
#include "subopt.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "buf.h"
#include "err.h"
#include "pyval.h"

static const char *const sets[] = { "compile", "model", "torch.call",
	"torch.set", NULL };

/* Up to two pairs; `want` is the repr of the sets, or the message. */
static const struct {
	const char *words[5];
	const char *want;
} cases[] = {
	{ { "--compile:backend", "inductor" },
	    "{'compile': {'backend': 'inductor'}}" },
	{ { "--compile:dynamic@", "True" }, "{'compile': {'dynamic': True}}" },
	{ { "--compile:options:triton.cudagraphs@", "False" },
	    "{'compile': {'options': {'triton.cudagraphs': False}}}" },
	{ { "--compile:\"a:b\":c", "1" }, "{'compile': {'a:b': {'c': '1'}}}" },
	{ { "--compile:'a b':c", "1" }, "{'compile': {'a b': {'c': '1'}}}" },
	{ { "--compile:a\\:b", "1" }, "{'compile': {'a:b': '1'}}" },
	{ { "--compile:a b", "1" }, "{'compile': {'a b': '1'}}" },
	{ { "--compile::x", "1" }, "{'compile': {'x': '1'}}" },
	{ { "--compile:x:", "1" }, "{'compile': {'x': '1'}}" },
	{ { "--compile", "foo" }, "{'compile': {}}" },
	{ { "--compile:", "foo" }, "{'compile': {}}" },
	{ { "--compile@", "1+1" }, "{'compile': {}}" },
	{ { "--compile:x@", "args.batch_sizes" },
	    "{'compile': {'x': [1, 8]}}" },
	{ { "--compile:x@", "max(args.input_sizes)+1" },
	    "{'compile': {'x': 513}}" },
	{ { "--compile:x@", "undefined_name" },
	    "'--compile:x@': '@' value 'undefined_name': unknown name "
	    "'undefined_name' at column 1 (known: args, max, min, len, sum, "
	    "torch, True, False, None)" },
	{ { "--compile:x@", "1 +" },
	    "'--compile:x@': '@' value '1 +': a value is missing at column "
	    "4" },
	{ { "--compile:x@", "" },
	    "'--compile:x@': '@' value '': a value is missing at column 1" },
	{ { "--compile:x", "" }, "{'compile': {'x': ''}}" },
	{ { "--compile:x@", "__import__(\"os\").getpid() > 0" },
	    "'--compile:x@': '@' value '__import__(\"os\").getpid() > 0': "
	    "unknown name '__import__' at column 1 (known: args, max, min, "
	    "len, sum, torch, True, False, None)" },
	{ { "--compile:x" }, "'--compile:x' is missing a value" },
	{ { "foo", "bar" },
	    "'foo' found where an option was expected (--set:name value)" },
	{ { "--bogus:x", "1" },
	    "sub-option '--bogus' is not supported (known: compile, model, "
	    "torch.call, torch.set)" },
	{ { "--bogus:x@", "print(\"EVALUATED BEFORE VALIDATION\")" },
	    "'--bogus:x@': '@' value 'print(\"EVALUATED BEFORE "
	    "VALIDATION\")': unknown name 'print' at column 1 (known: args, "
	    "max, min, len, sum, torch, True, False, None)" },
	{ { "--compile:\"unbalanced", "1" },
	    "'--compile:\"unbalanced': no closing quote" },
	{ { "--compile:a", "1", "--compile:a:b", "2" },
	    "'--compile:a:b': 'a' already has a value, so nothing can be set "
	    "below it" },
	{ { "--compile:a:b", "1", "--compile:a", "2" },
	    "{'compile': {'a': '2'}}" },
	{ { "--compile:a", "1", "--compile:a", "2" },
	    "{'compile': {'a': '2'}}" },
	{ { "--@", "1" }, "'--@' names no set (--set:name value)" },
	{ { "--:x", "1" },
	    "sub-option '--x' is not supported (known: compile, model, "
	    "torch.call, torch.set)" },
	{ { "--compile:x@y", "1" }, "{'compile': {'x@y': '1'}}" },
	{ { "--compile:@", "5" }, "{'compile': {}}" },
	{ { "--model:torch_dtype@", "torch.bfloat16" },
	    "{'model': {'torch_dtype': torch.bfloat16}}" },
	{ { "--torch.call:set_grad_enabled@", "False" },
	    "{'torch.call': {'set_grad_enabled': False}}" },
	{ { "--torch.call:manual_seed", "42" },
	    "{'torch.call': {'manual_seed': '42'}}" },
	{ { "--compile:x=3" }, "'--compile:x=3' is missing a value" },
	{ { "--compile:x#y", "1" }, "{'compile': {'x#y': '1'}}" },
	{ { "--compile:\1x", "1" }, "{'compile': {' x': '1'}}" },
	{ { "-compile:x", "1" },
	    "'-compile:x' found where an option was expected (--set:name "
	    "value)" },
	{ { "--compile:x", "--y" }, "{'compile': {'x': '--y'}}" },
	/* What the fmwork table does not have. */
	{ { "--compile:'':x", "1" }, "{'compile': {'': {'x': '1'}}}" },
	{ { "--compile:a'b:c'd", "1" }, "{'compile': {'ab:cd': '1'}}" },
	{ { "--compile:\"a\\\"b\\c\"", "1" },
	    "{'compile': {'a\"b\\\\c': '1'}}" },
	{ { "--compile:'a\\", "1" }, "'--compile:'a\\': no closing quote" },
	{ { "--compile:a\\", "1" },
	    "'--compile:a\\': nothing after the backslash" },
	{ { "--compile:o@", "{'a': 1}", "--compile:o:b@", "2" },
	    "{'compile': {'o': {'a': 1, 'b': 2}}}" },
	{ { "--compile:o@", "(1, 2)", "--compile:o:b@", "2" },
	    "'--compile:o:b@': 'o' already has a value, so nothing can be "
	    "set below it" },
	{ { "--compile:@x", "1" },
	    "'--compile:@x': a name cannot begin with '@'" },
	{ { "--", "1" }, "'--' names no set (--set:name value)" },
	{ { "--compile:\xff", "1" }, "'--compile:\xff' is not valid UTF-8" },
	{ { "--compile:x", "\xff" },
	    "the value of '--compile:x' is not valid UTF-8" },
};

static void
test_cases(void)
{
	json_t *args = json_pack(
	    "{s:[i,i], s:[i,i]}", "batch_sizes", 1, 8, "input_sizes", 128, 512);
	struct fm_buf b = FM_BUF_INIT;
	size_t i, k;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fm_err err = FM_ERR_INIT;
		const char *const *w = cases[i].words;
		json_t *subs = json_object();

		for (k = 0; w[k] && err.code == FM_OK; k += w[k + 1] ? 2 : 1)
			(void)fm_subopt_add(subs, w[k], w[k + 1], args, &err);
		if (err.code == FM_OK)
			(void)fm_subopt_check(subs, sets, NULL, &err);
		fm_buf_clear(&b);
		fm_pyval_put_repr(&b, subs);
		is_str(err.code == FM_OK ? b.s : err.text, cases[i].want, w[0]);
		json_decref(subs);
	}
	fm_buf_release(&b);
	json_decref(args);
}

static void
test_is(void)
{
	static const char *const yes[] = { "--a:b", "--a@", "--a:b=c",
		"--a:", "--'x':b", "--'x'@", "--@" };
	static const char *const no[] = { "--a", "a:b", "-a:b", "--a=b:c",
		"--a=b@", "--'a:b'", "--a\\:b", "--\"a:b\"", "--" };
	size_t i;

	for (i = 0; i < sizeof yes / sizeof *yes; i++)
		ok(fm_subopt_is(yes[i]), yes[i]);
	for (i = 0; i < sizeof no / sizeof *no; i++)
		ok(!fm_subopt_is(no[i]), no[i]);
}

static void
test_check(void)
{
	static const char *const ignored[] = { "engine", NULL };
	struct fm_err err = FM_ERR_INIT;
	json_t *subs = json_pack("{s:{}, s:{}}", "engine", "model");

	is_int(fm_subopt_check(subs, sets, ignored, &err), 0, "an ignored set");
	is_int(fm_subopt_check(subs, sets, NULL, &err), -1, "not ignored");
	(void)json_object_set_new(subs, "x", json_object());
	fm_err_clear(&err);
	is_int(fm_subopt_check(subs, sets, ignored, &err), -1, "not known");
	is_str(err.text,
	    "sub-option '--x' is not supported (known: compile, model, "
	    "torch.call, torch.set, engine)",
	    "... message");
	is_int(err.code, FM_USAGE, "... code");
	json_decref(subs);
}

int
main(void)
{
	test_cases();
	test_is();
	test_check();
	return done();
}
