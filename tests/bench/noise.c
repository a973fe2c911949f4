/*
 * What the noise evidence of a point costs: prints nanoseconds for two
 * snapshots and the object made of them, the median of many.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "json.h"
#include "noise.h"

enum {
	POINTS = 1001
};

static int
by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(void)
{
	static int64_t ns[POINTS];
	struct fm_buf text = FM_BUF_INIT;
	struct fm_noise before, after;
	size_t i;

	memset(&before, 0, sizeof before);
	memset(&after, 0, sizeof after);
	for (i = 0; i < POINTS; i++) {
		int64_t start = fm_clock_now_ns();
		json_t *obs;

		fm_noise_take(&before, "");
		fm_noise_take(&after, "");
		obs = fm_noise_between(&before, &after);
		fm_buf_clear(&text);
		fm_json_put(&text, obs);
		json_decref(obs);
		ns[i] = fm_clock_now_ns() - start;
	}
	qsort(ns, POINTS, sizeof *ns, by_value);
	(void)printf("%lld\n", (long long)ns[POINTS / 2]);
	fm_noise_release(&before);
	fm_noise_release(&after);
	fm_buf_release(&text);
	return 0;
}
