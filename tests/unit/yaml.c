/*
 * lib/yaml.h: what YAML means as JSON, every message with its line, and that
 * what is written reads back as it was (on random values, too).
 */
#include "yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "buf.h"
#include "err.h"

struct example {
	const char *text, *want;
};

static const struct example values[] = {
	{ "", "null" },
	{ "# nothing\n", "null" },
	{ "---\n...\n", "null" },
	{ "[~, null, Null, NULL, '']", "[null,null,null,null,\"\"]" },
	{ "[true, True, TRUE, false, False, FALSE, tRue]",
	    "[true,true,true,false,false,false,\"tRue\"]" },
	{ "[yes, no, on, off, y]", "[\"yes\",\"no\",\"on\",\"off\",\"y\"]" },
	{ "[1, -2, +3, 007, 0x1F, 0o17]", "[1,-2,3,7,31,15]" },
	{ "[9223372036854775807, 0x7fffffffffffffff]",
	    "[9223372036854775807,9223372036854775807]" },
	{ "[0x, 0o8, 0xg, 0b1, 1_000, 12:30]",
	    "[\"0x\",\"0o8\",\"0xg\",\"0b1\",\"1_000\",\"12:30\"]" },
	{ "[4e11, 1.5, .5, 1., -1e-3, +2E+1]",
	    "[400000000000.0,1.5,0.5,1.0,-0.001,20.0]" },
	{ "[., e1, 1e, -, +, 1.2.3, 2026-11-21]",
	    "[\".\",\"e1\",\"1e\",\"-\",\"+\",\"1.2.3\",\"2026-11-21\"]" },
	{ "['1', \"true\", '~', \".inf\"]", "[\"1\",\"true\",\"~\",\".inf\"]" },
	{ "a: 1\nb:\n  c: x\nd:\n",
	    "{\"a\":1,\"b\":{\"c\":\"x\"},\"d\":null}" },
	{ "1: a\ntrue: b\n", "{\"1\":\"a\",\"true\":\"b\"}" },
	{ "- a\n- - b\n- {}\n- []\n", "[\"a\",[\"b\"],{},[]]" },
	{ "s: |\n  a\n  b\nf: >-\n  a\n  b\n",
	    "{\"s\":\"a\\nb\\n\",\"f\":\"a b\"}" },
	{ "\"a\\tb\\u00e9\\0\"", "\"a\\tb\\u00E9\\u0000\"" },
	{ "a: &x [1]\nb: *x\nc: &x 2\nd: *x\n",
	    "{\"a\":[1],\"b\":[1],\"c\":2,\"d\":2}" },
	{ "a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n",
	    "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"q\":3,\"p\":1}}" },
	{ "<<: [{p: 1}, {p: 2, q: 3}]\n", "{\"p\":1,\"q\":3}" },
	{ "'<<': 1\n", "{\"<<\":1}" },
};

static const struct example errors[] = {
	{ "a: 1\na: 2\n", "f:2: the key 'a' is here twice" },
	{ "a: .inf\n",
	    "f:1: '.inf' is not a number that can be used; quote it if it is "
	    "a text" },
	{ "- 1\n- .NaN\n",
	    "f:2: '.NaN' is not a number that can be used; quote it if it is "
	    "a text" },
	{ "9223372036854775808",
	    "f:1: '9223372036854775808' is too large for a whole number; "
	    "quote it if it is a text" },
	{ "0x10000000000000000",
	    "f:1: '0x10000000000000000' is too large for a whole number; "
	    "quote it if it is a text" },
	{ "1e999",
	    "f:1: '1e999' is too large or too long for a number; quote it if "
	    "it is a text" },
	{ "a: 1\n---\nb: 2\n",
	    "f:2: a second document, where one is expected" },
	{ "---\n---\n", "f:2: a second document, where one is expected" },
	{ "a: [1\nb: 2", "f:2: did not find expected ',' or ']'" },
	{ "a: *x\n", "f:1: there is no anchor '&x' before this" },
	{ "a: &a [*a]\n", "f:1: there is no anchor '&a' before this" },
	{ "a: 1\nb: !!str 1\n",
	    "f:2: the tag 'tag:yaml.org,2002:str' is not supported" },
	{ "!x [1]", "f:1: the tag '!x' is not supported" },
	{ "!x {a: 1}", "f:1: the tag '!x' is not supported" },
	{ "? [1]\n: 2\n", "f:1: a key must be a plain text" },
	{ "a: &x b\n*x : 1\n", "f:2: a key must be a plain text" },
	{ "\"a\\0b\": 1\n", "f:1: a key must be a plain text" },
	{ "!x a: 1\n", "f:1: a key must be a plain text" },
	{ "<<: 1\n", "f:1: '<<' needs a mapping or a list of mappings" },
	{ "<<: [1]\n", "f:1: '<<' needs a mapping or a list of mappings" },
	{ "a: b\n\xff", "f:2: invalid leading UTF-8 octet" },
	{ "\ta: b", "f:1: found character that cannot start any token" },
	{ "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
	  "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
	  "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
	  "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
	  "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
	    "f:6: more than a million values" },
};

static void
test_values(void)
{
	size_t i;

	for (i = 0; i < sizeof values / sizeof *values; i++) {
		struct fm_err err = FM_ERR_INIT;
		const char *text = values[i].text;
		json_t *v = fm_yaml_parse(text, strlen(text), "f", &err);
		char *got = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT |
						  JSON_ENSURE_ASCII)
			      : NULL;

		is_str(v ? got : err.text, values[i].want, "value");
		free(got);
		json_decref(v);
	}
}

static void
test_errors(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof errors / sizeof *errors; i++) {
		const char *text = errors[i].text;
		json_t *v;

		fm_err_clear(&err);
		v = fm_yaml_parse(text, strlen(text), "f", &err);
		ok(!v && err.code == FM_USAGE, "refused");
		is_str(err.text, errors[i].want, "... message");
		json_decref(v);
	}
	for (i = 0; i < 120; i++)
		fm_buf_putc(&b, '[');
	fm_err_clear(&err);
	ok(!fm_yaml_parse(b.s, b.len, "f", &err), "refused");
	is_str(err.text, "f:1: nested too deeply", "... message");
	fm_buf_release(&b);
}

static void
test_file(void)
{
	char path[] = "/tmp/fm-yaml-XXXXXX", want[200];
	int fd = mkstemp(path);
	struct fm_err err = FM_ERR_INIT;
	json_t *v;

	ok(fd >= 0 && write(fd, "a: [1, 2\n", 9) == 9, "a file");
	ok(!fm_yaml_read_file(path, &err), "which is wrong");
	(void)snprintf(
	    want, sizeof want, "%s:2: did not find expected ',' or ']'", path);
	is_str(err.text, want, "... message");
	ok(write(fd, "]\n", 2) == 2, "and is mended");
	fm_err_clear(&err);
	v = fm_yaml_read_file(path, &err);
	is_int((intmax_t)json_array_size(json_object_get(v, "a")), 2, "reads");
	json_decref(v);
	(void)close(fd);
	(void)unlink(path);
	ok(!fm_yaml_read_file(path, &err), "no file");
	is_int(err.code, FM_IO, "... code");
}

static void
test_line(void)
{
	static const char text[] = "# sweep\na: 1\nb:\n  - x\n  - y: 1\n"
				   "    z: [1,\n     2]\nc.d: 3\n";
	static const struct {
		const char *path;
		int line;
	} cases[] = {
		{ "", 2 },
		{ "a", 2 },
		{ "b", 4 },
		{ "b.0", 4 },
		{ "b.1", 5 },
		{ "b.1.y", 5 },
		{ "b.1.z", 6 },
		{ "b.1.z.1", 7 },
		{ "c.d", 8 },
		{ "b.2", 0 },
		{ "nowhere", 0 },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(fm_yaml_line(text, sizeof text - 1, cases[i].path),
		    cases[i].line, cases[i].path);
	is_int(fm_yaml_line("a: 1\nb: [", 9, "a"), 1, "before an error");
}

static void
test_put(void)
{
	static const char want[] = "name: a b/c\n"
				   "empty: {}\n"
				   "list:\n"
				   "  - 1\n"
				   "  - - x\n"
				   "    - []\n"
				   "  - k: null\n"
				   "    w: true\n"
				   "real: 1.0e-05\n"
				   "\"yes\": \"no\"\n"
				   "odd: \"a: b\"\n";
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	json_t *v =
	    json_pack("{s:s, s:{}, s:[i,[s,[]],{s:n,s:b}], s:f, s:s, s:s}",
		"name", "a b/c", "empty", "list", 1, "x", "k", "w", 1, "real",
		1e-5, "yes", "no", "odd", "a: b");

	is_int(fm_yaml_put(&b, v, &err), 0, "writes");
	is_str(b.s, want, "... in block style");
	json_decref(v);
	fm_buf_release(&b);
}

static void
test_put_errors(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	json_t *v = json_array();
	char key[1002];
	int i;

	for (i = 0; i < 100; i++)
		v = json_pack("[o]", v);
	is_int(fm_yaml_put(&b, v, &err), 0, "nested 100 deep");
	json_decref(fm_yaml_parse(b.s, b.len, "f", &err));
	is_str(err.text, "", "... and read back");
	v = json_pack("[o]", v);
	is_int(fm_yaml_put(&b, v, &err), -1, "nested 101 deep");
	is_str(err.text, "values nested too deeply for YAML", "... message");
	json_decref(v);

	memset(key, 'k', sizeof key - 1);
	key[sizeof key - 1] = '\0';
	v = json_pack("{s:i}", key, 1);
	fm_err_clear(&err);
	is_int(fm_yaml_put(&b, v, &err), -1, "a long key");
	is_str(err.text, "a key of 1001 bytes is too long for YAML",
	    "... message");
	json_decref(v);
	fm_buf_release(&b);
}

/* Random values: xorshift, so that a failure can be repeated. */
static uint64_t state = 88172645463325252u;

static unsigned
below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

/* Pieces that mean something in YAML, in any order. */
static json_t *
random_string(void)
{
	static const char *const pieces[] = { "", "a", "Z", "0", "1", "-", "- ",
		": ", ":", " #", "#", "[", "]", "{", "}", ",", "&", "*", "!",
		"|", ">", "'", "\"", "%", "@", "`", "\\", "\n", "\t", " ", "~",
		"null", "true", "No", ".5", ".inf", "e3", "0x", "<<", "---",
		"...", "? ", "=", "\xc3\xa9", "\xc2\x85", "\xe2\x80\xa8",
		"\xef\xbb\xbf", "\xf0\x9f\x98\x80", "\1", "\x7f", "_", "/" };
	struct fm_buf b = FM_BUF_INIT;
	unsigned n = below(5);
	json_t *v;

	while (n--)
		fm_buf_puts(&b, pieces[below(sizeof pieces / sizeof *pieces)]);
	v = json_string(b.s);
	fm_buf_release(&b);
	return v;
}

static json_t *
random_value(int depth)
{
	unsigned n = below(4), kind = below(depth < 4 ? 8 : 6);
	json_t *v, *key;

	switch (kind) {
	case 0:
		return json_null();
	case 1:
		return json_boolean(below(2));
	case 2:
		return json_integer((json_int_t)(state << below(64)));
	case 3:
		return json_real((double)(int64_t)state /
				 (double)(1 + (state >> below(64))));
	case 6:
		v = json_array();
		while (n--)
			json_array_append_new(v, random_value(depth + 1));
		return v;
	case 7:
		v = json_object();
		while (n--) {
			key = random_string();
			json_object_set_new(
			    v, json_string_value(key), random_value(depth + 1));
			json_decref(key);
		}
		return v;
	default:
		return random_string();
	}
}

static void
test_round_trip(void)
{
	struct fm_buf b = FM_BUF_INIT;
	int i, bad = 0;

	for (i = 0; i < 20000; i++) {
		struct fm_err err = FM_ERR_INIT;
		json_t *v = random_value(0), *back = NULL;

		fm_buf_clear(&b);
		if (fm_yaml_put(&b, v, &err) == 0)
			back = fm_yaml_parse(b.s, b.len, "back", &err);
		if ((!back || !json_equal(v, back)) && bad++ < 3)
			printf("# %s\n# %s\n", err.text, b.s);
		json_decref(v);
		json_decref(back);
	}
	is_int(bad, 0, "20000 random values read back as they were");
	fm_buf_release(&b);
}

int
main(void)
{
	test_values();
	test_errors();
	test_file();
	test_line();
	test_put();
	test_put_errors();
	test_round_trip();
	return done();
}
