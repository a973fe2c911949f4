/*
 * What all readers of other tools' files share: reading the file, and the way
 * from what was found to a record.
 */
#include "from.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "input.h"
#include "json.h"
#include "num.h"

static const struct {
	const char *engine;
	from_reader *read;
} tools[] = {
	[FROM_LLAMA_BENCH] = { "llama-bench", from_llama_bench },
	[FROM_TRTEXEC] = { "trtexec", from_trtexec },
	[FROM_HYPERFINE] = { "hyperfine", from_hyperfine },
	[FROM_GBENCH] = { "gbench", from_gbench },
	[FROM_ORT_PERF] = { "ort-perf", from_ort_perf },
};

/* --- a point -------------------------------------------------------------- */

void
from_point_init(struct from_point *p)
{
	int i;

	memset(p, 0, sizeof *p);
	p->setup = p->thp = (double)NAN;
	p->sys = json_object();
	p->given.mean = p->given.sd = p->given.median = (double)NAN;
	p->given.min = p->given.max = (double)NAN;
	for (i = 0; i < FM_STAT_QUANTILES; i++)
		p->given.quantile[i] = (double)NAN;
}

void
from_point_release(struct from_point *p)
{
	json_decref(p->sys);
	fm_strs_release(&p->opts);
	fm_strs_release(&p->notes);
	samples_release(&p->dt);
}

void
from_sample(struct from_point *p, double v, double unit_ns)
{
	double ns = v * unit_ns;

	if (isfinite(ns) && ns >= 0 && ns < (double)FM_STAT_MAX_NS)
		samples_add(&p->dt, llround(ns));
}

void
from_opt(struct from_point *p, const char *name, const char *value)
{
	fm_strs_add_take(&p->opts, fm_strdupf("--%s %s", name, value));
}

bool
from_size(struct from_point *p, const char *name, const char *value)
{
	const struct {
		const char *name;
		int64_t *to;
	} sizes[] = {
		{ "input", &p->input },
		{ "output", &p->output },
		{ "batch", &p->batch },
		{ "tp", &p->tp },
	};
	size_t i;
	int64_t v;

	for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (strcmp(name, sizes[i].name) == 0 &&
		    fm_num_get_int(value, strlen(value), &v) && v > 0) {
			*sizes[i].to = v;
			return true;
		}
	return false;
}

/* Days from 1970-01-01 of the proleptic Gregorian calendar: years begin in
 * March, so that the leap day is the last. */
static int64_t
days(int64_t y, int64_t m, int64_t d)
{
	int64_t era, year, day;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	year = y - era * 400;
	day = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

/* `n` digits, and what must follow them (NUL: whatever); -1 = not there. */
static int64_t
digits(const char **s, size_t n, char after)
{
	const char *p = *s;
	int64_t v;

	if (strspn(p, "0123456789") < n || !fm_num_get_int(p, n, &v) ||
	    (after && p[n] != after))
		return -1;
	*s = p + n + (after != '\0');
	return v;
}

int64_t
from_time(const char *s)
{
	int64_t y, mo, d, h, mi, sec, zh = 0, zm = 0;
	bool east;

	if (!s)
		return 0;
	y = digits(&s, 4, '-');
	mo = y < 0 ? -1 : digits(&s, 2, '-');
	d = mo < 0 ? -1 : digits(&s, 2, 'T');
	h = d < 0 ? -1 : digits(&s, 2, ':');
	mi = h < 0 ? -1 : digits(&s, 2, ':');
	sec = mi < 0 ? -1 : digits(&s, 2, '\0');
	if (sec < 0 || y < 1970 || y > 2200 || mo < 1 || mo > 12)
		return 0;
	if (*s == '.')
		s += 1 + strspn(s + 1, "0123456789");
	east = *s == '+';
	if (*s == '+' || *s == '-') {
		s++;
		zh = digits(&s, 2, ':');
		zm = zh < 0 ? -1 : digits(&s, 2, '\0');
	} else if (*s != 'Z') {
		zm = -1;
	}
	if (zm < 0)
		return 0;
	sec += days(y, mo, d) * 86400 + h * 3600 + mi * 60;
	return (sec - (east ? 1 : -1) * (zh * 3600 + zm * 60)) * 1000000000;
}

/* --- the record ----------------------------------------------------------- */

/* A text at the end of `keep`, which has room and does not move. */
static struct fm_text
text_from(const struct fm_buf *keep, size_t at)
{
	return (struct fm_text){ keep->s + at, keep->len - at };
}

static struct fm_text
size_text(int64_t v, struct fm_buf *keep)
{
	size_t at = keep->len;

	if (v <= 0)
		return (struct fm_text){ NULL, 0 };
	fm_num_put_int(keep, v);
	return text_from(keep, at);
}

static struct fm_text
real_text(double v, struct fm_buf *keep)
{
	size_t at = keep->len;

	if (!isfinite(v))
		return (struct fm_text){ NULL, 0 };
	fm_num_put_repr(keep, v);
	return text_from(keep, at);
}

/* What stands for the latency: the median, else the mean; in seconds. */
static double
latency(struct from *f, const struct from_point *p, struct point *pt)
{
	const struct fm_stat *s;
	const struct rec_given *g = &p->given;
	double ns = isfinite(g->median)        ? g->median
		    : isfinite(g->quantile[1]) ? g->quantile[1]
					       : g->mean;

	if (pt->dt.n) {
		s = point_describe(pt, &f->ps->conf->stat, &f->ps->work);
		ns = (double)s->median2 / 2;
	}
	return ns / 1e9;
}

/* As for a log of ours: sequences, or tokens where any are generated. */
static void
fill_rates(struct rec *r, const struct from_point *p, double seconds,
    struct fm_buf *keep)
{
	double tokens = p->output > 1 ? (double)p->output : 1;
	double batch = p->batch ? (double)p->batch : 1;
	double thp = p->thp;

	if (!isfinite(seconds) || seconds <= 0)
		return;
	if (!isfinite(thp))
		thp = tokens * batch / seconds;
	r->itl = (struct fm_text){ NULL, 0 };
	if (seconds < 9e6) {
		size_t at = keep->len;

		fm_num_put_scaled(keep, llround(seconds * 1e12 / tokens), 9);
		r->itl = text_from(keep, at);
	}
	r->thp = real_text(thp, keep);
}

static void
fill_status(struct rec *r, const struct from_point *p, struct fm_buf *keep,
    char status[40])
{
	const char *word = fm_code_word(p->code);
	size_t at = keep->len;

	if (p->code == FM_OK)
		return;
	(void)snprintf(status, 40, "%s_%s", p->part ? "PART" : "ERR", word);
	r->status = status;
	fm_buf_printf(keep, "%s | \"%.400s\"", word, p->error);
	r->error = text_from(keep, at);
}

/* What holds for the point as for an experiment: options, system, run. */
static void
fill_exper(struct exper *x, const struct from *f, struct from_point *p)
{
	struct fm_buf sys = FM_BUF_INIT;
	struct fm_buf t = FM_BUF_INIT;

	exper_clear(x);
	fm_strs_release(&x->opts);
	x->opts = p->opts;
	memset(&p->opts, 0, sizeof p->opts);
	if (p->precision)
		fm_json_set_str(p->sys, "precision", p->precision);
	if (json_object_size(p->sys)) {
		fm_json_put(&sys, p->sys);
		(void)exper_sys(x, sys.s, sys.len);
	}
	if (isfinite(p->setup)) {
		fm_num_put_repr(&t, p->setup);
		exper_set(&x->setup, t.s, t.len);
	}
	(void)snprintf(x->run_id, sizeof x->run_id, "%s", f->run);
	fm_buf_release(&sys);
	fm_buf_release(&t);
}

void
from_point_put(struct from *f, struct from_point *p)
{
	struct fm_buf keep = FM_BUF_INIT;
	struct point pt;
	struct rec r;
	char status[40];

	point_init(&pt);
	memset(&r, 0, sizeof r);
	(void)fm_buf_reserve(&keep, 1024);
	fill_exper(&f->ps->x, f, p);
	r.engine = f->engine;
	if (p->model)
		r.model = (struct fm_text){ p->model, strlen(p->model) };
	r.input = size_text(p->input, &keep);
	r.output = size_text(p->output, &keep);
	r.batch = size_text(p->batch, &keep);
	r.tp = size_text(p->tp, &keep);
	if (p->begun_ns > 0) {
		size_t at = keep.len;

		fm_num_put_scaled(&keep, p->begun_ns, 9);
		r.timestamp = text_from(&keep, at);
	}
	pt.dt = p->dt;
	r.given = pt.dt.n ? NULL : &p->given;
	fill_rates(&r, p, latency(f, p, &pt), &keep);
	fill_status(&r, p, &keep, status);
	r.notes = p->notes;
	parse_put(f->ps, &r, &pt);
	memset(&pt.dt, 0, sizeof pt.dt);
	point_release(&pt);
	fm_buf_release(&keep);
	exper_clear(&f->ps->x);
}

/* --- files ---------------------------------------------------------------- */

int
from_not(
    const struct from *f, const char *what, const char *why, struct fm_err *err)
{
	return fm_err_set(err, FM_IO, "%s: not %s: %s", f->path, what, why);
}

json_t *
from_json(const struct from *f, const char *what, struct fm_err *err)
{
	struct fm_err bad = FM_ERR_INIT;
	json_t *v = fm_json_parse(f->b->s, f->b->len, "JSON", &bad);

	if (!v)
		(void)from_not(f, what, bad.text, err);
	return v;
}

static int
slurp(const char *path, struct fm_buf *b, struct fm_err *err)
{
	struct input in;
	const char *p;
	size_t n;
	bool cut;
	int rc;

	if (input_open(&in, path, err) != 0)
		return -1;
	while ((rc = input_next(&in, &p, &n, &cut, err)) > 0)
		fm_buf_put(b, p, n);
	input_close(&in);
	return rc;
}

int
from_read(struct parse *ps, const char *path, struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	struct from f = { ps, strcmp(path, "-") == 0 ? "standard input" : path,
		tools[ps->conf->from].engine, "", &b };
	int rc = slurp(path, &b, err);

	if (rc == 0 && b.len == 0)
		rc = fm_err_set(err, FM_IO, "%s: it is empty", f.path);
	if (rc == 0) {
		fm_hash_of(b.s, b.len, f.run);
		rc = tools[ps->conf->from].read(&f, err);
	}
	fm_buf_release(&b);
	return rc;
}
