/*
 * The lines that fm itself prints, and reads back: tags, REP, RES, ERR and
 * the free ones. Knows the text of the log and nothing of who measured. The
 * lines of other drivers are told apart in record_dialect.c.
 */
#include "record.h"

#include <string.h>

#include "buf.h"
#include "json.h"
#include "num.h"

static const char *const words[FM_TAGS] = {
	[FM_TAG_NONE] = "",
	[FM_TAG_OTHER] = "",
	[FM_TAG_ARG] = "ARG",
	[FM_TAG_EXP] = "EXP",
	[FM_TAG_ENV] = "ENV",
	[FM_TAG_SYS] = "SYS",
	[FM_TAG_STAGE] = "STAGE",
	[FM_TAG_SETUP] = "SETUP",
	[FM_TAG_KEY] = "KEY",
	[FM_TAG_REP] = "REP",
	[FM_TAG_RES] = "RES",
	[FM_TAG_GEN] = "GEN",
	[FM_TAG_TOK] = "TOK",
	[FM_TAG_GAP] = "GAP",
	[FM_TAG_OBS] = "OBS",
	[FM_TAG_SIM] = "SIM",
	[FM_TAG_FAIL] = "FAIL",
	[FM_TAG_ERR] = "ERR",
	[FM_TAG_OK] = "OK",
	[FM_TAG_HELLO] = "HELLO",
	[FM_TAG_CAP] = "CAP",
	[FM_TAG_OPT] = "OPT",
	[FM_TAG_DEV] = "DEV",
	[FM_TAG_PROG] = "PROG",
	[FM_TAG_DATASET] = "DATASET",
	[FM_TAG_OLD] = "OLD",
	[FM_TAG_DT] = "DT",
	[FM_TAG_TXT] = "TXT",
	[FM_TAG_OUT] = "OUT",
	[FM_TAG_POS] = "POS",
	[FM_TAG_RESUME] = "RESUME",
};

const char *
fm_tag_word(enum fm_tag tag)
{
	return words[tag];
}

bool
fm_record_is_resume(const char *line, size_t len)
{
	static const char mark[] = FM_RECORD_RESUME;
	size_t n = sizeof mark - 1;

	return len >= n && memcmp(line + len - n, mark, n) == 0;
}

enum fm_tag
fm_record_tag(const char *line, size_t len, const char **body)
{
	const char *p = line + 7, *end = line + len;
	size_t n;
	int t;

	*body = end;
	if (len < 7 || memcmp(line, "FMWORK ", 7) != 0)
		return FM_TAG_NONE;
	for (n = 0; p + n < end && p[n] != ' '; n++)
		;
	*body = p + n < end ? p + n + 1 : end;
	for (t = FM_TAG_ARG; n > 0 && t < FM_TAGS; t++)
		if (words[t][0] == *p && strlen(words[t]) == n &&
		    memcmp(words[t], p, n) == 0)
			return (enum fm_tag)t;
	return FM_TAG_OTHER;
}

/* --- numbers ------------------------------------------------------------- */

static const char pairs[] = "0001020304050607080910111213141516171819"
			    "2021222324252627282930313233343536373839"
			    "4041424344454647484950515253545556575859"
			    "6061626364656667686970717273747576777879"
			    "8081828384858687888990919293949596979899";

/* Exactly nine digits. */
static char *
put_nine(char *p, uint32_t v)
{
	int i;

	p[8] = (char)('0' + v % 10);
	v /= 10;
	for (i = 6; i >= 0; i -= 2, v /= 100)
		memcpy(p + i, pairs + (size_t)(v % 100) * 2, 2);
	return p + 9;
}

static char *
put_uint(char *p, uint64_t v)
{
	char d[20];
	size_t at = sizeof d;

	for (; v >= 100; v /= 100)
		memcpy(d + (at -= 2), pairs + v % 100 * 2, 2);
	if (v >= 10)
		memcpy(d + (at -= 2), pairs + v * 2, 2);
	else
		d[--at] = (char)('0' + v);
	memcpy(p, d + at, sizeof d - at);
	return p + (sizeof d - at);
}

static char *
put_int(char *p, int64_t v)
{
	if (v < 0)
		*p++ = '-';
	return put_uint(p, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/*
 * Seconds with nine digits. A stamp below one second has no integer part,
 * as fmwork splits its digits nine from the right.
 */
static char *
put_seconds(char *p, int64_t ns, bool stamp)
{
	uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

	if (ns < 0)
		*p++ = '-';
	if (!stamp || u >= 1000000000)
		p = put_uint(p, u / 1000000000);
	*p++ = '.';
	return put_nine(p, (uint32_t)(u % 1000000000));
}

/* The next field of [p, end): digits, then a blank or the end. */
static const char *
get_int(const char *p, const char *end, int64_t *v)
{
	const char *q = p;

	while (q < end && *q != ' ')
		q++;
	return fm_num_get_int(p, (size_t)(q - p), v) ? q + (q < end) : NULL;
}

/* Seconds with exactly nine decimals: fewer means the line was cut. */
static const char *
get_seconds(const char *p, const char *end, int64_t *ns)
{
	const char *q = p;

	while (q < end && *q != ' ')
		q++;
	if (q - p < 10 || q[-10] != '.' ||
	    !fm_num_get_scaled(p, (size_t)(q - p), 9, ns))
		return NULL;
	return q + (q < end);
}

/* --- REP, RES ------------------------------------------------------------ */

bool
fm_record_get_rep(const char *line, size_t len, struct fm_rep *r)
{
	const char *p, *end = line + len;

	return fm_record_tag(line, len, &p) == FM_TAG_REP &&
	       (p = get_int(p, end, &r->rep)) &&
	       (p = get_int(p, end, &r->reps)) &&
	       (p = get_seconds(p, end, &r->t0_ns)) &&
	       (p = get_seconds(p, end, &r->t1_ns)) &&
	       (p = get_seconds(p, end, &r->dt_ns)) && p == end;
}

/* Runs between two timed repetitions: no printf, about 30 ns. */
void
fm_record_put_rep(struct fm_buf *b, const struct fm_rep *r)
{
	char *s = fm_buf_reserve(b, 160), *p = s;

	memcpy(p, "FMWORK REP ", 11);
	p = put_int(p + 11, r->rep);
	*p++ = ' ';
	p = put_int(p, r->reps);
	*p++ = ' ';
	p = put_seconds(p, r->t0_ns, true);
	*p++ = ' ';
	p = put_seconds(p, r->t1_ns, true);
	*p++ = ' ';
	p = put_seconds(p, r->dt_ns, false);
	*p++ = '\n';
	fm_buf_commit(b, (size_t)(p - s));
}

static void
put_stamp(struct fm_buf *b, int64_t ns)
{
	char *s = fm_buf_reserve(b, 32);

	fm_buf_commit(b, (size_t)(put_seconds(s, ns, true) - s));
}

void
fm_record_put_res(struct fm_buf *b, const struct fm_res *r)
{
	fm_buf_puts(b, "FMWORK RES ");
	put_stamp(b, r->t0_ns);
	fm_buf_putc(b, ' ');
	put_stamp(b, r->t1_ns);
	fm_buf_printf(b, " %s %s ", r->model, r->model_class);
	fm_num_put_int(b, r->input);
	fm_buf_putc(b, ' ');
	fm_num_put_int(b, r->batch);
	fm_buf_printf(
	    b, " %.3f %.1f\n", 1000 * r->med_s, (double)r->batch / r->med_s);
}

/* --- ERR and free text --------------------------------------------------- */

bool
fm_record_get_err(const char *line, size_t len, struct fm_err_line *e)
{
	const char *p, *q, *end = line + len;
	char word[16];

	if (fm_record_tag(line, len, &p) != FM_TAG_ERR)
		return false;
	q = memchr(p, ' ', (size_t)(end - p));
	if (q == NULL || (size_t)(q - p) >= sizeof word)
		return false;
	memcpy(word, p, (size_t)(q - p));
	word[q - p] = '\0';
	e->code = fm_code_of(word);
	if (!(p = get_int(q + 1, end, &e->input)) ||
	    !(p = get_int(p, end, &e->output)) ||
	    !(p = get_int(p, end, &e->batch)))
		return false;
	e->text = p;
	e->text_len = (size_t)(end - p);
	return true;
}

/* A line is a line, whatever the text holds. */
static void
put_line(struct fm_buf *b, const char *text)
{
	size_t at = b->len;

	fm_buf_puts(b, text);
	for (; at < b->len; at++)
		if (b->s[at] == '\n' || b->s[at] == '\r')
			b->s[at] = ' ';
	fm_buf_putc(b, '\n');
}

static void
put_sizes(struct fm_buf *b, int64_t input, int64_t output, int64_t batch)
{
	fm_num_put_int(b, input);
	fm_buf_putc(b, ' ');
	fm_num_put_int(b, output);
	fm_buf_putc(b, ' ');
	fm_num_put_int(b, batch);
	fm_buf_putc(b, ' ');
}

void
fm_record_put_err(struct fm_buf *b, enum fm_code code, int64_t input,
    int64_t output, int64_t batch, const char *text)
{
	fm_buf_printf(b, "FMWORK ERR %s ", fm_code_word(code));
	put_sizes(b, input, output, batch);
	put_line(b, text);
}

void
fm_record_put_text(struct fm_buf *b, enum fm_tag tag, const char *text)
{
	fm_buf_printf(b, "FMWORK %s ", words[tag]);
	put_line(b, text);
}

void
fm_record_put_json(struct fm_buf *b, enum fm_tag tag, const json_t *v)
{
	fm_buf_printf(b, "FMWORK %s ", words[tag]);
	fm_json_put(b, v);
	fm_buf_putc(b, '\n');
}

void
fm_record_put_at(struct fm_buf *b, enum fm_tag tag, int64_t input,
    int64_t output, int64_t batch, const json_t *v)
{
	fm_buf_printf(b, "FMWORK %s ", words[tag]);
	put_sizes(b, input, output, batch);
	fm_json_put(b, v);
	fm_buf_putc(b, '\n');
}

void
fm_record_put_setup(struct fm_buf *b, int64_t ns)
{
	fm_buf_puts(b, "FMWORK SETUP ");
	fm_num_put_scaled(b, (ns + (ns < 0 ? -500 : 500)) / 1000, 6);
	fm_buf_putc(b, '\n');
}
