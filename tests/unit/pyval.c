/*
 * lib/pyval.h: what `@` values mean (checked against Python), how they are
 * printed, and every message.
 */
#include "pyval.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "buf.h"
#include "err.h"

static json_t *args;

struct example {
	const char *text, *want;
};

/* Python's repr() of the same text. */
static const struct example values[] = {
	{ "1", "1" },
	{ "  1 ", "1" },
	{ "\n1\n", "1" },
	{ "-1", "-1" },
	{ "---1", "-1" },
	{ "+True", "1" },
	{ "1_000", "1000" },
	{ "0x1F", "31" },
	{ "0X_ff", "255" },
	{ "0o17", "15" },
	{ "0b1_01", "5" },
	{ "00", "0" },
	{ "9223372036854775807", "9223372036854775807" },
	{ "-9223372036854775808", "-9223372036854775808" },
	{ "- 9223372036854775808 + 1", "-9223372036854775807" },
	{ "0x7fffffffffffffff", "9223372036854775807" },
	{ "1e-3", "0.001" },
	{ "1.", "1.0" },
	{ ".5", "0.5" },
	{ "1_0.2_5E+0_1", "102.5" },
	{ "1e16", "1e+16" },
	{ "-0.0", "-0.0" },
	{ "5e-324", "5e-324" },
	{ "1e400", "inf" },
	{ "-1e400", "-inf" },
	{ "1e400-1e400", "nan" },
	{ "1e308*10", "inf" },
	/* arithmetic */
	{ "1+2*3", "7" },
	{ "(1+2)*3", "9" },
	{ "10-3-2", "5" },
	{ "-2**2", "-4" },
	{ "2**-1", "0.5" },
	{ "2**3**2", "512" },
	{ "(-2)**63", "-9223372036854775808" },
	{ "3.0**2", "9.0" },
	{ "7/2", "3.5" },
	{ "6/2", "3.0" },
	{ "-7//2", "-4" },
	{ "7//-2", "-4" },
	{ "-7%3", "2" },
	{ "7%-3", "-2" },
	{ "-7.5//2", "-4.0" },
	{ "7.5%-2", "-0.5" },
	{ "1//0.3", "3.0" },
	{ "6.0%3", "0.0" },
	{ "-9223372036854775808%-1", "0" },
	{ "True+1", "2" },
	{ "1+0.5", "1.5" },
	{ "8 //3 *2", "4" },
	/* strings */
	{ "'a'", "'a'" },
	{ "\"a\"", "'a'" },
	{ "'a' \"b\"", "'ab'" },
	{ "'a'+'b'", "'ab'" },
	{ "'it\\'s'", "\"it's\"" },
	{ "'\"it\\'s\"'", "'\"it\\'s\"'" },
	{ "'''a\"b\nc'''", "'a\"b\\nc'" },
	{ "\"\"\"a\"\"b\"\"\"", "'a\"\"b'" },
	{ "''", "''" },
	{ "r'\\n\\''", "\"\\\\n\\\\'\"" },
	{ "u'a'", "'a'" },
	{ "'\\n\\t\\r\\x41\\101\\0'", "'\\n\\t\\rAA\\x00'" },
	{ "'\\\\\\\"\\a\\b\\f\\v'", "'\\\\\"\\x07\\x08\\x0c\\x0b'" },
	{ "'\\u00e9\\U0001F600'", "'\xc3\xa9\xf0\x9f\x98\x80'" },
	{ "'\xc3\xa9'", "'\xc3\xa9'" },
	{ "'\\q'", "'\\\\q'" },
	{ "'a\\\nb'", "'ab'" },
	{ "'\\u0890\\U0001d173'", "'\\u0890\\U0001d173'" },
	{ "'\\x7f\\xa0\\u200b\\U000e0001'", "'\\x7f\\xa0\\u200b\\U000e0001'" },
	/* lists, tuples, dicts */
	{ "[]", "[]" },
	{ "[1, 8,]", "[1, 8]" },
	{ "[1,\n 2]", "[1, 2]" },
	{ "()", "()" },
	{ "(1)", "1" },
	{ "(1,)", "(1,)" },
	{ "1,", "(1,)" },
	{ "1, 2", "(1, 2)" },
	{ "[1]+[2]", "[1, 2]" },
	{ "(1,)+(2,)", "(1, 2)" },
	{ "{}", "{}" },
	{ "{'a': 1, \"b\": {'c': [1, 2.0, None]},}",
	    "{'a': 1, 'b': {'c': [1, 2.0, None]}}" },
	{ "{1: 2, 1.0: 3, True: 4}", "{1: 4}" },
	{ "{'a': 1, 'b': 2, 'a': 3}", "{'a': 3, 'b': 2}" },
	{ "{'@tuple': [1]}", "{'@tuple': [1]}" },
	{ "{'a\\0b': 1}", "{'a\\x00b': 1}" },
	{ "{(1, 2): 3}", "{(1, 2): 3}" },
	{ "[[1,2],[3]][0][-1]", "2" },
	{ "(1,2)[True]", "2" },
	{ "[True, False, None]", "[True, False, None]" },
	/* names */
	{ "args.batch_sizes", "[1, 8]" },
	{ "args . batch_sizes [ 0 ]", "1" },
	{ "args.batch_sizes[-1]", "8" },
	{ "args.model_path + '/x'", "'/m/x'" },
	{ "max(args.input_sizes)+max(args.output_sizes)", "576" },
	{ "max(1, 2.5, True)", "2.5" },
	{ "min('b', 'a')", "'a'" },
	{ "min((3, 1, 2),)", "1" },
	{ "len(args.batch_sizes)", "2" },
	{ "len('\xc3\xa9\\u1234')", "2" },
	{ "len({'a': 1})", "1" },
	{ "len({1: 1, 2: 2})", "2" },
	{ "len(())", "0" },
	{ "sum([1, 2.5])", "3.5" },
	{ "sum([])", "0" },
	{ "sum(1, 2)", "3" },
	{ "torch.bfloat16", "torch.bfloat16" },
	{ "[torch.a.b, 1]", "[torch.a.b, 1]" },
};

#define KNOWN                                                                  \
	" at column 1 (known: args, max, min, len, sum, torch, True, False, "  \
	"None)"
#define FITS "the result does not fit a 64-bit integer at column "

/* Messages without "'@' value '...': ". */
static const struct example errors[] = {
	{ "foo", "unknown name 'foo'" KNOWN },
	{ "__import__(\"os\").getpid() > 0",
	    "unknown name '__import__'" KNOWN },
	{ "lambda: 1", "unknown name 'lambda'" KNOWN },
	{ "inf", "unknown name 'inf'" KNOWN },
	{ "args", "args needs a name (args.NAME) at column 1" },
	{ "args.foo",
	    "unknown argument at column 1 (known: batch_sizes, input_sizes, "
	    "output_sizes, model_path)" },
	{ "args.", "unknown argument at column 1 (known: batch_sizes, "
		   "input_sizes, output_sizes, model_path)" },
	{ "torch", "torch needs a name (torch.NAME) at column 1" },
	{ "torch.a.", "torch needs a name (torch.NAME) at column 1" },
	{ "torch.load('x')", "'(' found instead of the end at column 11" },
	{ "args.model_path.x", "'.' found instead of the end at column 16" },
	{ "max", "'(' is missing at column 4" },
	{ "max(1)", "max() takes a list or several values at column 1" },
	{ "min()", "min() takes a list or several values at column 1" },
	{ "max([])", "max of nothing at column 1" },
	{ "max(1,'b')", "max cannot compare int with str at column 1" },
	{ "len(1,2)", "len() takes one value at column 1" },
	{ "len(1)", "int has no len() at column 1" },
	{ "sum(['a'])", "int + str is not possible at column 1" },
	{ "", "a value is missing at column 1" },
	{ "1 +", "a value is missing at column 4" },
	{ "(1", "')' is missing at column 3" },
	{ "[1,", "']' is missing at column 4" },
	{ "{'a' 1}", "'1' found instead of ':' at column 6" },
	{ "{'a': 1", "'}' is missing at column 8" },
	{ "{1, 2}", "',' found instead of ':' at column 3" },
	{ "(,)", "',' found instead of a value at column 2" },
	{ "1 2", "'2' found instead of the end at column 3" },
	{ "1\n2", "' ' found instead of the end at column 2" },
	{ "1 if True else 2", "'if' found instead of the end at column 3" },
	{ "'\xc3\xa9' \xc3\xa9",
	    "'\xc3\xa9' found instead of the end at column 5" },
	{ "[1][0:1]", "':' found instead of ']' at column 6" },
	{ "[1][1]", "index 1 is outside of a list of 1 at column 4" },
	{ "[1][-2]", "index -2 is outside of a list of 1 at column 4" },
	{ "1[0]", "only a list or a tuple can be indexed, with an int; this "
		  "is int[int] at column 2" },
	{ "[1]['a']", "only a list or a tuple can be indexed, with an int; "
		      "this is list[str] at column 4" },
	{ "{[1]: 2}", "a list or a dict cannot be a key at column 2" },
	{ "{({},): 2}", "a list or a dict cannot be a key at column 2" },
	{ "1/0", "division by zero at column 2" },
	{ "1//0.0", "division by zero at column 2" },
	{ "1%0", "division by zero at column 2" },
	{ "0**-1", "0 cannot be raised to a negative power at column 2" },
	{ "(-8)**0.5", "the result is a complex number at column 5" },
	{ "10.0**400", "the result is too large at column 5" },
	{ "9223372036854775807+1", FITS "20" },
	{ "-9223372036854775808-1", FITS "21" },
	{ "4611686018427387904*2", FITS "20" },
	{ "2**63", FITS "2" },
	{ "-9223372036854775808//-1", FITS "21" },
	{ "--9223372036854775808", FITS "1" },
	{ "9223372036854775808",
	    "the number does not fit 64 bits at column 1" },
	{ "0x8000000000000000", "the number does not fit 64 bits at column 1" },
	{ "-9223372036854775808**1",
	    "the number does not fit 64 bits at column 2" },
	{ "[1]+(2,)", "list + tuple is not possible at column 4" },
	{ "'a'*2", "str * int is not possible at column 4" },
	{ "'a'%2", "str % int is not possible at column 4" },
	{ "None-{}", "None - dict is not possible at column 5" },
	{ "-'a'", "- str is not possible at column 1" },
	{ "+torch.x", "+ torch name is not possible at column 1" },
	{ "0123", "a number with leading zeros (0o17 is octal) at column 1" },
	{ "1abc", "not a number at column 1" },
	{ "1__0", "not a number at column 1" },
	{ "1e", "not a number at column 1" },
	{ "1j", "not a number at column 1" },
	{ "0x", "not a number at column 1" },
	{ "0o8", "not a number at column 1" },
	{ ".", "not a number at column 1" },
	{ "'abc", "no closing ' for the string at column 1" },
	{ "1+'a\nb'", "no closing ' for the string at column 3" },
	{ "'''a''", "no closing ''' for the string at column 1" },
	{ "'abc\\", "no closing ' for the string at column 1" },
	{ "'a\\xg'", "\\x needs 2 hex digits at column 3" },
	{ "'\\u12'", "\\u needs 4 hex digits at column 2" },
	{ "'\\ud800'", "\\ud800 is no character at column 2" },
	{ "'\\U00110000'", "\\U00110000 is no character at column 2" },
	{ "'\\N{DOT}'", "\\N is not supported, use \\u at column 2" },
	{ "b'x'", "strings of the kind b' are not supported at column 1" },
	{ "rb\"x\"", "strings of the kind rb\" are not supported at column 1" },
	{ "f'x'", "strings of the kind f' are not supported at column 1" },
};

/* Integers above 2^53 are divided with 64 bits, which valgrind lacks. */
static void
test_long_division(void)
{
	static const char name[] = "long integers are divided exactly";
	volatile long double one = 1, more = one + LDBL_EPSILON;
	struct fm_err err = FM_ERR_INIT;
	json_t *v = fm_pyval_parse("9007199254740993/306669896131", args, &err);

	if (more == one)
		skip(name, "no long double here");
	else
		ok(json_real_value(v) == 29370.99261576491, name);
	json_decref(v);
}

static void
test_values(void)
{
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof values / sizeof *values; i++) {
		struct fm_err err = FM_ERR_INIT;
		json_t *v = fm_pyval_parse(values[i].text, args, &err);

		fm_buf_clear(&b);
		if (v)
			fm_pyval_put_repr(&b, v);
		is_str(v ? b.s : err.text, values[i].want, "value");
		json_decref(v);
	}
	test_long_division();
	fm_buf_release(&b);
}

static void
test_errors(void)
{
	char want[300];
	size_t i, k;

	for (i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct fm_err err = FM_ERR_INIT;
		json_t *v = fm_pyval_parse(errors[i].text, args, &err);

		(void)snprintf(want, sizeof want, "'@' value '%s': %s",
		    errors[i].text, errors[i].want);
		for (k = 0; want[k]; k++)
			want[k] = want[k] == '\n' ? ' ' : want[k];
		ok(!v && err.code == FM_USAGE, "refused");
		is_str(err.text, want, "... message");
		json_decref(v);
	}
}

/* `n` times `part`, then `tail`. */
static void
is_refused(const char *part, size_t n, const char *tail, const char *want)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	json_t *v;

	while (n--)
		fm_buf_puts(&b, part);
	fm_buf_puts(&b, tail);
	v = fm_pyval_parse(b.s, NULL, &err);
	ok(!v, "refused");
	is_str(err.text, want, "... message");
	json_decref(v);
	fm_buf_release(&b);
}

static void
test_limits(void)
{
	struct fm_err err = FM_ERR_INIT;

#define SIX(s) s s s s s s
#define TEN "(((((((((("
	is_refused("(", 100000, "",
	    "'@' value '" SIX(TEN) "...': nested too deeply at column 101");
	is_refused("-", 100000, "1",
	    "'@' value '" SIX("----------") "...': nested too deeply at "
					    "column 101");
	is_refused("2 ** ", 101, "1",
	    "'@' value '" SIX("2 ** 2 ** ") "...': nested too deeply at "
					    "column 501");
	ok(!fm_pyval_parse("'\xff'", NULL, &err), "not UTF-8");
	is_str(err.text, "an '@' value is not valid UTF-8", "... message");
	fm_err_clear(&err);
	ok(!fm_pyval_parse("args.x", NULL, &err), "no arguments at all");
	is_str(err.text, "'@' value 'args.x': unknown argument at column 1",
	    "... message");
}

static void
test_tags(void)
{
	static const struct example cases[] = {
		{ "(1, 2)", "{\"@tuple\": [1, 2]}" },
		{ "torch.a.b", "{\"@torch\": \"a.b\"}" },
		{ "1e999", "{\"@float\": \"inf\"}" },
		{ "{1: 'x'}", "{\"@dict\": [[1, \"x\"]]}" },
		{ "{'@torch': 'x'}", "{\"@dict\": [[\"@torch\", \"x\"]]}" },
		{ "{'a': True}", "{\"a\": true}" },
	};
	struct fm_err err = FM_ERR_INIT;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *v = fm_pyval_parse(cases[i].text, NULL, &err);
		char *text = json_dumps(v, JSON_ENCODE_ANY);

		is_str(text, cases[i].want, cases[i].text);
		free(text);
		json_decref(v);
	}
}

static void
test_str(void)
{
	struct fm_buf b = FM_BUF_INIT;
	json_t *v = json_string("it's");

	fm_pyval_put_str(&b, v);
	is_str(b.s, "it's", "str() of a string");
	json_decref(v);
	fm_buf_clear(&b);
	v = json_pack("[s,b]", "a", 1);
	fm_pyval_put_str(&b, v);
	is_str(b.s, "['a', True]", "str() of a list");
	json_decref(v);
	fm_buf_release(&b);
}

int
main(void)
{
	args = json_pack("{s:[i,i], s:[i,i], s:[i], s:s}", "batch_sizes", 1, 8,
	    "input_sizes", 128, 512, "output_sizes", 64, "model_path", "/m");
	test_values();
	test_errors();
	test_limits();
	test_tags();
	test_str();
	json_decref(args);
	return done();
}
