/*
 * Lists of CPUs from the command line. Whether they are there is for the
 * backend to say: it may run on another machine.
 */
#include "pin.h"

#include <string.h>

#include "buf.h"
#include "cpus.h"
#include "err.h"
#include "strs.h"

/* One lane's list; `all` are those of the lanes before. */
static int
read_lane(struct fm_strs *lanes, struct fm_cpus *all, const char *s, size_t n,
    struct fm_err *err)
{
	struct fm_buf b = FM_BUF_INIT;
	struct fm_cpus cpus;
	size_t i;

	if (fm_cpus_parse(&cpus, s, n, err) != 0)
		return fm_err_wrap(err, "--cpus");
	for (i = 0; i < FM_CPUS_MAX; i++) {
		if (!fm_cpus_has(&cpus, i))
			continue;
		if (fm_cpus_has(all, i))
			return fm_err_set(err, FM_USAGE,
			    "--cpus: CPU %zu belongs to two lanes", i);
		fm_cpus_add(all, i);
	}
	fm_cpus_put(&b, &cpus);
	fm_strs_add_take(lanes, fm_buf_detach(&b));
	return 0;
}

int
pin_read(struct fm_strs *lanes, const char *text, struct fm_err *err)
{
	struct fm_cpus all = { { 0 } };
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ":");
		if (read_lane(lanes, &all, text, n, err) != 0)
			return -1;
		if (!text[n])
			return 0;
	}
}

json_t *
pin_numbers(const char *list)
{
	struct fm_err err = FM_ERR_INIT;
	json_t *all = json_array();
	struct fm_cpus cpus;
	size_t i;

	if (fm_cpus_parse(&cpus, list, strlen(list), &err) == 0)
		for (i = 0; i < FM_CPUS_MAX; i++)
			if (fm_cpus_has(&cpus, i))
				json_array_append_new(
				    all, json_integer((json_int_t)i));
	return all;
}
