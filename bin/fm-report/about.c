/*
 * The line that says what, where and when.
 */
#include "about.h"

#include <math.h>
#include <time.h>

void
about_want(struct about *a, struct recs *r)
{
	a->model = recs_want(r, "model");
	a->platform = recs_want(r, "platform");
	a->device = recs_want(r, "device");
	a->precision = recs_want(r, "precision");
	a->time = recs_want(r, "time");
	a->simulated = recs_want(r, "simulated");
}

/* Different values, counted up to 100. */
static size_t
variety(const struct recs *r, size_t col)
{
	cell seen[100];
	size_t n = 0, i, j;

	for (i = 0; i < r->n && n < 100; i++) {
		cell c = recs_at(r, col, i);

		for (j = 0; j < n && seen[j] != c; j++)
			continue;
		if (j == n)
			seen[n++] = c;
		if (!r->cols[col].v)
			break;
	}
	return n;
}

/* The one value, or how many there are. */
static void
put_one(struct fm_buf *b, const struct recs *r, size_t col, const char *many)
{
	size_t n = variety(r, col);
	const char *s = recs_text(r, col, 0);

	if (n == 1 && s)
		fm_buf_puts(b, s);
	else if (n > 1)
		fm_buf_printf(
		    b, "%zu%s %s", n, n >= 100 ? " or more" : "", many);
}

static void
put_day(struct fm_buf *b, double seconds)
{
	time_t at = (time_t)seconds;
	struct tm tm;
	char day[40];

	if (fabs(seconds) < 1e11 && gmtime_r(&at, &tm) &&
	    strftime(day, sizeof day, "%Y-%m-%d", &tm))
		fm_buf_puts(b, day);
}

/* One day, or the first and the last. */
static void
put_days(struct fm_buf *b, const struct recs *r, size_t col)
{
	double first = (double)INFINITY, last = (double)-INFINITY;
	size_t i;

	for (i = 0; i < r->n; i++) {
		first = fmin(first, recs_num(r, col, i));
		last = fmax(last, recs_num(r, col, i));
		if (!r->cols[col].v)
			break;
	}
	/* Old logs count from when the machine was started. */
	if (!(first <= last) || first < 1e9)
		return;
	fm_buf_puts(b, ", ");
	put_day(b, first);
	if (floor(first / 86400) < floor(last / 86400)) {
		fm_buf_puts(b, " to ");
		put_day(b, last);
	}
}

bool
about_simulated(const struct about *a, const struct recs *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (recs_at(r, a->simulated, i) == CELL_TRUE)
			return true;
	return false;
}

void
about_put(struct fm_buf *b, const struct about *a, const struct recs *r)
{
	struct fm_buf device = FM_BUF_INIT, platform = FM_BUF_INIT;

	if (r->n == 0) {
		fm_buf_puts(b, "no records");
		return;
	}
	/* First, so that it stays when the line is cut. */
	if (about_simulated(a, r))
		fm_buf_puts(b, recs_is_same(r, a->simulated)
				   ? "simulated: "
				   : "in part simulated: ");
	put_one(b, r, a->model, "models");
	if (recs_is_same(r, a->precision) && recs_text(r, a->precision, 0))
		fm_buf_printf(b, " %s", recs_text(r, a->precision, 0));
	put_one(&device, r, a->device, "devices");
	put_one(&platform, r, a->platform, "platforms");
	if (device.len)
		fm_buf_printf(b, " on %s", device.s);
	if (platform.len)
		fm_buf_printf(b, device.len ? " (%s)" : " on %s", platform.s);
	put_days(b, r, a->time);
	fm_buf_release(&device);
	fm_buf_release(&platform);
}
