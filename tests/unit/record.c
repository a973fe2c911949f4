/*
 * The lines that fm prints: exact text, the way back, and what is refused.
 */
#include "record.h"
#include "record_gen.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "alloc.h"
#include "buf.h"
#include "json.h"

static const char *
text(struct fm_buf *b)
{
	if (b->len && b->s[b->len - 1] == '\n')
		b->s[b->len - 1] = '\0';
	b->len = 0;
	return b->s;
}

static void
test_tags(void)
{
	static const struct {
		const char *line;
		enum fm_tag tag;
		const char *body;
	} t[] = {
		{ "FMWORK REP 1 2", FM_TAG_REP, "1 2" },
		{ "FMWORK RES", FM_TAG_RES, "" },
		{ "FMWORK OK", FM_TAG_OK, "" },
		{ "FMWORK ARG --reps 3", FM_TAG_ARG, "--reps 3" },
		{ "FMWORK ARGUMENT x", FM_TAG_OTHER, "x" },
		{ "FMWORK RE x", FM_TAG_OTHER, "x" },
		{ "FMWORK  REP", FM_TAG_OTHER, "REP" },
		{ "FMWORK ", FM_TAG_OTHER, "" },
		{ "FMWORK", FM_TAG_NONE, "" },
		{ " FMWORK REP", FM_TAG_NONE, "" },
		{ "FMWORKS REP", FM_TAG_NONE, "" },
		{ "", FM_TAG_NONE, "" },
	};
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		const char *body;
		enum fm_tag tag =
		    fm_record_tag(t[i].line, strlen(t[i].line), &body);

		is_int(tag, t[i].tag, t[i].line);
		is_str(body, t[i].body, "body");
	}
	is_int(fm_record_tag("FMWORK ARG\0\0\0 x", 15, &(const char *){ "" }),
	    FM_TAG_OTHER, "NUL bytes are part of a tag");
	for (i = FM_TAG_ARG; i < FM_TAGS; i++) {
		const char *body;
		char *line =
		    fm_strdupf("FMWORK %s x", fm_tag_word((enum fm_tag)i));

		is_int(fm_record_tag(line, strlen(line), &body), (int)i, line);
		free(line);
	}
}

static void
test_rep(void)
{
	static const struct fm_rep t[] = {
		{ 1, 3, 1732170000088153850, 1732170000145211219, 57057369 },
		{ 100, 0, 1108911088153850, 1108912088153849, 999999999 },
		{ 7, 12345, 5, 1000000005, 1000000000 },
		{ 2, 2, 1732170000000000000, 1732169999999999999, -1 },
	};
	static const char *const want[] = {
		"FMWORK REP 1 3 1732170000.088153850 1732170000.145211219 "
		"0.057057369",
		"FMWORK REP 100 0 1108911.088153850 1108912.088153849 "
		"0.999999999",
		"FMWORK REP 7 12345 .000000005 1.000000005 1.000000000",
		"FMWORK REP 2 2 1732170000.000000000 1732169999.999999999 "
		"-0.000000001",
	};
	static const char *const bad[] = {
		"FMWORK REP 1 3 1.000000000 2.000000000 0.05705736",
		"FMWORK REP 1 3 1.000000000 2.000000000",
		"FMWORK REP 1 3 1.000000000 2.000000000 nan",
		"FMWORK REP 1 3 1.000000000 2.000000000 1.000000000 x",
		"FMWORK REP x 3 1.000000000 2.000000000 1.000000000",
		"FMWORK REP 1 3 1000000000000.000000000 2.000000000 1.0000000",
		"FMWORK RES 1 3 1.000000000 2.000000000 1.000000000",
		"FMWORK REP",
	};
	struct fm_buf b = FM_BUF_INIT;
	struct fm_rep r;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		fm_record_put_rep(&b, &t[i]);
		is_str(text(&b), want[i], "REP");
		ok(fm_record_get_rep(want[i], strlen(want[i]), &r), "is read");
		ok(memcmp(&r, &t[i], sizeof r) == 0, "as it was");
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!fm_record_get_rep(bad[i], strlen(bad[i]), &r), bad[i]);
	fm_buf_release(&b);
}

static void
test_res(void)
{
	struct fm_res r = { 1108911088153850, 1108911511364127,
		"ibm-granite/granite-embedding-125m-english", "RobertaModel",
		128, 1, 0.003691 };
	struct fm_buf b = FM_BUF_INIT;

	fm_record_put_res(&b, &r);
	is_str(text(&b),
	    "FMWORK RES 1108911.088153850 1108911.511364127 "
	    "ibm-granite/granite-embedding-125m-english RobertaModel 128 1 "
	    "3.691 270.9",
	    "RES");
	r.med_s = 0.0000625; /* 0.0625: a half goes to the even digit */
	r.batch = 64;
	r.model = "a b";
	fm_record_put_res(&b, &r);
	is_str(text(&b),
	    "FMWORK RES 1108911.088153850 1108911.511364127 a b RobertaModel "
	    "128 64 0.062 1024000.0",
	    "RES rounds as C does");
	fm_buf_release(&b);
}

/* A first token that took longer than all of them: fmwork divides all the
 * same. */
static void
test_gen(void)
{
	struct fm_gen_point p = { "m", 64, 4, 2, 1 };
	struct fm_gen_res first = { 0, 0, 0.5, 0.125 };
	struct fm_gen_res all = { 1000000000, 2000000000, 0.375, 0.25 };
	struct fm_buf b = FM_BUF_INIT;
	const char *s;

	fm_record_put_gen(&b, &p, &first, &all);
	s = strstr(text(&b), "FMWORK GEN");
	is_str(s ? s : "",
	    "FMWORK GEN 1.000000000 2.000000000 m 64 4 2 1 0.125 0.250 0.375 "
	    "-0.125 0.500 -31.250 -64.0",
	    "GEN of a slow first token");
	fm_buf_release(&b);
}

static void
test_err(void)
{
	static const char line[] = "FMWORK ERR oom 65536 1 4 cannot get 12 GB";
	static const char *const bad[] = { "FMWORK ERR", "FMWORK ERR oom",
		"FMWORK ERR oom 1 1", "FMWORK ERR oom 1 x 1 y",
		"FMWORK ERR averyveryverylongword 1 1 1 x" };
	struct fm_buf b = FM_BUF_INIT;
	struct fm_err_line e;
	size_t i;

	fm_record_put_err(&b, FM_OOM, 65536, 1, 4, "cannot get 12 GB");
	is_str(text(&b), line, "ERR");
	ok(fm_record_get_err(line, strlen(line), &e), "is read");
	is_int(e.code, FM_OOM, "code");
	is_int(e.input, 65536, "input");
	is_int(e.output, 1, "output");
	is_int(e.batch, 4, "batch");
	is_str(e.text, "cannot get 12 GB", "text");
	fm_record_put_err(&b, FM_DIED, 0, 0, 0, "two\nlines\r");
	is_str(text(&b), "FMWORK ERR died 0 0 0 two lines ", "one line");
	ok(fm_record_get_err("FMWORK ERR io 0 0 0", 19, &e), "empty text");
	is_int((intmax_t)e.text_len, 0, "of no bytes");
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!fm_record_get_err(bad[i], strlen(bad[i]), &e), bad[i]);
	fm_buf_release(&b);
}

static void
test_free(void)
{
	struct fm_buf b = FM_BUF_INIT;
	json_t *v = json_pack("{s:s,s:[i,i]}", "a", "b\n", "c", 1, 2), *back;

	fm_record_put_text(&b, FM_TAG_ARG, "--x a\nb");
	is_str(text(&b), "FMWORK ARG --x a b", "ARG");
	fm_record_put_json(&b, FM_TAG_SYS, v);
	ok(strncmp(text(&b), "FMWORK SYS {", 12) == 0, "SYS");
	back = json_loads(b.s + 11, 0, NULL);
	ok(back && json_equal(back, v), "holds its value");
	json_decref(back);
	fm_record_put_setup(&b, 251309600);
	is_str(text(&b), "FMWORK SETUP 0.251310", "SETUP");
	json_decref(v);
	fm_buf_release(&b);
}

int
main(void)
{
	test_tags();
	test_rep();
	test_res();
	test_gen();
	test_err();
	test_free();
	return done();
}
