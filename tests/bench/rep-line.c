/*
 * How long it takes to print a REP line and to read it again: prints two
 * numbers, nanoseconds a line, the best of five runs.
 */
#include <stdio.h>

#include "buf.h"
#include "clock.h"
#include "record.h"

enum {
	LINES = 1000000,
	RUNS = 5
};

static struct fm_rep
rep(int64_t i)
{
	struct fm_rep r = { i, LINES, 0, 0, 0 };

	r.t0_ns = INT64_C(1732170000088153850) + i * 4000003;
	r.dt_ns = 3999000 + i % 1009;
	r.t1_ns = r.t0_ns + r.dt_ns;
	return r;
}

static int64_t
print_lines(struct fm_buf *b)
{
	int64_t start = fm_clock_now_ns(), i;

	for (i = 0; i < LINES; i++) {
		struct fm_rep r = rep(i);

		if (b->len > 65536)
			fm_buf_clear(b);
		fm_record_put_rep(b, &r);
	}
	return fm_clock_now_ns() - start;
}

static int64_t
read_lines(const struct fm_buf *b)
{
	int64_t start, i, good = 0;

	start = fm_clock_now_ns();
	for (i = 0; i < LINES; i++) {
		struct fm_rep r;

		good += fm_record_get_rep(b->s, b->len - 1, &r);
	}
	return good == LINES ? fm_clock_now_ns() - start : 0;
}

int
main(void)
{
	struct fm_buf b = FM_BUF_INIT;
	int64_t put = INT64_MAX, get = INT64_MAX;
	int i;

	for (i = 0; i < RUNS; i++) {
		struct fm_rep r = rep(i);
		int64_t ns = print_lines(&b);

		put = ns < put ? ns : put;
		fm_buf_clear(&b);
		fm_record_put_rep(&b, &r);
		ns = read_lines(&b);
		get = ns < get ? ns : get;
		fm_buf_clear(&b);
	}
	fm_buf_release(&b);
	(void)printf("%.1f %.1f\n", (double)put / LINES, (double)get / LINES);
	return 0;
}
