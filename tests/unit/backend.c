/*
 * The options of a backend as they come from command lines and from `@`
 * values, and the inputs of requests: what is accepted and what the rest is
 * told.
 */
#include "backend.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "buf.h"
#include "err.h"
#include "json.h"

static const struct fm_backend_opt opts[] = {
	{ "threads", "int", "0", "", 0, 64 },
	{ "rate", "float", "0.5", "", 0, 1 },
	{ "any", "int", "", "", 0, 0 },
	{ "fast", "bool", "true", "", 0, 0 },
	{ "name", "str", "", "", 0, 0 },
	{ "level", "low|mid|high", "mid", "", 0, 0 },
	{ "who", "list", "", "", 0, 0 },
	{ "config", "set", "", "", 0, 0 },
	{ NULL, NULL, NULL, NULL, 0, 0 },
};

static void
check_options(const char *given, const char *want)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf text = FM_BUF_INIT;
	json_t *v = json_loads(given, JSON_DECODE_ANY, NULL);
	json_t *got = fm_backend_options("x", opts, v, &err);

	if (got)
		fm_json_put(&text, got);
	else
		fm_buf_puts(&text, err.text);
	ok(got || err.code == FM_USAGE, given);
	is_str(text.s, want, "its answer");
	fm_buf_release(&text);
	json_decref(v);
	json_decref(got);
}

#define DEFAULTS "{\"threads\":0,\"rate\":0.5,\"fast\":true,\"level\":\"mid\""

static void
test_options(void)
{
	static const char *const cases[][2] = {
		{ "null", DEFAULTS "}" },
		{ "{\"threads\":\"8\",\"rate\":\"1e-1\"}",
		    "{\"threads\":8,\"rate\":0.1,\"fast\":true,"
		    "\"level\":\"mid\"}" },
		{ "{\"threads\":null,\"any\":-7}", DEFAULTS ",\"any\":-7}" },
		{ "{\"fast\":\"off\",\"level\":\"high\"}",
		    "{\"threads\":0,\"rate\":0.5,\"fast\":false,"
		    "\"level\":\"high\"}" },
		{ "{\"fast\":0}", "{\"threads\":0,\"rate\":0.5,\"fast\":false,"
				  "\"level\":\"mid\"}" },
		{ "{\"name\":7}", DEFAULTS ",\"name\":\"7\"}" },
		{ "{\"who\":\"a, b\"}", DEFAULTS ",\"who\":[\"a\",\"b\"]}" },
		{ "{\"who\":{\"@tuple\":[\"a\",1]}}",
		    DEFAULTS ",\"who\":[\"a\",\"1\"]}" },
		{ "{\"config\":{\"a.b\":0,\"c\":\"x\",\"d\":true}}", DEFAULTS
		    ",\"config\":{\"a.b\":\"0\",\"c\":\"x\",\"d\":\"1\"}}" },
		{ "{\"threads\":65}", "option 'threads' must be a whole number "
				      "from 0 to 64, got '65'" },
		{ "{\"threads\":\"-1\"}",
		    "option 'threads' must be a whole number from 0 to 64, "
		    "got '-1'" },
		{ "{\"threads\":\"two\"}",
		    "option 'threads' must be a whole number from 0 to 64, "
		    "got 'two'" },
		{ "{\"threads\":2.0}", "option 'threads' must be a whole "
				       "number from 0 to 64, got '2.0'" },
		{ "{\"rate\":\"2\"}",
		    "option 'rate' must be a number from 0 to 1, got '2'" },
		{ "{\"any\":\"\"}",
		    "option 'any' must be a whole number, got ''" },
		{ "{\"fast\":\"maybe\"}",
		    "option 'fast' must be true or false, got 'maybe'" },
		{ "{\"name\":[1]}", "option 'name' must be text, got '[1]'" },
		{ "{\"level\":\"top\"}",
		    "option 'level' must be low, mid or high, got 'top'" },
		{ "{\"level\":1}",
		    "option 'level' must be low, mid or high, got '1'" },
		{ "{\"who\":7}",
		    "option 'who' must be a list of words, got '7'" },
		{ "{\"who\":[[]]}",
		    "option 'who' must be a list of words, got '[[]]'" },
		{ "{\"config\":\"x\"}", "option 'config' must be a set of keys "
					"with text or numbers, got 'x'" },
		{ "{\"config\":{\"a\":{\"b\":1}}}",
		    "option 'config' must be a set of keys with text or "
		    "numbers, got '{\"a\":{\"b\":1}}'" },
		{ "{\"speed\":1}",
		    "backend x has no option 'speed'; it has: threads, rate, "
		    "any, fast, name, level, who, config" },
		{ "[]", "\"options\" must be a set" },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		check_options(cases[i][0], cases[i][1]);
}

static void
check_feed(const char *ports, const char *dims, const char *want)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_feed f = FM_FEED_INIT;
	struct fm_buf text = FM_BUF_INIT;
	json_t *p = json_loads(ports, JSON_DECODE_ANY, NULL);
	json_t *d = json_loads(dims, JSON_DECODE_ANY, NULL);
	size_t i;

	if (fm_feed_open(&f, p, &err) || fm_feed_shape(&f, d, NULL, &err))
		fm_buf_puts(&text, err.text);
	else
		for (i = 0; i < f.n; i++)
			fm_tensor_put_text(&text, &f.inputs[i].t);
	is_str(text.s, want, ports);
	fm_feed_release(&f);
	fm_buf_release(&text);
	json_decref(p);
	json_decref(d);
}

#define PORT(type, shape)                                                      \
	"[{\"name\":\"ids\",\"type\":\"" type "\",\"shape\":" shape "}]"

static void
test_feed(void)
{
	check_feed("null", "{}", "");
	check_feed(PORT("int64", "[\"batch\",\"sequence\"]"),
	    "{\"batch\":2,\"sequence\":5}", "int64[2,5]");
	check_feed(PORT("float", "[]"), "{}", "float[]");
	check_feed(PORT("int64", "[\"batch\",3]"), "{\"sequence\":5}",
	    "dimension 'batch' of input 'ids' has no size in \"dims\"");
	check_feed(PORT("int64", "[\"batch\"]"), "{\"batch\":-1}",
	    "dimension 'batch' of input 'ids' has no size in \"dims\"");
	check_feed(PORT("string", "[1]"), "{}",
	    "input 'ids' has type 'string', which cannot be held");
	check_feed(PORT("int65", "[1]"), "{}",
	    "input 'ids' has type 'int65', which cannot be held");
	check_feed(PORT("int64", "[1.5]"), "{}",
	    "the shape of input 'ids' must hold sizes and names");
	check_feed(PORT("int64", "[-1]"), "{}",
	    "the shape of input 'ids' must hold sizes and names");
	check_feed(PORT("int8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), "{}",
	    "input 'ids' has 17 dimensions, at most 16 are possible");
	check_feed("[{\"name\":\"ids\"}]", "{}",
	    "an input needs \"name\", \"type\" and \"shape\"");
	check_feed(
	    "[7]", "{}", "an input needs \"name\", \"type\" and \"shape\"");
	check_feed("{}", "{}", "\"inputs\" must be a list");
	check_feed("[{\"name\":\"ids\",\"type\":\"int64\",\"shape\":[1],"
		   "\"fill\":{\"value\":\"x\"}}]",
	    "{}", "input 'ids': fill 'value' must be a number, true or false");
}

/* Values that never change are set once, the others for each repetition. */
static void
test_refill(void)
{
	static const char ports[] =
	    "[{\"name\":\"a\",\"type\":\"int64\",\"shape\":[2],"
	    "\"fill\":{\"tokens\":[[0,1000]]}},"
	    "{\"name\":\"b\",\"type\":\"int64\",\"shape\":[2],"
	    "\"fill\":{\"value\":5}}]";
	struct fm_err err = FM_ERR_INIT;
	struct fm_feed f;
	json_t *p = json_loads(ports, 0, NULL);
	json_t *over = json_loads("{\"a\":{\"value\":9}}", 0, NULL);
	int64_t first, *a, *b;

	ok(fm_feed_open(&f, p, &err) == 0, "opened");
	ok(fm_feed_shape(&f, NULL, NULL, &err) == 0, "shaped");
	a = f.inputs[0].t.data;
	b = f.inputs[1].t.data;
	fm_feed_fill(&f, 7, 1);
	first = a[0];
	is_int(b[1], 5, "a value");
	fm_feed_fill(&f, 7, 2);
	ok(a[0] != first, "another repetition has other tokens");
	fm_feed_fill(&f, 7, 1);
	is_int(a[0], first, "the same has the same");
	ok(fm_feed_shape(&f, NULL, over, &err) == 0, "fills replaced");
	fm_feed_fill(&f, 7, 2);
	is_int(((int64_t *)f.inputs[0].t.data)[1], 9, "by name");
	is_int(((int64_t *)f.inputs[1].t.data)[1], 5, "others stay");
	fm_feed_release(&f);
	json_decref(p);
	json_decref(over);
}

int
main(void)
{
	test_options();
	test_feed();
	test_refill();
	return done();
}
