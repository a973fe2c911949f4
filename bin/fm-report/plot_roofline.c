/*
 * Points under the roofs of a device. The simulator says for each point how
 * long its arithmetic would take at the device's peak (C) and its memory
 * traffic at full bandwidth (M). Then C/M is the arithmetic intensity in units
 * of the ridge, where both roofs meet, and C/t the share of the peak that a
 * point of time t reaches: no number of the device is needed. A measured
 * point takes C and M from the simulated one of the same model and sizes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "about.h"
#include "alloc.h"
#include "group.h"
#include "plot.h"
#include "prog.h"
#include "recs.h"

struct columns {
	struct about about;
	size_t same[4]; /* model, input, output, batch */
	size_t latency, sum, compute, memory, cache, device;
};

static void
want(struct columns *c, struct recs *r)
{
	static const char *const same[] = { "model", "input", "output",
		"batch" };
	size_t i;

	about_want(&c->about, r);
	for (i = 0; i < sizeof same / sizeof *same; i++)
		c->same[i] = recs_want(r, same[i]);
	c->latency = recs_want(r, "latency");
	c->sum = recs_want(r, "sim.sum_ms");
	c->compute = recs_want(r, "sim.parts.sum.ms.compute");
	c->memory = recs_want(r, "sim.parts.sum.ms.mem_transfer");
	c->cache = recs_want(r, "sim.parts.sum.ms.kv_load");
	c->device = recs_want(r, "sim.device");
}

static bool
is_simulated(const struct recs *r, const struct columns *c, size_t row)
{
	return recs_at(r, c->about.simulated, row) == CELL_TRUE;
}

/* Of the group the row that knows C and M; SIZE_MAX: none. *mixed: there are
 * several devices. */
static size_t
knowing(const struct recs *r, const struct columns *c, const struct groups *g,
    size_t group, bool *mixed)
{
	size_t i, found = SIZE_MAX;

	*mixed = false;
	for (i = g->from[group]; i < g->from[group + 1]; i++) {
		size_t row = g->rows[i];

		if (!(recs_num(r, c->compute, row) > 0))
			continue;
		if (found != SIZE_MAX &&
		    recs_at(r, c->device, row) != recs_at(r, c->device, found))
			*mixed = true;
		found = row;
	}
	return found;
}

/* What the axis must hold: the ridge, and all points. */
struct span {
	double lo, hi;
};

static void
put_point(struct plot *pl, const struct recs *r, const struct columns *c,
    size_t from, double ms, struct span *x)
{
	double compute = recs_num(r, c->compute, from);
	double memory = recs_num(r, c->memory, from);
	double cache = recs_num(r, c->cache, from);
	double v[2];

	memory = (isnan(memory) ? 0 : memory) + (isnan(cache) ? 0 : cache);
	v[0] = memory > 0 ? compute / memory : (double)NAN;
	v[1] = compute / ms;
	if (!(ms > 0 && isfinite(v[0])))
		return;
	plot_numbers(pl, v, 2);
	x->lo = fmin(x->lo, v[0]);
	x->hi = fmax(x->hi, v[0]);
}

/* The points of one kind; how many. */
static size_t
put_points(struct plot *pl, const struct recs *r, const struct columns *c,
    const struct groups *g, bool simulated, struct span *x, size_t *left_out)
{
	size_t i, j, n = 0;

	for (i = 0; i < g->n; i++) {
		bool mixed;
		size_t from = knowing(r, c, g, i, &mixed);

		for (j = g->from[i]; j < g->from[i + 1]; j++) {
			size_t row = g->rows[j];
			double ms =
			    recs_num(r, simulated ? c->sum : c->latency, row);

			if (is_simulated(r, c, row) != simulated || !(ms > 0))
				continue;
			if (!simulated && (from == SIZE_MAX || mixed)) {
				++*left_out;
				continue;
			}
			put_point(pl, r, c, simulated ? row : from, ms, x);
			n++;
		}
	}
	plot_end_series(pl);
	return n;
}

int
plot_roofline(struct plot *pl, struct fm_err *err)
{
	struct recs r = { 0 };
	struct columns c;
	struct groups g = { 0 };
	struct span x = { 0.3, 3 };
	struct fm_buf b = FM_BUF_INIT;
	size_t left_out = 0, simulated, measured;
	int rc = recs_where(&r, pl->conf->where, err);

	r.in.strict = pl->conf->strict;
	want(&c, &r);
	if (rc == 0)
		rc = recs_read(&r, &pl->conf->files, err);
	if (rc == 0) {
		groups_make(&g, &r, c.same, 4);
		simulated = put_points(pl, &r, &c, &g, true, &x, &left_out);
		measured = put_points(pl, &r, &c, &g, false, &x, &left_out);
		if (left_out)
			fm_prog_say("fm-report",
			    "%zu measured points have no simulated one of the "
			    "same sizes, or one for each of several devices: "
			    "they are left out",
			    left_out);
		fm_buf_printf(&pl->vars,
		    "SIMULATED = %zu; MEASURED = %zu; LEFT = %g; RIGHT = %g\n",
		    simulated, measured, x.lo / 2, x.hi * 2);
		if (simulated + measured)
			plot_log_tics(pl, "x", x.lo / 2, x.hi * 2);
		about_put(&b, &c.about, &r);
		plot_set(pl, "TITLE",
		    pl->conf->title ? pl->conf->title
				    : "points under the roofs of the device");
		plot_about(pl, b.s);
		pl->template = "roofline";
		pl->bad = r.in.bad > 0;
	}
	fm_buf_release(&b);
	groups_release(&g);
	recs_release(&r);
	return rc;
}
