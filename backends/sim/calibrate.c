/*
 * The fit minimises the sum of squares of log(simulated / measured) over
 * efficiency_compute, efficiency_memory and launch_us, in logarithms, so that
 * all points and all parameters count by their ratios. Compass search: tries
 * a step up and down in each parameter and halves the steps when nothing is
 * better; three parameters and a point in ten microseconds ask for no more.
 */
#include "calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "io.h"
#include "json.h"
#include "num.h"
#include "stat.h"
#include "step.h"

enum {
	PARAMS = 3,
	POINTS_MIN = 4, /* one more than parameters */
	ROUNDS = 400
};

struct sample {
	struct point p;
	double s; /* measured */
};

/* A fit in progress. */
struct fit {
	struct model m;
	struct device d; /* every step runs on it */
	bool by_min;
	char *model; /* that the points are of, as records name it */
	struct sample *v;
	size_t n, cap;
};

static const struct {
	const char *key;
	size_t at;
	double from, lo, hi;
} params[PARAMS] = {
	{ "efficiency_compute", offsetof(struct device, eff_compute), 0.5, 1e-4,
	    1 },
	{ "efficiency_memory", offsetof(struct device, eff_memory), 0.5, 1e-4,
	    1 },
	{ "launch_us", offsetof(struct device, launch_us), 5, 1e-3, 1e5 },
};

/* --- records ------------------------------------------------------------- */

/* The sample of that point, so that another record can better it. */
static struct sample *
find(const struct fit *f, const struct point *p)
{
	size_t i;

	for (i = 0; f->by_min && i < f->n; i++)
		if (f->v[i].p.input == p->input &&
		    f->v[i].p.output == p->output &&
		    f->v[i].p.batch == p->batch)
			return &f->v[i];
	return NULL;
}

static int
take(struct fit *f, const json_t *r, struct fm_err *err)
{
	const char *model = fm_json_str(r, "model", "");
	const json_t *stats = json_object_get(r, "stats");
	struct sample s = { { fm_json_int(r, "input", 0),
				fm_json_int(r, "output", 1),
				fm_json_int(r, "batch", 0) },
		fm_json_num(stats, f->by_min ? "min" : "median", 0) };
	struct sample *old = find(f, &s.p);

	if (strcmp(fm_json_str(r, "status", ""), "OK") != 0 ||
	    fm_json_bool(r, "simulated", false) || s.p.input < 1 ||
	    s.p.batch < 1 || s.p.output < 1 || !(s.s > 0))
		return 0;
	if (!f->model)
		f->model = fm_strdup(model);
	if (strcmp(model, f->model) != 0)
		return fm_err_set(err, FM_USAGE,
		    "the points to fit to are of two models, '%s' and '%s'",
		    f->model, model);
	if (old) {
		old->s = fmin(old->s, s.s);
		return 0;
	}
	FM_GROW(f->v, f->cap, f->n + 1);
	f->v[f->n++] = s;
	return 0;
}

static int
read_lines(struct fit *f, const char *path, const struct fm_buf *text,
    struct fm_err *err)
{
	const char *s = text->s, *end = text->s + text->len;
	char name[300];
	int line, rc = 0;

	for (line = 1; s < end; line++) {
		size_t n = strcspn(s, "\n");
		json_t *r;

		(void)snprintf(name, sizeof name, "%s:%d", path, line);
		if (n) {
			r = fm_json_parse(s, n, name, err);
			rc = r ? take(f, r, err) : -1;
			json_decref(r);
		}
		if (rc != 0)
			return -1;
		s += n + 1;
	}
	return 0;
}

static int
read_records(struct fit *f, const char *path, struct fm_err *err)
{
	struct fm_buf text = FM_BUF_INIT;
	int rc = fm_io_read_file(path, &text, err);
	json_t *all, *r;
	size_t i;

	if (rc == 0 && text.len && text.s[0] == '[') {
		all = fm_json_parse(text.s, text.len, path, err);
		rc = all ? 0 : -1;
		json_array_foreach (all, i, r)
			if (rc == 0)
				rc = take(f, r, err);
		json_decref(all);
	} else if (rc == 0) {
		rc = read_lines(f, path, &text, err);
	}
	fm_buf_release(&text);
	if (err->code != FM_OK)
		err->code = FM_USAGE;
	if (rc == 0 && f->n < POINTS_MIN)
		rc = fm_err_set(err, FM_USAGE,
		    "'%s' has %zu measured points: a fit needs %d at least",
		    path, f->n, POINTS_MIN);
	return rc;
}

/* --- the fit ------------------------------------------------------------- */

static double
simulated_s(const struct fit *f, const struct point *p)
{
	struct fm_err ignored = FM_ERR_INIT;
	struct result r;

	if (model_run(&f->m, p, &r, &ignored) != 0)
		return (double)NAN;
	return total_ns(&r) / 1e9;
}

static void
set(struct fit *f, const double *x)
{
	int i;

	for (i = 0; i < PARAMS; i++) {
		double v = exp(x[i]);

		v = fmin(fmax(v, params[i].lo), params[i].hi);
		memcpy((char *)&f->d + params[i].at, &v, sizeof v);
	}
}

static double
badness(struct fit *f, const double *x)
{
	double sum = 0;
	size_t i;

	set(f, x);
	for (i = 0; i < f->n; i++) {
		double e = log(simulated_s(f, &f->v[i].p) / f->v[i].s);

		sum += e * e;
	}
	return isnan(sum) ? HUGE_VAL : sum;
}

/* One step in the best direction; false when there is none. */
static bool
improve(struct fit *f, double *x, const double *step, double *best)
{
	bool better = false;
	int i, sign;

	for (i = 0; i < PARAMS; i++)
		for (sign = -1; sign <= 1; sign += 2) {
			double old = x[i], now;

			x[i] =
			    fmin(fmax(old + sign * step[i], log(params[i].lo)),
				log(params[i].hi));
			now = badness(f, x);
			if (now < *best) {
				*best = now;
				better = true;
			} else {
				x[i] = old;
			}
		}
	return better;
}

static void
search(struct fit *f)
{
	double x[PARAMS], step[PARAMS], best;
	int i, round;

	for (i = 0; i < PARAMS; i++) {
		x[i] = log(params[i].from);
		step[i] = 1;
	}
	best = badness(f, x);
	for (round = 0; round < ROUNDS && step[0] > 1e-5; round++)
		if (!improve(f, x, step, &best))
			for (i = 0; i < PARAMS; i++)
				step[i] /= 2;
	set(f, x);
}

/* --- what came of it ----------------------------------------------------- */

static void
report(const struct fit *f, struct fm_buf *b)
{
	int64_t *err_ppm = fm_calloc(f->n, sizeof *err_ppm);
	double worst = 0;
	size_t i;

	fm_buf_puts(
	    b, "FMWORK SAY input output batch measured_s simulated_s error\n");
	for (i = 0; i < f->n; i++) {
		const struct sample *s = &f->v[i];
		double t = simulated_s(f, &s->p), e = t / s->s - 1;

		fm_buf_printf(b,
		    "FMWORK SAY %lld %lld %lld %.9f %.9f %+.1f%%\n",
		    (long long)s->p.input, (long long)s->p.output,
		    (long long)s->p.batch, s->s, t, 100 * e);
		err_ppm[i] = (int64_t)fmin(fabs(e) * 1e6, 9e18);
		worst = fmax(worst, fabs(e));
	}
	fm_buf_printf(b,
	    "FMWORK SAY efficiency_compute %.4f efficiency_memory %.4f "
	    "launch_us %.3f\n"
	    "FMWORK SAY %zu points: median error %.1f %%, worst %.1f %%\n",
	    f->d.eff_compute, f->d.eff_memory, f->d.launch_us, f->n,
	    fm_stat_median_ns(err_ppm, f->n) / 1e4, 100 * worst);
	free(err_ppm);
}

static int
write_device(const struct fit *f, const char *path, const char *records,
    struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	struct fm_out out;
	const char *key;
	size_t k;

	fm_buf_printf(&b, "# Fitted to %zu points of %s.\n%s_fitted:\n", f->n,
	    fm_io_base(records), f->d.name);
	for (k = 0; (key = device_field(k)) != NULL; k++) {
		double v = device_get(&f->d, k);

		if (isnan(v))
			continue;
		fm_buf_printf(&b, "  %s: ", key);
		if (strcmp(key, "link_topology") == 0)
			fm_buf_puts(&b, v > 0 ? "ring" : "full");
		else
			fm_num_put_repr(&b, v);
		fm_buf_putc(&b, '\n');
	}
	if (fm_out_open(&out, path, err) != 0) {
		fm_buf_release(&b);
		return -1;
	}
	(void)fwrite(b.s, 1, b.len, out.f);
	fm_buf_release(&b);
	return fm_out_close(&out, err);
}

/* A copy of the model whose steps run on the device being fitted. */
static int
prepare(struct fit *f, const struct model *m, struct fm_err *err)
{
	size_t i;

	f->m = *m;
	f->m.steps = fm_calloc(m->n_steps, sizeof *f->m.steps);
	f->d = *m->steps[0].device;
	f->d.capacity_gb = (double)NAN;
	for (i = 0; i < m->n_steps; i++) {
		if (m->steps[i].device != m->steps[0].device)
			return fm_err_set(err, FM_USAGE,
			    "calibrate: a mapping to one device is wanted");
		f->m.steps[i] = m->steps[i];
		f->m.steps[i].device = &f->d;
	}
	return 0;
}

int
calibrate(const struct model *m, const char *records, bool by_min,
    const char *out, struct fm_buf *b, struct fm_err *err)
{
	struct fit f;
	int rc;

	memset(&f, 0, sizeof f);
	f.by_min = by_min;
	rc = prepare(&f, m, err);
	if (rc == 0)
		rc = read_records(&f, records, err);
	if (rc == 0) {
		search(&f);
		f.d.capacity_gb = m->steps[0].device->capacity_gb;
		report(&f, b);
		rc = write_device(&f, out, records, err);
	}
	free(f.v);
	free(f.model);
	free(f.m.steps);
	return rc;
}
