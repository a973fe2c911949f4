/*
 * The generator against vectors of an independent program, the kinds of fills,
 * and what a wrong one is told.
 */
#include "fill.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "err.h"
#include "tensor.h"

static void
test_words(void)
{
	static const struct {
		uint64_t seed, input, rep, key, word[2];
	} v[] = {
		{ 0, 0, 1, 0x78482dbe776f39d9,
		    { 0xda31d8d27b39d645, 0x67caa2c584974a83 } },
		{ 7, 0, 1, 0xe9df7cbc48ff525c,
		    { 0x4424cf4c698c1b7e, 0x59271bd7681acef3 } },
		{ 7, 1, 1, 0xbb496c436a54421b,
		    { 0x5b89e08e858bd3c1, 0x8a739c3748ab4039 } },
		{ 7, 0, 0, 0x3fd7d643efa1c8f1,
		    { 0x0d5ccddd5abc7a6d, 0xcf3c593973196944 } },
		{ 7, 0, (uint64_t)-1, 0xd6ac15960ed7996a,
		    { 0x87e3dfc27bbcb389, 0xc920519a48380000 } },
		{ UINT64_MAX, 3, 1000, 0x8e512b774a2c390b,
		    { 0x790327f93f2b17be, 0x98ff2362c140d923 } },
	};
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		uint64_t key = fm_fill_key(v[i].seed, v[i].input, v[i].rep);

		ok(key == v[i].key, "key");
		ok(fm_fill_word(key, 0) == v[i].word[0], "first word");
		ok(fm_fill_word(key, 1) == v[i].word[1], "second word");
	}
	ok(fm_fill_word(1234567, 0) == UINT64_C(6457827717110365317) &&
		fm_fill_word(1234567, 4) == UINT64_C(16408922859458223821),
	    "splitmix64's published vector");
}

/* Fills n elements of `type` from the text of a fill, for seed 7, input 0. */
static void
fill(struct fm_tensor *t, const char *spec, enum fm_type type, int64_t n,
    uint64_t rep)
{
	struct fm_err err = FM_ERR_INIT;
	json_t *v = json_loads(spec, 0, NULL);
	struct fm_fill f;

	ok(fm_fill_read(&f, v, &err) == 0, spec);
	ok(fm_tensor_shape(t, type, 1, &n, &err) == 0, "shaped");
	fm_fill_tensor(&f, t, fm_fill_key(7, 0, rep));
	fm_fill_release(&f);
	json_decref(v);
}

static void
test_kinds(void)
{
	static const int64_t want[] = { 13381, 17506, 38960, 39039, 1702, 43219,
		9904, 14164 };
	static const int64_t two[] = { 1, 1, 11, 11, 0, 12, 0, 1 };
	static const double line[] = { -0.20143998292347376,
		0.04475900675635236, 1.3252845053753441, 1.3300135059948985 };
	struct fm_tensor t = FM_TENSOR_INIT;
	int64_t k, sum = 0;

	fill(&t, "{\"tokens\":[[3,50264]]}", FM_TYPE_INT64, 8, 1);
	ok(memcmp(t.data, want, sizeof want) == 0, "tokens");
	fill(&t, "{\"tokens\":[[0,2],[10,13]]}", FM_TYPE_INT64, 8, 1);
	ok(memcmp(t.data, two, sizeof two) == 0, "tokens of two ranges");
	fill(&t, "{\"tokens\":[[0,2],[10,13]]}", FM_TYPE_INT32, 8, 1);
	for (k = 0; k < 8; k++)
		is_int((intmax_t)fm_tensor_get(&t, k), two[k], "as int32");
	fill(&t, "{\"tokens\":[[3,50264]]}", FM_TYPE_INT64, 128, 2);
	for (k = 0; k < 128; k++)
		sum += ((int64_t *)t.data)[k];
	is_int(sum, 3614682, "tokens of another repetition");
	fill(&t, "{\"uniform\":[-1,2]}", FM_TYPE_DOUBLE, 4, 1);
	ok(memcmp(t.data, line, sizeof line) == 0, "uniform, to the last bit");
	fill(&t, "{\"uniform\":[-1,2]}", FM_TYPE_FLOAT, 4, 1);
	for (k = 0; k < 4; k++)
		ok(((float *)t.data)[k] == (float)line[k], "as float");
	fill(&t, "{\"value\":9007199254740993}", FM_TYPE_INT64, 3, 1);
	ok(((int64_t *)t.data)[2] == INT64_C(9007199254740993),
	    "a value beyond 2^53");
	fill(&t, "{\"value\":true}", FM_TYPE_BOOL, 3, 1);
	ok(memcmp(t.data, "\1\1\1", 3) == 0, "true");
	fill(&t, "{\"value\":0.5}", FM_TYPE_FLOAT16, 2, 1);
	ok(((uint16_t *)t.data)[1] == 0x3800, "a half");
	fill(&t, "null", FM_TYPE_FLOAT, 2, 1);
	ok(((float *)t.data)[1] == 0, "none is zero");
	fill(&t, "{\"uniform\":[0,1]}", FM_TYPE_FLOAT, 0, 1);
	is_int(fm_tensor_elems(&t), 0, "no elements");
	fm_tensor_release(&t);
}

static void
test_errors(void)
{
	static const char ranges[] =
	    "fill 'tokens' must be a list of id ranges [lo, hi), "
	    "0 <= lo < hi, of fewer than 4294967296 ids together";
	static const char kinds[] =
	    "a fill must be one of {\"value\": v}, {\"tokens\": [[lo, hi]]}, "
	    "{\"uniform\": [lo, hi]} and {\"file\": name}";
	static const struct {
		const char *spec, *text;
	} bad[] = {
		{ "{\"tokens\":[]}", ranges },
		{ "{\"tokens\":[[3,3]]}", ranges },
		{ "{\"tokens\":[[-1,3]]}", ranges },
		{ "{\"tokens\":[3,4]}", ranges },
		{ "{\"tokens\":[[0,4294967295],[0,4294967295]]}", ranges },
		{ "{\"tokens\":7}", ranges },
		{ "{\"uniform\":[1]}",
		    "fill 'uniform' must be two numbers [lo, hi]" },
		{ "{\"value\":\"x\"}",
		    "fill 'value' must be a number, true or false" },
		{ "{\"file\":1}", "fill 'file' must be the name of a file" },
		{ "{}", kinds },
		{ "{\"zeros\":1}", kinds },
		{ "{\"value\":1,\"file\":\"x\"}", kinds },
		{ "[1]", kinds },
	};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct fm_err err = FM_ERR_INIT;
		json_t *v = json_loads(bad[i].spec, 0, NULL);
		struct fm_fill f;

		ok(v && fm_fill_read(&f, v, &err) == -1, bad[i].spec);
		is_str(err.text, bad[i].text, "its message");
		is_int(err.code, FM_USAGE, "its code");
		json_decref(v);
	}
}

int
main(void)
{
	test_words();
	test_kinds();
	test_errors();
	return done();
}
