/*
 * Metrics of a qaic Session. Names, units and texts are the vendor's; the
 * percentiles are nearest rank over sorted samples, which the vendor's are
 * not: there, P90 can be the maximum and P99 below it.
 */
#include "qaic.h"

#include <string.h>

#include "num.h"

struct metrics {
	size_t n;
	double value[10]; /* in the order of `names`, from min_latency */
};

static const char *const names[] = { "min_latency", "max_latency", "P25", "P50",
	"P75", "P90", "P99", "P999", "total_inference_time", "avg_latency" };

static double
seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

static void
measure(struct metrics *m, const struct point *p, size_t skip,
    struct fm_stat_work *w)
{
	static const size_t thousandths[] = { 250, 500, 750, 900, 990, 999 };
	struct fm_stat_conf none = { FM_STAT_NONE, 0, false, false };
	const int64_t *v = p->dt.v;
	struct fm_stat s;
	int64_t total = 0;
	size_t i;

	m->n = p->dt.n;
	if (skip < m->n) {
		v += skip;
		m->n -= skip;
	}
	/* Leaves the samples sorted in the work memory. */
	fm_stat_describe(&s, v, m->n, &none, w);
	for (i = 0; i < m->n; i++)
		total += v[i];
	m->value[0] = seconds(s.min);
	m->value[1] = seconds(s.max);
	for (i = 0; i < 6; i++)
		m->value[2 + i] =
		    seconds(w->v[(m->n * thousandths[i] + 999) / 1000 - 1]);
	m->value[8] = seconds(total);
	m->value[9] = m->value[8] / (double)m->n;
}

void
qaic_put(struct emit *e, const struct point *p, size_t skip,
    struct fm_stat_work *w, json_t *own)
{
	struct metrics m;
	const char *key;
	json_t *v;
	size_t i;

	measure(&m, p, skip, w);
	emit_open(e, '{');
	emit_key(e, "num_of_inferences");
	emit_int(e, (int64_t)m.n);
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		emit_key(e, names[i]);
		fm_num_put_repr(e->b, m.value[i]);
	}
	json_object_foreach (own, key, v) {
		emit_key(e, key);
		emit_json(e, v);
	}
	emit_close(e, '}');
}

static void
say(struct fm_buf *b, const char *what, double v)
{
	fm_buf_puts(b, what);
	fm_buf_putc(b, ' ');
	fm_num_put_repr(b, v);
	fm_buf_puts(b, " s\n");
}

void
qaic_print(struct fm_buf *b, const struct point *p, size_t skip,
    struct fm_stat_work *w)
{
	static const char average[] =
	    "Average latency / inference time observed is";
	static const char *const parts[] = { "25", "50", "75", "90", "99" };
	struct metrics m;
	char text[80];
	size_t i;

	measure(&m, p, skip, w);
	fm_buf_printf(
	    b, "Number of inferences utilized for calculation are %zu\n", m.n);
	say(b, "Minimum latency observed", m.value[0]);
	say(b, "Maximum latency observed", m.value[1]);
	say(b, average, m.value[9]);
	for (i = 0; i < sizeof parts / sizeof *parts; i++) {
		(void)snprintf(text, sizeof text,
		    "P%s / %s%% of inferences observed latency less than",
		    parts[i], parts[i]);
		say(b, text, m.value[2 + i]);
	}
	say(b, "Sum of all the inference times", m.value[8]);
	say(b, average, m.value[9]);
}
