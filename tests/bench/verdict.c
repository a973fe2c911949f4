/*
 * How often fm-report diff is wrong, and how often it finds what is there:
 * simulated comparisons of a grid of 28 points, 1 % noise between runs, 3 %
 * between the 100 repetitions of a run of which 80 are kept (the median of
 * those has 1.2533 / sqrt(80) times their noise).
 *
 *     verdict [COMPARISONS [POINTS]]
 */
#include "judge.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fill.h"

enum {
	MOST_POINTS = 64,
	MOST_RUNS = 10
};

struct world {
	uint64_t seed, at;
	int points, runs;
	double slow;      /* logarithm, of the first point */
	double uneven;    /* noise of points differs by up to this factor */
	double threshold; /* NAN: the defaults */
};

struct found {
	int status1; /* comparisons that ended with it */
	int table;   /* first point regressed, by Benjamini and Hochberg */
	int alone;   /* first point regressed or suspect: its own p */
	int others;  /* other points called different in the table */
};

static double
uniform(struct world *w)
{
	uint64_t v = fm_fill_word(w->seed, w->at++);

	return ((double)(v >> 11) + 0.5) / 9007199254740992.0;
}

/* Box and Muller. */
static double
normal(struct world *w)
{
	double r = sqrt(-2 * log(uniform(w)));

	return r * cos(2 * 3.14159265358979323846 * uniform(w));
}

static double
run_median(struct world *w, int point)
{
	double part = (double)point / (w->points - 1);
	double between = 0.01 * pow(w->uneven, part - 0.5);

	return between * normal(w) + 0.03 * 1.2533 / sqrt(80) * normal(w);
}

static void
compare(struct world *w, struct found *f)
{
	double v[MOST_POINTS][2][MOST_RUNS];
	struct fm_judge_point p[MOST_POINTS];
	struct fm_judge_conf c = { 0.05, w->threshold, 1 };
	int i, s, r;

	memset(p, 0, sizeof p);
	for (i = 0; i < w->points; i++) {
		for (s = 0; s < 2; s++)
			for (r = 0; r < w->runs; r++)
				v[i][s][r] = run_median(w, i) +
					     (i == 0 && s ? w->slow : 0);
		p[i].base = v[i][0];
		p[i].next = v[i][1];
		p[i].n_base = p[i].n_next = (size_t)w->runs;
		p[i].within = (double)NAN;
	}
	fm_judge(p, (size_t)w->points, &c);
	f->status1 += fm_judge_status(p, (size_t)w->points, &c) == 1;
	f->table += p[0].verdict == FM_VERDICT_REGRESSED;
	f->alone += p[0].p < 0.05 && p[0].hi + p[0].lo > 0;
	for (i = 1; i < w->points; i++)
		f->others += p[i].verdict == FM_VERDICT_REGRESSED ||
			     p[i].verdict == FM_VERDICT_FASTER;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *what;
		double slow, uneven, threshold;
	} worlds[] = {
		{ "nothing changed, threshold 0", 0, 1, 0 },
		{ "nothing changed, noise 1:4 over the grid, threshold 0", 0, 4,
		    0 },
		{ "nothing changed, default threshold", 0, 1, (double)NAN },
		{ "one point 2 % slower, threshold 0", 0.02, 1, 0 },
		{ "one point 5 % slower, threshold 0", 0.05, 1, 0 },
		{ "one point 5 % slower, default threshold", 0.05, 1,
		    (double)NAN },
		{ "one point 10 % slower, default threshold", 0.1, 1,
		    (double)NAN },
	};
	static const int runs[] = { 3, 5, 7 };
	int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1000;
	int points = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 28;
	size_t i, j;
	int k;

	if (n < 1 || points < 2 || points > MOST_POINTS)
		return 2;
	printf("# %d comparisons of %d points; shares in %%\n", n, points);
	printf("# runs  status_1  table_bh  table_own_p  others_bh  what\n");
	for (i = 0; i < sizeof worlds / sizeof *worlds; i++)
		for (j = 0; j < sizeof runs / sizeof *runs; j++) {
			struct world w = { i * 10 + j + 1, 0, points, runs[j],
				log1p(worlds[i].slow), worlds[i].uneven,
				worlds[i].threshold };
			struct found f = { 0, 0, 0, 0 };

			for (k = 0; k < n; k++)
				compare(&w, &f);
			printf("%6d %9.1f %9.1f %12.1f %10.2f  %s\n", runs[j],
			    100.0 * f.status1 / n, 100.0 * f.table / n,
			    100.0 * f.alone / n,
			    100.0 * f.others / n / (points - 1),
			    worlds[i].what);
		}
	return 0;
}
