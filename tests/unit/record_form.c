/*
 * The table of dialects: every form is recognised as its own, and a line that
 * is read and printed is the same line. Near misses fit no form.
 */
#include "record_form.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "alloc.h"
#include "buf.h"
#include "fill.h"

static const struct {
	enum fm_dialect dialect;
	const char *line;
} lines[] = {
	{ FM_DIALECT_EMBED, "FMWORK REP 1 100 1108911.088153850 "
			    "1108911.845211219 0.757057369" },
	{ FM_DIALECT_EMBED,
	    "FMWORK REP 1 100 .000000005 1.000000005 1.000000000" },
	{ FM_DIALECT_INFER,
	    "FMWORK REP 2 5 1755063811.295244652 1755063811.324200424 "
	    "meta-llama/Llama-3.1-8B 1024 1 1 1 0.028955772 28.956 34.5" },
	{ FM_DIALECT_INFER,
	    "FMWORK REP 2 5 1.295244652 1.324200424 a b c 1024 1 1 1 "
	    "0.028955772 28.956 34.5" },
	{ FM_DIALECT_CLASSIC, "FMWORK REP   1 /   3 : 1795241915.434681947 "
			      "1795241915.486809625 0.052 52.1 19.2" },
	{ FM_DIALECT_CLASSIC, "FMWORK REP 1000 / 1000 : 5.434681947 "
			      "5.486809625 0.052 52.1 19.2" },
	{ FM_DIALECT_NELSON,
	    "FMWORK REP  12 /  30 : 64 8 1 1 5.434681947 5.486809625 0.052 "
	    "52.1 19.2" },
	{ FM_DIALECT_VISION0, "FMWORK REP 2 8 2 1 0.055 6.9 290.5" },
	{ FM_DIALECT_VISION,
	    "FMWORK REP 20261121-061858.270852 1 5 64 8 2 1 2 8 0.190 0.500 "
	    "0.300 37.500 53.333" },
	{ FM_DIALECT_CEREBRAS,
	    "FMWORK REP llama3.1-8b 128 64 1 | 130 64 | 0.000100 0.001000 "
	    "0.050000 0.060000 | 0.781 1280.000" },
	{ FM_DIALECT_CEREBRAS0,
	    "FMWORK REP llama3.1-8b 128 64 1 | 130 64 | 0.000100000 "
	    "0.001000000 0.050000000 0.060000000" },
	{ FM_DIALECT_EMBED,
	    "FMWORK RES 1108911.088153850 1108912.235531503 "
	    "ibm-granite/granite RobertaModel 128 1 3.691 270.9" },
	{ FM_DIALECT_EMBED,
	    "FMWORK RES 1.0 2.0 my own model RobertaModel 128 1 3.691 270.9" },
	{ FM_DIALECT_EMBED, "FMWORK RES 1 2 a C 128 1 nan inf" },
	{ FM_DIALECT_EMBED0,
	    "FMWORK RES granite RobertaModel 128 1 3.691 270.9" },
	{ FM_DIALECT_INFER,
	    "FMWORK RES 1.1 2.2 a b/c 1024 128 1 1 0.016 0.917 7.165 139.6" },
	{ FM_DIALECT_CLASSIC,
	    "FMWORK RES 20261121-061835.491344 64 1 1 1 0.002106 2.1 474.9" },
	{ FM_DIALECT_OLD,
	    "FMWORK RES 20240926-183953.009140 1024 1024 1 1 8.204 8.0 124.8" },
	{ FM_DIALECT_VISION0, "FMWORK RES 20250301-000000.000001 64 32 1 2 3 4 "
			      "0.002106 2.1 474.9" },
	{ FM_DIALECT_CLASSIC,
	    "FMWORK GEN 20250621-014836.577621 1024 128 1 4 6.831 6.473 0.358 "
	    "50.6 19.8" },
	{ FM_DIALECT_CLASSIC,
	    "FMWORK GEN 20250621-014836.577621 1024 128 1 4 6.831 6.473 0.358 "
	    "-5.9 -677.8" },
	{ FM_DIALECT_NELSON,
	    "FMWORK GEN 20250621-014836.577621 64 8 1 1 0.001 0.002 0.005 "
	    "0.003 0.002 0.4 2850.0" },
	{ FM_DIALECT_ROCM,
	    "FMWORK GEN 20250621-014836.577621 64 8 1 1 0.6 1629.8 0.005 0.003 "
	    "0.002 0.4 2494.0" },
	{ FM_DIALECT_VISION, "FMWORK GEN 20261121-061858.726491 64 32 64 8 1 1 "
			     "0.000 0.000 0.002 "
			     "0.003 0.350 2857.224" },
	{ FM_DIALECT_INFER,
	    "FMWORK GEN 1.1 2.2 m 1024 128 1 1 0.016 0.003 0.917 0.890 0.027 "
	    "6.954 143.8" },
	{ FM_DIALECT_VISION, "FMWORK OLD 2 8 2 1 0.055 6.9 290.5" },
	{ FM_DIALECT_VISION_DT, "FMWORK DT 64 8 1 1 0.004964" },
	{ FM_DIALECT_NONE, "FMWORK SETUP 65.255954" },
	{ FM_DIALECT_NONE, "FMWORK DATASET 0.000001" },
	{ FM_DIALECT_FM, "FMWORK TOK 3 0.027000000 0.890000000 128" },
	{ FM_DIALECT_CLASSIC, "FMWORK TOK [0, 1, 2, 3]" },
	{ FM_DIALECT_CLASSIC, "FMWORK TXT 'it''s  text'" },
	{ FM_DIALECT_CLASSIC, "FMWORK OUT 64 4 2 1 1 0.053 64 4 1.0 1.5 1.01 "
			      "1.2 0.01 None 1e-05" },
	{ FM_DIALECT_NONE, "FMWORK ARG --model:torch_dtype@ torch.bfloat16" },
	{ FM_DIALECT_NONE, "FMWORK EXP VLLM_USE_V1=1" },
	{ FM_DIALECT_NONE, "FMWORK ENV PATH=/usr/bin" },
	{ FM_DIALECT_NONE, "FMWORK POS 1 x ['a b'] 3 path" },
};

/* Cut, mixed, or of no dialect. */
static const char *const misses[] = {
	"FMWORK REP 1 100 1108911.088153850 1108911.845211219 0.75705736",
	"FMWORK REP 1 100 1108911.088153850 1108911.845211219",
	"FMWORK REP 1 100 1108911.088153850 1108911.845211219 0.757057369 1",
	"FMWORK REP 1 100  1108911.088153850 1108911.845211219 0.757057369",
	"FMWORK REP -1 100 1108911.088153850 1108911.845211219 0.757057369",
	"FMWORK REP   1 /   3 : 5.434681947 5.486809625 0.052 52.1 19.",
	"FMWORK REP   1 |   3 : 5.434681947 5.486809625 0.052 52.1 19.2",
	"FMWORK RES 1.0 2.0 granite RobertaModel 128 1 3.691 270.",
	"FMWORK RES 1.0 2.0 granite RobertaModel 128 1 3.69 270.9",
	"FMWORK RES 1.0 2.0 granite RobertaModel 128 x 3.691 270.9",
	"FMWORK RES 20261121-061835.49134 64 1 1 1 0.002106 2.1 474.9",
	"FMWORK RES",
	"FMWORK GEN 20250621-014836.577621 1024 128 1 4 6.831 6.473 0.358 50.6",
	"FMWORK GEN 1.1 2.2 m 1024 128 1 1 0.016 0.003 0.917 0.890 6.954 143.8",
	"FMWORK SETUP 65.25595",
	"FMWORK SETUP",
	"FMWORK DT 64 8 1 1 0.00496",
	"FMWORK SYS {}",
	"FMWORK KEY x",
	"FMWORK NEW 1",
	"REP 1 100 1108911.088153850 1108911.845211219 0.757057369",
};

static void
test_identity(void)
{
	struct fm_buf b = FM_BUF_INIT;
	struct fm_line l;
	size_t i;

	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		const char *s = lines[i].line;

		ok(fm_line_get(&l, s, strlen(s)), s);
		is_str(fm_dialect_name(fm_form_dialect(l.form)),
		    fm_dialect_name(lines[i].dialect), "its dialect");
		fm_buf_clear(&b);
		fm_line_put(&b, &l);
		b.s[b.len - 1] = '\0';
		is_str(b.s, s, "printed as it was");
	}
	fm_buf_release(&b);
}

static void
test_misses(void)
{
	struct fm_line l;
	size_t i;

	for (i = 0; i < sizeof misses / sizeof *misses; i++)
		ok(!fm_line_get(&l, misses[i], strlen(misses[i])), misses[i]);
}

/*
 * Damaged lines: whatever is read prints as what was read, and reads back
 * as the same fields.
 */
static void
test_damage(void)
{
	struct fm_buf a = FM_BUF_INIT, b = FM_BUF_INIT;
	struct fm_line l, again;
	size_t i, bad = 0, whole = 0, k = 0;

	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		size_t n = strlen(lines[i].line), round;

		for (round = 0; round < 400; round++) {
			char *s = fm_strdup(lines[i].line);
			size_t cut = n;

			k++;
			s[fm_fill_word(1, k) % n] =
			    "0123456789. -/|:nanFMx"[fm_fill_word(2, k) % 22];
			if (round % 4 == 0)
				cut = fm_fill_word(3, k) % n;
			fm_buf_clear(&a);
			fm_buf_clear(&b);
			if (fm_line_get(&l, s, cut)) {
				whole++;
				fm_line_put(&a, &l);
				bad += !fm_line_get(&again, a.s, a.len - 1);
				fm_line_put(&b, &again);
				bad += strcmp(a.s, b.s) != 0;
			}
			free(s);
		}
	}
	is_int((intmax_t)bad, 0, "what is read prints and reads the same");
	ok(whole > 1000, "enough damaged lines are still lines");
	fm_buf_release(&a);
	fm_buf_release(&b);
}

/* A name as people give them: words, slashes, bytes beyond ASCII. */
static size_t
random_name(char *s, uint64_t *k)
{
	static const char letters[] = "abcXYZ0189.-_/+:|\xc3\xa9";
	size_t n = 1 + fm_fill_word(5, (*k)++) % 30, i;

	for (i = 0; i < n; i++) {
		uint64_t r = fm_fill_word(5, (*k)++);

		s[i] = letters[r % (sizeof letters - 1)];
		if (i > 0 && i + 1 < n && s[i - 1] != ' ' && r % 7 == 0)
			s[i] = ' ';
	}
	return n;
}

/* The same kind of value with other digits. */
static size_t
random_digits(char *s, struct fm_text t, uint64_t *k)
{
	size_t i;

	for (i = 0; i < t.n; i++) {
		s[i] = t.s[i];
		if (s[i] >= '0' && s[i] <= '9')
			s[i] = (char)('0' + fm_fill_word(6, (*k)++) % 10);
	}
	return t.n;
}

static bool
same_fields(const struct fm_line *a, const struct fm_line *b)
{
	int f;

	for (f = 0; f < FM_FIELDS; f++)
		if (a->f[f].n != b->f[f].n ||
		    (a->f[f].n && memcmp(a->f[f].s, b->f[f].s, a->f[f].n) != 0))
			return false;
	return a->form == b->form;
}

/*
 * Any values of a form, printed and read again, are the same values of the
 * same form. The only texts that are not free are those whose form hangs on
 * what they say: TOK and TXT.
 */
static void
test_property(void)
{
	struct fm_buf b = FM_BUF_INIT;
	struct fm_line l, random, again;
	char text[FM_FIELDS][64];
	size_t i, round, bad = 0;
	uint64_t k = 0;
	int f;

	for (i = 0; i < sizeof lines / sizeof *lines; i++)
		for (round = 0; round < 500; round++) {
			if (!fm_line_get(
				&l, lines[i].line, strlen(lines[i].line)))
				break;
			random = l;
			for (f = 0; f < FM_FIELDS; f++) {
				bool name = f == FM_F_MODEL;

				if (l.f[f].n == 0 || l.f[f].n > 63)
					continue;
				random.f[f].s = text[f];
				random.f[f].n =
				    name ? random_name(text[f], &k)
					 : random_digits(text[f], l.f[f], &k);
			}
			fm_buf_clear(&b);
			fm_line_put(&b, &random);
			if (!fm_line_get(&again, b.s, b.len - 1) ||
			    !same_fields(&random, &again)) {
				if (bad++ == 0)
					printf("# %s", b.s);
			}
		}
	is_int((intmax_t)bad, 0, "any values come back as they were");
	fm_buf_release(&b);
}

int
main(void)
{
	test_property();
	test_identity();
	test_misses();
	test_damage();
	return done();
}
