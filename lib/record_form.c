/*
 * The table of dialects and the two functions that walk it. A form lists the
 * fields of a line from left to right, each with its kind. Numbers must have
 * exactly the decimals their driver prints: that tells dialects with equal
 * counts apart, and a line that was cut in its last number from a whole one.
 */
#include "record_form.h"

#include <string.h>

#include "buf.h"

enum kind {
	INT,   /* whole number */
	PAD3,  /* the same, printed at least three wide */
	STAMP, /* seconds, usually nine decimals; either part may lack */
	LOCAL, /* YYYYMMDD-HHMMSS.ffffff */
	DEC1,  /* so many decimals, or nan, inf, -inf */
	DEC3,
	DEC6,
	DEC9,
	FLOAT, /* Python's repr of a float, or None */
	WORD,  /* no blank */
	FREE,  /* blanks allowed: at most one such field in a form */
	SLASH,
	COLON,
	BAR
};

enum {
	FIELDS_MAX = 16
};

struct fm_form {
	enum fm_tag tag;
	enum fm_dialect dialect;
	struct {
		enum fm_field field;
		enum kind kind;
	} f[FIELDS_MAX + 1];
};

/* clang-format off */
#define SIZES  { FM_F_INPUT, INT }, { FM_F_OUTPUT, INT }, { FM_F_BATCH, INT }
#define POINT  SIZES, { FM_F_TP, INT }
#define IMAGE(a, b) { FM_F_IMG_##a, INT }, { FM_F_IMG_##b, INT }
#define REP_OF { FM_F_REP, INT }, { FM_F_REPS, INT }
#define REP_3  { FM_F_REP, PAD3 }, { FM_F_LIT, SLASH }, \
	       { FM_F_REPS, PAD3 }, { FM_F_LIT, COLON }
#define T0_T1  { FM_F_T0, STAMP }, { FM_F_T1, STAMP }
#define NOW    { FM_F_NOW, LOCAL }
#define MODEL  { FM_F_MODEL, FREE }
#define CLASS  { FM_F_CLASS, WORD }
#define S(field, kind) { FM_F_##field, kind }
#define IT(i, t) { FM_F_ITL, i }, { FM_F_THP, t }
#define GENS   S(MED, DEC3), S(GEN, DEC3), S(TTFT, DEC3), IT(DEC1, DEC1)
#define BAR_   { FM_F_LIT, BAR }
#define CEREB(d) MODEL, SIZES, BAR_, { FM_F_IN_REAL, INT }, \
		 { FM_F_OUT_REAL, INT }, BAR_, S(QUEUE, d), S(PROMPT, d), \
		 S(COMPLETION, d), S(DT, d)

static const struct fm_form forms[] = {
	{ FM_TAG_REP, FM_DIALECT_EMBED, { REP_OF, T0_T1, S(DT, DEC9) } },
	{ FM_TAG_REP, FM_DIALECT_CEREBRAS0, { CEREB(DEC9) } },
	{ FM_TAG_REP, FM_DIALECT_CEREBRAS,
	  { CEREB(DEC6), BAR_, IT(DEC3, DEC3) } },
	{ FM_TAG_REP, FM_DIALECT_VISION,
	  { NOW, REP_OF, POINT, S(IN_REAL, INT), S(OUT_REAL, INT),
	    S(TTFT, DEC3), S(INF, DEC3), S(GEN, DEC3), IT(DEC3, DEC3) } },
	{ FM_TAG_REP, FM_DIALECT_CLASSIC,
	  { REP_3, T0_T1, S(DT, DEC3), IT(DEC1, DEC1) } },
	{ FM_TAG_REP, FM_DIALECT_NELSON,
	  { REP_3, POINT, T0_T1, S(DT, DEC3), IT(DEC1, DEC1) } },
	{ FM_TAG_REP, FM_DIALECT_VISION0,
	  { POINT, S(DT, DEC3), IT(DEC1, DEC1) } },
	{ FM_TAG_REP, FM_DIALECT_INFER,
	  { REP_OF, T0_T1, MODEL, POINT, S(DT, DEC9), IT(DEC3, DEC1) } },

	{ FM_TAG_RES, FM_DIALECT_EMBED,
	  { T0_T1, MODEL, CLASS, S(INPUT, INT), S(BATCH, INT),
	    S(MED, DEC3), S(THP, DEC1) } },
	{ FM_TAG_RES, FM_DIALECT_CLASSIC,
	  { NOW, POINT, S(MED, DEC6), IT(DEC1, DEC1) } },
	{ FM_TAG_RES, FM_DIALECT_OLD,
	  { NOW, POINT, S(MED, DEC3), IT(DEC1, DEC1) } },
	{ FM_TAG_RES, FM_DIALECT_VISION0,
	  { NOW, IMAGE(H, W), POINT, S(MED, DEC6), IT(DEC1, DEC1) } },
	{ FM_TAG_RES, FM_DIALECT_INFER,
	  { T0_T1, MODEL, POINT, S(MAD, DEC3), S(INF, DEC3),
	    IT(DEC3, DEC1) } },
	{ FM_TAG_RES, FM_DIALECT_EMBED0,
	  { MODEL, CLASS, S(INPUT, INT), S(BATCH, INT), S(MED, DEC3),
	    S(THP, DEC1) } },

	{ FM_TAG_GEN, FM_DIALECT_CLASSIC, { NOW, POINT, GENS } },
	{ FM_TAG_GEN, FM_DIALECT_NELSON,
	  { NOW, POINT, S(MAD_TTFT, DEC3), S(MAD, DEC3), GENS } },
	{ FM_TAG_GEN, FM_DIALECT_ROCM,
	  { NOW, POINT, S(FULL_ITL, DEC1), S(FULL_THP, DEC1), GENS } },
	{ FM_TAG_GEN, FM_DIALECT_VISION,
	  { NOW, IMAGE(W, H), POINT, S(MAD_TTFT, DEC3), S(MAD, DEC3),
	    S(TTFT, DEC3), S(GEN, DEC3), IT(DEC3, DEC3) } },
	{ FM_TAG_GEN, FM_DIALECT_INFER,
	  { T0_T1, MODEL, POINT, S(MAD_TTFT, DEC3), S(MAD, DEC3),
	    S(INF, DEC3), S(GEN, DEC3), S(TTFT, DEC3), IT(DEC3, DEC1) } },

	{ FM_TAG_OLD, FM_DIALECT_VISION,
	  { POINT, S(DT, DEC3), IT(DEC1, DEC1) } },
	{ FM_TAG_DT, FM_DIALECT_VISION_DT, { POINT, S(DT, DEC6) } },
	{ FM_TAG_SETUP, FM_DIALECT_NONE, { S(SECONDS, DEC6) } },
	{ FM_TAG_DATASET, FM_DIALECT_NONE, { S(SECONDS, DEC6) } },
	{ FM_TAG_TOK, FM_DIALECT_FM,
	  { S(REP, INT), S(TTFT, DEC9), S(GEN, DEC9), S(TOKENS, INT) } },
	{ FM_TAG_TOK, FM_DIALECT_CLASSIC, { S(TEXT, FREE) } },
	{ FM_TAG_OUT, FM_DIALECT_CLASSIC,
	  { POINT, S(REP, INT), S(DT, DEC3), S(IN_REAL, INT),
	    S(OUT_REAL, INT), S(ARRIVAL, FLOAT), S(LAST, FLOAT),
	    S(SCHEDULED, FLOAT), S(FIRST, FLOAT), S(QUEUED, FLOAT),
	    S(FINISHED, FLOAT), S(SCHEDULER, FLOAT) } },
	{ FM_TAG_TXT, FM_DIALECT_CLASSIC, { S(TEXT, FREE) } },
	{ FM_TAG_ARG, FM_DIALECT_NONE, { S(TEXT, FREE) } },
	{ FM_TAG_EXP, FM_DIALECT_NONE, { S(TEXT, FREE) } },
	{ FM_TAG_ENV, FM_DIALECT_NONE, { S(TEXT, FREE) } },
	{ FM_TAG_POS, FM_DIALECT_NONE, { S(TEXT, FREE) } },
};

static const struct {
	const char *name, *engine;
} dialects[FM_DIALECTS] = {
	[FM_DIALECT_NONE] = { "none", "fmwork" },
	[FM_DIALECT_FM] = { "fm", "fm" },
	[FM_DIALECT_EMBED] = { "embed", "fmwork/embed/tf" },
	[FM_DIALECT_EMBED0] = { "embed-v1.0.0", "fmwork/embed/tf" },
	[FM_DIALECT_INFER] = { "infer", "fmwork/infer/vllm" },
	[FM_DIALECT_CLASSIC] = { "classic", "fmwork/infer/vllm" },
	[FM_DIALECT_OLD] = { "classic-2024", "fmwork/infer/vllm" },
	[FM_DIALECT_NELSON] = { "nelson", "fmwork/infer/vllm" },
	[FM_DIALECT_ROCM] = { "rocm", "fmwork/infer/vllm" },
	[FM_DIALECT_VISION] = { "vision", "fmwork/vision/vllm" },
	[FM_DIALECT_VISION0] = { "vision-old", "fmwork/vision/vllm" },
	[FM_DIALECT_VISION_DT] = { "vision-dt", "fmwork/vision/vllm" },
	[FM_DIALECT_CEREBRAS] = { "cerebras", "fmwork/infer/cerebras" },
	[FM_DIALECT_CEREBRAS0] = { "cerebras-first", "fmwork/infer/cerebras" },
};
/* clang-format on */

const char *
fm_dialect_name(enum fm_dialect d)
{
	return dialects[d].name;
}

const char *
fm_dialect_engine(enum fm_dialect d)
{
	return dialects[d].engine;
}

enum fm_tag
fm_form_tag(const struct fm_form *f)
{
	return f->tag;
}

enum fm_dialect
fm_form_dialect(const struct fm_form *f)
{
	return f->dialect;
}

/* --- kinds --------------------------------------------------------------- */

/* Are the eight bytes there digits? Upper halves that are 3, and stay so when
 * six is added. */
static bool
are_digits(const char *s)
{
	const uint64_t half = UINT64_C(0xf0f0f0f0f0f0f0f0);
	const uint64_t three = UINT64_C(0x3030303030303030);
	uint64_t x;

	memcpy(&x, s, sizeof x);
	return (((x & half) ^ three) |
		   (((x + UINT64_C(0x0606060606060606)) & half) ^ three)) == 0;
}

static size_t
digits(const char *s, size_t n)
{
	size_t i = 0;

	while (n - i >= 8 && are_digits(s + i))
		i += 8;
	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

/* Digits, a point and exactly `decimals` digits. */
static bool
is_fixed(const char *s, size_t n, size_t decimals)
{
	size_t i = digits(s, n);

	return i > 0 && n == i + 1 + decimals && s[i] == '.' &&
	       digits(s + i + 1, decimals) == decimals;
}

/* A stamp never ends a line, so its decimals need not be counted. */
static bool
is_stamp(const char *s, size_t n)
{
	size_t i = digits(s, n);

	if (i < n && s[i] == '.')
		i += 1 + digits(s + i + 1, n - i - 1);
	return i == n && n > 0 && n < 31 && !(n == 1 && *s == '.');
}

static bool
is_odd(const char *s, size_t n)
{
	return n == 3 && (memcmp(s, "nan", 3) == 0 || memcmp(s, "inf", 3) == 0);
}

static bool
is_decimal(const char *s, size_t n, size_t decimals)
{
	if (n && *s == '-')
		s++, n--;
	return is_odd(s, n) || is_fixed(s, n, decimals);
}

static bool
is_local(const char *s, size_t n)
{
	return n == 22 && digits(s, 8) == 8 && s[8] == '-' &&
	       is_fixed(s + 9, 13, 6) && s[15] == '.';
}

static bool
is_repr(const char *s, size_t n)
{
	size_t i;

	if (n == 4 && memcmp(s, "None", 4) == 0)
		return true;
	for (i = 0; i < n; i++)
		if (!memchr("0123456789+-.einfa", s[i], 18))
			return false;
	return n > 0;
}

static bool
is_literal(const char *s, size_t n, enum kind kind)
{
	return n == 1 && *s == (kind == SLASH      ? '/'
				   : kind == COLON ? ':'
						   : '|');
}

static bool
is_kind(const char *s, size_t n, enum kind kind)
{
	switch (kind) {
	case INT:
	case PAD3:
		return n > 0 && n < 19 && digits(s, n) == n;
	case STAMP:
		return is_stamp(s, n);
	case LOCAL:
		return is_local(s, n);
	case DEC1:
		return is_decimal(s, n, 1);
	case DEC3:
		return is_decimal(s, n, 3);
	case DEC6:
		return is_decimal(s, n, 6);
	case DEC9:
		return is_decimal(s, n, 9);
	case FLOAT:
		return is_repr(s, n);
	case WORD:
	case FREE:
		return n > 0;
	case SLASH:
	case COLON:
	case BAR:
		return is_literal(s, n, kind);
	}
	return false;
}

/* --- reading ------------------------------------------------------------- */

/*
 * Words are taken from the left up to the free field and from the right back
 * to it, so that its blanks do no harm. Texts go to `t`, one for each field
 * of the form.
 */
static bool
fits(const struct fm_form *form, struct fm_text *t, const char *p,
    const char *end)
{
	int i = 0, last = 0;

	while (form->f[last].field != FM_F_END)
		last++;
	for (; i < last && form->f[i].kind != FREE; i++) {
		const char *q;

		if (form->f[i].kind == PAD3)
			while (p < end && *p == ' ')
				p++;
		for (q = p; q < end && *q != ' ';)
			q++;
		if (!is_kind(p, (size_t)(q - p), form->f[i].kind))
			return false;
		t[i] = (struct fm_text){ p, (size_t)(q - p) };
		if (i + 1 == last)
			return q == end;
		if (q == end)
			return false;
		p = q + 1;
	}
	while (--last > i) {
		const char *q = end;

		while (q > p && q[-1] != ' ')
			q--;
		if (q == p ||
		    !is_kind(q, (size_t)(end - q), form->f[last].kind))
			return false;
		t[last] = (struct fm_text){ q, (size_t)(end - q) };
		end = q - 1;
	}
	t[i] = (struct fm_text){ p, (size_t)(end - p) };
	return end > p || form->f[0].field == FM_F_TEXT;
}

bool
fm_line_get(struct fm_line *l, const char *line, size_t len)
{
	struct fm_text t[FIELDS_MAX];
	const char *body;
	enum fm_tag tag = fm_record_tag(line, len, &body);
	size_t i, k;

	if (tag == FM_TAG_NONE || tag == FM_TAG_OTHER)
		return false;
	for (i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (forms[i].tag != tag ||
		    !fits(&forms[i], t, body, line + len))
			continue;
		memset(l, 0, sizeof *l);
		l->form = &forms[i];
		for (k = 0; forms[i].f[k].field != FM_F_END; k++)
			l->f[forms[i].f[k].field] = t[k];
		return true;
	}
	return false;
}

/* --- printing ------------------------------------------------------------ */

void
fm_line_put(struct fm_buf *b, const struct fm_line *l)
{
	int i;

	fm_buf_printf(b, "FMWORK %s", fm_tag_word(l->form->tag));
	for (i = 0; l->form->f[i].field != FM_F_END; i++) {
		enum kind kind = l->form->f[i].kind;
		const struct fm_text *t = &l->f[l->form->f[i].field];
		size_t n;

		fm_buf_putc(b, ' ');
		for (n = t->n; kind == PAD3 && n < 3; n++)
			fm_buf_putc(b, ' ');
		if (kind >= SLASH)
			fm_buf_putc(b, kind == SLASH   ? '/'
				       : kind == COLON ? ':'
						       : '|');
		else
			fm_buf_put(b, t->s, t->n);
	}
	fm_buf_putc(b, '\n');
}
