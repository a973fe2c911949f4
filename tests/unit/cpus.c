/*
 * Sets of CPUs: text in and out, what is refused, pinning this process.
 */
#include "../tap.h"

#include <stdlib.h>

#include "buf.h"
#include "cpus.h"
#include "err.h"

static void
round_trip(const char *text, const char *want)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_buf b = FM_BUF_INIT;
	struct fm_cpus c;

	if (fm_cpus_parse(&c, text, strlen(text), &err) == 0)
		fm_cpus_put(&b, &c);
	is_str(b.s, want, text);
	fm_buf_release(&b);
}

static void
test_text(void)
{
	round_trip("0", "0");
	round_trip("0-3,8", "0-3,8");
	round_trip("8,0,1,3,2", "0-3,8");
	round_trip("0-1,1-2", "0-2");
	round_trip("63-65,127,128", "63-65,127-128");
	round_trip("8191", "8191");
}

static void
test_refused(void)
{
	static const char *const bad[] = { "", ",", "1,", "-1", "1-", "3-1",
		"a", "1 2", "8192", "0-8192", "1--2", "99999999999999999999" };
	struct fm_cpus c;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct fm_err err = FM_ERR_INIT;

		ok(fm_cpus_parse(&c, bad[i], strlen(bad[i]), &err) == -1 &&
			err.code == FM_USAGE && strstr(err.text, bad[i]),
		    bad[i]);
	}
}

static void
test_sets(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_cpus a, b;

	(void)fm_cpus_parse(&a, "1,64-66", 7, &err);
	(void)fm_cpus_parse(&b, "64-66,1", 7, &err);
	ok(fm_cpus_same(&a, &b), "the same set");
	is_int((intmax_t)fm_cpus_count(&a), 4, "count");
	ok(fm_cpus_has(&a, 65) && !fm_cpus_has(&a, 67), "has");
	ok(!fm_cpus_has(&a, FM_CPUS_MAX), "nothing beyond the end");
	fm_cpus_add(&a, 0);
	ok(!fm_cpus_same(&a, &b), "another set");
}

static void
test_here(void)
{
	struct fm_cpus mine, online, nodes;

	fm_cpus_mine(&mine);
	fm_cpus_online(&online);
	fm_cpus_nodes(&nodes, &mine);
	ok(fm_cpus_count(&mine) > 0, "we run somewhere");
	ok(fm_cpus_count(&online) == 0 ||
		fm_cpus_count(&online) >= fm_cpus_count(&mine),
	    "on CPUs that are there");
	ok(fm_cpus_cores(&mine) > 0 &&
		fm_cpus_cores(&mine) <= fm_cpus_count(&mine),
	    "no more cores than CPUs");
	ok(fm_cpus_count(&nodes) <= fm_cpus_count(&mine),
	    "no more nodes than CPUs");
}

static void
test_pin(void)
{
	struct fm_err err = FM_ERR_INIT;
	struct fm_cpus mine, one = { { 0 } }, now, none = { { 0 } };
	bool bound;
	size_t i = 0;

	fm_cpus_mine(&mine);
	while (!fm_cpus_has(&mine, i))
		i++;
	fm_cpus_add(&none, FM_CPUS_MAX - 1);
	is_int(fm_cpus_pin(&none, &bound, &err), -1, "no such CPU");
	is_int(err.code, FM_USAGE, "is a wrong list");
	ok(strstr(err.text, "only CPUs") != NULL, "says which there are");
	fm_cpus_mine(&now);
	ok(fm_cpus_same(&now, &mine), "and changes nothing");
	fm_err_clear(&err);
	fm_cpus_add(&one, i);
	is_int(fm_cpus_pin(&one, &bound, &err), 0, "pin");
	fm_cpus_mine(&now);
	ok(fm_cpus_same(&now, &one), "pinned");
}

int
main(void)
{
	test_text();
	test_refused();
	test_sets();
	test_here();
	test_pin();
	return done();
}
